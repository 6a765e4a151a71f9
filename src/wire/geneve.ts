// Geneve (RFC 8926 3.4).
import { Inner, inner } from './inner.js';
import { NOT_TCP, TRUNCATED } from './outcome.js';

export const PORT = 6081;

// version and length of the options in units of 4 bytes 0, flags 1, EtherType of what is inside 2, network identifier 4
const PROTOCOL = 2;
const HEADER_BYTES = 8;
const LENGTH_MASK = 0x3f;

const EtherType = { ipv4: 0x0800, ipv6: 0x86dd, ethernet: 0x6558 } as const;

/** The frame or packet behind the header at `offset`, or an outcome below 0. */
export function innerOf(bytes: Uint8Array, offset: number, end: number): number {
  if (offset + HEADER_BYTES > end) return TRUNCATED;
  if (bytes[offset] >> 6 !== 0) return NOT_TCP;
  const next = offset + HEADER_BYTES + (bytes[offset] & LENGTH_MASK) * 4;
  switch ((bytes[offset + PROTOCOL] << 8) | bytes[offset + PROTOCOL + 1]) {
    case EtherType.ipv4:
    case EtherType.ipv6:
      return inner(Inner.ip, next);
    case EtherType.ethernet:
      return inner(Inner.ethernet, next);
    default:
      return NOT_TCP;
  }
}
