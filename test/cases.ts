// What each capture in fixtures/cases holds, and what a report of it must say or may say at most.
import { expect } from 'vitest';
import type { Cause, CloseState, Side, SideClose } from '../src/model.js';

export interface Case {
  capture: string;
  holds: string;
  right: Right;
}

/** Parts of a report, connections by their stream; asymmetric matchers where more than one answer is right. */
interface Right {
  connections?: Record<number, object>;
  findings?: object[];
  /** Findings with a confidence above low. */
  confident?: object[];
  explanation?: unknown;
  servers?: object[];
  totals?: object;
}

export const anyOf = <T>(...values: T[]): T => expect.toBeOneOf(values);

export function side(state: CloseState, end?: SideClose['end'], frame?: number): object {
  return { state, ...(end !== undefined && { end }), ...(frame !== undefined && { frame }) };
}

/** A side of which only the end can be known. */
function unjudged(end: 'fin' | 'rst', frame: number): object {
  return { state: 'unknown', closeNotify: 'unknown', end, frame };
}

export function closed(client: object, server: object, first?: Side | null): object {
  return { close: { client, server, ...(first !== undefined && { first }) } };
}

export function declined(cause: Cause): object {
  return { handshake: 'full', resumption: 'declined', cause };
}

const evidence = (tallies: object): object[] => [{ evidence: tallies }];
const none = { resumed: 0, declined: 0 };
const survivedFin = evidence({ afterClean: { resumed: 3, declined: 0 }, afterUncleanFin: { resumed: 1, declined: 0 } });

/** An unclean side counts on either side of the connection. */
const eitherSide: Case[] = [
  {
    capture: 'real-openssl-bare-fin.pcap.gz',
    holds: 'clients that close cleanly; the server answers with close_notify (resumed 8 of 8) or a bare FIN (declined 8 of 8)',
    right: {
      connections: {
        0: closed(side('clean', 'fin', 17), side('clean', 'fin', 14), 'client'),
        2: closed(side('clean', 'fin', 52), { ...side('unclean', 'fin', 50), closeNotify: 'absent' }, 'client'),
        3: declined('unclean-close'),
      },
      findings: [2, 6, 10, 14, 18, 22, 26, 30].map((stream) => ({
        issued: { stream },
        uncleanCloses: [{ stream, by: 'server', end: 'fin', state: 'unclean' }],
        declines: [{ stream: stream + 1 }],
        cause: 'unclean-close',
      })),
      servers: evidence({ afterClean: { resumed: 8, declined: 0 }, afterUncleanFin: { resumed: 0, declined: 8 }, afterUncleanRst: none }),
    },
  },
];

/** The ServerHello that echoes the ID shows that the server still had the session, whatever becomes of that handshake. */
const acceptedThenAborted: Case[] = [
  {
    capture: 'abbrev-aborted-by-client.pcap',
    holds: 'bare FIN (104), ID accepted (112), the client aborts (113), ID declined (121): the fatal alert ended the session',
    right: {
      connections: { 7: { resumption: 'resumed', ...closed(side('aborted', 'fin', 114), side('unclean')) }, 8: declined('fatal-alert') },
      findings: [],
      servers: survivedFin,
    },
  },
  {
    capture: 'abbrev-closed-before-finished.pcap',
    holds: 'bare FIN (104), ID accepted (112), close_notify in clear before Finished (113), ID declined (121)',
    right: {
      connections: { 7: { resumption: 'resumed', ...closed(side('clean', 'fin', 114), side('unclean', 'fin', 116), 'client') } },
      servers: evidence({ afterUncleanFin: { resumed: 1 } }),
    },
  },
  {
    capture: 'abbrev-rst-by-client.pcap',
    holds: 'bare FIN (104), ID accepted (112), RST before Finished (113), ID declined (118)',
    right: {
      connections: { 7: { resumption: 'resumed', ...closed(side('unclean', 'rst', 113), side('open'), 'client') } },
      explanation: expect.not.stringContaining('frame 104'),
      servers: evidence({ afterUncleanFin: { resumed: 1, declined: 0 } }),
    },
  },
];

/** RFC 9293 3.10.7.4: a RST outside the window is dropped, so the connection goes on to its real end. */
const strayResets: Case[] = [
  ...[
    { name: 'rst-wrong-seq-then-2s', declined: 0 },
    { name: 'rst-wrong-seq-then-clean', declined: 1 },
    { name: 'injected-rst-ignored', declined: 0 },
  ].map(({ name, declined: inControl }) => ({
    capture: `${name}.pcap`,
    holds: 'a RST below the window (104), then data, close_notify and FIN on both sides; declined later',
    right: {
      connections: {
        6: { alerts: [{ frame: 107 }, { frame: 110 }], ...closed(side('clean', 'fin', 108), side('clean', 'fin', 111), 'client') },
        7: declined('undetermined'),
      },
      findings: [],
      servers: evidence({ afterClean: { resumed: 3, declined: inControl }, afterResetRace: none, afterUncleanRst: none }),
    },
  })),
  {
    capture: 'rst-seq-0.pcap',
    holds: 'a RST with sequence number 0 (11), then data, close_notify and FIN on both sides',
    right: { connections: { 0: closed(side('clean', 'fin', 15), side('clean', 'fin', 18), 'client') } },
  },
];

/** RFC 5246 7.2.2: no_renegotiation is a warning; encrypted, it looks like the close_notify. */
const renegotiation: Case[] = [
  {
    capture: 'real-no-renegotiation.pcap',
    holds: 'HelloRequest, no_renegotiation by the client (13), fatal handshake_failure by the server (15), FINs',
    right: { connections: { 0: closed(unjudged('fin', 16), side(anyOf('unknown', 'aborted'), 'fin', 17)) } },
  },
  {
    capture: 'no-renegotiation-then-fin.pcap',
    holds: 'a protected handshake message of the server, an alert of the client, then its FIN',
    right: { connections: { 0: closed(unjudged('fin', 14), side('unclean', 'fin', 16), anyOf('client', null)) } },
  },
  {
    capture: 'no-renegotiation-then-rst.pcap',
    holds: 'a protected handshake message of the server, an alert of the client, then its RST',
    right: { connections: { 0: closed(unjudged('rst', 14), side('open'), anyOf('client', null)) } },
  },
  {
    capture: 'no-renegotiation-server-closes.pcap',
    holds: 'the same alert of the client (12); a minute later the server closes with close_notify (14)',
    right: { connections: { 0: closed(unjudged('fin', 17), side(anyOf('clean', 'unknown'), 'fin', 15)) } },
  },
  {
    capture: 'no-renegotiation-then-declined.pcap',
    holds: 'the same alert, RST, and the session is declined: the close was unclean, yet nothing in the capture proves it',
    right: {
      connections: { 6: closed(unjudged('rst', 107), side('open')) },
      confident: [],
      servers: evidence({ afterClean: { resumed: 3, declined: 0 } }),
    },
  },
];

/** Without the ServerHello application data may hide alerts (RFC 8446 5.2: the record type of all that is protected is 23). */
const tls13: Case[] = [
  {
    capture: 'tls13-midstream.pcap',
    holds: 'TLS 1.3 from the first application data on',
    right: { connections: { 0: closed(unjudged('fin', 9), unjudged('fin', 8), null) } },
  },
  {
    capture: 'tls13-snap72.pcap',
    holds: 'TLS 1.3 with a snap length that cuts every hello',
    right: {
      connections: Object.fromEntries(
        Array.from({ length: 16 }, (_, stream) => [
          stream,
          closed({ state: 'unknown', closeNotify: 'unknown' }, { state: stream === 8 || stream === 9 ? 'open' : 'unknown' }, null),
        ]),
      ),
      findings: [],
    },
  },
];

const lostFrames: Case[] = [
  {
    capture: 'empty-ticket-lost.pcap',
    holds: 'a server that resumes nothing; the empty NewSessionTicket that says so is missing from one connection',
    right: { confident: [], servers: [{ verdict: anyOf('inconclusive', 'never-resumes') }] },
  },
  {
    capture: 'client-fin-lost.pcap',
    holds: "the client's FIN is missing from the capture; the server's FIN (11) acknowledges it",
    right: { connections: { 0: closed(side(anyOf('open', 'unknown')), side('unclean', 'fin', 11), anyOf(null, 'client')) } },
  },
  {
    capture: 'client-lost-after-hello.pcap',
    holds: 'a full handshake and a clean close by the client, of which only the ClientHello and the server’s frames were captured',
    right: {
      connections: { 0: { handshake: anyOf('full', 'unknown'), ...closed(side(anyOf('open', 'unknown')), {}, anyOf(null, 'client')) } },
      totals: { handshakes: { failed: 0, incomplete: 0 } },
    },
  },
  {
    capture: 'server-side-only.pcap',
    holds: "the same, only the server's frames",
    right: {
      connections: { 0: { handshake: anyOf('full', 'unknown'), resumption: 'unknown', close: { first: anyOf(null, 'client') } } },
      totals: { handshakes: { failed: 0, incomplete: 0 } },
    },
  },
  ...['server-lost-after-syn', 'server-lost-client-rst'].map((name) => ({
    capture: `${name}.pcap`,
    holds: "an abbreviated handshake without the server's frames, which the client acknowledges",
    right: {
      connections: { 0: { handshake: anyOf('resumed', 'unknown'), resumption: anyOf('resumed', 'unknown') } },
      totals: { handshakes: { failed: 0, incomplete: 0 } },
    },
  })),
  ...['clear-alert-cut', 'clear-fatal-alert-cut'].map((name) => ({
    capture: `${name}.pcap`,
    holds: 'an alert in clear (6) whose body a snap length cut: close_notify or fatal; then FINs',
    right: { connections: { 0: closed(unjudged('fin', 7), side('unclean', 'fin', 9), 'client') } },
  })),
];

const closes: Case[] = [
  {
    capture: 'rst-without-ack.pcap',
    holds: 'close_notify and FIN, then a RST without ACK: its number is what the peer had acknowledged (RFC 9293 3.10.7.1)',
    right: { connections: { 0: closed(side('clean', 'fin', 12), side('open'), 'client') } },
  },
  {
    capture: 'fatal-then-close-notify.pcap',
    holds: 'fatal bad_record_mac (115), then close_notify (116) and FIN by the same side',
    right: { connections: { 7: { resumption: 'resumed', ...closed(side('aborted', 'fin', 117), side('unclean', 'fin', 119), 'client') } } },
  },
];

const causes: Case[] = [
  {
    capture: 'issuing-hello-cut.pcap',
    holds: 'the ClientHello of the issuing connection is cut before its extensions; RST (104), declined (109)',
    right: { connections: { 7: declined('unclean-close') }, findings: [{ confidence: anyOf('medium', 'low') }] },
  },
  {
    capture: 'sni-case.pcap',
    holds: 'issued to Example.com, offered to example.COM, the same name (RFC 4343); RST (104), declined (109)',
    right: {
      connections: { 7: declined('unclean-close') },
      findings: [{ uncleanCloses: [{ by: 'client', end: 'rst', frame: 104 }], declines: [{ serverHello: 109 }] }],
    },
  },
  {
    capture: 'one-decline-after-clean.pcap',
    holds: 'one session, closed cleanly and declined 10 minutes later: that proves nothing about the server',
    right: { connections: { 1: declined('undetermined') }, findings: [], servers: [{ verdict: 'inconclusive' }] },
  },
  {
    capture: 'one-decline-while-open.pcap',
    holds: 'one session, declined while its connection was open',
    right: { connections: { 1: declined('undetermined') }, findings: [], servers: [{ verdict: 'inconclusive' }] },
  },
];

const tcp: Case[] = [
  ...['tcp-offset-low', 'tcp-offset-high'].map((name) => ({
    capture: `${name}.pcap`,
    holds: 'a data offset that cannot be, then a SYN on other ports: a stream each, as Wireshark counts them',
    right: { totals: { tcpConnections: 2, tlsConnections: 0 } },
  })),
];

const more: Case[] = [
  {
    capture: 'abbrev-closed-before-finished.pcap',
    holds: 'the session outlived the bare FIN (104): only the bare FIN of the server (116) can have ended it',
    right: { explanation: expect.not.stringContaining('frame 104') },
  },
  {
    capture: 'real-no-renegotiation.pcap',
    holds: 'a warning does not end a connection: the fatal alert of the server (15) came first',
    right: { connections: { 0: { close: { first: anyOf(null, 'server') } } } },
  },
  {
    capture: 'no-renegotiation-server-closes.pcap',
    holds: 'the same: the close_notify of the server (14) came first',
    right: { connections: { 0: { close: { first: anyOf(null, 'server') } } } },
  },
  ...['clear-alert-cut', 'clear-fatal-alert-cut'].map((name) => ({
    capture: `${name}.pcap`,
    holds: 'a handshake that ends with the alert (6), before any Finished',
    right: { connections: { 0: { handshake: anyOf('failed', 'incomplete', 'unknown') } } },
  })),
];

/** Tickets and session IDs of one server, and what TLS 1.3 hides. */
const kinds: Case[] = [
  {
    capture: 'real-nginx-tickets-beside-ids.pcap.gz',
    holds: 'a server that takes tickets and keeps no session IDs: its tickets are no control for them',
    right: {
      findings: Array(2).fill({ confidence: anyOf('medium', 'low'), rivals: expect.arrayContaining(['never-resumable']) }),
    },
  },
  {
    capture: 'real-python-tickets-beside-ids.pcap.gz',
    holds: 'a server that drops session IDs (3 of 3) and takes a ticket after the same close',
    right: {
      findings: Array(3).fill({ session: { kind: 'session-id' }, confidence: 'high' }),
      servers: [{ verdict: 'invalidates-on-unclean-close' }],
    },
  },
  {
    capture: 'real-tls13-short-request.pcap.gz',
    holds: 'the end of a request in a record as long as an alert, and bare FINs: no close_notify',
    right: {
      connections: Object.fromEntries([0, 1, 2].map((stream) => [stream, { close: { client: side(anyOf('unknown', 'unclean'), 'fin') } }])),
    },
  },
  {
    capture: 'real-tls13-other-hash.pcap.gz',
    holds: 'a PSK of SHA-384 offered with a suite of SHA-256 only',
    right: { connections: { 7: declined('parameters-changed') }, findings: [] },
  },
  {
    capture: 'unclean-after-answer-sent.pcap',
    holds: 'captured at the client, round trip 0.1 s: its RST (108) left 1 ms before the ServerHello (109) that declines came in',
    right: { confident: [] },
  },
  {
    capture: 'tls13-hello-behind-gap.pcap.gz',
    holds: 'clean closes of clients whose records were read before the ServerHello, which waits behind a gap',
    right: { connections: { 8: { close: { client: side('clean', 'fin') } } }, findings: [] },
  },
];

export const cases: readonly Case[] = [
  ...kinds,
  ...eitherSide,
  ...acceptedThenAborted,
  ...strayResets,
  ...renegotiation,
  ...tls13,
  ...lostFrames,
  ...closes,
  ...causes,
  ...tcp,
  ...more,
];
