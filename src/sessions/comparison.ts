// Offers after one kind of close against offers that no such close preceded.
import type { Comparison, ServerReport, Tally } from '../model.js';
import type { Evidence } from './evidence.js';
import { attributableFraction, fisherExact, riskDifference } from './statistics.js';

/** Each kind of close against the control; null where one of the two has no offers. */
export function compareCloses(tallies: Evidence): ServerReport['comparisons'] {
  const { afterUncleanFin: fin, afterUncleanRst: rst, afterResetRace } = tallies;
  const control = sum(tallies.afterClean, tallies.whileOpen);
  return {
    unclean: compare(sum(fin, rst), control),
    fin: compare(fin, control),
    rst: compare(rst, control),
    resetRace: compare(afterResetRace, control),
  };
}

export function compare(exposed: Tally, control: Tally): Comparison | null {
  const pValue = fisherExact(exposed, control);
  if (pValue === null) return null;
  return {
    exposed,
    control,
    pValue,
    riskDifference: riskDifference(exposed, control),
    attributableFraction: attributableFraction(exposed, control),
  };
}

export function sum(a: Tally, b: Tally): Tally {
  return { resumed: a.resumed + b.resumed, declined: a.declined + b.declined };
}
