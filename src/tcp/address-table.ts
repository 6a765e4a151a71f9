import { int32 } from '../bytes/int32.js';
import { ipv4Text, ipv6Text } from '../bytes/ip-address.js';
import { Rows } from '../bytes/rows.js';

const IPV6_BYTES = 16;
const FIRST_SLOTS = 1024;
/** A row is a hash and the four words of an address. */
const ROW_INTS = 5;
/** IPv4 texts kept, those of servers: a power of two. A text is made of five others. */
const TEXT_CACHE_SIZE = 1 << 10;

/** Numbers IPv6 addresses, so that a flow's key has the same size for both versions of IP, and writes both kinds as text. */
export class AddressTable {
  readonly #limit: number;
  readonly #seed = (Math.random() * 0x7fffffff) | 0;
  #rows: Rows;
  readonly #ipv6Texts: string[] = [];
  readonly #ipv4Keys = new Int32Array(TEXT_CACHE_SIZE);
  readonly #ipv4Texts: (string | undefined)[] = new Array(TEXT_CACHE_SIZE).fill(undefined);
  #slots = new Int32Array(FIRST_SLOTS);

  constructor(limit: number) {
    this.#limit = limit;
    this.#rows = new Rows(ROW_INTS, limit);
  }

  /** Addresses numbered. */
  get size(): number {
    return this.#rows.size;
  }

  /** Forgets all numbers: nobody must know any of them. */
  clear(): void {
    this.#rows = new Rows(ROW_INTS, this.#limit);
    this.#ipv6Texts.length = 0;
    this.#slots = new Int32Array(FIRST_SLOTS);
  }

  /** The number of the 16 bytes at `offset`, from 0; -1 when the table is full. */
  intern(bytes: Uint8Array, offset: number): number {
    const a = int32(bytes, offset);
    const b = int32(bytes, offset + 4);
    const c = int32(bytes, offset + 8);
    const d = int32(bytes, offset + 12);
    const hash = mix(mix(mix(mix(this.#seed, a), b), c), d);
    const slots = this.#slots;
    const mask = slots.length - 1;
    const { ints } = this.#rows;
    for (let next = hash; ; ) {
      const slot = next++ & mask;
      const number = slots[slot];
      if (number === 0) return this.#add(a, b, c, d, hash, slot);
      const row = (number - 1) * ROW_INTS;
      if (ints[row + 4] === d && ints[row + 3] === c && ints[row + 2] === b && ints[row + 1] === a) return number - 1;
    }
  }

  /** Text of an address as the flow table keeps it: RFC 5952. */
  text(address: number, isIpv6: boolean): string {
    return isIpv6 ? this.#ipv6Text(address) : this.#ipv4Text(address);
  }

  #ipv6Text(number: number): string {
    this.#ipv6Texts[number] ??= ipv6Text(this.#bytesOf(number));
    return this.#ipv6Texts[number];
  }

  #bytesOf(number: number): Uint8Array {
    const bytes = new Uint8Array(IPV6_BYTES);
    const view = new DataView(bytes.buffer);
    for (let at = 0; at < IPV6_BYTES; at += 4) view.setInt32(at, this.#rows.ints[number * ROW_INTS + 1 + at / 4]);
    return bytes;
  }

  #ipv4Text(address: number): string {
    const at = (Math.imul(address, 0x9e3779b1) >>> 16) & (TEXT_CACHE_SIZE - 1);
    const known = this.#ipv4Texts[at];
    if (known !== undefined && this.#ipv4Keys[at] === address) return known;
    const text = ipv4Text(address >>> 0);
    this.#ipv4Keys[at] = address;
    this.#ipv4Texts[at] = text;
    return text;
  }

  #add(a: number, b: number, c: number, d: number, hash: number, slot: number): number {
    const number = this.#rows.size;
    if (number >= this.#limit) return -1;
    const row = this.#rows.add();
    const { ints } = this.#rows;
    ints[row] = hash;
    ints[row + 1] = a;
    ints[row + 2] = b;
    ints[row + 3] = c;
    ints[row + 4] = d;
    this.#slots[slot] = number + 1;
    if (number * 2 > this.#slots.length) this.#grow();
    return number;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    for (let number = 0; number < this.#rows.size; number++) {
      let slot = this.#rows.ints[number * ROW_INTS] & (slots.length - 1);
      while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1);
      slots[slot] = number + 1;
    }
    this.#slots = slots;
  }
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
