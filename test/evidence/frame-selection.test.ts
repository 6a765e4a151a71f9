import { describe, expect, it } from 'vitest';
import { FrameSelection, type WantedStreams } from '../../src/frame-selection.js';
import { DEFAULT_LIMITS } from '../../src/limits.js';
import { WatchedFragments } from '../../src/tcp/watched-fragments.js';
import { Warnings } from '../../src/warnings.js';
import { analyze, Capture, ethernet, type Link, type Packet, SMALL, START } from '../support/packets.js';
import { fullHandshake } from '../tls/messages.js';

const PORTS = { client: '192.0.2.1:40001', server: '198.51.100.1:443' };
const LATE_SECONDS = 5;

function select(packets: readonly Packet[], wanted: WantedStreams, limit?: number): { numbers: number[]; isFull: boolean } {
  const selection = new FrameSelection(wanted, { ...DEFAULT_LIMITS, ...SMALL }, limit);
  for (const packet of packets) {
    const frame = ethernet(packet);
    selection.frame(frame, 0, frame.length, frame.length, START + Math.floor(packet.at / 1000), (packet.at % 1000) * 1e6, 1);
  }
  return { numbers: [...selection.numbers()], isFull: selection.isFull };
}

/** The frames of one TLS connection of the capture. */
function framesOf(packets: readonly Packet[], stream: number): number[] {
  const connection = analyze(packets).connections.find((one) => one.stream === stream);
  return select(packets, { streams: new Set([stream]), firstFrames: new Set([connection?.frames.first ?? 0]) }).numbers;
}

function close({ client, server }: Link): void {
  client.fin();
  server.fin();
  client.acknowledge();
}

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

describe('the frames of a connection', () => {
  it('are those of both sides, and of no other connection', () => {
    const capture = new Capture();
    const [one, two] = [capture.connect(), capture.connect()];
    fullHandshake(one);
    fullHandshake(two);
    close(one);
    const frames = [...range(1, 3), ...range(7, 10), ...range(15, 17)];
    expect(framesOf(capture.packets, 0)).toEqual(frames);
    expect(framesOf(capture.packets, 1)).toEqual(range(1, 17).filter((frame) => !frames.includes(frame)));
  });

  it('include what comes when it is long over, but not another connection on the same ports', () => {
    const capture = new Capture();
    const link = capture.connect(PORTS);
    fullHandshake(link);
    close(link);
    capture.wait(LATE_SECONDS);
    fullHandshake(capture.connect());
    link.server.acknowledge();
    const last = link.client.reset();
    expect(framesOf(capture.packets, 0)).toEqual([...range(1, 10), last - 1, last]);
    capture.wait(LATE_SECONDS);
    const next = capture.connect({ ...PORTS, clientIsn: 5_000_000, serverIsn: 6_000_000 });
    next.client.send(new TextEncoder().encode('GET / HTTP/1.1\r\n'));
    next.server.send(new TextEncoder().encode('HTTP/1.1 200 OK\r\n\r\n'));
    close(next);
    capture.wait(LATE_SECONDS);
    next.client.reset();
    expect(framesOf(capture.packets, 0)).toEqual([...range(1, 10), last - 1, last]);
  });

  it('do not end in another one that is no TLS from its first packet on', () => {
    const capture = new Capture();
    const link = capture.connect(PORTS);
    fullHandshake(link);
    const last = link.client.reset();
    capture.wait(LATE_SECONDS);
    const next = capture.link({ ...PORTS, clientIsn: 5_000_000, serverIsn: 6_000_000 });
    next.client.emit(0x02, new TextEncoder().encode('GET / HTTP/1.1\r\n'));
    next.client.acknowledge();
    expect(framesOf(capture.packets, 0)).toEqual(range(1, last));
  });

  it('include those that stand before its SYN in the file, where it has another number', () => {
    const capture = new Capture();
    const link = capture.connect(PORTS);
    fullHandshake(link);
    close(link);
    const { packets } = capture;
    const moved = [...packets.slice(5, 7), ...packets.slice(0, 5), ...packets.slice(7)];
    const [connection] = analyze(moved).connections;
    expect(connection.stream).toBe(1);
    expect(framesOf(moved, 1)).toEqual(range(1, 10));
  });

  it('are told up to a limit', () => {
    const capture = new Capture();
    fullHandshake(capture.connect());
    const wanted = { streams: new Set([0]), firstFrames: new Set<number>() };
    expect(select(capture.packets, wanted, 5)).toEqual({ numbers: range(1, 5), isFull: true });
    expect(select(capture.packets, wanted, 7)).toEqual({ numbers: range(1, 7), isFull: false });
  });
});

describe('fragments of packets that never become whole', () => {
  it('are forgotten, the oldest first', () => {
    const now = { frame: 0, time: 0, acknowledges: 0, acknowledgesKnown: false };
    const fragments = new WatchedFragments(4, now, new Warnings());
    const visited: number[] = [];
    const bytes = new Uint8Array(16);
    for (now.frame = 1; now.frame <= 5000; now.frame++) fragments.add(`${now.frame}`, 6, 0, false, bytes, 0, 8);
    const whole = fragments.add('5000', 6, 8, true, bytes, 0, 8);
    fragments.visit((frame) => visited.push(frame));
    expect([whole?.length, visited]).toEqual([16, [5000, 5001, 5001]]);
    if (whole) fragments.release(whole);
    visited.length = 0;
    fragments.visit((frame) => visited.push(frame));
    expect(visited).toEqual([5001]);
  });
});
