import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/model.js';
import { timeOf } from '../support/packets.js';
import {
  certificate,
  changeCipherSpec,
  clientHello,
  clientKeyExchange,
  finished,
  flight,
  id,
  newSessionTicket,
  serverHello,
  serverHelloDone,
} from '../tls/messages.js';
import { control, story, type Visit } from './visits.js';

const A = id('a1');
const B = id('b2');
const C = id('c3');

/** `a1 issued 0: 1 resumed, 2 declined unclean-close`: each session with the streams of its offers. */
function sessionsOf(report: Report): string[] {
  return report.sessions.map(({ id, issued, offers }) => {
    const list = offers.map(({ stream, outcome, cause }) => ` ${stream} ${outcome}${cause ? ` ${cause}` : ''}`);
    return `${id.slice(0, 2)} issued ${issued?.stream ?? '-'}:${list.join(',')}`;
  });
}

describe('sessions', () => {
  const cases: [name: string, visits: Visit[], expected: string[]][] = [
    ['are issued', [{ issues: A }, { issues: B }], ['a1 issued 0:', 'b2 issued 1:']],
    ['are not issued without an ID', [{ issues: '' }], []],
    ['are resumed', [{ issues: A }, { offers: A, resumes: true }, { offers: A, resumes: true }], ['a1 issued 0: 1 resumed, 2 resumed']],
    [
      'are declined',
      [
        { issues: A, close: 'rst' },
        { offers: A, issues: B },
      ],
      ['a1 issued 0: 1 declined unclean-close', 'b2 issued 1:'],
    ],
    ['were issued before the capture', [{ offers: A, resumes: true }], ['a1 issued -: 0 resumed']],
    ['were issued elsewhere', [{ offers: A, issues: B }], ['a1 issued -: 0 declined unknown-session', 'b2 issued 0:']],
    [
      'are left unanswered',
      [{ issues: A }, { speak: ({ client, server }) => [client.send(flight(clientHello({ sessionId: A }))), server.reset()] }],
      ['a1 issued 0: 1 unanswered'],
    ],
    [
      'belong to one server address',
      [
        { issues: A, server: '198.51.100.1:443' },
        { offers: A, issues: B, server: '198.51.100.2:443' },
      ],
      ['a1 issued 0:', 'a1 issued -: 1 declined unknown-session', 'b2 issued 1:'],
    ],
    [
      'belong to one server port',
      [
        { issues: A, server: '198.51.100.1:443' },
        { offers: A, issues: B, server: '198.51.100.1:8443' },
      ],
      ['a1 issued 0:', 'a1 issued -: 1 declined unknown-session', 'b2 issued 1:'],
    ],
    [
      'may be offered by any client',
      [
        { issues: A, client: '192.0.2.1:40000' },
        { offers: A, resumes: true, client: '192.0.2.99:40000' },
      ],
      ['a1 issued 0: 1 resumed'],
    ],
    [
      'are issued in place of declined ones',
      [
        { offers: A, issues: B },
        { offers: B, issues: C },
      ],
      ['a1 issued -: 0 declined unknown-session', 'b2 issued 0: 1 declined undetermined', 'c3 issued 1:'],
    ],
    [
      'with IDs that differ in length are different',
      [{ issues: 'a1' }, { issues: 'a1a1' }, { offers: 'a1', resumes: true }],
      ['a1 issued 0: 2 resumed', 'a1 issued 1:'],
    ],
  ];
  it.each(cases)('%s', (_, visits, expected) => {
    expect(sessionsOf(story(visits).report)).toEqual(expected);
  });

  it('have frames and times of their hellos', () => {
    const { report, frames, capture } = story([{ issues: A }, { offers: A, resumes: true }]);
    const [first, second] = frames;
    expect(report.sessions).toEqual([
      {
        kind: 'session-id',
        id: A,
        server: { address: '198.51.100.1', port: 443 },
        issued: { stream: 0, frame: first.serverHello, time: capture.timeOf(first.serverHello) },
        issuedInferred: false,
        lifetime: null,
        offers: [
          {
            stream: 1,
            frame: second.clientHello,
            time: expect.closeTo(capture.timeOf(second.clientHello), 6),
            outcome: 'resumed',
            cause: null,
          },
        ],
      },
    ]);
  });

  it('are the same whatever the order in which connections end', () => {
    const { report } = story([
      { issues: A, holds: true },
      { offers: A, resumes: true, holds: true },
      { offers: A, resumes: true },
    ]);
    expect(sessionsOf(report)).toEqual(['a1 issued 0: 1 resumed, 2 resumed']);
  });
});

describe('an ID that may be padding', () => {
  const tls13 = { hello: { tls13: true } };
  const cases: [name: string, visits: Visit[], resumption: string, sessions: string[]][] = [
    ['is one when nobody issued it', [{ offers: A, issues: B, ...tls13 }], 'not-offered', ['b2 issued 0:']],
    [
      'is an offer when it was issued',
      [
        { issues: A, close: 'rst' },
        { offers: A, issues: B, ...tls13 },
      ],
      'declined',
      ['a1 issued 0: 1 declined unclean-close', 'b2 issued 1:'],
    ],
    [
      'is an offer when it was issued to such a client',
      [
        { issues: A, ...tls13 },
        { offers: A, issues: B, ...tls13 },
      ],
      'declined',
      ['a1 issued 0: 1 declined undetermined', 'b2 issued 1:'],
    ],
    ['is an offer when it is taken', [{ offers: A, resumes: true, ...tls13 }], 'resumed', ['a1 issued -: 0 resumed']],
    [
      'is an offer when it was taken before',
      [...control(1), { offers: A, resumes: true, ...tls13 }, { offers: A, issues: B, ...tls13 }],
      'declined',
      ['c0 issued 0: 1 resumed', 'a1 issued -: 2 resumed, 3 declined undetermined', 'b2 issued 3:'],
    ],
    [
      'is none from a client of TLS 1.2',
      [{ offers: A, issues: B }],
      'declined',
      ['a1 issued -: 0 declined unknown-session', 'b2 issued 0:'],
    ],
  ];
  it.each(cases)('%s', (_, visits, resumption, sessions) => {
    const { report } = story(visits);
    expect(report.connections.at(-1)?.resumption).toBe(resumption);
    expect(sessionsOf(report)).toEqual(sessions);
  });

  it.each([
    ['not-offered', [{ offers: A, issues: B, ...tls13 }], { full: 1, notOffered: 1, declined: 0 }],
    ['declined', [{ issues: A }, { offers: A, issues: B, ...tls13 }], { full: 2, notOffered: 1, declined: 1 }],
  ] as [string, Visit[], object][])('is counted as %s, whatever is kept', (_, visits, expected) => {
    for (const keep of ['all', 'findings'] as const) {
      const { report } = story(visits, { keep });
      expect(report.totals.handshakes).toMatchObject(expected);
      expect(report.servers[0].handshakes).toEqual(report.totals.handshakes);
    }
  });
});

describe('sessions of several ports of one server', () => {
  const control = '198.51.100.1:21';
  const data = '198.51.100.1:40001';

  it('are one where the other port accepts what one issued, as with FTP over TLS', () => {
    const { report } = story([
      { issues: A, server: control, holds: true },
      { offers: A, resumes: true, server: data, close: 'rst' },
      { offers: A, issues: B, server: data, after: 2 },
    ]);
    expect(sessionsOf(report)).toEqual(['a1 issued 0: 1 resumed, 2 declined unclean-close', 'b2 issued 2:']);
    expect(report.sessions[0].server).toEqual({ address: '198.51.100.1', port: 21 });
  });

  it('are not where it only declines', () => {
    const { report } = story([
      { issues: A, server: control, close: 'rst' },
      { offers: A, issues: B, server: data },
    ]);
    expect(sessionsOf(report)).toEqual(['a1 issued 0:', 'a1 issued -: 1 declined unknown-session', 'b2 issued 1:']);
    expect(report.findings).toEqual([]);
  });
});

describe('tickets', () => {
  const ticket = '7469636b';

  it('make the ID beside them no offer', () => {
    const { report } = story([
      { offers: A, issues: B, hello: { ticket } },
      { offers: A, resumes: true, hello: { ticket } },
    ]);
    expect(report.sessions.filter((s) => s.kind === 'session-id').map((s) => s.id)).toEqual([B]);
    expect(report.connections.map((c) => c.resumption)).toEqual(['declined', 'resumed']);
  });

  it('leave the ID an offer where the extension is empty', () => {
    const { report } = story([
      { issues: A, hello: { ticket: '' } },
      { offers: A, resumes: true, hello: { ticket: '' } },
    ]);
    expect(sessionsOf(report)).toEqual(['a1 issued 0: 1 resumed']);
    expect(report.connections[1]).toMatchObject({ resumption: 'resumed', resumedBy: 'session-id', offered: { ticket: null } });
  });

  /** A full handshake in which the server also sends a NewSessionTicket. */
  function withTicket(bytes: string): Visit {
    return {
      speak: ({ client, server }) => {
        client.send(flight(clientHello({ ticket: '' })));
        server.send(flight(serverHello({ sessionId: A }), certificate, serverHelloDone));
        client.send(flight(clientKeyExchange), changeCipherSpec, finished);
        server.send(flight(newSessionTicket(bytes)), changeCipherSpec, finished);
      },
    };
  }

  it('that are empty issue nothing', () => {
    const { report } = story([withTicket('')]);
    expect(report.connections).toMatchObject([{ handshake: 'full', issued: { sessionId: null, tickets: [] } }]);
    expect(report.sessions).toEqual([]);
  });

  it('that are promised and not seen may be empty: the ID beside them is not issued for certain', () => {
    const { report } = story([{ issues: A, hello: { ticket: '' }, answer: { ticket: '' } }]);
    expect(report.sessions).toEqual([]);
  });

  it('that are issued appear with the connection', () => {
    const [connection] = story([withTicket(ticket)]).report.connections;
    expect(connection.issued.tickets).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  });
});

describe('servers', () => {
  it('are counted with their handshakes, names and rate', () => {
    const names = ['a.example', 'b.example', 'a.example'];
    const { report } = story([
      ...names.map((serverName, i) => ({ issues: id(`1${i}`), hello: { serverName } })),
      { offers: id('10'), resumes: true, after: 5 },
      { server: '198.51.100.2:443', issues: B },
    ]);
    expect(report.servers).toHaveLength(2);
    expect(report.servers[0]).toMatchObject({
      address: '198.51.100.1',
      port: 443,
      names: ['a.example', 'b.example'],
      connections: 4,
      handshakes: { full: 3, resumed: 1, declined: 0, notOffered: 3, failed: 0, incomplete: 0 },
      fullHandshakesPerSecond: { mean: 0.5, peak: 3 },
    });
    expect(report.servers[0].fullHandshakesPerSecond.series).toEqual([
      [timeOf(0), 3, 0],
      [timeOf(5000), 0, 1],
    ]);
    expect(report.totals).toMatchObject({ tlsConnections: 5, handshakes: { full: 4, resumed: 1 } });
  });

  it('have series of so many points, however long it takes', () => {
    const visits = Array.from({ length: 12 }, (_, i): Visit => ({ issues: id((0x20 + i).toString(16)), after: 7 }));
    const { report } = story(visits, { limits: { seriesPoints: 8 } });
    const { series, peak } = report.servers[0].fullHandshakesPerSecond;
    expect(series.length).toBeLessThanOrEqual(8);
    const step = series[1][0] - series[0][0];
    expect(series.reduce((sum, [, full]) => sum + full * step, 0)).toBeCloseTo(12);
    expect(peak).toBeCloseTo(Math.max(...series.map(([, full]) => full)));
  });

  it('have totals of the closes of both sides', () => {
    const { report } = story([{ issues: A }, { issues: B, close: 'rst' }, { issues: C, close: 'race' }]);
    expect(report.totals.closes).toEqual({ clean: 2, unclean: 1, 'reset-race': 1, open: 2, unknown: 0, aborted: 0 });
  });
});

describe('what is kept', () => {
  const visits: Visit[] = [
    { issues: A, close: 'rst' },
    { offers: A, issues: B },
  ];

  it('does not change findings, servers and totals', () => {
    const all = story(visits, { keep: 'all' }).report;
    const few = story(visits, { keep: 'findings' }).report;
    expect(few).toEqual({ ...all, connections: [], sessions: [] });
    expect(few.findings).toHaveLength(1);
  });
});
