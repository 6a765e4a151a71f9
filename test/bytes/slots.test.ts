import { describe, expect, it } from 'vitest';
import { Slots } from '../../src/bytes/slots.js';

/** The numbers whose slot may be that of `hash`, in the order in which a search comes to them. */
function search(slots: Slots, hash: number): number[] {
  const { ints, mask, numbers } = slots;
  const found: number[] = [];
  for (let slot = hash & mask; ints[slot] !== 0; slot = (slot + 1) & mask) {
    if (((ints[slot] ^ hash) & ~numbers) === 0) found.push(ints[slot] & numbers);
  }
  return found;
}

const hashOf = (number: number) => Math.imul(number, 0x9e3779b1) ^ (number << 7);

describe('slots', () => {
  it.each([4, 100_000])('of a table for %i numbers find all of them while it grows', (limit) => {
    const slots = new Slots(limit);
    for (let count = 1; count <= 20_000; count++) {
      if (slots.isFull(count)) {
        slots.double();
        for (let number = 1; number < count; number++) slots.insert(hashOf(number), number);
      }
      slots.insert(hashOf(count), count);
    }
    expect(slots.mask).toBeGreaterThanOrEqual(40_000 - 1);
    for (let number = 1; number <= 20_000; number++) expect(search(slots, hashOf(number))).toContain(number);
  });

  it('hold numbers eight times as great as they have room for', () => {
    const slots = new Slots(4);
    const great = 4 * (slots.mask + 1) - 1;
    slots.insert(-1, great);
    slots.insert(-1, 1);
    expect(search(slots, -1)).toEqual([great, 1]);
  });

  it('tell most foreign hashes by their upper bits', () => {
    const slots = new Slots(4);
    slots.insert(0x7fff_0001, 5);
    expect(search(slots, 0x7ffe_0001)).toEqual([]);
    expect(search(slots, 0x7fff_0001)).toEqual([5]);
  });
});
