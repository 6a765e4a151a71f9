// IPv4 (RFC 791).
import { FRAGMENT, MALFORMED, NOT_TCP, TRUNCATED } from './outcome.js';

// version and header length 0, total length 2, identification 4, fragment 6, protocol 9, source 12, destination 16, options 20
const TOTAL_LENGTH = 2;
const FRAGMENT_FIELD = 6;
const PROTOCOL = 9;
const IDENTIFICATION = 4;
export const SOURCE_ADDRESS = 12;
export const DESTINATION_ADDRESS = 16;
const MIN_HEADER_BYTES = 20;

/** More Fragments, and the offset of this one in units of 8 bytes: either makes a part of a packet. */
const FRAGMENT_MASK = 0x3fff;
const MORE_FRAGMENTS = 0x2000;
const FRAGMENT_OFFSET = 0x1fff;

const PROTOCOL_TCP = 6;

/**
 * Offset of the TCP header of the packet at `offset`, or an outcome below 0.
 *
 * @param end after the last captured byte
 */
export function transportOffset(bytes: Uint8Array, offset: number, end: number): number {
  if (offset + MIN_HEADER_BYTES > end) return TRUNCATED;
  const headerBytes = headerLength(bytes, offset);
  if (bytes[offset] >> 4 !== 4 || headerBytes < MIN_HEADER_BYTES) return MALFORMED;
  if (bytes[offset + PROTOCOL] !== PROTOCOL_TCP) return NOT_TCP;
  if ((u16(bytes, offset + FRAGMENT_FIELD) & FRAGMENT_MASK) !== 0) return FRAGMENT;
  return offset + headerBytes > end ? TRUNCATED : offset + headerBytes;
}

/**
 * Where the packet at `offset` ended on the wire, which may be behind the captured bytes; MALFORMED when the total length does
 * not cover the header. What the frame holds behind it is padding. With segmentation offload the total length is 0: the
 * packet then fills the frame.
 *
 * @param frameEnd after the last byte that the frame had on the wire
 */
export function payloadEnd(bytes: Uint8Array, offset: number, frameEnd: number): number {
  const totalLength = u16(bytes, offset + TOTAL_LENGTH);
  if (totalLength === 0) return frameEnd;
  return totalLength < headerLength(bytes, offset) ? MALFORMED : offset + totalLength;
}

/** Of a packet with a whole header. What it carries begins at {@link headerEnd}. */
export function protocol(bytes: Uint8Array, offset: number): number {
  return bytes[offset + PROTOCOL];
}

export function headerEnd(bytes: Uint8Array, offset: number): number {
  return offset + headerLength(bytes, offset);
}

export function isFragment(bytes: Uint8Array, offset: number): boolean {
  return (u16(bytes, offset + FRAGMENT_FIELD) & FRAGMENT_MASK) !== 0;
}

/** Where in its packet the part belongs that a fragment carries, bytes. */
export function fragmentOffset(bytes: Uint8Array, offset: number): number {
  return (u16(bytes, offset + FRAGMENT_FIELD) & FRAGMENT_OFFSET) * 8;
}

export function hasMoreFragments(bytes: Uint8Array, offset: number): boolean {
  return (u16(bytes, offset + FRAGMENT_FIELD) & MORE_FRAGMENTS) !== 0;
}

/** The same in all fragments of a packet. */
export function identification(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + IDENTIFICATION);
}

function headerLength(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] & 0x0f) * 4;
}

function u16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] << 8) | bytes[offset + 1];
}
