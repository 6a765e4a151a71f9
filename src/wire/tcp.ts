// TCP header (RFC 9293 3.1).
import { int32 } from '../bytes/int32.js';
import { MALFORMED, TRUNCATED } from './outcome.js';

/** Its number among the IP protocols. */
export const PROTOCOL = 6;

// source port 0, destination port 2, sequence 4, acknowledgment 8, data offset 12, flags 13, window 14, options 20
const SOURCE_PORT = 0;
const DESTINATION_PORT = 2;
const SEQUENCE = 4;
const ACKNOWLEDGMENT = 8;
const DATA_OFFSET = 12;
const FLAGS = 13;
const MIN_HEADER_BYTES = 20;

/** Up to the window: as much as Wireshark must see to count a packet to a stream. */
const MIN_CAPTURED_BYTES = 16;

export const TcpFlag = { FIN: 0x01, SYN: 0x02, RST: 0x04, ACK: 0x10 } as const;

/**
 * Offset of the payload of the segment at `offset`, which may be behind the captured bytes; below 0, TRUNCATED when the header
 * cannot be read, or MALFORMED when it can, but its length is wrong: Wireshark counts such a packet to a stream none the less.
 *
 * @param end after the last captured byte of the IP packet: padding behind it is none of TCP's
 * @param wireEnd after the last byte that the IP packet had on the wire
 */
export function payloadOffset(bytes: Uint8Array, offset: number, end: number, wireEnd: number): number {
  if (offset + MIN_CAPTURED_BYTES > end) return TRUNCATED;
  const headerBytes = (bytes[offset + DATA_OFFSET] >> 4) * 4;
  return headerBytes < MIN_HEADER_BYTES || offset + headerBytes > wireEnd ? MALFORMED : offset + headerBytes;
}

export function sourcePort(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + SOURCE_PORT);
}

export function destinationPort(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + DESTINATION_PORT);
}

/** As a signed 32-bit number, the form in which two can be subtracted: `(a - b) | 0`. */
export function sequence(bytes: Uint8Array, offset: number): number {
  return int32(bytes, offset + SEQUENCE);
}

/** As a signed 32-bit number. It says something only when ACK is among the flags. */
export function acknowledgment(bytes: Uint8Array, offset: number): number {
  return int32(bytes, offset + ACKNOWLEDGMENT);
}

/** {@link TcpFlag} and others, as bits. */
export function flags(bytes: Uint8Array, offset: number): number {
  return bytes[offset + FLAGS];
}

function u16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] << 8) | bytes[offset + 1];
}
