import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TRUNCATED } from '../../src/wire/outcome.js';
import { decode, type Frame, good, odd } from './frames.js';
import { embedded } from './rows.js';

const LINK_TYPES = [0, 1, 12, 101, 108, 113, 228, 229, 276];

function decoded({ linkType, bytes, wireLength = bytes.length }: Frame) {
  return decode(linkType, bytes, 0, bytes.length, wireLength);
}

describe('a frame through link, IP and TCP', () => {
  it.each([...good, ...odd])('$name', (frame) => {
    const { payload, length } = decoded(frame);
    expect(length ?? payload).toBe(frame.expected);
  });

  it.each(good)('$name: the payload is where it is', (frame) => {
    const { payload, length } = decoded(frame);
    const expected = length === 0 ? [] : [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    expect([...frame.bytes.subarray(payload, payload + (length ?? 0))]).toEqual(expected);
  });

  it.each(good)('$name: cut at every length', ({ linkType, bytes }) => {
    const whole = decode(linkType, bytes, 0, bytes.length, bytes.length);
    const header = tcpOffset(bytes) + 16;
    for (let end = 0; end < bytes.length; end++) {
      const cut = decode(linkType, bytes, 0, end, bytes.length);
      expect(cut, `${end} bytes`).toEqual(end < header ? { payload: TRUNCATED, length: null, counts: false } : whole);
    }
  });

  it.each([...good, ...odd])('$name: elsewhere in a buffer', (frame) => {
    const { linkType, bytes, wireLength = bytes.length } = frame;
    for (const filler of [0x00, 0x45, 0x81, 0xff]) {
      const buffer = embedded(bytes, 7, 100, filler);
      expect(decode(linkType, buffer, 7, 7 + bytes.length, wireLength)).toEqual(decoded(frame));
    }
  });
});

describe('any bytes', () => {
  const seeds = fc.constantFrom(...[...good, ...odd].map((frame) => frame.bytes));
  const changes = fc.array(fc.tuple(fc.nat(120), fc.integer({ min: 0, max: 255 })), { maxLength: 6 });

  it('give an offset inside the packet or an outcome, and nothing outside of the range is looked at', () => {
    const property = fc.property(fc.constantFrom(...LINK_TYPES), seeds, changes, fc.nat(120), (linkType, seed, edits, end) => {
      const bytes = seed.slice(0, Math.max(1, Math.min(end, seed.length)));
      for (const [at, value] of edits) bytes[at % bytes.length] = value;
      const results = [0x00, 0x45, 0x60, 0xff].map((filler) =>
        decode(linkType, embedded(bytes, 3, 70, filler), 3, 3 + bytes.length, seed.length),
      );
      for (const result of results) expect(result).toEqual(results[0]);
      const { payload, length } = results[0];
      expect(Number.isInteger(payload)).toBe(true);
      if (length !== null) expect(length).toBeGreaterThanOrEqual(0);
    });
    fc.assert(property, { numRuns: 3000 });
  });
});

/** The ports of all frames here: 49153 to 443, or 0 to 0. */
function tcpOffset(bytes: Uint8Array): number {
  for (let at = bytes.length - 30; at > 0; at--) {
    const ports = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]].join();
    const isSequenceNext = bytes[at + 4] === 0 && bytes[at + 7] === 1 && bytes[at + 11] === 1;
    if (isSequenceNext && (ports === '192,1,1,187' || ports === '0,0,0,0')) return at;
  }
  throw new Error('no TCP header');
}
