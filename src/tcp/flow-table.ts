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
      const rows = reference > 0 ? this.#connections.rows : this.#done;
      const row = reference > 0 ? reference - 1 : -reference - 1;
      const page = rows.page(row);
      const at = rows.at(row);
      const isSame = page[at + Flow.LOW] === low && page[at + Flow.HIGH] === high && page[at + Flow.PORTS] === ports;
      if (isSame && (page[at + Flow.FLAGS] & FlowFlag.IPV6) === isIpv6) return reference;
    }
  }

  /** Row of a new connection; the endpoints must not be in the table. */
  add(low: number, high: number, ports: number, isIpv6: number): number {
    if (this.#used * 4 > this.#slots.length) this.#grow();
    const { rows } = this.#connections;
    const row = rows.add();
    rows.setInt(row, Flow.LOW, low);
    rows.setInt(row, Flow.HIGH, high);
    rows.setInt(row, Flow.PORTS, ports);
    rows.setInt(row, Flow.FLAGS, isIpv6 ? FlowFlag.IPV6 : 0);
    insert(this.#slots, this.#hash(low, high, ports, isIpv6), row + 1);
    this.#used++;
    return row;
  }

  /** Forgets all of a followed connection but its endpoints and stream number. */
  retire(connection: number): void {
    const { rows } = this.#connections;
    const done = this.#done.add();
    for (let field = 0; field < FLOW_INTS; field++) this.#done.setInt(done, field, rows.int(connection, field));
    this.#slots[this.#slotOf(connection + 1) * 2 + 1] = -done - 1;
    this.#free(connection + 1);
  }

  remove(reference: number): void {
    this.#closeHole(this.#slotOf(reference));
    this.#free(reference);
    this.#used--;
  }

  /** Fields of {@link Flow} of either kind of reference. */
  field(reference: number, field: number): number {
    return reference > 0 ? this.#connections.rows.int(reference - 1, field) : this.#done.int(-reference - 1, field);
  }

  /** What can make room: one that is done, else of the next few the one that began first. The table must not be empty. */
  candidate(): number {
    if (this.#done.size > 0) return this.#nextDone();
    const { rows } = this.#connections;
    let oldest = -1;
    for (let looked = 0; looked < SWEEP || oldest < 0; this.#sweep++) {
      if (this.#sweep >= rows.end) this.#sweep = 0;
      const row = this.#sweep;
      looked++;
      if (!this.#connections.isOpen(row)) continue;
      if (oldest < 0 || rows.float(row, Time.START) < rows.float(oldest, Time.START)) oldest = row;
    }
    return oldest + 1;
  }

  #nextDone(): number {
    do {
      if (++this.#sweep >= this.#done.end) this.#sweep = 0;
    } while (this.#done.int(this.#sweep, Flow.STREAM) === 0);
    return -this.#sweep - 1;
  }

  #free(reference: number): void {
    const rows = reference > 0 ? this.#connections.rows : this.#done;
    const row = reference > 0 ? reference - 1 : -reference - 1;
    rows.setInt(row, Flow.STREAM, 0);
    rows.free(row);
  }

  #slotOf(reference: number): number {
    const isIpv6 = this.field(reference, Flow.FLAGS) & FlowFlag.IPV6;
    const hash = this.#hash(this.field(reference, Flow.LOW), this.field(reference, Flow.HIGH), this.field(reference, Flow.PORTS), isIpv6);
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
