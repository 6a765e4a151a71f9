/** The offers behind a verdict, and how far they differ, in words. */
import type { Comparison, Interval, ServerReport, Tally } from '../model.js';
import { figure } from './text.js';

/** Offers after one kind of close. */
export interface EvidenceRow {
  words: string;
  /** They are among those of the row before. */
  isPart: boolean;
  tally: Tally;
}

const STATES: readonly [keyof ServerReport['evidence'], string][] = [
  ['whileOpen', 'none: the connection was open'],
  ['afterClean', 'clean'],
  ['afterResetRace', 'close_notify, then RST at once'],
  ['afterUncleanFin', 'FIN without close_notify'],
  ['afterUncleanRst', 'RST without close_notify'],
];

/** The kinds of closes that offers came after, in the order in which one compares them. */
export function evidenceRows(server: ServerReport): EvidenceRow[] {
  const rows = STATES.map(([state, words]): EvidenceRow => ({ words, isPart: false, tally: server.evidence[state] }));
  // They are of either end; mostly a server answers with FIN.
  const [fin, rst] = [rows[rows.length - 2], rows[rows.length - 1]];
  const place = size(server.bareAnswers) <= size(fin.tally) || size(rst.tally) === 0 ? rows.length - 1 : rows.length;
  rows.splice(place, 0, { words: 'of these bare answers to close_notify', isPart: true, tally: server.bareAnswers });
  return rows.filter(({ tally }) => size(tally) > 0);
}

/**
 * Each kind of close that declines followed, against the offers that no such close preceded.
 *
 * @param isBrief without what can be worked out from the rest
 */
export function comparisonWords({ comparisons, inferredOffers }: ServerReport, isBrief = false): string[] {
  const { fin, rst, resetRace, unclean } = comparisons;
  const together = fin && rst ? unclean : null;
  const kinds: [string, Comparison | null][] = [
    ['FIN', isBrief && together ? null : fin],
    ['RST', isBrief && together ? null : rst],
    ['close_notify and RST', resetRace],
    ['FIN and RST together', together],
  ];
  const words = kinds.flatMap(([kind, comparison]) =>
    comparison !== null && comparison.exposed.declined > 0 ? [`${kind}: ${differenceWords(comparison, isBrief)}`] : [],
  );
  if (inferredOffers > 0) words.push(`Of ${figure(inferredOffers)} of these offers the issuer is inferred.`);
  return words;
}

/** `2 of 2 declined, otherwise 0 of 8: chance alone does this in 1 of 45 cases (Fisher's p = 0.022); …`. */
function differenceWords({ exposed, control, pValue, attributableFraction }: Comparison, isBrief: boolean): string {
  const rates = `${figure(exposed.declined)} of ${figure(size(exposed))} declined, otherwise ${figure(control.declined)} of ${figure(size(control))}`;
  if (pValue > MAX_CHANCE) return `${rates}: chance alone may do this (Fisher's p ${pText(pValue)})`;
  const share = attributableFraction === null || isBrief ? '' : `; it accounts for ${percent(attributableFraction)} of these`;
  return `${rates}: chance alone does this in ${oddsText(pValue)} (Fisher's p ${pText(pValue)})${share}`;
}

/** From here on a difference is not called one. */
const MAX_CHANCE = 0.05;

function oddsText(p: number): string {
  const cases = 1 / p;
  return cases > 1e6 ? 'less than 1 of a million cases' : `1 of ${figure(Math.round(cases))} cases`;
}

/** `= 0.0020`, `< 1e-300`. */
export function pText(p: number): string {
  if (p < 1e-300) return '< 1e-300';
  return p >= 0.995 ? '= 1' : `= ${p < 0.0001 ? p.toExponential(1) : p.toPrecision(2)}`;
}

/** `100 % (95 % interval 52 to 100 %)`. */
function percent({ value, low, high }: Interval): string {
  const whole = (share: number) => Math.round(share * 100);
  return `${whole(value)} % (95 % interval ${whole(low)} to ${whole(high)} %)`;
}

/** What the evidence leaves out, and why; empty where that is nothing. */
export function leftOutWords({ leftOut }: ServerReport): string {
  const reasons: [number, string][] = [
    [leftOut.otherCause, 'declined for another reason'],
    [leftOut.offeredAgain, 'offered again after a decline'],
    [leftOut.tooOld, 'older than all that was resumed'],
    [leftOut.unknownClose, 'after closes that cannot be judged'],
    [leftOut.resumed, 'resumed after such closes'],
  ];
  return reasons.flatMap(([count, reason]) => (count > 0 ? [`${figure(count)} ${reason}`] : [])).join(', ');
}

export function size({ resumed, declined }: Tally): number {
  return resumed + declined;
}
