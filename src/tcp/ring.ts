/** The last `capacity` connections to which something happened, oldest first; each entry remembers its stream and a time. */
export class Ring {
  readonly #rows: Int32Array;
  readonly #streams: Int32Array;
  readonly #times: Float64Array;
  #first = 0;
  #count = 0;

  /** @param capacity at least; it is made a power of two */
  constructor(capacity: number) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(1, capacity)));
    this.#rows = new Int32Array(size);
    this.#streams = new Int32Array(size);
    this.#times = new Float64Array(size);
  }

  get isFull(): boolean {
    return this.#count === this.#rows.length;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  get oldestTime(): number {
    return this.#times[this.#first];
  }

  /** The ring must not be full. */
  push(row: number, stream: number, time: number): void {
    const at = (this.#first + this.#count++) & (this.#rows.length - 1);
    this.#rows[at] = row;
    this.#streams[at] = stream;
    this.#times[at] = time;
  }

  get oldestRow(): number {
    return this.#rows[this.#first];
  }

  get oldestStream(): number {
    return this.#streams[this.#first];
  }

  /** Removes the oldest entry; there must be one. */
  shift(): void {
    this.#first = (this.#first + 1) & (this.#rows.length - 1);
    this.#count--;
  }
}
