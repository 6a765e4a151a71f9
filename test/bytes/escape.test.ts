import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { decodeText, escapeText, wellFormed } from '../../src/bytes/escape.js';
import { processorTime } from '../support/processor-time.js';

const character = (code: number) => String.fromCodePoint(code);

describe('escapeText', () => {
  it.each(['', 'example.org', 'bücher.example', '例え.jp', 'back\\slash', '🦊', 'a b'])('leaves %j', (text) => {
    expect(escapeText(text)).toBe(text);
  });

  const controls = [...Array(0x20).keys(), ...Array.from({ length: 0x21 }, (_, i) => 0x7f + i)];
  it.each(controls)('escapes control %i', (code) => {
    expect(escapeText(`a${character(code)}b`)).toBe(`a\\x${code.toString(16).padStart(2, '0')}b`);
  });

  const formats = [0x061c, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2060];
  const unseen = [0x034f, 0x115f, 0x180e, 0x3164, 0xfe0f, 0xfff9, 0xffa0, 0x1d173, 0xe01ef];
  it.each([...formats, 0x2066, 0x2067, 0x2068, 0x2069, 0xfeff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe0041, ...unseen])(
    'escapes U+%x',
    (code) => {
      expect(escapeText(`a${character(code)}b`)).toBe(`a\\u{${code.toString(16)}}b`);
    },
  );

  it('escapes a terminal sequence', () => expect(escapeText('\u001b[2J\u009b31m')).toBe('\\x1b[2J\\x9b31m'));

  it.each([
    ['a few marks', `e${'\u0301'.repeat(8)}b`, `e${'\u0301'.repeat(8)}b`],
    ['more marks than any script has', `e${'\u0301'.repeat(10)}b\u0301`, `e${'\u0301'.repeat(8)}\\u{301}\\u{301}b\u0301`],
    ['marks alone', '\u20dd'.repeat(9), `${'\u20dd'.repeat(8)}\\u{20dd}`],
  ])('shows %s', (_what, text, shown) => expect(escapeText(text)).toBe(shown));

  it('cuts at 256 characters', () => {
    expect(escapeText('a'.repeat(256))).toBe('a'.repeat(256));
    expect(escapeText('a'.repeat(257))).toBe(`${'a'.repeat(256)}…`);
  });

  it.each([
    ['abcdef', 3, 'abc…'],
    ['ab\ncd', 4, 'ab…'],
    ['ab\ncd', 6, 'ab\\x0a…'],
    ['a🦊b', 2, 'a…'],
    ['a🦊b', 3, 'a🦊…'],
    ['\n', 3, '…'],
  ])('cuts %j at %i, never inside an escape or a character', (text, length, expected) => {
    expect(escapeText(text, length)).toBe(expected);
  });

  it('looks at no more of a long text than it shows', () => {
    const text = '\u202e'.repeat(10_000_000);
    expect(processorTime(() => escapeText(text))).toBeLessThan(1000);
  });
});

describe('wellFormed', () => {
  it.each([
    ['', ''],
    ['a🦊\x1b', 'a🦊\x1b'],
    ['a\ud83eb', 'a\\u{d83e}b'],
    ['\udd8a\ud83e', '\\u{dd8a}\\u{d83e}'],
  ])('%j', (text, expected) => expect(wellFormed(text)).toBe(expected));
});

describe('decodeText', () => {
  const text = (...bytes: number[]) => decodeText(Uint8Array.from(bytes));

  it.each(['', 'example.org', 'bücher', '例え', '🦊', '\u0000\u007f\u0080\u07ff\u0800\ufffd\uffff\u{10000}\u{10ffff}'])(
    'reads %j',
    (expected) => {
      expect(decodeText(new TextEncoder().encode(expected))).toBe(expected);
    },
  );

  it('reads a part', () => expect(decodeText(new TextEncoder().encode('xabcx'), 1, 4)).toBe('abc'));

  it('reads long text', () => expect(decodeText(new Uint8Array(100_000).fill(0x61))).toBe('a'.repeat(100_000)));

  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'abc…'],
    ['ab🦊', 3, 'ab…'],
    ['ab🦊', 4, 'ab🦊'],
    ['x'.repeat(100_000), 5000, `${'x'.repeat(5000)}…`],
  ])('cuts %s at %i', (long, most, expected) => {
    const bytes = new TextEncoder().encode(long);
    expect(decodeText(bytes, 0, bytes.length, most)).toBe(expected);
  });

  it('cuts before an escape that would not fit', () => expect(decodeText(Uint8Array.of(0x61, 0xff, 0x62), 0, 3, 4)).toBe('a…'));

  it('makes strings that take no more memory than their characters', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const used = () => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = used();
    const texts = Array.from({ length: 2000 }, () => decodeText(new Uint8Array(255).fill(0xff)));
    expect((used() - before) / texts.length).toBeLessThan(2 * 4 * 255);
  });

  it.each<[why: string, bytes: number[], expected: string]>([
    ['a byte alone', [0x61, 0xff, 0x62], 'a\\xffb'],
    ['a continuation alone', [0x80], '\\x80'],
    ['a lead at the end', [0x61, 0xc3], 'a\\xc3'],
    ['a sequence cut', [0xe2, 0x82], '\\xe2\\x82'],
    ['a sequence broken off', [0xe2, 0x82, 0x41], '\\xe2\\x82A'],
    ['an overlong 0', [0xc0, 0x80], '\\xc0\\x80'],
    ['an overlong /', [0xe0, 0x80, 0xaf], '\\xe0\\x80\\xaf'],
    ['a surrogate', [0xed, 0xa0, 0x80], '\\xed\\xa0\\x80'],
    ['overlong in four bytes', [0xf0, 0x80, 0x80, 0x80], '\\xf0\\x80\\x80\\x80'],
    ['above U+10FFFF', [0xf4, 0x90, 0x80, 0x80], '\\xf4\\x90\\x80\\x80'],
    ['a lead of five', [0xf8, 0x88, 0x80, 0x80, 0x80], '\\xf8\\x88\\x80\\x80\\x80'],
  ])('shows %s', (_, bytes, expected) => expect(text(...bytes)).toBe(expected));

  it('takes as well-formed what TextDecoder does', () => {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    for (let lead = 0x80; lead < 0x100; lead++) {
      for (let second = 0; second < 0x100; second += 1) {
        for (const tail of [[], [0x80], [0xbf, 0x80], [0x41]]) {
          const bytes = Uint8Array.of(lead, second, ...tail);
          let expected: string | null = null;
          try {
            expected = decoder.decode(bytes);
          } catch {}
          const ours = decodeText(bytes);
          if (expected === null) expect(ours).toContain('\\x');
          else expect(ours).toBe(expected);
        }
      }
    }
  });
});
