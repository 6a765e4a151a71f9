/** What waits for a reader that does not keep up: a second of a gigabit's eighth. Frames that find no room are dropped. */
export const RING_BYTES = 16 * 1024 * 1024;

/**
 * A bounded queue of bytes that is written in records, and read in runs: what is written at once lies at once, so that no record
 * is copied twice. A record that does not fit before the end of the memory begins at its start again.
 */
export class ByteRing {
  readonly bytes: Uint8Array;
  /** Over {@link bytes}, from its first byte. */
  readonly view: DataView;
  /** Where the oldest byte is, and where the next record begins. */
  #head = 0;
  #tail = 0;
  /** Where the records before the end of the memory end, while newer ones are at its start; else -1. */
  #turn = -1;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Bytes that wait to be read. */
  get used(): number {
    return this.#turn < 0 ? this.#tail - this.#head : this.#turn - this.#head + this.#tail;
  }

  /** Takes room for a record that is written to {@link bytes} next; -1 where there is none. @returns where it begins */
  reserve(length: number): number {
    if (this.#turn < 0 && this.bytes.length - this.#tail < length && this.#head > length) {
      this.#turn = this.#tail;
      this.#tail = 0;
    }
    // At the start of the memory one byte stays free, so that full and empty can be told apart.
    const room = this.#turn < 0 ? this.bytes.length - this.#tail : this.#head - this.#tail - 1;
    if (room < length) return -1;
    const at = this.#tail;
    this.#tail += length;
    return at;
  }

  /** The oldest bytes that lie together: not empty unless all were read. Valid until they are consumed. */
  peek(): Uint8Array {
    return this.bytes.subarray(this.#head, this.#turn < 0 ? this.#tail : this.#turn);
  }

  /** Where {@link peek} begins in {@link bytes}. */
  get head(): number {
    return this.#head;
  }

  /** Gives back the oldest bytes, at most as many as {@link peek} gave. */
  consume(length: number): void {
    this.#head += length;
    if (this.#turn >= 0 && this.#head === this.#turn) {
      this.#head = 0;
      this.#turn = -1;
    }
    if (this.#turn < 0 && this.#head === this.#tail) {
      this.#head = 0;
      this.#tail = 0;
    }
  }
}
