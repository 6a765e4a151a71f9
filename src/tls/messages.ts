// Handshake messages that come in pieces.
import type { Limits } from '../limits.js';
import type { Moment } from '../tcp/connections.js';
import type { Warnings } from '../warnings.js';

/** First size of the buffer of a message: most hellos. */
const MIN_MESSAGE_BYTES = 512;

export interface Message {
  bytes: Uint8Array;
  length: number;
  /** Its length as the header says. */
  announced: number;
  /** Of the last piece. */
  frame: number;
  time: number;
}

export class Messages {
  readonly #now: Moment;
  readonly #limits: Limits;
  readonly #warnings: Warnings;
  /** By side. */
  readonly #messages = new Map<number, Message>();
  /** Bytes reserved for all of them. */
  #held = 0;

  constructor(now: Moment, limits: Limits, warnings: Warnings) {
    this.#now = now;
    this.#limits = limits;
    this.#warnings = warnings;
  }

  begin(side: number, announced: number): void {
    this.#messages.set(side, { bytes: new Uint8Array(0), length: 0, announced, frame: 0, time: 0 });
  }

  add(side: number, bytes: Uint8Array, start: number, end: number): void {
    const message = this.#messages.get(side);
    if (!message) return;
    const room = Math.min(this.#limits.handshakeBytes - message.length, this.#limits.totalHandshakeBytes - this.#held);
    if (end - start > room)
      this.#warnings.add('handshake-limit', 'a handshake message longer than is kept: only its beginning was read', this.#now.frame);
    const before = message.bytes.length;
    append(message, bytes, start, Math.min(end, start + Math.max(0, room)));
    this.#held += message.bytes.length - before;
    message.frame = this.#now.frame;
    message.time = this.#now.time;
  }

  /** What there is of the message, which is then forgotten. */
  take(side: number): Message | undefined {
    const message = this.#messages.get(side);
    this.#held -= message?.bytes.length ?? 0;
    this.#messages.delete(side);
    return message;
  }
}

/** Bytes are taken as they come, not as announced: an announced length costs its sender nothing. */
function append(message: Message, bytes: Uint8Array, start: number, end: number): void {
  const length = message.length + end - start;
  if (length > message.bytes.length) {
    const larger = new Uint8Array(Math.max(length, message.bytes.length * 2, MIN_MESSAGE_BYTES));
    larger.set(message.bytes.subarray(0, message.length));
    message.bytes = larger;
  }
  message.bytes.set(bytes.subarray(start, end), message.length);
  message.length = length;
}
