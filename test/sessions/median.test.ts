import { describe, expect, it } from 'vitest';
import { Median } from '../../src/sessions/median.js';

function medianOf(values: Iterable<number>): number | null {
  const median = new Median();
  for (const value of values) median.add(value);
  return median.value;
}

describe('a median', () => {
  const cases: [values: number[], median: number | null][] = [
    [[], null],
    [[4], 4],
    [[9, 1], 5],
    [[9, 1, 2], 2],
    [[5, 1, 9, 3], 4],
  ];
  it.each(cases)('of %j is %s', (values, median) => expect(medianOf(values)).toBe(median));

  it('of very many values is near the true one', () => {
    const values = Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 100_000);
    expect(Math.abs((medianOf(values) ?? 0) - 50_000)).toBeLessThan(3_000);
  });
});
