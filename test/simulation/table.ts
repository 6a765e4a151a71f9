// An evaluation as text.
import { CONFIDENCES, type Evaluation, type Precision, type Recall } from './evaluate.js';

export function tableOf(evaluation: Evaluation): string {
  const { captures, connections, misread, wrongClose, byClass, causes } = evaluation;
  const classes = [...byClass].sort(([a], [b]) => (a < b ? -1 : 1));
  const findings = [...classes, ['all', evaluation] as const].flatMap(([name, { precision, recall, clearRecall }]) => [
    [name, ...CONFIDENCES.map((confidence) => precisionText(precision[confidence])), recallText(recall), recallText(clearRecall)],
  ]);
  const declines = [...causes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([truth, row]) => {
      const total = sum(row.values());
      const told = [...row].sort(([, a], [, b]) => b - a).map(([cause, count]) => `${cause} ${count}`);
      return [truth, `${total}`, percent(row.get(truth) ?? 0, total), told.join(', ')];
    });
  return [
    `${captures} captures, ${connections} connections; ${misread} offers misread, ${wrongClose} right findings that miss the close`,
    '',
    ...columns([['findings, right/wrong', ...CONFIDENCES, 'of lost sessions: high/medium/low/missed', 'of clear ones'], ...findings]),
    '',
    `verdicts where an unclean close cost a session: ${countsText(evaluation.verdicts.invalidated)}`,
    `verdicts where none did: ${countsText(evaluation.verdicts.kept)}`,
    '',
    ...columns([['declined because', 'offers', 'told', 'the report says'], ...declines]),
  ].join('\n');
}

function precisionText({ right, wrong }: Precision): string {
  return right + wrong === 0 ? '-' : `${right}/${wrong} ${percent(right, right + wrong)}`;
}

function recallText({ high, medium, low, missed }: Recall): string {
  const total = high + medium + low + missed;
  if (total === 0) return '-';
  return `${high}/${medium}/${low}/${missed} ${percent(high, total)} ${percent(high + medium, total)} ${percent(total - missed, total)}`;
}

/** The most frequent first. */
function countsText(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([what, count]) => `${what} ${count}`)
    .join(', ');
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]))
      .join('  ')
      .trimEnd(),
  );
}
