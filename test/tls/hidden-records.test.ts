// Records that do not look like what they are: padded, protected, or behind what is protected.
import { describe, expect, it } from 'vitest';
import { Capture, type Link, only } from '../support/packets.js';
import { closeText } from './close-text.js';
import {
  applicationData,
  changeCipherSpec,
  clientHello,
  exchange,
  extension,
  flight,
  fullHandshake,
  HELLO_RETRY_RANDOM,
  protectedAlert,
  record,
  serverHello,
} from './messages.js';

describe('padded records of TLS 1.3', () => {
  /** By the sizes of their records: the handshake of the server, the Finished of the client, and last what each side says before its FIN. */
  function closeOf(server: number[], client: number, last: number): string {
    const capture = new Capture();
    const link = capture.connect();
    link.client.send(flight(clientHello({ tls13: true })));
    link.server.send(flight(serverHello({ tls13: true, cipherSuite: 0x1302 })), changeCipherSpec, ...server.map(applicationData));
    link.client.send(changeCipherSpec, applicationData(client));
    link.server.send(applicationData(272));
    link.client.send(applicationData(last));
    link.client.fin();
    link.server.send(applicationData(last));
    link.server.fin();
    return closeText(only(capture.packets));
  }

  it('hide whether close_notify was said (sizes of openssl -record_padding 64)', () => {
    expect(closeOf([80, 848, 336, 80], 80, 80)).toBe('unknown fin unknown | unknown fin unknown | first -');
  });

  it('are none where one record is not padded', () => {
    expect(closeOf([80, 848, 336, 69], 69, 80)).toBe('unclean fin absent | unclean fin absent | first client');
  });
});

describe('the encrypted ChangeCipherSpec of a renegotiation', () => {
  const encrypted = record(20, new Uint8Array(25));
  const handshake = (lengthBytes: number) => record(22, new Uint8Array(lengthBytes));

  it.each<[string, (link: Link) => void, string]>([
    [
      'a clean end',
      ({ client, server }) => {
        client.send(protectedAlert);
        client.fin();
        server.fin(protectedAlert);
      },
      'clean fin inferred | clean fin inferred | first client',
    ],
    [
      'a bare end',
      ({ client, server }) => {
        client.fin();
        server.fin();
      },
      'unclean fin absent | unclean fin absent | first client',
    ],
  ])('does not hide %s', (_, end, expected) => {
    const capture = new Capture();
    const link = capture.connect();
    fullHandshake(link);
    exchange(link);
    link.client.send(handshake(200));
    link.server.send(handshake(1000));
    link.client.send(handshake(90), encrypted, handshake(40));
    link.server.send(encrypted, handshake(40));
    end(link);
    expect(closeText(only(capture.packets))).toBe(expected);
  });

  it('is none before that in clear', () => {
    const capture = new Capture();
    const link = capture.connect();
    link.client.send(flight(clientHello({})));
    link.server.send(flight(serverHello({})));
    link.client.send(encrypted);
    link.client.fin();
    expect(closeText(only(capture.packets))).toMatch(/^unknown/);
  });
});

describe('a second ClientHello', () => {
  it('is read behind early data', () => {
    const capture = new Capture();
    const link = capture.connect();
    const early = clientHello({ tls13: true, psk: ['aabb', 'ccdd'], extensions: [extension(42, '')] });
    link.client.send(flight(early), changeCipherSpec, applicationData(100));
    link.server.send(flight(serverHello({ tls13: true, random: HELLO_RETRY_RANDOM })), changeCipherSpec);
    const second = link.client.send(flight(clientHello({ tls13: true, psk: ['ccdd'] })));
    link.server.send(flight(serverHello({ tls13: true, cipherSuite: 0x1301 })), applicationData(1000));
    link.client.send(applicationData(53));
    exchange(link);
    link.client.fin();
    const { frames, offered, resumption } = only(capture.packets);
    expect([frames.clientHello, offered.psk.length, resumption]).toEqual([second, 1, 'declined']);
  });
});
