import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/bytes/hex.js';

describe('toHex', () => {
  it('writes every byte as two lower-case digits', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
  });

  it('writes a part', () => expect(toHex(Uint8Array.of(1, 0xab, 0xcd, 2), 1, 3)).toBe('abcd'));

  it.each([0, 1, 32, 2047, 2048, 2049, 4096, 100_001])('writes %i bytes', (length) => {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 7);
    expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
  });
});

describe('fromHex', () => {
  it.each([
    ['', []],
    ['00', [0]],
    ['aBFf09', [0xab, 0xff, 0x09]],
  ])('reads %j', (text, expected) => expect(fromHex(text)).toEqual(Uint8Array.from(expected)));

  it.each(['0', '0g', 'g0', '0x', ' 00', '00 ', '@0', 'G0', '/0', ':0', '00\u{130}0'])('refuses %j', (text) => {
    expect(fromHex(text)).toBeNull();
  });
});
