import { describe, expect, it } from 'vitest';
import { Analyzer } from '../src/analyzer.js';
import { TcpFlag } from '../src/wire/tcp.js';
import { EMPTY } from './report/reports.js';
import { control, story, type Visit } from './sessions/visits.js';
import { analyze, Capture, concat, ethernet, type Link, only, type Packet, START, warningsOf } from './support/packets.js';
import { closeAfter } from './tls/close-text.js';
import {
  applicationData,
  certificate,
  changeCipherSpec,
  clientHello,
  clientKeyExchange,
  extension,
  finished,
  flight,
  fullHandshake,
  HELLO_RETRY_RANDOM,
  id,
  newSessionTicket,
  protectedAlert,
  record,
  serverHello,
  serverHelloDone,
} from './tls/messages.js';

const { SYN } = TcpFlag;

const A = id('a1');
const B = id('b2');

/** Pushes frames as they are. */
function pushed(frames: readonly Uint8Array[], linkType = 1) {
  const analyzer = new Analyzer({ keep: 'all' });
  for (const frame of frames) analyzer.push(frame, START, 0, linkType);
  return analyzer.finish();
}

describe('a trap:', () => {
  const ticket = '7469636b';

  it('a TLS 1.3 ServerHello echoes the session ID, that is no resumption', () => {
    const capture = new Capture();
    const { client, server } = capture.connect();
    client.send(flight(clientHello({ sessionId: A, tls13: true })));
    server.send(flight(serverHello({ sessionId: A, tls13: true })), changeCipherSpec, applicationData());
    client.send(changeCipherSpec, applicationData());
    const report = analyze(capture.packets);
    expect(report.connections).toMatchObject([{ version: 'TLSv1.3', resumedBy: null, issued: { sessionId: null } }]);
    expect(report.connections[0].resumption).not.toBe('resumed');
    expect(report.sessions).toEqual([]);
    expect(report.totals.handshakes.resumed).toBe(0);
  });

  it('a HelloRetryRequest is no decline', () => {
    const capture = new Capture();
    const { client, server } = capture.connect();
    client.send(flight(clientHello({ sessionId: A, tls13: true, psk: ['aabb'] })));
    const retry = server.send(flight(serverHello({ sessionId: A, tls13: true, random: HELLO_RETRY_RANDOM })));
    const second = client.send(flight(clientHello({ sessionId: A, tls13: true, serverName: 'second.example' })));
    const answer = server.send(flight(serverHello({ sessionId: A, tls13: true })), changeCipherSpec, applicationData());
    const connection = only(capture.packets);
    expect(connection).toMatchObject({ serverName: 'second.example', frames: { clientHello: second, serverHello: answer } });
    expect(answer).not.toBe(retry);
    expect(connection.resumption).not.toBe('declined');
  });

  it('the echo of an ID beside a ticket means that the ticket was accepted', () => {
    const { report } = story([{ offers: A, resumes: true, hello: { ticket } }]);
    expect(report.connections).toMatchObject([{ resumption: 'resumed', resumedBy: 'ticket' }]);
    expect(report.sessions.filter((session) => session.kind === 'session-id')).toEqual([]);
  });

  it('an empty SessionTicket extension offers nothing', () => {
    const { report } = story([{ issues: A, hello: { ticket: '' } }]);
    expect(report.connections).toMatchObject([{ offered: { ticket: null }, resumption: 'not-offered' }]);
  });

  it('an empty NewSessionTicket issues nothing', () => {
    const capture = new Capture();
    const { client, server } = capture.connect();
    client.send(flight(clientHello({ ticket: '' })));
    server.send(flight(serverHello(), certificate, serverHelloDone));
    client.send(flight(clientKeyExchange), changeCipherSpec, finished);
    server.send(flight(newSessionTicket('')), changeCipherSpec, finished);
    const report = analyze(capture.packets);
    expect(report.connections).toMatchObject([{ handshake: 'full', issued: { sessionId: null, tickets: [] } }]);
    expect(report.sessions).toEqual([]);
  });

  it('the unknown ID of a client that can TLS 1.3 may be padding', () => {
    const { report } = story([{ offers: A, issues: B, hello: { tls13: true } }]);
    expect(report.connections).toMatchObject([{ resumption: 'not-offered', cause: null, offered: { maybePadding: true } }]);
    expect(report.servers[0].handshakes).toMatchObject({ declined: 0, notOffered: 1 });
  });

  it('a second SYN on the same ports is a new connection', () => {
    const ports = { client: '192.0.2.1:40001', server: '198.51.100.1:443' };
    const capture = new Capture();
    fullHandshake(capture.connect(ports), A);
    fullHandshake(capture.connect({ ...ports, clientIsn: 5_000_000, serverIsn: 6_000_000 }), B);
    expect(analyze(capture.packets).connections.map((c) => [c.stream, c.issued.sessionId])).toEqual([
      [0, A],
      [1, B],
    ]);
  });

  it('a padded frame without payload carries no data', () => {
    const capture = new Capture();
    const link = capture.connect();
    fullHandshake(link);
    link.server.acknowledge();
    link.client.fin(protectedAlert);
    const frames = capture.packets.map((packet) => padded(ethernet(packet), 62));
    const [connection] = pushed(frames).connections;
    expect(connection.quality).toMatchObject({ missingBytes: 0, truncatedFrames: 0 });
    expect(connection).toMatchObject({ handshake: 'full', close: { client: { state: 'clean' } } });
  });

  it('with segmentation offload the IP total length may be 0', () => {
    const capture = new Capture();
    const link = capture.connect();
    fullHandshake(link, A);
    link.client.fin(protectedAlert);
    const frames = capture.packets.map((packet) => (packet.payload.length > 0 ? withoutTotalLength(ethernet(packet)) : ethernet(packet)));
    expect(pushed(frames).connections).toMatchObject([
      { handshake: 'full', issued: { sessionId: A }, close: { client: { state: 'clean' } } },
    ]);
  });

  it('frames may be longer than any MTU', () => {
    const speak = ({ client, server }: Link) => [
      server.send(applicationData(16_000), applicationData(16_000), applicationData(16_000)),
      client.fin(protectedAlert),
    ];
    expect(closeAfter(speak)).toBe('clean fin inferred | open - unknown | first client');
  });

  it('close_notify and RST are clean when close_notify was acknowledged', () => {
    const speak = ({ client, server }: Link) => [client.send(protectedAlert), server.acknowledge(), client.reset()];
    expect(closeAfter(speak)).toBe('clean rst inferred | open - unknown | first client');
  });

  it('alerts after ChangeCipherSpec are encrypted', () => {
    const capture = new Capture();
    const link = capture.connect();
    fullHandshake(link);
    link.server.send(protectedAlert);
    expect(only(capture.packets).alerts).toMatchObject([{ level: null, description: null, encrypted: true }]);
  });

  it('a server alert after a client FIN without close_notify is most likely fatal', () => {
    const speak = ({ client, server }: Link) => [client.fin(), server.fin(protectedAlert)];
    expect(closeAfter(speak)).toBe('unclean fin absent | unknown fin unknown | first client');
  });

  it('a server alert that comes first and is answered by a bare FIN may be either', () => {
    const speak = ({ client, server }: Link) => [server.fin(protectedAlert), client.fin()];
    expect(closeAfter(speak)).toBe('unclean fin absent | unknown fin unknown | first server');
    const visits: Visit[] = [...control(4), { issues: A, close: 'serverAlert' }, { offers: A, issues: B }];
    expect(story(visits).report.findings).toMatchObject([{ confidence: 'low', rivals: expect.arrayContaining(['fatal-alert']) }]);
  });

  it('a gap before the end makes the verdict unknown', () => {
    expect(closeAfter(({ client }) => [client.lose(protectedAlert), client.fin()])).toMatch(/^unknown fin unknown/);
  });

  it('a capture filter that hides the closes makes the verdict open', () => {
    const { capture } = story([
      { issues: A, close: 'rst' },
      { offers: A, issues: B },
    ]);
    const handshakesOnly = capture.packets.filter((packet) => packet.flags & SYN || packet.payload[0] === 22);
    const report = analyze(handshakesOnly);
    expect(report.connections.map((c) => c.close.client.state)).toEqual(['open', 'open']);
    expect(report.findings).toEqual([]);
  });

  it('a snap length that hides the closes makes the verdict unknown', () => {
    const { capture } = story([
      { issues: A, close: 'rst' },
      { offers: A, issues: B },
    ]);
    const report = analyze(capture.packets, { snapLength: 57 });
    expect(report.connections.every((c) => c.close.client.state !== 'unclean')).toBe(true);
    expect(report.findings).toEqual([]);
  });

  it('a renegotiation does not change the first handshake', () => {
    const capture = new Capture();
    const link = capture.connect();
    fullHandshake(link, A);
    for (const side of [link.client, link.server, link.client, link.server]) side.send(finished, record(20, Uint8Array.of(1)), finished);
    expect(only(capture.packets)).toMatchObject({ handshake: 'full', issued: { sessionId: A }, alerts: [] });
  });

  it('GREASE is no version, suite or extension that counts', () => {
    const capture = new Capture();
    const link = capture.connect();
    const grease = [extension(0x1a1a, ''), extension(0xfafa, '00'), extension(43, '04 1a1a 0303')];
    fullHandshake(link, A, { sessionId: B, extensions: grease });
    expect(only(capture.packets)).toMatchObject({ version: 'TLSv1.2', offered: { maybePadding: false }, resumption: 'declined' });
  });
});

describe('the analyzer', () => {
  it('reports nothing of nothing', () => {
    expect(new Analyzer().finish()).toEqual(EMPTY);
  });

  it('knows the time of the first and the last frame in time, whatever their order', () => {
    const capture = new Capture();
    capture.connect();
    const [first, second, third] = capture.packets;
    const { firstTime, lastTime } = analyze([second, third, first]).capture;
    expect([firstTime, lastTime]).toEqual([capture.timeOf(1), capture.timeOf(3)]);
  });

  it('does not keep the frames', () => {
    const capture = new Capture();
    fullHandshake(capture.connect(), A, { serverName: 'a.example' });
    const analyzer = new Analyzer({ keep: 'all' });
    for (const packet of capture.packets) {
      const frame = ethernet(packet);
      analyzer.push(frame, START, 0, 1);
      frame.fill(0xff);
    }
    expect(analyzer.finish().connections).toMatchObject([{ serverName: 'a.example', issued: { sessionId: A } }]);
  });

  it('reads a frame inside a larger buffer and nothing around it', () => {
    const capture = new Capture();
    const link = capture.connect();
    fullHandshake(link, A);
    link.client.fin(protectedAlert);
    const analyzer = new Analyzer({ keep: 'all' });
    for (const packet of capture.packets) {
      const frame = ethernet(packet);
      const buffer = concat([new Uint8Array(33).fill(0x16), frame, new Uint8Array(33).fill(0x17)]);
      analyzer.frame(buffer, 33, frame.length, frame.length, START, 0, 1);
    }
    expect(analyzer.frames).toBe(capture.packets.length);
    expect(analyzer.finish().connections).toMatchObject([
      { handshake: 'full', issued: { sessionId: A }, close: { client: { state: 'clean' } } },
    ]);
  });

  it('tells of each connection once, as it ends or when it is flushed', () => {
    const capture = new Capture();
    for (let i = 0; i < 3; i++) {
      const link = capture.connect();
      fullHandshake(link);
      if (i === 1) link.client.reset();
      capture.wait(10);
    }
    const told: number[] = [];
    const analyzer = new Analyzer({ onConnection: (connection) => told.push(connection.stream) });
    for (const packet of capture.packets)
      analyzer.push(ethernet(packet), START + Math.floor(packet.at / 1000), (packet.at % 1000) * 1e6, 1);
    expect(told).toEqual([1]);
    expect(analyzer.flush(1)).toBe(true);
    expect(told).toEqual([1, 0]);
    expect(analyzer.flush(1)).toBe(false);
    const report = analyzer.finish();
    expect(told).toEqual([1, 0, 2]);
    expect(report.connections).toEqual([]);
    expect(report.totals.tlsConnections).toBe(3);
  });

  it.each([
    [{ address: '198.51.100.2', port: 443 }, [1]],
    [{ address: '198.51.100.1', port: null }, [0, 2]],
    [{ address: '198.51.100.1', port: 8443 }, [2]],
    [{ address: '203.0.113.1', port: null }, []],
  ])('looks at server %o only', (server, streams) => {
    const capture = new Capture();
    for (const address of ['198.51.100.1:443', '198.51.100.2:443', '198.51.100.1:8443'])
      fullHandshake(capture.connect({ server: address }));
    const report = analyze(capture.packets, { server });
    expect(report.connections.map((c) => c.stream)).toEqual(streams);
    expect(report.totals).toMatchObject({ tcpConnections: 3, tlsConnections: streams.length });
    expect(report.servers).toHaveLength(streams.length);
  });

  const good = ethernet({ ...plainPacket(), payload: flight(clientHello()) });
  const left: [name: string, frame: Uint8Array, linkType: number, warnings: string[]][] = [
    ['cut in the IP header', good.slice(0, 20), 1, ['frame-truncated']],
    ['with a TCP header of 0 bytes', good.with(46, 0), 1, ['frame-malformed']],
    ['of an unknown link type', good, 147, ['link-type']],
    ['that are ARP', good.with(12, 0x08).with(13, 0x06), 1, []],
    ['of no bytes', new Uint8Array(0), 1, ['frame-truncated']],
  ];
  it.each(left)('leaves out frames %s, and says so', (_, frame, linkType, warnings) => {
    const report = pushed([frame, frame], linkType);
    expect(warningsOf(report)).toEqual(warnings);
    for (const warning of report.capture.warnings) expect(warning).toMatchObject({ count: 2, frame: 1 });
    expect(report.totals.tlsConnections).toBe(0);
  });

  it('lists at most a hundred kinds of warnings', () => {
    const analyzer = new Analyzer();
    for (let linkType = 1000; linkType < 1150; linkType++) analyzer.push(good, START, 0, linkType);
    const { warnings } = analyzer.finish().capture;
    expect(warnings).toHaveLength(101);
    expect(warnings.at(-1)).toMatchObject({ code: 'warnings-dropped', count: 50 });
  });
});

function padded(frame: Uint8Array, length: number): Uint8Array {
  return frame.length >= length ? frame : concat([frame, new Uint8Array(length - frame.length)]);
}

function withoutTotalLength(frame: Uint8Array): Uint8Array {
  return frame.with(16, 0).with(17, 0);
}

function plainPacket(): Packet {
  const capture = new Capture();
  capture.link().client.syn();
  return capture.packets[0];
}
