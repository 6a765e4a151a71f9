/** The same traffic in every form that is read. */
import { gzipSync } from 'node:zlib';
import {
  ascii,
  block,
  concat,
  enhanced,
  interfaceBlock,
  MODIFIED,
  NANOSECONDS,
  obsolete,
  option,
  type Packet,
  type PcapOptions,
  pcap,
  ramp,
  secrets,
  section,
} from '../capture/build.js';
import { nanosecondsOf, split, type Traffic } from './traffic.js';

export interface Format {
  what: string;
  write(traffic: Traffic): Uint8Array;
  /** Whether it has the time of every packet. */
  holds(traffic: Traffic): boolean;
}

interface Resolution {
  /** Octet of if_tsresol; microseconds when left out. */
  resolution?: number;
  /** if_tsoffset. */
  offsetSeconds?: bigint;
}

interface PcapngOptions extends Resolution {
  littleEndian?: boolean;
  /** Interfaces that the packets come from in turn. */
  interfaces?: readonly Resolution[];
  packetBlock?: typeof enhanced | typeof obsolete;
  /** Between the interfaces and the packets. */
  blocks?: readonly Uint8Array[];
}

const BINARY = 0x80;
const MICROSECONDS = 6;
const KEY_LOG = 0x544c534b;
const STATISTICS = 5;
const NAME_RESOLUTION = 4;
const CUSTOM = 0xbad;

function pcapFormat(what: string, options: PcapOptions): Format {
  const unit = options.magic === NANOSECONDS ? 1n : 1000n;
  return {
    what: `pcap, ${what}`,
    write: ({ packets, linkType, snapLength, missing }) => cut(pcap(packets, { linkType, snapLength, ...options }), missing),
    holds: ({ packets }) => packets.every((packet) => nanosecondsOf(packet) % unit === 0n),
  };
}

function pcapngFormat(what: string, options: PcapngOptions): Format {
  const clocks = options.interfaces ?? [options];
  return {
    what: `pcapng, ${what}`,
    write: (traffic) => pcapng(traffic, options),
    holds: ({ packets }) =>
      packets.every((packet, index) => readBack(timeOf(packet, clocks[index % clocks.length]), clocks[index % clocks.length], packet)),
  };
}

function pcapng(traffic: Traffic, options: PcapngOptions): Uint8Array {
  const { littleEndian = true, packetBlock = enhanced, blocks = [] } = options;
  const { linkType, snapLength, packets, missing } = traffic;
  const clocks = options.interfaces ?? [options];
  const interfaces = clocks.map(({ resolution, offsetSeconds }) => {
    const offset = offsetSeconds === undefined ? new Uint8Array(0) : option(14, i64(offsetSeconds, littleEndian), littleEndian);
    // The length of the frame check sequence, which pcap has in the same field, has an option of its own.
    const described = { linkType: linkType & 0xffff, snapLength, options: offset, ...(resolution !== undefined && { resolution }) };
    return interfaceBlock(described, littleEndian);
  });
  const written = packets.map((packet, index) => {
    const from = index % clocks.length;
    return packetBlock(from, timeOf(packet, clocks[from]), packet, littleEndian);
  });
  const bytes = join([section(littleEndian), ...interfaces, ...blocks, ...written]);
  return cut(bytes, missing);
}

/** Rounded up where the unit is no divisor of a nanosecond, because readers round down. */
function timeOf(packet: Packet, { resolution = MICROSECONDS, offsetSeconds = 0n }: Resolution): bigint {
  const time = nanosecondsOf(packet) - offsetSeconds * 1_000_000_000n;
  return (time * unitsPerSecond(resolution) + 999_999_999n) / 1_000_000_000n;
}

function readBack(time: bigint, { resolution = MICROSECONDS, offsetSeconds = 0n }: Resolution, packet: Packet): boolean {
  const read = (time * 1_000_000_000n) / unitsPerSecond(resolution) + offsetSeconds * 1_000_000_000n;
  return read === nanosecondsOf(packet) && time >= 0n && time < 2n ** 64n;
}

function unitsPerSecond(resolution: number): bigint {
  return (resolution & BINARY ? 2n : 10n) ** BigInt(resolution & ~BINARY);
}

/** As pcap, one half after the other; the second in the other byte order. */
const twoSections: Format = {
  what: 'pcapng, two sections of different byte order',
  write: (traffic) => {
    const [first, second] = split(traffic, [traffic.packets.length >> 1]);
    return concat(pcapng(first, { littleEndian: true, resolution: 9 }), pcapng(second, { littleEndian: false, resolution: 9 }));
  },
  holds: () => true,
};

/** Blocks that tell nothing of packets. */
function otherBlocks(littleEndian: boolean): Uint8Array[] {
  const statistics = concat(new Uint8Array(12), option(1, ascii('a comment'), littleEndian), new Uint8Array(4));
  return [
    block(STATISTICS, statistics, littleEndian),
    block(NAME_RESOLUTION, new Uint8Array(4), littleEndian),
    block(CUSTOM, ramp(1001), littleEndian),
    // Larger than the window that captures are read through.
    block(CUSTOM, new Uint8Array(600_000), littleEndian),
  ];
}

const noted: typeof enhanced = (number, time, packet, littleEndian = true) =>
  enhanced(number, time, packet, littleEndian, concat(option(1, ascii('noted'), littleEndian), new Uint8Array(4)));

/** Forms of the same traffic, none of which is compressed. */
export const formats: readonly Format[] = [
  pcapFormat('little-endian', { littleEndian: true }),
  pcapFormat('big-endian', { littleEndian: false }),
  pcapFormat('little-endian, nanoseconds', { littleEndian: true, magic: NANOSECONDS }),
  pcapFormat('big-endian, nanoseconds', { littleEndian: false, magic: NANOSECONDS }),
  pcapFormat('longer record headers', { magic: MODIFIED }),
  pcapngFormat('little-endian', { littleEndian: true }),
  pcapngFormat('big-endian', { littleEndian: false }),
  pcapngFormat('nanoseconds', { resolution: 9 }),
  pcapngFormat('big-endian, nanoseconds', { littleEndian: false, resolution: 9 }),
  pcapngFormat('big-endian, 10^-11 s since 2023', { littleEndian: false, resolution: 11, offsetSeconds: 1_700_000_000n }),
  pcapngFormat('2^-30 s', { resolution: BINARY | 30 }),
  pcapngFormat('big-endian, 2^-33 s', { littleEndian: false, resolution: BINARY | 33 }),
  pcapngFormat('three interfaces of different clocks', {
    interfaces: [{ resolution: 9 }, { resolution: BINARY | 32 }, { resolution: 9, offsetSeconds: -1_000_000_000n }],
  }),
  pcapngFormat('obsolete packet blocks', { packetBlock: obsolete, resolution: 9 }),
  pcapngFormat('other blocks between', { packetBlock: noted, resolution: 9, blocks: otherBlocks(true) }),
  twoSections,
];

/** Forms whose times are too coarse for most traffic. */
export const coarseFormats: readonly (Format & { unitNanoseconds: bigint })[] = [
  { ...pcapngFormat('2^-20 s', { resolution: BINARY | 20 }), unitNanoseconds: 15_625_000n },
  { ...pcapngFormat('big-endian, 2^-6 s', { littleEndian: false, resolution: BINARY | 6 }), unitNanoseconds: 15_625_000n },
  { ...pcapngFormat('milliseconds', { resolution: 3 }), unitNanoseconds: 1_000_000n },
  { ...pcapngFormat('seconds', { resolution: 0 }), unitNanoseconds: 1_000_000_000n },
  { ...pcapngFormat('2^0 s', { resolution: BINARY }), unitNanoseconds: 1_000_000_000n },
];

/** pcapng with nanoseconds and a key log in it. */
export function withSecrets(traffic: Traffic, keyLog: Uint8Array, littleEndian: boolean): Uint8Array {
  return pcapng(traffic, { littleEndian, resolution: 9, blocks: [secrets(KEY_LOG, keyLog, littleEndian)] });
}

/** Part `index` of a capture: each has another form, and every third one is compressed. */
export function writtenPart(part: Traffic, index: number): Uint8Array {
  const fitting = formats.filter(({ holds }) => holds(part));
  const bytes = fitting[(index * 5) % fitting.length].write(part);
  return index % 3 === 2 ? gzip(bytes) : bytes;
}

export function gzip(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(gzipSync(bytes, { level: 1 }));
}

/** Members of a length each, as `cat a.gz b.gz` and bgzip make them. */
export function gzipMembers(bytes: Uint8Array, length: number): Uint8Array {
  const parts = Array.from({ length: Math.ceil(bytes.length / length) }, (_, index) =>
    bytes.subarray(index * length, (index + 1) * length),
  );
  return join(parts.map(gzip));
}

function cut(bytes: Uint8Array, missing: number): Uint8Array {
  return bytes.subarray(0, bytes.length - missing);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function i64(value: bigint, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, value, littleEndian);
  return bytes;
}
