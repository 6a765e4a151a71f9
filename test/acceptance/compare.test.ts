import { describe, expect, it } from 'vitest';
import type { Connection, Finding, Report } from '../../src/model.js';
import type { TrueConnection, Truth } from '../support/truth.js';
import { compare } from './compare.js';
import { pair } from './pair.js';

const DEAD = 'a1'.repeat(32);
const NEW = 'b2'.repeat(32);

const issuing: TrueConnection = {
  name: 'A',
  client: '[fd09::101]:40001',
  server: '[fd09::1]:443',
  openedAt: 100,
  offered: null,
  handshake: 'complete',
  tlsVersion: 'TLSv1.2',
  sessionId: DEAD,
  resumed: false,
  clientSentCloseNotify: false,
  clientTcpEnd: 'rst',
  firstToClose: 'client',
};

const declined: TrueConnection = {
  name: 'B',
  client: '[fd09::101]:40002',
  server: '[fd09::1]:443',
  openedAt: 101,
  offered: { kind: 'sessionId', sessionId: DEAD },
  handshake: 'complete',
  tlsVersion: 'TLSv1.2',
  sessionId: NEW,
  resumed: false,
  clientSentCloseNotify: true,
  clientTcpEnd: 'fin',
  firstToClose: 'server (fatal alert)',
};

const failed: TrueConnection = {
  name: 'C',
  client: '[fd09::101]:40003',
  server: '[fd09::1]:443',
  openedAt: 102,
  offered: null,
  handshake: 'failed',
};

function truth(expected: Partial<Truth['expected']> = {}): Truth {
  return {
    capture: 'made-up.pcap',
    connections: [issuing, declined, failed],
    expected: { invalidatedAfterUncleanClose: [DEAD], declinedForOtherReason: [], ...expected },
  };
}

const FACTS = 12;

/** What a report without a fault says of a connection. */
function told(c: TrueConnection): Connection {
  const [address, port] = c.client.slice(1).split(']:');
  return {
    client: { address, port: Number(port) },
    server: { address: 'fd09::1', port: 443 },
    start: (c.openedAt ?? 0) + 0.0001,
    version: c.tlsVersion ?? null,
    handshake: c.resumed ? 'resumed' : 'full',
    offered: { sessionId: c.offered?.sessionId ?? null },
    issued: { sessionId: c.sessionId ?? null },
    cause: c.name === 'B' ? 'unclean-close' : null,
    close: {
      client: { closeNotify: c.clientSentCloseNotify ? 'inferred' : 'absent', end: c.clientTcpEnd ?? null },
      first: c.name === 'B' ? 'server' : 'client',
    },
  } as unknown as Connection;
}

function finding(id: string, confidence: Finding['confidence']): Finding {
  return { session: { kind: 'session-id', id }, confidence } as unknown as Finding;
}

function report(change: (a: Connection, b: Connection) => void = () => {}, findings = [finding(DEAD, 'high')]): Report {
  const [a, b] = [told(issuing), told(declined)];
  change(a, b);
  return { connections: [b, a], findings } as unknown as Report;
}

describe('the comparison with the truth', () => {
  it('finds nothing wrong with a right report', () => {
    expect(compare(report(), truth())).toEqual({
      contradictions: [],
      facts: { told: FACTS, of: FACTS },
      flagged: { told: 1, of: 1 },
      causes: { told: 0, of: 0 },
    });
  });

  const wrong: [fact: string, subject: string, change: (a: Connection, b: Connection) => void][] = [
    ['resumed', 'A', (a) => Object.assign(a, { handshake: 'resumed', offered: { sessionId: DEAD } })],
    ['version', 'B', (_, b) => Object.assign(b, { version: 'TLSv1.0' })],
    ['session ID', 'B', (_, b) => Object.assign(b.issued, { sessionId: DEAD })],
    ['client close_notify', 'A', (a) => Object.assign(a.close.client, { closeNotify: 'seen' })],
    ['client close_notify', 'B', (_, b) => Object.assign(b.close.client, { closeNotify: 'absent' })],
    ['client end', 'A', (a) => Object.assign(a.close.client, { end: 'fin' })],
    ['first to close', 'B', (_, b) => Object.assign(b.close, { first: 'client' })],
  ];
  it.each(wrong)('finds a wrong %s (%s)', (fact, subject, change) => {
    const score = compare(report(change), truth());
    expect(score.contradictions).toMatchObject([{ fact, subject }]);
    expect(score.facts).toEqual({ told: FACTS - 1, of: FACTS });
  });

  const silent: [fact: string, change: (a: Connection, b: Connection) => void][] = [
    ['handshake', (a) => Object.assign(a, { handshake: 'unknown' })],
    ['version', (a) => Object.assign(a, { version: null })],
    ['session ID', (a) => Object.assign(a.issued, { sessionId: null })],
    ['close_notify', (a) => Object.assign(a.close.client, { closeNotify: 'unknown' })],
    ['end', (a) => Object.assign(a.close.client, { end: null })],
    ['first', (a) => Object.assign(a.close, { first: null })],
  ];
  it.each(silent)('counts a %s that is not told', (_, change) => {
    const score = compare(report(change), truth());
    expect(score.contradictions).toEqual([]);
    expect(score.facts).toEqual({ told: FACTS - 1, of: FACTS });
  });

  it('counts the facts of a connection that is not reported', () => {
    const score = compare({ ...report(), connections: [] }, truth());
    expect(score).toMatchObject({ contradictions: [], facts: { told: 0, of: FACTS } });
  });

  it('counts an invalidated session without a finding', () => {
    expect(compare(report(undefined, []), truth())).toMatchObject({ contradictions: [], flagged: { told: 0, of: 1 } });
  });

  it('demands no finding of an invalidated session that nobody offered again', () => {
    const once = truth();
    once.connections = [issuing, { ...declined, offered: null }];
    expect(compare(report(undefined, []), once).flagged).toEqual({ told: 0, of: 0 });
  });

  it('finds a session that is flagged without reason', () => {
    const score = compare(report(undefined, [finding(NEW, 'low')]), truth());
    expect(score).toMatchObject({ flagged: { told: 0, of: 1 }, contradictions: [{ subject: NEW, report: 'flagged, low' }] });
  });

  it.each([
    ['low', 0],
    ['medium', 1],
    ['high', 1],
  ] as const)('where another cause only looks like an unclean close, confidence %s makes %i contradictions', (confidence, count) => {
    const confounded = truth({ invalidatedAfterUncleanClose: [], wirePattern: [{ sessionId: DEAD, realReason: 'expired' }] });
    expect(compare(report(undefined, [finding(DEAD, confidence)]), confounded).contradictions).toHaveLength(count);
  });

  it.each([
    ['expired', 0],
    ['close_notify lost to RST', 1],
  ])('compares the cause with the reason %s', (reason, right) => {
    const score = compare(report(), truth({ declinedForOtherReason: [{ connection: 'B', reason }] }));
    expect(score.causes).toEqual({ told: right, of: 1 });
  });

  it('refuses a reason that it does not know', () => {
    expect(() => compare(report(), truth({ declinedForOtherReason: [{ connection: 'B', reason: 'bad luck' }] }))).toThrow('bad luck');
  });

  it('takes what was decrypted for what was sent', () => {
    const opened = truth();
    opened.connections = [{ ...issuing, decryptedWithServerKeys: { client: ['alert close_notify', 'tcp rst'], server: [] } }, declined];
    expect(compare(report(), opened).contradictions).toMatchObject([{ subject: 'A', fact: 'client close_notify', truth: true }]);
  });
});

describe('connections on the same ports', () => {
  const times = (list: TrueConnection[], starts: number[]) => {
    const partners = pair(
      starts.map((start) => ({ ...told(issuing), start })),
      list,
    );
    return list.map((c) => partners.get(c)?.start ?? null);
  };
  const three = [100, 200, 300].map((openedAt) => ({ ...issuing, openedAt }));

  it('are paired in order', () => expect(times(three, [299, 101, 201])).toEqual([101, 201, 299]));
  it('are paired by time where one is missing', () => expect(times(three.slice(1), [201])).toEqual([201, null]));
  it('stay alone where all are missing', () => expect(times(three, [])).toEqual([null, null, null]));
});
