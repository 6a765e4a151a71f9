import { Rows } from '../bytes/rows.js';
import type { Session } from '../model.js';

/** Session IDs (RFC 5246 7.4.1.2) have at most 32 bytes, SHA-256 digests of tickets and PSK identities have 32. */
const ID_BYTES = 32;
const ID_WORDS = ID_BYTES / 4;
const KINDS: readonly Session['kind'][] = ['session-id', 'ticket', 'psk'];

const SERVER = 0;
const KIND_AND_LENGTH = 1;
/** First and last of the list of a session's uses, + 1; their number; and whether one of them was declined. */
export const FIRST_USE = 2;
export const LAST_USE = 3;
export const USES = 4;
export const DECLINED = 5;
const HASH = 6;
const ID = 7;

/** Sessions by server, kind and identifier. The numbers it gives out count up from 0. */
export class IdTable {
  readonly rows = new Rows(ID + ID_WORDS);
  readonly #seed = (Math.random() * 0x7fffffff) | 0;
  readonly #id = new Int32Array(ID_WORDS);
  #slots = new Int32Array(1 << 12);

  get size(): number {
    return this.rows.end;
  }

  /** The session's number, or -1 when it is unknown and `limit` sessions are known already. The ID is at most 32 bytes long. */
  intern(server: number, kind: Session['kind'], bytes: Uint8Array, offset: number, length: number, limit: number): number {
    const tag = (KINDS.indexOf(kind) << 8) | length;
    const hash = this.#read(bytes, offset, length, this.#seed ^ Math.imul(server, 0x85ebca6b) ^ tag);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = this.#slots[slot] - 1;
      if (row < 0) return this.rows.end >= limit ? -1 : this.#add(slot, server, tag, hash);
      if (this.#matches(row, hash, server, tag)) return row;
    }
  }

  id(row: number): string {
    let text = '';
    for (let i = 0; i < ID_WORDS; i++) text += (this.rows.int(row, ID + i) >>> 0).toString(16).padStart(8, '0');
    return text.slice(0, 2 * (this.rows.int(row, KIND_AND_LENGTH) & 0xff));
  }

  kind(row: number): Session['kind'] {
    return KINDS[this.rows.int(row, KIND_AND_LENGTH) >>> 8];
  }

  server(row: number): number {
    return this.rows.int(row, SERVER);
  }

  #add(slot: number, server: number, tag: number, hash: number): number {
    const row = this.rows.add();
    this.rows.setInt(row, SERVER, server);
    this.rows.setInt(row, KIND_AND_LENGTH, tag);
    this.rows.setInt(row, HASH, hash);
    for (let i = 0; i < ID_WORDS; i++) this.rows.setInt(row, ID + i, this.#id[i]);
    this.#slots[slot] = row + 1;
    if (this.rows.end * 3 > this.#slots.length * 2) this.#grow();
    return row;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    for (let row = 0; row < this.rows.end; row++) {
      let slot = this.rows.int(row, HASH) & (slots.length - 1);
      while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1);
      slots[slot] = row + 1;
    }
    this.#slots = slots;
  }

  #matches(row: number, hash: number, server: number, tag: number): boolean {
    const page = this.rows.page(row);
    const at = this.rows.at(row);
    if (page[at + HASH] !== hash || page[at + SERVER] !== server || page[at + KIND_AND_LENGTH] !== tag) return false;
    for (let i = 0; i < ID_WORDS; i++) if (page[at + ID + i] !== this.#id[i]) return false;
    return true;
  }

  /** The ID into the buffer, filled up with 0; returns the hash. */
  #read(bytes: Uint8Array, offset: number, length: number, seed: number): number {
    let hash = seed;
    for (let i = 0; i < ID_WORDS; i++) {
      const word = length >= i * 4 + 4 ? wordAt(bytes, offset + i * 4) : lastWord(bytes, offset + i * 4, length - i * 4);
      this.#id[i] = word;
      hash = Math.imul(hash ^ word, 0x2c1b3c6d);
      hash ^= hash >>> 15;
    }
    return hash;
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}

function lastWord(bytes: Uint8Array, at: number, count: number): number {
  let word = 0;
  for (let i = 0; i < 4; i++) word = (word << 8) | (i < count ? bytes[at + i] : 0);
  return word;
}
