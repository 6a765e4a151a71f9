const MAX_SAMPLES = 1024;

/** The median of any number of values: exact up to 1024 of them, beyond that of an even sample. */
export class Median {
  #samples: number[] = [];
  /** One in so many values is kept. */
  #stride = 1;
  #count = 0;

  add(value: number): void {
    if (this.#count++ % this.#stride !== 0) return;
    this.#samples.push(value);
    if (this.#samples.length < MAX_SAMPLES) return;
    this.#samples = this.#samples.filter((_, i) => i % 2 === 0);
    this.#stride *= 2;
  }

  clone(): Median {
    const copy = new Median();
    copy.#samples = [...this.#samples];
    copy.#stride = this.#stride;
    copy.#count = this.#count;
    return copy;
  }

  /** Null when there is none. */
  get value(): number | null {
    const sorted = Float64Array.from(this.#samples).sort();
    const middle = sorted.length >> 1;
    if (sorted.length === 0) return null;
    return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
