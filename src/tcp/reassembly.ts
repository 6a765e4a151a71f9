// Payload in order, from segments in any order: RFC 9293 3.10.7.4.
import type { Limits } from '../limits.js';
import type { Warnings } from '../warnings.js';
import { type Moment, peerOf, Side, SideState, type TcpConnections } from './connections.js';
import { type Held, type Segment, SegmentQueue } from './segment-queue.js';
import { advance, distance } from './sequence.js';

/** What is made of the payload. `side` is where the fields of its sender begin. */
export interface StreamConsumer {
  /** A connection is followed from here on; what was kept under its number is to be forgotten. */
  open(connection: number): void;
  /** Whether these first bytes of a payload begin a stream, so that nothing before them needs to be waited for. */
  beginsStream(bytes: Uint8Array, start: number, end: number): boolean;
  /** Payload in order: `bytes[start … end)`. */
  data(connection: number, side: number, bytes: Uint8Array, start: number, end: number): void;
  /** Payload that the capture lacks. */
  gap(connection: number, side: number, lengthBytes: number): void;
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
  segment(connection: number, side: number, sequence: number, bytes: Uint8Array, start: number, end: number, length: number): void {
    const { ints } = this.#connections.rows;
    const state = ints[side + Side.STATE];
    if (state & SideState.NEXT_KNOWN) {
      const ahead = distance(sequence, ints[side + Side.NEXT]);
      if (ahead <= 0) {
        if (ahead + length <= 0) return;
        if (state & SideState.QUEUED) this.#fill(connection, side, sequence, bytes, start, end, length);
        else this.#deliver(connection, side, bytes, start - ahead, end, length + ahead);
        return;
      }
    } else if (this.#consumer.beginsStream(bytes, start, end)) {
      this.begin(side, sequence);
      this.#deliver(connection, side, bytes, start, end, length);
      if (state & SideState.QUEUED) this.#drain(connection, side);
      return;
    }
    this.#queue(connection, side, sequence, bytes, start, end, length);
  }

  /** The stream of this side begins at `sequence`. */
  begin(side: number, sequence: number): void {
    const { ints } = this.#connections.rows;
    ints[side + Side.NEXT] = sequence;
    ints[side + Side.STATE] |= SideState.NEXT_KNOWN;
  }

  /** Delivers what is queued, with gaps where bytes never came. */
  flush(connection: number, side: number): void {
    const queue = this.#queues.get(side);
    if (!queue) return;
    while (queue.count > 0) this.#giveUp(connection, side, queue);
    this.drop(side);
  }

  /** Forgets what is queued. */
  drop(side: number): void {
    this.#queues.get(side)?.clear();
    this.#queues.delete(side);
  }

  /** The next bytes in order, while later ones are queued: what came before them is kept. */
  #fill(connection: number, side: number, sequence: number, bytes: Uint8Array, start: number, end: number, length: number): void {
    this.#queues.get(side)?.add(sequence, bytes, start, end, length, this.#now);
    this.#drain(connection, side);
  }

  /** @param start may lie past `end` when the captured part was delivered before */
  #deliver(connection: number, side: number, bytes: Uint8Array, start: number, end: number, length: number): void {
    const { ints } = this.#connections.rows;
    ints[side + Side.NEXT] = advance(ints[side + Side.NEXT], length);
    const captured = end - start;
    if (captured > 0) this.#consumer.data(connection, side, bytes, start, end);
    if (captured < length) this.#gap(connection, side, length - Math.max(captured, 0));
  }

  #gap(connection: number, side: number, length: number): void {
    const { ints } = this.#connections.rows;
    ints[side + Side.MISSING] = Math.min(ints[side + Side.MISSING] + length, 0x7fffffff);
    this.#consumer.gap(connection, side, length);
  }

  #queue(connection: number, side: number, sequence: number, bytes: Uint8Array, start: number, end: number, length: number): void {
    let queue = this.#queues.get(side);
    if (!queue) {
      queue = new SegmentQueue(this.#held);
      this.#queues.set(side, queue);
      this.#connections.rows.ints[side + Side.STATE] |= SideState.QUEUED;
    }
    queue.add(sequence, bytes, start, end, length, this.#now);
    const limits = this.#limits;
    if (queue.bytes > limits.outOfOrderBytes || this.#held.bytes > limits.totalOutOfOrderBytes) {
      this.#warnings.add('out-of-order-limit', 'more out-of-order payload than is kept: missing bytes were given up', this.#now.frame);
      this.#giveUp(connection, side, queue);
    } else if (this.#isLost(connection, side, queue)) this.#giveUp(connection, side, queue);
  }

  #isLost(connection: number, side: number, queue: SegmentQueue): boolean {
    const { ints } = this.#connections.rows;
    if (!(ints[side + Side.STATE] & SideState.NEXT_KNOWN)) return queue.count >= SEARCH_SEGMENTS;
    const peer = peerOf(connection, side);
    if (queue.count < PATIENCE_SEGMENTS || !(ints[peer + Side.STATE] & SideState.ACK_KNOWN)) return false;
    const acknowledged = ints[peer + Side.ACKNOWLEDGES];
    return distance(acknowledged, queue.first?.sequence ?? acknowledged) >= 0;
  }

  /** Takes the bytes in front of the first queued segment for lost. */
  #giveUp(connection: number, side: number, queue: SegmentQueue): void {
    const first = queue.first;
    if (!first) return;
    const { ints } = this.#connections.rows;
    if (ints[side + Side.STATE] & SideState.NEXT_KNOWN) {
      const length = distance(first.sequence, ints[side + Side.NEXT]);
      ints[side + Side.NEXT] = first.sequence;
      if (length > 0) this.#at(first, () => this.#gap(connection, side, length));
    } else this.begin(side, first.sequence);
    this.#drain(connection, side);
  }

  #drain(connection: number, side: number): void {
    const queue = this.#queues.get(side);
    const { ints } = this.#connections.rows;
    while (queue?.first) {
      const ahead = distance(queue.first.sequence, ints[side + Side.NEXT]);
      if (ahead > 0) return;
      const segment = queue.shift() as Segment;
      if (ahead + segment.length <= 0) continue;
      this.#at(segment, () => this.#deliver(connection, side, segment.bytes, -ahead, segment.bytes.length, segment.length + ahead));
    }
    this.drop(side);
    ints[side + Side.STATE] &= ~SideState.QUEUED;
  }

  /** Runs `action` as if the queued segment came now. */
  #at(segment: Segment, action: () => void): void {
    const now = { ...this.#now };
    Object.assign(this.#now, segment.moment);
    action();
    Object.assign(this.#now, now);
  }
}
