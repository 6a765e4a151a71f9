import { describe, expect, it } from 'vitest';
import { MAX_TICKETS } from '../../src/limits.js';
import { TcpFlag } from '../../src/wire/tcp.js';
import { analyze, Capture, concat, type Link, only, warningsOf } from '../support/packets.js';
import {
  abbreviatedHandshake,
  alert,
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
  newSessionTicket,
  protectedAlert,
  record,
  serverHello,
  serverHelloDone,
} from './messages.js';

const { ACK } = TcpFlag;

/** The only connection of a capture that holds it from its SYN on. */
function connection(speak: (link: Link) => void) {
  const capture = new Capture();
  speak(capture.connect());
  return only(capture.packets);
}

const serverFlight = (sessionId: string) => flight(serverHello({ sessionId }), certificate, serverHelloDone);

describe('a handshake is', () => {
  const cases: [string, (link: Link) => void, object][] = [
    ['full', (link) => fullHandshake(link), { handshake: 'full', resumption: 'not-offered', resumedBy: null }],
    [
      'full, with an offer declined',
      (link) => fullHandshake(link, id('b2'), { sessionId: id('a1') }),
      { handshake: 'full', resumption: 'declined' },
    ],
    ['full, without an ID issued', (link) => fullHandshake(link, ''), { handshake: 'full', issued: { sessionId: null } }],
    [
      'resumed',
      (link) => abbreviatedHandshake(link, id('a1')),
      { handshake: 'resumed', resumption: 'resumed', resumedBy: 'session-id', issued: { sessionId: null } },
    ],
    [
      'resumed by a ticket, with an invented ID',
      (link) => abbreviatedHandshake(link, id('f0'), { ticket: '7469636b' }),
      { handshake: 'resumed', resumption: 'resumed', resumedBy: 'ticket' },
    ],
    [
      'resumed by a ticket, without an ID',
      (link) => abbreviatedHandshake(link, '', { ticket: '7469636b' }),
      { handshake: 'resumed', resumedBy: 'ticket', issued: { sessionId: null } },
    ],
    [
      'full, where the server takes neither ticket nor ID',
      (link) => fullHandshake(link, id('b2'), { sessionId: id('f0'), ticket: '7469636b' }),
      { handshake: 'full', resumption: 'declined', issued: { sessionId: id('b2') } },
    ],
    [
      'failed, by a fatal alert of the server',
      ({ client, server }) => {
        client.send(flight(clientHello()));
        server.fin(alert('fatal', 'handshake_failure'));
      },
      { handshake: 'failed', resumption: 'not-offered', version: null, close: { server: { state: 'aborted' } } },
    ],
    [
      'failed, with an offer unanswered',
      ({ client, server }) => {
        client.send(flight(clientHello({ sessionId: id('a1') })));
        server.reset();
      },
      { handshake: 'failed', resumption: 'unanswered' },
    ],
    [
      'failed, after the ServerHello',
      ({ client, server }) => {
        client.send(flight(clientHello()));
        server.send(serverFlight(id('b2')));
        client.fin(alert('fatal', 'handshake_failure'));
      },
      { handshake: 'failed', close: { client: { state: 'aborted' } } },
    ],
    [
      'incomplete, when the capture ends at the ClientHello',
      ({ client, server }) => {
        client.send(flight(clientHello({ sessionId: id('a1') })));
        server.acknowledge();
      },
      { handshake: 'incomplete', resumption: 'unanswered' },
    ],
    [
      'incomplete, when the capture ends at the ServerHello',
      ({ client, server }) => {
        client.send(flight(clientHello()));
        server.send(flight(serverHello({ sessionId: id('b2') })));
      },
      { handshake: expect.stringMatching(/^(full|incomplete)$/), resumption: 'not-offered', version: 'TLSv1.2' },
    ],
    [
      'unknown, when nothing of it is there',
      ({ client, server }) => {
        client.lose(new Uint8Array(1000));
        server.lose(new Uint8Array(3000));
        for (let i = 0; i < 5; i++) {
          client.send(applicationData());
          server.send(applicationData());
        }
        client.fin(protectedAlert);
      },
      { handshake: 'unknown', resumption: 'unknown', frames: { clientHello: null, serverHello: null } },
    ],
  ];
  it.each(cases)('%s', (_, speak, expected) => {
    expect(connection(speak)).toMatchObject(expected);
  });
});

describe('what the hellos say', () => {
  it('is in the record of the connection', () => {
    const capture = new Capture();
    const link = capture.connect();
    const hello = { serverName: 'a.example', extendedMasterSecret: true, alpn: 'h2', sessionId: id('a1') };
    const frames = fullHandshake(link, id('51'), hello, { extendedMasterSecret: true, alpn: 'h2', cipherSuite: 0x009c });
    expect(frames).toEqual({ clientHello: 4, serverHello: 5 });
    expect(only(capture.packets)).toMatchObject({
      client: { address: '192.0.2.1', port: 40001 },
      server: { address: '198.51.100.1', port: 443 },
      serverName: 'a.example',
      alpn: 'h2',
      start: capture.timeOf(1),
      end: capture.timeOf(7),
      version: 'TLSv1.2',
      cipherSuite: 'TLS_RSA_WITH_AES_128_GCM_SHA256',
      offered: { sessionId: id('a1'), ticket: null, psk: [], maybePadding: false, extendedMasterSecret: true },
      issued: { sessionId: id('51'), tickets: [], extendedMasterSecret: true },
      frames: { first: 1, ...frames, last: 7 },
      times: { clientHello: capture.timeOf(4), serverHello: capture.timeOf(5) },
      quality: { startedMidstream: false, rolesFrom: 'hello', missingBytes: 0, truncatedFrames: 0 },
    });
  });

  it('names of hosts and protocols are those of one connection, whatever others had before it or have beside it', () => {
    const capture = new Capture();
    const names: [serverName: string | null, alpn: string | null][] = [];
    for (const round of [0, 1, 2]) {
      const links = Array.from({ length: 8 }, () => capture.connect());
      for (const [i, link] of links.entries()) {
        const hello = i % 3 === round ? { serverName: `${round}-${i}.example` } : {};
        const alpn = round > 0 && i % 2 === 0 ? `${round}/${i}` : null;
        fullHandshake(link, id('51'), hello, alpn === null ? {} : { alpn });
        names.push([hello.serverName ?? null, alpn]);
      }
      for (const { client, server } of links) {
        client.reset();
        server.reset();
      }
      // Their rows are used again.
      capture.wait(10);
    }
    const { connections } = analyze(capture.packets);
    expect(connections.map(({ serverName, alpn }) => [serverName, alpn])).toEqual(names);
  });

  it.each([
    [0x0300, 'SSLv3'],
    [0x0301, 'TLSv1.0'],
    [0x0302, 'TLSv1.1'],
    [0x0303, 'TLSv1.2'],
    [0x7a01, '0x7a01'],
  ])('version %i is %s', (version, expected) => {
    expect(connection((link) => fullHandshake(link, id('51'), {}, { version })).version).toBe(expected);
  });

  it.each([
    [0xc02f, 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
    [0x1a1a, '0x1a1a'],
  ])('cipher suite %i is %s', (cipherSuite, expected) => {
    expect(connection((link) => fullHandshake(link, id('51'), {}, { cipherSuite })).cipherSuite).toBe(expected);
  });

  it('is over IPv6 the same', () => {
    const capture = new Capture();
    fullHandshake(capture.connect({ client: '[2001:db8::1]:50000', server: '[2001:db8:0:1::ff]:8443' }));
    expect(only(capture.packets)).toMatchObject({
      client: { address: '2001:db8::1', port: 50000 },
      server: { address: '2001:db8:0:1::ff', port: 8443 },
      handshake: 'full',
    });
  });

  it('makes the client of the side whose port is lower', () => {
    const capture = new Capture();
    fullHandshake(capture.connect({ client: '203.0.113.9:80', server: '192.0.2.7:55555' }));
    expect(only(capture.packets)).toMatchObject({
      client: { port: 80 },
      server: { port: 55555 },
      handshake: 'full',
      quality: { rolesFrom: 'hello' },
    });
  });

  it('holds for session IDs of any length', () => {
    for (const length of [1, 2, 31, 32]) {
      const issued = 'c7'.repeat(length);
      expect(connection((link) => fullHandshake(link, issued)).issued.sessionId).toBe(issued);
      expect(connection((link) => abbreviatedHandshake(link, issued))).toMatchObject({
        offered: { sessionId: issued },
        handshake: 'resumed',
      });
    }
  });
});

describe('a hello', () => {
  const hello = clientHello({ serverName: 'a.example', sessionId: id('a1') });

  it('over several segments is in the frame of the last', () => {
    const capture = new Capture();
    const { client, server } = capture.connect();
    const bytes = flight(hello);
    client.send(bytes.subarray(0, 10));
    client.send(bytes.subarray(10, 60));
    const last = client.send(bytes.subarray(60));
    server.send(serverFlight(id('51')));
    expect(only(capture.packets)).toMatchObject({ serverName: 'a.example', frames: { clientHello: last, serverHello: last + 1 } });
  });

  it.each([1, 3, 4, 5, 40, 70, hello.length - 1])('over two records, of which the first has %i bytes', (length) => {
    const parts = [record(22, hello.subarray(0, length)), record(22, hello.subarray(length))];
    const speak = ({ client, server }: Link) => {
      client.send(...parts);
      server.send(serverFlight(id('51')));
    };
    expect(connection(speak)).toMatchObject({ serverName: 'a.example', offered: { sessionId: id('a1') }, resumption: 'declined' });
  });

  it('in a record for each of its bytes', () => {
    const records = concat([...hello].map((byte) => record(22, Uint8Array.of(byte))));
    const speak = ({ client, server }: Link) => {
      client.send(records);
      server.send(serverFlight(id('51')));
    };
    expect(connection(speak)).toMatchObject({ serverName: 'a.example', resumption: 'declined' });
  });

  it.each([
    ['more', 2000, 'a.example', []],
    ['as many', hello.length - 4 + 1, 'a.example', []],
    ['fewer', 70, null, ['handshake-limit']],
    ['hardly any', 40, null, ['handshake-limit']],
    ['no', 0, null, ['handshake-limit']],
  ])('in pieces with room for %s bytes', (_, handshakeBytes, serverName, warnings) => {
    const capture = new Capture();
    const { client, server } = capture.connect();
    client.send(flight(hello).subarray(0, 50));
    client.send(flight(hello).subarray(50));
    server.send(serverFlight(id('51')));
    const report = analyze(capture.packets, { limits: { handshakeBytes } });
    expect(report.connections).toMatchObject([{ serverName, version: 'TLSv1.2', issued: { sessionId: id('51') } }]);
    expect(warningsOf(report)).toEqual(warnings);
  });

  it('in pieces shares its room with those of other connections', () => {
    const capture = new Capture();
    const links = [capture.connect(), capture.connect(), capture.connect()];
    for (const { client } of links) client.send(flight(hello).subarray(0, 80));
    for (const { client } of links) client.send(flight(hello).subarray(80));
    const report = analyze(capture.packets, { limits: { totalHandshakeBytes: 1024 } });
    expect(warningsOf(report)).toEqual(['handshake-limit']);
    expect(report.connections).toHaveLength(3);
    expect(report.connections.some((c) => c.serverName === null)).toBe(true);
    const calm = analyze(capture.packets, { limits: { totalHandshakeBytes: 4096 } });
    expect(calm.connections.map((c) => c.serverName)).toEqual(['a.example', 'a.example', 'a.example']);
  });

  /** The length of the extensions is wrong: what they hold is not known. */
  function damaged(): Uint8Array {
    const bytes = hello.slice();
    bytes[4 + 2 + 32 + 33 + 6 + 2] ^= 0x40;
    return flight(bytes);
  }

  it('whose lengths contradict each other is read as far as it holds', () => {
    const capture = new Capture();
    const { client, server } = capture.connect();
    client.send(damaged());
    server.send(serverFlight(id('51')));
    const report = analyze(capture.packets);
    expect(report.connections).toMatchObject([{ offered: { sessionId: id('a1') }, version: 'TLSv1.2' }]);
    expect(warningsOf(report)).toEqual(['malformed-hello']);
  });

  it('of which the end is not known may have offered a ticket', () => {
    const speak = ({ client, server }: Link) => {
      client.send(damaged());
      server.send(serverFlight(id('51')));
    };
    expect(connection(speak).resumption).not.toBe('not-offered');
  });

  it('that announces 16 MB is stepped over', () => {
    const speak = ({ client, server }: Link) => {
      client.send(record(22, Uint8Array.of(1, 0xff, 0xff, 0xff, 3, 3)));
      for (let i = 0; i < 50; i++) client.send(record(22, new Uint8Array(16_000)));
      server.send(serverFlight(id('51')));
    };
    expect(connection(speak)).toMatchObject({ serverName: null, resumption: 'unknown', version: 'TLSv1.2' });
  });

  it('is the first one: a renegotiation in clear changes nothing', () => {
    const speak = (link: Link) => {
      fullHandshake(link, id('51'), { serverName: 'first.example' });
      fullHandshake(link, id('52'), { serverName: 'second.example', sessionId: id('51') });
    };
    expect(connection(speak)).toMatchObject({ serverName: 'first.example', issued: { sessionId: id('51') }, resumption: 'not-offered' });
  });

  it('is the first one, where two come without a HelloRetryRequest', () => {
    const speak = ({ client, server }: Link) => {
      client.send(flight(clientHello({ serverName: 'first.example', sessionId: id('a1') })));
      client.send(flight(clientHello({ serverName: 'second.example' })));
      server.send(serverFlight(id('51')));
      server.send(serverFlight(id('52')));
    };
    expect(connection(speak)).toMatchObject({
      serverName: 'first.example',
      issued: { sessionId: id('51') },
      frames: { clientHello: 4, serverHello: 6 },
    });
  });

  it('is the first one: a protected renegotiation changes nothing', () => {
    const speak = (link: Link) => {
      fullHandshake(link);
      for (const side of [link.client, link.server, link.client, link.server]) side.send(finished, record(20, Uint8Array.of(1)), finished);
      exchange(link);
      link.client.fin(protectedAlert);
      link.server.acknowledge();
    };
    expect(connection(speak)).toMatchObject({ handshake: 'full', issued: { sessionId: id('51') }, close: { client: { state: 'clean' } } });
  });

  it('is the first one: an alert that follows a renegotiation at once may say that it failed', () => {
    const speak = (link: Link) => {
      fullHandshake(link);
      exchange(link);
      link.server.send(finished);
      link.client.fin(protectedAlert);
    };
    expect(connection(speak).close.client).toMatchObject({ state: 'unknown', closeNotify: 'unknown' });
  });
});

describe('TLS is told from other things', () => {
  const text = new TextEncoder();
  it.each([
    ['HTTP', text.encode('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n')],
    ['zeros', new Uint8Array(100)],
    ['a version that never was', record(22, clientHello(), 0x0504)],
    ['a type that never was', record(99, clientHello())],
    ['a record that is too long', Uint8Array.of(22, 3, 1, 0xff, 0xff, 1, 0, 0, 0)],
  ])('%s is none', (_, bytes) => {
    const capture = new Capture();
    const { client, server } = capture.connect();
    client.send(bytes);
    server.send(bytes);
    client.fin();
    const report = analyze(capture.packets);
    expect(report.totals).toMatchObject({ tcpConnections: 1, tlsConnections: 0 });
    expect(report.capture.warnings).toEqual([]);
  });

  it.each([25, 80, 443, 5432, 65535])('on port %i', (port) => {
    const capture = new Capture();
    fullHandshake(capture.connect({ server: `198.51.100.1:${port}` }));
    expect(only(capture.packets)).toMatchObject({ handshake: 'full', server: { port } });
  });
});

describe('tickets', () => {
  it('that are issued and offered appear as digests', () => {
    const digest = '55a4bc5be68ea5c30cbe4d07e3bf951163b5a207dfd628ea53a2eb21072a9f3b'; // SHA-256 of the 4 bytes
    const capture = new Capture();
    const { client, server } = capture.connect();
    client.send(flight(clientHello({ ticket: '' })));
    server.send(flight(serverHello(), certificate, serverHelloDone));
    client.send(flight(clientKeyExchange), changeCipherSpec, finished);
    server.send(flight(newSessionTicket('7469636b')), changeCipherSpec, finished);
    abbreviatedHandshake(capture.connect(), id('f0'), { ticket: '7469636b' });
    const [first, second] = analyze(capture.packets).connections;
    expect([first.offered.ticket, first.issued.tickets]).toEqual([null, [digest]]);
    expect(second.offered.ticket).toBe(digest);
  });
});

it('of too many PSKs the first ones are kept, and the rest is told', () => {
  const capture = new Capture();
  const psk = Array.from({ length: MAX_TICKETS + 1 }, (_, i) => (i + 256).toString(16).padStart(4, '0'));
  capture.connect().client.send(flight(clientHello({ tls13: true, psk })));
  const report = analyze(capture.packets);
  expect(report.connections[0].offered.psk).toHaveLength(MAX_TICKETS);
  expect(warningsOf(report)).toEqual(['ticket-limit']);
});

describe('the ServerHello', () => {
  it('in the same payload as a cut certificate is read', () => {
    const speak = ({ client, server }: Link) => {
      client.send(flight(clientHello()));
      const bytes = serverFlight(id('51'));
      server.send(bytes.subarray(0, bytes.length - 20));
      server.emit(ACK);
    };
    expect(connection(speak)).toMatchObject({ version: 'TLSv1.2', issued: { sessionId: id('51') } });
  });
});
