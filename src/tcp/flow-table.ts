import { Rows } from '../bytes/rows.js';
import { FLOW_INTS, Flow, FlowFlag, type TcpConnections, Time } from './connections.js';

const MIN_SLOTS = 1 << 12;
/** How many rows one search for room looks at. */
const SWEEP = 64;

/**
 * TCP connections by their two endpoints: open addressing with linear probing, a tag of the hash beside the reference, so that
 * foreign slots cost no look at their row. A reference above 0 is a followed connection (its row + 1); below 0 it is one of which
 * only endpoints and stream number are remembered, because nothing of interest can follow.
 */
export class FlowTable {
  readonly #connections: TcpConnections;
  readonly #done = new Rows(FLOW_INTS);
  readonly #seed = (Math.random() * 0x7fffffff) | 0;
  #slots = new Int32Array(MIN_SLOTS * 2);
  #used = 0;
  #sweep = 0;

  constructor(connections: TcpConnections) {
    this.#connections = connections;
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
      const page = reference > 0 ? this.#connections.rows.ints : this.#done.page(-reference - 1);
      const at = reference > 0 ? this.#connections.rows.at(reference - 1) : this.#done.at(-reference - 1);
      const isSame = page[at + Flow.LOW] === low && page[at + Flow.HIGH] === high && page[at + Flow.PORTS] === ports;
      if (isSame && (page[at + Flow.FLAGS] & FlowFlag.IPV6) === isIpv6) return reference;
    }
  }

  /** Row of a new connection; the endpoints must not be in the table. */
  add(low: number, high: number, ports: number, isIpv6: number): number {
    if (this.#used * 4 > this.#slots.length) this.#grow();
    const { rows } = this.#connections;
    const row = rows.add();
    const at = rows.at(row);
    rows.ints[at + Flow.LOW] = low;
    rows.ints[at + Flow.HIGH] = high;
    rows.ints[at + Flow.PORTS] = ports;
    rows.ints[at + Flow.FLAGS] = isIpv6 ? FlowFlag.IPV6 : 0;
    insert(this.#slots, this.#hash(low, high, ports, isIpv6), row + 1);
    this.#used++;
    return row;
  }

  /** Forgets all of a followed connection but its endpoints and stream number. */
  retire(connection: number): void {
    const { ints } = this.#connections.rows;
    const from = this.#connections.rows.at(connection);
    const done = this.#done.add();
    const page = this.#done.page(done);
    const to = this.#done.at(done);
    for (let field = 0; field < FLOW_INTS; field++) page[to + field] = ints[from + field];
    this.#slots[this.#slotOf(connection + 1, ints, from) * 2 + 1] = -done - 1;
    this.#free(connection + 1);
  }

  remove(reference: number): void {
    const isFollowed = reference > 0;
    const page = isFollowed ? this.#connections.rows.ints : this.#done.page(-reference - 1);
    const at = isFollowed ? this.#connections.rows.at(reference - 1) : this.#done.at(-reference - 1);
    this.#closeHole(this.#slotOf(reference, page, at));
    this.#free(reference);
    this.#used--;
  }

  /** Fields of {@link Flow} of either kind of reference. */
  field(reference: number, field: number): number {
    return reference > 0 ? this.#connections.rows.int(reference - 1, field) : this.#done.int(-reference - 1, field);
  }

  /** What can make room: one that is done, else an old one. The table must not be empty. */
  candidate(): number {
    return this.#done.size > 0 ? this.#nextDone() : this.oldest() + 1;
  }

  /** Of the next few followed connections the one that began first. There must be one. */
  oldest(): number {
    const { rows } = this.#connections;
    let oldest = -1;
    for (let looked = 0; looked < SWEEP || oldest < 0; this.#sweep++) {
      if (this.#sweep >= rows.end) this.#sweep = 0;
      const row = this.#sweep;
      looked++;
      if (!this.#connections.isOpen(row)) continue;
      if (oldest < 0 || rows.float(row, Time.START) < rows.float(oldest, Time.START)) oldest = row;
    }
    return oldest;
  }

  #nextDone(): number {
    do {
      if (++this.#sweep >= this.#done.end) this.#sweep = 0;
    } while (this.#done.int(this.#sweep, Flow.STREAM) === 0);
    return -this.#sweep - 1;
  }

  #free(reference: number): void {
    if (reference > 0) {
      this.#connections.rows.setInt(reference - 1, Flow.STREAM, 0);
      this.#connections.rows.free(reference - 1);
    } else {
      this.#done.setInt(-reference - 1, Flow.STREAM, 0);
      this.#done.free(-reference - 1);
    }
  }

  /** @param page where the fields of the reference are, from `at` on */
  #slotOf(reference: number, page: Int32Array, at: number): number {
    const hash = this.#hash(page[at + Flow.LOW], page[at + Flow.HIGH], page[at + Flow.PORTS], page[at + Flow.FLAGS] & FlowFlag.IPV6);
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
