// docs/differences.md lists what the other tests of this folder have seen, and nothing else.
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { encapsulations } from '../support/encapsulate.js';
import { fixtures } from '../support/fixtures.js';
import { known } from './differences.js';

const page = readFileSync(new URL('../../docs/differences.md', import.meta.url), 'utf8');

/** The cells of the rows of the table whose first heading this is. */
function table(heading: string): string[][] {
  const lines = page.split('\n');
  const start = lines.findIndex((line) => line.startsWith('|') && line.split('|')[1].trim() === heading);
  const length = lines.slice(start).findIndex((line) => !line.startsWith('|'));
  return lines.slice(start + 2, start + length).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** A value in backquotes; of a long one only its beginning may be there. */
function matches(cell: string, value: string): boolean {
  const text = cell.replaceAll('`', '');
  return text === value || (text.endsWith('…') && text.length > 16 && value.startsWith(text.slice(0, -1)));
}

it('has a row for each difference', () => {
  const rows = table('difference').map(([row, where, fact]) => [row, where, fact]);
  expect(rows).toEqual(known.map((one) => [one.row, `${one.capture}, frame ${one.frame}, stream ${one.stream}`, `\`${one.fact}\``]));
});

it.each(known)('says of $capture, frame $frame, what was seen: $row', ({ row, theirs, ours }) => {
  const cells = table('difference').find(([first]) => first === row);
  expect([cells?.[3], matches(cells?.[3] ?? '', theirs)]).toEqual([cells?.[3], true]);
  expect([cells?.[4], matches(cells?.[4] ?? '', ours)]).toEqual([cells?.[4], true]);
  expect(cells?.[5]).toMatch(/\.$/);
});

it('names captures that are there', () => {
  const named = known.flatMap(({ capture, places }) => [capture, ...places.map((place) => place.capture)]);
  expect(named.filter((capture) => !existsSync(fixtures + capture))).toEqual([]);
});

it('has a row for each way into a packet that Wireshark does not go', () => {
  expect(table('packets')).toEqual(encapsulations.flatMap(({ name, differs }) => (differs === undefined ? [] : [[name, differs]])));
});
