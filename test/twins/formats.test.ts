// The same traffic gives the same report, whatever form it has.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analyze.js';
import { analyzeBytes } from '../../src/analyze-bytes.js';
import type { Report } from '../../src/model.js';
import { scratchDirectory } from '../capture/collect.js';
import { coarseFormats, formats, gzip, gzipMembers, withSecrets, writtenPart } from './formats.js';
import { everything } from './reading.js';
import { told } from './told.js';
import {
  type ClassicFixture,
  classicFixture,
  classicFixtures,
  evenly,
  laterPackets,
  rounded,
  split,
  type Traffic,
  trafficOf,
} from './traffic.js';

const FILES = 5;
const FORMS_OF_MICROSECONDS = 5;
/** No divisor or multiple of anything that a file has. */
const MEMBER_BYTES = 9973;

const compressions = [gzip, (bytes: Uint8Array) => gzipMembers(bytes, MEMBER_BYTES)];

const scratch = scratchDirectory();
const classic = classicFixtures().map((fixture, index) => ({ ...fixture, index }));
const TLS13 = classicFixture('tls13-jetty-legacy-stateful.pcap');

function decompressed(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  return new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip'));
}

/** The forms that can hold the traffic: microseconds cannot hold nanoseconds. */
function formsOf(traffic: Traffic) {
  return formats.filter(({ holds }) => holds(traffic));
}

async function reportOf(fixture: ClassicFixture): Promise<unknown> {
  return told(await analyze(fixture.path, everything(fixture)));
}

/** By `analyzeBytes`, which decrypts nothing on its own, where there are no keys. */
function analyzed(bytes: Uint8Array, fixture: ClassicFixture): Promise<Report> {
  const { keep, limits, keyLog } = everything(fixture);
  return keyLog === undefined ? analyzeBytes(bytes, { keep, limits }) : analyze(bytes, { keep, limits, keyLog });
}

/** Neither in order nor the other way round. */
function shuffled<T>(items: readonly T[]): T[] {
  return [...items.filter((_, index) => index % 2 === 1), ...items.filter((_, index) => index % 2 === 0).reverse()];
}

describe('one report, whatever the form, of', () => {
  it.each(classic)('$file', async ({ index, ...fixture }) => {
    const expected = await reportOf(fixture);
    const traffic = trafficOf(fixture.bytes);
    const forms = formsOf(traffic);
    const { what, write } = forms[index % forms.length];
    const compression = compressions.at(index % (compressions.length + 1));
    const report = compression ? analyze(compression(write(traffic)), everything(fixture)) : analyzed(write(traffic), fixture);
    expect(told(await report), what).toEqual(expected);

    const parts = split(traffic, evenly(laterPackets(traffic), FILES - 1)).map((part, place) => writtenPart(part, index + place));
    const paths = parts.map((part, place) => scratch.write(`part${place}`, part));
    expect(told(await analyze(shuffled(paths), everything(fixture))), 'in several files').toEqual(expected);
  });
});

describe('every form gives the report of', () => {
  it.each([TLS13, classicFixture('q-cut.pcap'), classicFixture('q-nano.pcap')])('$file', async (fixture) => {
    const expected = await reportOf(fixture);
    const traffic = trafficOf(fixture.bytes);
    const forms = formsOf(traffic);
    expect(forms).toHaveLength(fixture.file === 'q-nano.pcap' ? formats.length - FORMS_OF_MICROSECONDS : formats.length);
    for (const { what, write } of forms) expect(told(await analyzed(write(traffic), fixture)), what).toEqual(expected);
  });
});

describe('times of a coarse unit', () => {
  it.each(coarseFormats)('$what', async ({ unitNanoseconds, holds, write }) => {
    expect(holds(trafficOf(TLS13.bytes))).toBe(false);
    const traffic = rounded(trafficOf(TLS13.bytes), unitNanoseconds);
    expect(holds(traffic)).toBe(true);
    const expected = told(await analyze(formats[0].write(traffic), everything(TLS13)));
    expect(told(await analyze(write(traffic), everything(TLS13)))).toEqual(expected);
    expect(expected).not.toEqual(await reportOf(TLS13));
  });
});

describe('a key log', () => {
  it.each([true, false])('in the capture is one beside it (little-endian: %s)', async (littleEndian) => {
    const keyLog = readFileSync(TLS13.keyLog as string);
    const inside = withSecrets(trafficOf(TLS13.bytes), keyLog, littleEndian);
    const expected = await reportOf(TLS13);
    const without = everything({ keyLog: null });
    expect(told(await analyze(inside, without))).toEqual(expected);
    expect(told(await analyze(gzip(inside), without))).toEqual(expected);
    expect(told(await analyze(TLS13.path, without))).not.toEqual(expected);
  });
});

describe('analyzeBytes', () => {
  it.each(compressions)('reports what analyze does, of a gzip that it is given decompressed', async (compression) => {
    const options = everything({ keyLog: null });
    const expected = told(await analyze(TLS13.path, options));
    expect(told(await analyzeBytes(decompressed(compression(TLS13.bytes)), options))).toEqual(expected);
  });
});
