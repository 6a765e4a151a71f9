/** `closenotify explain`: its words, and what it tells of captures. */
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type ExplainCommand, parseExplain } from '../../src/cli/explain-arguments.js';
import { main } from '../../src/cli/program.js';
import type { Report } from '../../src/model.js';
import { explanation } from '../../src/report/explanation.js';
import { columnsOf } from '../../src/report/text.js';
import { matching } from '../../src/selection/matches.js';
import { HOSTILE_TEXTS, hostile } from '../report/reports.js';
import { story, type Visit } from '../sessions/visits.js';
import { harmIn } from '../support/hostile.js';

const DEFAULTS: ExplainCommand = {
  query: { digits: '1ab8' },
  asked: '1ab8',
  inputs: ['a.pcap'],
  format: 'table',
  output: null,
  all: false,
  server: null,
  keyLog: null,
  color: 'auto',
  progress: true,
};

describe('parseExplain', () => {
  it.each<[string, Partial<ExplainCommand>]>([
    ['explain 1ab8 a.pcap', {}],
    ['explain 1AB8 a.pcap -', { asked: '1AB8', inputs: ['a.pcap', '-'] }],
    ['explain 1a:b8:36:8f a.pcap', { asked: '1a:b8:36:8f', query: { digits: '1ab8368f' } }],
    ['explain 1ab8368f… a.pcap', { asked: '1ab8368f…', query: { digits: '1ab8368f' } }],
    ['explain stream:12 a.pcap', { asked: 'stream:12', query: { stream: 12 } }],
    ['explain --all -f json 1ab8 a.pcap -o out', { all: true, format: 'json', output: 'out' }],
    ['explain 1ab8 a.pcap --key-log k --color never --no-progress', { keyLog: 'k', color: 'never', progress: false }],
    ['--server 10.0.0.5:443 explain 1ab8 a.pcap', { server: { address: '10.0.0.5', port: 443 } }],
  ])('%s', (words, expected) => {
    expect(parseExplain(words.split(' '))).toEqual({ kind: 'explain', options: { ...DEFAULTS, ...expected } });
  });

  it.each([
    ['explain -h 1', { kind: 'help' }],
    ['explain --version', { kind: 'version' }],
  ])('%s', (words, expected) => expect(parseExplain(words.split(' '))).toEqual(expected));

  it.each([
    ['explain', 'explain needs what to explain, and a capture: the first digits (4 or more)'],
    ['explain 1ab8', 'explain 1ab8 needs a capture: a file, or - for standard input'],
    ['explain 12 a.pcap', 'explain 12: expected the first digits (4 or more)'],
    ['explain a.pcap 1ab8', 'explain a.pcap: expected the first digits'],
    ['explain stream:x a.pcap', 'explain stream:x: expected'],
    ['explain 1ab8 - -', '- is given twice'],
    ['explain 1ab8 a.pcap --format ndjson', '--format ndjson: no such value; did you mean json?'],
    ['explain 1ab8 a.pcap --verbose', '--verbose is an option of closenotify analyze'],
    ['explain 1ab8 a.pcap --duration 5s', '--duration is an option of closenotify live'],
    ['explain 1ab8 a.pcap --servr x', 'unknown option --servr; did you mean --server?'],
    ['explain 1ab8 a.pcap --nonsense', 'unknown option --nonsense; see closenotify explain --help'],
  ])('%j is wrong', (words, message) => {
    const command = parseExplain(words.split(' '));
    expect(command.kind === 'wrong' && command.message.slice(0, message.length)).toBe(message);
  });
});

/** What the command prints, without a process of its own. */
async function explain(...words: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const texts = { stdout: '', stderr: '' };
  stdout.on('data', (chunk) => {
    texts.stdout += chunk;
  });
  stderr.on('data', (chunk) => {
    texts.stderr += chunk;
  });
  const paths = words.map((word) => (word.includes('.pcap') ? `fixtures/${word}` : word));
  const status = await main(['explain', ...paths], { stdin, stdout, stderr, env: {} });
  return { status, ...texts };
}

/** The rows of the timeline, columns parted by a bar. */
function rows(text: string): string[] {
  return text
    .replaceAll(/\n {30,}/g, ' ')
    .split('\n')
    .filter((line) => /^ +#\d+ /.test(line))
    .map((line) => line.trim().replaceAll(/ {2,}/g, ' | '));
}

const flowing = (text: string) => text.replaceAll(/\s+/g, ' ');

describe('a session ID', () => {
  it('is told event by event, in order of time', async () => {
    const { status, stdout, stderr } = await explain('1ab8368f', 'forum-haproxy.pcap');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(rows(stdout)).toEqual([
      '#9578 | +0.000000 | 0 | client | ClientHello: offers another session: session ID 323c102c…',
      '#9583 | +0.002686 | 0 | server | ServerHello: DECLINED, full handshake (unknown-session); issues it',
      '#9611 | +0.014230 | 1 | client | ClientHello: offers it',
      '#9616 | +0.014832 | 1 | server | ServerHello: RESUMED',
      '#9668 | +0.020901 | 1 | client | RST without close_notify: unclean; this side closed first',
      '#9674 | +0.024173 | 0 | client | RST without close_notify: unclean; this side closed first',
      '#9721 | +0.044367 | 2 | client | ClientHello: offers it',
      '#9725 | +0.047367 | 2 | server | ServerHello: DECLINED, full handshake (unclean-close); issues session ID 50bb6db6…',
    ]);
    const told = flowing(stdout);
    expect(told).toContain('issued in frame #9583 (stream 0); offered 2 times: 1 resumed, 1 declined');
    expect(told).toContain('Rivals other-node: another machine answered behind the same address restarted:');
    expect(told).toContain('Server invalidates on unclean close (RST). It declined 1 of 1 sessions after a RST');
    expect(stdout).toContain('\ntcp.stream in {0, 1, 2}\nframe.number in {9578, 9583, 9611, 9616, 9668, 9674, 9721, 9725}\n');
    for (const line of stdout.split('\n')) expect(columnsOf(line), line).toBeLessThanOrEqual(80);
  });

  it('with colours has the same words', async () => {
    const [plain, colored] = [
      await explain('1ab8', 'forum-haproxy.pcap'),
      await explain('1ab8', 'forum-haproxy.pcap', '--color', 'always'),
    ];
    expect(colored.stdout).toContain('\x1b[');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escapes of styleText
    expect(colored.stdout.replaceAll(/\x1b\[\d+m/g, '')).toBe(plain.stdout);
  });

  it('that was declined for another reason is told with that one', async () => {
    const { stdout } = await explain('323c', 'forum-haproxy.pcap');
    expect(flowing(stdout)).toContain('issued before the capture, or elsewhere; offered once: 1 declined');
    expect(flowing(stdout)).toContain('Cause unknown-session, first in frame #9578: it was not issued within this capture');
  });

  it('that lives is told as such', async () => {
    const { stdout } = await explain('40130cf0', 'forum-direct.pcap');
    expect(rows(stdout).filter((row) => row.endsWith('RESUMED'))).toHaveLength(3);
    expect(flowing(stdout)).toContain('Cause nothing was declined');
  });
});

describe('tickets', () => {
  it('of TLS 1.2 have their lifetime, and the change of the key', async () => {
    const { stdout } = await explain('c9c4b323', 'tickets-tls12.pcap');
    expect(flowing(stdout)).toContain('issued in frame #11 (stream 0), for 300 s; offered 3 times: 2 resumed, 1 declined');
    expect(flowing(stdout)).toContain('Cause key-rotated, first in frame #189: the server changed its ticket keys');
    expect(rows(stdout).at(-3)).toMatch(/^#191 .* DECLINED, full handshake \(key-rotated\); issues ticket 6371915a…$/);
  });

  it('that continue the session of another one lead to it', async () => {
    const { status, stdout } = await explain('94de70f0', 'tickets-tls12-jetty-legacy.pcap');
    expect(status).toBe(0);
    expect(flowing(stdout)).toMatch(/^No session is named by it: it was issued, and not offered .* ticket \(SHA-256\) 8ea45d5d/);
  });

  it('of TLS 1.3 say that their origin is inferred', async () => {
    const { stdout } = await explain('859bff13', 'tls13-jetty-legacy-stateful.pcap');
    expect(flowing(stdout)).toContain('most likely issued in frame #92 (stream 4); offered 2 times: 2 declined');
    expect(rows(stdout)[1]).toMatch(/full handshake; issues it, most likely \(inferred\)$/);
    expect(flowing(stdout)).toContain('Rivals ticket-reused: the ticket had been used before');
  });

  it('of TLS 1.3 with keys do not', async () => {
    const keys = ['--key-log', 'fixtures/keys/tls13-jetty-legacy-stateful.keys'];
    const { stdout } = await explain('859bff13', 'tls13-jetty-legacy-stateful.pcap', ...keys);
    expect(flowing(stdout)).toContain(' issued in frame #92 (stream 4)');
    expect(stdout).not.toContain('inferred');
  });
});

describe('a stream', () => {
  it('is told with the sessions that it shares', async () => {
    const { stdout } = await explain('stream:1', 'forum-haproxy.pcap');
    expect(stdout).toMatch(/^stream 1\n {4}client 10\.0\.0\.7:46295, server 10\.0\.0\.5:9466/);
    expect(
      rows(stdout)
        .slice(0, 3)
        .map((row) => row.split(' ')[0]),
    ).toEqual(['#9611', '#9616', '#9668']);
    expect(stdout).toContain('Its sessions that other connections share follow.\nsession ID 1ab8368f');
  });

  it('that shares none says so', () => {
    const query = { stream: 0 };
    const { report } = story([{ issues: '5e'.repeat(32) }]);
    const text = [...explanation(matching(report, query), query)].join('');
    expect(flowing(text)).toContain('No other connection of the capture shares its sessions: session ID 5e5e5e5e5e5e5e5e… (issued).');
  });

  it.each([
    ['q-client-side-only.pcap', 0, 'offers no session; no ServerHello in the capture'],
    ['q-client-side-only.pcap', 1, 'offers session ID a63b831c…; no ServerHello in the capture'],
  ])('of %s claims no more of %i than is known', async (name, stream, expected) => {
    const { stdout } = await explain(`stream:${stream}`, name);
    expect(rows(stdout)[0]).toContain(`ClientHello: ${expected}`);
  });

  it.each([
    ['5e'.repeat(32), 'may offer session ID 5e5e5e5e…'],
    [null, 'what it offers is not known'],
  ])('of which nobody knows what became of %s says so', (sessionId, expected) => {
    const { report } = story([{ issues: '11'.repeat(32) }]);
    const [c] = report.connections;
    const connections = [{ ...c, resumption: 'unknown' as const, offered: { ...c.offered, sessionId } }];
    const text = [...explanation({ ...report, connections, sessions: [] }, { stream: 0 })].join('');
    expect(rows(text)[0]).toContain(`ClientHello: ${expected}`);
  });
});

describe('several matches', () => {
  const told = (report: Report, digits: string, all = false) =>
    [...explanation(matching(report, { digits }), { digits }, { all })].join('');
  const lost = (count: number) => {
    const ids = Array.from({ length: count }, (_, i) => `abcd${i}`.padEnd(64, '7'));
    return story(ids.flatMap((id): Visit[] => [{ issues: id, close: 'rst' }, { offers: id }])).report;
  };
  const stories = (text: string) => text.match(/^session ID abcd/gm) ?? [];

  it('of three there is a list, and each is told', () => {
    const text = told(lost(3), 'abcd');
    expect(text).toMatch(/^3 sessions:\nsession +kind +server +issued +resumed +declined\n/);
    expect(stories(text)).toHaveLength(3);
  });

  it('of more there is the list alone, unless all are asked for', () => {
    const text = told(lost(5), 'abcd');
    expect(stories(text)).toHaveLength(0);
    expect(text).toMatch(/^abcd4777/m);
    expect(text).toContain('Give more digits, --server, or --all to have each told event by event.');
    expect(stories(told(lost(5), 'abcd', true))).toHaveLength(5);
    expect(stories(told(lost(5), 'abcd3'))).toHaveLength(1);
  });

  it('of many events the first and the last are told', () => {
    const id = '5e'.repeat(32);
    const visits: Visit[] = [{ issues: id }, ...Array.from({ length: 100 }, () => ({ offers: id, resumes: true }))];
    const { report } = story(visits);
    expect(rows(told(report, id))).toHaveLength(60);
    expect(told(report, id)).toContain('more events: see them with --all');
    expect(rows(told(report, id, true)).length).toBeGreaterThan(400);
  });
});

it.each(HOSTILE_TEXTS.map((text, i) => [i, text] as const))('hostile text %i steers nothing, and no line is too wide', (_i, text) => {
  for (const [query, width] of [
    [{ stream: 0 }, 80],
    [{ stream: 2 }, 120],
    [{ digits: '1ab8' }, 80],
  ] as const) {
    const shown = [...explanation(matching(hostile(text), query), query, { width, all: true })].join('');
    for (const line of shown.split('\n')) {
      expect(harmIn(line)).toBeNull();
      expect(columnsOf(line), line).toBeLessThanOrEqual(width);
    }
  }
});

describe('no match', () => {
  it.each([
    [
      ['deadbeef', 'forum-haproxy.pcap'],
      'no session ID, ticket or PSK of 3 TLS connections begins with deadbeef; closenotify --all lists them',
    ],
    [['stream:99', 'forum-haproxy.pcap'], 'stream:99: no TLS connection; there are 3 among 3 TCP connections'],
    [['1ab8', 'forum-haproxy.pcap', '--server', '10.0.0.9'], 'no session ID, ticket or PSK of 0 TLS connections to 10.0.0.9 begins with'],
  ])('%j', async (words, message) => {
    const { status, stdout, stderr } = await explain(...words);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(`closenotify: ${message}`);
  });

  it('in a damaged capture is 3: it may have been behind the damage', async () => {
    const { status, stderr } = await explain('deadbeef', 'q-cut.pcap');
    expect(status).toBe(3);
    expect(stderr).toContain('begins with deadbeef');
  });
});

describe('JSON', () => {
  it('is a report of what matches', async () => {
    const { stdout } = await explain('1ab8', 'forum-haproxy.pcap', '--format', 'json');
    const report = JSON.parse(stdout);
    expect(report.schema).toBe('closenotify/report/1');
    expect(report.sessions.map(({ id }: { id: string }) => id.slice(0, 4))).toEqual(['1ab8']);
    expect(report.connections.map(({ stream }: { stream: number }) => stream)).toEqual([0, 1, 2]);
    expect(report.findings).toHaveLength(1);
    expect(report.servers).toHaveLength(1);
  });

  it('holds the servers and sessions of a stream alone', async () => {
    const { stdout } = await explain('stream:0', 'merged.pcap', '--format', 'json');
    const report = JSON.parse(stdout);
    expect(report.servers.length).toBeLessThan(4);
    expect(report.connections.length).toBeGreaterThan(0);
  });

  it('without a match is empty, with status 2', async () => {
    const { status, stdout } = await explain('deadbeef', 'forum-haproxy.pcap', '-f', 'json');
    expect({ status, connections: JSON.parse(stdout).connections }).toEqual({ status: 2, connections: [] });
  });
});
