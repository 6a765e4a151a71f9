const PAGE_SHIFT = 12;
const PAGE_ROWS = 1 << PAGE_SHIFT;
const PAGE_MASK = PAGE_ROWS - 1;

/**
 * Rows of numbers of a fixed width, in pages of typed arrays. Pages come as rows do: growing copies nothing and never holds two
 * copies, and a row costs its width and no object. Freed rows are used again, last freed first.
 *
 * A row's fields are 32-bit integers (`int`), doubles (`float`) and bytes (`bytes` with `byteOffset`).
 */
export class Rows {
  readonly #ints: Int32Array[] = [];
  readonly #floats: Float64Array[] = [];
  readonly #bytes: Uint8Array[] = [];
  readonly #intsPerRow: number;
  readonly #floatsPerRow: number;
  readonly #bytesPerRow: number;
  readonly #freed: number[] = [];
  #end = 0;

  constructor(intsPerRow: number, floatsPerRow = 0, bytesPerRow = 0) {
    this.#intsPerRow = intsPerRow;
    this.#floatsPerRow = floatsPerRow;
    this.#bytesPerRow = bytesPerRow;
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
    const row = freed ?? this.#end++;
    this.reserve(row);
    if (freed !== undefined) this.clear(row);
    return row;
  }

  free(row: number): void {
    this.#freed.push(row);
  }

  /** Makes `row` usable, for rows whose numbers another table gives out. */
  reserve(row: number): void {
    while (row >>> PAGE_SHIFT >= this.#ints.length) {
      this.#ints.push(new Int32Array(PAGE_ROWS * this.#intsPerRow));
      this.#floats.push(new Float64Array(PAGE_ROWS * this.#floatsPerRow));
      this.#bytes.push(new Uint8Array(PAGE_ROWS * this.#bytesPerRow));
    }
  }

  clear(row: number): void {
    const ints = this.#ints[row >>> PAGE_SHIFT];
    const floats = this.#floats[row >>> PAGE_SHIFT];
    const firstInt = (row & PAGE_MASK) * this.#intsPerRow;
    const firstFloat = (row & PAGE_MASK) * this.#floatsPerRow;
    for (let i = 0; i < this.#intsPerRow; i++) ints[firstInt + i] = 0;
    for (let i = 0; i < this.#floatsPerRow; i++) floats[firstFloat + i] = 0;
  }

  int(row: number, field: number): number {
    return this.#ints[row >>> PAGE_SHIFT][(row & PAGE_MASK) * this.#intsPerRow + field];
  }

  setInt(row: number, field: number, value: number): void {
    this.#ints[row >>> PAGE_SHIFT][(row & PAGE_MASK) * this.#intsPerRow + field] = value;
  }

  /** Sets the bits of `mask` in an integer field. */
  setBits(row: number, field: number, mask: number): void {
    this.#ints[row >>> PAGE_SHIFT][(row & PAGE_MASK) * this.#intsPerRow + field] |= mask;
  }

  float(row: number, field: number): number {
    return this.#floats[row >>> PAGE_SHIFT][(row & PAGE_MASK) * this.#floatsPerRow + field];
  }

  setFloat(row: number, field: number, value: number): void {
    this.#floats[row >>> PAGE_SHIFT][(row & PAGE_MASK) * this.#floatsPerRow + field] = value;
  }

  /** The page that holds the row's integers; they begin at {@link at}. For code that runs for each packet. */
  page(row: number): Int32Array {
    return this.#ints[row >>> PAGE_SHIFT];
  }

  at(row: number): number {
    return (row & PAGE_MASK) * this.#intsPerRow;
  }

  /** The page that holds the row's bytes; they begin at {@link byteOffset}. */
  bytes(row: number): Uint8Array {
    return this.#bytes[row >>> PAGE_SHIFT];
  }

  byteOffset(row: number): number {
    return (row & PAGE_MASK) * this.#bytesPerRow;
  }
}
