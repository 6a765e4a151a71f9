// GTP-U, the user plane of mobile networks (3GPP TS 29.281 5.1).
import { Inner, inner } from './inner.js';
import { MALFORMED, NOT_TCP, TRUNCATED } from './outcome.js';

export const PORT = 2152;

// version and flags 0, message type 1, length 2, tunnel 4; with one of three flags: sequence number 8, N-PDU number 10, next extension 11
const MESSAGE_TYPE = 1;
const HEADER_BYTES = 8;
const OPTIONAL_BYTES = 4;
const NEXT_EXTENSION = 11;

/** Version 1, protocol type GTP. */
const VERSION_MASK = 0xf0;
const VERSION_1 = 0x30;
const HAS_EXTENSION = 0x04;
const HAS_OPTIONAL = 0x07;
const G_PDU = 255;

/** Extension headers taken one after the other; some are usual. */
const MAX_EXTENSIONS = 16;

/** The packet in the G-PDU at `offset`, or an outcome below 0. */
export function innerOf(bytes: Uint8Array, offset: number, end: number): number {
  if (offset + HEADER_BYTES > end) return TRUNCATED;
  const flags = bytes[offset];
  if ((flags & VERSION_MASK) !== VERSION_1 || bytes[offset + MESSAGE_TYPE] !== G_PDU) return NOT_TCP;
  let next = offset + HEADER_BYTES;
  if ((flags & HAS_OPTIONAL) === 0) return inner(Inner.ip, next);
  next += OPTIONAL_BYTES;
  if (next > end) return TRUNCATED;
  let extension = flags & HAS_EXTENSION ? bytes[offset + NEXT_EXTENSION] : 0;
  // Each one has its length in units of 4 bytes first, and the type of the next one last.
  for (let count = 0; extension !== 0; count++) {
    if (next >= end) return TRUNCATED;
    const length = bytes[next] * 4;
    if (length === 0 || count === MAX_EXTENSIONS) return MALFORMED;
    if (next + length > end) return TRUNCATED;
    extension = bytes[next + length - 1];
    next += length;
  }
  return inner(Inner.ip, next);
}
