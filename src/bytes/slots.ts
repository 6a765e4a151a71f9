const MIN_SLOTS = 1 << 12;
/** Slots that are reserved when the first ones are full, 32 MiB: what is not touched is not committed. Further ones are made by a copy. */
const MAX_RESERVED = 1 << 23;
/** Numbers may be greater than slots by a factor of four: tables hold at most half as many as there are slots, and may number them in steps. */
const EXTRA_BITS = 2;

/**
 * The slots of a hash table: open addressing with linear probing. A slot is one integer, 0 while it is empty: a number in its low bits,
 * and above them the upper bits of the number's hash, so that foreign slots mostly cost no look at their row. Tables search them in
 * place, from `hash & mask` on.
 */
export class Slots {
  /** The first `mask + 1` are in use. {@link double} may make this a new array. */
  ints: Int32Array;
  mask = MIN_SLOTS - 1;
  readonly #reserved: number;

  /** @param limit numbers that there will be at most; more are possible */
  constructor(limit: number) {
    this.#reserved = Math.min(2 ** Math.ceil(Math.log2(2 * Math.max(1, limit))), MAX_RESERVED);
    this.ints = new Int32Array(MIN_SLOTS);
  }

  clone(): Slots {
    const copy = new Slots(this.mask >> 1);
    if (copy.ints.length <= this.mask) copy.ints = new Int32Array(this.mask + 1);
    copy.ints.set(this.ints.subarray(0, this.mask + 1));
    copy.mask = this.mask;
    return copy;
  }

  /** The bits of a slot that are the number. */
  get numbers(): number {
    return (this.mask << EXTRA_BITS) | ((1 << EXTRA_BITS) - 1);
  }

  /** Whether `count` numbers are more than are found quickly. */
  isFull(count: number): boolean {
    return count * 2 > this.mask + 1;
  }

  /** Makes twice as many, all empty: each number is to be inserted again. So there is no old table to be kept beside the new one. */
  double(): void {
    const size = 2 * (this.mask + 1);
    if (size > this.ints.length) this.ints = new Int32Array(Math.max(size, this.#reserved));
    else this.ints.fill(0, 0, this.mask + 1);
    this.mask = size - 1;
  }

  /** @param number from 1 to four times the number of slots, less 1 */
  insert(hash: number, number: number): void {
    const { ints, mask } = this;
    let slot = hash & mask;
    while (ints[slot] !== 0) slot = (slot + 1) & mask;
    this.set(slot, hash, number);
  }

  /** @param slot where a search for the hash ended: an empty one, or one whose number is replaced */
  set(slot: number, hash: number, number: number): void {
    this.ints[slot] = (hash & ~this.numbers) | number;
  }
}
