/** A report with as many connections as wanted, of the worst kind: each offers the session of the one before in vain, and closes uncleanly. */
import type { Connection, Finding, Report, Session } from '../../../src/model.js';
import { closes, connection, counts, EMPTY, FORUM_FINDING, server } from '../reports.js';

const SERVERS = 4;
const CLIENTS = 250;
/** Frames and seconds of a connection. */
const FRAMES = 14;
const SECONDS = 0.0031;
const START = 1_795_189_145;

/** Digits that do not repeat, and do not compress. */
function digits(seed: number): string {
  let state = seed + 1;
  let text = '';
  while (text.length < 64) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) ^ Math.imul(state, 0x9e3779b1);
    text += (state >>> 0).toString(16).padStart(8, '0');
    state += text.length;
  }
  return text;
}

function nth(i: number) {
  const at = { address: `10.0.0.${1 + (i % SERVERS)}`, port: 443 };
  const client = { address: `10.1.${(i % CLIENTS) >> 4}.${1 + ((i % CLIENTS) & 15)}`, port: 1024 + ((i * 7) % 60_000) };
  const time = START + i * SECONDS;
  return { at, client, time, frame: 1 + i * FRAMES };
}

function connectionOf(i: number): Connection {
  const { at, client, time, frame } = nth(i);
  const unclean = { state: 'unclean' as const, closeNotify: 'absent' as const, end: 'rst' as const, frame: frame + 12, time: time + 0.002 };
  return connection(i, client, {
    server: at,
    serverName: `backend-${i % 40}.example.org`,
    start: time,
    end: time + 0.0021 + (i % 97) / 1e6,
    version: i % 3 === 0 ? 'TLSv1.3' : 'TLSv1.2',
    cipherSuite: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
    alpn: i % 5 === 0 ? 'h2' : 'http/1.1',
    fingerprint: { ja3: '0'.repeat(32), ja4: `t12d1209h1_d34a8e72043a_b39be8c56a${10 + (i % 7)}` },
    handshake: 'full',
    resumption: i < SERVERS ? 'not-offered' : 'declined',
    cause: i < SERVERS ? null : 'unclean-close',
    close: { client: unclean, server: { ...unclean, state: 'open', end: null, frame: null, time: null }, first: 'client' },
    frames: { first: frame, clientHello: frame + 3, serverHello: frame + 5, last: frame + 13 },
    times: { clientHello: time + 0.0003, serverHello: time + 0.0009 },
    handshakeSeconds: 0.0015 + (i % 301) / 1e6,
  });
}

/** The session that one connection issues, and the one that comes to the same server next offers. */
function sessionOf(i: number, count: number): Session {
  const { at, time, frame } = nth(i);
  const next = i + SERVERS;
  const offer = {
    stream: next,
    frame: nth(next).frame + 3,
    time: nth(next).time,
    outcome: 'declined' as const,
    cause: 'unclean-close' as const,
  };
  return {
    kind: 'session-id',
    id: digits(i),
    server: at,
    issued: { stream: i, frame: frame + 5, time: time + 0.0009 },
    issuedInferred: false,
    lifetime: null,
    offers: next < count ? [offer] : [],
  };
}

function findingOf(i: number): Finding {
  const { at, client, time, frame } = nth(i);
  const next = nth(i + SERVERS);
  const culprit = {
    stream: i,
    frame: frame + 12,
    time: time + 0.002,
    client,
    by: 'client' as const,
    end: 'rst' as const,
    state: 'unclean' as const,
  };
  const frames = [frame + 5, frame + 12, next.frame + 3, next.frame + 5];
  return {
    ...FORUM_FINDING,
    session: { kind: 'session-id', id: digits(i) },
    server: at,
    client,
    issued: { stream: i, frame: frames[0], time: time + 0.0009 },
    resumed: [],
    uncleanCloses: [culprit],
    culprit,
    declines: [
      {
        stream: i + SERVERS,
        clientHello: frames[2],
        serverHello: frames[3],
        time: next.time + 0.0009,
        newSessionId: digits(i + SERVERS),
        client: next.client,
      },
    ],
    declineCount: 1,
    confidence: i % 3 === 0 ? 'high' : 'medium',
    explanation: `The client ended its connection in frame ${frames[1]} with RST and without close_notify; the server then declined the session in frame ${frames[3]}.`,
    wiresharkFilter: `frame.number in {${frames.join(', ')}}`,
  };
}

export function largeReport(count: number): Report {
  const all = Array.from({ length: count }, (_, i) => i);
  const declined = count - SERVERS;
  const series = Array.from({ length: Math.ceil(count * SECONDS) }, (_, i): [number, number, number] => [START + i, 70 + (i % 13), 0]);
  const share = Math.ceil(count / SERVERS);
  return {
    ...EMPTY,
    capture: {
      ...EMPTY.capture,
      firstTime: START,
      lastTime: START + count * SECONDS,
      sources: [
        {
          name: 'large.pcap',
          format: 'pcap',
          linkTypes: ['ETHERNET'],
          snapLength: null,
          frames: count * FRAMES,
          bytes: count * FRAMES * 200,
          dropped: null,
          truncated: false,
        },
      ],
    },
    totals: {
      tcpConnections: count,
      tlsConnections: count,
      handshakes: counts({ full: count, declined, notOffered: SERVERS }),
      closes: closes({ unclean: count, open: count }),
      invalidatedSessions: declined,
      suspectedSessions: 0,
    },
    servers: Array.from({ length: SERVERS }, (_, i) =>
      server({
        ...nth(i).at,
        names: ['backend.example.org'],
        connections: share,
        handshakes: counts({ full: share, declined: share - 1 }),
        invalidatedSessions: share - 1,
        verdict: 'invalidates-on-unclean-close',
        verdictText: 'It declined all sessions after a RST without close_notify.',
        ends: { fin: 'unknown', rst: 'invalidates', resetRace: 'unknown' },
        evidence: { ...server().evidence, afterUncleanRst: { resumed: 0, declined: share - 1 }, afterClean: { resumed: 12, declined: 0 } },
        fullHandshakesPerSecond: { mean: 80, peak: 82, series },
        avoidableFullHandshakes: share - 1,
      }),
    ),
    findings: all.slice(0, declined).map(findingOf),
    sessions: all.map((i) => sessionOf(i, count)),
    connections: all.map(connectionOf),
  };
}
