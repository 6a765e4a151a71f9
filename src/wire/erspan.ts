// ERSPAN types II and III (draft-foschiano-erspan-03): mirrored frames, in GRE.
import { Inner, inner } from './inner.js';
import { NOT_TCP, TRUNCATED } from './outcome.js';

export const ETHER_TYPE = 0x88be;
export const ETHER_TYPE_3 = 0x22eb;

const HEADER_BYTES = 8;

// type III: version and VLAN 0, class and session 2, timestamp 4, group tag 8, frame type and more 10
const FRAME_TYPE = 10;
const HEADER_BYTES_3 = 12;
const SUBHEADER_BYTES = 8;
/** Bits of the two bytes from FRAME_TYPE on: what is inside, and whether a subheader comes before it. */
const FRAME_TYPE_MASK = 0x7c;
const FRAME_TYPE_IP = 2;
const HAS_SUBHEADER = 0x01;

/** The frame behind the header of type II at `offset`, or an outcome below 0. */
export function innerOf(_bytes: Uint8Array, offset: number, end: number): number {
  return offset + HEADER_BYTES > end ? TRUNCATED : inner(Inner.ethernet, offset + HEADER_BYTES);
}

/** The frame or packet behind the header of type III at `offset`, or an outcome below 0. */
export function innerOf3(bytes: Uint8Array, offset: number, end: number): number {
  if (offset + HEADER_BYTES_3 > end) return TRUNCATED;
  const frameType = (bytes[offset + FRAME_TYPE] & FRAME_TYPE_MASK) >> 2;
  const subheader = bytes[offset + FRAME_TYPE + 1] & HAS_SUBHEADER ? SUBHEADER_BYTES : 0;
  const next = offset + HEADER_BYTES_3 + subheader;
  if (frameType === 0) return inner(Inner.ethernet, next);
  return frameType === FRAME_TYPE_IP ? inner(Inner.ip, next) : NOT_TCP;
}
