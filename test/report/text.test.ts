import { describe, expect, it } from 'vitest';
import {
  byteFigure,
  columnsOf,
  counted,
  elide,
  endpointText,
  figure,
  foreign,
  since,
  utc,
  wrap,
  wrapLabelled,
} from '../../src/report/text.js';
import { HOSTILE_TEXTS } from './reports.js';

describe('columnsOf', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['a…b', 3],
    ['漢字', 4],
    ['👍', 2],
    ['é', 1],
  ])('%j takes %i', (text, columns) => expect(columnsOf(text)).toBe(columns));
});

describe('elide', () => {
  it.each([
    ['abcdef', 6, 'abcdef'],
    ['abcdef', 5, 'abcd…'],
    ['漢字漢字', 6, '漢字…'],
    ['漢字漢字', 5, '漢字…'],
    ['漢字漢字', 4, '漢…'],
  ])('%j in %i', (text, columns, shown) => expect(elide(text, columns)).toBe(shown));
});

describe('wrap', () => {
  it.each([
    ['', 10, ['']],
    ['one two three', 7, ['one two', 'three']],
    ['one two three', 8, ['one two', 'three']],
    ['abcdefghij', 4, ['abcd', 'efgh', 'ij']],
    ['a bcdefgh', 4, ['a', 'bcde', 'fgh']],
    ['漢字漢', 5, ['漢字', '漢']],
  ])('%j in %i', (text, columns, lines) => expect(wrap(text, columns)).toEqual(lines));

  it('keeps every word, and no line is too long', () => {
    for (const text of HOSTILE_TEXTS.map((t) => foreign(t))) {
      for (const columns of [2, 3, 7, 40, 80]) {
        const lines = wrap(text, columns);
        expect(Math.max(...lines.map(columnsOf))).toBeLessThanOrEqual(columns);
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(/\s/g, ''));
      }
    }
  });

  it('indents what follows a label', () => expect(wrapLabelled('  - ', 'one two', 8)).toEqual(['  - one', '    two']));
});

describe('foreign', () => {
  it.each(HOSTILE_TEXTS)('lets nothing through that steers a terminal: %#', (text) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(foreign(text, 50)).not.toMatch(/[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/);
    expect(columnsOf(foreign(text, 50))).toBeLessThanOrEqual(50);
  });
});

describe('figures', () => {
  it.each([
    [0, '0'],
    [9999, '9999'],
    [10_000, '10,000'],
    [1_234_567, '1,234,567'],
  ])('%i', (n, text) => expect(figure(n)).toBe(text));
  it.each([
    [1, '1 session'],
    [2, '2 sessions'],
    [0, '0 sessions'],
  ])('%i counted', (n, text) => expect(counted(n, 'session')).toBe(text));
  it.each([
    [999, '999 bytes'],
    [1500, '1.5 kB'],
    [2_000_000, '2.0 MB'],
    [3_210_000_000, '3.21 GB'],
  ])('%i bytes', (n, text) => expect(byteFigure(n)).toBe(text));
});

describe('times', () => {
  it.each([
    [1450000047.588186, '2015-12-13T09:47:27.588186Z'],
    [0, '1970-01-01T00:00:00.000000Z'],
    [1.9999999, '1970-01-01T00:00:02.000000Z'],
    [-0.5, '1969-12-31T23:59:59.500000Z'],
    [8.64e12, '+275760-09-13T00:00:00.000000Z'],
    [1e15, '1000000000000000 s'],
    [Number.NaN, 'NaN s'],
  ])('%f is %s', (time, text) => expect(utc(time)).toBe(text));
  it.each([
    [1, 1, '+0.000000'],
    [1, 1.25, '+0.250000'],
    [1.25, 1, '-0.250000'],
  ])('from %f to %f is %s', (origin, time, text) => expect(since(origin, time)).toBe(text));
});

it('writes an IPv6 endpoint in brackets', () => {
  expect(endpointText({ address: 'fd00::1', port: 443 })).toBe('[fd00::1]:443');
  expect(endpointText({ address: '10.0.0.1', port: 443 })).toBe('10.0.0.1:443');
});
