import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Clock } from '../../src/capture/timestamp.js';

/** What a clock must say, in arithmetic without limits. */
function exact(resolution: number, time: bigint): [seconds: number, nanoseconds: number] {
  const exponent = BigInt(resolution & 0x7f);
  const unitsPerSecond = resolution & 0x80 ? 2n ** exponent : 10n ** exponent;
  return [Number(time / unitsPerSecond), Number(((time % unitsPerSecond) * 1_000_000_000n) / unitsPerSecond)];
}

function read(resolution: number, time: bigint, offsetSeconds = 0): [seconds: number, nanoseconds: number] {
  const clock = new Clock(resolution, offsetSeconds);
  clock.set(Number(time >> 32n), Number(time & 0xffffffffn));
  return [clock.seconds, clock.nanoseconds];
}

describe('Clock', () => {
  const NOW = 1_700_000_000n;
  it.each([
    { what: 'seconds', resolution: 0, time: NOW, expected: [1_700_000_000, 0] },
    { what: 'milliseconds', resolution: 3, time: NOW * 1000n + 999n, expected: [1_700_000_000, 999_000_000] },
    { what: 'microseconds', resolution: 6, time: NOW * 1_000_000n + 999_999n, expected: [1_700_000_000, 999_999_000] },
    { what: 'nanoseconds', resolution: 9, time: NOW * 1_000_000_000n + 999_999_999n, expected: [1_700_000_000, 999_999_999] },
    { what: 'nanoseconds, the last below a second', resolution: 9, time: 999_999_999n, expected: [0, 999_999_999] },
    { what: 'picoseconds, cut off', resolution: 12, time: 1_700_000n * 10n ** 12n + 1_999n, expected: [1_700_000, 1] },
    { what: 'halves', resolution: 0x81, time: NOW * 2n + 1n, expected: [1_700_000_000, 500_000_000] },
    { what: '2^-20 seconds', resolution: 0x80 | 20, time: (NOW << 20n) + 1n, expected: [1_700_000_000, 953] },
    { what: '2^-32 seconds (NTP)', resolution: 0x80 | 32, time: (NOW << 32n) + 0xffffffffn, expected: [1_700_000_000, 999_999_999] },
    { what: '2^-33 seconds', resolution: 0x80 | 33, time: (NOW << 33n) + 1n, expected: [1_700_000_000, 0] },
    { what: 'finer than 64 bits reach', resolution: 0x80 | 127, time: 2n ** 64n - 1n, expected: [0, 0] },
    { what: 'the finest decimal there is', resolution: 127, time: 2n ** 64n - 1n, expected: [0, 0] },
  ])('reads $what', ({ resolution, time, expected }) => {
    expect(read(resolution, time)).toEqual(expected);
  });

  it('adds the offset of the interface, also a negative one', () => {
    expect(read(6, 1_500_000n, 1_700_000_000)).toEqual([1_700_000_001, 500_000_000]);
    expect(read(6, 1_500_000n, -10)).toEqual([-9, 500_000_000]);
  });

  it('is exact for every time up to the year 2116, in every resolution up to 2^-64 and 10^-19', () => {
    const resolutions = fc.oneof(fc.integer({ min: 0, max: 19 }), fc.integer({ min: 0x80, max: 0x80 | 64 }));
    const edge = fc.constantFrom(-1n, 0n, 1n);
    const check = (resolution: number, seconds: bigint, nanoseconds: bigint, near: bigint) => {
      const units = resolution & 0x80 ? 2n ** BigInt(resolution & 0x7f) : 10n ** BigInt(resolution);
      const time = seconds * units + (nanoseconds * units) / 1_000_000_000n + near;
      if (time >= 0n && time < 2n ** 64n) expect(read(resolution, time)).toEqual(exact(resolution, time));
    };
    fc.assert(
      fc.property(resolutions, fc.bigInt(0n, 2n ** 32n), fc.bigInt(0n, 999_999_999n), edge, (resolution, seconds, nanoseconds, near) => {
        check(resolution, seconds, nanoseconds, near);
        check(resolution, seconds, 0n, near);
      }),
      { numRuns: 3000 },
    );
  });

  it('keeps to 0 … 999 999 999 nanoseconds for any 64 bits in any resolution', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.bigInt(0n, 2n ** 64n - 1n), (resolution, time) => {
        const [seconds, nanoseconds] = read(resolution, time);
        expect(Number.isInteger(seconds)).toBe(true);
        expect(nanoseconds).toBeGreaterThanOrEqual(0);
        expect(nanoseconds).toBeLessThan(1e9);
        expect(Number.isInteger(nanoseconds)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});
