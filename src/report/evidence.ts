/** What stands behind the verdict on a server: the offers by the close before them, and how far they differ. */
import type { ServerReport } from '../model.js';
import { comparisonWords, evidenceRows, leftOutWords } from './evidence-words.js';
import { type GridColumn, type GridRow, grid } from './grid.js';
import { figure, wrapLabelled } from './text.js';

const COLUMNS: readonly GridColumn[] = [
  { title: 'offers by the close before' },
  { title: 'resumed', align: 'right' },
  { title: 'declined', align: 'right' },
];

/**
 * @param label of the first line; the others are indented as deep
 * @param isBrief without what can be worked out from the rest
 */
export function* evidenceLines(server: ServerReport, label: string, width: number, isBrief = false): Generator<string> {
  const shown = evidenceRows(server);
  const cells = (): GridRow[] =>
    shown.map(({ words, isPart, tally }) => [isPart ? `  ${words}` : words, figure(tally.resumed), figure(tally.declined)]);
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
