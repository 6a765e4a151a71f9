/** The last `capacity` connections to which something happened, oldest first; each entry remembers its stream and a time. */
export class Ring {
  readonly #rows: Int32Array;
  readonly #streams: Int32Array;
  readonly #times: Float64Array;
  #first = 0;
  #count = 0;

  constructor(capacity: number) {
    this.#rows = new Int32Array(capacity);
    this.#streams = new Int32Array(capacity);
    this.#times = new Float64Array(capacity);
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
    const at = (this.#first + this.#count++) % this.#rows.length;
    this.#rows[at] = row;
    this.#streams[at] = stream;
    this.#times[at] = time;
  }

  /** Removes the oldest entry and gives its row if `isStill` says that the row is the same connection, else -1. */
  shift(isStill: (row: number, stream: number) => boolean): number {
    const row = this.#rows[this.#first];
    const stream = this.#streams[this.#first];
    this.#first = (this.#first + 1) % this.#rows.length;
    this.#count--;
    return isStill(row, stream) ? row : -1;
  }
}
