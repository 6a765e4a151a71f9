import { Rows } from '../bytes/rows.js';
import { Slots } from '../bytes/slots.js';
import { FlowFlag, KEPT, ROW_INTS, Row, type TcpConnections } from './connections.js';

// The optimizer folds constants of the module itself, and loads imported ones for each packet.
const { LOW, HIGH, PORTS, FLAGS, STREAM } = Row;
const { IPV6, DONE } = FlowFlag;
const { FIRST: FIRST_KEPT, INTS: KEPT_INTS } = KEPT;
const CONNECTION_INTS = ROW_INTS;

/** How many rows one search for room looks at. */
const SWEEP = 64;
/** How much sooner connections are given up that carried nothing. */
const NOTHING_CARRIED = 4;

/**
 * TCP connections by their two endpoints. A reference above 0 is a followed connection (its row + 1); below 0 it is one of which
 * only endpoints and beginnings are remembered, because nothing of interest can follow.
 */
export class FlowTable {
  readonly #connections: TcpConnections;
  /** Those that are done: a stretch of their row each. */
  readonly #done: Rows;
  readonly #seed = (Math.random() * 0x7fffffff) | 0;
  readonly #slots: Slots;
  #used = 0;
  /** Where the last searches for room stopped. */
  #sweep = 0;
  #doneSweep = 0;

  /** @param limit connections of both kinds */
  constructor(connections: TcpConnections, limit: number) {
    this.#connections = connections;
    this.#done = new Rows(KEPT_INTS, limit);
    this.#slots = new Slots(limit);
  }

  get size(): number {
    return this.#used;
  }

  /** The reference of the connection between two endpoints, 0 when there is none. Direction 0 is from the lower one to the higher. */
  find(low: number, high: number, ports: number, isIpv6: number): number {
    const hash = this.#hash(low, high, ports, isIpv6);
    const { ints: slots, mask, numbers } = this.#slots;
    // Looked up before it is known which of them counts: what is only rarely done makes the optimizer begin again.
    const followed = this.#connections.rows.ints;
    const done = this.#done.ints;
    const upper = ~numbers;
    for (let next = hash; ; ) {
      const entry = slots[next++ & mask];
      if (entry === 0) return 0;
      if ((entry ^ hash) & upper) continue;
      const reference = referenceOf(entry & numbers);
      const ints = reference > 0 ? followed : done;
      const at = rowOf(reference);
      const isSame = ints[at + LOW] === low && ints[at + HIGH] === high && ints[at + PORTS] === ports;
      if (isSame && (ints[at + FLAGS] & IPV6) === isIpv6) return reference;
    }
  }

  /** Row of a new connection; the endpoints must not be in the table. */
  add(low: number, high: number, ports: number, isIpv6: number): number {
    if (this.#slots.isFull(this.#used + 1)) this.#grow();
    const { rows } = this.#connections;
    const row = rows.add();
    const { ints } = rows;
    ints[row + LOW] = low;
    ints[row + HIGH] = high;
    ints[row + PORTS] = ports;
    ints[row + FLAGS] = isIpv6 ? IPV6 : 0;
    this.#slots.insert(this.#hash(low, high, ports, isIpv6), numberOf(row + 1));
    this.#used++;
    return row;
  }

  /** Forgets all of a followed connection but its endpoints and beginnings. */
  retire(connection: number): void {
    const { ints } = this.#connections.rows;
    const done = this.#done.add();
    const kept = this.#done.ints;
    for (let i = 0; i < KEPT_INTS; i++) kept[done + i] = ints[connection + FIRST_KEPT + i];
    const reference = -done - 1;
    kept[rowOf(reference) + FLAGS] |= DONE;
    const hash = this.#hashOf(reference);
    this.#slots.set(this.#slotOf(connection + 1, hash), hash, numberOf(reference));
    this.#free(connection + 1);
  }

  remove(reference: number): void {
    this.#closeHole(this.#slotOf(reference, this.#hashOf(reference)));
    this.#free(reference);
    this.#used--;
  }

  /** References of the connections of which only endpoints and beginnings are remembered. */
  *done(): Generator<number> {
    for (let row = 0; row < this.#done.end; row += KEPT_INTS) if (this.field(-row - 1, FLAGS) & DONE) yield -row - 1;
  }

  /** A field of {@link Row}, of those that are kept of either kind of reference. */
  field(reference: number, field: number): number {
    return this.#intsOf(reference)[rowOf(reference) + field];
  }

  /** What can make room: one that is done, else an idle one. The table must not be empty. */
  candidate(frame: number): number {
    return this.#done.size > 0 ? this.#nextDone() : this.idlest(frame) + 1;
  }

  /**
   * Of the next few followed connections the one that has been silent for most frames, those that carried nothing counting several times:
   * floods are mostly of these. There must be one.
   *
   * @param frame the present one
   */
  idlest(frame: number): number {
    const connections = this.#connections;
    let idlest = -1;
    let most = -1;
    for (let looked = 0; looked < SWEEP || idlest < 0; looked++, this.#sweep += CONNECTION_INTS) {
      if (this.#sweep >= connections.rows.end) this.#sweep = 0;
      const row = this.#sweep;
      if (!connections.isOpen(row)) continue;
      const silence = frame - connections.rows.ints[row + Row.LAST_FRAME];
      const weighed = connections.flags(row) & FlowFlag.FOLLOWED ? silence : silence * NOTHING_CARRIED;
      if (weighed <= most) continue;
      idlest = row;
      most = weighed;
    }
    return idlest;
  }

  #nextDone(): number {
    do {
      this.#doneSweep += KEPT_INTS;
      if (this.#doneSweep >= this.#done.end) this.#doneSweep = 0;
    } while ((this.field(-this.#doneSweep - 1, FLAGS) & DONE) === 0);
    return -this.#doneSweep - 1;
  }

  #free(reference: number): void {
    this.#intsOf(reference)[rowOf(reference) + (reference > 0 ? STREAM : FLAGS)] = 0;
    if (reference > 0) this.#connections.rows.free(reference - 1);
    else this.#done.free(-reference - 1);
  }

  #intsOf(reference: number): Int32Array {
    return reference > 0 ? this.#connections.rows.ints : this.#done.ints;
  }

  #slotOf(reference: number, hash: number): number {
    const { ints: slots, mask, numbers } = this.#slots;
    const number = numberOf(reference);
    let slot = hash & mask;
    while ((slots[slot] & numbers) !== number) slot = (slot + 1) & mask;
    return slot;
  }

  /** Moves later entries of the same run into the hole, so that no search ends too early. */
  #closeHole(hole: number): void {
    const { ints: slots, mask, numbers } = this.#slots;
    let free = hole;
    for (let slot = (hole + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.#hashOf(referenceOf(slots[slot] & numbers)) & mask;
      if (((slot - home) & mask) < ((slot - free) & mask)) continue;
      slots[free] = slots[slot];
      free = slot;
    }
    slots[free] = 0;
  }

  #grow(): void {
    this.#slots.double();
    const connections = this.#connections;
    for (let row = 0; row < connections.rows.end; row += CONNECTION_INTS) if (connections.isOpen(row)) this.#insert(row + 1);
    for (const reference of this.done()) this.#insert(reference);
  }

  #insert(reference: number): void {
    this.#slots.insert(this.#hashOf(reference), numberOf(reference));
  }

  #hashOf(reference: number): number {
    const ints = this.#intsOf(reference);
    const at = rowOf(reference);
    return this.#hash(ints[at + LOW], ints[at + HIGH], ints[at + PORTS], ints[at + FLAGS] & IPV6);
  }

  /** Seeded, so that nobody can make a capture whose connections all fall into one run. */
  #hash(low: number, high: number, ports: number, isIpv6: number): number {
    let hash = Math.imul(this.#seed ^ low, 0x85ebca6b);
    hash = Math.imul((hash ^ (hash >>> 15)) + high + isIpv6, 0xc2b2ae35);
    hash = Math.imul(hash ^ (hash >>> 13) ^ ports, 0x27d4eb2f);
    return hash ^ (hash >>> 16);
  }
}

/** The number of a reference in its slot: even for followed connections, odd for those that are done. */
function numberOf(reference: number): number {
  return reference > 0 ? ((reference - 1) / CONNECTION_INTS) * 2 + 2 : ((-reference - 1) / KEPT_INTS) * 2 + 3;
}

function referenceOf(number: number): number {
  const index = (number >> 1) - 1;
  const followed = index * CONNECTION_INTS + 1;
  const done = -1 - index * KEPT_INTS;
  return number & 1 ? done : followed;
}

/** Where a reference's row would begin: of those that are done, what comes before the kept part is not there. */
function rowOf(reference: number): number {
  const followed = reference - 1;
  const done = -1 - reference - FIRST_KEPT;
  return reference > 0 ? followed : done;
}
