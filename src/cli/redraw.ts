/** Lines on a terminal that are drawn again and again in the same place. */
import type { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { columnsOf } from '../report/text.js';

/** A terminal; its size may change at any time. */
export type TerminalStream = Writable & { readonly columns?: number; readonly rows?: number };

export interface Redrawer {
  /** Draws over what was drawn before. What does not fit on the terminal is cut. */
  draw(lines: readonly string[]): void;
  /** Gives the terminal back, with the last drawing or without it. Nothing is drawn afterwards. */
  end(keep: boolean): void;
}

const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/**
 * The drawing is on the normal screen, so that it can stay when it is over. A stream that is closed, or slower than the drawing, is
 * no error: it is not drawn to.
 */
export function redrawer(stream: TerminalStream): Redrawer {
  /** Columns of each line on the terminal; null before the first drawing. */
  let drawn: number[] | null = null;
  let over = false;
  const columns = () => Math.max(1, stream.columns || DEFAULT_COLUMNS);
  const rows = () => Math.max(2, stream.rows || DEFAULT_ROWS);
  const write = (text: string) => {
    if (stream.writable && !stream.destroyed) stream.write(text);
  };
  /** To the first line of the drawing. A terminal that got narrower has wrapped the lines that no longer fit. */
  const back = () => {
    const height = (drawn ?? []).reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns())), 0);
    const up = Math.min(height, rows() - 1);
    return up > 0 ? `\r\x1b[${up}A` : '\r';
  };
  const restore = () => {
    if (!over && drawn !== null) write(SHOW_CURSOR);
    over = true;
  };
  const lose = () => {
    over = true;
    process.off('exit', restore);
  };
  // The error of a write may come when this is over, and there may be another drawing later.
  if (!stream.listeners('error').includes(ignore)) stream.on('error', ignore);
  stream.on('error', lose);
  process.on('exit', restore);
  return {
    draw(lines) {
      // Who does not keep up sees the next drawing.
      if (over || stream.writableNeedDrain) return;
      const shown = lines.slice(0, rows() - 1).map((line) => cut(line, columns()));
      const widths = shown.map((line) => columnsOf(stripVTControlCharacters(line)));
      // Behind a full line some terminals are still on its last column, which erasing would take away.
      const text = shown.map((line, i) => `${line}${widths[i] < columns() ? ERASE_LINE_END : ''}\r\n`).join('');
      write(`${BEGIN_UPDATE}${drawn === null ? HIDE_CURSOR : ''}${back()}${text}${ERASE_BELOW}${END_UPDATE}`);
      drawn = widths;
    },
    end(keep) {
      process.off('exit', restore);
      stream.off('error', lose);
      if (!over && drawn !== null && !keep) write(`${back()}${ERASE_BELOW}`);
      restore();
    },
  };
}

function ignore(): void {}

/** Synchronized output: terminals that know it show all of an update at once, others ignore it. */
const BEGIN_UPDATE = '\x1b[?2026h';
const END_UPDATE = '\x1b[?2026l';
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const ERASE_LINE_END = '\x1b[K';
const ERASE_BELOW = '\x1b[J';

/** The line in at most `columns`; its colours stay, and end where they did. */
function cut(line: string, columns: number): string {
  if (columnsOf(stripVTControlCharacters(line)) <= columns) return line;
  let kept = '';
  let used = 0;
  for (const [piece] of line.matchAll(COLOUR_OR_CHARACTER)) {
    if (piece.length > 2) kept += piece;
    else {
      used += columnsOf(piece);
      if (used <= columns) kept += piece;
    }
  }
  return kept;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
const COLOUR_OR_CHARACTER = /\x1b\[[\d;]*m|./gsu;
