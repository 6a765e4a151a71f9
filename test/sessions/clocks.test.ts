// The two directions of a capture have different clocks: merged by time, answers come before what they answer.
import { expect, it } from 'vitest';
import { analyze, Capture, type Packet, pushed, warningsOf } from '../support/packets.js';
import { abbreviatedHandshake, exchange, fullHandshake, id } from '../tls/messages.js';
import { closes } from './visits.js';

const SESSIONS = 6;

/** Sessions that die of a FIN without close_notify, and live otherwise; the steps between packets are a millisecond. */
function capture(): Capture {
  const capture = new Capture();
  for (let i = 0; i < SESSIONS; i++) {
    const issued = id(`a${i}`);
    const isCut = i % 2 === 0;
    const first = capture.connect();
    fullHandshake(first, issued);
    exchange(first);
    closes[isCut ? 'fin' : 'clean'](first);
    capture.wait(1);
    const second = capture.connect();
    if (isCut) fullHandshake(second, id(`b${i}`), { sessionId: issued });
    else abbreviatedHandshake(second, issued);
    exchange(second);
    closes.clean(second);
    capture.wait(1);
  }
  return capture;
}

/** The packets in the order of their times when the server's are later by so many milliseconds. */
function skewed(packets: readonly Packet[], milliseconds: number): Packet[] {
  const moved = packets.map((packet) => (packet.from.port === 443 ? { ...packet, at: packet.at + milliseconds } : packet));
  return moved.sort((a, b) => a.at - b.at);
}

it('one clock leaves nothing open', () => {
  const report = analyze(capture().packets);
  expect(report.servers[0].verdict).toBe('invalidates-on-unclean-close');
  expect(warningsOf(report)).toEqual([]);
});

it.each([
  ['later', 40, /differ by 0\.03\d s or more/, '-t -0.0'],
  ['earlier', -40, /differ by 0\.03\d s or more/, '-t 0.0'],
  ['half a second later', 500, /differ by 0\.49\d s or more/, '-t -0.49'],
  ['half a second earlier', -500, /differ by 0\.49\d s or more/, '-t 0.49'],
])('a server that is %s has no verdict, and its findings are of low confidence', (_, milliseconds, words, shift) => {
  const report = analyze(skewed(capture().packets, milliseconds));
  const [server] = report.servers;
  expect(server.verdict).toBe('inconclusive');
  expect(server.verdictText).toMatch(words);
  expect(server.toSettle).toContain(shift);
  expect(report.findings.filter(({ confidence }) => confidence !== 'low')).toEqual([]);
  expect(warningsOf(report)).toEqual(['clocks-differ']);
});

it('also where sessions are forgotten before anything was judged', () => {
  const analyzer = pushed(skewed(capture().packets, 40));
  analyzer.forget(Number.POSITIVE_INFINITY);
  const { findings } = analyzer.finish();
  expect(findings.length).toBeGreaterThan(0);
  expect(findings.filter(({ confidence }) => confidence !== 'low')).toEqual([]);
});
