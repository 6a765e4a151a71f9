// MPLS label stacks (RFC 3032), and Ethernet pseudowires in them (RFC 4448): LINKTYPE_MPLS, EtherTypes 0x8847 and 0x8848.
import * as ethernet from './ethernet.js';
import { MALFORMED, TRUNCATED } from './outcome.js';
import * as rawIp from './raw-ip.js';

// label and class 0, bottom of stack in the last bit of 2, TTL 3
const ENTRY_BYTES = 4;
const BOTTOM = 2;

/** RFC 4385 3: the first four bits are 0, so that it is not taken for IP. */
const CONTROL_WORD_BYTES = 4;

/** Labels taken one after the other. Networks use some; without a bound a frame may be nothing but labels. */
const MAX_LABELS = 32;

/**
 * Offset of the IP header behind the labels at `offset`, or an outcome below 0. What is inside is not named: IP begins with its version, a
 * pseudowire with a control word. One without is not told from anything else.
 *
 * @param depth how many Ethernet frames it is in
 */
export function networkOffset(bytes: Uint8Array, offset: number, end: number, depth = 0): number {
  let next = offset;
  let isBottom = false;
  for (let labels = 0; !isBottom; labels++) {
    if (next + ENTRY_BYTES > end) return TRUNCATED;
    if (labels === MAX_LABELS) return MALFORMED;
    isBottom = (bytes[next + BOTTOM] & 1) !== 0;
    next += ENTRY_BYTES;
  }
  const isPseudowire = next < end && bytes[next] >> 4 === 0;
  if (!isPseudowire) return rawIp.networkOffset(bytes, next, end);
  return ethernet.networkOffset(bytes, next + CONTROL_WORD_BYTES, end, depth + 1);
}
