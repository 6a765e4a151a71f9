import { describe, expect, it } from 'vitest';
import { Use } from '../../src/sessions/use.js';
import { Uses } from '../../src/sessions/uses.js';
import { ConnectionFacts } from '../../src/tls/facts.js';

const NONE = -1;
const ANSWER = 1_767_225_600.123456;

/** A full handshake answered at {@link ANSWER}, and closed by RST of the client. */
function connection(changes: Partial<ConnectionFacts> = {}, client = {}, server = {}): ConnectionFacts {
  const facts = new ConnectionFacts();
  Object.assign(facts, { clientHello: 4, answer: 5, answerTime: ANSWER, clientHelloTime: ANSWER - 0.25, handshake: 'full' });
  Object.assign(facts.client, { state: 'unclean', end: 'rst', frame: 9, time: ANSWER + 1 }, client);
  Object.assign(facts.server, { state: 'open' }, server);
  return Object.assign(facts, changes);
}

function added(facts: ConnectionFacts, offered = NONE, issued = 0): Use {
  const uses = new Uses(16);
  const row = uses.add(facts, offered, issued, false);
  const use = new Use(uses.rows);
  use.move(row, offered < 0 ? issued : offered);
  return use;
}

describe('a use', () => {
  it.each([
    ['at once', 0],
    ['within a microsecond', 0.000001],
    ['at a time in nanoseconds', 0.123456789],
    ['after eight minutes', 511.999999],
    ['after ten minutes', 600.000001],
    ['after forty days', 3_456_000.000001],
    ['before the answer, in a file out of order', -0.000123],
    ['long before it', -86_400.5],
  ])('tells when a connection ended, exactly: %s', (_, after) => {
    const time = ANSWER + after;
    const use = added(connection({}, { time }, { end: 'fin', frame: 10, time: time + 0.000002 }));
    expect([use.answerTime, use.clientClose.time, use.serverClose.time]).toEqual([ANSWER, time, time + 0.000002]);
    expect(use.lastSeen).toBe(time);
  });

  it.each([0.7, 12_345.678901, 4e9 + 0.3])('does so also where the clock says %d', (answer) => {
    const use = added(connection({ answerTime: answer }, { time: answer + 0.1 }));
    expect([use.answerTime, use.clientClose.time]).toEqual([answer, answer + 0.1]);
  });

  it('was last seen with its last packet where the client gave no end', () => {
    const use = added(connection({ end: ANSWER + 7 }, { state: 'open', end: null, frame: 0, time: 0 }));
    expect([use.lastSeen, use.clientClose.time, use.serverClose.time]).toEqual([ANSWER + 7, 0, 0]);
  });

  it.each([
    [0, 0],
    [1, 1],
    [4095, 4095],
    [4096, 0],
  ])('has fingerprint %i as %i, beside the client', (fingerprint, expected) => {
    const use = added(connection({ fingerprint, clientIpv4: 0x0a000001, clientPort: 65_535 }));
    expect([use.fingerprint, use.clientAddress, use.clientPort]).toEqual([expected, 1, 65_535]);
  });
});

describe('lists of uses', () => {
  const ISSUER = 12;
  const OTHER = 24;

  it('hold a connection that offered one session and issued another one in both', () => {
    const uses = new Uses(16);
    const first = uses.add(connection(), NONE, ISSUER, false);
    const both = uses.add(connection(), ISSUER, OTHER, false);
    const last = uses.add(connection({ resumption: 'resumed' }), OTHER, NONE, false);
    uses.link(first, both, ISSUER);
    uses.link(both, last, OTHER);
    expect([uses.next(first, ISSUER), uses.next(both, ISSUER)]).toEqual([both, NONE]);
    expect([uses.next(both, OTHER), uses.next(last, OTHER)]).toEqual([last, NONE]);
    expect([uses.isOffer(both, ISSUER), uses.isOffer(both, OTHER), uses.isOffer(last, OTHER)]).toEqual([true, false, true]);
    expect([uses.isDeclined(both, ISSUER), uses.isResumed(last, OTHER)]).toEqual([true, true]);
    const use = new Use(uses.rows);
    use.move(both, ISSUER);
    expect([use.role, use.issued]).toEqual(['declined', OTHER]);
    use.move(last, OTHER);
    expect([use.role, use.issued]).toEqual(['resumed', NONE]);
  });

  it('forget a connection that was taken out of both, and use its place again', () => {
    const uses = new Uses(16);
    const first = uses.add(connection(), NONE, ISSUER, false);
    const before = uses.add(connection(), NONE, OTHER, false);
    const both = uses.add(connection({}, { time: 5 }), ISSUER, OTHER, false);
    uses.link(first, both, ISSUER);
    uses.link(before, both, OTHER);
    uses.unlinkNext(first, ISSUER);
    expect([uses.size, uses.next(first, ISSUER), uses.next(before, OTHER)]).toEqual([3, NONE, both]);
    uses.unlinkNext(before, OTHER);
    expect([uses.size, uses.next(before, OTHER)]).toEqual([2, NONE]);
    expect(uses.add(connection(), ISSUER, OTHER, false)).toBe(both);
    expect([uses.next(both, ISSUER), uses.next(both, OTHER)]).toEqual([NONE, NONE]);
  });

  it('are of another session from now on, once for each connection', () => {
    const uses = new Uses(16);
    const issue = uses.add(connection(), NONE, OTHER, false);
    const both = uses.add(connection(), ISSUER, OTHER, false);
    uses.link(issue, both, OTHER);
    expect([uses.reassign(issue, OTHER, ISSUER), uses.next(issue, ISSUER)]).toEqual([true, NONE]);
    expect([uses.reassign(both, OTHER, ISSUER), uses.isOffer(both, ISSUER)]).toEqual([false, true]);
  });
});
