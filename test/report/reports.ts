/** Reports made by hand, for the writers. */
import type {
  CloseState,
  Comparison,
  Connection,
  Endpoint,
  Finding,
  HandshakeCounts,
  Interval,
  Report,
  ServerReport,
  SideClose,
  Tally,
} from '../../src/model.js';

export function counts(partial: Partial<HandshakeCounts> = {}): HandshakeCounts {
  return { full: 0, resumed: 0, declined: 0, notOffered: 0, failed: 0, incomplete: 0, ...partial };
}

export function closes(partial: Partial<Record<CloseState, number>> = {}): Record<CloseState, number> {
  return { clean: 0, unclean: 0, 'reset-race': 0, aborted: 0, open: 0, unknown: 0, ...partial };
}

export function server(partial: Partial<ServerReport> = {}): ServerReport {
  const none = { resumed: 0, declined: 0 };
  return {
    address: '10.0.0.5',
    port: 443,
    names: [],
    connections: 0,
    handshakes: counts(),
    invalidatedSessions: 0,
    suspectedSessions: 0,
    evidence: { afterClean: none, afterResetRace: none, afterUncleanFin: none, afterUncleanRst: none, whileOpen: none },
    bareAnswers: none,
    inferredOffers: 0,
    clients: [],
    nonOffering: [],
    verdict: 'inconclusive',
    verdictText: 'No session that it issued was offered to it again.',
    ends: { fin: 'unknown', rst: 'unknown', resetRace: 'unknown' },
    toSettle: null,
    comparisons: { unclean: null, fin: null, rst: null, resetRace: null },
    pValue: null,
    attributableFraction: null,
    causes: [],
    leftOut: { otherCause: 0, offeredAgain: 0, tooOld: 0, unknownClose: 0, resumed: 0 },
    fullHandshakesPerSecond: { mean: 0, peak: 0, series: [] },
    handshakeSeconds: { full: null, resumed: null },
    avoidableFullHandshakes: 0,
    suspectedFullHandshakes: 0,
    secondsLost: null,
    cpuSecondsLost: null,
    advice: [],
    ...partial,
  };
}

function comparison(exposed: Tally, pValue: number): Comparison {
  const all: Interval = { value: 1, low: 0.4, high: 1 };
  return { exposed, control: { resumed: 6, declined: 0 }, pValue, riskDifference: all, attributableFraction: all };
}

const CLOSE: SideClose = { state: 'open', closeNotify: 'unknown', end: null, frame: null, time: null };

export function connection(stream: number, client: Endpoint, partial: Partial<Connection> = {}): Connection {
  return {
    stream,
    client,
    server: { address: '10.0.0.5', port: 9466 },
    proxiedClient: null,
    serverName: null,
    alpn: null,
    start: 0,
    end: 0,
    fingerprint: null,
    version: null,
    cipherSuite: null,
    offered: {
      sessionId: null,
      ticket: null,
      psk: [],
      pskAges: [],
      pskModes: [],
      earlyData: false,
      maybePadding: false,
      isCut: false,
      extendedMasterSecret: false,
    },
    issued: { sessionId: null, tickets: [], ticketLifetimes: [], extendedMasterSecret: false },
    handshake: 'unknown',
    resumption: 'unknown',
    resumedBy: null,
    selectedPsk: null,
    cause: null,
    close: { client: CLOSE, server: CLOSE, first: null },
    alerts: [],
    frames: { first: 1, clientHello: null, serverHello: null, last: 1 },
    times: { clientHello: null, serverHello: null },
    handshakeSeconds: null,
    quality: { startedMidstream: false, rolesFrom: 'hello', missingBytes: 0, truncatedFrames: 0 },
    ...partial,
  };
}

/** Nothing at all. */
export const NOTHING_LACKS = {
  missingBytes: 0,
  truncatedFrames: 0,
  unreadOffers: 0,
  midstreamConnections: 0,
  oneWayConnections: 0,
  neverEndedConnections: 0,
};

export const EMPTY: Report = {
  schema: 'closenotify/report/1',
  capture: {
    sources: [],
    firstTime: null,
    lastTime: null,
    decryptedConnections: 0,
    incompleteConnections: 0,
    quality: NOTHING_LACKS,
    otherFrames: { notIp: 0, protocols: [] },
    warnings: [],
  },
  totals: { tcpConnections: 0, tlsConnections: 0, handshakes: counts(), closes: closes(), invalidatedSessions: 0, suspectedSessions: 0 },
  servers: [],
  findings: [],
  sessions: [],
  connections: [],
};

export const FORUM_ID = '1ab8368fcbcd6f63bcadd93cfeef6d563934463e9788c8303675715f6a4ee0e3';
const FORUM_SERVER: Endpoint = { address: '10.0.0.5', port: 9466 };
const T = 1450000047;

/** The finding in forum-haproxy.pcap, frames and times as Wireshark shows them. */
export const FORUM_FINDING: Finding = {
  kind: 'session-invalidated',
  session: { kind: 'session-id', id: FORUM_ID },
  server: FORUM_SERVER,
  client: { address: '10.0.0.7', port: 46291 },
  issued: { stream: 0, frame: 9583, time: T + 0.588186 },
  issuedBeforeCapture: false,
  issuedInferred: false,
  version: 'TLSv1.2',
  resumed: [{ stream: 1, frame: 9616, clientHello: 9611, time: T + 0.600332, client: { address: '10.0.0.7', port: 46295 } }],
  uncleanCloses: [
    {
      stream: 1,
      frame: 9668,
      time: T + 0.606401,
      by: 'client',
      end: 'rst',
      state: 'unclean',
      client: { address: '10.0.0.7', port: 46295 },
    },
    {
      stream: 0,
      frame: 9674,
      time: T + 0.609673,
      by: 'client',
      end: 'rst',
      state: 'unclean',
      client: { address: '10.0.0.7', port: 46291 },
    },
  ],
  answeredByAlert: false,
  culprit: {
    stream: 0,
    frame: 9674,
    time: T + 0.609673,
    by: 'client',
    end: 'rst',
    state: 'unclean',
    client: { address: '10.0.0.7', port: 46291 },
  },
  declineCount: 1,
  declines: [
    {
      stream: 2,
      clientHello: 9721,
      serverHello: 9725,
      time: T + 0.632867,
      newSessionId: '50bb6db69651480a9173e97bb399bc2e30121aa725789e5137d14fbb77f3787b',
      client: { address: '10.0.0.7', port: 46299 },
    },
  ],
  cause: 'unclean-close',
  confidence: 'medium',
  rivals: ['other-node', 'evicted'],
  explanation:
    'The client reset both connections of this session without close_notify, and the server then declined it. No session of this server was offered after a clean close, so that there is nothing to compare with.',
  wiresharkFilter: 'frame.number in {9583, 9611, 9616, 9668, 9674, 9721, 9725}',
};

function rst(frame: number, time: number): SideClose {
  return { state: 'unclean', closeNotify: 'absent', end: 'rst', frame, time };
}

/** forum-haproxy.pcap, with everything asked for. */
export const FORUM: Report = {
  ...EMPTY,
  capture: {
    sources: [
      {
        name: 'forum-haproxy.pcap',
        format: 'pcap',
        linkTypes: ['LINUX_SLL'],
        snapLength: 65_535,
        frames: 9726,
        bytes: 439_324,
        dropped: null,
        truncated: false,
      },
    ],
    firstTime: 1450000000.00497,
    lastTime: T + 0.63287,
    decryptedConnections: 0,
    incompleteConnections: 0,
    quality: NOTHING_LACKS,
    otherFrames: { notIp: 0, protocols: [] },
    warnings: [],
  },
  totals: {
    tcpConnections: 3,
    tlsConnections: 3,
    handshakes: counts({ full: 2, resumed: 1, declined: 1 }),
    closes: closes({ unclean: 2, open: 4 }),
    invalidatedSessions: 1,
    suspectedSessions: 0,
  },
  servers: [
    server({
      ...FORUM_SERVER,
      connections: 3,
      handshakes: counts({ full: 2, resumed: 1, declined: 1 }),
      invalidatedSessions: 1,
      verdict: 'inconclusive',
      evidence: { ...server().evidence, whileOpen: { resumed: 1, declined: 0 }, afterUncleanRst: { resumed: 0, declined: 1 } },
      fullHandshakesPerSecond: { mean: 0.042, peak: 2, series: [] },
      handshakeSeconds: { full: 0.0075, resumed: 0.0013 },
      avoidableFullHandshakes: 1,
    }),
  ],
  findings: [FORUM_FINDING],
  sessions: [
    {
      kind: 'session-id',
      id: FORUM_ID,
      server: FORUM_SERVER,
      issued: FORUM_FINDING.issued,
      issuedInferred: false,
      lifetime: null,
      offers: [
        { stream: 1, frame: 9611, time: T + 0.59973, outcome: 'resumed', cause: null },
        { stream: 2, frame: 9721, time: T + 0.629867, outcome: 'declined', cause: 'unclean-close' },
      ],
    },
  ],
  connections: [
    connection(
      0,
      { address: '10.0.0.7', port: 46291 },
      {
        start: T + 0.5851,
        handshake: 'full',
        resumption: 'declined',
        issued: { sessionId: FORUM_ID, tickets: [], ticketLifetimes: [], extendedMasterSecret: false },
        close: { client: rst(9674, T + 0.609673), server: CLOSE, first: 'client' },
      },
    ),
    connection(
      1,
      { address: '10.0.0.7', port: 46295 },
      {
        start: T + 0.5993,
        handshake: 'resumed',
        resumption: 'resumed',
        resumedBy: 'session-id',
        offered: { ...connection(0, FORUM_SERVER).offered, sessionId: FORUM_ID },
        close: { client: rst(9668, T + 0.606401), server: CLOSE, first: 'client' },
      },
    ),
    connection(
      2,
      { address: '10.0.0.7', port: 46299 },
      {
        start: T + 0.6294,
        handshake: 'full',
        resumption: 'declined',
        cause: 'unclean-close',
        offered: { ...connection(0, FORUM_SERVER).offered, sessionId: FORUM_ID },
      },
    ),
  ],
};

const M = 1795189145;
const MIXED_SERVER: Endpoint = { address: '10.9.0.1', port: 8449 };

function mixedFinding(partial: Partial<Finding>): Finding {
  return {
    ...FORUM_FINDING,
    server: MIXED_SERVER,
    resumed: [],
    rivals: [],
    confidence: 'high',
    explanation: 'The server resumed all 4 sessions offered after clean closes and declined all 5 offers after unclean ones.',
    ...partial,
  };
}

/** jetty-mixed.pcap: three findings, a server with a verdict. */
export const MIXED: Report = {
  ...EMPTY,
  capture: {
    sources: [
      {
        name: 'jetty-mixed.pcap',
        format: 'pcap',
        linkTypes: ['ETHERNET'],
        snapLength: 262_144,
        frames: 317,
        bytes: 45_112,
        dropped: null,
        truncated: false,
      },
    ],
    firstTime: M - 0.139066,
    lastTime: M + 1.336913,
    decryptedConnections: 0,
    incompleteConnections: 0,
    quality: NOTHING_LACKS,
    otherFrames: { notIp: 0, protocols: [] },
    warnings: [],
  },
  totals: {
    tcpConnections: 17,
    tlsConnections: 17,
    handshakes: counts({ full: 11, resumed: 6, declined: 5, notOffered: 6 }),
    closes: closes({ clean: 24, unclean: 10 }),
    invalidatedSessions: 3,
    suspectedSessions: 0,
  },
  servers: [
    server({
      ...MIXED_SERVER,
      names: ['backend.example.org'],
      connections: 17,
      handshakes: counts({ full: 11, resumed: 6, declined: 5, notOffered: 6 }),
      invalidatedSessions: 3,
      verdict: 'invalidates-on-unclean-close',
      verdictText:
        'It declined 4 of 4 after a FIN without close_notify, 1 of 1 after a RST without close_notify, and 0 of 6 after a clean close or while the connection was open.',
      ends: { fin: 'invalidates', rst: 'invalidates', resetRace: 'unknown' },
      comparisons: {
        fin: comparison({ resumed: 0, declined: 4 }, 0.0048),
        rst: comparison({ resumed: 0, declined: 1 }, 0.14),
        unclean: comparison({ resumed: 0, declined: 5 }, 0.0022),
        resetRace: null,
      },
      pValue: 0.0022,
      attributableFraction: 1,
      causes: [
        {
          cause: 'unclean-close',
          declines: 4,
          first: { stream: 8, clientHello: 144, serverHello: 146, time: M + 0.5 },
          limit: null,
          between: null,
        },
        {
          cause: 'expired',
          declines: 1,
          first: { stream: 9, clientHello: 166, serverHello: 168, time: M + 0.6 },
          limit: { accepted: 0.3, declined: 43.2 },
          between: null,
        },
        {
          cause: 'restarted',
          declines: 1,
          first: { stream: 9, clientHello: 177, serverHello: 178, time: M + 0.6 },
          limit: null,
          between: [M, M + 0.1],
        },
      ],
      nonOffering: [
        {
          address: '10.9.0.104',
          ja4: 't12d030600_0e67c0ef781e_a44c6288192a',
          habit: 'never-offers',
          chances: { offered: 0, notOffered: 7 },
          afterCleanServerClose: { offered: 0, notOffered: 7 },
          afterUncleanServerClose: { offered: 0, notOffered: 0 },
          pValue: null,
        },
        {
          address: '10.9.0.105',
          ja4: null,
          habit: 'stops-after-unclean-server-close',
          chances: { offered: 9, notOffered: 4 },
          afterCleanServerClose: { offered: 9, notOffered: 0 },
          afterUncleanServerClose: { offered: 0, notOffered: 4 },
          pValue: 0.0014,
        },
      ],
      evidence: {
        afterClean: { resumed: 4, declined: 0 },
        afterResetRace: { resumed: 0, declined: 0 },
        afterUncleanFin: { resumed: 0, declined: 4 },
        afterUncleanRst: { resumed: 0, declined: 1 },
        whileOpen: { resumed: 2, declined: 0 },
      },
      fullHandshakesPerSecond: { mean: 7.45, peak: 9, series: [] },
      handshakeSeconds: { full: 0.0124, resumed: 0.0031 },
      avoidableFullHandshakes: 5,
      advice: ['Let the clients send close_notify before they close.'],
    }),
  ],
  findings: [
    mixedFinding({
      session: { kind: 'session-id', id: 'd03b9f1e68d3dec4fe56c53393d511c08157ef56a41e11a68eac2b02904c9646' },
      client: { address: '10.9.0.103', port: 38061 },
      issued: { stream: 2, frame: 33, time: M + 0.061885 },
      uncleanCloses: [
        {
          stream: 2,
          frame: 61,
          time: M + 0.10165,
          by: 'client',
          end: 'fin',
          state: 'unclean',
          client: { address: '10.9.0.103', port: 38061 },
        },
      ],
      declines: [
        {
          stream: 8,
          clientHello: 144,
          serverHello: 146,
          time: M + 0.514025,
          newSessionId: `ec3a${'0'.repeat(60)}`,
          client: { address: '10.9.0.103', port: 40775 },
        },
        {
          stream: 12,
          clientHello: 210,
          serverHello: 212,
          time: M + 0.734197,
          newSessionId: `a500${'0'.repeat(60)}`,
          client: { address: '10.9.0.103', port: 33695 },
        },
      ],
      wiresharkFilter: 'frame.number in {33, 61, 144, 146, 210, 212}',
    }),
    mixedFinding({
      session: { kind: 'session-id', id: '42c2b1a6321fef10e242f5199195fc5425a15de7a0fdaab37ef05d48da98678b' },
      client: { address: '10.9.0.101', port: 35727 },
      issued: { stream: 1, frame: 23, time: M + 0.048835 },
      resumed: [{ stream: 4, frame: 75, clientHello: 73, time: M + 0.182729, client: { address: '10.9.0.101', port: 41441 } }],
      uncleanCloses: [
        {
          stream: 1,
          frame: 100,
          time: M + 0.228959,
          by: 'client',
          end: 'fin',
          state: 'unclean',
          client: { address: '10.9.0.101', port: 35727 },
        },
      ],
      declines: [
        {
          stream: 9,
          clientHello: 166,
          serverHello: 168,
          time: M + 0.594696,
          newSessionId: `1323${'0'.repeat(60)}`,
          client: { address: '10.9.0.101', port: 36741 },
        },
        {
          stream: 14,
          clientHello: 260,
          serverHello: 262,
          time: M + 1.274467,
          newSessionId: null,
          client: { address: '10.9.0.101', port: 43863 },
        },
      ],
    }),
    mixedFinding({
      session: { kind: 'session-id', id: '13233340ff7e6a9a4b4e848003b0d3bbc867465503fc65a7d8cb81a91b276c34' },
      client: { address: '10.9.0.101', port: 36741 },
      issued: { stream: 9, frame: 168, time: M + 0.594696 },
      uncleanCloses: [
        {
          stream: 11,
          frame: 248,
          time: M + 0.954186,
          by: 'client',
          end: 'rst',
          state: 'reset-race',
          client: { address: '10.9.0.101', port: 46651 },
        },
      ],
      declines: [
        {
          stream: 16,
          clientHello: 290,
          serverHello: 292,
          time: M + 1.301036,
          newSessionId: `3dc4${'0'.repeat(60)}`,
          client: { address: '10.9.0.101', port: 37677 },
        },
      ],
      cause: 'reset-race',
      confidence: 'low',
    }),
  ],
};

/** `count` findings on each of `servers` servers. */
export function many(servers: number, count: number): Report {
  const report: Report = { ...FORUM, servers: [], findings: [], sessions: [], connections: [] };
  for (let s = 0; s < servers; s++) {
    const at = { address: `10.1.${s >> 8}.${s & 255}`, port: 443 };
    report.servers.push(server({ ...at, connections: 3 * count, invalidatedSessions: count, handshakes: counts({ full: 2 * count }) }));
    for (let i = 0; i < count; i++) {
      report.findings.push({
        ...FORUM_FINDING,
        server: at,
        session: { kind: 'session-id', id: (s * count + i).toString(16).padStart(64, '0') },
      });
    }
  }
  report.totals = { ...FORUM.totals, invalidatedSessions: servers * count };
  return report;
}

/** What steers a terminal, hides or reorders text, is wide, or has no end. */
export const HOSTILE_TEXTS: readonly string[] = [
  '\x1b[2J\x1b[31mred\x1b]0;title\x07',
  '\u009b31m\u0085',
  'a\rb\nc\td\0e\x7f',
  '\u202egro.elpmaxe\u202c\u2066x\u2069',
  '\u200b\u200d\ufeff\u2028\u2029',
  '\ud800',
  '漢字'.repeat(60),
  '👩‍👩‍👧‍👦'.repeat(60),
  'e\u0301'.repeat(200),
  'x'.repeat(65_536),
  ' ',
  '',
];

/** The forum's report with a hostile text wherever a capture or a file name can put one, and the widest addresses there are. */
export function hostile(text: string): Report {
  const wide: Endpoint = { address: '2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff', port: 65_535 };
  const finding: Finding = { ...FORUM_FINDING, server: wide, client: wide, explanation: `Because ${text} it was.` };
  return {
    ...FORUM,
    capture: {
      ...FORUM.capture,
      sources: [{ ...FORUM.capture.sources[0], name: text, linkTypes: [text], truncated: true }],
      otherFrames: { notIp: 0, protocols: [] },
      warnings: [{ code: 'capture-cut', message: `${text}: ends in the middle of a packet`, count: 3, frame: 7 }],
    },
    servers: [
      { ...FORUM.servers[0], ...wide, names: Array.from({ length: 9 }, () => text), verdictText: text, toSettle: text, advice: [text] },
    ],
    findings: [finding],
    sessions: FORUM.sessions.map((s) => ({ ...s, server: wide, id: text })),
    connections: FORUM.connections.map((c) => ({
      ...c,
      server: wide,
      client: { ...wide, port: c.client.port },
      serverName: text,
      alpn: text,
    })),
  };
}
