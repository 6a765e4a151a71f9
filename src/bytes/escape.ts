/** Longest text shown from a packet or a file name, in characters; host names end at 253 (RFC 1035 3.1). */
const MAX_SHOWN_CHARACTERS = 256;

/** Combining marks on one character; no script needs more, and a heap of them covers the lines around it. */
const MAX_MARKS = 8;

/**
 * Format characters (bidirectional and zero-width ones among them), others that nobody sees, lone surrogates, line and paragraph
 * separators: for a class of a regular expression with the flag `u`.
 */
export const INVISIBLE = '\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}';
const HOSTILE = new RegExp(`[\\p{Cc}${INVISIBLE}]`, 'u');
const HOSTILE_OR_HEAP = new RegExp(`[\\p{Cc}${INVISIBLE}]|\\p{M}{${MAX_MARKS + 1}}`, 'u');
const MARK = /\p{M}/u;
const LONE_SURROGATES = /\p{Cs}/gu;

/**
 * Makes text from outside safe to print: whatever could move a cursor, hide or reorder other text becomes a visible
 * `\x1b` or `\u{202e}`.
 *
 * @param maxCharacters longer results are cut here and end in `…`
 */
export function escapeText(text: string, maxCharacters = MAX_SHOWN_CHARACTERS): string {
  if (text.length <= maxCharacters && !HOSTILE_OR_HEAP.test(text)) return text;
  let shown = '';
  let marks = 0;
  for (const character of text) {
    marks = MARK.test(character) ? marks + 1 : 0;
    const next = marks > MAX_MARKS || HOSTILE.test(character) ? escaped(character) : character;
    if (shown.length + next.length > maxCharacters) return `${shown}…`;
    shown += next;
  }
  return shown;
}

/** The text with each lone surrogate as a visible `\u{d800}`: they have no UTF-8, and many readers of JSON take none (RFC 8259 8.2). */
export function wellFormed(text: string): string {
  return text.replace(LONE_SURROGATES, escaped);
}

/**
 * The bytes from `start` to `end` (not included) as text: UTF-8, each byte that is none as `\xff`. What it holds is still not safe to
 * print, see {@link escapeText}.
 *
 * @param maxCharacters longer texts are cut here and end in `…`
 */
export function decodeText(bytes: Uint8Array, start = 0, end = bytes.length, maxCharacters = Number.POSITIVE_INFINITY): string {
  // A string that grows by single characters is kept as a tree of them, ten times its size: they are gathered as numbers.
  let units: number[] = [];
  let text = '';
  for (let at = start; at < end; ) {
    const kept = units.length;
    const length = sequenceLength(bytes, at, end);
    if (length === 1) units.push(bytes[at]);
    else if (length === 0) pushText(units, byteEscape(bytes[at]));
    else pushText(units, String.fromCodePoint(codePoint(bytes, at, length)));
    if (text.length + units.length > maxCharacters) return `${text}${fromUnits(units.slice(0, kept))}…`;
    at += Math.max(1, length);
    if (units.length < MAX_UNITS) continue;
    text += fromUnits(units);
    units = [];
  }
  return text + fromUnits(units);
}

/** Far below what any engine takes as arguments of one call. */
const MAX_UNITS = 4096;

function fromUnits(units: readonly number[]): string {
  return String.fromCharCode.apply(null, units as number[]);
}

function pushText(units: number[], text: string): void {
  for (let i = 0; i < text.length; i++) units.push(text.charCodeAt(i));
}

/** Bytes of the well-formed sequence at `at` (RFC 3629 section 4: no overlong forms, no surrogates, nothing above U+10FFFF), else 0. */
function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at];
  if (lead < 0x80) return 1;
  const length = lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > end) return 0;
  for (let i = 1; i < length; i++) if (bytes[at + i] >> 6 !== 0b10) return 0;
  const second = bytes[at + 1];
  const illFormed =
    (lead === 0xe0 && second < 0xa0) ||
    (lead === 0xed && second > 0x9f) ||
    (lead === 0xf0 && second < 0x90) ||
    (lead === 0xf4 && second > 0x8f);
  return illFormed ? 0 : length;
}

function codePoint(bytes: Uint8Array, at: number, length: number): number {
  if (length === 1) return bytes[at];
  let point = bytes[at] & (0xff >> (length + 1));
  for (let i = 1; i < length; i++) point = (point << 6) | (bytes[at + i] & 0x3f);
  return point;
}

function escaped(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  return point < 0x100 ? byteEscape(point) : `\\u{${point.toString(16)}}`;
}

function byteEscape(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
