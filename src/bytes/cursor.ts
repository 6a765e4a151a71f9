/**
 * Reads big-endian numbers from a range of bytes, one after the other. A read past the end never throws: it returns 0, uses
 * up what is left and clears `ok` for good, so that a parser may read a whole structure and ask once. Loops over `left` end.
 */
export class Cursor {
  bytes: Uint8Array;
  /** Offset in `bytes` after the last byte of the range. */
  end: number;
  /** Offset in `bytes` of the next byte to read. */
  at: number;
  /** False once a read went past the end. */
  ok = true;

  /** @throws RangeError when the range does not lie within `bytes` */
  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    if (!(start >= 0 && start <= end && end <= bytes.length)) {
      throw new RangeError(`range ${start} to ${end} is not within ${bytes.length} bytes`);
    }
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  /** Begins anew with another range, so that one cursor can serve for many messages. */
  reset(bytes: Uint8Array, start: number, end: number): this {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.ok = start <= end && end <= bytes.length;
    return this;
  }

  /**
   * Ends the range after `count` bytes. When there are fewer, the range becomes empty and the cursor is not `ok`.
   */
  narrow(count: number): void {
    const { end } = this;
    if (!this.ok || count > end - this.at) {
      this.ok = false;
      this.at = end;
    } else this.end = this.at + count;
  }

  /** Bytes not yet read. */
  get left(): number {
    return this.end - this.at;
  }

  u8(): number {
    const at = this.#advance(1);
    return at < 0 ? 0 : this.bytes[at];
  }

  u16(): number {
    const at = this.#advance(2);
    return at < 0 ? 0 : (this.bytes[at] << 8) | this.bytes[at + 1];
  }

  u24(): number {
    const at = this.#advance(3);
    return at < 0 ? 0 : (this.bytes[at] << 16) | (this.bytes[at + 1] << 8) | this.bytes[at + 2];
  }

  /** 0 to 2^32 - 1. */
  u32(): number {
    const at = this.#advance(4);
    if (at < 0) return 0;
    return ((this.bytes[at] << 24) | (this.bytes[at + 1] << 16) | (this.bytes[at + 2] << 8) | this.bytes[at + 3]) >>> 0;
  }

  skip(count: number): void {
    this.#advance(count);
  }

  /** The next `count` bytes as a cursor of their own. When there are fewer, an empty one that is not `ok` either. */
  take(count: number): Cursor {
    const at = this.#advance(count);
    if (at >= 0) return new Cursor(this.bytes, at, at + count);
    const none = new Cursor(this.bytes, this.end, this.end);
    none.ok = false;
    return none;
  }

  /** The offset before a step of `count` bytes, or -1 when the range has fewer. */
  #advance(count: number): number {
    const at = this.at;
    if (this.ok && count >= 0 && count <= this.end - at) {
      this.at = at + count;
      return at;
    }
    this.ok = false;
    this.at = this.end;
    return -1;
  }
}
