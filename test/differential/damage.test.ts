// Captures that were damaged at random: all that tshark makes out in them, the report holds as well.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { concat, type Packet, pcap } from '../capture/build.js';
import { Random } from '../simulation/random.js';
import { fixtures } from '../support/fixtures.js';
import { framesOf } from '../tcp/frames.js';
import { type Comparison, compare } from './compare.js';
import { FACTS, type Fact, type Facts, NONE } from './facts.js';
import { installedVersion } from './tshark.js';

const TIMEOUT_MILLISECONDS = 120_000;
const SEED = Number(process.env.DAMAGE_SEED ?? 20261121);
const COPIES = 2;
const START_SECONDS = 1_700_000_000;

/** Ethernet without tags, IPv4 without options. */
const CAPTURES = [
  'jetty-mixed',
  'jetty-clean-tls12',
  'tickets-tls12',
  'tickets-tls12-jetty-empty-ticket',
  'tls13-nginx',
  'fatal-alerts',
  'client-certificate',
  'proxy-protocol-v1',
  'starttls-smtp',
  'q-small-segments',
  'haproxy-java',
];
const IP = 14;
const TCP = IP + 20;

interface Frame {
  data: Uint8Array;
  originalLength: number;
}

const kinds: Record<string, (frames: Frame[], random: Random) => Frame[]> = {
  'one frame lost': (frames, random) => frames.toSpliced(random.integer(0, frames.length - 1), 1),
  '5 % of the frames lost': (frames, random) => frames.filter(() => !random.chance(0.05)),
  '10 % of the frames twice': (frames, random) => frames.flatMap((frame) => (random.chance(0.1) ? [frame, frame] : [frame])),
  'frames swapped': (frames, random) => {
    const swapped = [...frames];
    for (let i = 1; i < swapped.length; i += 2) if (random.chance(0.1)) [swapped[i - 1], swapped[i]] = [swapped[i], swapped[i - 1]];
    return swapped;
  },
  'a snap length': (frames, random) => {
    const snapLength = random.integer(TCP + 20, 300);
    return frames.map((frame) => ({ ...frame, data: frame.data.subarray(0, snapLength) }));
  },
  'begun late': (frames, random) => frames.slice(random.integer(0, frames.length / 2)),
  'ended early': (frames, random) => frames.slice(0, random.integer(frames.length / 3, frames.length)),
  'segments split': (frames, random) => frames.flatMap((frame) => (random.chance(0.3) ? split(frame, random) : [frame])),
  'one direction only': (frames, random) => {
    const fromServer = random.chance(0.5);
    return frames.filter(({ data }) => u16(data, TCP) < u16(data, TCP + 2) === fromServer);
  },
  'ports used again': (frames) => [...frames, ...frames.map(withOtherNumbers)],
};

/** What an alert or an end is called depends on what else is known of it; its frame does not. */
const BY_FRAME: readonly Fact[] = ['alerts', 'clientEnd', 'serverEnd'];

/** Its ServerHello promises a ticket; where that is not seen, the session ID may stand for nothing (RFC 5077 3.3). */
const MAY_BE_VOID = 'tickets-tls12-jetty-empty-ticket: ';

const isInstalled = (await installedVersion()) !== null;
const folder = mkdtempSync(join(tmpdir(), 'closenotify-damage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!isInstalled)(`damage of seed ${SEED} (skipped where tshark is not installed)`, () => {
  const labels: string[] = [];
  let comparison: Comparison;

  beforeAll(async () => {
    const random = new Random(SEED);
    const packets: Packet[] = [];
    for (const capture of Array.from({ length: COPIES }, () => CAPTURES).flat()) {
      const frames = framesOf(readFileSync(`${fixtures}${capture}.pcap`)).map((data) => ({ data, originalLength: data.length }));
      for (const [kind, damage] of Object.entries(kinds)) {
        const number = labels.push(`${capture}: ${kind}`);
        for (const { data, originalLength } of damage(frames, random)) {
          const milliseconds = packets.length;
          const time = { seconds: START_SECONDS + Math.floor(milliseconds / 1000), nanoseconds: (milliseconds % 1000) * 1e6 };
          packets.push({ ...time, data: withAddresses(data, number), originalLength });
        }
      }
    }
    const path = join(folder, 'damaged.pcap');
    writeFileSync(path, pcap(packets));
    comparison = await compare(path);
  }, TIMEOUT_MILLISECONDS);

  it('leaves frames and streams as tshark counts them', () => {
    expect(comparison.frames[0]).toBe(comparison.frames[1]);
    expect(comparison.streams[0]).toBe(comparison.streams[1]);
    expect(comparison.connections.size).toBeGreaterThan(2000);
  });

  it('hides no connection with a hello that tshark sees', () => {
    expect({ ours: comparison.onlyOurs, theirs: comparison.onlyTheirs }).toEqual({ ours: [], theirs: [] });
  });

  it.each(FACTS)('hides no %s that tshark sees', (fact) => {
    const hidden = [...comparison.connections].filter(([, { ours, theirs }]) => !holds(ours, theirs, fact));
    const told = hidden.map(([stream, { ours, theirs }]) => `${labelOf(ours)} stream ${stream}: ${ours[fact]} | ${theirs[fact]}`);
    expect(told.filter((text) => fact !== 'issuedId' || !text.startsWith(MAY_BE_VOID))).toEqual([]);
  });

  function labelOf({ client }: Facts): string {
    const [high, low] = client.split('.').map(Number);
    return labels[(high << 8) + low - FIRST_ADDRESS - 1];
  }
});

function holds(ours: Facts, theirs: Facts, fact: Fact): boolean {
  if (theirs[fact] === NONE || ours[fact] === theirs[fact]) return true;
  if (!BY_FRAME.includes(fact)) return false;
  const frames = new Set(ours[fact].split(', ').map((value) => Number.parseInt(value, 10)));
  return theirs[fact].split(', ').every((value) => frames.has(Number.parseInt(value, 10)));
}

/** Addresses that begin with 1.0, 1.1 and so on, so that the copies are not taken for one traffic. */
const FIRST_ADDRESS = 1 << 8;

function withAddresses(data: Uint8Array, number: number): Uint8Array {
  const copy = data.slice();
  for (const at of [IP + 12, IP + 16]) copy.set(bytes16(FIRST_ADDRESS + number), at);
  return copy;
}

/** The same frame of a later connection. */
function withOtherNumbers({ data, originalLength }: Frame): Frame {
  const copy = data.slice();
  const view = new DataView(copy.buffer);
  const isAcknowledging = (copy[TCP + 13] & 0x10) !== 0;
  for (const at of isAcknowledging ? [TCP + 4, TCP + 8] : [TCP + 4]) view.setUint32(at, view.getUint32(at) + 7_000_000);
  return { data: copy, originalLength };
}

/** A segment in two, as another MSS would have it; the first has no less than a record header. */
function split(frame: Frame, random: Random): Frame[] {
  const { data } = frame;
  const start = TCP + (data[TCP + 12] >> 4) * 4;
  const end = IP + u16(data, IP + 2);
  if (end - start < 12 || data.length < end) return [frame];
  const cut = random.integer(6, end - start - 1);
  const first = data.slice(0, start + cut);
  first[TCP + 13] &= ~1; // FIN
  const second = concat(data.subarray(0, start), data.subarray(start + cut, end));
  const view = new DataView(second.buffer);
  view.setUint32(TCP + 4, view.getUint32(TCP + 4) + cut);
  return [first, second].map((part) => {
    part.set(bytes16(part.length - IP), IP + 2);
    return { data: part, originalLength: part.length };
  });
}

function u16(data: Uint8Array, at: number): number {
  return (data[at] << 8) | data[at + 1];
}

function bytes16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}
