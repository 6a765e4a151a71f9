import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wrap } from '../../src/report/text.js';
import { adviceFor } from '../../src/sessions/advice.js';
import { type AdviceFacts, TOPICS } from '../../src/sessions/advice-topics.js';

const INVALIDATES = 'invalidates-on-unclean-close';

const NOTHING: AdviceFacts = {
  verdict: 'inconclusive',
  ends: { fin: 'unknown', rst: 'unknown', resetRace: 'unknown' },
  culprits: { client: { fin: 0, rst: 0, resetRace: 0 }, server: { fin: 0, rst: 0 } },
  versions: ['TLSv1.2'],
  kinds: ['session-id'],
  isSure: true,
  causes: {},
  alertsAfterEnd: 0,
  neverOffering: 0,
  stopOffering: 0,
};

interface Given extends Partial<Omit<AdviceFacts, 'ends' | 'culprits'>> {
  ends?: Partial<AdviceFacts['ends']>;
  client?: Partial<AdviceFacts['culprits']['client']>;
  server?: Partial<AdviceFacts['culprits']['server']>;
}

function advice({ ends, client, server, ...rest }: Given): string[] {
  const culprits = { client: { ...NOTHING.culprits.client, ...client }, server: { ...NOTHING.culprits.server, ...server } };
  return adviceFor({ ...NOTHING, ...rest, ends: { ...NOTHING.ends, ...ends }, culprits });
}

/** What the forum's capture shows. */
const forum: Given = { verdict: INVALIDATES, ends: { rst: 'invalidates' }, client: { rst: 1 }, causes: { 'unclean-close': 2 } };
/** FIN and RST both cost sessions, and the server says so in an alert. */
const strict: Given = {
  verdict: INVALIDATES,
  ends: { fin: 'invalidates', rst: 'invalidates' },
  client: { fin: 30, rst: 10 },
  causes: { 'unclean-close': 40 },
  alertsAfterEnd: 30,
};

describe('advice on closes', () => {
  it('names the closing side, what can be changed on the server, and how to verify', () => {
    expect(advice(forum)).toEqual([
      'Make the client send close_notify before it closes, and close with FIN, not RST: 1 close by RST without it cost sessions. If it is HAProxy, make its health checks "option httpchk" with "http-check connect default linger" (since 2.2), which send close_notify and close with FIN; checks of TLS alone send none; if the client uses OpenSSL, call SSL_shutdown, with quiet shutdown off.',
      'Since TLS 1.1 the server need not drop these sessions (RFC 5246 7.2.1), and stateless tickets survive any close. If it is Java, use at least JDK 11.0.18, 17.0.6 or 19 (JDK-8273553); if it uses OpenSSL, call SSL_shutdown, or after an error SSL_set_shutdown, before SSL_free, which else drops the session; if it is HAProxy, leave tickets on (no no-tls-tickets): it keeps nothing of them that a RST could cost.',
      'Then capture again under the same load: expect declined to fall from 2 to 0, and exit status 0 from closenotify --fail-on invalidated.',
    ]);
  });

  const cases: [what: string, given: Given, has: RegExp[], hasNot: RegExp[]][] = [
    ['both ends', strict, [/^Make the client .* 30 closes by FIN and 10 by RST without it cost sessions\./], []],
    [
      'a FIN only',
      { ...strict, client: { fin: 1 } },
      [/it closes: 1 close by FIN without it cost/, /keepalive_timeout/],
      [/not RST/, /no-tls-tickets/],
    ],
    [
      'a server that takes an end of file for an error',
      { ...strict, ends: { fin: 'invalidates', rst: 'tolerates' }, client: { fin: 3 } },
      [/JDK-8273553/, /leave com\.sun\.net\.ssl\.requireCloseNotify false/, /SSL_OP_IGNORE_UNEXPECTED_EOF/],
      [/SSL_free/],
    ],
    ['a server that says nothing', { ...strict, alertsAfterEnd: 0 }, [/SSL_free/], [/UNEXPECTED_EOF/]],
    ['a property that does nothing after a RST', strict, [/JDK-8273553/], [/requireCloseNotify/]],
    [
      'a server that tolerates FIN, unlike Java before its change',
      { ...forum, ends: { fin: 'tolerates', rst: 'invalidates' } },
      [/SSL_free/],
      [/Java/],
    ],
    [
      'TLS 1.0, where the server must drop the session',
      { ...strict, versions: ['TLSv1.0', 'SSLv3'] },
      [/Negotiate TLS 1\.2 or later: up to TLS 1\.0 .* \(RFC 2246 7\.2\.1\)/],
      [/Since TLS 1\.1/],
    ],
    ['TLS 1.0 beside TLS 1.2', { ...strict, versions: ['TLSv1.0', 'TLSv1.2'] }, [/Since TLS 1\.1/], [/Negotiate/]],
    ['tickets that were lost', { ...strict, kinds: ['ticket'] }, [/need not drop/], [/stateless tickets survive/]],
    [
      'a RST behind close_notify, whatever the verdict on unclean closes',
      { ends: { resetRace: 'invalidates' }, client: { resetRace: 4 }, causes: { 'reset-race': 4 } },
      [
        /^Let the client wait for the server's close_notify .* read to the end: 4 declines followed a RST right behind/,
        /linger/,
        /SSL_ERROR_ZERO_RETURN/,
      ],
      [/Make the client/],
    ],
    [
      'the server itself',
      { verdict: INVALIDATES, server: { fin: 9, rst: 1 }, causes: { 'unclean-close': 9 } },
      [/^Make the server send close_notify .*9 closes by FIN and 1 by RST/, /SSL_shutdown before SSL_free/],
      [/client/, /Since TLS 1\.1/],
    ],
    ['an end that was tolerated', { ...forum, ends: { rst: 'tolerates' } }, [], [/./]],
    ['an end of which too little is known', { ...forum, isSure: false, verdict: 'inconclusive', ends: { rst: 'unknown' } }, [], [/./]],
    ['an end that mostly counts', { ...forum, verdict: 'mixed', ends: { rst: 'mixed' } }, [/^Make the client/], []],
  ];
  it.each(cases)('is about %s', (_, given, has, hasNot) => {
    const text = advice(given).join('\n');
    for (const pattern of has) expect(text).toMatch(pattern);
    for (const pattern of hasNot) expect(text).not.toMatch(pattern);
  });

  it('begins with the side that cost more', () => {
    const both = (client: number, server: number) => advice({ verdict: INVALIDATES, client: { fin: client }, server: { fin: server } })[0];
    expect(both(2, 1)).toMatch(/^Make the client/);
    expect(both(1, 2)).toMatch(/^Make the server/);
  });

  it('leaves room for the server where all kinds of closes cost sessions', () => {
    const all = advice({ verdict: 'mixed', client: { fin: 3, resetRace: 4 }, server: { fin: 9 }, causes: { 'other-node': 7 } });
    expect(all.map((text) => text.split(' ').slice(0, 3).join(' '))).toEqual(
      ['Make the server', 'Let the client', 'Since TLS 1.1', 'Then capture again'].map((text) => text.split(' ').slice(0, 3).join(' ')),
    );
  });

  it('counts only the declines that closes explain', () => {
    const last = advice({ ...forum, verdict: 'mixed', causes: { 'unclean-close': 2, 'reset-race': 1, expired: 5 } }).at(-1);
    expect(last).toMatch(/expect offers after such closes \(3 declined here\) to be resumed, and exit status 0/);
    expect(advice({ ...forum, causes: {} }).at(-1)).toMatch(/expect invalidated to be 0, and exit status 0/);
  });
});

describe('other advice', () => {
  const causes: [cause: keyof AdviceFacts['causes'], begins: RegExp, has: RegExp][] = [
    ['other-node', /^Share .* 5 declines most likely came from a node/, /ssl_session_ticket_key/],
    ['expired', /^Raise the session timeout of the server: 5 offers/, /ssl_session_timeout .*; in HAProxy tune\.ssl\.lifetime/],
    ['evicted', /^Enlarge the session cache .* 5 declines/, /javax\.net\.ssl\.sessionCacheSize/],
    ['restarted', /^Keep sessions outside .* 5 declines most likely followed a restart/, /ssl_session_ticket_key/],
    ['key-rotated', /^Keep the previous ticket key .* 5 declines/, /ssl_session_ticket_key/],
  ];
  it.each(causes)('is about sessions declined as %s', (cause, begins, has) => {
    const found = advice({ verdict: 'mixed', causes: { [cause]: 5, 'unknown-session': 9 } });
    expect(found).toHaveLength(2);
    expect(found[0]).toMatch(begins);
    expect(found[0]).toMatch(has);
    expect(found[1]).toMatch(/expect such offers \(5 here\) to count as resumed/);
  });

  it('takes the most frequent causes first', () => {
    const found = advice({ verdict: 'mixed', causes: { expired: 2, evicted: 9, 'key-rotated': 5, restarted: 1 } });
    expect(found.map((text) => text.split(' ')[0])).toEqual(['Enlarge', 'Keep', 'Raise', 'Then']);
  });

  it('is about servers that never resume', () => {
    const [first, last, ...rest] = advice({ verdict: 'never-resumes', causes: { 'never-resumable': 12 } });
    expect(first).toMatch(/^The server resumed no session: .* ssl_session_cache shared:NAME:SIZE .* SSL_SESS_CACHE_OFF\.$/);
    expect(last).toMatch(/\(12 here\)/);
    expect(rest).toEqual([]);
    expect(advice({ verdict: 'never-resumes' })).toHaveLength(2);
    expect(advice({ causes: { 'never-resumable': 12 } })).toEqual([]);
  });

  it('is about clients that do not offer, also where nothing else can be said of the server', () => {
    const [never, stop, last] = advice({ neverOffering: 2, stopOffering: 1 });
    expect(never).toMatch(
      /^Turn session reuse on at the client: no connection of 2 clients offered .* no-ssl-reuse .* proxy_ssl_session_reuse on\.$/,
    );
    expect(stop).toMatch(/^Make the server send close_notify .* 1 client stopped offering .* OpenSSL 3/);
    expect(last).toMatch(/expect more resumed and fewer full handshakes\.$/);
  });

  it('says that nothing is to be changed where unclean closes cost nothing', () => {
    const tolerates: Given = { verdict: 'tolerates-unclean-close', ends: { fin: 'tolerates', rst: 'tolerates' } };
    expect(advice(tolerates)).toEqual(['Nothing to change: sessions survived an unclean FIN and RST here.']);
    expect(advice({ ...tolerates, ends: { rst: 'tolerates' } })).toEqual(['Nothing to change: sessions survived an unclean RST here.']);
    expect(advice({ ...tolerates, ends: {} })).toEqual(['Nothing to change: sessions survived unclean closes here.']);
    expect(advice({ ...tolerates, causes: { expired: 1 } })[0]).toMatch(/^Raise the session timeout/);
  });

  it('is silent where too little is known', () => expect(advice({})).toEqual([]));
});

const CAUSES = ['unclean-close', 'reset-race', 'other-node', 'expired', 'evicted', 'restarted', 'key-rotated', 'never-resumable'];
const few = fc.nat(3);
const end = fc.constantFrom('invalidates', 'tolerates', 'mixed', 'unknown');
const anyFacts = fc.record({
  verdict: fc.constantFrom(INVALIDATES, 'mixed', 'tolerates-unclean-close', 'never-resumes', 'inconclusive'),
  ends: fc.record({ fin: end, rst: end, resetRace: end }),
  culprits: fc.record({ client: fc.record({ fin: few, rst: few, resetRace: few }), server: fc.record({ fin: few, rst: few }) }),
  versions: fc.subarray(['SSLv3', 'TLSv1.0', 'TLSv1.2', 'TLSv1.3', '0x7e01']),
  kinds: fc.subarray(['session-id', 'ticket', 'psk'] as const),
  isSure: fc.boolean(),
  causes: fc.dictionary(fc.constantFrom(...CAUSES), few),
  alertsAfterEnd: few,
  neverOffering: few,
  stopOffering: few,
}) as fc.Arbitrary<AdviceFacts>;

describe('all advice', () => {
  it('is at most four strings of one or two sentences that fit a terminal', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const found = adviceFor(facts);
        expect(found.length).toBeLessThanOrEqual(4);
        expect(new Set(found).size).toBe(found.length);
        for (const text of found) {
          expect(text).toMatch(/^[A-Z][^!`\n]*\.$/);
          expect(text).not.toMatch(/undefined|NaN|\b0 (closes|by|declin|offers|clients|RSTs)| {2}/);
          expect(text.split(/\.(?= [A-Z]|$)/).filter((sentence) => sentence !== '').length).toBeLessThanOrEqual(2);
          expect(wrap(text, 69).join(' ')).toBe(text);
        }
      }),
      { numRuns: 2000 },
    );
  });

  const entries = TOPICS.flatMap(({ name, sources, hints }) => [
    { name, text: name, sources },
    ...hints.map((hint) => ({ name, text: hint.text, sources: hint.sources })),
  ]);
  it.each(entries)('has a source: $name, $text', ({ sources }) => {
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources) expect(new URL(source).protocol).toBe('https:');
  });

  it.each(entries.filter(({ name, text }) => name !== text))('does not say which software is in use: $text', ({ text }) => {
    expect(text).toMatch(/^(if|in|for|there) /);
  });

  it('reaches every topic and hint', () => {
    const said = fc.sample(anyFacts, { numRuns: 5000, seed: 1 }).flatMap(adviceFor).join('\n').toLowerCase();
    for (const { hints } of TOPICS) for (const { text } of hints) expect(said).toContain(text.toLowerCase());
  });
});
