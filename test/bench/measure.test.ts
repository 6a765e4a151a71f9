import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Series {
  command: { name: string };
  samples: ({ seconds: number; rssKib: number | null } | null)[];
  failure: string | null;
}

const load = (path: string) => import(/* @vite-ignore */ new URL(`../../bench/runner/${path}`, import.meta.url).href);
const { measureInTurns } = await load('measure.mjs');
const { ratioTo, secondsOf } = await load('figures.mjs');
const { judge } = await load('goals.mjs');
const { findTools } = await load('tools.mjs');
const { compareAnswers } = await load('answers.mjs');

const node = (name: string, code: string, rest = {}) => ({ name, argv: [process.execPath, '-e', code], limitSeconds: 20, ...rest });
const series = (seconds: (number | null)[], command = {}, failure: string | null = null) => ({
  command: { name: 'x', ...command },
  samples: seconds.map((s) => (s === null ? null : { seconds: s, rssKib: null })),
  failure,
});

describe('measureInTurns', () => {
  it('goes on when a command fails, hangs or is not there, and keeps no warm-up', async () => {
    const commands = [
      node('good', ''),
      node('bad', 'process.exit(3)'),
      node('hangs', 'setInterval(() => {}, 1000)', { limitSeconds: 0.5 }),
      { name: 'absent', argv: ['/nonexistent/program'], limitSeconds: 5 },
      node('once', '', { once: true }),
    ];
    const order: string[] = [];
    const got: Series[] = await measureInTurns(commands, 2, { kind: 'none', path: '' }, (text: string) => order.push(text));
    expect(got.map((s) => s.failure)).toEqual([null, 'exit 3', 'over 0.5 s', 'ENOENT', null]);
    expect(got.map((s) => s.samples.map((sample) => sample !== null))).toEqual([
      [true, true],
      [false, false],
      [false, false],
      [false, false],
      [false, true],
    ]);
    expect(order.slice(0, 2)).toEqual(['round 0 of 2: good', 'round 0 of 2: bad']);
  });

  it('tells peak memory and the exit status of the command, where a C compiler or GNU time is there', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'closenotify-measure-'));
    try {
      const { meter } = findTools(directory);
      if (meter.kind === 'none') return;
      const commands = [node('big', 'Buffer.alloc(200 << 20, 1)'), node('bad', 'process.exit(3)')];
      const [big, bad]: Series[] = await measureInTurns(commands, 1, meter, () => {});
      expect(big?.samples[0]?.rssKib).toBeGreaterThan(200 * 1024);
      expect(big?.samples[0]?.rssKib).toBeLessThan(400 * 1024);
      expect(bad?.failure).toBe('exit 3');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('figures', () => {
  it.each([
    [[3, 1, 2], { median: 2, min: 1, max: 3 }],
    [[4, null, 1], { median: 2.5, min: 1, max: 4 }],
    [[null], null],
  ])('secondsOf(%j)', (seconds, expected) => {
    expect(secondsOf(series(seconds))).toEqual(expected);
  });

  it('takes ratios round by round, and per packet where only the first packets are read', () => {
    const loop = series([1, 2, 4]);
    expect(ratioTo(series([2, 2, 4]), loop, 100)).toEqual({ median: 1, min: 1, max: 2 });
    expect(ratioTo(series([null, null, 4], { packets: 10 }), loop, 100)).toEqual({ median: 10, min: 10, max: 10 });
    expect(ratioTo(series([null, null, 4], { packets: 1000 }), loop, 100)).toEqual({ median: 1, min: 1, max: 1 });
    expect(ratioTo(series([1, 1, 1], {}, 'exit 1'), loop, 100)).toBeNull();
    expect(ratioTo(loop, undefined, 100)).toBeNull();
  });
});

describe('goals', () => {
  it('says met, missed or not measured', () => {
    const rows: string[][] = judge({ handshakes: { loop: 5.01, tshark: 30 }, bulk: { loop: 1.5, rss: 121, growth: null } });
    expect(rows.map((row) => row.at(-1))).toEqual(['met', 'MISSED', 'met', 'MISSED', 'not measured']);
  });
});

describe('answers', () => {
  const truth = { connections: 2, full: 1, resumed: 1, declined: 0, notOffered: 1, invalidatedSessions: 0 };
  const print = (totals: unknown) => node('', `console.log(${JSON.stringify(JSON.stringify({ totals }))})`).argv;
  const handshakes = { full: 1, resumed: 1, declined: 0, notOffered: 1 };

  it('compares a report with the truth', async () => {
    const right = await compareAnswers(print({ tlsConnections: 2, handshakes, invalidatedSessions: 0 }), truth);
    expect(right.filter(([, expected, got]: unknown[]) => expected !== got)).toEqual([]);
    const wrong = await compareAnswers(print({ tlsConnections: 3, handshakes }), truth);
    expect(wrong.filter(([, expected, got]: unknown[]) => expected !== got)).toEqual([
      ['TLS connections', 2, 3],
      ['invalidated sessions', 0, 'none'],
    ]);
    const none = await compareAnswers(node('', 'process.exit(1)').argv, truth);
    expect(none.every(([, , got]: unknown[]) => got === 'none')).toBe(true);
  });
});
