import { toHex } from '../bytes/hex.js';
import { Rows } from '../bytes/rows.js';
import { Slots } from '../bytes/slots.js';
import type { Session } from '../model.js';

/** Session IDs (RFC 5246 7.4.1.2) have at most 32 bytes, SHA-256 digests of tickets and PSK identities have 32. */
const ID_BYTES = 32;
const ID_WORDS = ID_BYTES / 4;
/** `client` is no session: it stands for what one client may have been given at a server where tickets cannot be seen. */
export type Kind = Session['kind'] | 'client';
const KINDS: readonly Kind[] = ['session-id', 'ticket', 'psk', 'client'];
const TICKET = 1;
const PSK = 2;
const CLIENT = 3;

/** Server << 8, kind << 6, and the number of the identifier's bytes. */
const HEAD = 0;
const KIND_BITS = 6;
const SERVER_BITS = 8;
/** First and last of the list of a session's uses, + 1. Below 0: {@link IdTable.join}. */
export const FIRST_USE = 1;
export const LAST_USE = 2;
/** Their number, doubled, and 1 where one of them was declined. */
export const USES = 3;
export const DECLINED_BIT = 1;
export const ONE_USE = 2;
const ID = 4;
const ID_INTS = ID + ID_WORDS;
/** What only tickets and PSKs have: the lifetime that the server gave, seconds (0: none), and another identifier that took its place. */
const LIFETIME = ID_INTS;
const CURRENT = ID_INTS + 1;
const TICKET_INTS = ID_INTS + 2;

/** Rows of the table are of two lengths: they are put together from pieces. */
const PIECE_INTS = 2;

/** Pieces that a copy has room for at first: a copy is for what is open at the time. */
const ROOM_OF_COPY = 1 << 12;

/** Sessions by server, kind and identifier. A session's number is where its row begins. */
export class IdTable {
  readonly rows: Rows;
  readonly #limit: number;
  readonly #seed: number;
  readonly #slots: Slots;
  #size: number;

  /**
   * @param limit sessions remembered
   * @param original what it is to be a copy of
   */
  constructor(limit: number, original: IdTable | null = null) {
    this.#limit = limit;
    this.rows = original?.rows.clone(ROOM_OF_COPY) ?? new Rows(PIECE_INTS, limit * (TICKET_INTS / PIECE_INTS));
    this.#slots = original ? original.#slots.clone() : new Slots(limit);
    this.#seed = original ? original.#seed : (Math.random() * 0x7fffffff) | 0;
    this.#size = original ? original.#size : 0;
  }

  clone(): IdTable {
    return new IdTable(this.#limit, this);
  }

  /** Identifiers, those among them that were joined with others. */
  get size(): number {
    return this.#size;
  }

  /**
   * The identifier's number (see {@link root} for its session), or -1 when it is unknown and the table is full.
   *
   * @param ids the bytes of the identifier are those of `ids[at … at + 8)`, filled up with 0; their number is `length`
   */
  intern(server: number, kind: Kind, ids: Int32Array, at: number, length: number): number {
    return this.#intern((server << SERVER_BITS) | (kindNumber(kind) << KIND_BITS) | length, ids, at);
  }

  #intern(head: number, ids: Int32Array, at: number): number {
    const hash = this.#hash(head, ids, at);
    const slot = this.#slotOf(hash, head, ids, at);
    const row = this.#rowAt(slot);
    if (row >= 0) return row;
    return this.#size >= this.#limit ? -1 : this.#add(slot, hash, head, ids, at);
  }

  /** The identifier's number; -1 where it is unknown. See {@link intern}. */
  find(server: number, kind: Kind, ids: Int32Array, at: number, length: number): number {
    const head = (server << SERVER_BITS) | (kindNumber(kind) << KIND_BITS) | length;
    return this.#rowAt(this.#slotOf(this.#hash(head, ids, at), head, ids, at));
  }

  /** The number that an identifier of another table has here, where it is added; see {@link intern}. What else is known of it is not taken over. */
  copy(from: IdTable, row: number): number {
    return this.#intern(from.rows.ints[row + HEAD], from.rows.ints, row + ID);
  }

  /** The same identifier at another server; -1 where it is unknown there. */
  atServer(row: number, server: number): number {
    const { ints } = this.rows;
    const head = (server << SERVER_BITS) | (ints[row + HEAD] & ((1 << SERVER_BITS) - 1));
    return this.#rowAt(this.#slotOf(this.#hash(head, ints, row + ID), head, ints, row + ID));
  }

  /** The identifier after another one, the first one after -1; -1 when there is none. */
  after(row: number): number {
    const next = row < 0 ? 0 : row + this.#intsOf(row);
    return next < this.rows.end ? next : -1;
  }

  id(row: number): string {
    const at = (row + ID) * 4;
    return toHex(this.rows.bytes, at, at + (this.rows.ints[row + HEAD] & ((1 << KIND_BITS) - 1)));
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

  /** The first two words of an identifier. */
  words(row: number): [number, number] {
    const { ints } = this.rows;
    return [ints[row + ID], ints[row + ID + 1]];
  }

  kind(row: number): Kind {
    return KINDS[this.#kind(row)];
  }

  isPsk(row: number): boolean {
    return this.#kind(row) === PSK;
  }

  isClient(row: number): boolean {
    return this.#kind(row) === CLIENT;
  }

  server(row: number): number {
    return this.rows.ints[row + HEAD] >>> SERVER_BITS;
  }

  /** Seconds; 0 where the server gave none. */
  lifetime(row: number): number {
    return this.#isTicket(row) ? this.rows.ints[row + LIFETIME] : 0;
  }

  setLifetime(row: number, seconds: number): void {
    if (this.#isTicket(row)) this.rows.ints[row + LIFETIME] = seconds;
  }

  /** The identifier that took the place of all others of a session; -1 where there is one only. */
  current(row: number): number {
    return this.#isTicket(row) ? this.rows.ints[row + CURRENT] - 1 : -1;
  }

  setCurrent(row: number, identifier: number): void {
    if (this.#isTicket(row)) this.rows.ints[row + CURRENT] = identifier + 1;
  }

  #kind(row: number): number {
    return (this.rows.ints[row + HEAD] >>> KIND_BITS) & (KINDS.length - 1);
  }

  #isTicket(row: number): boolean {
    return isTicket(this.#kind(row));
  }

  #intsOf(row: number): number {
    return this.#isTicket(row) ? TICKET_INTS : ID_INTS;
  }

  /** Where an identifier is, or the empty slot that it belongs to. */
  #slotOf(hash: number, head: number, ids: Int32Array, at: number): number {
    const { ints: slots, mask, numbers } = this.#slots;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot];
      if (entry === 0) return slot;
      if (((entry ^ hash) & ~numbers) === 0 && this.#matches(rowOf(entry & numbers), head, ids, at)) return slot;
    }
  }

  /** -1 where the slot is empty. */
  #rowAt(slot: number): number {
    const entry = this.#slots.ints[slot];
    return entry === 0 ? -1 : rowOf(entry & this.#slots.numbers);
  }

  #hash(head: number, ids: Int32Array, at: number): number {
    let hash = this.#seed ^ Math.imul(head, 0x85ebca6b);
    for (let i = 0; i < ID_WORDS; i++) {
      hash = Math.imul(hash ^ ids[at + i], 0x2c1b3c6d);
      hash ^= hash >>> 15;
    }
    return hash;
  }

  #add(slot: number, hash: number, head: number, ids: Int32Array, at: number): number {
    const isOfTicket = isTicket((head >>> KIND_BITS) & (KINDS.length - 1));
    const row = this.rows.add((isOfTicket ? TICKET_INTS : ID_INTS) / PIECE_INTS);
    const { ints } = this.rows;
    ints[row + HEAD] = head;
    for (let i = 0; i < ID_WORDS; i++) ints[row + ID + i] = ids[at + i];
    this.#slots.set(slot, hash, numberOf(row));
    if (this.#slots.isFull(++this.#size)) this.#grow();
    return row;
  }

  #grow(): void {
    this.#slots.double();
    const { ints } = this.rows;
    for (let row = this.after(-1); row >= 0; row = this.after(row)) {
      this.#slots.insert(this.#hash(ints[row + HEAD], ints, row + ID), numberOf(row));
    }
  }

  #matches(row: number, head: number, ids: Int32Array, at: number): boolean {
    const { ints } = this.rows;
    if (ints[row + HEAD] !== head) return false;
    for (let i = 0; i < ID_WORDS; i++) if (ints[row + ID + i] !== ids[at + i]) return false;
    return true;
  }
}

/** The number of a row in its slot, from 1 on. */
function numberOf(row: number): number {
  return row / PIECE_INTS + 1;
}

function rowOf(number: number): number {
  return (number - 1) * PIECE_INTS;
}

function isTicket(kind: number): boolean {
  return kind === TICKET || kind === PSK;
}

function kindNumber(kind: Kind): number {
  if (kind === 'session-id') return 0;
  if (kind === 'ticket') return 1;
  return kind === 'psk' ? 2 : 3;
}
