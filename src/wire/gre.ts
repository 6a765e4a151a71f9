// Generic Routing Encapsulation (RFC 2784, with key and sequence number RFC 2890), that of PPTP (RFC 2637 4.1), and ERSPAN in it.
import * as erspan from './erspan.js';
import { Inner, inner } from './inner.js';
import { NOT_TCP, TRUNCATED } from './outcome.js';

// flags and version 0, EtherType of what is inside 2, then what the flags announce, 4 bytes each
const PROTOCOL = 2;
const HEADER_BYTES = 4;
const FIELD_BYTES = 4;

const Flag = { checksum: 0x8000, routing: 0x4000, key: 0x2000, sequence: 0x1000, acknowledgment: 0x0080 } as const;
const VERSION = 0x0007;
const PPTP = 1;

const EtherType = {
  ipv4: 0x0800,
  ipv6: 0x86dd,
  ethernet: 0x6558,
  oldEthernet: 0x6400,
  mpls: 0x8847,
  mplsMulticast: 0x8848,
  ppp: 0x880b,
} as const;

/** The frame or packet inside the GRE packet at `offset` (see inner.ts), or an outcome below 0. */
export function innerOf(bytes: Uint8Array, offset: number, end: number): number {
  if (offset + HEADER_BYTES > end) return TRUNCATED;
  const flags = (bytes[offset] << 8) | bytes[offset + 1];
  const protocol = (bytes[offset + PROTOCOL] << 8) | bytes[offset + PROTOCOL + 1];
  // Source routes were dropped from GRE in 2000.
  if ((flags & VERSION) > PPTP || flags & Flag.routing) return NOT_TCP;
  const next = offset + HEADER_BYTES + fieldBytes(flags);
  switch (protocol) {
    case EtherType.ipv4:
    case EtherType.ipv6:
      return inner(Inner.ip, next);
    case EtherType.ethernet:
    case EtherType.oldEthernet:
      return inner(Inner.ethernet, next);
    case EtherType.mpls:
    case EtherType.mplsMulticast:
      return inner(Inner.mpls, next);
    case EtherType.ppp:
      return inner(Inner.ppp, next);
    case erspan.ETHER_TYPE:
      // Without a sequence number it is of type I, which has no header.
      return flags & Flag.sequence ? erspan.innerOf(bytes, next, end) : inner(Inner.ethernet, next);
    case erspan.ETHER_TYPE_3:
      return erspan.innerOf3(bytes, next, end);
    default:
      return NOT_TCP;
  }
}

function fieldBytes(flags: number): number {
  const has = (flag: number) => (flags & flag ? FIELD_BYTES : 0);
  return has(Flag.checksum) + has(Flag.key) + has(Flag.sequence) + has(Flag.acknowledgment);
}
