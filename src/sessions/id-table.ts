import { toHex } from '../bytes/hex.js';
import { Rows } from '../bytes/rows.js';
import type { Session } from '../model.js';

/** Session IDs (RFC 5246 7.4.1.2) have at most 32 bytes, SHA-256 digests of tickets and PSK identities have 32. */
const ID_BYTES = 32;
const ID_WORDS = ID_BYTES / 4;
/** `client` is no session: it stands for what one client may have been given at a server where tickets cannot be seen. */
export type Kind = Session['kind'] | 'client';
const KINDS: readonly Kind[] = ['session-id', 'ticket', 'psk', 'client'];
const PSK = 2;
const CLIENT = 3;

const SERVER = 0;
const KIND_AND_LENGTH = 1;
/** First and last of the list of a session's uses, + 1; their number; and whether one of them was declined. Below 0: {@link IdTable.join}. */
export const FIRST_USE = 2;
export const LAST_USE = 3;
export const USES = 4;
export const DECLINED = 5;
/** Lifetime that the server gave with the ticket, seconds; 0: none. */
export const LIFETIME = 6;
/** The identifier that took the place of all others, + 1; 0 where there is one only. */
export const CURRENT = 7;
const ID = 8;
export const SESSION_INTS = ID + ID_WORDS;

/** Sessions by server, kind and identifier. A session's number is where its row begins. */
export class IdTable {
  readonly rows: Rows;
  readonly #limit: number;
  readonly #seed = (Math.random() * 0x7fffffff) | 0;
  /** The hash beside the session + 1, so that foreign slots cost no look at their row. */
  #slots = new Int32Array(1 << 12);

  /** @param limit sessions remembered */
  constructor(limit: number) {
    this.#limit = limit;
    this.rows = new Rows(SESSION_INTS, limit);
  }

  /**
   * The identifier's number (see {@link root} for its session), or -1 when it is unknown and the table is full.
   *
   * @param ids the bytes of the identifier are those of `ids[at … at + 8)`, filled up with 0; their number is `length`
   */
  intern(server: number, kind: Kind, ids: Int32Array, at: number, length: number): number {
    const tag = (kindNumber(kind) << 8) | length;
    const hash = this.#hash(server, tag, ids, at);
    const slots = this.#slots;
    const mask = slots.length / 2 - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = slots[slot * 2 + 1] - 1;
      if (row < 0) {
        if (this.rows.size >= this.#limit) return -1;
        slots[slot * 2] = hash;
        return this.#add(slot, server, tag, ids, at);
      }
      if (slots[slot * 2] === hash && this.#matches(row, server, tag, ids, at)) return row;
    }
  }

  /** The same identifier at another server; -1 where it is unknown there. */
  atServer(row: number, server: number): number {
    const { ints } = this.rows;
    const tag = ints[row + KIND_AND_LENGTH];
    const hash = this.#hash(server, tag, ints, row + ID);
    const slots = this.#slots;
    const mask = slots.length / 2 - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const found = slots[slot * 2 + 1] - 1;
      if (found < 0 || (slots[slot * 2] === hash && this.#matches(found, server, tag, ints, row + ID))) return found;
    }
  }

  id(row: number): string {
    const at = (row + ID) * 4;
    return toHex(this.rows.bytes, at, at + (this.rows.ints[row + KIND_AND_LENGTH] & 0xff));
  }

  /** From now on `row` is another identifier of the session `root`; it must have no uses of its own any more. */
  join(row: number, root: number): void {
    this.rows.ints[row + FIRST_USE] = -root - 1;
  }

  /** Whether this is only another identifier of a session. */
  isJoined(row: number): boolean {
    return this.rows.ints[row + FIRST_USE] < 0;
  }

  /** The session that an identifier belongs to. */
  root(row: number): number {
    const { ints } = this.rows;
    let root = row;
    while (ints[root + FIRST_USE] < 0) root = -ints[root + FIRST_USE] - 1;
    // Shortened for the next search.
    for (let at = row; ints[at + FIRST_USE] < 0; ) {
      const next = -ints[at + FIRST_USE] - 1;
      ints[at + FIRST_USE] = -root - 1;
      at = next;
    }
    return root;
  }

  kind(row: number): Kind {
    return KINDS[this.rows.ints[row + KIND_AND_LENGTH] >>> 8];
  }

  isPsk(row: number): boolean {
    return this.rows.ints[row + KIND_AND_LENGTH] >>> 8 === PSK;
  }

  isClient(row: number): boolean {
    return this.rows.ints[row + KIND_AND_LENGTH] >>> 8 === CLIENT;
  }

  server(row: number): number {
    return this.rows.ints[row + SERVER];
  }

  #hash(server: number, tag: number, ids: Int32Array, at: number): number {
    let hash = this.#seed ^ Math.imul(server, 0x85ebca6b) ^ tag;
    for (let i = 0; i < ID_WORDS; i++) {
      hash = Math.imul(hash ^ ids[at + i], 0x2c1b3c6d);
      hash ^= hash >>> 15;
    }
    return hash;
  }

  #add(slot: number, server: number, tag: number, ids: Int32Array, at: number): number {
    const row = this.rows.add();
    const { ints } = this.rows;
    ints[row + SERVER] = server;
    ints[row + KIND_AND_LENGTH] = tag;
    for (let i = 0; i < ID_WORDS; i++) ints[row + ID + i] = ids[at + i];
    this.#slots[slot * 2 + 1] = row + 1;
    if (this.rows.size * 4 > this.#slots.length) this.#grow();
    return row;
  }

  #grow(): void {
    const old = this.#slots;
    const slots = new Int32Array(old.length * 2);
    const mask = slots.length / 2 - 1;
    for (let i = 0; i < old.length; i += 2) {
      if (old[i + 1] === 0) continue;
      let slot = old[i] & mask;
      while (slots[slot * 2 + 1] !== 0) slot = (slot + 1) & mask;
      slots[slot * 2] = old[i];
      slots[slot * 2 + 1] = old[i + 1];
    }
    this.#slots = slots;
  }

  #matches(row: number, server: number, tag: number, ids: Int32Array, at: number): boolean {
    const { ints } = this.rows;
    if (ints[row + SERVER] !== server || ints[row + KIND_AND_LENGTH] !== tag) return false;
    for (let i = 0; i < ID_WORDS; i++) if (ints[row + ID + i] !== ids[at + i]) return false;
    return true;
  }
}

function kindNumber(kind: Kind): number {
  if (kind === 'session-id') return 0;
  if (kind === 'ticket') return 1;
  return kind === 'psk' ? 2 : 3;
}
