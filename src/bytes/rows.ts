const PAGE_SHIFT = 12;
const PAGE_ROWS = 1 << PAGE_SHIFT;
const PAGE_MASK = PAGE_ROWS - 1;
/** Rows keep their doubles aligned. */
const ALIGNMENT_BYTES = 8;

/**
 * Rows of numbers of a fixed width, in pages. Pages come as rows do: growing copies nothing and never holds two copies, and a row
 * costs its width and no object. Freed rows are used again, last freed first.
 *
 * A row is one stretch of memory: its doubles (`float`), its 32-bit integers (`int`), and bytes (`bytes` from `byteOffset` on).
 */
export class Rows {
  readonly #ints: Int32Array[] = [];
  readonly #floats: Float64Array[] = [];
  readonly #bytes: Uint8Array[] = [];
  readonly #widthBytes: number;
  readonly #widthInts: number;
  readonly #widthFloats: number;
  /** Where the integers begin, in integers. */
  readonly #firstInt: number;
  readonly #firstByte: number;
  readonly #freed: number[] = [];
  #end = 0;

  constructor(ints: number, floats = 0, bytes = 0) {
    this.#firstInt = floats * 2;
    this.#firstByte = (this.#firstInt + ints) * 4;
    this.#widthBytes = Math.ceil((this.#firstByte + bytes) / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    this.#widthInts = this.#widthBytes / 4;
    this.#widthFloats = this.#widthBytes / 8;
  }

  /** Rows in use. */
  get size(): number {
    return this.#end - this.#freed.length;
  }

  /** One more than the largest row number ever given. */
  get end(): number {
    return this.#end;
  }

  /** A row with all fields 0. */
  add(): number {
    const freed = this.#freed.pop();
    if (freed !== undefined) {
      this.clear(freed);
      return freed;
    }
    const row = this.#end++;
    this.reserve(row);
    return row;
  }

  free(row: number): void {
    this.#freed.push(row);
  }

  /** Makes `row` usable, for rows whose numbers another table gives out. */
  reserve(row: number): void {
    while (row >>> PAGE_SHIFT >= this.#ints.length) {
      const page = new ArrayBuffer(PAGE_ROWS * this.#widthBytes);
      this.#ints.push(new Int32Array(page));
      this.#floats.push(new Float64Array(page));
      this.#bytes.push(new Uint8Array(page));
    }
  }

  clear(row: number): void {
    const page = this.#ints[row >>> PAGE_SHIFT];
    const first = (row & PAGE_MASK) * this.#widthInts;
    for (let i = first; i < first + this.#widthInts; i++) page[i] = 0;
  }

  int(row: number, field: number): number {
    return this.#ints[row >>> PAGE_SHIFT][(row & PAGE_MASK) * this.#widthInts + this.#firstInt + field];
  }

  setInt(row: number, field: number, value: number): void {
    this.#ints[row >>> PAGE_SHIFT][(row & PAGE_MASK) * this.#widthInts + this.#firstInt + field] = value;
  }

  /** Sets the bits of `mask` in an integer field. */
  setBits(row: number, field: number, mask: number): void {
    this.#ints[row >>> PAGE_SHIFT][(row & PAGE_MASK) * this.#widthInts + this.#firstInt + field] |= mask;
  }

  float(row: number, field: number): number {
    return this.#floats[row >>> PAGE_SHIFT][(row & PAGE_MASK) * this.#widthFloats + field];
  }

  setFloat(row: number, field: number, value: number): void {
    this.#floats[row >>> PAGE_SHIFT][(row & PAGE_MASK) * this.#widthFloats + field] = value;
  }

  /** The page that holds the row's integers; they begin at {@link at}. For code that runs for each packet. */
  page(row: number): Int32Array {
    return this.#ints[row >>> PAGE_SHIFT];
  }

  at(row: number): number {
    return (row & PAGE_MASK) * this.#widthInts + this.#firstInt;
  }

  /** The page that holds the row's bytes; they begin at {@link byteOffset}. */
  bytes(row: number): Uint8Array {
    return this.#bytes[row >>> PAGE_SHIFT];
  }

  byteOffset(row: number): number {
    return (row & PAGE_MASK) * this.#widthBytes + this.#firstByte;
  }
}
