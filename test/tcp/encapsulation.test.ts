import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Analyzer } from '../../src/analyzer.js';
import type { Connection, Report } from '../../src/model.js';
import { encapsulations, ethernet, fragments, fragments6, ipv4, ipv6, packetOf, udp } from '../support/encapsulate.js';
import { fixtures } from '../support/fixtures.js';
import { concat, SMALL, START, warningsOf } from '../support/packets.js';
import { processorTime } from '../support/processor-time.js';
import { framesOf } from './frames.js';

const plain4 = framesOf(readFileSync(`${fixtures}q-full.pcap`));
const plain6 = framesOf(readFileSync(`${fixtures}q-ipv6.pcap`));

/** One frame is pushed each millisecond; those of an inner list share theirs. */
function read(frames: readonly (Uint8Array | readonly Uint8Array[])[], linkType = 1, limits = {}): Report {
  const analyzer = new Analyzer({ keep: 'all', limits: { ...SMALL, ...limits } });
  for (const [i, frame] of frames.entries()) {
    const nanoseconds = (i % 1000) * 1_000_000;
    for (const one of Array.isArray(frame) ? frame : [frame])
      analyzer.push(one as Uint8Array, START + Math.floor(i / 1000), nanoseconds, linkType);
  }
  return analyzer.finish();
}

const expected4 = read(plain4);
const expected6 = read(plain6);

/** What is known of connections, but for where in the capture. */
function story(connections: readonly Connection[]) {
  const close = (c: Connection, side: 'client' | 'server') => `${c.close[side].state} ${c.close[side].closeNotify} ${c.close[side].end}`;
  return connections.map((c) => [
    c.stream,
    c.client,
    c.offered,
    c.issued,
    c.handshake,
    c.resumption,
    close(c, 'client'),
    close(c, 'server'),
    c.quality,
  ]);
}

describe('a packet inside', () => {
  it('is there to be read', () => expect([expected4.totals.tlsConnections, expected6.totals.tlsConnections]).toEqual([12, 12]));

  it.each(encapsulations)('of $name is read as if it came alone', ({ linkType, wrap }) => {
    for (const [frames, expected] of [
      [plain4, expected4],
      [plain6, expected6],
    ] as const) {
      const report = read(
        frames.map((frame) => wrap(frame, packetOf(frame))),
        linkType,
      );
      expect(report.connections).toEqual(expected.connections);
      expect(report.findings).toEqual(expected.findings);
      expect(warningsOf(report)).toEqual([]);
    }
  });

  it.each(encapsulations)('of $name: cut at any length it is left out, or read', ({ linkType, wrap }) => {
    const frame = plain4.find((one) => one.length > 200) ?? plain4[0];
    const whole = wrap(frame, packetOf(frame));
    const analyzer = new Analyzer({ limits: SMALL });
    for (let length = 0; length < whole.length; length++) analyzer.push(whole.subarray(0, length), START, 0, linkType, whole.length);
    const { totals, capture } = analyzer.finish();
    expect(capture.warnings.map(({ code }) => code)).toEqual(['frame-truncated', 'payload-cut']);
    expect(totals.tcpConnections).toBe(1);
  });

  it('is read to a depth', () => {
    const nested = (depth: number) => {
      let packet = packetOf(plain4[0]);
      for (let i = 0; i < depth; i++) packet = ipv4(4, packet);
      return read([ethernet(0x0800, packet)]);
    };
    expect(nested(8).totals.tcpConnections).toBe(1);
    const deeper = nested(9);
    expect([deeper.totals.tcpConnections, warningsOf(deeper)]).toEqual([0, ['tunnel-depth']]);
    expect(nested(500).totals.tcpConnections).toBe(0);
  });

  it('of UDP that is none is left alone', () => {
    const noise = [53, 443, 4789, 6081, 2152].map((port) => ethernet(0x0800, ipv4(17, udp(port, new Uint8Array(64)))));
    const report = read([...noise, ethernet(0x0800, ipv4(17, new Uint8Array(3)))]);
    expect([report.totals.tcpConnections, warningsOf(report)]).toEqual([0, []]);
    expect(report.capture.otherFrames).toEqual({ notIp: 0, protocols: [{ name: 'UDP', frames: 6 }] });
  });
});

describe('fragments', () => {
  const pieces4 = (size: number) => plain4.map((frame, i) => fragments(packetOf(frame), size, i + 1));
  const pieces6 = (size: number) => plain6.map((frame, i) => fragments6(packetOf(frame), size, i + 1));

  it.each([8, 24, 512, 1480])('of %i bytes make the packets again', (size) => {
    expect(story(read(pieces4(size)).connections)).toEqual(story(expected4.connections));
    expect(story(read(pieces6(size)).connections)).toEqual(story(expected6.connections));
  });

  it('may come in any order, and twice', () => {
    const shuffled = pieces4(64).map((pieces) => [...pieces].reverse());
    expect(story(read(shuffled).connections)).toEqual(story(expected4.connections));
    // The last piece of a packet that is whole begins another one, which never will be.
    const twice = pieces4(64).map((pieces) => (pieces.length < 2 ? pieces : [...pieces.slice(0, -1), pieces[0], ...pieces.slice(-1)]));
    expect(story(read(twice).connections)).toEqual(story(expected4.connections));
  });

  it('give the frame of the last one that came', () => {
    const [first] = pieces4(24);
    const analyzer = new Analyzer({ keep: 'all', limits: SMALL });
    for (const piece of first) analyzer.push(piece, START, 0, 1);
    expect(analyzer.frames).toBe(first.length);
    expect(analyzer.finish().totals.tcpConnections).toBe(1);
  });

  it('may hold a tunnel', () => {
    const vxlan = encapsulations.find(({ name }) => name === 'VXLAN');
    const frames = plain4.map((frame, i) => fragments(packetOf(vxlan?.wrap(frame, packetOf(frame)) ?? frame), 96, i + 1));
    expect(story(read(frames).connections)).toEqual(story(expected4.connections));
    const inner = plain4.map((frame, i) =>
      fragments(packetOf(frame), 64, i + 1).map((piece) => vxlan?.wrap(piece, packetOf(piece)) ?? piece),
    );
    const both = inner.map((pieces, i) => pieces.flatMap((piece, k) => fragments(packetOf(piece), 48, i * 64 + k + 1)));
    expect(story(read(both).connections)).toEqual(story(expected4.connections));
  });

  it('that overlap: the first data win', () => {
    const packet = packetOf(plain4.find((frame) => frame.length > 200) ?? plain4[0]);
    const [a, b] = fragments(packet, 64, 1);
    const forged = a.slice();
    forged.fill(0xee, 34);
    const [one, other] = [read([[a, forged, b]]), read([[a, b]])];
    expect(one.connections).toEqual(other.connections);
  });

  it('of packets that are captured twice are put together once', () => {
    const twice = pieces4(64).map((pieces) => [...pieces.flatMap((piece) => [piece, piece]), ...pieces]);
    const report = read(twice);
    expect(story(report.connections)).toEqual(story(expected4.connections));
    expect(warningsOf(report)).toEqual([]);
  });

  it('beyond the last one make no packet of one that has a hole', () => {
    const frame = plain4.find((one) => one.length > 300) ?? plain4[0];
    const [first, , third, fourth] = fragments(packetOf(frame), 64, 1);
    // Behind the hole this is the last one, and yet another one reaches further.
    const last = fragments(packetOf(frame).subarray(0, 20 + 64 * 2 + 40), 64, 1)[2];
    const report = read([[first, fourth, last, third]]);
    expect(report.totals.tcpConnections).toBe(0);
    expect(warningsOf(report)).toEqual(['frame-malformed', 'ip-fragment']);
  });

  it('that are missing are told of', () => {
    const report = read(pieces4(64).map((pieces) => pieces.slice(1)));
    expect(warningsOf(report)).toEqual(['ip-fragment']);
    expect(report.totals.tcpConnections).toBe(
      plain4.filter((frame) => packetOf(frame).length - 20 <= 64).length === 0 ? 0 : report.totals.tcpConnections,
    );
  });

  it('of UDP that is none of ours are not missed', () => {
    const [first, second] = fragments(ipv4(17, udp(53, new Uint8Array(100))), 64, 1);
    expect(warningsOf(read([first]))).toEqual([]);
    expect(warningsOf(read([second]))).toEqual([]);
  });

  it('wait half a minute, and only so many', () => {
    const [first, ...rest] = fragments(packetOf(plain4[0]), 24, 1);
    const late = new Analyzer({ limits: SMALL });
    late.push(first, START, 0, 1);
    for (const piece of rest) late.push(piece, START + 31, 0, 1);
    const told = late.finish();
    expect([told.totals.tcpConnections, warningsOf(told)]).toEqual([0, ['ip-fragment']]);
    expect(told.capture.warnings[0].count).toBe(2);
    const flood = Array.from({ length: 1000 }, (_, i) => fragments(packetOf(plain4[0]), 24, i + 1)[0]);
    const flooded = read(flood, 1, { fragments: 16 });
    expect(flooded.capture.warnings.map(({ code, count }) => [code, count])).toEqual([
      ['fragment-limit', 984],
      ['ip-fragment', 16],
    ]);
    expect(warningsOf(read(pieces4(24), 1, { fragments: 0 }))).toContain('ip-fragment');
  });

  it('of impossible places are malformed', () => {
    const packet = (field: number, bytes: number) => {
      const whole = ipv4(6, new Uint8Array(bytes), { fragment: field });
      return ethernet(0x0800, whole);
    };
    expect(warningsOf(read([packet(0x1fff, 64)]))).toEqual(['frame-malformed']);
    expect(warningsOf(read([packet(0x2000, 63)]))).toEqual(['frame-malformed']);
    // A second last fragment at another place, and one behind the last.
    expect(warningsOf(read([packet(0x0008, 64), packet(0x0010, 64)]))).toEqual(['frame-malformed', 'ip-fragment']);
    expect(warningsOf(read([packet(0x0008, 64), packet(0x2010, 64)]))).toEqual(['frame-malformed', 'ip-fragment']);
  });
});

describe('any bytes in tunnels', () => {
  const seeds = encapsulations.map(({ linkType, wrap }) => ({ linkType, bytes: wrap(plain4[3], packetOf(plain4[3])) }));
  const fragmented = [...fragments(packetOf(plain4[3]), 24, 1), ...fragments6(packetOf(plain6[3]), 24, 1)].map((bytes) => ({
    linkType: 1,
    bytes,
  }));
  const changes = fc.array(fc.tuple(fc.nat(120), fc.integer({ min: 0, max: 255 })), { maxLength: 6 });

  it('make a report', () => {
    const property = fc.property(
      fc.array(fc.tuple(fc.constantFrom(...seeds, ...fragmented), changes, fc.nat(300)), { maxLength: 12 }),
      (frames) => {
        const analyzer = new Analyzer({ limits: SMALL });
        for (const [{ linkType, bytes }, edits, cut] of frames) {
          const frame = bytes.slice(0, Math.max(1, Math.min(cut, bytes.length)));
          for (const [at, value] of edits) frame[at % frame.length] = value;
          analyzer.push(concat([frame]), START, 0, linkType, bytes.length);
        }
        expect(analyzer.finish().totals.tcpConnections).toBeLessThanOrEqual(frames.length);
      },
    );
    fc.assert(property, { numRuns: 500 });
  });

  it('nested without end are left out in no time', () => {
    const labels = ethernet(0x8847, new Uint8Array(200_000));
    const pseudowires = ethernet(
      0x8847,
      concat(Array.from({ length: 5000 }, () => concat([Uint8Array.of(0, 1, 1, 64, 0, 0, 0, 0), ethernet(0x8847, new Uint8Array(0))]))),
    );
    const tunnels = ethernet(0x86dd, ipv6(41, concat(Array.from({ length: 1000 }, () => ipv6(41, new Uint8Array(0))))));
    const time = processorTime(() => {
      for (let i = 0; i < 100; i++) expect(read([labels, pseudowires, tunnels]).totals.tcpConnections).toBe(0);
    });
    expect(time).toBeLessThan(5000);
  });
});
