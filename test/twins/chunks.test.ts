// A stream gives the report of its bytes, wherever its chunks begin.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analyze.js';
import { chunks, collect, seen } from '../capture/collect.js';
import { fixtures } from '../support/fixtures.js';
import { formats, gzip } from './formats.js';
import { everything } from './reading.js';
import { told } from './told.js';
import { classicFixture, trafficOf } from './traffic.js';

const SMALL = classicFixture('renegotiation.pcap');
const TLS13 = classicFixture('tls13-jetty-legacy-stateful.pcap');
const WITHOUT_KEYS = everything({ keyLog: null });

/** Every byte of a file header and of the first record headers is before a cut. */
const HEADER_BYTES = 300;
const RANDOM_RUNS = 40;
/** Around the lengths of headers and records; 524,288 is the window. */
const LENGTHS = [1, 2, 3, 7, 13, 16, 24, 251, 4097, 65_521, 524_288, 700_001];

const traffic = trafficOf(SMALL.bytes);
const encodings = new Map([
  ...formats.map(({ what, write }): [string, Uint8Array] => [what, write(traffic)]),
  ['a gzip of pcap', gzip(formats[0].write(traffic))],
  ['a gzip of pcapng', gzip(formats[5].write(traffic))],
]);
const encoded = (what: string) => encodings.get(what) as Uint8Array;

async function* cutInTwo(bytes: Uint8Array, at: number): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(0, at);
  yield bytes.subarray(at);
}

/** Chunks of the lengths in turn, empty ones included. */
async function* inTurn(bytes: Uint8Array, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = lengths[turn % lengths.length];
    yield bytes.slice(at, at + length);
    at += length;
  }
}

describe('chunks of', () => {
  it.each([
    { length: 1, files: ['q-cut.pcap', 'q-gzip.pcap.gz'] },
    { length: 7, files: ['q-two-interfaces.pcapng', 'q-gzip.pcap.gz', TLS13.file] },
    { length: 4097, files: ['tls13-nginx-dsb.pcapng', 'q-two-interfaces.pcapng', 'q-cut.pcap', 'q-gzip.pcap.gz', TLS13.file] },
    { length: 65_521, files: ['forum-haproxy.pcap', 'tls13-nginx-dsb.pcapng'] },
  ])('$length bytes', async ({ length, files }) => {
    for (const file of files) {
      const options = file === TLS13.file ? everything(TLS13) : WITHOUT_KEYS;
      const expected = told(await analyze(fixtures + file, options));
      expect(told(await analyze(chunks(readFileSync(fixtures + file), length), options)), file).toEqual(expected);
    }
  });
});

describe('a cut in two at each of the first bytes of', () => {
  it.each(['pcap, little-endian', 'pcapng, big-endian', 'pcapng, other blocks between', 'a gzip of pcap'])('%s', async (what) => {
    const expected = { frames: seen(traffic.packets, traffic.linkType), warnings: [] };
    const bytes = encoded(what);
    for (let at = 0; at < HEADER_BYTES; at++) {
      const { frames, warnings } = await collect([cutInTwo(bytes, at)]);
      expect({ frames, warnings }, `before byte ${at}`).toEqual(expected);
    }
  });
});

describe('chunks of random lengths', () => {
  it('give the report of the whole, in every form', async () => {
    const expected = told(await analyze(SMALL.path, WITHOUT_KEYS));
    const length = fc.oneof(fc.constantFrom(0, ...LENGTHS), fc.integer({ min: 1, max: 5000 }));
    // One of them is not empty, so that the bytes have an end.
    const lengths = fc.tuple(fc.array(length, { maxLength: 8 }), fc.integer({ min: 1, max: 100_000 })).map(([some, one]) => [...some, one]);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...encodings.keys()), lengths, async (what, turns) => {
        expect(told(await analyze(inTurn(encoded(what), turns), WITHOUT_KEYS))).toEqual(expected);
      }),
      { numRuns: RANDOM_RUNS },
    );
  });
});
