/** Which rows of a table are shown, and in which order. */
import type { Table } from './data.js';

export interface RowOrder {
  /** Rows in the order in which they are shown. */
  readonly rows: Uint32Array;
  /** All words must be in a row: `stream:12` and `frame:9583` mean these, other words are looked for everywhere. */
  search(text: string): void;
  sort(column: string, isDescending: boolean): void;
}

/** @param frames columns that `frame:` looks into, with what is added to them */
export function rowOrder(table: Table, frames: readonly string[]): RowOrder {
  /** Enough to tell identifiers apart, and a number still. */
  const DIGITS = 12;
  let sorted = Uint32Array.from({ length: table.rows }, (_, i) => i);
  let rows = sorted;
  let wanted: ((row: number) => boolean)[] = [];

  function keysOf(column: string): Float64Array {
    const { isText, numbers, packed } = table.columns[column];
    if (packed !== null)
      return Float64Array.from({ length: table.rows }, (_, row) =>
        Number.parseInt(table.digits(column, row, DIGITS).padEnd(DIGITS, '0'), 16),
      );
    if (!isText || numbers === null) return numbers ?? new Float64Array(table.rows);
    const rank = ranks(table.texts);
    return numbers.map((place) => (place < 0 ? -1 : rank[place]));
  }

  function ranks(texts: readonly string[]): Float64Array {
    const places = Array.from(texts, (_, i) => i);
    const compare = new Intl.Collator('en', { numeric: true }).compare;
    // The collator is slow, and of very many texts most are identifiers.
    places.sort(
      texts.length > 10_000 ? (a, b) => (texts[a] < texts[b] ? -1 : texts[a] > texts[b] ? 1 : 0) : (a, b) => compare(texts[a], texts[b]),
    );
    const rank = new Float64Array(texts.length);
    for (let i = 0; i < places.length; i++) rank[places[i]] = i;
    return rank;
  }

  function testOf(word: string): (row: number) => boolean {
    const exact = /^(stream|frame):(\d+)$/.exec(word);
    if (exact !== null) return numberTest(exact[1] === 'stream' ? ['stream'] : frames, Number(exact[2]));
    const [host, port] = /^(.*[.:\]].*):(\d+)$/.exec(word)?.slice(1) ?? [];
    if (port !== undefined && table.columns.port !== undefined) {
      const [ofHost, ofPort] = [testOf(host.replace(/^\[|\]$/g, '')), numberTest(['port'], Number(port))];
      if (table.texts.every((text) => text.toLowerCase() !== word)) return (row) => ofHost(row) && ofPort(row);
    }
    // `clean` is not meant to find what is unclean.
    const isHit = table.texts.map((text) =>
      ` ${text.toLowerCase()}`.split(word).some((before, i, all) => i < all.length - 1 && /[^a-z]$/.test(before)),
    );
    const columns = Object.values(table.columns);
    const places = columns.flatMap(({ isText, numbers }) => (isText && numbers !== null ? [numbers] : []));
    const packed = Object.keys(table.columns).filter((name) => table.columns[name].packed !== null);
    const isDigits = /^[0-9a-f]+$/.test(word);
    const byNumber = /^#?\d+$/.test(word) ? numberTest(['stream', 'port', ...frames], Number(word.replace('#', ''))) : () => false;
    return (row) =>
      places.some((column) => column[row] >= 0 && isHit[column[row]]) ||
      byNumber(row) ||
      (isDigits && packed.some((name) => table.digits(name, row, word.length) === word));
  }

  /** Frames are kept as distances from the first one of the row, where there is such a column. */
  function numberTest(names: readonly string[], value: number): (row: number) => boolean {
    const present = names.filter((name) => table.columns[name] !== undefined);
    const isRelative = table.columns.first !== undefined;
    return (row) =>
      present.some((name) => {
        const found = table.number(name, row);
        const base = isRelative && frames.includes(name) && name !== 'first' ? table.number('first', row) : 0;
        return found >= 0 && found + base === value;
      });
  }

  function apply(): void {
    rows = wanted.length === 0 ? sorted : sorted.filter((row) => wanted.every((test) => test(row)));
  }

  return {
    get rows() {
      return rows;
    },
    search(text) {
      wanted = text
        .toLowerCase()
        .split(/\s+/)
        .filter((word) => word !== '')
        .map(testOf);
      apply();
    },
    sort(column, isDescending) {
      const keys = keysOf(column);
      const sign = isDescending ? -1 : 1;
      sorted = Uint32Array.from({ length: table.rows }, (_, i) => i).sort((a, b) => sign * (keys[a] - keys[b]) || a - b);
      apply();
    },
  };
}
