import { toHex } from '../bytes/hex.js';
import { Rows } from '../bytes/rows.js';
import type { Session } from '../model.js';

/** Session IDs (RFC 5246 7.4.1.2) and SHA-256 digests of tickets and PSK identities alike. */
const ID_BYTES = 32;
const KINDS: readonly Session['kind'][] = ['session-id', 'ticket', 'psk'];

const SERVER = 0;
const KIND_AND_LENGTH = 1;
/** Uses of the session: first and last of a list. */
export const FIRST_USE = 2;
export const LAST_USE = 3;
const HASH = 4;
const INTS = 5;

/** Sessions by server, kind and identifier. The numbers it gives out count up from 0. */
export class IdTable {
  readonly rows = new Rows(INTS, 0, ID_BYTES);
  readonly #seed = (Math.random() * 0x7fffffff) | 0;
  readonly #id = new Uint8Array(ID_BYTES);
  #slots = new Int32Array(1 << 12);

  get size(): number {
    return this.rows.end;
  }

  /** The session's number, or -1 when it is unknown and `limit` sessions are known already. */
  intern(server: number, kind: Session['kind'], id: string, limit: number): number {
    const length = this.#read(id);
    const tag = (KINDS.indexOf(kind) << 8) | length;
    const hash = this.#hash(server, tag, length);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = this.#slots[slot] - 1;
      if (row < 0) return this.rows.end >= limit ? -1 : this.#add(slot, server, tag, hash, length);
      if (this.#matches(row, hash, server, tag, length)) return row;
    }
  }

  id(row: number): string {
    const at = this.rows.byteOffset(row);
    return toHex(this.rows.bytes(row), at, at + (this.rows.int(row, KIND_AND_LENGTH) & 0xff));
  }

  kind(row: number): Session['kind'] {
    return KINDS[this.rows.int(row, KIND_AND_LENGTH) >>> 8];
  }

  server(row: number): number {
    return this.rows.int(row, SERVER);
  }

  #add(slot: number, server: number, tag: number, hash: number, length: number): number {
    const row = this.rows.add();
    this.rows.setInt(row, SERVER, server);
    this.rows.setInt(row, KIND_AND_LENGTH, tag);
    this.rows.setInt(row, HASH, hash);
    this.rows.bytes(row).set(this.#id.subarray(0, length), this.rows.byteOffset(row));
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

  #matches(row: number, hash: number, server: number, tag: number, length: number): boolean {
    const rows = this.rows;
    if (rows.int(row, HASH) !== hash || rows.int(row, SERVER) !== server || rows.int(row, KIND_AND_LENGTH) !== tag) return false;
    const page = rows.bytes(row);
    const at = rows.byteOffset(row);
    for (let i = 0; i < length; i++) if (page[at + i] !== this.#id[i]) return false;
    return true;
  }

  /** Hex into the buffer; returns the number of bytes. */
  #read(id: string): number {
    const length = Math.min(id.length >> 1, ID_BYTES);
    for (let i = 0; i < length; i++) this.#id[i] = (digit(id.charCodeAt(2 * i)) << 4) | digit(id.charCodeAt(2 * i + 1));
    return length;
  }

  #hash(server: number, tag: number, length: number): number {
    let hash = this.#seed ^ Math.imul(server, 0x85ebca6b) ^ tag;
    for (let i = 0; i < length; i++) hash = Math.imul(hash ^ this.#id[i], 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    return hash ^ (hash >>> 13);
  }
}

/** Value of a lower-case hexadecimal digit. */
function digit(code: number): number {
  return code < 58 ? code - 48 : code - 87;
}
