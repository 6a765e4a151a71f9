// npm pcap-parser and our own reader see the same packets, and where they do not, it is known why.
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analyze.js';
import { concat, MODIFIED, NANOSECONDS, PACKETS, pcap, ramp } from '../capture/build.js';
import { collect, type SeenFrame, seen } from '../capture/collect.js';
import { parse } from '../support/pcap-parser.js';
import { formats } from '../twins/formats.js';
import { everything } from '../twins/reading.js';
import { told } from '../twins/told.js';
import { type ClassicFixture, classicFixtures, rounded, type Traffic, trafficOf } from '../twins/traffic.js';

interface Header {
  linkLayerType: number;
  snapshotLength: number;
}

interface Packet {
  header: { timestampSeconds: number; timestampMicroseconds: number; capturedLength: number; originalLength: number };
  data: Buffer;
}

interface Parsed {
  header: Header | null;
  frames: SeenFrame[];
  error: string | null;
}

/** What pcap-parser does not read at all, by the first four bytes. It says so, and has no packet. */
const UNKNOWN: Readonly<Record<string, string>> = {
  '4d3cb2a1': 'nanoseconds',
  '1f8b0800': 'gzip',
};
/** It has the packets before the cut, and does not say that there is one. */
const SILENTLY_CUT = new Set(['q-cut.pcap']);

const ODD_BYTES = 251;

const fixtures = classicFixtures().map((fixture) => ({ ...fixture, magic: readFileSync(fixture.path).toString('hex', 0, 4) }));
const known = fixtures.filter(({ magic }) => UNKNOWN[magic] === undefined);
const unknown = fixtures.filter(({ magic }) => UNKNOWN[magic] !== undefined);

/** Everything that pcap-parser emits, in the words of our own reader. */
function parsed(input: string | Readable): Promise<Parsed> {
  return new Promise((settle) => {
    const all: Parsed = { header: null, frames: [], error: null };
    const parser = parse(input);
    parser.on('globalHeader', (header) => {
      all.header = header as Header;
    });
    parser.on('packet', (packet) => {
      const { header, data } = packet as Packet;
      expect(header.capturedLength).toBe(data.length);
      all.frames.push({
        hex: data.toString('hex'),
        originalLength: header.originalLength,
        seconds: header.timestampSeconds,
        nanoseconds: header.timestampMicroseconds * 1000,
        linkType: (all.header as Header).linkLayerType,
      });
    });
    parser.on('error', (error) => {
      all.error = (error as Error).message;
    });
    parser.on('end', () => settle(all));
  });
}

function streamed(bytes: Uint8Array, length = bytes.length): Readable {
  const parts = Array.from({ length: Math.ceil(bytes.length / length) }, (_, index) =>
    bytes.subarray(index * length, (index + 1) * length),
  );
  return Readable.from(parts.map((part) => Buffer.from(part)));
}

/** Its packets as pcap-parser can read them. */
function readable({ bytes }: ClassicFixture): Uint8Array {
  const traffic: Traffic = rounded(trafficOf(bytes), 1000n);
  return formats[0].write(traffic);
}

describe('the same packets of', () => {
  it.each(known)('$file', async ({ file, path }) => {
    const theirs = await parsed(path);
    const ours = await collect([path]);
    expect(theirs.frames).toEqual(ours.frames);
    expect(theirs.error).toBeNull();
    expect(ours.warnings.map(({ code }) => code)).toEqual(SILENTLY_CUT.has(file) ? ['capture-cut'] : []);
  });

  it.each(unknown)('$file, as microseconds and without gzip', async (fixture) => {
    const bytes = readable(fixture);
    expect((await parsed(streamed(bytes))).frames).toEqual((await collect([bytes])).frames);
  });
});

describe('no packet', () => {
  it.each(unknown)('of $file', async ({ path, magic }) => {
    expect(await parsed(path)).toEqual({ header: null, frames: [], error: `unknown magic number: ${magic}` });
  });

  it('of what is in a table that is used', () => {
    expect([...new Set(unknown.map(({ magic }) => magic))].sort()).toEqual(Object.keys(UNKNOWN).sort());
  });
});

describe('the same report of', () => {
  it.each(known)('$file', async (fixture) => {
    const expected = await analyze(fixture.path, everything(fixture));
    expect(await analyze(parse(fixture.path), everything(fixture))).toEqual(expected);
  });

  it.each(unknown.filter(({ magic }) => magic !== '4d3cb2a1'))('$file, in chunks without gzip', async (fixture) => {
    const report = await analyze(parse(streamed(fixture.bytes, ODD_BYTES)), everything(fixture));
    expect(told(report)).toEqual(told(await analyze(fixture.path, everything(fixture))));
  });
});

describe('what no fixture has', () => {
  const longest = { seconds: 1, nanoseconds: 0, data: ramp(262_144) };
  const odd = [
    { seconds: 1, nanoseconds: 0, data: ramp(0), originalLength: 60 },
    { seconds: 0xffffffff, nanoseconds: 999_999_000, data: ramp(60), originalLength: 10 },
    longest,
  ];

  it.each([
    { what: 'big-endian', bytes: pcap(PACKETS, { littleEndian: false }) },
    { what: 'packets of no bytes, longer than they were, of the largest length', bytes: pcap(odd) },
    { what: 'no packets', bytes: pcap([]) },
    { what: 'a version that is not 2.4', bytes: version(pcap(PACKETS), 2, 3) },
    { what: 'an offset from UTC, which nobody writes and nobody reads', bytes: pcap(PACKETS).fill(1, 8, 12) },
  ])('is the same to both: $what', async ({ bytes }) => {
    const ours = await collect([bytes]);
    expect(await parsed(streamed(bytes, ODD_BYTES))).toMatchObject({ frames: ours.frames, error: null });
  });

  it.each([
    { what: 'nanoseconds', bytes: pcap(PACKETS, { magic: NANOSECONDS }), error: 'unknown magic number: 4d3cb2a1' },
    {
      what: 'big-endian nanoseconds',
      bytes: pcap(PACKETS, { magic: NANOSECONDS, littleEndian: false }),
      error: 'unknown magic number: a1b23c4d',
    },
    { what: 'longer record headers', bytes: pcap(PACKETS, { magic: MODIFIED }), error: 'unknown magic number: 34cdb2a1' },
    {
      what: 'version 1.3',
      bytes: version(pcap(PACKETS), 1, 3),
      error: 'unsupported version 1.3. pcap-parser only parses libpcap file format 2.4',
    },
  ])('is read by us alone: $what', async ({ bytes, error }) => {
    expect((await collect([bytes])).frames).toEqual(seen(PACKETS));
    expect(await parsed(streamed(bytes))).toMatchObject({ frames: [], error });
  });

  it('a fraction of more than a second: we carry it over', async () => {
    const bytes = pcap([{ seconds: 5, nanoseconds: 2_500_000_000, data: ramp(4) }]);
    const [theirs, ours] = [await parsed(streamed(bytes)), await collect([bytes])];
    expect(theirs.frames).toEqual([{ ...ours.frames[0], seconds: 5, nanoseconds: 2_500_000_000 }]);
    expect(ours.frames[0]).toMatchObject({ seconds: 7, nanoseconds: 500_000_000 });
    expect((await collect([parse(streamed(bytes))])).frames).toEqual(ours.frames);
  });

  it('a frame check sequence: we leave its length out of the link type', async () => {
    const bytes = pcap(PACKETS, { linkType: 0x24000001 });
    const [theirs, ours] = [await parsed(streamed(bytes)), await collect([bytes])];
    expect(theirs.frames).toEqual(ours.frames.map((frame) => ({ ...frame, linkType: 0x24000001 })));
    expect(ours.frames).toEqual(seen(PACKETS));
    expect((await collect([parse(streamed(bytes))])).frames).toEqual(ours.frames);
  });

  it('a packet longer than any is: it has it, we stop before it', async () => {
    const bytes = pcap([PACKETS[0], { ...longest, data: ramp(262_145) }]);
    const [theirs, ours] = [await parsed(streamed(bytes)), await collect([bytes])];
    expect(theirs.frames.map(({ hex }) => hex.length / 2)).toEqual([60, 262_145]);
    expect(ours.frames).toEqual(theirs.frames.slice(0, 1));
    expect(ours.warnings).toMatchObject([{ code: 'capture-damaged', frame: 1 }]);
  });

  it('a cut: it says nothing of it', async () => {
    const whole = pcap(PACKETS);
    for (let length = 24; length < whole.length; length++) {
      const bytes = whole.subarray(0, length);
      const [theirs, ours] = [await parsed(streamed(bytes)), await collect([bytes])];
      expect(theirs, `${length} bytes`).toMatchObject({ frames: ours.frames, error: null });
      expect((await collect([parse(streamed(bytes))])).warnings.length, `${length} bytes`).toBe(ours.warnings.length);
    }
  });
});

function version(file: Uint8Array, major: number, minor: number): Uint8Array {
  return concat(file.subarray(0, 4), Uint8Array.of(major, 0, minor, 0), file.subarray(8));
}
