// From when to when the server is known to have had which session: between two of them it may have lost all.
import { Doubles } from '../bytes/doubles.js';

/**
 * The times that are covered by the life of at least one session, from its issue to its last acceptance. A store that lost everything at
 * one moment accepts no session again that is older: that moment can only lie where nothing is covered.
 */
export class Lifespans {
  /** In any order, until they are {@link seal}ed; then those of the stretches they cover together, in order. */
  #starts = new Doubles();
  #ends = new Doubles();

  add(start: number, end: number): void {
    this.#starts.push(start);
    this.#ends.push(end);
  }

  /** Takes in what another one has, before either is sealed. */
  join(other: Lifespans): void {
    for (let i = 0; i < other.#starts.size; i++) this.add(other.#starts.at(i), other.#ends.at(i));
  }

  /** Joins what overlaps. Nothing may be added any more. */
  seal(): void {
    const [starts, ends] = [this.#starts, this.#ends];
    starts.sort();
    ends.sort();
    this.#starts = new Doubles();
    this.#ends = new Doubles();
    // With both sorted, a stretch is over when as many lives have ended as begun.
    let begun = 0;
    for (let ended = 0; ended < ends.size; ended++) {
      if (begun === ended) this.#starts.push(starts.at(begun));
      while (begun < starts.size && starts.at(begun) <= ends.at(ended)) begun++;
      if (begun === ended + 1) this.#ends.push(ends.at(ended));
    }
  }

  /** From the first issue to the last acceptance. */
  get seconds(): number {
    return this.#starts.size === 0 ? 0 : this.#ends.at(this.#ends.size - 1) - this.#starts.at(0);
  }

  /** Gaps lie before the first stretch, between two, and after the last one: gap `i` ends where stretch `i` begins. */
  get gaps(): number {
    return this.#starts.size + 1;
  }

  gapStart(gap: number): number {
    return gap === 0 ? Number.NEGATIVE_INFINITY : this.#ends.at(gap - 1);
  }

  gapEnd(gap: number): number {
    return gap === this.#starts.size ? Number.POSITIVE_INFINITY : this.#starts.at(gap);
  }

  /** The first gap that ends after a time. */
  firstGapAfter(time: number): number {
    return this.#starts.countUpTo(time);
  }

  /** The last gap that begins before a time. */
  lastGapBefore(time: number): number {
    return this.#ends.countBelow(time);
  }

  /** Whether the store may have been emptied between two times. */
  hasGapBetween(from: number, to: number): boolean {
    return this.firstGapAfter(from) <= this.lastGapBefore(to);
  }
}
