// IEEE 802.11 data frames that are not encrypted: LINKTYPE_IEEE802_11, and behind radiotap LINKTYPE_IEEE802_11_RADIOTAP.
import { offsetAfterEtherType } from './ethernet.js';
import * as llc from './llc.js';
import { MALFORMED, NOT_IP, TRUNCATED } from './outcome.js';

// frame control 0, duration 2, addresses 4, sequence control 22, fourth address 24
const MIN_HEADER_BYTES = 24;
const ADDRESS_BYTES = 6;
const QOS_BYTES = 2;
const HT_CONTROL_BYTES = 4;

const TYPE_DATA = 0x08;
const SUBTYPE_NULL = 0x40;
const SUBTYPE_QOS = 0x80;
/** Bits of the second byte. */
const Flag = { toDs: 0x01, fromDs: 0x02, moreFragments: 0x04, protected: 0x40, order: 0x80 } as const;
/** A-MSDU: several frames in one. */
const AGGREGATE = 0x80;

/** radiotap: version 0, pad 1, length (little endian) 2 (radiotap.org). */
const RADIOTAP_MIN_BYTES = 8;

/** Offset of the IP header of the frame in `bytes[offset … end)`, or an outcome below 0. */
export function networkOffset(bytes: Uint8Array, offset: number, end: number): number {
  if (offset + MIN_HEADER_BYTES > end) return TRUNCATED;
  const control = bytes[offset];
  const flags = bytes[offset + 1];
  const isData = (control & 0x0f) === TYPE_DATA && (control & SUBTYPE_NULL) === 0;
  if (!isData || flags & (Flag.protected | Flag.moreFragments)) return NOT_IP;
  let next = offset + MIN_HEADER_BYTES;
  if (flags & Flag.toDs && flags & Flag.fromDs) next += ADDRESS_BYTES;
  if (control & SUBTYPE_QOS) {
    if (next + QOS_BYTES > end) return TRUNCATED;
    if (bytes[next] & AGGREGATE) return NOT_IP;
    next += QOS_BYTES;
    if (flags & Flag.order) next += HT_CONTROL_BYTES;
  }
  const typeOffset = llc.etherTypeOffset(bytes, next, end);
  return typeOffset < 0 ? typeOffset : offsetAfterEtherType(bytes, typeOffset, next + llc.SNAP_HEADER_BYTES, end);
}

/** The same behind a radiotap header. */
export function radiotapNetworkOffset(bytes: Uint8Array, offset: number, end: number): number {
  if (offset + RADIOTAP_MIN_BYTES > end) return TRUNCATED;
  const length = bytes[offset + 2] | (bytes[offset + 3] << 8);
  return length < RADIOTAP_MIN_BYTES ? MALFORMED : networkOffset(bytes, offset + length, end);
}
