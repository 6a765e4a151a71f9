import { ipv4Text, ipv6Text } from '../bytes/ip-address.js';
import { Rows } from '../bytes/rows.js';

const WORDS = 4;
const IPV6_BYTES = 16;
const FIRST_SLOTS = 1024;
/** A row is a hash and an address. */
const ROW_INTS = 1 + WORDS;
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
    const hash = this.#hash(bytes, offset);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const found = this.#slots[slot] - 1;
      if (found < 0) return this.#add(bytes, offset, hash, slot);
      if (this.#rows.ints[found * ROW_INTS] === hash && this.#equals(found, bytes, offset)) return found;
      slot = (slot + 1) & mask;
    }
  }

  /** Text of an address as the flow table keeps it: RFC 5952. */
  text(address: number, isIpv6: boolean): string {
    return isIpv6 ? this.#ipv6Text(address) : this.#ipv4Text(address);
  }

  #ipv6Text(number: number): string {
    this.#ipv6Texts[number] ??= ipv6Text(this.#rows.bytes, bytesOf(number));
    return this.#ipv6Texts[number];
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

  #add(bytes: Uint8Array, offset: number, hash: number, slot: number): number {
    const number = this.#rows.size;
    if (number >= this.#limit) return -1;
    const row = this.#rows.add();
    this.#rows.ints[row] = hash;
    this.#rows.bytes.set(bytes.subarray(offset, offset + IPV6_BYTES), bytesOf(number));
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

  #equals(number: number, bytes: Uint8Array, offset: number): boolean {
    const known = this.#rows.bytes;
    const at = bytesOf(number);
    for (let i = 0; i < IPV6_BYTES; i++) if (known[at + i] !== bytes[offset + i]) return false;
    return true;
  }

  #hash(bytes: Uint8Array, offset: number): number {
    let hash = this.#seed;
    for (let i = 0; i < WORDS; i++) {
      const at = offset + i * 4;
      const word = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
      hash = Math.imul(hash ^ word, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return hash;
  }
}

/** Where the bytes of an address begin. */
function bytesOf(number: number): number {
  return (number * ROW_INTS + 1) * 4;
}
