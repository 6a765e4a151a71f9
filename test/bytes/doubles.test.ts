import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Doubles } from '../../src/bytes/doubles.js';

function of(values: readonly number[]): Doubles {
  const doubles = new Doubles();
  for (const value of values) doubles.push(value);
  return doubles;
}

describe('a list of doubles', () => {
  it('keeps what is pushed, however much', () => {
    const values = Array.from({ length: 1000 }, (_, i) => i * 1.5);
    const doubles = of(values);
    expect(doubles.size).toBe(1000);
    expect(values.map((_, i) => doubles.at(i))).toEqual(values);
  });

  it('counts like a filter once it is sorted', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 })), fc.integer({ min: -10, max: 10 }), (values, value) => {
        const doubles = of(values);
        doubles.sort();
        expect(doubles.countBelow(value)).toBe(values.filter((other) => other < value).length);
        expect(doubles.countUpTo(value)).toBe(values.filter((other) => other <= value).length);
      }),
    );
  });
});
