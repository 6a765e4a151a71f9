import { Rows } from '../bytes/rows.js';
import { FlowFlag, KEPT, ROW_INTS, Row, type TcpConnections } from './connections.js';

// The optimizer folds constants of the module itself, and loads imported ones for each packet.
const { LOW, HIGH, PORTS, FLAGS, STREAM } = Row;
const { IPV6 } = FlowFlag;
const { FIRST: FIRST_KEPT, INTS: KEPT_INTS } = KEPT;

const MIN_SLOTS = 1 << 12;
/** How many rows one search for room looks at. */
const SWEEP = 64;

/**
 * TCP connections by their two endpoints: open addressing with linear probing, the hash beside the reference, so that foreign slots
 * cost no look at their row. A reference above 0 is a followed connection (its row + 1); below 0 it is one of which
 * only endpoints and stream number are remembered, because nothing of interest can follow.
 */
export class FlowTable {
  readonly #connections: TcpConnections;
  /** Those that are done: a stretch of their row each. */
  readonly #done: Rows;
  readonly #seed = (Math.random() * 0x7fffffff) | 0;
  #slots = new Int32Array(MIN_SLOTS * 2);
  #used = 0;
  /** Where the last searches for room stopped. */
  #sweep = 0;
  #doneSweep = 0;

  /** @param limit connections of both kinds */
  constructor(connections: TcpConnections, limit: number) {
    this.#connections = connections;
    this.#done = new Rows(KEPT_INTS, limit);
  }

  get size(): number {
    return this.#used;
  }

  /** The reference of the connection between two endpoints, 0 when there is none. Direction 0 is from the lower one to the higher. */
  find(low: number, high: number, ports: number, isIpv6: number): number {
    const hash = this.#hash(low, high, ports, isIpv6);
    const slots = this.#slots;
    const mask = slots.length / 2 - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const reference = slots[slot * 2 + 1];
      if (reference === 0) return 0;
      if (slots[slot * 2] !== hash) continue;
      const ints = this.#intsOf(reference);
      const at = rowOf(reference);
      const isSame = ints[at + LOW] === low && ints[at + HIGH] === high && ints[at + PORTS] === ports;
      if (isSame && (ints[at + FLAGS] & IPV6) === isIpv6) return reference;
    }
  }

  /** Row of a new connection; the endpoints must not be in the table. */
  add(low: number, high: number, ports: number, isIpv6: number): number {
    if (this.#used * 4 > this.#slots.length) this.#grow();
    const { rows } = this.#connections;
    const row = rows.add();
    const { ints } = rows;
    ints[row + LOW] = low;
    ints[row + HIGH] = high;
    ints[row + PORTS] = ports;
    ints[row + FLAGS] = isIpv6 ? IPV6 : 0;
    insert(this.#slots, this.#hash(low, high, ports, isIpv6), row + 1);
    this.#used++;
    return row;
  }

  /** Forgets all of a followed connection but its endpoints and stream number. */
  retire(connection: number): void {
    const { ints } = this.#connections.rows;
    const done = this.#done.add();
    const kept = this.#done.ints;
    for (let i = 0; i < KEPT_INTS; i++) kept[done + i] = ints[connection + FIRST_KEPT + i];
    this.#slots[this.#slotOf(connection + 1) * 2 + 1] = -done - 1;
    this.#free(connection + 1);
  }

  remove(reference: number): void {
    this.#closeHole(this.#slotOf(reference));
    this.#free(reference);
    this.#used--;
  }

  /** A field of {@link Row}, of those that are kept of either kind of reference. */
  field(reference: number, field: number): number {
    return this.#intsOf(reference)[rowOf(reference) + field];
  }

  /** What can make room: one that is done, else an old one. The table must not be empty. */
  candidate(): number {
    return this.#done.size > 0 ? this.#nextDone() : this.oldest() + 1;
  }

  /** Of the next few followed connections the one that began first. There must be one. */
  oldest(): number {
    const connections = this.#connections;
    let oldest = -1;
    for (let looked = 0; looked < SWEEP || oldest < 0; looked++, this.#sweep += ROW_INTS) {
      if (this.#sweep >= connections.rows.end) this.#sweep = 0;
      const row = this.#sweep;
      if (!connections.isOpen(row)) continue;
      if (oldest < 0 || connections.start(row) < connections.start(oldest)) oldest = row;
    }
    return oldest;
  }

  #nextDone(): number {
    do {
      this.#doneSweep += KEPT_INTS;
      if (this.#doneSweep >= this.#done.end) this.#doneSweep = 0;
    } while (this.field(-this.#doneSweep - 1, STREAM) === 0);
    return -this.#doneSweep - 1;
  }

  #free(reference: number): void {
    this.#intsOf(reference)[rowOf(reference) + STREAM] = 0;
    if (reference > 0) this.#connections.rows.free(reference - 1);
    else this.#done.free(-reference - 1);
  }

  #intsOf(reference: number): Int32Array {
    return reference > 0 ? this.#connections.rows.ints : this.#done.ints;
  }

  #slotOf(reference: number): number {
    const ints = this.#intsOf(reference);
    const at = rowOf(reference);
    const hash = this.#hash(ints[at + LOW], ints[at + HIGH], ints[at + PORTS], ints[at + FLAGS] & IPV6);
    const mask = this.#slots.length / 2 - 1;
    let slot = hash & mask;
    while (this.#slots[slot * 2 + 1] !== reference) slot = (slot + 1) & mask;
    return slot;
  }

  /** Moves later entries of the same run into the hole, so that no search ends too early. */
  #closeHole(hole: number): void {
    const slots = this.#slots;
    const mask = slots.length / 2 - 1;
    let free = hole;
    for (let slot = (hole + 1) & mask; slots[slot * 2 + 1] !== 0; slot = (slot + 1) & mask) {
      const home = slots[slot * 2] & mask;
      if (((slot - home) & mask) < ((slot - free) & mask)) continue;
      slots[free * 2] = slots[slot * 2];
      slots[free * 2 + 1] = slots[slot * 2 + 1];
      free = slot;
    }
    slots[free * 2 + 1] = 0;
  }

  #grow(): void {
    const old = this.#slots;
    const slots = new Int32Array(old.length * 2);
    for (let i = 0; i < old.length; i += 2) if (old[i + 1] !== 0) insert(slots, old[i], old[i + 1]);
    this.#slots = slots;
  }

  /** Seeded, so that nobody can make a capture whose connections all fall into one run. */
  #hash(low: number, high: number, ports: number, isIpv6: number): number {
    let hash = Math.imul(this.#seed ^ low, 0x85ebca6b);
    hash = Math.imul((hash ^ (hash >>> 15)) + high + isIpv6, 0xc2b2ae35);
    hash = Math.imul(hash ^ (hash >>> 13) ^ ports, 0x27d4eb2f);
    return hash ^ (hash >>> 16);
  }
}

function insert(slots: Int32Array, hash: number, reference: number): void {
  const mask = slots.length / 2 - 1;
  let slot = hash & mask;
  while (slots[slot * 2 + 1] !== 0) slot = (slot + 1) & mask;
  slots[slot * 2] = hash;
  slots[slot * 2 + 1] = reference;
}

/** Where a reference's row would begin: of those that are done, what comes before the kept part is not there. */
function rowOf(reference: number): number {
  return reference > 0 ? reference - 1 : -reference - 1 - FIRST_KEPT;
}
