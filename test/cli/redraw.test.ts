import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { redrawer } from '../../src/cli/redraw.js';

/** A terminal that knows what {@link redrawer} writes; it wraps long lines again when its width changes. */
class Screen extends Writable {
  columns: number;
  rows: number;
  readonly written: string[] = [];
  lines = [''];
  row = 0;
  column = 0;
  isCursorShown = true;
  unknown = '';

  constructor(columns: number, rows: number) {
    super({ decodeStrings: false });
    this.columns = columns;
    this.rows = rows;
  }

  override _write(text: string, _: string, done: () => void): void {
    this.written.push(text);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
    for (const [piece] of text.matchAll(/\x1b\[\??\d*(?:;\d+)*[A-Za-z]|./gsu)) this.#take(piece);
    done();
  }

  #take(piece: string): void {
    const sequence = piece.startsWith('\x1b[') ? piece.slice(2) : '';
    const up = /^(\d+)A$/.exec(sequence);
    if (piece === '\r') this.column = 0;
    else if (piece === '\n') this.#down();
    else if (up) this.row = Math.max(this.#top(), this.row - Number(up[1]));
    else if (sequence === 'K') this.lines[this.row] = this.lines[this.row].slice(0, Math.min(this.column, this.columns - 1));
    else if (sequence === 'J') this.lines = [...this.lines.slice(0, this.row), this.lines[this.row].slice(0, this.column)];
    else if (sequence === '?25l') this.isCursorShown = false;
    else if (sequence === '?25h') this.isCursorShown = true;
    else if (sequence !== '') this.unknown += /^(\?2026[hl]|[\d;]*m)$/.test(sequence) ? '' : piece;
    else this.#put(piece);
  }

  #put(character: string): void {
    if (this.column === this.columns) {
      this.column = 0;
      this.#down();
    }
    const line = this.lines[this.row].padEnd(this.column);
    this.lines[this.row] = line.slice(0, this.column) + character + line.slice(this.column + 1);
    this.column++;
  }

  #down(): void {
    this.row++;
    if (this.row === this.lines.length) this.lines.push('');
  }

  /** What is above has scrolled away. */
  #top(): number {
    return Math.max(0, this.lines.length - this.rows);
  }

  resize(columns: number, rows: number): void {
    const wrapped = this.lines.map((line) => line.match(new RegExp(`.{1,${columns}}`, 'gs')) ?? ['']);
    this.row = wrapped.slice(0, this.row).flat().length;
    this.lines = wrapped.flat();
    Object.assign(this, { columns, rows });
  }

  get visible(): string[] {
    return this.lines.slice(this.#top());
  }
}

describe('redrawer', () => {
  it('draws in the same place', () => {
    const screen = new Screen(20, 10);
    screen.write('$ closenotify live\r\n');
    const drawer = redrawer(screen);
    drawer.draw(['one', 'two', 'three']);
    expect(screen.visible).toEqual(['$ closenotify live', 'one', 'two', 'three', '']);
    drawer.draw(['1', 'second line', '3', '4']);
    expect(screen.visible).toEqual(['$ closenotify live', '1', 'second line', '3', '4', '']);
    drawer.draw(['x']);
    expect(screen.visible).toEqual(['$ closenotify live', 'x', '']);
    drawer.draw([]);
    drawer.draw(['y', 'z']);
    expect(screen.visible).toEqual(['$ closenotify live', 'y', 'z', '']);
    expect(screen.unknown).toBe('');
    drawer.end(true);
  });

  it('never shows a screen in between: one write for each drawing, nothing erased before it is drawn over', () => {
    const screen = new Screen(20, 10);
    const drawer = redrawer(screen);
    drawer.draw(['one', 'two']);
    drawer.draw(['three', 'four']);
    expect(screen.written).toEqual([
      '\x1b[?2026h\x1b[?25l\rone\x1b[K\r\ntwo\x1b[K\r\n\x1b[J\x1b[?2026l',
      '\x1b[?2026h\r\x1b[2Athree\x1b[K\r\nfour\x1b[K\r\n\x1b[J\x1b[?2026l',
    ]);
    drawer.end(true);
  });

  it('keeps the last column of a full line', () => {
    const screen = new Screen(5, 10);
    const drawer = redrawer(screen);
    for (const line of ['ab', 'abcde', 'fghij']) drawer.draw([line, 'x']);
    expect(screen.visible).toEqual(['fghij', 'x', '']);
    drawer.end(true);
  });

  it('cuts what does not fit, and keeps its colours whole', () => {
    const screen = new Screen(6, 4);
    const drawer = redrawer(screen);
    drawer.draw(['\x1b[1m\x1b[31mabcdefgh\x1b[39m\x1b[22m', 'two', 'three', 'four', 'five']);
    expect(screen.visible).toEqual(['abcdef', 'two', 'three', '']);
    expect(screen.written[0]).toContain('\x1b[1m\x1b[31mabcdef\x1b[39m\x1b[22m\r\n');
    drawer.end(true);
  });

  it.each([
    [9, 20],
    [5, 20],
    [60, 20],
    [7, 30],
  ])('draws over itself when the terminal becomes %d x %d', (columns, rows) => {
    const screen = new Screen(20, 20);
    screen.write('above\r\n');
    const drawer = redrawer(screen);
    drawer.draw(['a line of 20 columns', 'short', 'a line of 16 col']);
    screen.resize(columns, rows);
    drawer.draw(['new', 'lines']);
    expect(screen.visible).toEqual(['above', 'new', 'lines', '']);
    drawer.end(true);
  });

  it('survives a terminal that becomes lower', () => {
    const screen = new Screen(20, 10);
    const drawer = redrawer(screen);
    drawer.draw(Array.from({ length: 9 }, (_, i) => `line ${i}`));
    screen.resize(20, 4);
    drawer.draw(Array.from({ length: 9 }, (_, i) => `new ${i}`));
    expect(screen.visible).toEqual(['new 0', 'new 1', 'new 2', '']);
    drawer.end(true);
  });

  it.each([
    [true, ['above', 'one', 'two', 'prompt']],
    [false, ['above', 'prompt']],
  ])('gives the terminal back (keeping the drawing: %s)', (keep, visible) => {
    const screen = new Screen(20, 10);
    screen.write('above\r\n');
    const drawer = redrawer(screen);
    drawer.draw(['one', 'two']);
    expect(screen.isCursorShown).toBe(false);
    drawer.end(keep);
    drawer.end(keep);
    drawer.draw(['late']);
    screen.write('prompt');
    expect(screen.visible).toEqual(visible);
    expect(screen.isCursorShown).toBe(true);
  });

  it('leaves a terminal alone that nothing was drawn on', () => {
    const screen = new Screen(20, 10);
    redrawer(screen).end(false);
    expect(screen.written).toEqual([]);
  });

  it('takes 80 x 24 where the stream has no size', () => {
    const screen = new Screen(0, 0);
    const drawer = redrawer(screen);
    drawer.draw(Array.from({ length: 100 }, () => 'x'.repeat(200)));
    const lines = screen.written[0].split('\r\n');
    expect(lines).toHaveLength(24);
    expect(lines[1]).toBe('x'.repeat(80));
    drawer.end(true);
  });

  it('survives a stream that is closed', async () => {
    const broken = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    });
    const drawer = redrawer(broken);
    drawer.draw(['one']);
    await new Promise((done) => setImmediate(done));
    drawer.draw(['two']);
    drawer.end(false);
    const ended = new Screen(20, 10);
    ended.end();
    const late = redrawer(ended);
    late.draw(['one']);
    late.end(false);
    expect(ended.written).toEqual([]);
  });

  it('leaves out drawings that a slow terminal has no time for', () => {
    const taken: (() => void)[] = [];
    let writes = 0;
    const slow = new Writable({
      highWaterMark: 10,
      write: (_chunk, _encoding, done) => {
        writes++;
        taken.push(done);
      },
    });
    const drawer = redrawer(slow);
    for (let i = 0; i < 1000; i++) drawer.draw(['some text']);
    expect(writes).toBe(1);
    expect(slow.writableLength).toBeLessThan(100);
    drawer.end(true);
  });

  it('gives the cursor back when the process ends', () => {
    const before = process.listenerCount('exit');
    const screen = new Screen(20, 10);
    const drawer = redrawer(screen);
    drawer.draw(['one']);
    expect(process.listenerCount('exit')).toBe(before + 1);
    process.listeners('exit')[before](0);
    expect(screen.isCursorShown).toBe(true);
    drawer.end(true);
    expect(process.listenerCount('exit')).toBe(before);
  });

  it('can be followed by another one, often', () => {
    const screen = new Screen(20, 10);
    for (let i = 0; i < 20; i++) {
      const drawer = redrawer(screen);
      drawer.draw([`drawing ${i}`]);
      drawer.end(false);
      screen.write(`report ${i}\r\n`);
    }
    expect(screen.visible.slice(-3)).toEqual(['report 18', 'report 19', '']);
    expect(screen.listenerCount('error')).toBe(1);
  });
});
