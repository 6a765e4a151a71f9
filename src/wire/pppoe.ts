// PPPoE sessions (RFC 2516 4): EtherType 0x8864, LINKTYPE_PPP_ETHER.
import { MALFORMED, NOT_IP, TRUNCATED } from './outcome.js';
import * as ppp from './ppp.js';

// version and type 0, code 1, session 2, length 4
const CODE = 1;
const HEADER_BYTES = 6;
const VERSION_AND_TYPE = 0x11;

/**
 * Offset of the IP header behind the PPPoE header at `offset`, or an outcome below 0.
 *
 * @param depth how many Ethernet frames it is in
 */
export function networkOffset(bytes: Uint8Array, offset: number, end: number, depth = 0): number {
  if (offset + HEADER_BYTES > end) return TRUNCATED;
  if (bytes[offset] !== VERSION_AND_TYPE) return MALFORMED;
  return bytes[offset + CODE] === 0 ? ppp.networkOffset(bytes, offset + HEADER_BYTES, end, depth) : NOT_IP;
}
