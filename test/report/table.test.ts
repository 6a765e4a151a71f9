import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/model.js';
import { filterLines } from '../../src/report/story.js';
import { type TableOptions, table } from '../../src/report/table.js';
import { columnsOf } from '../../src/report/text.js';
import {
  closes,
  connection,
  counts,
  EMPTY,
  FORUM,
  FORUM_FINDING,
  FORUM_ID,
  HOSTILE_TEXTS,
  hostile,
  MIXED,
  many,
  server,
} from './reports.js';

function lines(report: Report, options: TableOptions = {}): string[] {
  return [...table(report, options)].join('').split('\n');
}

function text(report: Report, options: TableOptions = {}): string {
  return lines(report, options).join('\n');
}

/** The text with its line breaks taken for blanks, as a person reads it. */
function flowing(report: Report, options: TableOptions = {}): string {
  return text(report, options).replaceAll(/\s+/g, ' ');
}

describe('headline', () => {
  it.each<[string, Report, TableOptions, string]>([
    [
      'forum',
      FORUM,
      {},
      '1 session invalidated after an unclean close: 3 TLS connections, 2 full handshakes, 1 resumed, 1 declined. Confidence: medium.',
    ],
    ['mixed', MIXED, {}, '2 sessions invalidated after an unclean close, 1 more suspected: 17 TLS connections,'],
    ['confidences', MIXED, {}, 'Confidence: high for 2, low for 1.'],
    [
      'only low',
      { ...FORUM, findings: [{ ...FORUM_FINDING, confidence: 'low' }] },
      {},
      '1 session suspected to be invalidated after an unclean close',
    ],
    [
      'selected',
      { ...MIXED, findings: MIXED.findings.slice(1, 2) },
      { selected: true },
      '1 selected session invalidated after an unclean close',
    ],
    ['selection without findings', { ...MIXED, findings: [] }, { selected: true }, 'Nothing flagged in the selection: 17 TLS'],
    ['no frames', EMPTY, {}, 'Nothing flagged: there are no frames to read.'],
    ['no TCP', { ...EMPTY, capture: FORUM.capture }, {}, 'Nothing flagged: no TCP connection in 9726 frames.'],
    [
      'no TLS',
      { ...EMPTY, capture: FORUM.capture, totals: { ...EMPTY.totals, tcpConnections: 2 } },
      {},
      'Nothing flagged: no TLS in 2 TCP connections.',
    ],
    [
      'clean',
      {
        ...EMPTY,
        capture: FORUM.capture,
        totals: { ...EMPTY.totals, tcpConnections: 4, tlsConnections: 4, handshakes: counts({ full: 1, resumed: 3 }) },
      },
      {},
      'Nothing flagged: 4 TLS connections, 1 full handshake, 3 resumed, 0 declined.',
    ],
    [
      'other declines',
      {
        ...EMPTY,
        capture: FORUM.capture,
        totals: { ...EMPTY.totals, tcpConnections: 4, tlsConnections: 4, handshakes: counts({ full: 4, declined: 2 }) },
      },
      {},
      '2 declined. No decline was put down to an unclean close.',
    ],
    [
      'closes out of sight',
      { ...FORUM, totals: { ...FORUM.totals, closes: closes({ unknown: 2, clean: 4 }) } },
      {},
      '2 of 6 closes (one for each side) cannot be judged',
    ],
  ])('%s', (_name, report, options, expected) => expect(flowing(report, options)).toContain(expected));
});

describe('story', () => {
  it('tells the forum thread in order, with frames, times, ports and what happened', () => {
    const shown = lines(FORUM);
    const first = shown.findIndex((line) => line.includes('what happened'));
    expect(shown.slice(first + 1, first + 6).map((line) => line.trim().replaceAll(/ {2,}/g, ' | '))).toEqual([
      '#9583 | +0.000000 | port 46291 | issued in a full handshake',
      '#9611 → #9616 | +0.012146 | port 46295 | offered, resumed',
      '#9668 | +0.018215 | port 46295 | client RST without close_notify',
      '#9674 | +0.021487 | port 46291 | client RST without close_notify',
      '#9721 → #9725 | +0.044681 | port 46299 | offered, DECLINED: new ID 50bb6db6…',
    ]);
    expect(text(FORUM)).toContain(`session ID ${FORUM_ID}\n`);
    expect(text(FORUM)).toContain('issued 2015-12-13T09:47:27.588186Z');
    expect(flowing(FORUM)).toContain('Rivals other-node: another machine answered behind the same address evicted:');
    expect(text(FORUM)).toContain('\nframe.number in {9583, 9611, 9616, 9668, 9674, 9721, 9725}\n');
  });

  it('names a reset race, a FIN, a server, and another address', () => {
    const base = FORUM_FINDING.uncleanCloses[0];
    const told = flowing({
      ...FORUM,
      connections: [],
      findings: [
        {
          ...FORUM_FINDING,
          rivals: [],
          uncleanCloses: [
            { ...base, state: 'reset-race' },
            { ...base, by: 'server', end: 'fin' },
          ],
          resumed: [{ ...FORUM_FINDING.resumed[0], client: { address: '192.0.2.1', port: 7 } } as (typeof FORUM_FINDING.resumed)[0]],
        },
      ],
    });
    expect(told).toContain('port 46295 client close_notify, then RST before it was acknowledged');
    expect(told).toContain('port 46295 server FIN without close_notify');
    expect(flowing({ ...FORUM, connections: [] })).toContain('port 46291 client RST without close_notify');
    expect(told).toContain('192.0.2.1:7 offered, resumed');
    expect(told).toContain('Rivals none');
  });

  it('folds a long story, and tells all of it when asked', () => {
    const resumed = Array.from({ length: 200_000 }, (_, i) => ({
      ...FORUM_FINDING.resumed[0],
      frame: 10_000 + 2 * i,
      clientHello: 9999 + 2 * i,
    }));
    const long = { ...FORUM, findings: [{ ...FORUM_FINDING, resumed }] };
    expect(flowing(long)).toContain('… 199,984 more events: see them with --all or --format json');
    expect(flowing(long)).toContain('#9721 → #9725');
    expect(lines(long, { all: true }).filter((line) => line.includes('offered, resumed'))).toHaveLength(200_000);
  });
});

describe('filterLines', () => {
  it.each([
    ['a == 1', 80, ['a == 1']],
    ['aaaa || bbbb || cccc', 8, ['aaaa ||', 'bbbb ||', 'cccc']],
    ['x in {1, 2,3}', 7, ['x in', '{1, 2,', '3}']],
    ['s == "a b, c" && t', 10, ['s ==', '"a b, c"', '&& t']],
    ['aaaaaaaaaaaaaaa b', 5, ['aaaaaaaaaaaaaaa', 'b']],
    ['', 80, ['']],
  ])('%j in %i', (filter, width, expected) => expect(filterLines(filter, width)).toEqual(expected));

  it('loses nothing but blanks', () => {
    const filter = `frame.number in {${Array.from({ length: 500 }, (_, i) => 9000 + i).join(', ')}} || tls.handshake.session_id == 1a:b8`;
    const shown = filterLines(filter, 80);
    expect(shown.join(' ')).toBe(filter);
    expect(Math.max(...shown.map((l) => l.length))).toBeLessThanOrEqual(80);
  });
});

describe('servers', () => {
  it('gives figures, verdict and evidence', () => {
    expect(text(MIXED, { verbose: true })).toMatch(/^10\.9\.0\.1:8449 +17 +11 +6 +5 +3 +0$/m);
    expect(flowing(MIXED, { verbose: true })).toContain(
      'verdict invalidates on unclean close (FIN and RST). It declined 4 of 4 after a FIN without close_notify',
    );
    expect(text(MIXED, { verbose: true })).toMatch(/^ {11}FIN without close_notify +0 +4$/m);
    expect(flowing(MIXED, { verbose: true })).toContain(
      "FIN: 4 of 4 declined, otherwise 0 of 6: chance alone does this in 1 of 208 cases (Fisher's p = 0.0048); it accounts for 100 % (95 % interval 40 to 100 %) of these",
    );
    expect(flowing(MIXED, { verbose: true })).toContain(
      'causes 4 unclean-close (first #144 → #146), 1 expired (first #166 → #168; resumed up to 0.30 s, declined from 43 s on), 1 restarted',
    );
    expect(flowing(MIXED, { verbose: true })).toContain(
      'no connection of 10.9.0.104 (t12d030600_0e67c0ef781e_a44c6288192a) offers a session: 7 chances missed',
    );
    expect(flowing(MIXED, { verbose: true })).toContain(
      '10.9.0.105 stops offering: 0 of 4 after the server closed without close_notify, else 9 of 9',
    );
    expect(flowing(MIXED, { verbose: true })).toContain('names backend.example.org');
  });

  it('gives less in a summary: what is lost, and what to do', () => {
    const report = { ...MIXED, servers: [{ ...MIXED.servers[0], advice: ['Make A say B (RFC 5246 7.2.1). If it is C, set D.'] }] };
    const told = flowing(report);
    expect(told).toContain('verdict invalidates on unclean close (FIN and RST).');
    expect(told).toMatch(/FIN without close_notify 0 4/);
    expect(told).toContain('advice - Make A say B (RFC 5246 7.2.1). ');
    for (const words of ['If it is C', 'by JA4', 'median handshake', 'it accounts for']) expect(told, words).not.toContain(words);
    expect(flowing(report, { verbose: true })).toContain('7.2.1). If it is C, set D.');
  });

  it('tells more than the verdict of three servers in trouble', () => {
    const servers = Array.from({ length: 5 }, (_, i) => ({ ...MIXED.servers[0], address: `10.0.1.${i}`, connections: 9 - i }));
    const shown = lines({ ...MIXED, servers });
    expect(shown.filter((line) => line.startsWith('  verdict  '))).toHaveLength(5);
    expect(shown.filter((line) => line.startsWith('  evidence '))).toHaveLength(3);
  });

  it('puts those first that lost sessions, and folds the rest', () => {
    const servers = Array.from({ length: 100 }, (_, i) =>
      server({ address: `10.0.1.${i}`, connections: i, invalidatedSessions: i === 3 ? 1 : 0 }),
    );
    const shown = lines({ ...FORUM, servers });
    const listed = shown.filter((line) => /^10\.0\.1\./.test(line));
    expect(listed).toHaveLength(20);
    expect(listed[0]).toContain('10.0.1.3:443');
    expect(listed[1]).toContain('10.0.1.99:443');
    expect(shown).toContain('… and 80 more servers: see them with --all or --format json');
    expect(lines({ ...FORUM, servers }, { all: true }).filter((line) => /^10\.0\.1\./.test(line))).toHaveLength(100);
  });
});

describe('many findings', () => {
  const stories = (shown: readonly string[]) => shown.filter((line) => /^\[\d+\] session ID/.test(line));

  it('are told up to 20 of a server, if each is asked for', () => {
    const shown = lines(many(2, 50), { verbose: true });
    expect(stories(shown)).toHaveLength(40);
    expect(shown).toContain('… and 30 more sessions of 10.1.0.0:443: see them with --all or --format json');
  });

  it('are told of many servers up to 60', () => {
    const report = many(1000, 10);
    const shown = lines(report, { verbose: true });
    expect(stories(shown)).toHaveLength(60);
    expect(shown).toContain('… and 9940 more sessions of other servers: see them with --all or --format json');
    expect(shown.length).toBeLessThan(1500);
    expect(stories(lines(report, { all: true }))).toHaveLength(10_000);
  });

  it('of many servers are a page in a summary: four entries, and rows', () => {
    const shown = lines(many(1000, 10));
    expect(shown.filter((line) => line.includes('10 session IDs alike'))).toHaveLength(4);
    expect(shown.filter((line) => /^ +10 {2}10\.1\.0\.\d+:443 +client RST +medium +0{8}… .*#9721 → #9725$/.test(line))).toHaveLength(20);
    expect(shown).toContain('… and 9760 more sessions of 976 servers: see them with --all or --format json');
    expect(shown.length).toBeLessThan(250);
  });
});

describe('capture', () => {
  it('tells sources, damage and warnings', () => {
    const report: Report = {
      ...FORUM,
      capture: {
        ...FORUM.capture,
        sources: [{ ...FORUM.capture.sources[0], snapLength: 96, truncated: true }],
        warnings: [
          { code: 'capture-cut', message: 'a.pcap: ends in the middle of a packet', count: 1, frame: 7 },
          { code: 'frames-not-decoded', message: 'link type 147', count: 12, frame: 3 },
          { code: 'limit', message: 'too many', count: 1, frame: null },
        ],
      },
    };
    const told = flowing(report);
    expect(told).toContain('The input is damaged: only what comes before the damage is told here.');
    expect(told).toContain(
      'forum-haproxy.pcap: pcap, LINUX_SLL, 9726 frames, 439.3 kB, frames cut at 96 bytes, DAMAGED: not read to its end',
    );
    expect(told).toContain('- a.pcap: ends in the middle of a packet [capture-cut; frame #7]');
    expect(told).toContain('- link type 147 [frames-not-decoded; 12 times, first in frame #3]');
    expect(told).toContain('- too many [limit]');
  });
});

describe('all', () => {
  it('lists sessions and connections', () => {
    const told = flowing(FORUM, { all: true });
    expect(told).toContain('1ab8368fcbcd6f63… session-id #9583 1 1 (unclean-close) 0');
    expect(text(FORUM, { all: true })).toMatch(/^ +1 {2}\+47\.594330 {2}10\.0\.0\.7:46295 {2}resumed/m);
    expect(text(FORUM)).not.toContain('Connections');
  });

  it('says that there are none', () => expect(text(EMPTY, { all: true })).toContain('Sessions\nnone\n\nConnections\nnone\n'));
});

describe('width', () => {
  const unlikely: Report = {
    ...EMPTY,
    capture: { ...FORUM.capture, firstTime: -1e300, lastTime: 1e300 },
    totals: {
      tcpConnections: 1e15,
      tlsConnections: 1e15,
      handshakes: counts({ full: 1e15, resumed: 1e15, declined: 1e15, failed: 1e15, incomplete: 1e15 }),
      closes: closes({ unknown: 1e15 }),
      invalidatedSessions: 1e15,
      suspectedSessions: 0,
    },
    servers: [
      server({
        connections: 1e15,
        handshakes: counts({ full: 1e15, resumed: 1e15, declined: 1e15 }),
        invalidatedSessions: 1e15,
        suspectedSessions: 0,
      }),
    ],
    findings: [{ ...FORUM_FINDING, issued: { stream: 1e15, frame: 1e15, time: -1e300 } }],
    connections: [connection(1e15, { address: '::', port: 0 }, { start: 1e20, handshake: 'incomplete' })],
  };
  const WIDTHS = [0, 120, 500];
  const cases: [string, Report][] = [
    ['forum', FORUM],
    ['mixed', MIXED],
    ['empty', EMPTY],
    ['many', many(3, 30)],
    ['unlikely figures', unlikely],
    ...HOSTILE_TEXTS.map((t, i): [string, Report] => [`hostile ${i}`, hostile(t)]),
  ];
  it.each(cases)('%s: no line is wider than the terminal, none steers it', (_name, report) => {
    for (const options of WIDTHS.flatMap((width) => [{ width }, { width, verbose: true }, { width, all: true }])) {
      for (const line of lines(report, options)) {
        expect(columnsOf(line), line).toBeLessThanOrEqual(Math.min(240, Math.max(80, options.width)));
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
        expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|undefined|null/);
      }
    }
  });
});

describe('color', () => {
  it('adds escapes and changes no word', () => {
    const colored = text(FORUM, { color: true, all: true });
    expect(colored).toContain('\x1b[');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escapes of styleText
    expect(colored.replaceAll(/\x1b\[\d+m/g, '')).toBe(text(FORUM, { all: true }));
  });
});
