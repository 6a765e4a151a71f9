// The report of every capture, without keys: this project and tshark must say the same of it, or docs/differences.md says why not.
import { beforeAll, describe, expect, it } from 'vitest';
import { mapConcurrently } from '../support/command.js';
import { fixtures } from '../support/fixtures.js';
import { agreements, type Comparison, compare, differences, placeOf, subjects } from './compare.js';
import { type Difference, known, outOfOrder } from './differences.js';
import { differing, type Fact } from './facts.js';
import { installedVersion } from './tshark.js';

const TIMEOUT_MILLISECONDS = 120_000;

/** In CI a missing tshark is a failure, so that the comparison cannot be skipped unnoticed. */
const isRequired = process.env.CI === 'true';
const version = await installedVersion();
/** What the differences are of; other versions may see what this one misses. */
const isDocumented = version?.startsWith('4.0.') ?? false;

const all = subjects();
const comparisons = new Map<string, Comparison>();
const disordered = [...new Set(outOfOrder.map(({ capture }) => capture))];
const reordered = new Map<string, Comparison>();

/** How often the two must say the same at least; no capture has ALPN, which `built.test.ts` compares. */
const COUNTS: [fact: Fact, atLeast: number][] = [
  ['clientHello', 800],
  ['serverHello', 800],
  ['serverName', 600],
  ['version', 800],
  ['cipherSuite', 800],
  ['offeredId', 550],
  ['issuedId', 350],
  ['offeredTicket', 30],
  ['issuedTickets', 40],
  ['offeredPsk', 70],
  ['selectedPsk', 50],
  ['alerts', 600],
  ['clientEnd', 800],
  ['serverEnd', 650],
];

it.runIf(isRequired)('tshark is installed', () => expect(version).not.toBeNull());

describe.skipIf(version === null)('the report and tshark (skipped where tshark is not installed)', () => {
  beforeAll(async () => {
    await mapConcurrently(all, async ({ capture, path }) => comparisons.set(capture, await compare(path)));
    for (const capture of disordered) reordered.set(capture, await compare(fixtures + capture, null, ['tcp.reassemble_out_of_order:TRUE']));
  }, TIMEOUT_MILLISECONDS);

  describe.each(all.map(({ capture }) => capture))('%s', (capture) => {
    const expected = known.filter(({ places, ...shown }) => shown.capture === capture || places.some((place) => place.capture === capture));

    it('frames and TCP connections', () => {
      const { frames, streams } = comparisonOf(capture);
      const counted = expected.find(({ fact }) => fact === 'streams');
      expect(frames[0]).toBe(frames[1]);
      if (counted) expect(streams).toEqual([Number(counted.ours), Number(counted.theirs)]);
      else expect(streams[0]).toBe(streams[1]);
    });

    it('streams', () => {
      const { onlyOurs, onlyTheirs } = comparisonOf(capture);
      expect({ onlyOurs, onlyTheirs }).toEqual({ onlyOurs: [], onlyTheirs: [] });
    });

    it('every fact of every connection', () => {
      const places = placesIn(capture, expected);
      expect(differences(comparisonOf(capture)).filter((difference) => !places.has(difference.split(':')[0]))).toEqual([]);
    });

    if (expected.length === 0) return;
    it.runIf(isDocumented)('differs as it is said to (tshark 4.0)', () => {
      const found = differences(comparisonOf(capture)).map((difference) => difference.split(':')[0]);
      expect(found.sort()).toEqual([...placesIn(capture, expected)].sort());
    });
  });

  it.runIf(isDocumented).each(known.filter(({ fact }) => fact !== 'streams'))('$capture, frame $frame: $row', (difference) => {
    const { capture, stream, frame, ours, theirs } = difference;
    const fact = difference.fact as Fact;
    const found = comparisonOf(capture).connections.get(stream);
    expect([found?.ours[fact], found?.theirs[fact]]).toEqual([ours, theirs]);
    expect(frame).toBeLessThanOrEqual(comparisonOf(capture).frames[0]);
  });

  it.each(disordered)('%s: with tcp.reassemble_out_of_order tshark differs at most in the frames of alerts', (capture) => {
    const connections = [...(reordered.get(capture)?.connections.values() ?? [])];
    expect(connections).toHaveLength(12);
    for (const { ours, theirs } of connections) {
      expect(differing(ours, theirs).filter((fact) => fact !== 'alerts')).toEqual([]);
      expect(theirs.alerts.split(', ')).toHaveLength(ours.alerts.split(', ').length);
    }
  });

  it.each(COUNTS)('agree on %s at least %i times', (fact, atLeast) => {
    expect(agreements(comparisons.values(), fact)).toBeGreaterThanOrEqual(atLeast);
  });
});

function placesIn(capture: string, differences: readonly Difference[]): Set<string> {
  const places = differences.flatMap((difference) => difference.places).filter((place) => place.capture === capture);
  return new Set(places.flatMap(({ stream, facts }) => facts.map((fact) => placeOf(stream, fact))));
}

function comparisonOf(capture: string): Comparison {
  const comparison = comparisons.get(capture);
  if (!comparison) throw new Error(`no comparison of ${capture}`);
  return comparison;
}
