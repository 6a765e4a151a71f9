/** What a classic pcap holds, read without the reader that is tested. */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { NANOSECONDS, type Packet } from '../capture/build.js';
import { fixtures } from '../support/fixtures.js';

export interface Traffic {
  packets: readonly Packet[];
  linkType: number;
  snapLength: number;
  /** Bytes of the last packet that the file ends before. */
  missing: number;
}

export interface ClassicFixture {
  /** Below `fixtures/`. */
  file: string;
  path: string;
  /** Decompressed. */
  bytes: Uint8Array;
  /** Path of its key log. */
  keyLog: string | null;
}

const BIG_ENDIAN = 0xa1;
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;

const KEYS = new Set(readdirSync(`${fixtures}keys`));

/** Every classic pcap of the fixtures and of the cases, also where gzip is around it. */
export function classicFixtures(): ClassicFixture[] {
  const files = ['', 'cases/'].flatMap((folder) => readdirSync(fixtures + folder).map((file) => folder + file));
  return files
    .filter((file) => /\.pcap(\.gz)?$/.test(file))
    .sort()
    .map((file) => {
      const keys = file.replace(/\.pcap(\.gz)?$/, '.keys');
      const stored = readFileSync(fixtures + file);
      const bytes = new Uint8Array(file.endsWith('.gz') ? gunzipSync(stored) : stored);
      return { file, path: fixtures + file, bytes, keyLog: KEYS.has(keys) ? `${fixtures}keys/${keys}` : null };
    });
}

export function classicFixture(file: string): ClassicFixture {
  const found = classicFixtures().find((fixture) => fixture.file === file);
  if (!found) throw new Error(`no fixture ${file}`);
  return found;
}

export function trafficOf(file: Uint8Array): Traffic {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const little = file[0] !== BIG_ENDIAN;
  const nanosecondsPerFraction = view.getUint32(0, little) === NANOSECONDS ? 1 : 1000;
  const packets: Packet[] = [];
  let at = FILE_HEADER_BYTES;
  while (at < file.length) {
    const [seconds, fraction, length, originalLength] = [0, 4, 8, 12].map((field) => view.getUint32(at + field, little));
    const data = new Uint8Array(length);
    at += RECORD_HEADER_BYTES;
    data.set(file.subarray(at, at + length));
    at += length;
    packets.push({ seconds, nanoseconds: fraction * nanosecondsPerFraction, data, originalLength });
  }
  return { packets, linkType: view.getUint32(20, little), snapLength: view.getUint32(16, little), missing: at - file.length };
}

/** The traffic cut before the packets `at`, which count from 0. */
export function split(traffic: Traffic, at: readonly number[]): Traffic[] {
  const bounds = [0, ...at, traffic.packets.length];
  return bounds.slice(1).map((end, part) => ({
    ...traffic,
    packets: traffic.packets.slice(bounds[part], end),
    missing: part === at.length ? traffic.missing : 0,
  }));
}

/** Packets that are later than all before them: files that begin with them have one order. */
export function laterPackets({ packets }: Traffic): number[] {
  let latest = -1n;
  return packets.flatMap((packet, index) => {
    const time = nanosecondsOf(packet);
    if (time <= latest) return [];
    latest = time;
    return index === 0 ? [] : [index];
  });
}

/** `count` of the values, or all of them, as far from each other as they can be. */
export function evenly<T>(values: readonly T[], count: number): T[] {
  if (values.length <= count) return [...values];
  return Array.from({ length: count }, (_, index) => values[Math.floor(((index + 0.5) * values.length) / count)]);
}

/** Times rounded down to multiples of a unit. */
export function rounded(traffic: Traffic, unitNanoseconds: bigint): Traffic {
  const packets = traffic.packets.map((packet) => {
    const time = nanosecondsOf(packet);
    const down = time - (time % unitNanoseconds);
    return { ...packet, seconds: Number(down / 1_000_000_000n), nanoseconds: Number(down % 1_000_000_000n) };
  });
  return { ...traffic, packets };
}

export function nanosecondsOf({ seconds, nanoseconds }: Packet): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
}
