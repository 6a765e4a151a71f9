// What can be changed so that a server resumes, on which side, by which setting of which software, and where that is written.
import type { Cause } from '../model.js';

type EndKind = 'fin' | 'rst' | 'resetRace';

/** What is known of one server. */
export interface AdviceFacts {
  /** The `verdict` of a ServerReport. */
  verdict: string;
  /** What each kind of end of the client's or server's side does to sessions here. */
  ends: Record<EndKind, 'invalidates' | 'tolerates' | 'mixed' | 'unknown'>;
  /** Closes that cost sessions, by the side that closed so, and how. */
  culprits: { client: Record<EndKind, number>; server: { fin: number; rst: number } };
  /** TLS versions (as in Connection.version) of the connections with lost sessions. */
  versions: readonly string[];
  /** Kinds of the lost sessions. */
  kinds: readonly ('session-id' | 'ticket' | 'psk')[];
  /** There are findings of more than low confidence. */
  isSure: boolean;
  /** Declines by cause, all offers. */
  causes: Partial<Record<Cause, number>>;
  /** How often the server sent an alert after the client's unclean end. */
  alertsAfterEnd: number;
  /** Clients that never offer although sessions are issued. */
  neverOffering: number;
  /** Clients that stop offering after the server closed uncleanly. */
  stopOffering: number;
}

/** What one software calls it, as a clause that does not say that this software is in use. */
interface Hint {
  text: string;
  sources: readonly string[];
  /** Always, where it is left out. */
  when?: (facts: AdviceFacts) => boolean;
}

/** One thing that can be changed. */
export interface Topic {
  name: string;
  /** Where it is about declines of one cause. */
  cause?: Cause;
  /** How many closes, declines or clients call for it; 0 where none does. */
  count: (facts: AdviceFacts) => number;
  /** One sentence. */
  text: (facts: AdviceFacts, count: number) => string;
  sources: readonly string[];
  hints: readonly Hint[];
}

/** Closes by this side, with one of these ends, that cost sessions and not only seem so. */
function lossesBy(facts: AdviceFacts, side: 'client' | 'server', ...kinds: readonly EndKind[]): number {
  const counts: Partial<Record<EndKind, number>> = facts.culprits[side];
  return kinds.reduce((sum, kind) => sum + (isBlamed(facts, kind) ? (counts[kind] ?? 0) : 0), 0);
}

function isBlamed({ verdict, ends, isSure }: AdviceFacts, kind: EndKind): boolean {
  if (ends[kind] === 'unknown') return isSure || verdict === 'invalidates-on-unclean-close' || verdict === 'mixed';
  return ends[kind] !== 'tolerates';
}

/** `4 closes by FIN and 2 by RST cost sessions`. */
function losses(facts: AdviceFacts, side: 'client' | 'server'): string {
  const fin = lossesBy(facts, side, 'fin');
  const rst = lossesBy(facts, side, 'rst');
  if (fin > 0 && rst > 0) return `${counted(fin, 'close')} by FIN and ${rst} by RST without it cost sessions`;
  return `${counted(fin + rst, 'close')} by ${fin > 0 ? 'FIN' : 'RST'} without it cost sessions`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function sendFirst(facts: AdviceFacts, side: 'client' | 'server'): string {
  const rst = lossesBy(facts, side, 'rst') > 0 ? ', and close with FIN, not RST' : '';
  return `Make the ${side} send close_notify before it closes${rst}: ${losses(facts, side)}.`;
}

/** Of TLS 1.0 and SSL 3.0 the server may not resume sessions after an unclean close. */
const isOld = (facts: AdviceFacts) => facts.versions.length > 0 && facts.versions.every((v) => v === 'SSLv3' || v === 'TLSv1.0');
const isFinBlamed = (facts: AdviceFacts) => lossesBy(facts, 'client', 'fin') > 0;
/** A server that takes an end of file for an error says so in an alert; one that only frees the connection is silent. */
const isEofError = (facts: AdviceFacts) => isFinBlamed(facts) && facts.alertsAfterEnd > 0;

const RFC_5246_CLOSURE = 'https://www.rfc-editor.org/rfc/rfc5246#section-7.2.1';
const RFC_8446_CLOSURE = 'https://www.rfc-editor.org/rfc/rfc8446#section-6.1';
const RFC_5077 = 'https://www.rfc-editor.org/rfc/rfc5077';
const HAPROXY_MANUAL = 'https://github.com/haproxy/haproxy/blob/v3.0.0/doc/configuration.txt';
const HAPROXY_CHANGES = 'https://github.com/haproxy/haproxy/blob/v3.0.0/CHANGELOG';
const NGINX_SSL = 'https://nginx.org/en/docs/http/ngx_http_ssl_module.html';
const NGINX_PROXY = 'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_session_reuse';
const NGINX_KEEPALIVE = 'https://github.com/nginx/nginx/blob/release-1.22.1/src/http/modules/ngx_http_upstream_keepalive_module.c';
const JSSE_CACHE = 'https://bugs.openjdk.org/browse/JDK-8213577';
const OPENSSL_EOF_ISSUE = 'https://github.com/openssl/openssl/issues/11378';
const openssl = (page: string) => `https://docs.openssl.org/3.0/man3/${page}/`;

const CLIENT_CLOSES: Topic = {
  name: 'client-closes',
  count: (facts) => lossesBy(facts, 'client', 'fin', 'rst'),
  text: (facts) => sendFirst(facts, 'client'),
  sources: [RFC_5246_CLOSURE, RFC_8446_CLOSURE],
  hints: [
    // "MINOR: checks: add linger option to tcp connect", 2.2-dev7. A check of TLS alone goes without close_notify, also in 2.6.12 (docs/recipes.md).
    {
      text: 'if it is HAProxy, make its health checks "option httpchk" with "http-check connect default linger" (since 2.2), which send close_notify and close with FIN; checks of TLS alone send none',
      sources: [HAPROXY_MANUAL, HAPROXY_CHANGES],
    },
    {
      text: 'if it is nginx, which drops idle connections of its upstream keepalive without close_notify, make keepalive_timeout longer than the pauses between requests',
      sources: [NGINX_KEEPALIVE],
      when: (facts) => lossesBy(facts, 'client', 'fin') > 0,
    },
    {
      text: 'if the client uses OpenSSL, call SSL_shutdown, with quiet shutdown off',
      sources: [openssl('SSL_shutdown'), openssl('SSL_CTX_set_quiet_shutdown')],
    },
  ],
};

export const SERVER_KEEPS: Topic = {
  name: 'server-keeps',
  count: (facts) => lossesBy(facts, 'client', 'fin', 'rst', 'resetRace'),
  text: (facts) =>
    isOld(facts)
      ? 'Negotiate TLS 1.2 or later: up to TLS 1.0 a server must drop these sessions (RFC 2246 7.2.1), since TLS 1.1 it need not (RFC 5246 7.2.1).'
      : `Since TLS 1.1 the server need not drop these sessions (RFC 5246 7.2.1)${facts.kinds.includes('ticket') ? '' : ', and stateless tickets survive any close'}.`,
  sources: ['https://www.rfc-editor.org/rfc/rfc2246#section-7.2.1', RFC_5246_CLOSURE, `${RFC_5077}#section-5.1`],
  hints: [
    {
      text: 'if it is Java, use at least JDK 11.0.18, 17.0.6 or 19 (JDK-8273553)',
      sources: [
        'https://github.com/openjdk/jdk/pull/7796',
        'https://github.com/openjdk/jdk17u-dev/pull/695',
        'https://github.com/openjdk/jdk11u-dev/pull/1422',
      ],
      when: ({ ends }) => ends.fin !== 'tolerates',
    },
    {
      text: 'there also leave com.sun.net.ssl.requireCloseNotify false',
      sources: ['https://github.com/openjdk/jdk/blob/jdk-17+35/src/java.base/share/classes/sun/security/ssl/BaseSSLSocketImpl.java'],
      // It made an SSLSocket drop sessions after a FIN, not after a RST.
      when: (facts) => isFinBlamed(facts) && facts.ends.rst !== 'invalidates',
    },
    {
      text: 'if it uses OpenSSL 3, set SSL_OP_IGNORE_UNEXPECTED_EOF, provided that the protocol above detects truncation itself',
      sources: [openssl('SSL_CTX_set_options'), openssl('SSL_get_error'), OPENSSL_EOF_ISSUE],
      when: isEofError,
    },
    {
      text: 'if it uses OpenSSL, call SSL_shutdown, or after an error SSL_set_shutdown, before SSL_free, which else drops the session',
      sources: [openssl('SSL_free'), openssl('SSL_shutdown'), 'https://github.com/openssl/openssl/issues/4720'],
      when: (facts) => !isEofError(facts),
    },
    {
      text: 'if it is HAProxy, leave tickets on (no no-tls-tickets): it keeps nothing of them that a RST could cost',
      sources: [HAPROXY_MANUAL, openssl('SSL_free')],
      when: ({ ends, kinds }) => ends.rst === 'invalidates' && ends.fin !== 'invalidates' && !kinds.includes('ticket'),
    },
  ],
};

const CLIENT_RESETS: Topic = {
  name: 'client-resets',
  count: (facts) => lossesBy(facts, 'client', 'resetRace'),
  text: (_, count) =>
    `Let the client wait for the server's close_notify before it closes, or shut down only its write side and read to the end: ${counted(count, 'decline')} followed a RST right behind its close_notify.`,
  sources: [RFC_8446_CLOSURE, 'https://www.rfc-editor.org/rfc/rfc7230#section-6.6'],
  hints: [
    // "MINOR: checks: add linger option to tcp connect", 2.2-dev7.
    {
      text: 'for health checks of HAProxy use "http-check connect default linger" (since 2.2), which closes without RST',
      sources: [HAPROXY_MANUAL, HAPROXY_CHANGES],
    },
    {
      text: 'if the client uses OpenSSL, call SSL_read after SSL_shutdown until SSL_ERROR_ZERO_RETURN',
      sources: [openssl('SSL_shutdown')],
    },
  ],
};

const SERVER_CLOSES: Topic = {
  name: 'server-closes',
  count: (facts) => lossesBy(facts, 'server', 'fin', 'rst'),
  text: (facts) => sendFirst(facts, 'server'),
  sources: [RFC_5246_CLOSURE, RFC_8446_CLOSURE],
  hints: [
    {
      text: 'if it uses OpenSSL, call SSL_shutdown before SSL_free, which else drops the session',
      sources: [openssl('SSL_free'), 'https://github.com/openssl/openssl/issues/4720'],
    },
  ],
};

const NEVER_RESUMES: Topic = {
  name: 'never-resumes',
  cause: 'never-resumable',
  count: ({ verdict, causes }) => (verdict === 'never-resumes' ? Math.max(1, causes['never-resumable'] ?? 0) : 0),
  text: () => 'The server resumed no session: enable its session cache or its tickets, and share them if several nodes answer.',
  sources: ['https://www.rfc-editor.org/rfc/rfc5246#section-7.4.1.3', RFC_5077],
  hints: [
    {
      text: 'if it is nginx, set ssl_session_cache shared:NAME:SIZE (the default, none, stores nothing)',
      sources: [`${NGINX_SSL}#ssl_session_cache`],
    },
    {
      text: 'if it uses OpenSSL, SSL_CTX_set_session_cache_mode must not be SSL_SESS_CACHE_OFF',
      sources: [openssl('SSL_CTX_set_session_cache_mode')],
    },
  ],
};

export const CLOSES: readonly Topic[] = [CLIENT_CLOSES, CLIENT_RESETS, SERVER_CLOSES];

export const CAUSES: readonly Topic[] = [
  NEVER_RESUMES,
  {
    name: 'other-node',
    cause: 'other-node',
    count: ({ causes }) => causes['other-node'] ?? 0,
    text: (_, count) =>
      `Share the session cache or the ticket keys among the nodes behind this address, or send a client always to the same one: ${counted(count, 'decline')} most likely came from a node that had not issued the session.`,
    sources: ['https://github.com/envoyproxy/gateway/issues/4268'],
    hints: [
      {
        text: 'if they are nginx, give all of them the same ssl_session_ticket_key',
        sources: [`${NGINX_SSL}#ssl_session_ticket_key`],
      },
    ],
  },
  {
    name: 'expired',
    cause: 'expired',
    count: ({ causes }) => causes.expired ?? 0,
    text: (_, count) =>
      `Raise the session timeout of the server: ${counted(count, 'offer')} came after the session had most likely expired.`,
    sources: ['https://www.rfc-editor.org/rfc/rfc5246#appendix-F.1.4', `${RFC_5077}#section-3.3`],
    hints: [
      { text: 'in nginx it is ssl_session_timeout (5 minutes by default)', sources: [`${NGINX_SSL}#ssl_session_timeout`] },
      { text: 'in HAProxy tune.ssl.lifetime (300 seconds)', sources: [HAPROXY_MANUAL] },
      {
        // The man page says 300 seconds, the code 7200: so do the tickets of 3.0.19.
        text: 'in OpenSSL SSL_CTX_set_timeout (2 hours)',
        sources: [openssl('SSL_CTX_set_timeout'), 'https://github.com/openssl/openssl/blob/openssl-3.0.0/ssl/t1_lib.c'],
      },
      { text: 'in Java SSLSessionContext.setSessionTimeout (24 hours)', sources: [JSSE_CACHE] },
    ],
  },
  {
    name: 'evicted',
    cause: 'evicted',
    count: ({ causes }) => causes.evicted ?? 0,
    text: (_, count) =>
      `Enlarge the session cache of the server, or use stateless tickets: ${counted(count, 'decline')} most likely met a session that had been dropped to make room.`,
    sources: [RFC_5077],
    hints: [
      { text: 'in nginx it is ssl_session_cache (1 MB holds about 4000 sessions)', sources: [`${NGINX_SSL}#ssl_session_cache`] },
      {
        text: 'in OpenSSL SSL_CTX_sess_set_cache_size (20480 by default)',
        sources: [openssl('SSL_CTX_sess_set_cache_size')],
      },
      {
        text: 'in Java javax.net.ssl.sessionCacheSize (20480 since JDK 12, 11.0.5 and 8u261)',
        sources: [JSSE_CACHE, 'https://bugs.java.com/bugdatabase/view_bug?bug_id=8210985'],
      },
    ],
  },
  {
    name: 'fatal-alert',
    cause: 'fatal-alert',
    count: ({ causes }) => causes['fatal-alert'] ?? 0,
    text: (_, count) =>
      `Look for the error in the server's log: ${counted(count, 'decline')} followed a fatal alert, or one that most likely was, and not an unclean close.`,
    sources: ['https://www.rfc-editor.org/rfc/rfc5246#section-7.2.2'],
    hints: [],
  },
  {
    name: 'restarted',
    cause: 'restarted',
    count: ({ causes }) => causes.restarted ?? 0,
    text: (_, count) =>
      `Keep sessions outside of the server process, or issue tickets under a key that outlives it: ${counted(count, 'decline')} most likely followed a restart.`,
    sources: [RFC_5077],
    hints: [
      {
        text: 'if it is nginx, name a file in ssl_session_ticket_key (by default the key is random)',
        sources: [`${NGINX_SSL}#ssl_session_ticket_key`],
      },
    ],
  },
  {
    name: 'key-rotated',
    cause: 'key-rotated',
    count: ({ causes }) => causes['key-rotated'] ?? 0,
    text: (_, count) =>
      `Keep the previous ticket key for decrypting, as long as its tickets live: ${counted(count, 'decline')} most likely followed a change of the key.`,
    sources: [openssl('SSL_CTX_set_tlsext_ticket_key_cb'), `${NGINX_SSL}#ssl_session_ticket_key`],
    hints: [
      {
        text: 'if the server is nginx, list the previous key after the current one with ssl_session_ticket_key',
        sources: [`${NGINX_SSL}#ssl_session_ticket_key`],
      },
      {
        text: 'if it uses OpenSSL, return 2 for the previous key in the callback of SSL_CTX_set_tlsext_ticket_key_evp_cb (3.0)',
        sources: [openssl('SSL_CTX_set_tlsext_ticket_key_cb')],
      },
    ],
  },
];

export const CLIENTS: readonly Topic[] = [
  {
    name: 'stop-offering',
    count: ({ stopOffering }) => stopOffering,
    text: (_, count) =>
      `Make the server send close_notify before it closes: ${counted(count, 'client')} stopped offering a session after it closed without.`,
    sources: [RFC_5246_CLOSURE, RFC_8446_CLOSURE],
    hints: [
      {
        text: 'if the client uses OpenSSL 3, which takes such an end for an error, set SSL_OP_IGNORE_UNEXPECTED_EOF, provided that the protocol above detects truncation itself',
        sources: [openssl('SSL_get_error'), openssl('SSL_CTX_set_options'), OPENSSL_EOF_ISSUE],
      },
    ],
  },
  {
    name: 'never-offering',
    count: ({ neverOffering }) => neverOffering,
    text: (_, count) =>
      `Turn session reuse on at the client: no connection of ${counted(count, 'client')} offered a session although the one before had got one.`,
    sources: ['https://www.rfc-editor.org/rfc/rfc5246#section-7.4.1.2'],
    hints: [
      { text: 'if it is HAProxy, remove no-ssl-reuse from its server lines', sources: [HAPROXY_MANUAL] },
      { text: 'if it is nginx, leave proxy_ssl_session_reuse on', sources: [NGINX_PROXY] },
    ],
  },
];

/** All that may be advised, the most useful first. */
export const TOPICS: readonly Topic[] = [...CLOSES, SERVER_KEEPS, ...CAUSES, ...CLIENTS];
