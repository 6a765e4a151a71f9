// Puts IP packets together from their fragments (RFC 791 3.2, RFC 8200 4.5).
import { MAX_FRAGMENT_AGE_SECONDS } from '../limits.js';
import type { WarningCode } from '../warning-codes.js';
import type { Warnings } from '../warnings.js';
import type { Moment } from './connections.js';

/** The largest packet there is, without its header. */
const MAX_BYTES = 65_535;
/** All fragments but the last one have a multiple of it. */
const BLOCK_BYTES = 8;
const BLOCKS = Math.ceil(MAX_BYTES / BLOCK_BYTES);
/** Captured on two interfaces of one machine, a packet comes twice within milliseconds; its identification is used again much later. */
const MAX_REPETITION_SECONDS = 0.1;

const UDP = 17;

const MISSING = 'IP packets of which fragments are missing were left out';

/** A packet of which some parts are there. */
export class Datagram {
  readonly bytes = new Uint8Array(MAX_BYTES);
  /** Its length; null until the last fragment has come. */
  length: number | null = null;
  /** What it carries, as its first fragment says; null until that has come. */
  protocol: number | null = null;
  /** Somebody may miss it. */
  isMissed = false;
  time = 0;
  frame = 0;
  /** Where the bytes that came end. */
  reach = 0;
  readonly #has = new Uint8Array(BLOCKS);
  #blocks = 0;

  /** Takes `bytes[start … end)`, which belongs at `offset`. What is there already stays: the first data win. */
  add(offset: number, bytes: Uint8Array, start: number, end: number): void {
    this.reach = Math.max(this.reach, offset + end - start);
    for (let from = start, to = offset; from < end; from += BLOCK_BYTES, to += BLOCK_BYTES) {
      const block = to / BLOCK_BYTES;
      if (this.#has[block]) continue;
      this.#has[block] = 1;
      this.#blocks++;
      this.bytes.set(bytes.subarray(from, Math.min(end, from + BLOCK_BYTES)), to);
    }
  }

  get isWhole(): boolean {
    return this.length !== null && this.protocol !== null && this.#blocks === Math.ceil(this.length / BLOCK_BYTES);
  }

  /** Makes it a new one. */
  clear(): void {
    this.#has.fill(0);
    this.#blocks = 0;
    this.reach = 0;
    this.length = null;
    this.protocol = null;
  }
}

export class Fragments {
  /** In the order in which their first fragments came. */
  readonly #datagrams = new Map<string, Datagram>();
  /** When packets were whole that were put together lately. */
  readonly #whole = new Map<string, number>();
  readonly #limit: number;
  readonly #warnings: Warnings;
  readonly #now: Moment;
  #spare: Datagram | null = null;

  constructor(limit: number, now: Moment, warnings: Warnings) {
    this.#limit = limit;
    this.#now = now;
    this.#warnings = warnings;
  }

  /**
   * One fragment: `bytes[start … end)`, which belongs at `offset` of its packet.
   *
   * @param key what all fragments of the packet have in common
   * @param protocol what the packet carries; that in its first fragment counts
   * @returns the packet when this completes it, to be given back by {@link release}; null when it does not, undefined when it cannot belong
   *   to any
   */
  add(
    key: string,
    protocol: number,
    offset: number,
    isLast: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): Datagram | null | undefined {
    const length = end - start;
    if (length <= 0 || offset + length > MAX_BYTES || (!isLast && length % BLOCK_BYTES !== 0)) return undefined;
    if (this.#isRepeated(key)) return null;
    const datagram = this.#of(key);
    if (datagram === null) return null;
    const known = datagram.length;
    if (known !== null && (isLast ? offset + length !== known : offset + length > known)) return undefined;
    if (isLast && datagram.reach > offset + length) return undefined;
    if (isLast) datagram.length = offset + length;
    if (offset === 0) datagram.protocol ??= protocol;
    // UDP is mostly none of ours.
    datagram.isMissed = protocol !== UDP;
    datagram.add(offset, bytes, start, end);
    if (!datagram.isWhole) return null;
    this.#datagrams.delete(key);
    if (this.#whole.size >= this.#limit) this.#whole.clear();
    this.#whole.set(key, this.#now.time);
    return datagram;
  }

  /** A fragment of a packet that was whole a moment ago was captured twice. */
  #isRepeated(key: string): boolean {
    const time = this.#whole.get(key);
    return time !== undefined && Math.abs(this.#now.time - time) < MAX_REPETITION_SECONDS;
  }

  /** A packet that was whole, and is not looked at any more. */
  release(datagram: Datagram): void {
    this.#spare = datagram;
  }

  /** The capture is over: what is not whole will not be. */
  finish(): void {
    while (this.#datagrams.size > 0) this.#dropFirst('ip-fragment', MISSING);
  }

  #of(key: string): Datagram | null {
    this.#dropOld();
    const known = this.#datagrams.get(key);
    if (known) return known;
    if (this.#limit === 0) {
      this.#warnings.add('ip-fragment', 'IP fragments were left out', this.#now.frame);
      return null;
    }
    if (this.#datagrams.size >= this.#limit) {
      const text = `more than ${this.#limit} IP packets in fragments at a time: the oldest were left out`;
      this.#dropFirst('fragment-limit', text);
    }
    const datagram = this.#spare ?? new Datagram();
    this.#spare = null;
    datagram.clear();
    datagram.time = this.#now.time;
    datagram.frame = this.#now.frame;
    this.#datagrams.set(key, datagram);
    return datagram;
  }

  #dropOld(): void {
    for (const { time } of this.#datagrams.values()) {
      if (time >= this.#now.time - MAX_FRAGMENT_AGE_SECONDS) return;
      this.#dropFirst('ip-fragment', MISSING);
    }
  }

  #dropFirst(code: WarningCode, message: string): void {
    for (const [key, datagram] of this.#datagrams) {
      if (datagram.isMissed || code !== 'ip-fragment') this.#warnings.add(code, message, datagram.frame);
      this.#datagrams.delete(key);
      this.#spare = datagram;
      return;
    }
  }
}
