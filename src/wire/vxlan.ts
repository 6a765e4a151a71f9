// VXLAN (RFC 7348 5) and its Generic Protocol Extension (draft-ietf-nvo3-vxlan-gpe-12).
import { Inner, inner } from './inner.js';
import { NOT_TCP, TRUNCATED } from './outcome.js';

export const PORT = 4789;
/** What Linux used before there was a number, and container networks still do. */
export const LINUX_PORT = 8472;
export const GPE_PORT = 4790;

// flags 0, reserved 1, of GPE the next protocol 3, network identifier 4
const NEXT_PROTOCOL = 3;
const HEADER_BYTES = 8;
/** The network identifier is valid. */
const HAS_IDENTIFIER = 0x08;

const Next = { ipv4: 1, ipv6: 2, ethernet: 3, mpls: 5 } as const;

/** The frame behind the header at `offset`, or an outcome below 0. */
export function innerOf(bytes: Uint8Array, offset: number, end: number): number {
  if (offset + HEADER_BYTES > end) return TRUNCATED;
  return bytes[offset] & HAS_IDENTIFIER ? inner(Inner.ethernet, offset + HEADER_BYTES) : NOT_TCP;
}

/** The frame or packet behind the header of the extension at `offset`, or an outcome below 0. */
export function innerOfGpe(bytes: Uint8Array, offset: number, end: number): number {
  if (offset + HEADER_BYTES > end) return TRUNCATED;
  switch (bytes[offset + NEXT_PROTOCOL]) {
    case Next.ipv4:
    case Next.ipv6:
      return inner(Inner.ip, offset + HEADER_BYTES);
    case Next.ethernet:
      return inner(Inner.ethernet, offset + HEADER_BYTES);
    case Next.mpls:
      return inner(Inner.mpls, offset + HEADER_BYTES);
    default:
      return NOT_TCP;
  }
}
