// Seeded pseudo-random numbers (Chris Doty-Humphrey's sfc32, the small fast counter of PractRand): the same on every machine.

const WARM_UP_ROUNDS = 12;

export class Random {
  #a;
  #b;
  #c;
  #counter = 1;

  /** @param {number} seed 0 to 2^32 - 1 @param {number} [stream] independent sequence of the same seed */
  constructor(seed, stream = 0) {
    this.#a = seed | 0;
    this.#b = stream | 0;
    this.#c = 0x9e3779b9 | 0;
    for (let i = 0; i < WARM_UP_ROUNDS; i++) this.uint32();
  }

  uint32() {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** A whole number, 0 to `limit` - 1. */
  below(limit) {
    return Math.floor((this.uint32() / 0x1_0000_0000) * limit);
  }

  /** True with this probability. */
  chance(probability) {
    return this.uint32() < probability * 0x1_0000_0000;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  fill(bytes, at = 0, length = bytes.length - at) {
    let word = 0;
    for (let i = 0; i < length; i++) {
      if ((i & 3) === 0) word = this.uint32();
      bytes[at + i] = word;
      word >>>= 8;
    }
    return bytes;
  }
}
