// Sessions by RFC 5077 tickets and by TLS 1.3 PSKs.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/model.js';
import type { Link } from '../support/packets.js';
import {
  applicationData,
  certificate,
  changeCipherSpec,
  clientHello,
  clientKeyExchange,
  exchange,
  finished,
  flight,
  HELLO_RETRY_RANDOM,
  type Hello,
  id,
  newSessionTicket,
  serverHello,
  serverHelloDone,
} from '../tls/messages.js';
import { closes, control, story, type Visit } from './visits.js';

const [T1, T2, T3] = ['7431', '7432', '7433'];
const NAMES = new Map([T1, T2, T3].map((ticket) => [digest(ticket), Buffer.from(ticket, 'hex').toString()]));
/** What OpenSSL sends beside a ticket: of no meaning but for its echo. */
const INVENTED = id('1e');

function digest(hex: string): string {
  return createHash('sha256').update(Buffer.from(hex, 'hex')).digest('hex');
}

/** `t1 issued 0: 1 resumed, 2 declined unclean-close`. */
function sessionsOf(report: Report): string[] {
  return report.sessions.map(({ kind, id, issued, issuedInferred, offers }) => {
    const list = offers.map(({ stream, outcome, cause }) => ` ${stream} ${outcome}${cause ? ` ${cause}` : ''}`);
    return `${kind} ${NAMES.get(id) ?? id.slice(0, 2)} issued ${issued?.stream ?? '-'}${issuedInferred ? '?' : ''}:${list.join(',')}`;
  });
}

interface Ticketed {
  offers?: string;
  resumes?: boolean;
  /** What the NewSessionTicket holds; empty for an empty one. */
  issues?: string;
  sessionId?: string;
  /** In a resumption: the server answers with an empty ID rather than with the client's. */
  emptyId?: boolean;
  close?: keyof typeof closes;
}

/** A TLS 1.2 connection of a client that speaks RFC 5077. */
function ticketed({ offers = '', resumes = false, issues, sessionId = '', emptyId = false, close = 'clean' }: Ticketed): Visit {
  return {
    speak: (link) => {
      const { client, server } = link;
      const promise = issues === undefined ? {} : { ticket: '' };
      const ticket = issues === undefined ? [] : [flight(newSessionTicket(issues))];
      client.send(flight(clientHello({ ticket: offers, sessionId: offers === '' ? '' : INVENTED })));
      if (resumes) {
        server.send(flight(serverHello({ sessionId: emptyId ? '' : INVENTED, ...promise })), ...ticket, changeCipherSpec, finished);
        client.send(changeCipherSpec, finished);
      } else {
        server.send(flight(serverHello({ sessionId, ...promise }), certificate, serverHelloDone));
        client.send(flight(clientKeyExchange), changeCipherSpec, finished);
        server.send(...ticket, changeCipherSpec, finished);
      }
      exchange(link);
      closes[close](link);
    },
  };
}

describe('a ticket', () => {
  const cases: [name: string, visits: Visit[], expected: string[]][] = [
    ['is issued', [ticketed({ issues: T1 })], ['ticket t1 issued 0:']],
    [
      'is taken, as the echo of the invented ID tells',
      [ticketed({ issues: T1 }), ticketed({ offers: T1, resumes: true })],
      ['ticket t1 issued 0: 1 resumed'],
    ],
    [
      'is taken, as an abbreviated handshake with an empty ID tells',
      [ticketed({ issues: T1 }), ticketed({ offers: T1, resumes: true, emptyId: true })],
      ['ticket t1 issued 0: 1 resumed'],
    ],
    [
      'goes on as the one that renews it',
      [ticketed({ issues: T1 }), ticketed({ offers: T1, resumes: true, issues: T2 }), ticketed({ offers: T2, resumes: true })],
      ['ticket t1 issued 0: 1 resumed, 2 resumed'],
    ],
    [
      'goes on through several renewals',
      [
        ticketed({ issues: T1 }),
        ticketed({ offers: T1, resumes: true, issues: T2 }),
        ticketed({ offers: T2, resumes: true, issues: T3 }),
        ticketed({ offers: T3, resumes: true }),
        ticketed({ offers: T1, resumes: true }),
      ],
      ['ticket t1 issued 0: 1 resumed, 2 resumed, 3 resumed, 4 resumed'],
    ],
    [
      'of a full handshake begins another session',
      [ticketed({ issues: T1 }), ticketed({ offers: T1, issues: T2 }), ticketed({ offers: T2, resumes: true })],
      ['ticket t1 issued 0: 1 declined undetermined', 'ticket t2 issued 1: 2 resumed'],
    ],
    ['that is empty issues nothing, and voids the session ID', [ticketed({ issues: '', sessionId: id('a1') })], []],
    [
      'and the session ID beside it are two sessions',
      [ticketed({ issues: T1, sessionId: id('a1') })],
      ['session-id a1 issued 0:', 'ticket t1 issued 0:'],
    ],
  ];
  it.each(cases)('%s', (_, visits, expected) => expect(sessionsOf(story(visits).report)).toEqual(expected));

  it('that was replaced is no finding when it is declined', () => {
    const { report } = story([
      ticketed({ issues: T1, close: 'fin' }),
      ticketed({ offers: T1, resumes: true, issues: T2, close: 'fin' }),
      ticketed({ offers: T1, issues: T3 }),
      ticketed({ offers: T2, resumes: true }),
    ]);
    expect(sessionsOf(report)).toContain('ticket t1 issued 0: 1 resumed, 2 declined undetermined, 3 resumed');
    expect(report.findings).toEqual([]);
  });

  it('is expired when it is older than the server promised', () => {
    const late: Visit = { ...ticketed({ offers: T1, issues: T2 }), after: 3700 };
    const { report } = story([ticketed({ issues: T1, close: 'fin' }), late]);
    expect(sessionsOf(report)).toContain('ticket t1 issued 0: 1 declined expired');
    expect(report.findings).toEqual([]);
  });

  it('says nothing of session IDs, nor they of it', () => {
    const tickets = [T1, T2, T3].flatMap((t) => [ticketed({ issues: t }), ticketed({ offers: t, resumes: true })]);
    const lost = [
      { issues: id('a1'), close: 'fin' as const },
      { offers: id('a1'), issues: id('a2') },
    ];
    // A server that keeps no session IDs, and one whose tickets survive what its session IDs do not.
    expect(story([...tickets, ...lost]).report.findings).toMatchObject([
      { confidence: 'medium', rivals: expect.arrayContaining(['never-resumable']) },
    ]);
    const survivor = [ticketed({ issues: T1, close: 'fin' }), ticketed({ offers: T1, resumes: true })];
    const { report } = story([...control(4), ...survivor, ...lost, { offers: id('c0'), resumes: true }]);
    expect(report.findings).toMatchObject([{ confidence: 'high' }]);
    expect(report.servers[0].verdict).toBe('invalidates-on-unclean-close');
  });

  it('keeps its lifetime', () => {
    const { report } = story([ticketed({ issues: T1 })]);
    expect(report.sessions).toMatchObject([{ lifetime: 3600 }]);
    expect(report.connections[0].issued.ticketLifetimes).toEqual([3600]);
  });

  it('is one session whatever the order in which its connections end', () => {
    const renewal = ticketed({ offers: T1, resumes: true, issues: T2, close: 'open' });
    const { report } = story([ticketed({ issues: T1 }), renewal, ticketed({ offers: T2, resumes: true })]);
    expect(sessionsOf(report)).toEqual(['ticket t1 issued 0: 1 resumed, 2 resumed']);
  });

  it('is not lost by what the server leaves out when it closes', () => {
    const { report } = story([ticketed({ issues: T1, close: 'answeredBare' }), ticketed({ offers: T1, issues: T2 })]);
    expect(report.findings).toEqual([]);
  });
});

interface Psk {
  offers?: string[];
  /** Index of the PSK that the server takes. */
  takes?: number;
  hello?: Hello;
  answer?: Hello;
  close?: (link: Link) => unknown;
  client?: string;
  after?: number;
}

/** The size of an alert in TLS 1.3: 2 bytes, the hidden type, the tag. */
const closeNotify = applicationData(19);
const CLEAN = ({ client, server }: Link) => {
  client.fin(closeNotify);
  server.acknowledge();
  server.fin(closeNotify);
  client.acknowledge();
};
const BARE_FIN = ({ client, server }: Link) => {
  client.fin();
  server.fin();
  client.acknowledge();
};

/** A TLS 1.3 connection, whose tickets nobody sees. */
function tls13({ offers, takes, hello = {}, answer = {}, close = CLEAN, client: address, after }: Psk): Visit {
  return {
    ...(address !== undefined && { client: address }),
    ...(after !== undefined && { after }),
    speak: (link) => {
      const { client, server } = link;
      client.send(flight(clientHello({ tls13: true, sessionId: id('1e'), ...(offers && { psk: offers }), ...hello })));
      server.send(flight(serverHelloOf(takes, answer)), changeCipherSpec, applicationData(900));
      client.send(changeCipherSpec, applicationData(53));
      server.send(applicationData(250));
      exchange(link);
      close(link);
    },
  };
}

function serverHelloOf(takes: number | undefined, answer: Hello = {}): Uint8Array {
  const selected = takes === undefined ? [] : [Uint8Array.of(0, 41, 0, 2, 0, takes)];
  return serverHello({ tls13: true, sessionId: id('1e'), cipherSuite: 0x1301, extensions: selected, ...answer });
}

describe('a PSK', () => {
  const cases: [name: string, visits: Visit[], expected: string[]][] = [
    ['is none in the echo of the legacy session ID', [tls13({})], []],
    ['is resumed; who issued it is inferred', [tls13({}), tls13({ offers: [T1], takes: 0 })], ['psk t1 issued 0?: 1 resumed']],
    ['is the one that the server names', [tls13({}), tls13({ offers: [T1, T2], takes: 1 })], ['psk t2 issued 0?: 1 resumed']],
    [
      'and all others are declined where the server names none',
      [tls13({}), tls13({ offers: [T1, T2] })],
      ['psk t1 issued 0?: 1 declined undetermined', 'psk t2 issued 0?: 1 declined undetermined'],
    ],
    [
      'was issued by the last connection before',
      [tls13({}), tls13({}), tls13({ offers: [T1], takes: 0 })],
      ['psk t1 issued 1?: 2 resumed'],
    ],
    [
      'was issued to the same client',
      [tls13({}), tls13({ client: '192.0.2.9' }), tls13({ offers: [T1], takes: 0 })],
      ['psk t1 issued 0?: 2 resumed'],
    ],
    [
      'was issued for the same name',
      [
        tls13({ hello: { serverName: 'a.example' } }),
        tls13({ hello: { serverName: 'b.example' } }),
        tls13({ offers: [T1], takes: 0, hello: { serverName: 'A.example' } }),
      ],
      ['psk t1 issued 0?: 2 resumed'],
    ],
    ['may have been issued before the capture', [tls13({ offers: [T1], takes: 0 })], ['psk t1 issued -: 0 resumed']],
    [
      'that was taken is declined the second time',
      [tls13({}), tls13({ offers: [T1], takes: 0 }), tls13({ offers: [T1] })],
      ['psk t1 issued 0?: 1 resumed, 2 declined ticket-reused'],
    ],
    [
      'is declined after an unclean close',
      [tls13({}), tls13({ offers: [T1], takes: 0 }), tls13({ close: BARE_FIN }), tls13({ offers: [T2] })],
      ['psk t1 issued 0?: 1 resumed', 'psk t2 issued 2?: 3 declined unclean-close'],
    ],
  ];
  it.each(cases)('%s', (_, visits, expected) => expect(sessionsOf(story(visits).report)).toEqual(expected));

  it('is found with medium confidence at most where its issue is inferred', () => {
    const kept = Array.from({ length: 4 }, (_, i) => [tls13({}), tls13({ offers: [`aa0${i}`], takes: 0 })]).flat();
    const lost = [tls13({ client: '192.0.2.9:4001', close: BARE_FIN }), tls13({ client: '192.0.2.9:4002', offers: [T1] })];
    const { report } = story([...kept, ...lost, tls13({}), tls13({ offers: [T2], takes: 0 })]);
    expect(report.findings).toMatchObject([{ session: { kind: 'psk', id: digest(T1) }, issuedInferred: true, confidence: 'medium' }]);
    expect(report.servers[0]).toMatchObject({ inferredOffers: 6, verdict: 'invalidates-on-unclean-close' });
  });

  it('may have been issued by several connections: where that matters, it is a suspicion and no evidence', () => {
    const { report } = story([tls13({}), tls13({ close: BARE_FIN }), tls13({ offers: [T1] })]);
    expect(report.findings).toMatchObject([{ session: { id: digest(T1) }, issuedInferred: true, confidence: 'low' }]);
    expect(report.servers[0]).toMatchObject({ inferredOffers: 0, evidence: { afterUncleanFin: { resumed: 0, declined: 0 } } });
    const { report: same } = story([tls13({ close: BARE_FIN }), tls13({ close: BARE_FIN }), tls13({ offers: [T1] })]);
    expect(same.findings).toMatchObject([{ confidence: 'medium' }]);
  });

  it('goes with cipher suites of its hash only', () => {
    const sha384 = { cipherSuite: 0x1302 };
    const { report } = story([tls13({ close: BARE_FIN, answer: sha384 }), tls13({ offers: [T1] })]);
    expect(sessionsOf(report)).toEqual(['psk t1 issued 0?: 1 declined parameters-changed']);
  });

  it('of a connection that declines two costs one handshake', () => {
    const { report } = story([tls13({ close: BARE_FIN }), tls13({ offers: [T1, T2] })]);
    expect(report.findings).toHaveLength(2);
    expect(report.servers[0].avoidableFullHandshakes).toBe(1);
  });

  it('may have been refused after a fatal alert of the server', () => {
    const serverAlert = ({ client, server }: Link) => [server.fin(closeNotify), client.fin(), server.acknowledge()];
    const { report } = story([tls13({ close: serverAlert }), tls13({ offers: [T1] })]);
    expect(report.findings).toMatchObject([{ confidence: 'low', rivals: expect.arrayContaining(['fatal-alert', 'ticket-reused']) }]);
  });

  it('is told with what the hello says of it', () => {
    const modes = Uint8Array.of(0, 45, 0, 2, 1, 1);
    const earlyData = Uint8Array.of(0, 42, 0, 0);
    const { report } = story([tls13({ offers: [T1, T2], takes: 1, hello: { extensions: [modes, earlyData] } })]);
    expect(report.connections[0]).toMatchObject({
      version: 'TLSv1.3',
      handshake: 'resumed',
      resumedBy: 'psk',
      selectedPsk: 1,
      offered: { psk: [digest(T1), digest(T2)], pskAges: [1, 1], pskModes: ['psk_dhe_ke'], earlyData: true },
      close: { client: { closeNotify: 'inferred', state: 'clean' }, first: 'client' },
    });
  });

  it('does not spoil the evidence of sessions that are seen to be issued', () => {
    const { report } = story([
      ...control(4),
      { issues: id('a1'), close: 'fin' },
      { offers: id('a1'), issues: id('a2') },
      { offers: id('c0'), resumes: true },
      tls13({ close: BARE_FIN }),
      tls13({ offers: [T1], takes: 0 }),
    ]);
    expect(report.findings).toMatchObject([{ session: { id: id('a1') }, confidence: 'high' }]);
  });
});

describe('a HelloRetryRequest', () => {
  const retried = (second: Hello, takes?: number): Visit => ({
    speak: (link) => {
      const { client, server } = link;
      client.send(flight(clientHello({ tls13: true, sessionId: id('1e'), psk: [T1, T2] })));
      server.send(
        flight(serverHello({ tls13: true, sessionId: id('1e'), random: HELLO_RETRY_RANDOM, cipherSuite: 0x1301 })),
        changeCipherSpec,
      );
      client.send(changeCipherSpec, flight(clientHello({ tls13: true, sessionId: id('1e'), ...second })));
      server.send(flight(serverHelloOf(takes)), applicationData(900));
      client.send(applicationData(53));
      exchange(link);
      CLEAN(link);
    },
  });

  it('is no decline: the second ClientHello counts', () => {
    const { report } = story([retried({ psk: [T2] }, 0)]);
    expect(report.connections[0]).toMatchObject({ handshake: 'resumed', resumption: 'resumed', offered: { psk: [digest(T2)] } });
    expect(sessionsOf(report)).toEqual(['psk t2 issued -: 0 resumed']);
  });

  it('may be answered without any PSK', () => {
    const { report } = story([retried({})]);
    expect(report.connections[0]).toMatchObject({ handshake: 'full', resumption: 'not-offered', offered: { psk: [] } });
  });
});
