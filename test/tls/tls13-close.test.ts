// Closes of TLS 1.3 without keys: alerts look like application data (RFC 8446 5.2, 6.1).
import { describe, expect, it } from 'vitest';
import { Capture, type Link, only } from '../support/packets.js';
import { closeText } from './close-text.js';
import { alert, applicationData, changeCipherSpec, clientHello, exchange, flight, serverHello } from './messages.js';

const AES_128_GCM = 0x1301;
const AES_128_CCM_8 = 0x1305;

/** An alert: 2 bytes, the hidden content type, the tag. */
const closeNotify = applicationData(19);
const ccm8CloseNotify = applicationData(11);
/** What JSSE sends: the same with 16 bytes of padding. */
const padded = applicationData(35);

function handshake({ client, server }: Link, cipherSuite = AES_128_GCM): void {
  client.send(flight(clientHello({ tls13: true })));
  server.send(flight(serverHello({ tls13: true, cipherSuite })), changeCipherSpec, applicationData(900));
  client.send(changeCipherSpec, applicationData(cipherSuite === AES_128_CCM_8 ? 45 : 53));
}

function closeAfter(speak: (link: Link) => void, cipherSuite = AES_128_GCM): string {
  const capture = new Capture();
  const link = capture.connect();
  handshake(link, cipherSuite);
  exchange(link);
  speak(link);
  return closeText(only(capture.packets));
}

describe('a TLS 1.3 connection without keys', () => {
  const cases: [name: string, speak: (link: Link) => void, expected: string][] = [
    [
      'closed by both with close_notify',
      ({ client, server }) => [client.fin(closeNotify), server.acknowledge(), server.fin(closeNotify), client.acknowledge()],
      'clean fin inferred | clean fin inferred | first client',
    ],
    [
      'closed without close_notify',
      ({ client, server }) => [client.fin(), server.fin()],
      'unclean fin absent | unclean fin absent | first client',
    ],
    ['reset without close_notify', ({ client }) => [client.reset()], 'unclean rst absent | open - unknown | first client'],
    [
      'reset behind close_notify',
      ({ client }) => [client.send(closeNotify), client.reset()],
      'reset-race rst inferred | open - unknown | first client',
    ],
    [
      'that goes on after a record as short as an alert',
      ({ client, server }) => [client.send(closeNotify), client.fin(applicationData(80)), server.fin()],
      'unclean fin absent | unclean fin absent | first client',
    ],
    [
      'whose last record is one byte longer than an alert',
      ({ client, server }) => [client.fin(applicationData(20)), server.fin()],
      'unclean fin absent | unclean fin absent | first client',
    ],
    [
      'whose server answers a bare FIN with an alert: most likely a fatal one',
      ({ client, server }) => [client.fin(), server.acknowledge(), server.fin(closeNotify)],
      'unclean fin absent | unknown fin unknown | first client',
    ],
    [
      'whose server says what may be close_notify or fatal, answered by a bare FIN',
      ({ client, server }) => [server.fin(closeNotify), client.fin(), server.acknowledge()],
      'unclean fin absent | unknown fin unknown | first server',
    ],
    [
      'whose client ends with what may be a padded alert',
      ({ client, server }) => [client.fin(padded), server.fin()],
      'unknown fin unknown | unclean fin absent | first client',
    ],
    [
      'whose server answers close_notify with a padded alert',
      ({ client, server }) => [client.send(closeNotify), server.acknowledge(), server.fin(padded), client.fin(), server.acknowledge()],
      'clean fin inferred | clean fin inferred | first client',
    ],
    [
      'whose server ends with what may be a padded alert, before the client',
      ({ client, server }) => [server.fin(padded), client.acknowledge(), client.fin(closeNotify), server.acknowledge()],
      'unknown fin unknown | unknown fin unknown | first server',
    ],
    [
      'whose client sends records as short as alerts all the time',
      ({ client, server }) => [
        client.send(closeNotify),
        server.send(applicationData(40)),
        client.send(closeNotify),
        client.fin(),
        server.fin(),
      ],
      'unknown fin unknown | unclean fin absent | first client',
    ],
    [
      'whose client got an answer to what may be an alert by its size',
      ({ client, server }) => [
        client.send(closeNotify),
        server.send(applicationData(300)),
        client.acknowledge(),
        client.fin(),
        server.fin(),
      ],
      'unknown fin unknown | unclean fin absent | first client',
    ],
    [
      'whose client sent another record behind one as short as an alert, of which the end is lost',
      ({ client, server }) => [
        client.send(closeNotify),
        client.send(applicationData(200).subarray(0, 50)),
        client.lose(new Uint8Array(500)),
        client.fin(closeNotify),
        server.fin(),
      ],
      'unknown fin unknown | unclean fin absent | first client',
    ],
    [
      'whose client sent nothing that was seen between two records as short as an alert',
      ({ client, server }) => [client.send(closeNotify), client.lose(new Uint8Array(500)), client.fin(closeNotify), server.fin()],
      'clean fin inferred | unclean fin absent | first client',
    ],
    [
      'whose client sent bytes that the capture lacks',
      ({ client, server }) => [client.lose(applicationData(200)), client.fin(), server.fin()],
      'unknown fin unknown | unclean fin absent | first client',
    ],
  ];
  it.each(cases)('%s', (_, speak, expected) => expect(closeAfter(speak)).toBe(expected));

  it('whose ServerHello stands in the file behind what the client sent later', () => {
    const capture = new Capture();
    const link = capture.connect();
    handshake(link);
    exchange(link);
    link.client.fin(closeNotify);
    link.server.fin(closeNotify);
    const server = capture.packets.filter((packet) => packet.from.port === 443);
    const client = capture.packets.filter((packet) => packet.from.port !== 443);
    expect(closeText(only([...client, ...server]))).toMatch(/^clean fin inferred/);
  });

  it.each([
    ['11 bytes with CCM_8', ccm8CloseNotify, 'clean fin inferred'],
    ['19 bytes with CCM_8 are data', closeNotify, 'unclean fin absent'],
  ])('%s', (_, last, expected) => {
    const text = closeAfter(({ client, server }) => [client.fin(last), server.fin()], AES_128_CCM_8);
    expect(text.split(' | ')[0]).toBe(expected);
  });

  it.each([
    [
      'an alert in clear instead of the ServerHello',
      ({ client, server }: Link) => [client.send(flight(clientHello({ tls13: true }))), server.fin(alert('fatal', 'handshake_failure'))],
      'failed',
    ],
    [
      "a protected alert instead of the client's Finished",
      ({ client, server }: Link) => {
        client.send(flight(clientHello({ tls13: true })));
        server.send(flight(serverHello({ tls13: true, cipherSuite: AES_128_GCM })), changeCipherSpec, applicationData(900));
        client.fin(changeCipherSpec, closeNotify);
        server.fin();
      },
      'failed',
    ],
  ] as [string, (link: Link) => void, string][])('%s: no handshake', (_, speak, expected) => {
    const capture = new Capture();
    speak(capture.connect());
    expect(only(capture.packets).handshake).toBe(expected);
  });
});
