/** Longest text shown from a packet or a file name, in characters; host names end at 253 (RFC 1035 3.1). */
const MAX_SHOWN_CHARACTERS = 256;

/** Controls, format characters (bidirectional and zero-width ones among them), lone surrogates, line and paragraph separators. */
const HOSTILE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/**
 * Makes text from outside safe to print: whatever could move a cursor, hide or reorder other text becomes a visible
 * `\x1b` or `\u{202e}`.
 *
 * @param maxCharacters longer results are cut here and end in `…`
 */
export function escapeText(text: string, maxCharacters = MAX_SHOWN_CHARACTERS): string {
  if (text.length <= maxCharacters && !HOSTILE.test(text)) return text;
  let shown = '';
  for (const character of text) {
    const next = HOSTILE.test(character) ? escaped(character) : character;
    if (shown.length + next.length > maxCharacters) return `${shown}…`;
    shown += next;
  }
  return shown;
}

/**
 * The bytes from `start` to `end` (not included) as text: UTF-8, each byte that is none as `\xff`. What it holds is still not safe to
 * print, see {@link escapeText}.
 */
export function decodeText(bytes: Uint8Array, start = 0, end = bytes.length): string {
  const codes: number[] = [];
  for (let at = start; at < end; at++) {
    if (bytes[at] >= 0x80) return decodeUtf8(bytes, start, end);
    codes.push(bytes[at]);
  }
  return codes.length <= MAX_ARGUMENTS ? String.fromCharCode.apply(null, codes) : decodeUtf8(bytes, start, end);
}

/** Arguments of one call, far below what any engine allows. */
const MAX_ARGUMENTS = 4096;

function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; ) {
    const length = sequenceLength(bytes, at, end);
    text += length === 0 ? byteEscape(bytes[at]) : String.fromCodePoint(codePoint(bytes, at, length));
    at += Math.max(1, length);
  }
  return text;
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
