import { describe, expect, it } from 'vitest';
import { Capture, type Link, only } from '../support/packets.js';
import {
  certificate,
  changeCipherSpec,
  clientHello,
  clientKeyExchange,
  exchange,
  finished,
  flight,
  id,
  record,
  serverHello,
  serverHelloDone,
} from './messages.js';

const text = (line: string) => new TextEncoder().encode(line);
const hello = clientHello({ sessionId: id('a1'), serverName: 'lab.example' });
/** RFC 5246 E.1: its record may have a version below that of the ServerHello's. */
const TLS10 = 0x0301;

/** A declined offer; what was said before it is missing from the capture. */
function handshake({ client, server }: Link): number {
  const frame = client.send(record(22, hello, TLS10));
  server.send(flight(serverHello({ sessionId: id('51') }), certificate, serverHelloDone));
  client.send(flight(clientKeyExchange), changeCipherSpec, finished);
  server.send(changeCipherSpec, finished);
  return frame;
}

describe('a ClientHello behind lost bytes is read', () => {
  it.each<[string, (link: Link) => void]>([
    ['a PROXY header', ({ client }) => client.lose(text('PROXY TCP4 192.0.2.9 198.51.100.1 4711 443\r\n'))],
    [
      'a PROXY header that was acknowledged',
      ({ client, server }) => {
        client.lose(text('PROXY TCP4 192.0.2.9 198.51.100.1 4711 443\r\n'));
        server.acknowledge();
      },
    ],
    [
      'the beginning of an SMTP dialogue',
      ({ client, server }) => {
        server.lose(text('220 lab.example ESMTP\r\n'));
        client.lose(text('EHLO lab.example\r\n'));
        server.send(text('250-lab.example\r\n250 STARTTLS\r\n'));
        client.send(text('STARTTLS\r\n'));
        server.send(text('220 go ahead\r\n'));
      },
    ],
    [
      'the request for TLS',
      ({ client, server }) => {
        server.send(text('220 lab.example ESMTP\r\n'));
        client.send(text('EHLO lab.example\r\n'));
        server.send(text('250-lab.example\r\n250 STARTTLS\r\n'));
        client.lose(text('STARTTLS\r\n'));
        server.send(text('220 go ahead\r\n'));
      },
    ],
  ])('%s', (_, before) => {
    const capture = new Capture();
    const link = capture.connect();
    before(link);
    const frame = handshake(link);
    exchange(link);
    expect(only(capture.packets)).toMatchObject({
      frames: { clientHello: frame, serverHello: frame + 1 },
      serverName: 'lab.example',
      offered: { sessionId: id('a1') },
      issued: { sessionId: id('51') },
      resumption: 'declined',
    });
  });
});

it('a ServerHello is read where the request for TLS and the ClientHello are lost', () => {
  const capture = new Capture();
  const { client, server } = capture.connect();
  server.send(text('220 lab.example ESMTP\r\n'));
  client.send(text('EHLO lab.example\r\n'));
  server.send(text('250-lab.example\r\n250 STARTTLS\r\n'));
  client.lose(text('STARTTLS\r\n'));
  server.send(text('220 go ahead\r\n'));
  client.lose(record(22, hello, TLS10));
  const frame = server.send(flight(serverHello({ sessionId: id('51') }), certificate, serverHelloDone));
  client.send(flight(clientKeyExchange), changeCipherSpec, finished);
  expect(only(capture.packets)).toMatchObject({ frames: { clientHello: null, serverHello: frame }, version: 'TLSv1.2' });
});

it('a ServerHello is read where each answer of an SMTP server comes before its request', () => {
  const capture = new Capture();
  const { client, server } = capture.connect();
  server.send(text('220 lab.example ESMTP\r\n'));
  client.send(text('EHLO lab.example\r\n'));
  server.send(text('250-lab.example\r\n250 STARTTLS\r\n'));
  client.send(text('STARTTLS\r\n'));
  server.send(text('220 go ahead\r\n'));
  const frame = client.send(record(22, hello, TLS10));
  server.send(flight(serverHello({ sessionId: id('51') }), certificate, serverHelloDone));
  const { packets } = capture;
  for (const request of [frame - 2, frame]) packets.splice(request - 1, 2, packets[request], packets[request - 1]);
  expect(only(packets)).toMatchObject({ frames: { clientHello: frame + 1, serverHello: frame }, serverName: 'lab.example' });
});
