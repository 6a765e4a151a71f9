/** Tiny captures, made by hand: every field that a reader looks at can be set. */

export interface Packet {
  seconds: number;
  nanoseconds: number;
  data: Uint8Array;
  /** Of the wire; the length of `data` when left out. */
  originalLength?: number;
}

export interface PcapOptions {
  littleEndian?: boolean;
  /** a1b2c3d4: microseconds, a1b23c4d: nanoseconds, a1b2cd34: record headers of 24 bytes. */
  magic?: 0xa1b2c3d4 | 0xa1b23c4d | 0xa1b2cd34;
  linkType?: number;
  snapLength?: number;
}

const MICROSECONDS = 0xa1b2c3d4;
export const NANOSECONDS = 0xa1b23c4d;
export const MODIFIED = 0xa1b2cd34;

/** Three frames of different lengths, with times that tell byte orders and units apart. */
export const PACKETS: readonly Packet[] = [
  { seconds: 1_700_000_000, nanoseconds: 123_456_000, data: ramp(60, 1) },
  { seconds: 1_700_000_000, nanoseconds: 999_999_000, data: ramp(61, 7), originalLength: 1514 },
  { seconds: 1_700_000_001, nanoseconds: 0, data: ramp(1, 9) },
];

export function pcap(packets: readonly Packet[], options: PcapOptions = {}): Uint8Array {
  return join([pcapHeader(options), ...packets.map((packet) => pcapRecord(packet, options))]);
}

export function pcapHeader({
  littleEndian = true,
  magic = MICROSECONDS,
  linkType = 1,
  snapLength = 262_144,
}: PcapOptions = {}): Uint8Array {
  const version = [u16(2, littleEndian), u16(4, littleEndian)];
  return concat(u32(magic, littleEndian), ...version, new Uint8Array(8), u32(snapLength, littleEndian), u32(linkType, littleEndian));
}

export function pcapRecord(packet: Packet, { littleEndian = true, magic = MICROSECONDS }: PcapOptions = {}): Uint8Array {
  const fraction = magic === NANOSECONDS ? packet.nanoseconds : packet.nanoseconds / 1000;
  const lengths = [packet.data.length, packet.originalLength ?? packet.data.length];
  const fields = [packet.seconds, fraction, ...lengths].map((value) => u32(value, littleEndian));
  return concat(...fields, new Uint8Array(magic === MODIFIED ? 8 : 0), packet.data);
}

const SECTION = 0x0a0d0d0a;

/** A pcapng block around a body, which is padded to 32 bits. */
export function block(type: number, body: Uint8Array, littleEndian = true): Uint8Array {
  const padded = concat(body, new Uint8Array((4 - (body.length % 4)) % 4));
  const length = u32(padded.length + 12, littleEndian);
  return concat(u32(type, littleEndian), length, padded, length);
}

export function section(littleEndian = true, major = 1, options = new Uint8Array(0)): Uint8Array {
  const body = [u32(0x1a2b3c4d, littleEndian), u16(major, littleEndian), u16(0, littleEndian), new Uint8Array(8).fill(0xff), options];
  return block(SECTION, concat(...body), littleEndian);
}

export function option(code: number, value: Uint8Array, littleEndian = true): Uint8Array {
  return concat(u16(code, littleEndian), u16(value.length, littleEndian), value, new Uint8Array((4 - (value.length % 4)) % 4));
}

export interface InterfaceOptions {
  linkType?: number;
  snapLength?: number;
  /** Octet of if_tsresol. */
  resolution?: number;
  options?: Uint8Array;
}

export function interfaceBlock(
  { linkType = 1, snapLength = 0, resolution, options = new Uint8Array(0) }: InterfaceOptions = {},
  littleEndian = true,
): Uint8Array {
  const tsresol = resolution === undefined ? new Uint8Array(0) : option(9, Uint8Array.of(resolution), littleEndian);
  const name = option(2, ascii('eth0'), littleEndian);
  const body = [
    u16(linkType, littleEndian),
    u16(0, littleEndian),
    u32(snapLength, littleEndian),
    name,
    tsresol,
    options,
    new Uint8Array(4),
  ];
  return block(1, concat(...body), littleEndian);
}

/** Enhanced Packet Block with a time of 64 bits. */
export function enhanced(number: number, time: bigint, packet: Packet, littleEndian = true, options = new Uint8Array(0)): Uint8Array {
  const length = packet.data.length;
  const fields = [number, high(time), low(time), length, packet.originalLength ?? length].map((value) => u32(value, littleEndian));
  const padding = new Uint8Array((4 - (length % 4)) % 4);
  return block(6, concat(...fields, packet.data, padding, options), littleEndian);
}

/** The obsolete Packet Block: 16 bits of interface number, 16 bits of drops. */
export function obsolete(number: number, time: bigint, packet: Packet, littleEndian = true): Uint8Array {
  const length = packet.data.length;
  const fields = [high(time), low(time), length, packet.originalLength ?? length].map((value) => u32(value, littleEndian));
  return block(2, concat(u16(number, littleEndian), u16(3, littleEndian), ...fields, packet.data), littleEndian);
}

export function simple(data: Uint8Array, originalLength = data.length, littleEndian = true): Uint8Array {
  return block(3, concat(u32(originalLength, littleEndian), data), littleEndian);
}

export function secrets(type: number, data: Uint8Array, littleEndian = true): Uint8Array {
  return block(10, concat(u32(type, littleEndian), u32(data.length, littleEndian), data), littleEndian);
}

/** Time in microseconds, the unit of an interface that does not say. */
export function microseconds({ seconds, nanoseconds }: Packet): bigint {
  return BigInt(seconds) * 1_000_000n + BigInt(nanoseconds / 1000);
}

export function pcapng(packets: readonly Packet[], littleEndian = true): Uint8Array {
  const blocks = packets.map((packet) => enhanced(0, microseconds(packet), packet, littleEndian));
  return concat(section(littleEndian), interfaceBlock({}, littleEndian), ...blocks);
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return join(parts);
}

/** Arguments of one call are limited; these are not. */
function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function u16(value: number, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(2);
  new DataView(bytes.buffer).setUint16(0, value, littleEndian);
  return bytes;
}

export function u32(value: number, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, littleEndian);
  return bytes;
}

export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Bytes that count up from `first`, so that a shifted frame shows. */
export function ramp(length: number, first = 0): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => (first + index) & 0xff);
}

function high(time: bigint): number {
  return Number(time >> 32n);
}

function low(time: bigint): number {
  return Number(time & 0xffffffffn);
}
