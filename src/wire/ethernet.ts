// Ethernet frames (IEEE 802.3) with any VLAN tags (IEEE 802.1Q, 802.1ad), and what may lie between them and IP: LINKTYPE_ETHERNET.
import * as llc from './llc.js';
import * as mpls from './mpls.js';
import { MALFORMED, NOT_IP, TRUNCATED } from './outcome.js';
import * as pppoe from './pppoe.js';
import { ipv6Offset } from './raw-ip.js';

// destination 0, source 6, EtherType 12
const ETHER_TYPE = 12;
const HEADER_BYTES = 14;

/** A tag follows its own EtherType: tag control 2, EtherType of what comes next 2. */
const TAG_BYTES = 4;

/** Tags taken one after the other. Two are usual (802.1ad); without a bound a frame may be nothing but tags. */
const MAX_TAGS = 16;

/** What is less is a length (IEEE 802.3 3.2.6). */
const MIN_ETHER_TYPE = 0x0600;
const ETHER_TYPE_IPV4 = 0x0800;
const ETHER_TYPE_IPV6 = 0x86dd;
const ETHER_TYPE_MPLS = 0x8847;
const ETHER_TYPE_MPLS_MULTICAST = 0x8848;
const ETHER_TYPE_PPPOE_SESSION = 0x8864;

/** Frames inside of frames, by pseudowires: one is usual. */
const MAX_DEPTH = 4;

/**
 * Offset of the IP header, of version 4 or 6 as its first four bits say, of the frame in `bytes[offset … end)`, or an outcome below 0.
 *
 * @param depth how many Ethernet frames it is in
 */
export function networkOffset(bytes: Uint8Array, offset: number, end: number, depth = 0): number {
  if (offset + HEADER_BYTES > end) return TRUNCATED;
  if (depth > MAX_DEPTH) return MALFORMED;
  return offsetAfterEtherType(bytes, offset + ETHER_TYPE, offset + HEADER_BYTES, end, depth);
}

/** The same for the EtherType at `typeOffset` and what it announces at `offset`: tags or a packet. */
export function offsetAfterEtherType(bytes: Uint8Array, typeOffset: number, offset: number, end: number, depth = 0): number {
  let next = offset;
  let type = (bytes[typeOffset] << 8) | bytes[typeOffset + 1];
  for (let tags = 0; isTag(type) && tags < MAX_TAGS; tags++) {
    if (next + TAG_BYTES > end) return TRUNCATED;
    type = (bytes[next + 2] << 8) | bytes[next + 3];
    next += TAG_BYTES;
  }
  if (type < MIN_ETHER_TYPE) {
    const snap = llc.etherTypeOffset(bytes, next, end);
    if (snap < 0) return snap;
    type = (bytes[snap] << 8) | bytes[snap + 1];
    next += llc.SNAP_HEADER_BYTES;
  }
  switch (type) {
    case ETHER_TYPE_IPV4:
      return next;
    case ETHER_TYPE_IPV6:
      return ipv6Offset(bytes, next, end);
    case ETHER_TYPE_MPLS:
    case ETHER_TYPE_MPLS_MULTICAST:
      return mpls.networkOffset(bytes, next, end, depth);
    case ETHER_TYPE_PPPOE_SESSION:
      return pppoe.networkOffset(bytes, next, end, depth);
    default:
      return NOT_IP;
  }
}

/** 802.1Q, 802.1ad, and the three that were in use for stacked tags before it. */
function isTag(type: number): boolean {
  return type === 0x8100 || type === 0x88a8 || type === 0x9100 || type === 0x9200 || type === 0x9300;
}
