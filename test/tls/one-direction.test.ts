// What half of a connection tells: captures of one direction, and frames that a snap length cuts.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { analyze as analyzeFile } from '../../src/analyze.js';
import { Analyzer } from '../../src/analyzer.js';
import type { Connection } from '../../src/model.js';
import { closes } from '../sessions/visits.js';
import { fixtures } from '../support/fixtures.js';
import { analyze, Capture, type Link, only, type ReadOptions } from '../support/packets.js';
import { trafficOf } from '../twins/traffic.js';
import {
  abbreviatedHandshake,
  applicationData,
  certificate,
  changeCipherSpec,
  clientHello,
  clientKeyExchange,
  exchange,
  extension,
  finished,
  flight,
  fullHandshake,
  HELLO_RETRY_RANDOM,
  id,
  record,
  serverHello,
  serverHelloDone,
} from './messages.js';

it('a capture that begins behind ClientKeyExchange does not lack one', () => {
  const { capture, client, server } = new Capture().midstream();
  server.send(flight(serverHello({ sessionId: id('51') })));
  server.lose(flight(certificate, serverHelloDone));
  client.send(changeCipherSpec, finished);
  server.send(changeCipherSpec, finished);
  exchange({ capture, client, server });
  expect(only(capture.packets)).toMatchObject({ handshake: 'unknown', resumption: 'unknown' });
});

it('a RST before which nothing of its side was seen may stand behind a FIN', () => {
  const { capture, client, server } = new Capture().midstream();
  server.send(applicationData());
  const frame = client.reset();
  expect(only(capture.packets).close.client).toMatchObject({ state: 'unknown', end: null, frame });
});

function connection(speak: (link: Link) => void, side: 'client' | 'server' | 'both', options?: ReadOptions) {
  const capture = new Capture();
  const link = capture.connect();
  speak(link);
  const packets = side === 'both' ? capture.packets : capture.packets.filter((packet) => packet.from === link[side].self);
  return only(packets, options);
}

/** The second ClientHello follows ChangeCipherSpec, as RFC 8446 D.4 allows. */
function retriedHandshake({ client, server }: Link): void {
  const keyShare = extension(51, `0024 001d 0020 ${'ab'.repeat(32)}`);
  client.send(flight(clientHello({ sessionId: id('c1'), tls13: true })));
  server.send(flight(serverHello({ sessionId: id('c1'), tls13: true, random: HELLO_RETRY_RANDOM })), changeCipherSpec);
  client.send(changeCipherSpec, flight(clientHello({ sessionId: id('c1'), tls13: true, extensions: [keyShare] })));
  server.send(flight(serverHello({ sessionId: id('c1'), tls13: true })), applicationData(800));
  client.send(applicationData(53), applicationData(200));
}

describe('the half of the client', () => {
  const cases: [string, (link: Link) => void, object][] = [
    [
      'shows a full handshake by its ClientKeyExchange',
      (link) => [fullHandshake(link), exchange(link)],
      { handshake: 'full', version: 'TLSv1.2', cipherSuite: null, resumption: 'not-offered', issued: { sessionId: null } },
    ],
    [
      'shows an abbreviated handshake by the want of one',
      (link) => [abbreviatedHandshake(link, id('a1')), exchange(link)],
      { handshake: 'resumed', version: 'TLSv1.2', resumption: 'resumed', resumedBy: 'session-id', offered: { sessionId: id('a1') } },
    ],
    [
      'shows a decline in the same way',
      (link) => [fullHandshake(link, id('b2'), { sessionId: id('a1') }), exchange(link)],
      { handshake: 'full', resumption: 'declined', cause: 'unknown-session', issued: { sessionId: null }, frames: { serverHello: null } },
    ],
    [
      'tells TLS 1.2 from 1.3 where both are offered',
      (link) => [abbreviatedHandshake(link, id('a1'), { tls13: true, ticket: '7469636b' }), exchange(link)],
      { handshake: 'resumed', version: 'TLSv1.2', resumedBy: 'ticket' },
    ],
    [
      'tells the version by its records',
      ({ client, server }) => {
        client.send(flight(clientHello({ version: 0x0302 })));
        server.send(flight(serverHello({ version: 0x0302 })));
        client.send(record(22, clientKeyExchange, 0x0302), record(20, Uint8Array.of(1), 0x0302), record(22, new Uint8Array(48), 0x0302));
        client.send(record(23, new Uint8Array(64), 0x0302));
      },
      { handshake: 'full', version: 'TLSv1.1' },
    ],
    ['leaves open what the server made of its Finished', (link) => fullHandshake(link), { handshake: 'unknown', version: 'TLSv1.2' }],
    [
      'shows no resumption without an offer',
      ({ client }) => client.send(flight(clientHello()), changeCipherSpec, finished, applicationData()),
      { handshake: 'unknown', resumption: 'not-offered' },
    ],
    [
      'shows nothing of it where bytes before its ChangeCipherSpec are missing',
      ({ client }) => {
        client.send(flight(clientHello({ sessionId: id('a1') })));
        client.lose(flight(clientKeyExchange));
        client.send(changeCipherSpec, finished);
        client.send(applicationData());
      },
      { handshake: 'unknown', resumption: 'unknown' },
    ],
    [
      'shows nothing of a handshake that may be of TLS 1.3, where the second ClientHello comes in short records',
      ({ client }) => {
        const hello = clientHello({ sessionId: id('c1'), tls13: true });
        client.send(flight(hello));
        client.send(changeCipherSpec, record(22, hello.subarray(0, 60)), record(22, hello.subarray(60)));
        client.send(applicationData(53), applicationData(200));
        client.fin();
      },
      { handshake: 'unknown', version: null, close: { client: { state: 'unknown' } } },
    ],
    ['shows nothing of TLS 1.3', retriedHandshake, { handshake: 'unknown', version: null, resumption: 'unknown' }],
    [
      'shows that it ended without close_notify',
      (link) => [abbreviatedHandshake(link, id('a1')), exchange(link), link.client.fin()],
      { close: { client: { state: 'unclean', closeNotify: 'absent', end: 'fin' }, first: null } },
    ],
  ];
  it.each(cases)('%s', (_, speak, expected) => {
    expect(connection(speak, 'client')).toMatchObject(expected);
  });
});

describe('the half of the server', () => {
  const cases: [string, (link: Link) => void, object][] = [
    [
      'shows a full handshake and the session issued',
      (link) => [fullHandshake(link), exchange(link)],
      { handshake: 'full', version: 'TLSv1.2', resumption: 'unknown', issued: { sessionId: id('51') } },
    ],
    [
      'shows an abbreviated handshake',
      (link) => [abbreviatedHandshake(link, id('a1')), exchange(link)],
      { handshake: 'resumed', version: 'TLSv1.2', resumption: 'resumed' },
    ],
  ];
  it.each(cases)('%s', (_, speak, expected) => {
    expect(connection(speak, 'server')).toMatchObject(expected);
  });

  it('shows a handshake that the server did not finish', () => {
    const speak = ({ client, server }: Link) => {
      client.send(flight(clientHello()));
      server.send(flight(serverHello({ sessionId: id('51') }), certificate, serverHelloDone));
      client.send(flight(clientKeyExchange), changeCipherSpec, finished);
      server.fin();
    };
    expect(connection(speak, 'server')).toMatchObject({ handshake: 'failed' });
  });

  it('shows a handshake also where it begins behind the SYN', () => {
    const capture = new Capture();
    const link = capture.connect();
    fullHandshake(link);
    exchange(link);
    closes.clean(link);
    const [, ...packets] = capture.packets.filter((packet) => packet.from === link.server.self);
    expect(only(packets)).toMatchObject({ handshake: 'full', issued: { sessionId: id('51') } });
  });

  it('says nothing of clients that do not offer what they have', () => {
    const capture = new Capture();
    const links = Array.from({ length: 6 }, (_, i) => {
      const link = capture.connect();
      fullHandshake(link, id(`a${i}`));
      exchange(link);
      closes.clean(link);
      capture.wait(1);
      return link;
    });
    const servers = new Set(links.map(({ server }) => server.self));
    const halves = capture.packets.filter((packet) => servers.has(packet.from));
    expect(analyze(capture.packets).servers[0].nonOffering).toHaveLength(1);
    expect(analyze(halves).servers[0].nonOffering).toEqual([]);
  });
});

it('an invented session ID beside a ticket that is cut off is no session', () => {
  const capture = new Capture();
  const invented = id('f0');
  for (const resumes of [true, true, false]) {
    const link = capture.connect();
    const hello = { ticket: '74'.repeat(100) };
    if (resumes) abbreviatedHandshake(link, invented, hello);
    else fullHandshake(link, id('b2'), { sessionId: invented, ...hello });
    exchange(link);
    closes.fin(link);
    capture.wait(1);
  }
  expect(analyze(capture.packets, { snapLength: 150 }).findings).toEqual([]);
});

it('a PROXY header may come behind all that the server said', () => {
  const capture = new Capture();
  const link = capture.connect();
  link.client.send(new TextEncoder().encode('PROXY TCP4 203.0.113.9 198.51.100.1 50000 443\r\n'));
  fullHandshake(link);
  exchange(link);
  const [client, server] = [link.client.self, link.server.self].map((self) => capture.packets.filter(({ from }) => from === self));
  expect(only([...server, ...client])).toMatchObject({ handshake: 'full', proxiedClient: { address: '203.0.113.9', port: 50_000 } });
});

it('an answer to STARTTLS that was lost leaves the close open', async () => {
  const { packets } = trafficOf(readFileSync(`${fixtures}starttls-smtp.pcap`));
  const analyzer = new Analyzer({ keep: 'all' });
  for (const [index, { seconds, nanoseconds, data }] of packets.entries())
    if (index !== 165 && index !== 171) analyzer.push(data, seconds, nanoseconds, 1);
  const whole = await analyzeFile(`${fixtures}starttls-smtp.pcap`, { keep: 'all' });
  const closesOf = (connections: Connection[]) => connections.map(({ close }) => close.server.closeNotify);
  const told = closesOf(analyzer.finish().connections);
  const expected = closesOf(whole.connections);
  expect(told.map((notify, i) => notify === 'unknown' || notify === expected[i])).not.toContain(false);
});

describe('a snap length', () => {
  const resumes = (link: Link) => [abbreviatedHandshake(link, id('a1')), exchange(link), link.client.fin()];
  // Ethernet, IPv4 and TCP take 54 bytes, ChangeCipherSpec 6, a record header 5.
  const cases: [string, number, (link: Link) => void, object][] = [
    [
      'of all that the client sends leaves the kind of a handshake',
      96,
      resumes,
      { handshake: 'resumed', version: 'TLSv1.2', close: { client: { closeNotify: 'absent' } } },
    ],
    ['that hides the version of the ServerHello', 64, resumes, { handshake: 'unknown', version: null }],
    [
      'leaves it to the Finished of the client',
      65,
      (link) => [fullHandshake(link), exchange(link)],
      { handshake: 'full', version: 'TLSv1.2' },
    ],
    [
      'that cuts a ticket off leaves open what was resumed',
      150,
      (link) => [abbreviatedHandshake(link, id('f0'), { ticket: '74'.repeat(100) }), exchange(link)],
      { handshake: 'resumed', resumedBy: null, offered: { sessionId: id('f0'), isCut: true } },
    ],
    [
      'that cuts the session ID off says so',
      96,
      (link) => [abbreviatedHandshake(link, id('a1')), exchange(link)],
      { offered: { sessionId: null, isCut: true }, frames: { clientHello: null } },
    ],
    ['hides a second ClientHello, and tells nothing then', 70, retriedHandshake, { handshake: 'unknown', version: null }],
  ];
  it.each(cases)('%s', (_, snapLength, speak, expected) => {
    expect(connection(speak, 'both', { snapLength })).toMatchObject(expected);
  });
});
