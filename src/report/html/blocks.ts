/** Tables as data: columns of numbers and of places in a dictionary of texts, for the script of the page. */
import { escapeText } from '../../bytes/escape.js';

/** One column of a table: how to get its value from an item. What is not there is null. */
export type Column<T> =
  | { name: string; kind: 'text'; of: (item: T) => string | null }
  /** A text that is not cut. */
  | { name: string; kind: 'long'; of: (item: T) => string | null }
  /** Hex digits, nearly all different. */
  | { name: string; kind: 'hex'; of: (item: T) => string }
  /** A whole number from 0 on. */
  | { name: string; kind: 'count'; of: (item: T) => number | null }
  /** A whole number that is near that of the item before. */
  | { name: string; kind: 'step'; of: (item: T) => number };

/** Characters of a text; server names end at 255. */
const MAX_CHARACTERS = 256;
/** The longest session ID, and the longest digest, in digits. */
const MAX_DIGITS = 64;
/** Values in one piece of the page. */
const CHUNK = 4096;

/**
 * A `<script type="application/json">`: `{ rows, texts, columns: { NAME: [kind, values] } }`. The value of a text is its place in `texts`, that of a
 * step the difference to the one before, and -1 is null. Values are digits of base 64, equally many for each; one number where all are the same.
 * page/data.ts reads it.
 */
export function* block<T>(id: string, items: readonly T[], given: readonly Column<T>[]): Generator<string> {
  const columns = given.map((column) => (isHex(column, items) ? column : asText(column)));
  const [places, texts] = dictionary(items, columns);
  yield `<script type="application/json" id="${id}">{"rows":${items.length},"texts":[`;
  yield* chunks(texts.length, (i) => JSON.stringify(texts[i]).replaceAll('<', '\\u003c'), ',');
  yield '],"columns":{';
  for (const [i, column] of columns.entries()) {
    const { name, kind } = column;
    yield `${i === 0 ? '' : ','}"${name}":["${kind === 'long' ? 'text' : kind}",`;
    if (column.kind === 'hex') yield* quoted(items.length, (i) => base64(column.of(items[i])));
    else yield* written(numbers(column, items, places));
    yield ']';
  }
  yield '}}</script>\n';
}

/** Whether all of it is hex digits that fit; identifiers of reports from elsewhere may be anything. */
function isHex<T>(column: Column<T>, items: readonly T[]): boolean {
  return column.kind === 'hex' && items.every((item) => HEX.test(column.of(item)));
}

/** What a `hex` column can hold. */
export const HEX = new RegExp(`^(?:[0-9a-f]{2}){0,${MAX_DIGITS / 2}}$`);

function asText<T>(column: Column<T>): Column<T> {
  return column.kind === 'hex' ? { ...column, kind: 'text' } : column;
}

/** The place of each text, and the texts as they are shown. */
function dictionary<T>(items: readonly T[], columns: readonly Column<T>[]): [ReadonlyMap<string, number>, string[]] {
  const places = new Map<string, number>();
  const texts: string[] = [];
  for (const column of columns) {
    if (column.kind !== 'text' && column.kind !== 'long') continue;
    const most = column.kind === 'long' ? Number.POSITIVE_INFINITY : MAX_CHARACTERS;
    for (const item of items) {
      const text = column.of(item);
      if (text === null || places.has(text)) continue;
      places.set(text, texts.length);
      texts.push(escapeText(text, most));
    }
  }
  return [places, texts];
}

function numbers<T>(column: Exclude<Column<T>, { kind: 'hex' }>, items: readonly T[], places: ReadonlyMap<string, number>): Float64Array {
  const values = new Float64Array(items.length);
  let before = 0;
  for (const [i, item] of items.entries()) {
    const value = column.of(item);
    const number = value === null ? -1 : typeof value === 'string' ? (places.get(value) ?? -1) : value;
    values[i] = column.kind === 'step' ? number - before : number;
    before = number;
  }
  return values;
}

function* written(values: Float64Array): Generator<string> {
  if (values.length > 0 && values.every((value) => value === values[0])) {
    yield String(values[0]);
    return;
  }
  const width = widthOf(values.reduce((most, value) => Math.max(most, unsigned(value)), 0));
  yield* quoted(values.length, (i) => letters(unsigned(values[i]), width));
}

/** -1, as in a report that somebody made by hand. */
const NOT_KNOWN = 1;

/** 0, -1, 1, -2, 2 … as 0, 1, 2, 3, 4 … */
function unsigned(value: number): number {
  if (!Number.isSafeInteger(value)) return NOT_KNOWN;
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function widthOf(most: number): number {
  let width = 1;
  for (let rest = most; rest >= 64; rest = Math.floor(rest / 64)) width++;
  return width;
}

function letters(value: number, width: number): string {
  let text = '';
  for (let rest = value; text.length < width; rest = Math.floor(rest / 64)) text = ALPHABET[rest % 64] + text;
  return text;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function* quoted(count: number, text: (i: number) => string): Generator<string> {
  yield '"';
  yield* chunks(count, text, '');
  yield '"';
}

function* chunks(count: number, text: (i: number) => string, separator: string): Generator<string> {
  for (let at = 0; at < count; at += CHUNK) {
    const pieces: string[] = [];
    for (let i = at; i < Math.min(count, at + CHUNK); i++) pieces.push(text(i));
    yield (at === 0 ? '' : separator) + pieces.join(separator);
  }
}

/** 44 characters: the number of digits as a byte, and the bytes, filled up with zeros. */
function base64(digits: string): string {
  let bytes = String.fromCharCode(digits.length);
  for (let at = 0; at < digits.length; at += 2) bytes += String.fromCharCode(Number.parseInt(digits.slice(at, at + 2), 16));
  return btoa(bytes.padEnd(1 + MAX_DIGITS / 2, '\0'));
}
