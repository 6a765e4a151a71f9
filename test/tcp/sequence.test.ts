import { describe, expect, it } from 'vitest';
import { advance, distance } from '../../src/tcp/sequence.js';

describe('sequence numbers', () => {
  it.each([
    [5, 3, 2],
    [3, 5, -2],
    [7, 7, 0],
    [2, 0xfffffffe | 0, 4], // over the wrap
    [0xfffffffe | 0, 2, -4],
    [0x80000000 | 0, 0x7fffffff, 1], // over the change of sign
    [0x7fffffff, 0, 0x7fffffff],
    [0x80000000 | 0, 0, -0x80000000],
  ])('%i lies %i behind: %i bytes', (a, b, expected) => {
    expect(distance(a, b)).toBe(expected);
  });

  it.each([
    [0, 10, 10],
    [0xffffffff | 0, 1, 0],
    [0x7fffffff, 1, -0x80000000],
    [5, -6, -1],
  ])('%i and %i bytes: %i', (sequence, bytes, expected) => {
    expect(advance(sequence, bytes)).toBe(expected);
  });
});
