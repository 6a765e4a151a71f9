import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Lifespans } from '../../src/sessions/lifespans.js';

function of(lives: readonly (readonly [number, number])[]): Lifespans {
  const lifespans = new Lifespans();
  for (const [start, end] of lives) lifespans.add(start, end);
  lifespans.seal();
  return lifespans;
}

describe('the lives of sessions', () => {
  const cases: [name: string, lives: [number, number][], gaps: [number, number][]][] = [
    ['none', [], [[-Infinity, Infinity]]],
    [
      'one',
      [[1, 3]],
      [
        [-Infinity, 1],
        [3, Infinity],
      ],
    ],
    [
      'two apart',
      [
        [1, 3],
        [5, 6],
      ],
      [
        [-Infinity, 1],
        [3, 5],
        [6, Infinity],
      ],
    ],
    [
      'two that overlap, out of order',
      [
        [2, 6],
        [1, 3],
      ],
      [
        [-Infinity, 1],
        [6, Infinity],
      ],
    ],
    [
      'two that touch',
      [
        [1, 3],
        [3, 6],
      ],
      [
        [-Infinity, 1],
        [6, Infinity],
      ],
    ],
    [
      'one inside another',
      [
        [1, 9],
        [3, 4],
        [12, 12],
      ],
      [
        [-Infinity, 1],
        [9, 12],
        [12, Infinity],
      ],
    ],
  ];
  it.each(cases)('%s', (_, lives, gaps) => {
    const lifespans = of(lives);
    expect(Array.from({ length: lifespans.gaps }, (_, gap) => [lifespans.gapStart(gap), lifespans.gapEnd(gap)])).toEqual(gaps);
  });

  it('has a gap between two times where some time between them is covered by none', () => {
    const time = fc.integer({ min: 0, max: 12 });
    const life = fc.tuple(time, time).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    fc.assert(
      fc.property(fc.array(life, { maxLength: 6 }), time, time, (lives, a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        fc.pre(from < to);
        const halves = Array.from({ length: (to - from) * 2 }, (_, i) => from + i / 2 + 0.25);
        const isCovered = (at: number) => lives.some(([start, end]) => start <= at && at <= end);
        expect(of(lives).hasGapBetween(from, to)).toBe(!halves.every(isCovered));
      }),
    );
  });
});
