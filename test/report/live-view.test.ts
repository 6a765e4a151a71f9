import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/model.js';
import { type LiveViewInput, liveView } from '../../src/report/live-view.js';
import { columnsOf } from '../../src/report/text.js';
import { closes, counts, EMPTY, FORUM, FORUM_FINDING, HOSTILE_TEXTS, hostile, many, MIXED as REPORT, server } from './reports.js';

const MIXED: Report = {
  ...REPORT,
  totals: { ...REPORT.totals, invalidatedSessions: 2, suspectedSessions: 1 },
  findings: REPORT.findings.map((finding) => ({ ...finding, culprit: finding.uncleanCloses[0] })),
};

const SIZES = [
  { columns: 80, rows: 24 },
  { columns: 40, rows: 10 },
  { columns: 120, rows: 40 },
  { columns: 250, rows: 70 },
  { columns: 20, rows: 5 },
  { columns: 1, rows: 1 },
  { columns: 1, rows: 50 },
  { columns: 300, rows: 2 },
  { columns: 60, rows: 3 },
];

function input(partial: Partial<LiveViewInput> = {}): LiveViewInput {
  const report = partial.report ?? MIXED;
  return {
    report,
    statistics: {
      time: report.capture.lastTime,
      frames: 1_234_567,
      bytes: 5e8,
      at: 0,
      interrupted: null,
      dropped: 0,
      incompleteConnections: 0,
      lagSeconds: 0.01,
      tables: { openConnections: 128, rememberedConnections: 1000, sessions: 1000, sessionUses: 2000 },
      totals: report.totals,
    },
    rates: { framesPerSecond: 1234.5, fullPerSecond: 7.44, resumedPerSecond: 0 },
    source: 'eth0, tcp port 443',
    elapsedSeconds: 754,
    findings: [...report.findings].reverse().map((finding) => ({ change: 'new', finding })),
    notes: [],
    ...partial,
  };
}

function view(partial: Partial<LiveViewInput> = {}, columns = 80, rows = 24): string[] {
  return liveView(input(partial), { columns, rows }, false);
}

function statistics(partial: Partial<LiveViewInput['statistics']>): Partial<LiveViewInput> {
  return { statistics: { ...input().statistics, ...partial } };
}

describe('the live view', () => {
  it('is what an engineer in an incident sees', () => {
    expect(view({ notes: ['metrics: http://127.0.0.1:9464/metrics'] })).toEqual([
      'eth0, tcp port 443  0:12:34  1,234,567 frames, 1235/s  0 dropped',
      '2 sessions invalidated after an unclean close, 1 more suspected: 17 TLS',
      'connections, 11 full handshakes, 6 resumed, 5 declined.',
      'now: 7.4 full/s, 0.0 resumed/s, 128 open connections',
      '',
      'server         conns  full  resumed  declined  lost  verdict',
      '10.9.0.1:8449     17    11        6         5     3  invalidates on FIN, RST',
      '',
      'UTC       lost session  close → declined        confidence  client',
      '15:39:06  13233340ff7…  racing RST #248 → #292  low         10.9.0.101',
      '15:39:06  42c2b1a6321…  FIN #100 → #168         high        10.9.0.101',
      '15:39:05  d03b9f1e68d…  FIN #61 → #146          high        10.9.0.103',
      '',
      'metrics: http://127.0.0.1:9464/metrics',
      'Ctrl-C: report and end',
    ]);
  });

  it('fits a small terminal', () => {
    expect(view({}, 40, 10)).toEqual([
      'eth0, tcp port 443  0:12:34  0 dropped',
      '2 sessions invalidated, 1 suspected: 11',
      'full, 6 resumed, 5 declined',
      'now: 7.4 full/s, 0.0 resumed/s',
      'server         full  lost',
      '10.9.0.1:8449    11     3',
      'UTC       close → declined',
      '15:39:06  racing RST #248 → #292',
      'Ctrl-C: report and end',
    ]);
  });

  it('waits', () => {
    const report = EMPTY;
    const lines = view({ report, ...statistics({ frames: 0, time: null, lagSeconds: null }), elapsedSeconds: 0.4 });
    expect(lines[1]).toBe('Waiting for the first frame.');
    expect(lines[lines.length - 1]).toBe('Ctrl-C: report and end');
    expect(view({ report })[1]).toBe('No TCP connection yet.');
    expect(view({ report: { ...EMPTY, totals: { ...EMPTY.totals, tcpConnections: 3 } } })[1]).toBe('No TLS yet in 3 TCP connections.');
  });

  it('says that nothing was found', () => {
    const totals = { ...EMPTY.totals, tcpConnections: 4, tlsConnections: 4, handshakes: counts({ full: 1, resumed: 3 }) };
    const report = { ...EMPTY, capture: FORUM.capture, totals, servers: [server({ connections: 4, handshakes: totals.handshakes })] };
    const lines = view({ report });
    expect(lines[1]).toBe('Nothing flagged: 4 TLS connections, 1 full handshake, 3 resumed, 0 declined.');
    expect(lines.join('\n')).not.toContain('lost session');
    expect(view({ report }, 30, 10).slice(1, 3)).toEqual(['Nothing flagged: 1 full, 3', 'resumed, 0 declined']);
  });

  it.each([
    [{ dropped: 0 }, '0 dropped'],
    [{ dropped: null }, 'drops unknown'],
    [{ dropped: 12_345, frames: 987_655 }, '12,345 dropped (1.2 %)'],
    [{ lagSeconds: 2.34 }, 'lag 2.3 s'],
  ])('tells %j in its first line', (partial, text) => expect(view(statistics(partial))[0]).toContain(text));

  it('keeps losses and lag in a narrow first line', () => {
    const [line] = view(statistics({ dropped: 5, lagSeconds: 9 }), 40);
    expect(line).toMatch(/^eth0.* {2}5 dropped \(0\.0004 %\) {2}lag 9\.0 s$/);
  });

  it('is silent about a small lag', () => expect(view(statistics({ lagSeconds: 0.9 }))[0]).not.toContain('lag'));

  it.each([
    [0, '0:00:00'],
    [59.99, '0:00:59'],
    [3600, '1:00:00'],
    [1e6, '277:46:40'],
  ])('writes %d seconds as %s', (elapsedSeconds, text) => expect(view({ elapsedSeconds })[0]).toContain(`  ${text}  `));

  it('shows the newest state of a finding once', () => {
    const [a, b] = MIXED.findings;
    const findings: LiveViewInput['findings'] = [
      { change: 'changed', finding: { ...a, confidence: 'medium', declineCount: 2 } },
      { change: 'new', finding: b },
      { change: 'new', finding: a },
    ];
    const lines = view({ findings }).filter((line) => line.includes('…'));
    expect(lines.map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
      '15:39:05 d03b9f1e68d… FIN #61 → #146 (2x) medium 10.9.0.103',
      '15:39:06 42c2b1a6321… FIN #100 → #168 high 10.9.0.101',
    ]);
  });

  it('says in words that a finding was withdrawn, and what it had been', () => {
    const [finding] = MIXED.findings;
    const { session, server: at } = finding;
    const gone: LiveViewInput['findings'][number] = { change: 'withdrawn', finding: { session, server: at } };
    for (const columns of [40, 80, 120]) {
      expect(view({ findings: [gone, { change: 'new', finding }] }, columns).join('\n')).toContain('withdrawn: FIN #61 → #146');
      expect(view({ findings: [gone] }, columns).join('\n')).toMatch(/^- +(d03b9f1e68d… +)?withdrawn/m);
    }
    expect(view({ findings: [{ change: 'withdrawn', finding }] }).join('\n')).toContain('withdrawn: FIN #61 → #146');
  });

  it('names a server that closed, and keeps the client where it can', () => {
    const finding = { ...FORUM_FINDING, culprit: { ...FORUM_FINDING.culprit, by: 'server' as const } };
    expect(view({ findings: [{ change: 'new', finding }] }).join('\n')).toMatch(/server RST #9674 → #9725 +medium +10\.0\.0\.7/);
  });

  it('lists the servers that lost most, and says how many there are', () => {
    const servers = Array.from({ length: 100 }, (_, i) => server({ address: `10.0.0.${i}`, connections: i, invalidatedSessions: i % 10 }));
    const lines = view({ report: { ...MIXED, servers } });
    const at = lines.findIndex((line) => line.startsWith('server (10 of 100)'));
    expect(lines.slice(at + 1, at + 4).map((line) => line.split(' ')[0])).toEqual(['10.0.0.99:443', '10.0.0.89:443', '10.0.0.79:443']);
    expect(lines).toHaveLength(23);
    expect(lines.filter((line) => line.includes('#'))).toHaveLength(3);
  });

  it('shares the room between servers and findings', () => {
    const report = many(100, 3);
    const lines = view({ report });
    expect(lines).toHaveLength(23);
    expect(lines.filter((line) => /^10\.1\.0\.\d+:443/.test(line)).length).toBeGreaterThanOrEqual(4);
    expect(lines.filter((line) => line.includes('→ #')).length).toBeGreaterThanOrEqual(4);
  });

  it('shows what is suspected where something is', () => {
    const servers = [{ ...MIXED.servers[0], suspectedSessions: 4 }];
    expect(view({ report: { ...MIXED, servers } }).join('\n')).toMatch(
      /lost {2}suspected {2}verdict\n.* 3 {10}4 {2}invalidates on FIN, RST/,
    );
  });

  it.each([
    [
      { verdict: 'invalidates-on-unclean-close', ends: { fin: 'invalidates', rst: 'tolerates', resetRace: 'unknown' } },
      'invalidates on FIN',
    ],
    [
      { verdict: 'invalidates-on-unclean-close', ends: { fin: 'mixed', rst: 'unknown', resetRace: 'unknown' } },
      'invalidates on unclean close',
    ],
    [{ verdict: 'tolerates-unclean-close', ends: { fin: 'tolerates', rst: 'tolerates', resetRace: 'unknown' } }, 'tolerates FIN, RST'],
    [{ verdict: 'tolerates-unclean-close' }, 'tolerates unclean close'],
    [{ verdict: 'never-resumes' }, 'never resumes'],
    [{ verdict: 'inconclusive' }, 'inconclusive'],
  ] as const)('writes the verdict of %j short', (partial, text) => {
    const lines = view({ report: { ...MIXED, servers: [server(partial)] } });
    expect(lines.find((line) => line.startsWith('10.0.0.5:443'))).toMatch(new RegExp(`  ${text}$`));
  });

  it('has room for some notes', () => {
    const lines = view({ notes: ['one', 'two', 'three', 'four'] });
    expect(lines.slice(-5)).toEqual(['', 'one', 'two', 'three', 'Ctrl-C: report and end']);
    expect(view({ notes: ['one', 'two'] }, 80, 15).slice(-2)).toEqual(['one', 'Ctrl-C: report and end']);
    expect(view({ notes: ['one'] }, 80, 10)).not.toContain('one');
  });

  it.each([
    [1, 0, '1 session invalidated after an unclean close: 17 TLS connections,'],
    [12_000, 3, '12,000 sessions invalidated after an unclean close, 3 more suspected: 17 TLS connections,'],
    [0, 1, '1 session suspected to be invalidated after an unclean close: 17 TLS connections,'],
    [0, 0, 'Nothing flagged: 17 TLS connections, 11 full handshakes, 6 resumed, 5 declined.'],
  ])('takes its headline from the totals: %d and %d', (invalidatedSessions, suspectedSessions, text) => {
    const report = { ...MIXED, totals: { ...MIXED.totals, invalidatedSessions, suspectedSessions } };
    expect(view({ report }, 250)[1]).toContain(text);
  });

  it('tells what cannot be judged, when the capture is old enough', () => {
    const report = { ...MIXED, totals: { ...MIXED.totals, closes: closes({ clean: 30, unknown: 4 }) } };
    expect(view({ report }).join(' ')).toContain('4 of 34 closes (one for each side) cannot be judged');
    expect(view({ report, elapsedSeconds: 10 }).join(' ')).not.toContain('cannot be judged');
  });

  it('colours nothing that words do not say', () => {
    const findings: LiveViewInput['findings'] = [{ change: 'withdrawn', finding: MIXED.findings[0] }, ...input().findings];
    for (const size of SIZES) {
      for (const partial of [{ findings }, statistics({ dropped: 7, lagSeconds: 3 }), { report: EMPTY }]) {
        const coloured = liveView(input(partial), size, true);
        expect(coloured.map(stripVTControlCharacters)).toEqual(liveView(input(partial), size, false));
      }
    }
    expect(liveView(input(), SIZES[0], true).join('')).toContain('\x1b[');
  });
});

describe('the size of the live view', () => {
  const reports = [
    ['nothing', EMPTY],
    ['a mixed server', MIXED],
    ['100 servers', many(100, 3)],
    ['widest addresses', hostile('a.example.org')],
  ] as const;
  for (const size of SIZES) {
    it.each(reports)(`is kept at ${size.columns} x ${size.rows} with %s`, (_, report) => {
      for (const dropped of [null, 0, 1e9]) {
        const lines = view({ report, ...statistics({ dropped, lagSeconds: 1e4 }), notes: ['x'.repeat(500)] }, size.columns, size.rows);
        expect(lines.length).toBeLessThanOrEqual(size.rows - 1);
        for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(size.columns);
      }
    });
  }

  it.each(HOSTILE_TEXTS.map((text) => [JSON.stringify(text).slice(0, 40), text]))('is kept with %s everywhere', (_, text) => {
    const report = hostile(text);
    for (const { columns, rows } of SIZES) {
      for (const line of view({ report, source: text, notes: [text, text] }, columns, rows)) {
        expect(columnsOf(line)).toBeLessThanOrEqual(columns);
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }
    }
  });
});
