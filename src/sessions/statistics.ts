// Statistics of two-by-two tables: offers after unclean closes (exposed) and all others (control), declined or resumed.
import type { Interval, Tally } from '../model.js';

/**
 * Two-sided p of Fisher's exact test (R. A. Fisher, The Design of Experiments, 1935): the probability of all tables with the same sums that
 * are no more probable than this one, if declines do not depend on the closes before them. As in R's `fisher.test`, a table up to 1e-7 more
 * probable counts as equally so.
 *
 * Null where a row is empty, as there is nothing to compare; 1 where all offers were declined, or none. 0 stands for a p that is
 * less than the least positive number.
 */
export function fisherExact(exposed: Tally, control: Tally): number | null {
  const row = offers(exposed);
  const otherRow = offers(control);
  if (row === 0 || otherRow === 0) return null;
  const column = exposed.declined + control.declined;
  // How many times as probable x + 1 declines after unclean closes are as x: 0 where x is the most there can be, infinite below the least.
  const growth = (x: number) => ((row - x) * (column - x)) / ((x + 1) * (otherRow - column + x + 1));
  const mode = Math.floor(((row + 1) * (column + 1)) / (row + otherRow + 2));
  let observed = MODE_WEIGHT;
  for (let x = mode; x < exposed.declined && observed > 0; x++) observed *= growth(x);
  for (let x = mode; x > exposed.declined && observed > 0; x--) observed /= growth(x - 1);
  if (observed === 0) return 0;
  const limit = observed * (1 + TIE_TOLERANCE);
  let total = MODE_WEIGHT;
  let noMoreProbable = limit >= MODE_WEIGHT ? MODE_WEIGHT : 0;
  for (const step of [1, -1]) {
    let weight = MODE_WEIGHT;
    // Until the weights are too small to change the sums.
    for (let x = mode; noMoreProbable + weight > noMoreProbable; x += step) {
      if (step > 0) weight *= growth(x);
      else weight /= growth(x - 1);
      total += weight;
      if (weight <= limit) noMoreProbable += weight;
    }
  }
  return noMoreProbable / total;
}

/**
 * Risk of a decline after an unclean close minus the risk without, with the hybrid score interval: method 10, without continuity
 * correction, of R. G. Newcombe, Statistics in Medicine 17 (1998) 873-890. Null where a row is empty.
 */
export function riskDifference(exposed: Tally, control: Tally): Interval | null {
  if (offers(exposed) === 0 || offers(control) === 0) return null;
  const a = wilson(exposed);
  const b = wilson(control);
  const value = a.value - b.value;
  return {
    value,
    low: Math.max(-1, value - Math.hypot(a.value - a.low, b.high - b.value)),
    high: Math.min(1, value + Math.hypot(a.high - a.value, b.value - b.low)),
  };
}

/**
 * The share of the declines after unclean closes that would not have been without them: 1 - 1 / RR, where RR is the ratio of the risks,
 * exposed to control. The interval is the asymptotic score interval of RR: P. A. R. Koopman, Biometrics 40 (1984) 513-517, which is that of
 * O. Miettinen and M. Nurminen, Statistics in Medicine 4 (1985) 213-226, without its factor N / (N - 1).
 *
 * Below 0 where offers were declined less often after unclean closes, without a bound. Null where a row is empty, and where nothing was
 * declined after an unclean close: there is nothing to attribute then. 1 where nothing was declined without one.
 */
export function attributableFraction(exposed: Tally, control: Tally): Interval | null {
  if (exposed.declined === 0 || offers(control) === 0) return null;
  return {
    value: 1 - (control.declined * offers(exposed)) / (exposed.declined * offers(control)),
    low: 1 - 1 / leastRatio(exposed, control),
    high: 1 - leastRatio(control, exposed),
  };
}

function offers({ resumed, declined }: Tally): number {
  return resumed + declined;
}

/** The risk of a decline, with the score interval of E. B. Wilson, Journal of the American Statistical Association 22 (1927) 209-212. */
export function wilson(tally: Tally): Interval {
  const { resumed, declined } = tally;
  const n = offers(tally);
  const middle = 2 * declined + Z_SQUARED;
  const spread = Z * Math.sqrt(Z_SQUARED + (4 * declined * resumed) / n);
  const scale = 2 * (n + Z_SQUARED);
  return { value: declined / n, low: (middle - spread) / scale, high: (middle + spread) / scale };
}

/**
 * Lower end of Koopman's interval for the risk of `a` over the risk of `b`.
 *
 * Let a and b be the declines among m and n offers. Where the ratio of the risks is held fixed they are most likely
 * (a - t) / (m - t) and (b + t) / (n + t) for some t, which is 0 at the observed ratio and grows as the ratio falls. The score statistic is
 * t² ((1 - a / m) / (a - t) + (1 - b / n) / (b + t)): it grows with t as well, and at the end of the interval it is z².
 */
function leastRatio(a: Tally, b: Tally): number {
  if (a.declined === 0) return 0;
  const aResumed = a.resumed / offers(a);
  const bResumed = b.resumed / offers(b);
  const score = (t: number) => t * t * (aResumed / (a.declined - t) + bResumed / (b.declined + t));
  if (a.resumed === 0) {
    // The risk of `a` is most likely 1 up to t = a. From there on t stays, and the risk falls.
    const most = (a.declined * a.declined * bResumed) / (b.declined + a.declined);
    if (most <= Z_SQUARED) {
      const risk = a.declined / (a.declined + Z_SQUARED - most);
      return (risk * (offers(b) + a.declined)) / (b.declined + a.declined);
    }
  }
  const t = bisect(score, Z_SQUARED, a.declined);
  return ((a.declined - t) * (offers(b) + t)) / ((offers(a) - t) * (b.declined + t));
}

/** Where between 0 and `end` a growing function reaches `wanted`, to the last digit. */
function bisect(growing: (t: number) => number, wanted: number, end: number): number {
  let low = 0;
  let high = end;
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (growing(middle) < wanted) low = middle;
    else high = middle;
  }
}

/** The normal deviate of 95 %, two-sided. */
const Z = 1.959963984540054;
const Z_SQUARED = Z * Z;

/** Relative, as in R's `fisher.test`. */
const TIE_TOLERANCE = 1e-7;

/**
 * Weight of the most probable table, by which the others are measured: so great that the weights keep all their digits down to the least p
 * that a number can hold, and small enough for their sum.
 */
const MODE_WEIGHT = 2 ** 950;
