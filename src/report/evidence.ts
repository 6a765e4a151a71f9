/** What stands behind the verdict on a server: the offers by the close before them, and how far they differ. */
import type { Comparison, Interval, ServerReport, Tally } from '../model.js';
import { type GridColumn, type GridRow, grid } from './grid.js';
import { figure, wrapLabelled } from './text.js';

const COLUMNS: readonly GridColumn[] = [
  { title: 'offers by the close before' },
  { title: 'resumed', align: 'right' },
  { title: 'declined', align: 'right' },
];

const STATES: readonly [keyof ServerReport['evidence'], string][] = [
  ['whileOpen', 'none: the connection was open'],
  ['afterClean', 'clean'],
  ['afterResetRace', 'close_notify, then RST at once'],
  ['afterUncleanFin', 'FIN without close_notify'],
  ['afterUncleanRst', 'RST without close_notify'],
];

/**
 * @param label of the first line; the others are indented as deep
 * @param isBrief without what can be worked out from the rest
 */
export function* evidenceLines(server: ServerReport, label: string, width: number, isBrief = false): Generator<string> {
  const rows = STATES.map(([state, words]): [string, Tally] => [words, server.evidence[state]]);
  rows.push(['  of these bare answers to close_notify', server.bareAnswers]);
  const shown = rows.filter(([, tally]) => size(tally) > 0);
  const cells = (): GridRow[] => shown.map(([words, { resumed, declined }]) => [words, figure(resumed), figure(declined)]);
  let prefix = label;
  if (shown.length > 0) {
    for (const lines of grid(COLUMNS, cells, width - label.length)) {
      for (const line of lines) {
        yield prefix + line;
        prefix = ' '.repeat(label.length);
      }
    }
  }
  const leftOut = leftOutWords(server);
  if (leftOut !== '') yield* wrapLabelled(prefix, `not counted: ${leftOut}`, width);
  for (const words of comparisonWords(server, isBrief)) yield* wrapLabelled(prefix, words, width);
}

/** Each kind of close that declines followed, against the offers that no such close preceded. */
function comparisonWords({ comparisons, inferredOffers }: ServerReport, isBrief: boolean): string[] {
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

function leftOutWords({ leftOut }: ServerReport): string {
  const reasons: [number, string][] = [
    [leftOut.otherCause, 'declined for another reason'],
    [leftOut.offeredAgain, 'offered again after a decline'],
    [leftOut.tooOld, 'older than all that was resumed'],
    [leftOut.unknownClose, 'after closes that cannot be judged'],
    [leftOut.resumed, 'resumed after such closes'],
  ];
  return reasons.flatMap(([count, reason]) => (count > 0 ? [`${figure(count)} ${reason}`] : [])).join(', ');
}

function size({ resumed, declined }: Tally): number {
  return resumed + declined;
}
