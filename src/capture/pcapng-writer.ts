// Writes pcapng, little-endian, times in nanoseconds: draft-ietf-opsawg-pcapng, sections 4.1, 4.2, 4.3, 4.6 and 4.7
import { BLOCK, BODY, BYTE_ORDER_MAGIC, LENGTH, MAJOR_VERSION, PACKET, SECRETS, STATISTICS, TRAILER_BYTES } from './pcapng-blocks.js';

/** What an Interface Description Block says. */
export interface DescribedInterface {
  /** Number of the LINKTYPE_ registry. */
  linkType: number;
  /** Bytes kept of each frame at most; null when there is no limit. */
  snapLength: number | null;
  name?: string;
  /** As libpcap understands it. */
  filter?: string;
  /** Further options, as they are written: a code and a value each. */
  options?: readonly Option[];
  /** if_tsoffset: seconds that are added to each time. */
  offsetSeconds?: number;
}

/** An option of a block: a code and a value of at most 65,535 bytes. */
type Option = readonly [code: number, value: Uint8Array];

/** What an Interface Statistics Block says, counted from the beginning of the capture. */
export interface InterfaceStatistics {
  /** Frames that the filter accepted. */
  accepted: number;
  /** Frames that were lost before they could be delivered. */
  dropped: number;
  delivered: number;
}

const OPTION = {
  end: 0,
  comment: 1,
  interfaceName: 2,
  application: 4,
  accepted: 6,
  dropped: 7,
  delivered: 8,
  timeResolution: 9,
  filter: 11,
  timeOffset: 14,
} as const;

/** if_tsresol: 10^-9 seconds. */
const NANOSECONDS = 9;
/** First byte of if_filter: a filter of libpcap as text follows. */
const FILTER_TEXT = 0;
const OPTION_HEADER_BYTES = 4;
const COUNTER_BYTES = 8;
/** Options are at most this long, 16 bits tell their length. */
const MAX_OPTION_BYTES = 0xffff;

/** Length of every block that {@link writeInterfaceStatistics} writes. */
export const STATISTICS_BLOCK_BYTES = STATISTICS.options + 3 * (OPTION_HEADER_BYTES + COUNTER_BYTES) + OPTION_HEADER_BYTES + TRAILER_BYTES;

/**
 * A Section Header Block of a section whose length is not known.
 *
 * @param comment what is longer than an option can be is cut
 */
export function sectionHeader(application: string, comment = ''): Uint8Array<ArrayBuffer> {
  const given: Option[] = [[OPTION.application, textBytes(application)]];
  if (comment !== '') given.unshift([OPTION.comment, textBytes(comment)]);
  const options = optionsOf(given);
  const body = new Uint8Array(16 + options.length);
  const view = new DataView(body.buffer);
  view.setUint32(0, BYTE_ORDER_MAGIC, true);
  view.setUint16(4, MAJOR_VERSION, true);
  body.fill(0xff, 8, 16);
  body.set(options, 16);
  return block(BLOCK.section, body);
}

/** An Interface Description Block. */
export function interfaceDescription(described: DescribedInterface): Uint8Array<ArrayBuffer> {
  const { linkType, snapLength, name, filter, options: further = [], offsetSeconds = 0 } = described;
  const given: Option[] = [[OPTION.timeResolution, Uint8Array.of(NANOSECONDS)], ...further];
  if (offsetSeconds !== 0) given.push([OPTION.timeOffset, signed64(offsetSeconds)]);
  if (name) given.unshift([OPTION.interfaceName, textBytes(name)]);
  if (filter) given.push([OPTION.filter, Uint8Array.of(FILTER_TEXT, ...textBytes(filter).subarray(0, MAX_OPTION_BYTES - 1))]);
  const options = optionsOf(given);
  const body = new Uint8Array(8 + options.length);
  const view = new DataView(body.buffer);
  view.setUint16(0, linkType, true);
  view.setUint32(4, snapLength ?? 0, true);
  body.set(options, 8);
  return block(BLOCK.interface, body);
}

/** Length of the block that {@link writeEnhancedPacket} writes. */
export function enhancedPacketBytes(capturedLength: number): number {
  return PACKET.data + padded(capturedLength) + TRAILER_BYTES;
}

/**
 * An Enhanced Packet Block with comments.
 *
 * @param seconds Unix seconds, whole, or what is above the offset of the interface; below 2^32
 */
export function commentedPacket(
  number: number,
  seconds: number,
  nanoseconds: number,
  frame: Uint8Array,
  originalLength: number,
  comments: readonly string[],
): Uint8Array<ArrayBuffer> {
  const options = comments.length === 0 ? NO_OPTIONS : optionsOf(comments.map((comment) => [OPTION.comment, textBytes(comment)]));
  const body = new Uint8Array(PACKET.data - BODY + padded(frame.length) + options.length);
  const view = new DataView(body.buffer);
  view.setUint32(PACKET.interface - BODY, number, true);
  writeTime(view, PACKET.high - BODY, seconds, nanoseconds);
  view.setUint32(PACKET.capturedLength - BODY, frame.length, true);
  view.setUint32(PACKET.originalLength - BODY, originalLength, true);
  body.set(frame, PACKET.data - BODY);
  body.set(options, PACKET.data - BODY + padded(frame.length));
  return block(BLOCK.enhancedPacket, body);
}

/** A Decryption Secrets Block. */
export function decryptionSecrets(type: number, secrets: Uint8Array): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(SECRETS.data - BODY + padded(secrets.length));
  const view = new DataView(body.buffer);
  view.setUint32(SECRETS.type - BODY, type, true);
  view.setUint32(SECRETS.length - BODY, secrets.length, true);
  body.set(secrets, SECRETS.data - BODY);
  return block(BLOCK.secrets, body);
}

const NO_OPTIONS = new Uint8Array(0);

/**
 * Writes an Enhanced Packet Block of interface 0 to `bytes` from `at` on: `enhancedPacketBytes(capturedLength)` must be there.
 *
 * @param view over the same memory as `bytes`, from its first byte
 * @param seconds Unix seconds, whole; `nanoseconds` 0 to 999 999 999
 * @param frame its first `capturedLength` bytes are written
 */
export function writeEnhancedPacket(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  seconds: number,
  nanoseconds: number,
  frame: Uint8Array,
  capturedLength: number,
  originalLength: number,
): void {
  const length = enhancedPacketBytes(capturedLength);
  const trailer = at + length - TRAILER_BYTES;
  // Padding, as far as what follows is not written over it.
  view.setUint32(trailer - 4, 0, true);
  view.setUint32(at, BLOCK.enhancedPacket, true);
  view.setUint32(at + LENGTH, length, true);
  view.setUint32(at + PACKET.interface, 0, true);
  writeTime(view, at + PACKET.high, seconds, nanoseconds);
  view.setUint32(at + PACKET.capturedLength, capturedLength, true);
  view.setUint32(at + PACKET.originalLength, originalLength, true);
  bytes.set(capturedLength === frame.length ? frame : frame.subarray(0, capturedLength), at + PACKET.data);
  view.setUint32(trailer, length, true);
}

/** Writes an Interface Statistics Block of interface 0, {@link STATISTICS_BLOCK_BYTES} long. */
export function writeInterfaceStatistics(
  view: DataView,
  at: number,
  seconds: number,
  nanoseconds: number,
  { accepted, dropped, delivered }: InterfaceStatistics,
): void {
  view.setUint32(at, BLOCK.statistics, true);
  view.setUint32(at + LENGTH, STATISTICS_BLOCK_BYTES, true);
  view.setUint32(at + STATISTICS.interface, 0, true);
  writeTime(view, at + STATISTICS.high, seconds, nanoseconds);
  let option = at + STATISTICS.options;
  option = writeCounter(view, option, OPTION.accepted, accepted);
  option = writeCounter(view, option, OPTION.dropped, dropped);
  option = writeCounter(view, option, OPTION.delivered, delivered);
  view.setUint32(option, OPTION.end, true);
  view.setUint32(at + STATISTICS_BLOCK_BYTES - TRAILER_BYTES, STATISTICS_BLOCK_BYTES, true);
}

/** Nanoseconds do not fit 53 bits: seconds times 5^9 do, until the year 2116, and 2^9 is a shift. */
function writeTime(view: DataView, at: number, seconds: number, nanoseconds: number): void {
  const times5 = seconds * 5 ** 9;
  const high = Math.floor(times5 / 2 ** 23);
  const low = (times5 - high * 2 ** 23) * 2 ** 9 + nanoseconds;
  const carry = low >= 2 ** 32 ? 1 : 0;
  view.setUint32(at, high + carry, true);
  view.setUint32(at + 4, low - carry * 2 ** 32, true);
}

function writeCounter(view: DataView, at: number, code: number, value: number): number {
  view.setUint16(at, code, true);
  view.setUint16(at + 2, COUNTER_BYTES, true);
  view.setUint32(at + 4, value % 2 ** 32, true);
  view.setUint32(at + 8, Math.floor(value / 2 ** 32), true);
  return at + OPTION_HEADER_BYTES + COUNTER_BYTES;
}

/** A block around a body whose length is a multiple of 4. */
function block(type: number, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(BODY + body.length + TRAILER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(LENGTH, bytes.length, true);
  bytes.set(body, BODY);
  view.setUint32(bytes.length - TRAILER_BYTES, bytes.length, true);
  return bytes;
}

function optionsOf(options: readonly Option[]): Uint8Array {
  const bytes = new Uint8Array(options.reduce((sum, [, value]) => sum + OPTION_HEADER_BYTES + padded(value.length), OPTION_HEADER_BYTES));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [code, value] of options) {
    view.setUint16(at, code, true);
    view.setUint16(at + 2, value.length, true);
    bytes.set(value, at + OPTION_HEADER_BYTES);
    at += OPTION_HEADER_BYTES + padded(value.length);
  }
  return bytes;
}

/** UTF-8, cut between characters. */
function textBytes(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  let end = Math.min(bytes.length, MAX_OPTION_BYTES);
  while (end < bytes.length && (bytes[end] & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

function signed64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, value, true);
  view.setInt32(4, Math.floor(value / 2 ** 32), true);
  return bytes;
}

/** Bodies and options are padded to 32 bits. */
function padded(length: number): number {
  return (length + 3) & ~3;
}
