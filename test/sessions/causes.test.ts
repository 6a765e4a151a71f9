import { describe, expect, it } from 'vitest';
import type { Cause } from '../../src/model.js';
import { TcpFlag } from '../../src/wire/tcp.js';
import {
  alert,
  applicationData,
  certificate,
  clientHello,
  flight,
  fullHandshake,
  id,
  protectedAlert,
  serverHello,
  serverHelloDone,
} from '../tls/messages.js';
import { closes, control, story, type Visit } from './visits.js';

const { RST } = TcpFlag;

const LONG = `${'label.'.repeat(40)}example`;
const A = id('a1');
const B = id('b2');
const C = id('c3');

const again: Visit = { offers: A, issues: B };

/** A fatal alert in clear ends a connection on which the handshake had sent its ServerHello. */
const fatal: Visit['close'] = ({ client, server }) => {
  server.fin(alert('fatal', 'unexpected_message'));
  client.fin();
};

/** The handshake that issues A never completes. */
const incomplete: Visit = {
  speak: ({ client, server }) => {
    client.send(flight(clientHello()));
    server.send(flight(serverHello({ sessionId: A }), certificate, serverHelloDone));
    client.reset();
  },
};

/** Sessions that are declined although they were closed cleanly. */
function lost(count: number): Visit[] {
  return Array.from({ length: count }, (_, i) => id((0xe0 + i).toString(16))).flatMap((session) => [
    { issues: session },
    { offers: session },
  ]);
}

/** The cause of the last decline. */
function lastCause(visits: readonly Visit[]): Cause | null {
  const { connections } = story(visits).report;
  return connections.findLast((connection) => connection.resumption === 'declined')?.cause ?? null;
}

describe('the cause of a decline', () => {
  const ems = { extendedMasterSecret: true };
  const cases: [name: string, cause: Cause, visits: Visit[]][] = [
    ['RST without close_notify', 'unclean-close', [{ issues: A, close: 'rst' }, again]],
    ['FIN without close_notify', 'unclean-close', [{ issues: A, close: 'fin' }, again]],
    ['FIN of the server that came first, without close_notify', 'unclean-close', [{ issues: A, close: 'serverFin' }, again]],
    ['RST of the server', 'unclean-close', [{ issues: A, close: 'serverRst' }, again]],
    ['close_notify and RST at once', 'reset-race', [{ issues: A, close: 'race' }, again]],
    [
      'the same, and an unclean close beside it',
      'unclean-close',
      [{ issues: A, close: 'race' }, { offers: A, resumes: true, close: 'rst' }, again],
    ],
    [
      'an unclean close of the connection that resumed it',
      'unclean-close',
      [{ issues: A }, { offers: A, resumes: true, close: 'fin' }, again],
    ],
    ['nobody issued it', 'unknown-session', [...control(1), again]],
    ['the handshake that issued it failed', 'incomplete', [...control(1), incomplete, again]],
    ['a fatal alert', 'fatal-alert', [...control(1), { issues: A, close: fatal }, again]],
    [
      'a fatal alert on the connection that resumed it',
      'fatal-alert',
      [...control(1), { issues: A }, { offers: A, resumes: true, close: fatal }, again],
    ],
    ['another version', 'parameters-changed', [...control(1), { issues: A, close: 'rst' }, { ...again, answer: { version: 0x0302 } }]],
    [
      'another server name',
      'parameters-changed',
      [...control(1), { issues: A, close: 'rst', hello: { serverName: 'a.example' } }, { ...again, hello: { serverName: 'b.example' } }],
    ],
    [
      'the same server name',
      'unclean-close',
      [...control(1), { issues: A, close: 'rst', hello: { serverName: 'a.example' } }, { ...again, hello: { serverName: 'a.example' } }],
    ],
    [
      'a long server name that differs at its end',
      'parameters-changed',
      [...control(1), { issues: A, close: 'rst', hello: { serverName: `${LONG}a` } }, { ...again, hello: { serverName: `${LONG}b` } }],
    ],
    [
      'the same long server name in another case',
      'unclean-close',
      [...control(1), { issues: A, close: 'rst', hello: { serverName: LONG } }, { ...again, hello: { serverName: LONG.toUpperCase() } }],
    ],
    [
      'extended master secret no longer offered',
      'parameters-changed',
      [...control(1), { issues: A, close: 'rst', hello: ems, answer: ems }, again],
    ],
    [
      'extended master secret offered anew',
      'parameters-changed',
      [...control(1), { issues: A, close: 'rst' }, { ...again, hello: ems, answer: ems }],
    ],
    [
      'extended master secret offered to a server without it',
      'unclean-close',
      [...control(1), { issues: A, close: 'rst', hello: ems }, { ...again, hello: ems }],
    ],
    ['accepted later', 'other-node', [{ issues: A, close: 'rst' }, again, { offers: A, resumes: true }]],
    ['a server that resumes nothing', 'never-resumable', [...lost(3), { issues: A, close: 'rst' }, again]],
    ['a server that resumed nothing so far, too seldom asked', 'unclean-close', [...lost(2), { issues: A, close: 'rst' }, again]],
    ['nothing of these', 'undetermined', [...control(1), { issues: A }, again]],
    [
      'the client closed cleanly, the server answered with a bare FIN',
      'unclean-close',
      [...control(1), { issues: A, close: 'answeredBare' }, again],
    ],
    ['the connection is still open', 'undetermined', [...control(1), { issues: A, close: 'open' }, again]],
  ];
  it.each(cases)('%s: %s', (_, cause, visits) => {
    expect(lastCause(visits)).toBe(cause);
  });

  it('is null where nothing was declined', () => {
    const { connections } = story([{ issues: A, close: 'rst' }, { offers: A, resumes: true }, { issues: B }]).report;
    expect(connections.map((c) => c.cause)).toEqual([null, null, null]);
  });

  it('is no close that came after the answer', () => {
    // The connection that issued A ends uncleanly, but only after A was declined.
    const visits: Visit[] = [...control(1), { issues: A, close: 'rst', holds: true }, { offers: A, issues: B }];
    const { report } = story(visits);
    expect(report.connections.at(-1)?.cause).toBe('undetermined');
    expect(report.findings).toEqual([]);
  });

  it('is no close that came between the ClientHello of the decline and … of another session', () => {
    const visits: Visit[] = [...control(1), { issues: A }, { issues: C, close: 'rst' }, { offers: A, issues: B }];
    expect(story(visits).report.findings).toEqual([]);
  });

  it('is no close at another server', () => {
    const visits: Visit[] = [
      ...control(1),
      { issues: A, server: '198.51.100.9:443', close: 'rst' },
      { issues: A },
      { offers: A, issues: B },
    ];
    const { report } = story(visits);
    expect(report.findings).toEqual([]);
    expect(report.connections.at(-1)?.cause).toBe('undetermined');
  });

  it('is no close that the session survived', () => {
    const visits: Visit[] = [...control(1), { issues: A, close: 'rst' }, { offers: A, resumes: true }, { offers: A, issues: B }];
    const { report } = story(visits);
    expect(report.connections.at(-1)?.cause).toBe('undetermined');
    expect(report.findings).toEqual([]);
  });

  it('is no close of which the capture lacks a part', () => {
    const lossy: Visit['close'] = (link) => {
      link.client.lose(protectedAlert);
      link.client.fin();
      link.server.fin(protectedAlert);
    };
    const { report } = story([...control(1), { issues: A, close: lossy }, { offers: A, issues: B }]);
    expect(report.findings).toEqual([]);
    expect(report.connections.at(-1)?.cause).toBe('undetermined');
  });

  it('is not never-resumable at a server that was seen to resume what was issued before the capture', () => {
    expect(
      lastCause([
        { offers: A, resumes: true },
        { offers: A, issues: B },
      ]),
    ).toBe('undetermined');
  });

  it('is no RST that had no effect: its sender went on', () => {
    const forged: Visit['close'] = (link) => {
      link.client.emit(RST, undefined, { sequence: link.client.next + 5000 });
      link.client.send(applicationData());
      closes.clean(link);
    };
    const { report } = story([...control(1), { issues: A, close: forged }, { offers: A, issues: B }]);
    expect(report.connections[2].close.client).toMatchObject({ state: 'clean', end: 'fin' });
    expect(report.findings).toEqual([]);
  });

  it('is no other server name where only the case differs', () => {
    const [name, same] = ['a.example', 'A.Example'].map((serverName) => ({ hello: { serverName } }));
    expect(lastCause([...control(1), { issues: A, close: 'rst', ...name }, { ...again, ...same }])).toBe('unclean-close');
  });

  it('is not never-resumable at a server that resumes while the issuing connection is open', () => {
    expect(
      lastCause([
        { issues: A, close: 'open' },
        { offers: A, resumes: true },
        { offers: A, issues: B },
      ]),
    ).not.toBe('never-resumable');
  });
});

describe('a finding', () => {
  it('tells the story of the session in order', () => {
    const { report, frames, capture } = story([
      { issues: A },
      { offers: A, resumes: true, close: 'rst', after: 1 },
      { offers: A, issues: B, client: '192.0.2.7:50000' },
    ]);
    const [issue, resumed, declined] = frames;
    const rst = capture.packets.findIndex((packet) => packet.flags & 4) + 1;
    expect(report.findings).toEqual([
      {
        kind: 'session-invalidated',
        session: { kind: 'session-id', id: A },
        server: { address: '198.51.100.1', port: 443 },
        client: { address: '192.0.2.1', port: 40001 },
        issued: { stream: 0, frame: issue.serverHello, time: capture.timeOf(issue.serverHello) },
        issuedBeforeCapture: false,
        issuedInferred: false,
        version: 'TLSv1.2',
        resumed: [
          {
            stream: 1,
            frame: resumed.serverHello,
            time: capture.timeOf(resumed.serverHello),
            client: { address: '192.0.2.1', port: 40002 },
            clientHello: resumed.clientHello,
          },
        ],
        uncleanCloses: [
          {
            stream: 1,
            frame: rst,
            time: capture.timeOf(rst),
            client: { address: '192.0.2.1', port: 40002 },
            by: 'client',
            end: 'rst',
            state: 'unclean',
          },
        ],
        culprit: {
          stream: 1,
          frame: rst,
          time: capture.timeOf(rst),
          client: { address: '192.0.2.1', port: 40002 },
          by: 'client',
          end: 'rst',
          state: 'unclean',
        },
        answeredByAlert: false,
        declineCount: 1,
        declines: [
          {
            stream: 2,
            ...declined,
            time: capture.timeOf(declined.serverHello),
            newSessionId: B,
            client: { address: '192.0.2.7', port: 50000 },
          },
        ],
        cause: 'unclean-close',
        confidence: expect.stringMatching(/^(low|medium)$/),
        rivals: expect.any(Array),
        explanation: expect.stringContaining(`in frame ${rst} `),
        wiresharkFilter: `frame.number in {${[issue.serverHello, resumed.clientHello, resumed.serverHello, rst, declined.clientHello, declined.serverHello].join(', ')}}`,
      },
    ]);
    expect(report.findings[0].explanation).toContain(`in frame ${declined.serverHello}.`);
    expect(report.totals.invalidatedSessions).toBe(1);
    expect(report.servers[0]).toMatchObject({ invalidatedSessions: 1, avoidableFullHandshakes: 1 });
  });

  it('of a session issued before the capture begins where it was first accepted', () => {
    const { report, frames } = story([...control(1), { offers: A, resumes: true, close: 'fin' }, { offers: A, issues: B }]);
    expect(report.findings).toMatchObject([{ issuedBeforeCapture: true, issued: { stream: 2, frame: frames[2].serverHello } }]);
  });

  it('is one where the dead session is offered again', () => {
    const { report } = story([...control(1), { issues: A, close: 'rst' }, { offers: A, issues: B }, { offers: A, issues: C }]);
    expect(report.findings).toHaveLength(1);
    expect(report.findings[0].declines).toMatchObject([
      { stream: 3, newSessionId: B },
      { stream: 4, newSessionId: C },
    ]);
    expect(report.connections.slice(-2).map((c) => c.cause)).toEqual(['unclean-close', 'unclean-close']);
    expect(report.servers[0].evidence.afterUncleanRst).toEqual({ resumed: 0, declined: 1 });
    expect(report.totals.invalidatedSessions).toBe(1);
  });

  it('is one for each session', () => {
    const { report } = story([
      ...control(1),
      { issues: A, close: 'rst' },
      { offers: A, issues: B, close: 'rst' },
      { offers: B, issues: C, close: 'rst' },
    ]);
    expect(report.findings.map((f) => [f.session.id, f.declines.length])).toEqual([
      [A, 1],
      [B, 1],
    ]);
  });

  it('has all unclean closes, those that were survived as well', () => {
    const { report } = story([
      { issues: A, close: 'rst' },
      { offers: A, resumes: true, close: 'fin' },
      { offers: A, issues: B },
    ]);
    expect(report.findings[0].uncleanCloses).toMatchObject([
      { stream: 0, by: 'client', end: 'rst' },
      { stream: 1, by: 'client', end: 'fin' },
      { stream: 1, by: 'server', end: 'fin' },
    ]);
  });

  it('has a decline without a new ID', () => {
    const { report } = story([
      { issues: A, close: 'rst' },
      { offers: A, issues: '' },
    ]);
    expect(report.findings[0].declines).toMatchObject([{ newSessionId: null }]);
  });

  it('is found where the connections overlap', () => {
    const visits: Visit[] = [
      ...control(1),
      { issues: A, close: 'clean', holds: true },
      { offers: A, resumes: true, close: 'rst' },
      { offers: A, issues: B, holds: true },
    ];
    expect(story(visits).report.findings).toMatchObject([{ session: { id: A }, uncleanCloses: [{ stream: 3 }] }]);
  });

  it('names a reset race for what it is', () => {
    const [finding] = story([...control(1), { issues: A, close: 'race' }, { offers: A, issues: B }]).report.findings;
    expect(finding).toMatchObject({ cause: 'reset-race', uncleanCloses: [{ state: 'reset-race', end: 'rst' }] });
    expect(finding.explanation).toContain('may never have read it');
  });

  it('does not depend on the order in which connections end in the file', () => {
    const visits: Visit[] = [
      { issues: A, close: 'rst' },
      { offers: A, issues: B, close: 'open' },
    ];
    expect(story(visits).report.findings).toHaveLength(1);
  });

  it('needs no data on the connection', () => {
    const bare: Visit = { speak: (link) => [fullHandshake(link, A), closes.fin(link)] };
    expect(story([bare, { offers: A, issues: B }]).report.findings).toHaveLength(1);
  });

  it('is unmoved by what the client says after its close_notify', () => {
    const chatty: Visit['close'] = ({ client, server }) => {
      client.send(protectedAlert);
      server.send(applicationData());
      client.fin();
    };
    expect(story([...control(1), { issues: A, close: chatty }, { offers: A, issues: B }]).report.findings).toEqual([]);
  });
});
