import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Interval, Tally } from '../../src/model.js';
import { attributableFraction, fisherExact, riskDifference } from '../../src/sessions/statistics.js';

/** Declined and resumed after unclean closes, then declined and resumed without. */
type Table = readonly [exposedDeclined: number, exposedResumed: number, controlDeclined: number, controlResumed: number];

function tallies([a, b, c, d]: Table): [exposed: Tally, control: Tally] {
  return [
    { declined: a, resumed: b },
    { declined: c, resumed: d },
  ];
}

function expectRelative(actual: number | null, expected: number, tolerance: number): void {
  if (actual === null) throw new Error('null');
  expect(Math.abs(actual - expected), `${actual} for ${expected}`).toBeLessThanOrEqual(tolerance * Math.abs(expected));
}

function expectInterval(actual: Interval | null, expected: Interval, tolerance: number): void {
  if (!actual) throw new Error('null');
  for (const key of ['value', 'low', 'high'] as const) {
    const difference = Math.abs(actual[key] - expected[key]);
    expect(difference, `${key} ${actual[key]} for ${expected[key]}`).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(expected[key])));
  }
}

const count = fc.oneof(fc.nat(3), fc.nat(30), fc.nat(2000), fc.nat(1_000_000));
const anyTable = fc.tuple(count, count, count, count);
const fullTable = anyTable.filter(([a, b, c, d]) => a + b > 0 && c + d > 0);

describe("Fisher's exact test", () => {
  // Computed in exact integers, that of 23 million with 4000 bits; beside them where the tables and their p are published.
  const tables: [source: string, table: Table, p: number][] = [
    ['the lady tasting tea: Fisher, The Design of Experiments', [3, 1, 1, 3], 17 / 35],
    ["convictions of twins, in R's documentation of fisher.test", [2, 15, 10, 3], 0.000536724119143436],
    ['Perondi et al. 2004', [7, 27, 1, 33], 0.0544001304950657],
    ['Ritland et al. 2007, in contingencytables for R: 0.06287', [0, 16, 15, 57], 0.0628666646301093],
    ["R, in SciPy's tests: 1.300759363430016e-1", [100, 2, 1000, 5], 0.130075936343002],
    ["R, in SciPy's tests: 2.301413756522114e-2", [2, 7, 8, 2], 0.0230141375652212],
    ["R, in SciPy's tests: 1.973244147157190e-1", [5, 1, 10, 10], 0.197324414715719],
    ["R, in SciPy's tests: 9.580440012477637e-2", [5, 15, 20, 20], 0.0958044001247763],
    ["R, in SciPy's tests: 1.725864953812994e-1", [5, 16, 20, 25], 0.172586495381299],
    ["R, in SciPy's tests: 6.126482213438734e-2", [10, 5, 10, 0], 0.0612648221343874],
    ["R, in SciPy's tests: 4.761904761904762e-2", [5, 0, 1, 4], 1 / 21],
    ["R, in SciPy's tests: 1", [0, 5, 1, 4], 1],
    ["R, in SciPy's tests: 0.005092697748126", [6, 37, 108, 200], 0.00509269774812579],
    ["R, in SciPy's tests: 7.175066786244549e-25", [22, 0, 0, 102], 7.17506678624452e-25],
    ["R, in SciPy's tests: 2.069356340993818e-37", [94, 48, 3577, 16988], 2.06935634099389e-37],
    ["R, in SciPy's tests: 5.56e-11", [17704, 496, 1065, 75], 5.55976657259001e-11],
    ["R, in SciPy's tests: 0.2751", [18000, 80000, 20000, 90000], 0.275148170406289],
    ['eight dead sessions, fifty that live', [8, 0, 0, 50], 5.21703569939952e-10],
    ['thousands', [1200, 800, 1000, 1500], 9.44809406100741e-41],
    ['ten thousands', [14500, 20000, 30000, 40000], 0.0110551177045941],
    ['a small row beside a million', [4, 6, 3, 1_000_000], 1.76389345824012e-19],
    ['a thousand beside a million', [300, 700, 250_000, 749_000], 0.000389858599804582],
    ['a million declined', [7, 3, 400_000, 600_000], 0.101118020950116],
    ['nearly all declined', [999_990, 10, 999_950, 50], 1.61574397308766e-7],
    ['a million in halves', [250_400, 249_600, 249_000, 251_000], 0.00514195384518004],
    ['23 million', [5_829_225, 5_692_693, 5_760_959, 5_760_959], 6.12621271262411e-178],
    ['far from the most probable table', [500, 10, 10, 500], 6.4243744607824e-265],
    ['near the least number', [510, 0, 0, 510], 7.12690364972493e-306],
  ];
  it.each(tables)('%s: %j', (_, table, p) => expectRelative(fisherExact(...tallies(table)), p, 1e-9));

  it('is 0 where p is less than any number', () => {
    expect(fisherExact(...tallies([1000, 0, 0, 1000]))).toBe(0);
    expect(fisherExact(...tallies([1_000_000, 0, 0, 1_000_000]))).toBe(0);
    expect(fisherExact(...tallies([600, 400, 999_000, 0]))).toBe(0);
  });

  it('keeps the magnitude of what has no more than a few digits', () => {
    expectRelative(fisherExact(...tallies([516, 0, 0, 540])), 6.92885e-317, 1e-4);
  });

  it('is 1 for the most probable table, and for the only one', () => {
    for (const table of [
      [500, 500, 500, 500],
      [2, 4, 1, 2],
      [0, 3, 0, 8],
      [3, 0, 8, 0],
      [0, 1, 0, 1],
    ] as const) {
      expect(fisherExact(...tallies(table))).toBe(1);
    }
  });

  it('is null without offers in a row', () => {
    for (const table of [
      [0, 0, 3, 4],
      [3, 4, 0, 0],
      [0, 0, 0, 0],
    ] as const) {
      expect(fisherExact(...tallies(table))).toBeNull();
    }
  });

  it('is a probability', () => {
    fc.assert(
      fc.property(fullTable, (table) => {
        const p = fisherExact(...tallies(table));
        expect(p).toBeGreaterThanOrEqual(0);
        expect(p).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('does not depend on the order of rows and columns, nor on which are the rows', () => {
    fc.assert(
      fc.property(fullTable, ([a, b, c, d]) => {
        const p = fisherExact(...tallies([a, b, c, d])) ?? Number.NaN;
        const expectSame = (table: Table) => {
          const other = fisherExact(...tallies(table)) ?? Number.NaN;
          // The least numbers have fewer digits.
          expect(Math.abs(other - p), `${other} for ${p}`).toBeLessThanOrEqual(1e-10 * p + 1e-315);
        };
        expectSame([c, d, a, b]);
        expectSame([b, a, d, c]);
        if (a + c > 0 && b + d > 0) expectSame([a, c, b, d]);
      }),
    );
  });

  it('is what counting all tables gives', () => {
    const few = fc.nat(40);
    fc.assert(
      fc.property(
        fc.tuple(few, few, few, few).filter(([a, b, c, d]) => a + b > 0 && c + d > 0),
        (table) => expectRelative(fisherExact(...tallies(table)), counted(table), 1e-12),
      ),
      { numRuns: 300 },
    );
  });

  function counted([a, b, c, d]: Table): number {
    const ways = (x: number) => choose(a + b, x) * choose(c + d, a + c - x);
    let total = 0n;
    let noMoreProbable = 0n;
    for (let x = 0; x <= a + c; x++) {
      total += ways(x);
      if (ways(x) * 10n ** 7n <= ways(a) * (10n ** 7n + 1n)) noMoreProbable += ways(x);
    }
    return Number((noMoreProbable * 10n ** 60n) / total) / 1e60;
  }

  function choose(n: number, k: number): bigint {
    if (k > n) return 0n;
    let ways = 1n;
    for (let i = 1; i <= k; i++) ways = (ways * BigInt(n - k + i)) / BigInt(i);
    return ways;
  }
});

describe('the risk difference', () => {
  // Table II of Newcombe 1998, method 10.
  const published: [table: Table, low: number, high: number][] = [
    [[56, 14, 48, 32], 0.0524, 0.3339],
    [[9, 1, 3, 7], 0.1705, 0.809],
    [[6, 1, 2, 5], 0.0582, 0.8062],
    [[5, 51, 0, 29], -0.0381, 0.1926],
    [[0, 10, 0, 20], -0.1611, 0.2775],
    [[0, 10, 0, 10], -0.2775, 0.2775],
    [[10, 0, 0, 20], 0.6791, 1],
    [[10, 0, 0, 10], 0.6075, 1],
  ];
  it.each(published)('of %j is that of Newcombe', (table, low, high) => {
    const [a, b, c, d] = table;
    expectInterval(riskDifference(...tallies(table)), { value: a / (a + b) - c / (c + d), low, high }, 0.00006);
  });

  // confint_proportions_2indep(compare='diff', method='newcomb') of statsmodels 0.15.0.
  const computed: [table: Table, value: number, low: number, high: number][] = [
    [[56, 14, 48, 32], 0.2, 0.052431472402365, 0.333872654036906],
    [[9, 1, 3, 7], 0.6, 0.170522723934503, 0.809017973535488],
    [[6, 1, 2, 5], 4 / 7, 0.0582279274823121, 0.806249637524228],
    [[5, 51, 0, 29], 5 / 56, -0.0381371479035369, 0.192560013855112],
    [[0, 10, 0, 20], 0, -0.161125158052819, 0.277532799862889],
    [[10, 0, 0, 20], 1, 0.679086037141915, 1],
    [[7, 27, 1, 33], 6 / 34, 0.018921443885773, 0.340368687032707],
    [[0, 16, 15, 57], -15 / 72, -0.315692634193593, 0.000326109874637938],
    [[3, 1, 1, 3], 0.5, -0.135488400582951, 0.789083268084756],
    [[5, 0, 0, 4], 1, 0.345196179114502, 1],
    [[1, 0, 0, 1], 1, -0.122108720681942, 1],
    [[40, 0, 2, 998], 0.998, 0.910220491326367, 0.999451356411879],
    [[500_000, 500_000, 499_000, 501_000], 0.001, -0.000385902492825673, 0.00238589706020881],
  ];
  it.each(computed)('of %j', (table, value, low, high) => {
    expectInterval(riskDifference(...tallies(table)), { value, low, high }, 1e-12);
  });

  it('is null without offers in a row', () => {
    for (const table of [
      [0, 0, 3, 4],
      [3, 4, 0, 0],
      [0, 0, 0, 0],
    ] as const) {
      expect(riskDifference(...tallies(table))).toBeNull();
    }
  });

  it('lies in its interval, which lies between -1 and 1, and turns round with the rows', () => {
    fc.assert(
      fc.property(fullTable, ([a, b, c, d]) => {
        const interval = riskDifference(...tallies([a, b, c, d]));
        if (!interval) throw new Error('null');
        const { value, low, high } = interval;
        expect([-1, low, value, high, 1]).toEqual([-1, low, value, high, 1].sort((x, y) => x - y));
        expectInterval(riskDifference(...tallies([c, d, a, b])), { value: -value, low: -high, high: -low }, 1e-12);
      }),
    );
  });
});

describe('the attributable fraction', () => {
  const fraction = (ratio: number) => 1 - 1 / ratio;

  // Score intervals of the ratio of risks.
  const published: [source: string, table: Table, ratio: number, low: number, high: number, digits: number][] = [
    ['Koopman 1984', [36, 4, 16, 64], 4.5, 2.94, 7.15, 2],
    ["riskscoreci of PropCIs for R, in statsmodels' tests", [7, 27, 1, 33], 7, 1.220853, 42.575718, 6],
  ];
  it.each(published)('is that of %s', (_, table, ratio, low, high, digits) => {
    const interval = attributableFraction(...tallies(table));
    if (!interval) throw new Error('null');
    const ratios = Object.values(interval).map((share) => Number((1 / (1 - share)).toFixed(digits)));
    expect(ratios).toEqual([ratio, low, high]);
  });

  // confint_proportions_2indep(compare='ratio', method='score', correction=False) of statsmodels 0.15.0.
  const computed: [table: Table, ratio: number, low: number, high: number][] = [
    [[36, 4, 16, 64], 4.5, 2.93956919221, 7.15222343487],
    [[7, 27, 1, 33], 7, 1.22085285351, 42.5757176098],
    [[4, 96, 0, 100], Number.POSITIVE_INFINITY, 1.06188359568, Number.POSITIVE_INFINITY],
    [[40, 360, 8, 392], 5, 2.41858119774, 10.4000297865],
    [[189, 10845, 104, 10933], (189 * 11037) / (11034 * 104), 1.43390381589, 2.30471285501],
    [[28, 357, 53, 324], (28 * 377) / (385 * 53), 0.335338991042, 0.795545555897],
    [[4, 12, 5, 74], 3.95, 1.21834069192, 11.9731506844],
    [[3, 1, 1, 3], 3, 0.685216435365, 17.2641967943],
    [[5, 0, 0, 4], Number.POSITIVE_INFINITY, 2.04127108651, Number.POSITIVE_INFINITY],
    [[10, 0, 0, 20], Number.POSITIVE_INFINITY, 6.20635543254, Number.POSITIVE_INFINITY],
    [[10, 0, 0, 10], Number.POSITIVE_INFINITY, 3.60317771627, Number.POSITIVE_INFINITY],
    [[40, 0, 2, 998], 500, 137.687794968, 1822.67691021],
    [[1000, 0, 1, 2], 3, 1.26208382283, 16.2622926393],
    [[1_000_000, 0, 1, 999_999], 1_000_000, 176525.254857, 5664933.56584],
  ];
  it.each(computed)('of %j', (table, ratio, low, high) => {
    const expected = { value: fraction(ratio), low: fraction(low), high: fraction(high) };
    expectInterval(attributableFraction(...tallies(table)), expected, 1e-10);
  });

  // From the likelihood with 60 digits, the ratio being varied until the score statistic is z². statsmodels is not precise here, or stops
  // at the ratio at which a risk becomes 1.
  const precise: [table: Table, value: number, low: number, high: number][] = [
    [[1, 9, 9, 1], -8, -49.7115250040181, -1.1353233467684],
    [[5, 0, 3, 1], 0.25, -0.432926012567845, 0.699358157417598],
    [[5, 3, 4, 0], -0.6, -2.27072731048534, 0.25665674784188],
    [[1, 1, 1, 0], -1, -9.57851735025411, 0.673306446038596],
    [[1, 0, 0, 1], 1, -0.920729410347063, 1],
    [[5, 0, 4, 0], 0, -0.768291764138825, 0.489890836454597],
    [[20, 0, 10, 0], 0, -0.192072941034706, 0.277532799862889],
    [[2, 998, 40, 0], -499, -1821.6769102056, -136.687794967933],
    [[500_000, 500_000, 499_000, 501_000], 0.002, -0.000772877394100333, 0.00476520212923951],
    [[1, 999_999, 500_000, 500_000], -499_999, -2832467.76542285, -88261.5656497834],
  ];
  it.each(precise)('of %j, to more digits', (table, value, low, high) => {
    expectInterval(attributableFraction(...tallies(table)), { value, low, high }, 1e-12);
  });

  it('is null where nothing was declined after an unclean close, or a row is empty', () => {
    for (const table of [
      [0, 3, 0, 4],
      [0, 3, 2, 4],
      [0, 0, 3, 4],
      [3, 4, 0, 0],
      [0, 0, 0, 0],
    ] as const) {
      expect(attributableFraction(...tallies(table))).toBeNull();
    }
  });

  it('is finite, and lies in its interval', () => {
    fc.assert(
      fc.property(
        fullTable.filter(([declined]) => declined > 0),
        (table) => {
          const interval = attributableFraction(...tallies(table));
          if (!interval) throw new Error('null');
          const { value, low, high } = interval;
          expect(Number.isFinite(low)).toBe(true);
          expect([low, value, high, 1]).toEqual([low, value, high, 1].sort((x, y) => x - y));
        },
      ),
    );
  });

  it('excludes 0 exactly where the chi-square test of equal risks is beyond its 5 % point', () => {
    fc.assert(
      fc.property(
        fullTable.filter(([declined]) => declined > 0),
        (table) => {
          const { low, high } = attributableFraction(...tallies(table)) ?? { low: Number.NaN, high: Number.NaN };
          const excess = chiSquare(table) - 3.841458820694124;
          if (Math.abs(excess) > 1e-6) expect(low > 0 || high < 0).toBe(excess > 0);
        },
      ),
      { numRuns: 500 },
    );
  });

  function chiSquare([a, b, c, d]: Table): number {
    const product = (a + b) * (c + d) * (a + c) * (b + d);
    return product === 0 ? 0 : ((a * d - b * c) ** 2 * (a + b + c + d)) / product;
  }
});
