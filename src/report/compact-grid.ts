/** A grid that has one line for each row: where room is short, columns are left out, and then cells are cut. */
import { columnsOf, elide } from './text.js';

export interface CompactColumn {
  title: string;
  align: 'left' | 'right';
  /** Columns of the highest rank go first; rank 0 stays. */
  rank: number;
  /** Escaped. */
  cells: readonly string[];
}

const GAP = 2;

/** The titles and then the rows, none wider than `width`. A column without any text is left out. */
export function compactGrid(columns: readonly CompactColumn[], width: number): string[] {
  const shown = columns
    .filter(({ cells }) => cells.some((cell) => cell !== ''))
    .map((column) => ({ ...column, width: Math.max(columnsOf(column.title), ...column.cells.map(columnsOf)) }));
  const excess = () => shown.reduce((sum, column) => sum + column.width + GAP, -GAP) - width;
  while (excess() > 0) {
    const highest = Math.max(...shown.map(({ rank }) => rank));
    if (highest === 0) break;
    shown.splice(
      shown.findLastIndex(({ rank }) => rank === highest),
      1,
    );
  }
  for (let over = excess(); over > 0; over = excess()) {
    const widest = shown.reduce((best, column) => (column.width > best.width ? column : best));
    if (widest.width <= 1) break;
    widest.width--;
  }
  const rows = columns[0]?.cells.length ?? 0;
  const line = (text: (column: (typeof shown)[number]) => string) => {
    const cells = shown.map((column, i) => pad(text(column), column, i === shown.length - 1));
    return elide(cells.join(' '.repeat(GAP)), width).trimEnd();
  };
  return [line(({ title }) => title), ...Array.from({ length: rows }, (_, row) => line(({ cells }) => cells[row]))];
}

function pad(text: string, { align, width }: { align: 'left' | 'right'; width: number }, isLast: boolean): string {
  const kept = elideMiddle(text, width);
  const blanks = ' '.repeat(width - columnsOf(kept));
  if (align === 'right') return blanks + kept;
  return isLast ? kept : kept + blanks;
}

/** Of an address the end says as much as the beginning. */
function elideMiddle(text: string, width: number): string {
  if (columnsOf(text) <= width) return text;
  const tail = [...text].slice(-Math.floor((width - 1) / 2)).join('');
  if (width < 8 || columnsOf(tail) > width / 2) return elide(text, width);
  return `${elide(text, width - columnsOf(tail))}${tail}`;
}
