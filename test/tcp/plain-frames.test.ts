import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/limits.js';
import { AddressTable } from '../../src/tcp/address-table.js';
import { Packets } from '../../src/tcp/packets.js';
import { takePlainFrame } from '../../src/tcp/plain-frames.js';
import type { SegmentSink } from '../../src/tcp/tracker.js';
import { Warnings } from '../../src/warnings.js';
import { fixtures } from '../support/fixtures.js';
import { framesOf } from './frames.js';

const TYPE_AT = 12;
const IP_AT = 14;
const HEADERS_END = 80;

const frames4 = framesOf(readFileSync(`${fixtures}q-full.pcap`));
const frames6 = framesOf(readFileSync(`${fixtures}q-ipv6.pcap`));
const frames = [...frames4.slice(0, 40), ...frames6.slice(0, 40)];

/** Segments as they are delivered, without where in the frame they were found. */
function collector(addresses: AddressTable): { sink: SegmentSink; segments: unknown[] } {
  const segments: unknown[] = [];
  const segment: SegmentSink['segment'] = (isIpv6, source, destination, ...rest) => {
    const [sourcePort, destinationPort, sequence, acknowledgment, flags, bytes, start, end, length] = rest;
    const endpoints = [source, destination].map((address) => addresses.text(address, isIpv6 === 1));
    const payload = [...bytes.subarray(start, end)];
    segments.push([isIpv6, endpoints, sourcePort, destinationPort, sequence, acknowledgment, flags, payload, length]);
  };
  return { sink: { segment }, segments };
}

function decode(frame: Uint8Array, wireLength: number, limit = 100) {
  const addresses = new AddressTable(limit);
  const warnings = new Warnings();
  const { sink, segments } = collector(addresses);
  const now = { frame: 1, time: 0, acknowledges: 0, acknowledgesKnown: false };
  const packets = new Packets(sink, now, addresses, DEFAULT_LIMITS, warnings);
  packets.decode(frame, 0, frame.length, wireLength, 1);
  return { segments, warnings: warnings.list().map(({ code }) => code), others: packets.others.report() };
}

/** The same frame with a VLAN tag, which is never plain. */
function tagged(frame: Uint8Array): Uint8Array {
  return Uint8Array.from([...frame.subarray(0, TYPE_AT), 0x81, 0x00, 0, 1, ...frame.subarray(TYPE_AT)]);
}

describe('a plain frame', () => {
  it('is one of IPv4 or IPv6', () => {
    const addresses = new AddressTable(100);
    const { sink, segments } = collector(addresses);
    for (const frame of frames) expect(takePlainFrame(frame, 0, frame.length, 1, addresses, sink)).toBe(true);
    expect(segments.length).toBe(frames.length);
  });

  it('is what any other frame with the same packet is, whatever is wrong with it', () => {
    const change = fc.tuple(fc.integer({ min: IP_AT, max: HEADERS_END }), fc.integer({ min: 0, max: 255 }));
    const whole = fc.record({
      frame: fc.constantFrom(...frames),
      changes: fc.array(change, { maxLength: 4 }),
      cut: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: HEADERS_END })),
      longer: fc.integer({ min: 0, max: 20 }),
    });
    const same = ({ frame, changes, cut, longer }: { frame: Uint8Array; changes: [number, number][]; cut: number; longer: number }) => {
      const changed = Uint8Array.from(frame);
      for (const [at, value] of changes) if (at < changed.length) changed[at] = value;
      const part = changed.subarray(0, Math.max(IP_AT, changed.length - cut));
      const wireLength = changed.length + longer;
      expect(decode(part, wireLength)).toEqual(decode(tagged(part), wireLength + 4));
    };
    fc.assert(fc.property(whole, same), { numRuns: 3000, seed: 1 });
  });

  it('cut at any length is what the same frame with a tag is', () => {
    for (const frame of [frames4[3], frames6[3]]) {
      for (let length = IP_AT; length <= frame.length; length++) {
        const part = frame.subarray(0, length);
        expect(decode(part, frame.length)).toEqual(decode(tagged(part), frame.length + 4));
      }
    }
  });

  it('with an address for which there is no room is left out, and the report says so', () => {
    expect(decode(frames6[0], frames6[0].length, 1)).toMatchObject({ segments: [], warnings: ['address-limit'] });
  });
});
