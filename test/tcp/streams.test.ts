import { describe, expect, it } from 'vitest';
import { TcpFlag } from '../../src/wire/tcp.js';
import { analyze, Capture, type Link, type Packet, warningsOf } from '../support/packets.js';
import { clientHello, exchange, flight, fullHandshake } from '../tls/messages.js';

const { ACK } = TcpFlag;

const PORTS = { client: '192.0.2.1:40001', server: '198.51.100.1:443' };

/** `stream: first frame-last frame` of each TLS connection, and the number of all connections. */
function streamsOf(packets: readonly Packet[]): string {
  const { connections, totals } = analyze(packets);
  return [...connections.map(({ stream, frames }) => `${stream}: ${frames.first}-${frames.last}`), `of ${totals.tcpConnections}`].join(
    ', ',
  );
}

function close({ client, server }: Link): void {
  client.fin();
  server.fin();
  client.acknowledge();
}

describe('stream numbers', () => {
  it('count connections from 0, whatever they carry', () => {
    const capture = new Capture();
    const plain = capture.connect();
    plain.client.send(new TextEncoder().encode('GET / HTTP/1.1\r\n'));
    fullHandshake(capture.connect());
    capture.link().client.syn();
    fullHandshake(capture.connect());
    expect(streamsOf(capture.packets)).toBe('1: 5-11, 3: 13-19, of 4');
  });

  it('do not tell the directions apart', () => {
    const capture = new Capture();
    const link = capture.connect();
    fullHandshake(link);
    close(link);
    expect(streamsOf(capture.packets)).toBe('0: 1-10, of 1');
  });

  it('are one for the same ports at other addresses', () => {
    const capture = new Capture();
    for (const client of ['192.0.2.1', '192.0.2.2', '[2001:db8::1]', '[2001:db8::2]']) {
      const server = client.startsWith('[') ? '[2001:db8::443]:443' : PORTS.server;
      fullHandshake(capture.connect({ client: `${client}:40001`, server }));
    }
    expect(streamsOf(capture.packets)).toBe('0: 1-7, 1: 8-14, 2: 15-21, 3: 22-28, of 4');
  });

  it('go up with a second SYN on the same ports', () => {
    const capture = new Capture();
    const first = capture.connect(PORTS);
    fullHandshake(first);
    close(first);
    fullHandshake(capture.connect({ ...PORTS, clientIsn: 9_000_000, serverIsn: 5_000 }));
    expect(streamsOf(capture.packets)).toBe('0: 1-10, 1: 11-17, of 2');
  });

  it('go up with a second SYN even where the first connection never ended', () => {
    const capture = new Capture();
    fullHandshake(capture.connect(PORTS));
    fullHandshake(capture.connect({ ...PORTS, clientIsn: 9_000_000 }));
    expect(streamsOf(capture.packets)).toBe('0: 1-7, 1: 8-14, of 2');
  });

  it('stay with a SYN that is sent again', () => {
    const capture = new Capture();
    const link = capture.link(PORTS);
    const { client, server } = link;
    client.syn();
    client.next--;
    client.syn();
    server.syn(ACK);
    server.next--;
    server.syn(ACK);
    client.acknowledge();
    fullHandshake(link);
    expect(streamsOf(capture.packets)).toBe('0: 1-9, of 1');
  });

  it('go up with a SYN after a refusal', () => {
    const capture = new Capture();
    const refused = capture.link({ ...PORTS, clientIsn: 50 });
    refused.client.syn();
    refused.server.reset();
    fullHandshake(capture.connect(PORTS));
    expect(streamsOf(capture.packets)).toBe('1: 3-9, of 2');
  });

  it('stay with the same SYN after a refusal', () => {
    const capture = new Capture();
    const refused = capture.link(PORTS);
    refused.client.syn();
    refused.server.reset();
    fullHandshake(capture.connect(PORTS));
    expect(analyze(capture.packets).totals.tcpConnections).toBe(1);
  });

  it('stay with packets before the SYN in the file', () => {
    const capture = new Capture();
    fullHandshake(capture.connect(PORTS));
    const [syn, ...others] = capture.packets;
    expect(streamsOf([others[0], syn, ...others.slice(1)])).toBe('0: 1-7, of 1');
    // The SYN behind the ClientHello.
    expect(streamsOf([...others.slice(0, 3), syn, ...others.slice(3)])).toBe('0: 1-7, of 1');
  });

  it('go up with a SYN of an earlier time whose number is another', () => {
    const capture = new Capture();
    const first = capture.midstream(PORTS);
    exchange(first);
    close(first);
    const ended = capture.packets.length;
    const second = capture.connect({ ...PORTS, clientIsn: 0x4000_0000, serverIsn: 0x5000_0000 });
    fullHandshake(second);
    const packets = capture.packets.map((packet, i) => (i < ended ? { ...packet, at: packet.at + 5000 } : packet));
    expect(streamsOf(packets)).toMatch(/of 2$/);
    expect(analyze(packets).connections.map(({ handshake }) => handshake)).toContain('full');
  });

  it('stay with what comes late, after the connection was told of', () => {
    const capture = new Capture();
    const link = capture.connect(PORTS);
    fullHandshake(link);
    close(link);
    capture.wait(60);
    fullHandshake(capture.connect());
    link.client.acknowledge();
    expect(streamsOf(capture.packets)).toBe('0: 1-10, 1: 11-17, of 2');
  });

  it('go up with a RST alone, which is no TLS connection', () => {
    const capture = new Capture();
    capture.midstream().client.reset();
    expect(streamsOf(capture.packets)).toBe('of 1');
  });

  it('tell connections of a side with itself', () => {
    const capture = new Capture();
    fullHandshake(capture.connect({ client: '192.0.2.1:50000', server: '192.0.2.1:443' }));
    fullHandshake(capture.connect({ client: '192.0.2.1:443', server: '192.0.2.1:443' }));
    expect(analyze(capture.packets).totals.tcpConnections).toBe(2);
  });

  it('are right when only so many connections are remembered, as long as none comes back', () => {
    const capture = new Capture();
    for (let i = 0; i < 20; i++) {
      const link = capture.connect();
      fullHandshake(link);
      close(link);
    }
    const report = analyze(capture.packets, { limits: { flows: 4 } });
    expect(report.connections.map((c) => c.stream)).toEqual([...Array(20).keys()]);
    expect(report.connections.every((c) => c.handshake === 'full')).toBe(true);
    expect(warningsOf(report)).toEqual(['flow-limit']);
  });

  it('do not come from a hello that is sent to nobody', () => {
    const capture = new Capture();
    const { client } = capture.link();
    client.syn();
    client.send(flight(clientHello()));
    const { connections } = analyze(capture.packets);
    expect(connections).toMatchObject([{ stream: 0, handshake: 'unknown', resumption: 'not-offered' }]);
  });
});
