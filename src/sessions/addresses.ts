import { ipv4Text } from '../bytes/ip-address.js';
import { Rows } from '../bytes/rows.js';
import { Slots } from '../bytes/slots.js';
import type { ConnectionFacts } from '../tls/facts.js';

/** Numbers the addresses of clients from 1. Of IPv4 by their bits: a million of texts takes eight times as long, and eight times the memory. */
export class Addresses {
  readonly #limit: number;
  /** By their number - 1, those of IPv4. */
  readonly #ipv4: Rows;
  readonly #slots: Slots;
  readonly #seed = (Math.random() * 0x7fffffff) | 0;
  readonly #ipv6 = new Map<string, number>();
  readonly #ipv6Texts = new Map<number, string>();

  /** @param limit addresses that are told apart; what comes after has the number 0 */
  constructor(limit: number) {
    this.#limit = limit;
    this.#ipv4 = new Rows(1, limit);
    this.#slots = new Slots(limit);
  }

  /** Of the client. */
  of(facts: ConnectionFacts): number {
    return facts.isIpv6 ? this.#internIpv6(facts.clientIpv6) : this.#internIpv4(facts.clientIpv4);
  }

  /** The number that an address of another table has here. */
  copy(from: Addresses, number: number): number {
    if (from === this || number === 0) return number;
    const text = from.#ipv6Texts.get(number);
    return text === undefined ? this.#internIpv4(from.#ipv4.ints[number - 1]) : this.#internIpv6(text);
  }

  /** As in RFC 5952; empty for 0. */
  text(number: number): string {
    if (number === 0) return '';
    return this.#ipv6Texts.get(number) ?? ipv4Text(this.#ipv4.ints[number - 1]);
  }

  #internIpv4(address: number): number {
    const { ints, mask, numbers } = this.#slots;
    const hash = this.#hash(address);
    let slot = hash & mask;
    for (; ints[slot] !== 0; slot = (slot + 1) & mask) {
      const number = ints[slot] & numbers;
      if (this.#ipv4.ints[number - 1] === address) return number;
    }
    const number = this.#next();
    if (number === 0) return 0;
    this.#ipv4.ints[number - 1] = address;
    this.#slots.set(slot, hash, number);
    if (this.#slots.isFull(number)) this.#grow();
    return number;
  }

  #internIpv6(text: string): number {
    const known = this.#ipv6.get(text);
    if (known !== undefined) return known;
    const number = this.#next();
    if (number === 0) return 0;
    this.#ipv6.set(text, number);
    this.#ipv6Texts.set(number, text);
    return number;
  }

  #next(): number {
    if (this.#ipv4.size >= this.#limit) return 0;
    return this.#ipv4.add() + 1;
  }

  #grow(): void {
    this.#slots.double();
    const { ints, size } = this.#ipv4;
    for (let number = 1; number <= size; number++) {
      if (!this.#ipv6Texts.has(number)) this.#slots.insert(this.#hash(ints[number - 1]), number);
    }
  }

  #hash(address: number): number {
    const hash = Math.imul(this.#seed ^ address, 0x85ebca6b);
    return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) ^ (hash >>> 13);
  }
}
