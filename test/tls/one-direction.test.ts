// What half of a connection tells: captures of one direction, and frames that a snap length cuts.
import { describe, expect, it } from 'vitest';
import { Capture, type Link, only, type ReadOptions } from '../support/packets.js';
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
      'does not show what became of an offer after which the handshake was full',
      (link) => [fullHandshake(link, id('b2'), { sessionId: id('a1') }), exchange(link)],
      { handshake: 'full', resumption: 'unknown' },
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
    ['hides a second ClientHello, and tells nothing then', 70, retriedHandshake, { handshake: 'unknown', version: null }],
  ];
  it.each(cases)('%s', (_, snapLength, speak, expected) => {
    expect(connection(speak, 'both', { snapLength })).toMatchObject(expected);
  });
});
