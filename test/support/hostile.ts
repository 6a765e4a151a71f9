// Texts from outside that would do harm where they are printed as they are, and how to see that they did none.

const utf8 = (text: string) => new TextEncoder().encode(text);

/** What captures can hold: bytes. */
export const HOSTILE_BYTES: readonly [name: string, bytes: Uint8Array][] = [
  ['terminal sequences', utf8('\x1b[2J\x1b]0;title\x07\x1b]8;;http://x\x1b\\\x1bP0')],
  ['C1 controls', utf8('\u009b31m\u0085\u0090')],
  ['lines', utf8('a\r\nb\n{"type":"finding"}\n\v\f')],
  ['NUL, TAB, DEL', utf8('a\0b\tc\x7f')],
  ['bidi controls', utf8('\u202egro.elpmaxe\u202c\u2066x\u2069\u061c\u200e\u200f')],
  ['separators', utf8('a\u2028b\u2029c\u200b\u200d\u2060\ufeff')],
  ['invisible characters', utf8('a\u00adb\u034fc\u115f\u3164\uffa0\ufe0f\u{e0041}\u{e01ef}\u180e')],
  ['annotations', utf8('a\ufff9b\ufffac\ufffb\u{1d173}')],
  ['a heap of marks', utf8(`a${'\u0301'.repeat(100)}`)],
  ['wide characters', utf8('漢字'.repeat(40))],
  ['bytes that are no UTF-8', Uint8Array.of(0x61, 0xff, 0xfe, 0x9b, 0x33, 0x31, 0x6d, 0xc3)],
  ['surrogates in UTF-8', Uint8Array.of(0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80, 0x61)],
  ['an overlong escape', Uint8Array.of(0xc1, 0x9b, 0x5b, 0x32, 0x4a)],
  ['quotes and brackets', utf8('") or frame.number > 0 or ("\\"\\\\\')}{')],
  ['a series', utf8('"} 1\nclosenotify_frames_total{a="')],
  ['shell and markup', utf8('$(id)`id`;%s%n<script>alert(1)</script>')],
];

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const STEERING = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]|\p{Cf}|\p{Cs}|\p{Default_Ignorable_Code_Point}/u;
const HEAP = /\p{M}{9}/u;

/** What steers a terminal, breaks a line or is not seen, with the words before it; null where all is well. Line feeds are the program's own. */
export function harmIn(text: string): string | null {
  return first(STEERING, text);
}

/** The same, and marks in heaps: JSON keeps those. */
export function harmInTable(text: string): string | null {
  return harmIn(text) ?? first(HEAP, text);
}

/** Strings of a JSON text that have no UTF-8. */
export function illFormed(json: string): string[] {
  const found: string[] = [];
  JSON.parse(json, (_key, value) => {
    if (typeof value === 'string' && /\p{Cs}/u.test(value)) found.push(value);
    return value;
  });
  return found;
}

function first(kind: RegExp, text: string): string | null {
  const found = kind.exec(text);
  if (found === null) return null;
  return `U+${found[0].codePointAt(0)?.toString(16)} after ${JSON.stringify(text.slice(Math.max(0, found.index - 40), found.index))}`;
}
