// Ethernet II frames (IEEE 802.3) with any VLAN tags (IEEE 802.1Q, 802.1ad): LINKTYPE_ETHERNET.
import { NOT_IP, TRUNCATED } from './outcome.js';
import { ipv6Offset } from './raw-ip.js';

// destination 0, source 6, EtherType 12
const ETHER_TYPE = 12;
const HEADER_BYTES = 14;

/** A tag follows its own EtherType: tag control 2, EtherType of what comes next 2. */
const TAG_BYTES = 4;

/** Tags taken one after the other. Two are usual (802.1ad); without a bound a frame may be nothing but tags. */
const MAX_TAGS = 16;

const ETHER_TYPE_IPV4 = 0x0800;
const ETHER_TYPE_IPV6 = 0x86dd;

/** Offset of the IP header, of version 4 or 6 as its first four bits say, of the frame in `bytes[offset … end)`, or an outcome below 0. */
export function networkOffset(bytes: Uint8Array, offset: number, end: number): number {
  if (offset + HEADER_BYTES > end) return TRUNCATED;
  return offsetAfterEtherType(bytes, offset + ETHER_TYPE, offset + HEADER_BYTES, end);
}

/** The same for the EtherType at `typeOffset` and what it announces at `offset`: tags or a packet. */
export function offsetAfterEtherType(bytes: Uint8Array, typeOffset: number, offset: number, end: number): number {
  let next = offset;
  let type = (bytes[typeOffset] << 8) | bytes[typeOffset + 1];
  for (let tags = 0; isTag(type) && tags < MAX_TAGS; tags++) {
    if (next + TAG_BYTES > end) return TRUNCATED;
    type = (bytes[next + 2] << 8) | bytes[next + 3];
    next += TAG_BYTES;
  }
  if (type === ETHER_TYPE_IPV4) return next;
  return type === ETHER_TYPE_IPV6 ? ipv6Offset(bytes, next, end) : NOT_IP;
}

/** 802.1Q, 802.1ad, and the three that were in use for stacked tags before it. */
function isTag(type: number): boolean {
  return type === 0x8100 || type === 0x88a8 || type === 0x9100 || type === 0x9200 || type === 0x9300;
}
