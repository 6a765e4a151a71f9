import { describe, expect, it } from 'vitest';
import { json } from '../../src/report/json.js';
import { ndjson } from '../../src/report/ndjson.js';
import { EMPTY, FORUM, HOSTILE_TEXTS, hostile, MIXED, many } from './reports.js';

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const STEERING = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;

describe('json', () => {
  it.each([
    ['empty', EMPTY],
    ['forum', FORUM],
    ['mixed', MIXED],
  ])('%s is what JSON.stringify writes', (_name, report) => {
    expect([...json(report)].join('')).toBe(`${JSON.stringify(report, null, 2)}\n`);
  });

  it('comes in pieces, none of which grows with the report', () => {
    const longest = (n: number) => Math.max(...[...json(many(1, n))].map((piece) => piece.length));
    expect(longest(1000)).toBe(longest(10));
  });

  it.each(HOSTILE_TEXTS)('keeps a hostile text and yet prints it safely: %#', (text) => {
    const written = [...json(hostile(text))].join('');
    expect(written).not.toMatch(STEERING);
    expect(JSON.parse(written)).toEqual(hostile(text));
  });
});

describe('ndjson', () => {
  it('has one object in a line, the summary last', () => {
    const lines = [...ndjson(FORUM)];
    expect(lines.every((line) => line.endsWith('\n') && !line.slice(0, -1).includes('\n'))).toBe(true);
    const objects = lines.map((line) => JSON.parse(line));
    expect(objects.map((o) => o.type)).toEqual(['connection', 'connection', 'connection', 'finding', 'server', 'session', 'summary']);
    expect(objects.at(-1)).toEqual({ type: 'summary', schema: FORUM.schema, capture: FORUM.capture, totals: FORUM.totals });
    expect(objects[3]).toEqual({ type: 'finding', ...FORUM.findings[0] });
    expect(objects[1]).toEqual({ type: 'connection', ...FORUM.connections[1] });
  });

  it('ends with a summary when there is nothing', () => expect([...ndjson(EMPTY)].map((l) => JSON.parse(l).type)).toEqual(['summary']));

  it.each(HOSTILE_TEXTS)('prints a hostile text safely: %#', (text) => {
    for (const line of ndjson(hostile(text))) expect(line).not.toMatch(STEERING);
  });
});
