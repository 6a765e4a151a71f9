import { Rows } from '../bytes/rows.js';

/** Fields of a flow. One row stays for each pair of endpoints ever seen, so that late packets find their stream number. */
const LOW = 0;
const HIGH = 1;
const PORTS = 2;
export const Flow = {
  /** tcp.stream + 1: 0 marks a row that is not in use. */
  STREAM: 3,
  FLAGS: 4,
  /** Initial sequence numbers of the two directions, as Wireshark takes them for its decision whether a SYN begins a new stream. */
  ISN: 5,
  FIRST_FRAME: 7,
  /** Row of the followed connection + 1; 0 where there is nothing to follow (yet, or any more). */
  CONNECTION: 8,
} as const;
const FLOW_INTS = 9;
/** The only float: time of the first frame. */
export const FLOW_START = 0;

export const FlowFlag = {
  IPV6: 1,
  /** ISN of direction 0, of direction 1. */
  ISN_SET: 2,
  /** A SYN, or an answer to it, showed where direction 0 (direction 1: the next bit) begins. */
  ISN_CERTAIN: 8,
  /** A SYN without ACK came from direction 0 (direction 1: the next bit). */
  SYN: 32,
  /** Nothing of interest can follow: it carries no TLS, or its end was already told. */
  DONE: 128,
  /** A packet came from direction 0 (direction 1: the next bit). */
  HEARD: 256,
} as const;

const MIN_SLOTS = 1 << 12;
/** How many rows one search for room looks at. */
const SWEEP = 64;

/**
 * TCP flows by their two endpoints: open addressing with linear probing, a tag of the hash beside the row number, so that foreign
 * slots cost no look at their row. Direction 0 is from the lower endpoint to the higher one.
 */
export class FlowTable {
  readonly rows = new Rows(FLOW_INTS, 1);
  readonly #seed = (Math.random() * 0x7fffffff) | 0;
  #slots = new Int32Array(MIN_SLOTS * 2);
  #used = 0;
  #sweep = 0;

  find(low: number, high: number, ports: number, isIpv6: number): number {
    const hash = this.#hash(low, high, ports, isIpv6);
    const slots = this.#slots;
    const mask = slots.length / 2 - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = slots[slot * 2 + 1] - 1;
      if (row < 0) return -1;
      if (slots[slot * 2] === hash && this.#matches(row, low, high, ports, isIpv6)) return row;
    }
  }

  /** A new row; the endpoints must not be in the table. */
  add(low: number, high: number, ports: number, isIpv6: number): number {
    if (this.#used * 3 > this.#slots.length) this.#grow();
    const row = this.rows.add();
    this.rows.setInt(row, LOW, low);
    this.rows.setInt(row, HIGH, high);
    this.rows.setInt(row, PORTS, ports);
    this.rows.setInt(row, Flow.FLAGS, isIpv6 ? FlowFlag.IPV6 : 0);
    this.#insert(this.#slots, this.#rowHash(row), row);
    this.#used++;
    return row;
  }

  remove(row: number): void {
    const slots = this.#slots;
    const mask = slots.length / 2 - 1;
    let slot = this.#rowHash(row) & mask;
    while (slots[slot * 2 + 1] !== row + 1) slot = (slot + 1) & mask;
    this.#closeHole(slot, mask);
    this.rows.setInt(row, Flow.STREAM, 0);
    this.rows.free(row);
    this.#used--;
  }

  /** Endpoint of the sender of direction 0 (`direction` 0) or 1. */
  address(row: number, direction: number): number {
    return this.rows.int(row, direction === 0 ? LOW : HIGH);
  }

  port(row: number, direction: number): number {
    const ports = this.rows.int(row, PORTS);
    return direction === 0 ? ports >>> 16 : ports & 0xffff;
  }

  /**
   * A row that can make room: of the next few in turn, one with nothing to follow, else the one that began first.
   * The table must not be empty.
   */
  candidate(): number {
    let oldest = -1;
    for (let looked = 0; looked < SWEEP || oldest < 0; this.#sweep++) {
      if (this.#sweep >= this.rows.end) this.#sweep = 0;
      const row = this.#sweep;
      if (this.rows.int(row, Flow.STREAM) === 0) continue;
      looked++;
      if (this.rows.int(row, Flow.CONNECTION) === 0) return row;
      if (oldest < 0 || this.rows.float(row, FLOW_START) < this.rows.float(oldest, FLOW_START)) oldest = row;
    }
    return oldest;
  }

  #matches(row: number, low: number, high: number, ports: number, isIpv6: number): boolean {
    const rows = this.rows;
    return (
      rows.int(row, LOW) === low &&
      rows.int(row, HIGH) === high &&
      rows.int(row, PORTS) === ports &&
      (rows.int(row, Flow.FLAGS) & FlowFlag.IPV6) === isIpv6
    );
  }

  #insert(slots: Int32Array, hash: number, row: number): void {
    const mask = slots.length / 2 - 1;
    let slot = hash & mask;
    while (slots[slot * 2 + 1] !== 0) slot = (slot + 1) & mask;
    slots[slot * 2] = hash;
    slots[slot * 2 + 1] = row + 1;
  }

  /** Moves later entries of the same run into the hole, so that no search ends too early. */
  #closeHole(hole: number, mask: number): void {
    const slots = this.#slots;
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
    for (let i = 0; i < old.length; i += 2) if (old[i + 1] !== 0) this.#insert(slots, old[i], old[i + 1] - 1);
    this.#slots = slots;
  }

  #rowHash(row: number): number {
    const rows = this.rows;
    return this.#hash(rows.int(row, LOW), rows.int(row, HIGH), rows.int(row, PORTS), rows.int(row, Flow.FLAGS) & FlowFlag.IPV6);
  }

  /** Seeded, so that nobody can make a capture whose flows all fall into one run. */
  #hash(low: number, high: number, ports: number, isIpv6: number): number {
    let hash = Math.imul(this.#seed ^ low, 0x85ebca6b);
    hash = Math.imul((hash ^ (hash >>> 15)) + high + isIpv6, 0xc2b2ae35);
    hash = Math.imul(hash ^ (hash >>> 13) ^ ports, 0x27d4eb2f);
    return hash ^ (hash >>> 16);
  }
}
