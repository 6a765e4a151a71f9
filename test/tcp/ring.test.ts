import { describe, expect, it } from 'vitest';
import { Ring } from '../../src/tcp/ring.js';

describe('a ring', () => {
  it('gives back what was pushed, oldest first, over its end', () => {
    const ring = new Ring(4);
    const seen: number[][] = [];
    for (let i = 0; i < 8; i++) {
      if (ring.isFull) {
        seen.push([ring.oldestRow, ring.oldestStream, ring.oldestTime]);
        ring.shift();
      }
      ring.push(i, i * 10, i / 2);
    }
    expect(seen).toEqual([0, 1, 2, 3].map((i) => [i, i * 10, i / 2]));
    expect(ring.isFull).toBe(true);
  });

  it('is empty until something is pushed, and again when all was shifted', () => {
    const ring = new Ring(2);
    expect([ring.isEmpty, ring.isFull]).toEqual([true, false]);
    ring.push(1, 2, 3);
    expect([ring.isEmpty, ring.isFull]).toEqual([false, false]);
    ring.shift();
    expect(ring.isEmpty).toBe(true);
  });
});
