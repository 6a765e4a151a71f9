/** Growing by much copies little, and what is not touched is not committed. */
const GROWTH = 16;
const MIN_ROWS = 1 << 12;

/**
 * Rows of 32-bit integers of one width in one stretch of memory. A row's number is where it begins in `ints`, so that a field is one
 * addition away; its doubles are found at half of that in `floats`, its bytes at four times that in `bytes`. Memory is committed as it
 * is used; freed rows are used again, last freed first.
 */
export class Rows {
  /** All rows. When {@link add} had to grow the table these are new arrays. */
  ints: Int32Array;
  floats: Float64Array;
  bytes: Uint8Array;
  readonly #width: number;
  readonly #limit: number;
  readonly #freed: number[] = [];
  #end = 0;

  /**
   * @param width integers in a row; even where it holds doubles
   * @param limit rows that there will be at most; more are possible, and cost a copy of all
   * @param capacity rows that there is room for at first
   */
  constructor(width: number, limit: number, capacity = Math.min(limit, MIN_ROWS)) {
    this.#width = width;
    this.#limit = limit;
    // Doubles need a multiple of 8 bytes.
    const memory = new ArrayBuffer(Math.ceil((width * capacity) / 2) * 8);
    this.ints = new Int32Array(memory);
    this.floats = new Float64Array(memory);
    this.bytes = new Uint8Array(memory);
  }

  /** Rows in use. */
  get size(): number {
    return this.#end / this.#width - this.#freed.length;
  }

  /** What follows the last row ever given. */
  get end(): number {
    return this.#end;
  }

  /** A row with all fields 0. */
  add(): number {
    const freed = this.#freed.pop();
    if (freed !== undefined) {
      this.ints.fill(0, freed, freed + this.#width);
      return freed;
    }
    const row = this.#end;
    this.#end += this.#width;
    if (this.#end > this.ints.length) this.#grow();
    return row;
  }

  free(row: number): void {
    this.#freed.push(row);
  }

  #grow(): void {
    const { bytes } = this;
    const least = this.#end / this.#width;
    const rows = Math.max(least, Math.min(least * GROWTH, this.#limit));
    const memory = new ArrayBuffer(Math.ceil((rows * this.#width) / 2) * 8);
    this.ints = new Int32Array(memory);
    this.floats = new Float64Array(memory);
    this.bytes = new Uint8Array(memory);
    this.bytes.set(bytes);
  }
}
