// A capture in several files, of any forms and named in any order, gives the report of the whole.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analyze.js';
import { scratchDirectory } from '../capture/collect.js';
import { formats, withSecrets, writtenPart } from './formats.js';
import { everything } from './reading.js';
import { told } from './told.js';
import { classicFixture, classicFixtures, evenly, laterPackets, split, trafficOf } from './traffic.js';

const FILES = 5;
const CUTS = 20;
const RANDOM_RUNS = 15;
const MOST_RANDOM_FILES = 12;

const scratch = scratchDirectory();
const classic = classicFixtures()
  .map((fixture) => ({ ...fixture, later: laterPackets(trafficOf(fixture.bytes)) }))
  .filter(({ later }) => later.length > 0);
const SMALL = classicFixture('renegotiation.pcap');
const MIXED = classicFixture('jetty-mixed.pcap');
const TLS13 = classicFixture('tls13-jetty-legacy-stateful.pcap');

function files(parts: readonly Uint8Array[]): string[] {
  return parts.map((part, index) => scratch.write(`part${index}`, part));
}

describe('a capture', () => {
  it('cut before any packet is read in the order that its parts are named in, where that is no matter of time', async () => {
    const traffic = trafficOf(MIXED.bytes);
    const expected = told(await analyze(MIXED.path, everything(MIXED)));
    for (const at of evenly([...traffic.packets.keys()], CUTS)) {
      const [first, second] = split(traffic, [at]);
      // Streams are not looked into before they are read.
      expect(told(await analyze([writtenPart(first, at), writtenPart(second, at + 1)], everything(MIXED))), `before packet ${at}`).toEqual(
        expected,
      );
    }
  });

  it('with a file for each packet, and empty files', async () => {
    const traffic = trafficOf(SMALL.bytes);
    const parts = split(traffic, [...traffic.packets.keys()]);
    expect(parts[0].packets).toEqual([]);
    const expected = told(await analyze(SMALL.path, everything(SMALL)));
    expect(told(await analyze(files(parts.map(writtenPart)), everything(SMALL)))).toEqual(expected);
    expect(told(await analyze(parts.map(writtenPart), everything(SMALL)))).toEqual(expected);
  });

  it('with its key log in the first part', async () => {
    const traffic = trafficOf(TLS13.bytes);
    const [first, ...rest] = split(traffic, evenly(laterPackets(traffic), FILES - 1));
    const keyLog = readFileSync(TLS13.keyLog as string);
    const paths = files([withSecrets(first, keyLog, true), ...rest.map(writtenPart)]);
    const expected = told(await analyze(TLS13.path, everything(TLS13)));
    expect(told(await analyze(paths.reverse(), everything({ keyLog: null })))).toEqual(expected);
  });

  it('cut anywhere, with its parts named in any order', async () => {
    const pieces = fc.nat({ max: classic.length - 1 }).chain((which) =>
      fc.record({
        which: fc.constant(which),
        at: fc.uniqueArray(fc.constantFrom(...classic[which].later), { minLength: 1, maxLength: MOST_RANDOM_FILES - 1 }),
        form: fc.nat({ max: formats.length }),
        order: fc.array(fc.double({ noNaN: true }), { minLength: MOST_RANDOM_FILES, maxLength: MOST_RANDOM_FILES }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(pieces, async ({ which, at, form, order }) => {
        const fixture = classic[which];
        const parts = split(
          trafficOf(fixture.bytes),
          [...at].sort((a, b) => a - b),
        );
        const paths = files(parts.map((part, index) => writtenPart(part, index + form)));
        const named = paths.map((path, index) => ({ path, rank: order[index] })).sort((a, b) => a.rank - b.rank);
        const report = await analyze(
          named.map(({ path }) => path),
          everything(fixture),
        );
        expect(told(report), fixture.file).toEqual(told(await analyze(fixture.path, everything(fixture))));
      }),
      { numRuns: RANDOM_RUNS },
    );
  });
});
