/** Findings that are alike, through whole captures: what a summary makes of 3, 100 and 10,000 sessions lost at one server. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/model.js';
import { alike, examplesOf } from '../../src/report/alike.js';
import { table } from '../../src/report/table.js';
import { columnsOf } from '../../src/report/text.js';
import { story, type Visit } from '../sessions/visits.js';
import { LARGE } from '../support/packets.js';
import { FORUM, FORUM_FINDING, many } from './reports.js';

const update = process.env.UPDATE_GOLDEN === '1';
const folder = fileURLToPath(new URL('folded/', import.meta.url));

/** `count` sessions, each issued, closed by RST and offered in vain; every tenth is of another client. */
function lost(count: number): Report {
  const visits: Visit[] = [];
  for (let i = 0; i < count; i++) {
    const id = (i + 1).toString(16).padStart(8, '0') + '5e'.repeat(28);
    const client = (port: number) => `192.0.2.${i % 10 === 0 ? 2 : 1}:${port}`;
    visits.push({ issues: id, close: 'rst', client: client(1024 + 2 * i) });
    visits.push({ offers: id, close: 'rst', client: client(1025 + 2 * i) });
  }
  for (let i = 0; i < 5; i++) {
    const id = `c${i}`.repeat(32);
    visits.push({ issues: id }, { offers: id, resumes: true });
  }
  return story(visits, { keep: 'findings', limits: LARGE }).report;
}

const REPORTS: readonly [sessions: number, report: Report][] = [3, 100, 10_000].map((count) => [count, lost(count)]);

describe.each(REPORTS)('%i sessions lost at one server', (count, report) => {
  const text = (options: Parameters<typeof table>[1]) => [...table(report, options)].join('');

  it('are findings each', () => expect(report.findings).toHaveLength(count));

  it.each([80, 120, 200])('in %i columns', (width) => {
    const shown = text({ width });
    const path = `${folder}${count}-in-${width}.txt`;
    if (update) writeFileSync(path, shown);
    expect(shown).toBe(readFileSync(path, 'utf8'));
    for (const line of shown.split('\n')) expect(columnsOf(line), line).toBeLessThanOrEqual(width);
  });

  it('in colours has the same words', () => {
    const colored = text({ color: true });
    expect(colored).toContain('\x1b[');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escapes of styleText
    expect(colored.replaceAll(/\x1b\[\d+m/g, '')).toBe(text({}));
  });

  it('are told one by one when asked for', () => {
    const stories = (shown: string) => shown.match(/^\[\d+\] session ID/gm) ?? [];
    expect(stories(text({ verbose: true }))).toHaveLength(Math.min(20, count));
    if (count <= 100) expect(stories(text({ all: true }))).toHaveLength(count);
  });
});

describe('alike', () => {
  const close = FORUM_FINDING.culprit;
  const server = { address: '192.0.2.9', port: 1 };

  it.each<[string, object]>([
    ['server', { server }],
    ['kind of session', { session: { kind: 'psk', id: '00' } }],
    ['side', { culprit: { ...close, by: 'server' } }],
    ['end', { culprit: { ...close, end: 'fin' } }],
    ['state of the close', { culprit: { ...close, state: 'reset-race' } }],
    ['cause', { cause: 'reset-race' }],
    ['confidence', { confidence: 'low' }],
  ])('are not those of another %s', (_what, other) => {
    expect(alike([FORUM_FINDING, { ...FORUM_FINDING, ...other }])).toHaveLength(2);
  });

  it('are those that only differ in session, client, frames and rivals', () => {
    const other = { ...FORUM_FINDING, session: { ...FORUM_FINDING.session, id: '00' }, client: server, rivals: [] };
    expect(alike([FORUM_FINDING, other])).toHaveLength(1);
  });

  it('come with the surest first, then the most', () => {
    const low = { ...FORUM_FINDING, confidence: 'low' as const };
    const elsewhere = { ...FORUM_FINDING, server };
    const groups = alike([low, low, low, FORUM_FINDING, elsewhere, elsewhere]);
    expect(groups.map(({ findings }) => findings.length)).toEqual([2, 1, 3]);
  });

  it('have three examples: the first, the middle, the last', () => {
    const [group] = alike(many(1, 9).findings);
    expect(examplesOf(group).map(({ session }) => Number(`0x${session.id}`))).toEqual([0, 4, 8]);
    const [two] = alike(many(1, 2).findings);
    expect(examplesOf(two)).toHaveLength(2);
  });

  it('are told with how many a rival fits', () => {
    const findings = many(1, 5).findings.map((finding, i) =>
      i < 2 ? { ...finding, rivals: ['evicted' as const] } : { ...finding, rivals: [] },
    );
    const told = [...table({ ...FORUM, findings })].join('').replaceAll(/\s+/g, ' ');
    expect(told).toContain('Rivals evicted (2 of 5): the server dropped it');
    expect(told).toContain('Why Of the first: ');
  });
});
