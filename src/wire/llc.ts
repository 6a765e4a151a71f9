// Logical Link Control with SNAP (IEEE 802.2; RFC 1042): IP in frames that have a length or nothing where Ethernet II has its EtherType.
import { NOT_IP, TRUNCATED } from './outcome.js';

// DSAP 0, SSAP 1, control 2, organisation 3, EtherType 6
const SNAP = 0xaa;
const UNNUMBERED = 0x03;
const ETHER_TYPE = 6;
export const SNAP_HEADER_BYTES = 8;

/** Offset of the EtherType of the LLC header at `offset`, or an outcome below 0. What it announces comes behind it. */
export function etherTypeOffset(bytes: Uint8Array, offset: number, end: number): number {
  if (offset + SNAP_HEADER_BYTES > end) return TRUNCATED;
  const isSnap = bytes[offset] === SNAP && bytes[offset + 1] === SNAP && bytes[offset + 2] === UNNUMBERED;
  // 00-00-00 says that an EtherType follows; 00-00-f8 the same behind bridges (IEEE 802.1H).
  const isEtherType = bytes[offset + 3] === 0 && bytes[offset + 4] === 0 && (bytes[offset + 5] === 0 || bytes[offset + 5] === 0xf8);
  return isSnap && isEtherType ? offset + ETHER_TYPE : NOT_IP;
}
