import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteRing } from '../../../src/capture/live/byte-ring.js';

describe('a ring of bytes', () => {
  it('gives what it was given, in its order', () => {
    const ring = new ByteRing(16);
    put(ring, [1, 2, 3]);
    put(ring, [4]);
    expect([...ring.peek()]).toEqual([1, 2, 3, 4]);
    ring.consume(2);
    expect([...ring.peek()]).toEqual([3, 4]);
    expect(ring.used).toBe(2);
    expect(ring.head).toBe(2);
  });

  it('takes nothing more when it is full', () => {
    const ring = new ByteRing(4);
    expect(ring.reserve(5)).toBe(-1);
    expect(ring.reserve(4)).toBe(0);
    expect(ring.reserve(1)).toBe(-1);
    ring.consume(4);
    expect(ring.reserve(4)).toBe(0);
  });

  it('puts a record that does not fit before the end at the start, as a whole', () => {
    const ring = new ByteRing(8);
    put(ring, [1, 2, 3, 4, 5, 6]);
    ring.consume(5);
    expect(put(ring, [7, 8, 9])).toBe(true);
    expect([...ring.peek()]).toEqual([6]);
    ring.consume(1);
    expect([...ring.peek()]).toEqual([7, 8, 9]);
  });

  it('gives back every byte once, whatever is done in which order', () => {
    const action = fc.oneof(
      fc.record({ put: fc.integer({ min: 1, max: 20 }) }),
      fc.record({ take: fc.double({ min: 0, max: 1, noNaN: true }) }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), fc.array(action, { maxLength: 200 }), (capacity, actions) => {
        const ring = new ByteRing(capacity);
        const expected: number[] = [];
        let next = 0;
        for (const step of actions) {
          if ('put' in step) {
            const bytes = Array.from({ length: step.put }, (_, index) => (next + index) & 0xff);
            if (put(ring, bytes)) {
              expected.push(...bytes);
              next += bytes.length;
            } else if (ring.used === 0 && step.put <= capacity) throw new Error('an empty ring has room');
          } else {
            const run = ring.peek();
            if (run.length === 0 && ring.used > 0) throw new Error('there is something to read');
            const count = Math.floor(step.take * run.length);
            expect([...run.subarray(0, count)]).toEqual(expected.splice(0, count));
            ring.consume(count);
          }
          expect(ring.used).toBe(expected.length);
          expect(ring.used).toBeLessThanOrEqual(capacity);
        }
      }),
    );
  });
});

function put(ring: ByteRing, bytes: readonly number[]): boolean {
  const at = ring.reserve(bytes.length);
  if (at < 0) return false;
  ring.bytes.set(bytes, at);
  return true;
}
