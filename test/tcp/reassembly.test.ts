import { describe, expect, it } from 'vitest';
import { TcpFlag } from '../../src/wire/tcp.js';
import { analyze, Capture, concat, type Link, only, type Packet, warningsOf } from '../support/packets.js';
import {
  applicationData,
  certificate,
  changeCipherSpec,
  clientHello,
  clientKeyExchange,
  finished,
  flight,
  fullHandshake,
  id,
  protectedAlert,
  serverHello,
  serverHelloDone,
} from '../tls/messages.js';

const { ACK, FIN, SYN } = TcpFlag;

/** What must come out whatever the packets look like. */
const WHOLE = {
  handshake: 'full',
  serverName: 'a.example',
  issued: { sessionId: id('51') },
  close: { client: { state: 'clean', end: 'fin' }, server: { state: 'unclean', end: 'fin' }, first: 'client' },
  quality: { startedMidstream: false, missingBytes: 0, truncatedFrames: 0 },
};

function conversation(clientIsn = 1_000, serverIsn = 700_000): Packet[] {
  const capture = new Capture();
  const link = capture.connect({ clientIsn, serverIsn });
  fullHandshake(link, id('51'), { serverName: 'a.example' });
  link.client.send(applicationData(500));
  link.server.send(applicationData(3000));
  link.client.acknowledge();
  link.client.send(protectedAlert);
  link.server.acknowledge();
  link.client.fin();
  link.server.fin();
  link.client.acknowledge();
  return capture.packets;
}

/** The packets with the payload of number `frame` in two segments. */
function split(packets: Packet[], frame: number, at: number): Packet[] {
  const packet = packets[frame - 1];
  const first = { ...packet, payload: packet.payload.subarray(0, at), flags: packet.flags & ~FIN };
  const second = { ...packet, payload: packet.payload.subarray(at), sequence: packet.sequence + at };
  return packets.toSpliced(frame - 1, 1, first, second);
}

function swapped(packets: Packet[], a: number, b: number): Packet[] {
  return packets.with(a - 1, packets[b - 1]).with(b - 1, packets[a - 1]);
}

// Frames: 1-3 SYN, 4 ClientHello, 5 ServerHello, 6 the client's last flight, 7 the server's, 8 request, 9 response, 10 ACK,
// 11 close_notify, 12 ACK, 13 FIN, 14 FIN, 15 ACK.
describe('payload', () => {
  const packets = conversation();
  const cases: [string, Packet[]][] = [
    ['in order', packets],
    ['with the ClientHello in two segments', split(packets, 4, 30)],
    ['with the record header in two segments', split(packets, 4, 3)],
    ['out of order within a flight', swapped(split(packets, 5, 50), 5, 6)],
    ['with the second half of the ClientHello first', swapped(split(packets, 4, 30), 4, 5)],
    ['sent again', [...packets.slice(0, 5), packets[3], packets[4], ...packets.slice(5)]],
    ['sent again after the close', [...packets, packets[3], packets[7]]],
    [
      'sent again in one segment with what follows',
      [...packets.slice(0, 8), { ...packets[5], payload: concat([packets[5].payload, packets[7].payload]) }, ...packets.slice(8)],
    ],
    ['with a keep-alive', packets.toSpliced(10, 0, { ...packets[9], sequence: packets[9].sequence - 1, payload: Uint8Array.of(0) })],
    ['with an empty keep-alive', packets.toSpliced(10, 0, { ...packets[9], sequence: packets[9].sequence - 1 })],
    ['with a FIN that overtakes close_notify', swapped(packets, 11, 13)],
    ['with a FIN that carries close_notify', [...packets.slice(0, 10), { ...packets[10], flags: FIN | ACK }, ...packets.slice(13)]],
    ['with a FIN that is sent again', [...packets, packets[12], packets[13]]],
    ["over the wrap of the client's numbers", conversation(0xffffffff - 100)],
    ["over the wrap of the server's numbers", conversation(5, 0xffffffff - 150)],
    ['over the wrap out of order', swapped(split(conversation(5, 0xffffffff - 30), 5, 50), 5, 6)],
    ['over the change of sign', conversation(0x7fffffff - 60, 0x7fffffff - 130)],
  ];
  it.each(cases)('%s', (_, given) => {
    expect(only(given)).toMatchObject(WHOLE);
  });

  it('byte by byte', () => {
    let given = packets;
    for (let frame = packets.length; frame >= 1; frame--) {
      const { payload } = packets[frame - 1];
      if (payload.length > 600) continue;
      for (let at = payload.length - 1; at > 0; at--) given = split(given, frame, at);
    }
    expect(given.length).toBeGreaterThan(900);
    expect(only(given)).toMatchObject(WHOLE);
  });

  it('in the SYN', () => {
    const capture = new Capture();
    const { client, server } = capture.link();
    const hello = flight(clientHello({ serverName: 'a.example' }));
    client.emit(SYN, hello);
    client.next += 1 + hello.length;
    server.syn(ACK);
    server.send(flight(serverHello({ sessionId: id('51') }), certificate, serverHelloDone));
    client.send(flight(clientKeyExchange), changeCipherSpec, finished);
    server.send(changeCipherSpec, finished);
    expect(only(capture.packets)).toMatchObject({ handshake: 'full', serverName: 'a.example', frames: { clientHello: 1, serverHello: 3 } });
  });

  it('in the SYN that the server did not take, so that it is sent again', () => {
    const capture = new Capture();
    const { client, server } = capture.link();
    const hello = flight(clientHello({ serverName: 'a.example' }));
    client.emit(SYN, hello);
    client.next += 1;
    server.syn(ACK);
    client.send(hello);
    server.send(flight(serverHello({ sessionId: id('51') }), certificate, serverHelloDone));
    expect(only(capture.packets)).toMatchObject({ serverName: 'a.example', quality: { missingBytes: 0 } });
  });

  it('longer than any MTU', () => {
    const capture = new Capture();
    const link = capture.connect();
    fullHandshake(link);
    link.server.send(applicationData(16_000), applicationData(16_000), applicationData(16_000), applicationData(17_000));
    link.server.fin(protectedAlert);
    expect(only(capture.packets)).toMatchObject({ alerts: [{ from: 'server', encrypted: true }], quality: { missingBytes: 0 } });
  });
});

describe('bytes that come twice and differ', () => {
  const honest = flight(clientHello({ sessionId: id('a1') }));
  const forged = flight(clientHello({ sessionId: id('ee') }));

  function offered(send: (link: Link) => void): string | null {
    const capture = new Capture();
    const link = capture.connect();
    send(link);
    link.client.next += honest.length;
    link.server.send(flight(serverHello({ sessionId: id('51') }), certificate, serverHelloDone));
    return only(capture.packets).offered.sessionId;
  }

  it('are those that came first, in order', () => {
    const send = ({ client }: Link) => {
      client.emit(ACK, honest);
      client.emit(ACK, forged);
    };
    expect(offered(send)).toBe(id('a1'));
  });

  it('are those that came first, out of order', () => {
    const send = ({ client }: Link) => {
      for (const hello of [honest, forged]) client.emit(ACK, hello.subarray(20), { sequence: client.next + 20 });
      client.emit(ACK, honest.subarray(0, 20));
    };
    expect(offered(send)).toBe(id('a1'));
  });

  it('are those that came first, where a longer segment fills the hole before them', () => {
    const send = ({ client }: Link) => {
      client.emit(ACK, honest.subarray(20), { sequence: client.next + 20 });
      client.emit(ACK, concat([honest.subarray(0, 20), forged.subarray(20)]));
    };
    expect(offered(send)).toBe(id('a1'));
  });
});

describe('lost segments', () => {
  function withLoss(lose: (link: Link) => void, then: (link: Link) => void = () => {}) {
    const capture = new Capture();
    const link = capture.connect();
    fullHandshake(link);
    lose(link);
    then(link);
    return only(capture.packets);
  }

  it('are counted', () => {
    const connection = withLoss(
      ({ server }) => server.lose(applicationData(1000)),
      ({ server }) => server.send(applicationData(10)),
    );
    expect(connection.quality).toMatchObject({ missingBytes: 1005 });
  });

  it('before the end are counted', () => {
    const connection = withLoss(
      ({ client }) => client.lose(applicationData(300)),
      ({ client }) => client.fin(),
    );
    expect(connection.quality).toMatchObject({ missingBytes: 305 });
    expect(connection.close.client).toMatchObject({ state: 'unknown', closeNotify: 'unknown', end: 'fin' });
  });

  it('within a record do not lose the borders of records', () => {
    const record = applicationData(3000);
    const connection = withLoss(
      ({ server }) => {
        server.send(record.subarray(0, 1000));
        server.lose(record.subarray(1000, 2000));
        server.send(record.subarray(2000), protectedAlert);
        server.fin();
      },
      ({ client }) => client.send(protectedAlert),
    );
    expect(connection.alerts).toMatchObject([{ from: 'server', encrypted: true }, { from: 'client' }]);
    expect(connection.quality).toMatchObject({ missingBytes: 1000 });
    expect(connection.close.server).toMatchObject({ closeNotify: 'inferred', state: 'clean' });
  });

  it('with a record header are made good at the next payload that begins with one', () => {
    const connection = withLoss(
      ({ client }) => {
        client.send(applicationData(50).subarray(0, 20));
        client.lose(new Uint8Array(2000));
        client.send(applicationData(60));
        client.send(protectedAlert);
      },
      ({ client }) => client.fin(),
    );
    expect(connection.close.client).toMatchObject({ closeNotify: 'inferred', state: 'clean' });
  });

  it('that the other side acknowledged are given up after enough segments', () => {
    const connection = withLoss(
      ({ client }) => client.lose(applicationData(100)),
      ({ client, server }) => {
        for (let i = 0; i < 40; i++) {
          client.send(applicationData(100));
          server.acknowledge();
        }
      },
    );
    expect(connection.quality).toMatchObject({ missingBytes: 105 });
  });
});

describe('the queues', () => {
  /** A hole and `count` records behind it, on so many connections. */
  function withHoles(connections: number, count: number): Packet[] {
    const capture = new Capture();
    for (let i = 0; i < connections; i++) {
      const link = capture.connect();
      fullHandshake(link);
      link.client.lose(applicationData(20));
      for (let n = 0; n < count; n++) link.client.send(applicationData(1000));
      link.client.fin(protectedAlert);
    }
    return capture.packets;
  }

  it.each([
    ['of one direction', 1, { outOfOrderBytes: 3000 }],
    ['of all connections', 5, { totalOutOfOrderBytes: 5000 }],
    ['of no size', 2, { outOfOrderBytes: 0, totalOutOfOrderBytes: 0 }],
  ])('%s have a limit, and the rest is right', (_, connections, limits) => {
    const report = analyze(withHoles(connections, 10), { limits });
    expect(warningsOf(report)).toEqual(['out-of-order-limit']);
    for (const connection of report.connections) {
      expect(connection).toMatchObject({ handshake: 'full', quality: { missingBytes: 25 }, alerts: [{ encrypted: true }] });
    }
  });

  it('have their room back when a hole is filled', () => {
    const capture = new Capture();
    const link = capture.connect();
    fullHandshake(link);
    const record = applicationData(1500);
    for (let i = 0; i < 20; i++) {
      link.client.emit(ACK, record.subarray(500), { sequence: link.client.next + 500 });
      link.client.send(record.subarray(0, 500));
      link.client.next += record.length - 500;
    }
    const report = analyze(capture.packets, { limits: { outOfOrderBytes: 2000, totalOutOfOrderBytes: 2000 } });
    expect(report.capture.warnings).toEqual([]);
    expect(report.connections).toMatchObject([{ quality: { missingBytes: 0 } }]);
  });

  it('within their limits need no warning', () => {
    expect(analyze(withHoles(5, 10)).capture.warnings).toEqual([]);
  });
});
