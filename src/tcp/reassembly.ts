// Payload in order, from segments in any order: RFC 9293 3.10.7.4.
import type { Limits } from '../limits.js';
import type { Warnings } from '../warnings.js';
import { type Direction, DirectionField, DirectionState, field, type Moment, type TcpConnections } from './connections.js';
import { type Held, type Segment, SegmentQueue } from './segment-queue.js';
import { advance, distance } from './sequence.js';

/** What is made of the payload. */
export interface StreamConsumer {
  /** A connection is followed from here on; what was kept under its number is to be forgotten. */
  open(connection: number): void;
  /** Whether these first bytes of a payload begin a stream, so that nothing before them needs to be waited for. */
  beginsStream(bytes: Uint8Array, start: number, end: number): boolean;
  /** Payload in order: `bytes[start … end)`. */
  data(connection: number, direction: Direction, bytes: Uint8Array, start: number, end: number): void;
  /** Payload that the capture lacks. */
  gap(connection: number, direction: Direction, lengthBytes: number): void;
  /** False when nothing of this connection is of interest any more; asked after its payload was delivered. */
  wants(connection: number): boolean;
  /** All was seen; the connection's facts can be read until this returns. */
  finish(connection: number): void;
}

/** Segments collected of a direction whose beginning is not in the capture before the lowest of them is taken as its start. */
const SEARCH_SEGMENTS = 4;
/** Out-of-order segments after which bytes that the peer has acknowledged are given up: the receiver got them, the capture did not. */
const PATIENCE_SEGMENTS = 16;

export class Reassembly {
  readonly #connections: TcpConnections;
  readonly #consumer: StreamConsumer;
  readonly #now: Moment;
  readonly #limits: Limits;
  readonly #warnings: Warnings;
  readonly #queues = new Map<number, SegmentQueue>();
  readonly #held: Held = { bytes: 0 };

  constructor(connections: TcpConnections, consumer: StreamConsumer, now: Moment, limits: Limits, warnings: Warnings) {
    this.#connections = connections;
    this.#consumer = consumer;
    this.#now = now;
    this.#limits = limits;
    this.#warnings = warnings;
  }

  /** A payload of `length` bytes on the wire, of which `bytes[start … end)` was captured. */
  segment(connection: number, direction: Direction, sequence: number, bytes: Uint8Array, start: number, end: number, length: number): void {
    const rows = this.#connections.rows;
    const state = rows.int(connection, field(DirectionField.STATE, direction));
    if (state & DirectionState.NEXT_KNOWN) {
      const ahead = distance(sequence, rows.int(connection, field(DirectionField.NEXT, direction)));
      if (ahead <= 0) {
        if (ahead + length <= 0) return;
        if (state & DirectionState.QUEUED) this.#fill(connection, direction, sequence, bytes, start, end, length);
        else this.#deliver(connection, direction, bytes, start - ahead, end, length + ahead);
        return;
      }
    } else if (this.#consumer.beginsStream(bytes, start, end)) {
      this.begin(connection, direction, sequence);
      this.#deliver(connection, direction, bytes, start, end, length);
      if (state & DirectionState.QUEUED) this.#drain(connection, direction);
      return;
    }
    this.#queue(connection, direction, sequence, bytes, start, end, length);
  }

  /** The stream of this direction begins at `sequence`. */
  begin(connection: number, direction: Direction, sequence: number): void {
    const rows = this.#connections.rows;
    rows.setInt(connection, field(DirectionField.NEXT, direction), sequence);
    rows.setBits(connection, field(DirectionField.STATE, direction), DirectionState.NEXT_KNOWN);
  }

  /** Delivers what is queued, with gaps where bytes never came. */
  flush(connection: number, direction: Direction): void {
    const queue = this.#queues.get(key(connection, direction));
    if (!queue) return;
    while (queue.count > 0) this.#giveUp(connection, direction, queue);
    this.drop(connection, direction);
  }

  /** Forgets what is queued. */
  drop(connection: number, direction: Direction): void {
    this.#queues.get(key(connection, direction))?.clear();
    this.#queues.delete(key(connection, direction));
  }

  /** The next bytes in order, while later ones are queued: what came before them is kept. */
  #fill(connection: number, direction: Direction, sequence: number, bytes: Uint8Array, start: number, end: number, length: number): void {
    this.#queues.get(key(connection, direction))?.add(sequence, bytes, start, end, length, this.#now);
    this.#drain(connection, direction);
  }

  /** @param start may lie past `end` when the captured part was delivered before */
  #deliver(connection: number, direction: Direction, bytes: Uint8Array, start: number, end: number, length: number): void {
    const rows = this.#connections.rows;
    const next = field(DirectionField.NEXT, direction);
    rows.setInt(connection, next, advance(rows.int(connection, next), length));
    const captured = end - start;
    if (captured > 0) this.#consumer.data(connection, direction, bytes, start, end);
    if (captured < length) this.#gap(connection, direction, length - Math.max(captured, 0));
  }

  #gap(connection: number, direction: Direction, length: number): void {
    const rows = this.#connections.rows;
    const missing = field(DirectionField.MISSING, direction);
    rows.setInt(connection, missing, Math.min(rows.int(connection, missing) + length, 0x7fffffff));
    this.#consumer.gap(connection, direction, length);
  }

  #queue(connection: number, direction: Direction, sequence: number, bytes: Uint8Array, start: number, end: number, length: number): void {
    let queue = this.#queues.get(key(connection, direction));
    if (!queue) {
      queue = new SegmentQueue(this.#held);
      this.#queues.set(key(connection, direction), queue);
      this.#connections.rows.setBits(connection, field(DirectionField.STATE, direction), DirectionState.QUEUED);
    }
    queue.add(sequence, bytes, start, end, length, this.#now);
    const limits = this.#limits;
    if (queue.bytes > limits.outOfOrderBytes || this.#held.bytes > limits.totalOutOfOrderBytes) {
      this.#warnings.add('out-of-order-limit', 'more out-of-order payload than is kept: missing bytes were given up', this.#now.frame);
      this.#giveUp(connection, direction, queue);
    } else if (this.#isLost(connection, direction, queue)) this.#giveUp(connection, direction, queue);
  }

  #isLost(connection: number, direction: Direction, queue: SegmentQueue): boolean {
    const state = this.#connections.state(connection, direction);
    if (!(state & DirectionState.NEXT_KNOWN)) return queue.count >= SEARCH_SEGMENTS;
    if (queue.count < PATIENCE_SEGMENTS || !(state & DirectionState.ACK_KNOWN)) return false;
    const rows = this.#connections.rows;
    const acknowledged = rows.int(connection, field(DirectionField.ACKNOWLEDGED, direction));
    return distance(acknowledged, queue.first?.sequence ?? acknowledged) >= 0;
  }

  /** Takes the bytes in front of the first queued segment for lost. */
  #giveUp(connection: number, direction: Direction, queue: SegmentQueue): void {
    const first = queue.first;
    if (!first) return;
    const rows = this.#connections.rows;
    const next = field(DirectionField.NEXT, direction);
    if (this.#connections.state(connection, direction) & DirectionState.NEXT_KNOWN) {
      const length = distance(first.sequence, rows.int(connection, next));
      rows.setInt(connection, next, first.sequence);
      if (length > 0) this.#at(first, () => this.#gap(connection, direction, length));
    } else this.begin(connection, direction, first.sequence);
    this.#drain(connection, direction);
  }

  #drain(connection: number, direction: Direction): void {
    const queue = this.#queues.get(key(connection, direction));
    const next = field(DirectionField.NEXT, direction);
    while (queue?.first) {
      const ahead = distance(queue.first.sequence, this.#connections.rows.int(connection, next));
      if (ahead > 0) return;
      const segment = queue.shift() as Segment;
      if (ahead + segment.length <= 0) continue;
      this.#at(segment, () => this.#deliver(connection, direction, segment.bytes, -ahead, segment.bytes.length, segment.length + ahead));
    }
    this.drop(connection, direction);
    const state = field(DirectionField.STATE, direction);
    this.#connections.rows.setInt(connection, state, this.#connections.rows.int(connection, state) & ~DirectionState.QUEUED);
  }

  /** Runs `action` as if the queued segment came now. */
  #at(segment: Segment, action: () => void): void {
    const now = { ...this.#now };
    Object.assign(this.#now, segment.moment);
    action();
    Object.assign(this.#now, now);
  }
}

function key(connection: number, direction: Direction): number {
  return connection * 2 + direction;
}
