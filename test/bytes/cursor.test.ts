import { describe, expect, it } from 'vitest';
import { Cursor } from '../../src/bytes/cursor.js';

const bytes = Uint8Array.from({ length: 12 }, (_, i) => 0xf0 + i);

describe('Cursor', () => {
  it('reads big-endian numbers one after the other', () => {
    const cursor = new Cursor(bytes, 1, 11);
    expect([cursor.u8(), cursor.u16(), cursor.u24(), cursor.u32()]).toEqual([0xf1, 0xf2f3, 0xf4f5f6, 0xf7f8f9fa]);
    expect([cursor.left, cursor.at, cursor.end, cursor.ok]).toEqual([0, 11, 11, true]);
  });

  it.each([
    ['u8', 1],
    ['u16', 2],
    ['u24', 3],
    ['u32', 4],
  ] as const)('%s past the end', (read, size) => {
    for (let length = 0; length < size; length++) {
      const cursor = new Cursor(bytes, 3, 3 + length);
      expect(cursor[read]()).toBe(0);
      expect([cursor.ok, cursor.left, cursor.at]).toEqual([false, 0, 3 + length]);
      expect(cursor.u8()).toBe(0);
      expect(cursor.ok).toBe(false);
    }
    expect(new Cursor(bytes, 3, 3 + size)[read]()).toBeGreaterThan(0);
  });

  it('stays failed, also for a step of nothing', () => {
    const cursor = new Cursor(bytes);
    cursor.skip(13);
    cursor.skip(0);
    expect(cursor.ok).toBe(false);
    expect(cursor.take(0).ok).toBe(false);
  });

  it('takes a part, which ends where it was told to', () => {
    const cursor = new Cursor(bytes);
    cursor.skip(2);
    const part = cursor.take(3);
    expect([part.at, part.end, cursor.at]).toEqual([2, 5, 5]);
    part.u32();
    expect([part.ok, cursor.ok]).toEqual([false, true]);
    expect(cursor.u8()).toBe(0xf5);
  });

  it('takes nothing when there is too little', () => {
    const cursor = new Cursor(bytes, 0, 4);
    const part = cursor.take(5);
    expect([part.ok, part.left, cursor.ok, cursor.left]).toEqual([false, 0, false, 0]);
  });

  it.each([-1, Number.NaN])('does not step by %d', (count) => {
    const cursor = new Cursor(bytes, 4);
    cursor.skip(count);
    expect(cursor.ok).toBe(false);
  });

  it.each([
    [-1, 2],
    [3, 2],
    [0, 13],
    [0, Number.NaN],
  ])('is not made from %d to %d', (start, end) => {
    expect(() => new Cursor(bytes, start, end)).toThrow(RangeError);
  });
});
