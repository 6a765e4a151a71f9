// The mirror image: clients that have a session and do not offer it.

import { Rows } from '../bytes/rows.js';
import { Slots } from '../bytes/slots.js';
import { MAX_CLIENTS } from '../limits.js';
import type { Fingerprint, NonOfferingClient } from '../model.js';
import { fisherExact } from './statistics.js';
import type { Use } from './use.js';
import { ADDRESS_BITS, CloseNumber, Field, UseFlag } from './use-rows.js';

/** Chances to offer, none of them taken, from which on it is a habit. */
const ENOUGH_CHANCES = 3;
/** The same after unclean closes of the server. */
const ENOUGH_UNCLEAN = 2;
/** That the client offers less after unclean closes of the server must be by chance less often than this. */
const MAX_CHANCE = 0.05;
/** Sessions may be forgotten after the shortest timeout that clients and servers come with, seconds: that of nginx and HAProxy. */
const REMEMBERED_SECONDS = 300;
/** Of one server, those with the most chances missed. */
const MAX_LISTED = 100;

// A client is a row: of the connection that ended last when that was, the server name, and what it left; then what came of it.

/** A double, at half of the row's number. */
const LAST_END = 0;
const SERVER = 2;
/** See {@link Field}. */
const CLIENT = 3;
const SERVER_NAME = 4;
const LEFT = 5;
/** Of chances to offer those that were taken, then those that were not; after all closes of the server, clean and unclean ones. */
const ALL = 6;
const AFTER_CLEAN = 8;
const AFTER_UNCLEAN = 10;
const ROW_INTS = 12;

/** Bits of LEFT. */
const HAS_SESSION = 1;
const CLOSED_CLEANLY = 2;
const CLOSED_UNCLEANLY = 4;

/** Told of the connections that issued or offered a session, in the order of their ends. */
export class Clients {
  readonly #rows = new Rows(ROW_INTS, MAX_CLIENTS);
  readonly #slots = new Slots(MAX_CLIENTS);
  readonly #seed = (Math.random() * 0x7fffffff) | 0;
  /** Connections of clients beyond the limit. */
  leftOut = 0;

  /**
   * One more connection. Whether it offers a session says something where the one before it was over, and had left one.
   *
   * @param server number of the server
   * @param offers it offered a session, taken or not
   * @param hasSession it left the client with a session
   */
  add(server: number, use: Use, offers: boolean, hasSession: boolean): void {
    const row = this.#row(server, use.int(Field.CLIENT));
    if (row < 0) {
      this.leftOut++;
      return;
    }
    const { ints, floats } = this.#rows;
    const left = ints[row + LEFT];
    const flags = use.int(Field.PORT_AND_FLAGS);
    const { serverName } = use;
    if (left & HAS_SESSION && serverName === ints[row + SERVER_NAME] && use.clientHello > 0 && !(flags & UseFlag.UNCERTAIN)) {
      const quiet = use.helloTime - floats[(row >> 1) + LAST_END];
      const taken = offers ? 0 : 1;
      if (quiet > 0 && quiet < REMEMBERED_SECONDS) {
        ints[row + ALL + taken]++;
        if (left & CLOSED_CLEANLY) ints[row + AFTER_CLEAN + taken]++;
        if (left & CLOSED_UNCLEANLY) ints[row + AFTER_UNCLEAN + taken]++;
      }
    }
    floats[(row >> 1) + LAST_END] = use.lastSeen;
    ints[row + SERVER_NAME] = serverName;
    ints[row + LEFT] = leftBy(flags, use.int(Field.CLOSES), hasSession);
  }

  /** By the number of the server. */
  report(addressOf: (number: number) => string, fingerprintOf: (number: number) => Fingerprint | null): Map<number, NonOfferingClient[]> {
    const reports = new Map<number, NonOfferingClient[]>();
    const { ints } = this.#rows;
    for (let row = 0; row < this.#rows.end; row += ROW_INTS) {
      const habit = this.#habit(row);
      if (habit === null) continue;
      const own = reports.get(ints[row + SERVER]) ?? [];
      reports.set(ints[row + SERVER], own);
      const client = ints[row + CLIENT];
      own.push({
        address: addressOf(client & ((1 << ADDRESS_BITS) - 1)),
        ja4: fingerprintOf(client >>> ADDRESS_BITS)?.ja4 ?? null,
        habit,
        chances: this.#chances(row + ALL),
        afterCleanServerClose: this.#chances(row + AFTER_CLEAN),
        afterUncleanServerClose: this.#chances(row + AFTER_UNCLEAN),
        pValue: this.#pValue(row),
      });
    }
    for (const [server, own] of reports) {
      reports.set(server, own.sort((a, b) => b.chances.notOffered - a.chances.notOffered).slice(0, MAX_LISTED));
    }
    return reports;
  }

  #habit(row: number): NonOfferingClient['habit'] | null {
    const { ints } = this.#rows;
    if (ints[row + ALL] === 0) return ints[row + ALL + 1] >= ENOUGH_CHANCES ? 'never-offers' : null;
    if (ints[row + AFTER_UNCLEAN] > 0 || ints[row + AFTER_UNCLEAN + 1] < ENOUGH_UNCLEAN || ints[row + AFTER_CLEAN] === 0) return null;
    return (this.#pValue(row) ?? 1) <= MAX_CHANCE ? 'stops-after-unclean-server-close' : null;
  }

  #pValue(row: number): number | null {
    const { ints } = this.#rows;
    const tally = (at: number) => ({ resumed: ints[row + at], declined: ints[row + at + 1] });
    return fisherExact(tally(AFTER_UNCLEAN), tally(AFTER_CLEAN));
  }

  #chances(at: number): NonOfferingClient['chances'] {
    return { offered: this.#rows.ints[at], notOffered: this.#rows.ints[at + 1] };
  }

  /** The row of a client, which is made where it has none; -1 where there is no room. */
  #row(server: number, client: number): number {
    const { ints } = this.#rows;
    const slots = this.#slots;
    const hash = this.#hash(server, client);
    let slot = hash & slots.mask;
    for (; slots.ints[slot] !== 0; slot = (slot + 1) & slots.mask) {
      const row = ((slots.ints[slot] & slots.numbers) - 1) * ROW_INTS;
      if (ints[row + CLIENT] === client && ints[row + SERVER] === server) return row;
    }
    if (this.#rows.size >= MAX_CLIENTS) return -1;
    const row = this.#rows.add();
    this.#rows.ints[row + SERVER] = server;
    this.#rows.ints[row + CLIENT] = client;
    slots.set(slot, hash, row / ROW_INTS + 1);
    if (slots.isFull(this.#rows.size)) this.#grow();
    return row;
  }

  #hash(server: number, client: number): number {
    let hash = Math.imul(this.#seed ^ server, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15) ^ client, 0x2c1b3c6d);
    return hash ^ (hash >>> 15);
  }

  #grow(): void {
    this.#slots.double();
    const { ints } = this.#rows;
    for (let row = 0; row < this.#rows.end; row += ROW_INTS) {
      this.#slots.insert(this.#hash(ints[row + SERVER], ints[row + CLIENT]), row / ROW_INTS + 1);
    }
  }
}

/** @param flags {@link UseFlag} @param closes {@link Field}.CLOSES */
function leftBy(flags: number, closes: number, hasSession: boolean): number {
  const state = (closes >>> 8) & 15;
  let left = 0;
  if (state === CloseNumber.CLEAN) left = CLOSED_CLEANLY;
  // A client that has said close_notify itself does not mind how the server ends.
  else if (state === CloseNumber.UNCLEAN && flags & UseFlag.SERVER_FIRST) left = CLOSED_UNCLEANLY;
  // After a fatal alert a session must not be offered again (RFC 5246 7.2.2).
  const isWhole = (flags & (UseFlag.COMPLETED | UseFlag.FATAL | UseFlag.LIKELY_FATAL)) === UseFlag.COMPLETED;
  return hasSession && isWhole ? left | HAS_SESSION : left;
}
