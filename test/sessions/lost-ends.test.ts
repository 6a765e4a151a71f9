// What the capture lost of how a connection ended accuses nobody.
import { describe, expect, it } from 'vitest';
import { analyze, Capture, type Link } from '../support/packets.js';
import { abbreviatedHandshake, alert, applicationData, exchange, fullHandshake, id, protectedAlert } from '../tls/messages.js';

function closeCleanly({ client, server }: Link): void {
  client.send(protectedAlert);
  server.acknowledge();
  client.fin();
  server.fin(protectedAlert);
  client.acknowledge();
}

function endBare({ client, server }: Link): void {
  client.fin();
  server.fin();
  client.acknowledge();
}

function answerBare({ client, server }: Link): void {
  client.send(protectedAlert);
  server.fin();
  client.fin();
  server.acknowledge();
}

/** A session that is resumed, each time by a connection that is `closed` so. */
function resumeOften(capture: Capture, times: number, session: string, close: (link: Link) => void): void {
  for (let i = 0; i < times; i++) {
    const link = capture.connect();
    if (i === 0) fullHandshake(link, id(session));
    else abbreviatedHandshake(link, id(session));
    exchange(link);
    close(link);
  }
}

/** The session `b0` is issued, its connection goes on as told, and then it is declined. */
function lose(capture: Capture, end: (link: Link) => void): void {
  const link = capture.connect();
  fullHandshake(link, id('b0'));
  exchange(link);
  end(link);
  const next = capture.connect();
  fullHandshake(next, id('b1'), { sessionId: id('b0') });
  exchange(next);
}

function resumeOnce(capture: Capture, session: string): void {
  const link = capture.connect();
  abbreviatedHandshake(link, id(session));
  exchange(link);
}

/** Of each finding its confidence, and whether a fatal alert is a rival. */
function told(capture: Capture): [string, boolean][] {
  return analyze(capture.packets).findings.map(({ confidence, rivals }) => [confidence, rivals.includes('fatal-alert')]);
}

describe('a finding', () => {
  it.each([
    ['is in doubt where an alert of the server may be among bytes that the capture lacks', true, [['low', true]]],
    ['is none where the server said that it could not read what came before the end', false, []],
  ] as const)('%s', (_, isLost, expected) => {
    const capture = new Capture();
    resumeOften(capture, 5, 'a0', closeCleanly);
    lose(capture, ({ client, server }) => {
      client.send(applicationData(60));
      if (isLost) server.lose(protectedAlert);
      client.fin();
      if (!isLost) server.send(alert('fatal', 'bad_record_mac'));
      server.fin();
      client.acknowledge();
    });
    resumeOnce(capture, 'a0');
    expect(told(capture)).toEqual(expected);
  });

  it.each(['decode_error', 'internal_error', 'unexpected_message'] as const)(
    'stands where the server answers a bare end by %s',
    (description) => {
      const capture = new Capture();
      resumeOften(capture, 5, 'a0', closeCleanly);
      lose(capture, ({ client, server }) => {
        client.fin();
        server.fin(alert('fatal', description));
        client.acknowledge();
      });
      resumeOnce(capture, 'a0');
      expect(told(capture)).toEqual([['high', false]]);
    },
  );

  it.each([
    ['is in doubt where an encrypted alert behind the end may be about data that the server had not answered', false, [['low', true]]],
    ['stands where the server had answered all data before', true, [['high', false]]],
  ] as const)('%s', (_, isAnswered, expected) => {
    const capture = new Capture();
    resumeOften(capture, 5, 'a0', closeCleanly);
    lose(capture, ({ client, server }) => {
      client.send(applicationData(60));
      if (isAnswered) server.send(applicationData(60));
      client.fin();
      server.fin(protectedAlert);
      client.acknowledge();
    });
    resumeOnce(capture, 'a0');
    expect(told(capture)).toEqual(expected);
  });

  it('stands where nothing is lost', () => {
    const capture = new Capture();
    resumeOften(capture, 5, 'a0', closeCleanly);
    lose(capture, (link) => {
      link.client.send(applicationData(60));
      endBare(link);
    });
    resumeOnce(capture, 'a0');
    expect(told(capture)).toEqual([['high', false]]);
  });

  it('does not accuse the bare end of a server where that of the client is lost', () => {
    const capture = new Capture();
    const open = capture.connect();
    fullHandshake(open, id('a0'));
    exchange(open);
    for (let i = 0; i < 3; i++) {
      const link = capture.connect();
      abbreviatedHandshake(link, id('a0'));
      exchange(link);
      answerBare(link);
    }
    lose(capture, ({ client, server }) => {
      client.lose(protectedAlert);
      server.fin();
      client.fin();
      server.acknowledge();
    });
    resumeOnce(capture, 'a0');
    exchange(open);
    expect(told(capture).filter(([confidence]) => confidence !== 'low')).toEqual([]);
  });
});
