// IPv6 (RFC 8200) with its extension headers.
import { FRAGMENT, MALFORMED, TRUNCATED } from './outcome.js';

// version, class and flow 0, payload length 4, next header 6, hop limit 7, source 8, destination 24
const PAYLOAD_LENGTH = 4;
const NEXT_HEADER = 6;
export const SOURCE_ADDRESS = 8;
export const DESTINATION_ADDRESS = 24;
const HEADER_BYTES = 40;

// every extension header: next header 0, length 1; the fragment header: offset and More Fragments 2, identification 4
const EXTENSION_LENGTH = 1;
const FRAGMENT_FIELD = 2;
const IDENTIFICATION = 4;
const MIN_EXTENSION_BYTES = 8;

/** Offset of this fragment and More Fragments. With neither the fragment is the whole packet (RFC 6946, "atomic"). */
const FRAGMENT_MASK = 0xfff9;
const FRAGMENT_OFFSET = 0xfff8;

/** Extension headers taken one after the other. RFC 8200 4.1 wants each kind once, destination options twice. */
const MAX_EXTENSIONS = 64;

/**
 * What a next header field may name (iana.org, IPv6 Extension Header Types). Nothing comes after mobility (135, RFC 6275 6.1.1) and
 * HIP (139, RFC 7401 5.1), and ESP (50) hides it.
 */
const Next = {
  hopByHop: 0,
  routing: 43,
  fragment: 44,
  authentication: 51,
  destination: 60,
  shim6: 140,
} as const;

/**
 * What the packet at `offset` carries behind its extension headers: {@link protocolOf} and {@link offsetOf} of it; or an outcome below 0.
 *
 * @param end after the last captured byte
 */
export function upperLayer(bytes: Uint8Array, offset: number, end: number): number {
  if (offset + HEADER_BYTES > end) return TRUNCATED;
  if (bytes[offset] >> 4 !== 6) return MALFORMED;
  return upperLayerFrom(bytes[offset + NEXT_HEADER], bytes, offset + HEADER_BYTES, end);
}

/** The same from a header on, of the kind `next`. FRAGMENT is where {@link fragmentHeader} is. */
export function upperLayerFrom(next: number, bytes: Uint8Array, offset: number, end: number): number {
  let at = offset;
  let kind = next;
  for (let count = 0; isExtension(kind); count++) {
    if (count === MAX_EXTENSIONS) return MALFORMED;
    if (at + MIN_EXTENSION_BYTES > end) return TRUNCATED;
    if (kind === Next.fragment && (u16(bytes, at + FRAGMENT_FIELD) & FRAGMENT_MASK) !== 0) return FRAGMENT;
    const length = extensionBytes(kind, bytes[at + EXTENSION_LENGTH]);
    kind = bytes[at];
    at += length;
  }
  return at * 256 + kind;
}

export function protocolOf(upper: number): number {
  return upper % 256;
}

export function offsetOf(upper: number): number {
  return Math.floor(upper / 256);
}

/** Offset of the fragment header of a packet that is a FRAGMENT. What it carries comes behind it. */
export function fragmentHeader(bytes: Uint8Array, offset: number): number {
  let at = offset + HEADER_BYTES;
  for (let kind = bytes[offset + NEXT_HEADER]; kind !== Next.fragment; ) {
    const length = extensionBytes(kind, bytes[at + EXTENSION_LENGTH]);
    kind = bytes[at];
    at += length;
  }
  return at;
}

export const FRAGMENT_HEADER_BYTES = 8;

/** Where in its packet the part belongs that a fragment carries, bytes. */
export function fragmentOffset(bytes: Uint8Array, header: number): number {
  return u16(bytes, header + FRAGMENT_FIELD) & FRAGMENT_OFFSET;
}

export function hasMoreFragments(bytes: Uint8Array, header: number): boolean {
  return (bytes[header + FRAGMENT_FIELD + 1] & 1) !== 0;
}

/** The same in all fragments of a packet. */
export function identification(bytes: Uint8Array, header: number): number {
  return (u16(bytes, header + IDENTIFICATION) << 16) | u16(bytes, header + IDENTIFICATION + 2);
}

/** What comes behind the fragment header. */
export function nextHeader(bytes: Uint8Array, header: number): number {
  return bytes[header];
}

/**
 * Where the packet at `offset` ended on the wire, which may be behind the captured bytes. A payload length of 0 means that it
 * fills the frame: segmentation offload, or a jumbogram (RFC 2675).
 *
 * @param frameEnd after the last byte that the frame had on the wire
 */
export function payloadEnd(bytes: Uint8Array, offset: number, frameEnd: number): number {
  const payloadLength = u16(bytes, offset + PAYLOAD_LENGTH);
  return payloadLength === 0 ? frameEnd : offset + HEADER_BYTES + payloadLength;
}

/** Whether a next header field names an extension header, behind which more comes. */
export function isExtension(next: number): boolean {
  switch (next) {
    case Next.hopByHop:
    case Next.routing:
    case Next.fragment:
    case Next.authentication:
    case Next.destination:
    case Next.shim6:
      return true;
    default:
      return false;
  }
}

/** Units of 8 bytes without the first; of 4 without the first two in the authentication header (RFC 4302 2.2). */
function extensionBytes(kind: number, length: number): number {
  if (kind === Next.fragment) return MIN_EXTENSION_BYTES;
  return kind === Next.authentication ? (length + 2) * 4 : (length + 1) * 8;
}

function u16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] << 8) | bytes[offset + 1];
}
