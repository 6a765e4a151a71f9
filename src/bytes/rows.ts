/**
 * Tables begin small and then grow to their limit at once, or to this much: there is little to copy then, and what is not touched is
 * not committed. Larger ones grow by a factor.
 */
const RESERVED_INTS = 1 << 26;
const GROWTH = 16;
/**
 * Memory of more than 32 MiB the C library takes from the system and gives back as a whole (M_MMAP_THRESHOLD, mallopt(3)): large copies that
 * are made again and again leave no holes then. What is not touched of it is not committed.
 */
const LARGE_INTS = (1 << 23) + (1 << 12);
const SMALL_INTS = 1 << 18;
const MIN_ROWS = 1 << 8;

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
  /** The row that was freed last, + 1; its first integer tells the one before. */
  #freed = 0;
  #freedCount = 0;
  #end = 0;

  /**
   * @param width integers in a row; even where it holds doubles
   * @param limit rows that there will be at most; more are possible, and cost a copy of all
   * @param capacity rows that there is room for at first
   */
  constructor(width: number, limit: number, capacity = Math.min(limit, MIN_ROWS)) {
    this.#width = width;
    this.#limit = limit;
    const memory = memoryOf(width * capacity);
    this.ints = new Int32Array(memory);
    this.floats = new Float64Array(memory);
    this.bytes = new Uint8Array(memory);
  }

  /** Rows in use. */
  get size(): number {
    return this.#end / this.#width - this.#freedCount;
  }

  /** What follows the last row ever given. */
  get end(): number {
    return this.#end;
  }

  /**
   * A row with all fields 0.
   *
   * @param count rows that are to lie one behind the other; those are not freed
   */
  add(count = 1): number {
    if (count === 1 && this.#freedCount > 0) return this.#reuse();
    const row = this.#end;
    this.#end += this.#width * count;
    if (this.#end > this.ints.length) this.#grow();
    return row;
  }

  /** The first integer of the row is lost. */
  free(row: number): void {
    this.ints[row] = this.#freed;
    this.#freed = row + 1;
    this.#freedCount++;
  }

  /** A copy that grows on its own, with room for at least `room` further rows. */
  clone(room: number): Rows {
    const copy = new Rows(this.#width, this.#limit, this.#end / this.#width + room);
    copy.ints.set(this.ints.subarray(0, this.#end));
    copy.#freed = this.#freed;
    copy.#freedCount = this.#freedCount;
    copy.#end = this.#end;
    return copy;
  }

  #reuse(): number {
    const row = this.#freed - 1;
    this.#freed = this.ints[row];
    this.#freedCount--;
    this.ints.fill(0, row, row + this.#width);
    return row;
  }

  #grow(): void {
    const { bytes } = this;
    const least = this.#end / this.#width;
    const wanted = Math.max(least * GROWTH, Math.floor(RESERVED_INTS / this.#width));
    const rows = Math.max(least, Math.min(wanted, this.#limit));
    const memory = memoryOf(rows * this.#width);
    this.ints = new Int32Array(memory);
    this.floats = new Float64Array(memory);
    this.bytes = new Uint8Array(memory);
    this.bytes.set(bytes);
  }
}

/** Room for so many integers, or more. Doubles need a multiple of 8 bytes. */
function memoryOf(ints: number): ArrayBuffer {
  const wanted = ints < SMALL_INTS ? ints : Math.max(ints, LARGE_INTS);
  return new ArrayBuffer(Math.ceil(wanted / 2) * 8);
}
