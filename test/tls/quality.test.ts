import { describe, expect, it } from 'vitest';
import { analyze, Capture, ethernet, type Link, only } from '../support/packets.js';
import { closeAfter, closeText } from './close-text.js';
import {
  abbreviatedHandshake,
  applicationData,
  certificate,
  changeCipherSpec,
  clientHello,
  clientKeyExchange,
  exchange,
  finished,
  flight,
  fullHandshake,
  id,
  protectedAlert,
  serverHello,
  serverHelloDone,
} from './messages.js';

type Speak = (link: Link) => void;

const cleanClose: Speak = ({ client, server }) => {
  client.send(protectedAlert);
  server.acknowledge();
  client.fin();
  server.fin(protectedAlert);
  client.acknowledge();
};

describe('lost bytes make a close unknown', () => {
  const cases: [name: string, speak: Speak, expected: string][] = [
    ['before a FIN', ({ client }) => [client.lose(protectedAlert), client.fin()], 'unknown fin unknown | open - unknown | first client'],
    ['before a RST', ({ client }) => [client.lose(protectedAlert), client.reset()], 'unknown - unknown | open - unknown | first client'],
    [
      'before the FIN of the server',
      ({ client, server }) => [client.fin(protectedAlert), server.lose(protectedAlert), server.fin()],
      'clean fin inferred | unknown fin unknown | first -',
    ],
    [
      'with the end of a record before a FIN',
      ({ client }) => [client.send(applicationData(500).subarray(0, 100)), client.lose(new Uint8Array(800)), client.fin()],
      'unknown fin unknown | open - unknown | first client',
    ],
  ];
  it.each(cases)('%s', (_, speak, expected) => {
    expect(closeAfter(speak)).toBe(expected);
  });

  it('but not where they were found again', () => {
    const speak: Speak = ({ client }) => {
      client.lose(applicationData(500));
      client.send(applicationData(20), protectedAlert);
      client.fin();
    };
    expect(closeAfter(speak)).toBe('clean fin inferred | open - unknown | first client');
  });

  it('but one number before a RST is a FIN that is missing', () => {
    expect(closeAfter(({ client }) => [client.lose(Uint8Array.of(0)), client.reset()])).toBe(
      'unclean - absent | open - unknown | first client',
    );
  });
});

describe('bytes that the other side acknowledged and the capture lacks', () => {
  it('leave open who closed first', () => {
    const capture = new Capture();
    const link = capture.connect();
    fullHandshake(link);
    link.client.lose(protectedAlert);
    link.client.next++; // FIN
    link.server.acknowledge();
    link.server.fin(protectedAlert);
    expect(only(capture.packets).close.first).not.toBe('server');
  });

  it('leave open what an alert means that may answer them', () => {
    const whole: Speak = ({ client, server }) => [server.fin(), client.fin(protectedAlert)];
    const lossy: Speak = ({ client, server }) => [server.next++, client.fin(protectedAlert)];
    expect(closeAfter(whole)).toBe('unknown fin unknown | unclean fin absent | first server');
    expect(closeAfter(lossy)).toMatch(/^unknown fin unknown/);
  });

  it('are counted', () => {
    const capture = new Capture();
    const link = capture.connect();
    fullHandshake(link);
    link.server.lose(applicationData(1000));
    link.client.acknowledge();
    expect(only(capture.packets).quality.missingBytes).toBe(1005);
  });

  it('do not make the handshake a failed one', () => {
    const capture = new Capture();
    const { client, server } = capture.connect();
    client.send(flight(clientHello()));
    server.send(flight(serverHello({ sessionId: id('51') }), certificate, serverHelloDone));
    client.send(flight(clientKeyExchange), changeCipherSpec, finished);
    server.lose(changeCipherSpec, finished);
    client.send(applicationData());
    client.reset();
    expect(only(capture.packets).handshake).not.toBe('failed');
  });
});

describe('a RST that overtakes', () => {
  it('data of its sender ends it none the less', () => {
    const capture = new Capture();
    const link = capture.connect();
    fullHandshake(link);
    const data = link.client.send(applicationData());
    link.client.reset();
    const { packets } = capture;
    const swapped = packets.with(data, packets[data - 1]).with(data - 1, packets[data]);
    expect(only(packets).close.client.state).toBe('unclean');
    expect(only(swapped).close.client.state).toMatch(/^(unclean|unknown)$/);
  });
});

describe('a snap length', () => {
  const capture = new Capture();
  const link = capture.connect();
  fullHandshake(link, id('51'), { serverName: 'a.example' });
  exchange(link);
  cleanClose(link);
  const whole = 'clean fin inferred | clean fin inferred | first client';
  // Ethernet, IP and TCP take 54 bytes, a record header 5, a message header 4, the hello up to its session ID 67.
  it.each([
    [1500, 'full', 'a.example'],
    [200, 'full', 'a.example'],
    [120, 'full', null],
    [96, 'full', null],
  ])('of %i leaves the close as it is, and the handshake %s', (snapLength, handshake, serverName) => {
    const connection = only(capture.packets, { snapLength });
    expect(closeText(connection)).toBe(whole);
    expect(connection).toMatchObject({ serverName, handshake, quality: { startedMidstream: false } });
    const cut = capture.packets.filter((packet) => ethernet(packet).length > snapLength).length;
    expect(connection.quality.truncatedFrames).toBe(cut);
  });

  it('of any size makes nothing unclean', () => {
    for (let snapLength = 0; snapLength <= 160; snapLength += 2) {
      const report = analyze(capture.packets, { snapLength });
      for (const { close, resumption } of report.connections) {
        expect(close.client.state, `snap length ${snapLength}`).toMatch(/^(clean|unknown)$/);
        expect(close.server.state, `snap length ${snapLength}`).toMatch(/^(clean|unknown)$/);
        expect(resumption, `snap length ${snapLength}`).toMatch(/^(not-offered|unknown)$/);
      }
      expect(report.capture.warnings.length > 0, `snap length ${snapLength}`).toBe(snapLength <= 54);
    }
  });

  it.each([
    ['a session ID', {}, {}],
    ['a ticket, with the ID echoed', { ticket: '7469636b' }, {}],
    ['a ticket, with no ID', { ticket: '7469636b' }, { sessionId: '' }],
    ['a ticket, with another ID', { ticket: '7469636b' }, { sessionId: id('b2') }],
  ])('of any size takes no handshake resumed by %s for a full one', (_, hello, answer) => {
    const other = new Capture();
    abbreviatedHandshake(other.connect(), id('a1'), hello, answer);
    for (let snapLength = 54; snapLength <= 170; snapLength++) {
      for (const { handshake, resumption, issued } of analyze(other.packets, { snapLength }).connections) {
        expect(handshake, `snap length ${snapLength}`).toMatch(/^(resumed|unknown)$/);
        expect(resumption, `snap length ${snapLength}`).toMatch(/^(resumed|unknown)$/);
        expect(issued.sessionId, `snap length ${snapLength}`).toBeNull();
      }
    }
  });
});

describe('a capture that begins in mid connection', () => {
  function midstream(speak: Speak, client = '192.0.2.1:50000', server = '198.51.100.1:443') {
    const capture = new Capture();
    speak(capture.midstream({ client, server }));
    return analyze(capture.packets).connections;
  }

  it('knows the roles by the ports, and the close', () => {
    const [connection] = midstream((link) => {
      for (let i = 0; i < 6; i++) exchange(link);
      cleanClose(link);
    });
    expect(connection).toMatchObject({
      client: { port: 50000 },
      server: { port: 443 },
      handshake: 'unknown',
      resumption: 'unknown',
      version: null,
      quality: { startedMidstream: true, rolesFrom: 'port' },
    });
    expect(closeText(connection)).toBe('clean fin inferred | clean fin inferred | first client');
  });

  it('takes the side with the higher port for the client, whoever speaks first', () => {
    const [connection] = midstream((link) => {
      for (let i = 0; i < 6; i++) link.server.send(applicationData());
    });
    expect(connection).toMatchObject({ client: { port: 50000 }, quality: { rolesFrom: 'port' } });
  });

  it('with the ClientHello knows the roles by it', () => {
    const [connection] = midstream((link) => fullHandshake(link), '192.0.2.1:443', '198.51.100.1:50000');
    expect(connection).toMatchObject({ client: { port: 443 }, handshake: 'full', quality: { startedMidstream: true, rolesFrom: 'hello' } });
  });

  it('with the ServerHello alone knows the roles by it, and what was issued', () => {
    const [connection] = midstream(
      ({ server }) => server.send(flight(serverHello({ sessionId: id('51') }))),
      '192.0.2.1:443',
      '198.51.100.1:50000',
    );
    expect(connection).toMatchObject({ client: { port: 443 }, version: 'TLSv1.2', resumption: 'unknown', quality: { rolesFrom: 'hello' } });
  });

  it('in mid record finds the next one', () => {
    const [connection] = midstream((link) => {
      link.server.send(applicationData(2000).subarray(700));
      for (let i = 0; i < 6; i++) exchange(link);
      cleanClose(link);
    });
    expect(connection?.close.server).toMatchObject({ state: 'clean', closeNotify: 'inferred' });
  });

  it('never says unclean of a side of which it saw nothing but the end', () => {
    for (const connection of midstream(({ client, server }) => [
      server.send(applicationData()),
      server.send(applicationData()),
      client.fin(),
      server.fin(),
    ])) {
      expect(connection.close.client.state).toBe('unknown');
    }
  });

  it('of one direction says nothing of the other', () => {
    const capture = new Capture();
    const link = capture.connect();
    fullHandshake(link);
    exchange(link);
    cleanClose(link);
    const clientOnly = capture.packets.filter((packet) => packet.from.port !== 443);
    const [connection] = analyze(clientOnly).connections;
    expect(closeText(connection)).toMatch(/^clean fin (inferred|unknown) \| open - unknown|^unknown fin unknown \| open - unknown/);
    expect(connection).toMatchObject({ resumption: 'not-offered', version: 'TLSv1.2' });
  });
});

describe('a RST of somebody who was not there', () => {
  it('before any data is no TLS connection', () => {
    const capture = new Capture();
    const { client, server } = capture.connect();
    server.reset();
    client.reset();
    expect(analyze(capture.packets).totals).toMatchObject({ tcpConnections: 1, tlsConnections: 0 });
  });

  it('after the ClientHello leaves the offer unanswered', () => {
    const capture = new Capture();
    const { client, server } = capture.connect();
    client.send(flight(clientHello({ sessionId: id('a1') })));
    server.reset();
    expect(only(capture.packets)).toMatchObject({ handshake: 'failed', resumption: 'unanswered' });
  });
});

describe('a ServerHello that the snap length cut', () => {
  /** Ethernet, IPv4, TCP, the headers of record and message. */
  const BODY = 14 + 20 + 20 + 5 + 4;

  /** Its version and cipher suite where `held` bytes of its body were captured; other packets show that this is not TLS 1.3. */
  function told(held: number) {
    const capture = new Capture();
    const link = capture.connect();
    fullHandshake(link, id('51'), {}, { cipherSuite: 0xc030 });
    const { version, cipherSuite } = only(capture.packets, { snapLength: BODY + held });
    return { version, cipherSuite };
  }

  it.each([
    [0, { version: null, cipherSuite: null }],
    [1, { version: null, cipherSuite: null }],
    [2, { version: 'TLSv1.2', cipherSuite: null }],
    [2 + 32 + 1 + 32 + 1, { version: 'TLSv1.2', cipherSuite: null }],
    [2 + 32 + 1 + 32 + 3, { version: 'TLSv1.2', cipherSuite: 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384' }],
  ])('to %i bytes tells what it holds', (held, expected) => {
    expect(told(held)).toEqual(expected);
  });
});
