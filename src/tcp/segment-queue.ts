import type { Moment } from './connections.js';
import { distance } from './sequence.js';

/** A segment that came before the bytes in front of it. */
export interface Segment {
  sequence: number;
  /** The captured payload, a copy. */
  bytes: Uint8Array;
  /** Payload bytes on the wire; more than were captured when a snap length cut the frame. */
  length: number;
  /** When it came. */
  moment: Moment;
}

/** Bytes held in all queues of one analyzer. */
export interface Held {
  bytes: number;
}

/** What a queued segment costs beside its payload, so that empty payloads are not free. */
const SEGMENT_OVERHEAD_BYTES = 600;

/**
 * The out-of-order segments of one direction, by sequence number and without overlaps: where two segments carry the same bytes
 * the one that came first is kept, as the receiver most likely did (RFC 9293 3.10.7.4 leaves it open).
 */
export class SegmentQueue {
  readonly #held: Held;
  readonly #segments: Segment[] = [];
  #bytes = 0;

  constructor(held: Held) {
    this.#held = held;
  }

  get count(): number {
    return this.#segments.length;
  }

  /** What this queue counts for in {@link Held}. */
  get bytes(): number {
    return this.#bytes;
  }

  get first(): Segment | undefined {
    return this.#segments[0];
  }

  /** Copies what is new of `bytes[start … end)`, whose length on the wire is `length`. */
  add(sequence: number, bytes: Uint8Array, start: number, end: number, length: number, now: Moment): void {
    let from = 0;
    let at = this.#segments.length;
    while (at > 0 && distance(this.#segments[at - 1].sequence, sequence) > 0) at--;
    if (at > 0) from = Math.max(0, distance(endOf(this.#segments[at - 1]), sequence));
    while (from < length) {
      const next = this.#segments[at];
      const to = next ? Math.min(length, distance(next.sequence, sequence)) : length;
      if (to > from) {
        const captured = bytes.slice(Math.min(start + from, end), Math.min(start + to, end));
        this.#insert(at++, { sequence: (sequence + from) | 0, bytes: captured, length: to - from, moment: { ...now } });
      }
      if (!next) return;
      from = Math.max(to, distance(endOf(next), sequence));
      at++;
    }
  }

  shift(): Segment | undefined {
    const segment = this.#segments.shift();
    if (segment) this.#count(-cost(segment));
    return segment;
  }

  clear(): void {
    this.#segments.length = 0;
    this.#count(-this.#bytes);
  }

  #insert(at: number, segment: Segment): void {
    this.#segments.splice(at, 0, segment);
    this.#count(cost(segment));
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#held.bytes += bytes;
  }
}

function endOf(segment: Segment): number {
  return (segment.sequence + segment.length) | 0;
}

function cost(segment: Segment): number {
  return segment.bytes.length + SEGMENT_OVERHEAD_BYTES;
}
