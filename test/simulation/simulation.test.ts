import { beforeAll, describe, expect, it } from 'vitest';
import type { Cause } from '../../src/model.js';
import { type Evaluation, evaluate } from './evaluate.js';
import { narrate } from './narrate.js';
import { simulate } from './simulate.js';
import { tableOf } from './table.js';

const CAPTURES = 2000;

/** Fewer findings than these would say nothing. */
const ENOUGH_HIGH = 500;
const PRECISION = { high: 0.99, medium: 0.93 };
/** Of the sessions that nothing but an unclean close cost, and whose packets are there: found at all, and with high confidence. */
const CLEAR_RECALL = { any: 0.98, high: 0.45 };
/** Of the captures in which no unclean close cost a session, and of those in which one did. */
const WRONG_VERDICTS = { invalidates: 0.01, tolerates: 0.03 };

/** How many of the declines that have this cause are said to have it, at least. */
const TOLD: readonly [cause: Cause, share: number][] = [
  ['unclean-close', 0.9],
  ['reset-race', 0.9],
  ['unknown-session', 0.9],
  ['never-resumable', 0.8],
  ['ticket-reused', 0.9],
  // These only a comparison of sessions can tell, and a small capture may fit several.
  ['expired', 0.75],
  ['restarted', 0.4],
  ['key-rotated', 0.75],
  ['evicted', 0.55],
  ['other-node', 0.75],
];

describe('a simulated capture', () => {
  it('is determined by its seed', () => {
    expect(simulate(7)).toEqual(simulate(7));
    expect(simulate(7).packets).not.toEqual(simulate(8).packets);
  });
});

describe('the report of simulated captures', () => {
  let result: Evaluation;
  beforeAll(() => {
    result = evaluate(Array.from({ length: CAPTURES }, (_, seed) => seed));
    console.info(tableOf(result));
  }, 120_000);

  it('knows what was accepted and what was declined, where the capture is whole', () => {
    expect(result.misread).toBe(0);
  });

  it('finds with high confidence only what is so', () => {
    const { right, wrong } = result.precision.high;
    expect(right + wrong).toBeGreaterThanOrEqual(ENOUGH_HIGH);
    const list = result.wrong.filter(({ confidence }) => confidence === 'high');
    const story = list.length > 0 ? `${JSON.stringify(list, null, 1)}\n${narrate(list[0].seed)}` : '';
    expect(right / (right + wrong), story).toBeGreaterThanOrEqual(PRECISION.high);
  });

  it('finds with medium confidence what is mostly so', () => {
    const { right, wrong } = result.precision.medium;
    expect(right / (right + wrong)).toBeGreaterThanOrEqual(PRECISION.medium);
  });

  it('finds the sessions that only an unclean close cost', () => {
    const { high, medium, low, missed } = result.clearRecall;
    const total = high + medium + low + missed;
    expect(total).toBeGreaterThan(5000);
    expect((total - missed) / total).toBeGreaterThanOrEqual(CLEAR_RECALL.any);
    expect(high / total).toBeGreaterThanOrEqual(CLEAR_RECALL.high);
  });

  it('says of hardly a server that it invalidates where it does not, nor that it tolerates where it does not', () => {
    const { invalidated, kept } = result.verdicts;
    expect(shareOf(kept, 'invalidates-on-unclean-close')).toBeLessThan(WRONG_VERDICTS.invalidates);
    expect(shareOf(invalidated, 'tolerates-unclean-close')).toBeLessThan(WRONG_VERDICTS.tolerates);
  });

  const told = (cause: Cause): number => shareOf(result.causes.get(cause) ?? new Map(), cause);

  it.each(TOLD)('says %s where it is so', (cause, share) => {
    expect(told(cause)).toBeGreaterThanOrEqual(share);
  });
});

function shareOf(counts: ReadonlyMap<string, number>, what: string): number {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return (counts.get(what) ?? 0) / total;
}
