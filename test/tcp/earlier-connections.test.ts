// Ports that were used before: what comes before the handshake of TCP belongs to another connection (RFC 9293 3.10.7.3).
import { describe, expect, it } from 'vitest';
import { TcpFlag } from '../../src/wire/tcp.js';
import { Capture, type Link, only } from '../support/packets.js';
import { closeText } from '../tls/close-text.js';
import { exchange, fullHandshake, protectedAlert } from '../tls/messages.js';

const { ACK, FIN, RST, SYN } = TcpFlag;

function establish({ client, server }: Link): void {
  client.syn();
  server.syn(ACK);
  client.acknowledge();
}

const ENDS: [name: string, end: (link: Link) => void, expected: string][] = [
  [
    'clean',
    ({ client, server }) => {
      client.send(protectedAlert);
      server.acknowledge();
      client.fin();
      server.fin(protectedAlert);
      client.acknowledge();
    },
    'clean fin inferred | clean fin inferred | first client',
  ],
  [
    'bare',
    ({ client, server }) => {
      client.fin();
      server.fin();
      client.acknowledge();
    },
    'unclean fin absent | unclean fin absent | first client',
  ],
  [
    'a reset that races',
    ({ client }) => {
      client.send(protectedAlert);
      client.reset();
    },
    'reset-race rst inferred | open - unknown | first client',
  ],
];

describe.each(ENDS)('an end, %s, is told as it is', (_, end, expected) => {
  it('after a SYN, the challenge ACK of the connection before, its RST, and the SYN again', () => {
    const capture = new Capture();
    const link = capture.link();
    link.client.emit(SYN);
    link.server.emit(ACK, undefined, { sequence: 9_000_000, acknowledgment: 5_000_000 });
    link.client.emit(RST, undefined, { sequence: 5_000_000 });
    capture.wait(1);
    establish(link);
    fullHandshake(link);
    exchange(link);
    end(link);
    const connection = only(capture.packets);
    expect([closeText(connection), connection.quality.missingBytes]).toEqual([expected, 0]);
  });

  it('after a FIN of the connection before', () => {
    const capture = new Capture();
    const link = capture.link();
    link.client.emit(SYN);
    link.server.emit(FIN | ACK, undefined, { sequence: 100, acknowledgment: 500 });
    link.client.emit(RST, undefined, { sequence: 500 });
    capture.wait(1);
    establish(link);
    fullHandshake(link);
    exchange(link);
    end(link);
    expect(closeText(only(capture.packets))).toBe(expected);
  });

  it('after a SYN that was refused, and the same SYN again; long after that as well', () => {
    const capture = new Capture();
    const link = capture.link();
    link.client.emit(SYN);
    link.server.emit(RST | ACK, undefined, { sequence: 0 });
    capture.wait(0.5);
    establish(link);
    fullHandshake(link);
    exchange(link);
    capture.wait(2);
    exchange(link);
    end(link);
    expect(closeText(only(capture.packets))).toBe(expected);
  });

  it('long after a RST that its side goes on after', () => {
    const capture = new Capture();
    const link = capture.connect();
    fullHandshake(link);
    exchange(link);
    link.server.reset();
    exchange(link);
    capture.wait(2);
    exchange(link);
    end(link);
    expect(closeText(only(capture.packets))).toBe(expected);
  });
});
