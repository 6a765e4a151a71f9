// Layout of pcapng blocks, and what makes one impossible: draft-ietf-opsawg-pcapng, section 4
import { MAX_CAPTURED_BYTES } from '../limits.js';

export const BLOCK = {
  section: 0x0a0d0d0a,
  interface: 1,
  packet: 2,
  simplePacket: 3,
  statistics: 5,
  enhancedPacket: 6,
  secrets: 10,
} as const;

// Offsets from the first byte of a block: its type, its length, then its body.
export const LENGTH = 4;
export const BODY = 8;
export const SECTION = { magic: 8, major: 12, bytes: 24 } as const;
/** Enhanced Packet Block (4.3) and the obsolete Packet Block (appendix A), whose interface number has 16 bits. */
export const PACKET = { interface: 8, high: 12, low: 16, capturedLength: 20, originalLength: 24, data: 28 } as const;
export const SIMPLE_PACKET = { originalLength: 8, data: 12 } as const;
/** Interface Statistics Block (4.6). */
export const STATISTICS = { interface: 8, high: 12, low: 16, options: 20 } as const;
export const SECRETS = { type: 8, length: 12, data: 16 } as const;
export const TRAILER_BYTES = 4;
export const MIN_BLOCK_BYTES = BODY + TRAILER_BYTES;

/** Bytes of a Section Header Block up to and with its byte-order magic. */
export const PCAPNG_MAGIC_BYTES = 12;

/** Section 4.1. Reads the same in the file's own byte order only. */
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
export const MAJOR_VERSION = 1;

/** Whether the input whose first `PCAPNG_MAGIC_BYTES` are in `view` is pcapng. */
export function isPcapng(view: DataView): boolean {
  return view.getUint32(0) === BLOCK.section && byteOrder(view, 0) !== null;
}

/** Whether the section that begins at `at` is little-endian; null when its byte-order magic says neither. */
export function byteOrder(view: DataView, at: number): boolean | null {
  if (view.getUint32(at + SECTION.magic, true) === BYTE_ORDER_MAGIC) return true;
  return view.getUint32(at + SECTION.magic, false) === BYTE_ORDER_MAGIC ? false : null;
}

/** What is wrong with a Section Header Block; null when nothing is. */
export function sectionProblem(view: DataView, at: number, length: number, littleEndian: boolean): string | null {
  const atLeast = SECTION.bytes + TRAILER_BYTES;
  if (length < atLeast) return `a section header of ${length} bytes, at least ${atLeast} expected`;
  const major = view.getUint16(at + SECTION.major, littleEndian);
  return major === MAJOR_VERSION ? null : `pcapng version ${major}, version ${MAJOR_VERSION} expected`;
}

/** Number of the interface that a packet block names. */
export function interfaceOf(view: DataView, at: number, type: number, littleEndian: boolean): number {
  const field = at + PACKET.interface;
  return type === BLOCK.packet ? view.getUint16(field, littleEndian) : view.getUint32(field, littleEndian);
}

/** What is wrong with the header of a packet block in a section of `interfaces` interfaces; null when nothing is. */
export function packetProblem(
  view: DataView,
  at: number,
  type: number,
  length: number,
  littleEndian: boolean,
  interfaces: number,
): string | null {
  const room = length - PACKET.data - TRAILER_BYTES;
  if (room < 0) return `a packet block of ${length} bytes, too short for its own header`;
  const number = interfaceOf(view, at, type, littleEndian);
  if (number >= interfaces) return `a packet of interface ${number}, the section describes ${interfaces}`;
  const capturedLength = view.getUint32(at + PACKET.capturedLength, littleEndian);
  if (capturedLength > MAX_CAPTURED_BYTES) return `a packet of ${capturedLength} bytes, at most ${MAX_CAPTURED_BYTES} expected`;
  return capturedLength > room ? `a packet of ${capturedLength} bytes in a block of ${length}` : null;
}

/** What is wrong with a Decryption Secrets Block; null when nothing is. */
export function secretsProblem(view: DataView, at: number, length: number, littleEndian: boolean): string | null {
  const room = length - SECRETS.data - TRAILER_BYTES;
  if (room < 0) return `a decryption secrets block of ${length} bytes, too short for its own header`;
  const size = view.getUint32(at + SECRETS.length, littleEndian);
  return size > room ? `decryption secrets of ${size} bytes in a block of ${length}` : null;
}
