// Captures made wrong: each by a seed, so that the same one can be made again.

/** Numbers that lengths and counts go wrong at. */
const EXTREMES = [
  0, 1, 2, 3, 4, 7, 8, 15, 16, 20, 24, 28, 32, 64, 127, 128, 255, 256, 1500, 16_384, 32_767, 32_768, 65_535, 65_536, 262_144, 0x7fffffff,
  0x80000000, 0xffffffff,
];

/** xorshift32: small, and the same everywhere. */
export class Random {
  #state;

  /** @param {number} seed */
  constructor(seed) {
    // Seeds that follow each other must not give states that do.
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) || 1;
    for (let i = 0; i < 8; i++) this.below(2);
  }

  /** @returns {number} a whole number from 0 to `limit` - 1 */
  below(limit) {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % limit;
  }

  /** @template T @param {readonly T[]} list @returns {T} */
  of(list) {
    return list[this.below(list.length)];
  }
}

/**
 * @param {Random} random
 * @param {Uint8Array} original
 * @param {readonly Uint8Array[]} others captures whose parts may be put into it
 * @returns {Uint8Array}
 */
export function mutate(random, original, others) {
  let bytes = original.slice();
  const rounds = 1 + random.below(random.below(4) === 0 ? 30 : 5);
  for (let i = 0; i < rounds && bytes.length > 0; i++) bytes = random.of(MUTATIONS)(random, bytes, others);
  return bytes;
}

const MUTATIONS = [
  function flipBits(random, bytes) {
    const at = place(random, bytes);
    bytes[at] ^= 1 << random.below(8);
    return bytes;
  },
  function setBytes(random, bytes) {
    const at = place(random, bytes);
    const end = Math.min(bytes.length, at + 1 + random.below(8));
    for (let i = at; i < end; i++) bytes[i] = random.below(3) === 0 ? 0xff : random.below(256);
    return bytes;
  },
  function setNumber(random, bytes) {
    const width = random.of([1, 2, 3, 4]);
    const at = place(random, bytes);
    const isLittle = random.below(2) === 0;
    const value = (random.of(EXTREMES) + random.of([-1, 0, 0, 0, 1])) >>> 0;
    for (let i = 0; i < width && at + i < bytes.length; i++) bytes[at + i] = value >>> (8 * (isLittle ? i : width - 1 - i));
    return bytes;
  },
  function cut(random, bytes) {
    return random.below(4) === 0 ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes;
  },
  function remove(random, bytes) {
    const [from, to] = range(random, bytes);
    return joined(bytes.subarray(0, from), bytes.subarray(to));
  },
  function repeat(random, bytes) {
    const [from, to] = range(random, bytes);
    const part = bytes.subarray(from, to);
    return joined(bytes.subarray(0, to), ...Array.from({ length: 1 + random.below(4) }, () => part), bytes.subarray(to));
  },
  function move(random, bytes) {
    const [from, to] = range(random, bytes);
    const rest = joined(bytes.subarray(0, from), bytes.subarray(to));
    const at = random.below(rest.length + 1);
    return joined(rest.subarray(0, at), bytes.subarray(from, to), rest.subarray(at));
  },
  function splice(random, bytes, others) {
    const other = random.of(others);
    const [from, to] = range(random, other);
    const at = place(random, bytes);
    return joined(bytes.subarray(0, at), other.subarray(from, to), bytes.subarray(at));
  },
  function noise(random, bytes) {
    const part = Uint8Array.from({ length: 1 + random.below(64) }, () => random.below(256));
    const at = place(random, bytes);
    return joined(bytes.subarray(0, at), part, bytes.subarray(at));
  },
];

/** Half of all changes are in the first kilobyte, where headers and hellos are. */
function place(random, bytes) {
  return random.below(random.below(2) === 0 ? Math.min(1024, bytes.length) : bytes.length);
}

function range(random, bytes) {
  const from = random.below(bytes.length);
  const length = 1 + random.below(random.below(3) === 0 ? bytes.length : 200);
  return [from, Math.min(bytes.length, from + length)];
}

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
