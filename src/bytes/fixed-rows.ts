/** Rows keep their doubles aligned. */
const ALIGNMENT_BYTES = 8;

/**
 * Rows of numbers of a fixed width in one stretch of memory, reserved for the largest number of rows: what is never touched is never
 * committed. For tables that are looked into for each packet; {@link Rows} is for the others. A row is its doubles (`float`), its
 * 32-bit integers (`int`), and bytes (from `byteOffset` on). Freed rows are used again, last freed first.
 */
export class FixedRows {
  readonly capacity: number;
  /** All rows; the integers of one begin at {@link at}. */
  readonly ints: Int32Array;
  readonly floats: Float64Array;
  readonly bytes: Uint8Array;
  readonly #widthInts: number;
  /** Where the integers begin, in integers; the bytes, in bytes. */
  readonly #firstInt: number;
  readonly #firstByte: number;
  readonly #freed: number[] = [];
  #end = 0;

  constructor(capacity: number, ints: number, floats = 0, bytes = 0) {
    this.capacity = capacity;
    this.#firstInt = floats * 2;
    this.#firstByte = (this.#firstInt + ints) * 4;
    const widthBytes = Math.ceil((this.#firstByte + bytes) / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    this.#widthInts = widthBytes / 4;
    const memory = new ArrayBuffer(capacity * widthBytes);
    this.ints = new Int32Array(memory);
    this.floats = new Float64Array(memory);
    this.bytes = new Uint8Array(memory);
  }

  /** Rows in use. */
  get size(): number {
    return this.#end - this.#freed.length;
  }

  /** One more than the largest row number ever given. */
  get end(): number {
    return this.#end;
  }

  /** A row with all fields 0. There must be room. */
  add(): number {
    const freed = this.#freed.pop();
    if (freed === undefined) return this.#end++;
    this.clear(freed);
    return freed;
  }

  free(row: number): void {
    this.#freed.push(row);
  }

  clear(row: number): void {
    const { ints } = this;
    const first = row * this.#widthInts;
    for (let i = first; i < first + this.#widthInts; i++) ints[i] = 0;
  }

  int(row: number, field: number): number {
    return this.ints[row * this.#widthInts + this.#firstInt + field];
  }

  setInt(row: number, field: number, value: number): void {
    this.ints[row * this.#widthInts + this.#firstInt + field] = value;
  }

  /** Sets the bits of `mask` in an integer field. */
  setBits(row: number, field: number, mask: number): void {
    this.ints[row * this.#widthInts + this.#firstInt + field] |= mask;
  }

  float(row: number, field: number): number {
    return this.floats[((row * this.#widthInts) >> 1) + field];
  }

  setFloat(row: number, field: number, value: number): void {
    this.floats[((row * this.#widthInts) >> 1) + field] = value;
  }

  at(row: number): number {
    return row * this.#widthInts + this.#firstInt;
  }

  byteOffset(row: number): number {
    return row * this.#widthInts * 4 + this.#firstByte;
  }
}
