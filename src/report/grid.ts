/** Rows and columns through the `table` package, in a given width. */
import { type TableUserConfig, table } from 'table';
import { columnsOf, wrap } from './text.js';

export interface GridColumn {
  title: string;
  align?: 'left' | 'right';
}

/** The cells of a row, one for each column, already escaped: `table` lets ESC through and throws on other control characters. */
export type GridRow = readonly string[];

/** Rows handed to `table` at once, so that its working memory does not grow with the listing. */
const CHUNK_ROWS = 500;
/** Blanks between two columns. */
const GAP = 2;
/** A column is never squeezed below this. */
const MIN_COLUMNS = 6;

/** The heading of a grid and then, for each row, its lines. `rows` is called twice: for the widths, then for the text. */
export function* grid(columns: readonly GridColumn[], rows: () => Iterable<GridRow>, width: number): Generator<string[]> {
  const widths = widthsOf(columns, rows(), width);
  yield render([columns.map((c) => c.title)], columns, widths, true).flat();
  let chunk: GridRow[] = [];
  for (const row of rows()) {
    chunk.push(row);
    if (chunk.length === CHUNK_ROWS) {
      yield* render(chunk, columns, widths, false);
      chunk = [];
    }
  }
  if (chunk.length > 0) yield* render(chunk, columns, widths, false);
}

/** The widths that the longest cells ask for, or else as much as there is: cells break between words before words are cut. */
function widthsOf(columns: readonly GridColumn[], rows: Iterable<GridRow>, width: number): number[] {
  const widths = columns.map((c) => columnsOf(c.title));
  const words = columns.map((c) => longestWord(c.title));
  for (const row of rows) {
    for (let i = 0; i < widths.length; i++) {
      widths[i] = Math.max(widths[i], columnsOf(row[i]));
      words[i] = Math.max(words[i], longestWord(row[i]));
    }
  }
  const room = width - GAP * (widths.length - 1);
  squeeze(widths, words, room);
  squeeze(
    widths,
    widths.map(() => MIN_COLUMNS),
    room,
  );
  return widths;
}

function longestWord(text: string): number {
  return Math.max(...text.split(/\s+/).map(columnsOf));
}

/** Takes from the widest column that is above its floor, again and again, until all fit or nothing is left to take. */
function squeeze(widths: number[], floors: readonly number[], room: number): void {
  let over = widths.reduce((sum, w) => sum + w, 0) - room;
  while (over > 0) {
    const widest = widths.reduce((best, w, i) => (w > floors[i] && (best < 0 || w > widths[best]) ? i : best), -1);
    if (widest < 0) return;
    widths[widest]--;
    over--;
  }
}

/** Cells are wrapped here, not by `table`, which counts characters where it breaks words. */
function render(rows: readonly GridRow[], columns: readonly GridColumn[], widths: readonly number[], heading: boolean): string[][] {
  const cells = rows.map((row) => row.map((cell, i) => wrap(cell, widths[i])));
  const text = table(
    cells.map((row) => row.map((lines) => lines.join('\n'))),
    config(columns, widths, heading),
  );
  const lines = text.split('\n').map((line) => line.trimEnd());
  if (heading) return [lines.slice(0, -1)];
  let next = 0;
  return cells.map((row) => {
    const height = Math.max(...row.map((l) => l.length));
    next += height;
    return lines.slice(next - height, next);
  });
}

function config(columns: readonly GridColumn[], widths: readonly number[], heading: boolean): TableUserConfig {
  const last = columns.length - 1;
  return {
    border: { bottomBody: '─', bottomJoin: '─', bottomLeft: '', bottomRight: '', bodyLeft: '', bodyRight: '', bodyJoin: '' },
    columnDefault: { paddingLeft: 0 },
    columns: columns.map((c, i) => ({
      alignment: c.align ?? 'left',
      width: widths[i],
      paddingRight: i === last ? 0 : GAP,
      verticalAlignment: heading ? 'bottom' : 'top',
    })),
    drawVerticalLine: () => false,
    drawHorizontalLine: (index, size) => heading && index === size,
  };
}
