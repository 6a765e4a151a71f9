const FIRST_ROOM = 16;

/** A growing list of numbers without an object for each. */
export class Doubles {
  #values = new Float64Array(FIRST_ROOM);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(value: number): void {
    if (this.#size === this.#values.length) {
      const values = new Float64Array(this.#size * 2);
      values.set(this.#values);
      this.#values = values;
    }
    this.#values[this.#size++] = value;
  }

  at(index: number): number {
    return this.#values[index];
  }

  /** Numerically, NaN at the end. */
  sort(): void {
    this.#values.subarray(0, this.#size).sort();
  }

  /** How many of the values are less than `value`; they must be sorted. */
  countBelow(value: number): number {
    return this.#count(value, false);
  }

  /** How many of the values are `value` or less; they must be sorted. */
  countUpTo(value: number): number {
    return this.#count(value, true);
  }

  /** By bisection. @param isIncluded equal values count as well */
  #count(value: number, isIncluded: boolean): number {
    const values = this.#values;
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const present = values[middle];
      if (present < value || (isIncluded && present === value)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
