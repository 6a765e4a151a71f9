// A binary heap: the item with the earliest time comes first; equal times keep no order, but the same one in every run.

export class TimeQueue {
  #times = [];
  #items = [];

  get size() {
    return this.#items.length;
  }

  /** Infinity when empty. */
  get firstTime() {
    return this.#items.length > 0 ? this.#times[0] : Number.POSITIVE_INFINITY;
  }

  get first() {
    return this.#items[0];
  }

  add(time, item) {
    let at = this.#items.length;
    for (let parent = (at - 1) >> 1; at > 0 && this.#times[parent] > time; parent = (at - 1) >> 1) {
      this.#move(parent, at);
      at = parent;
    }
    this.#times[at] = time;
    this.#items[at] = item;
  }

  /** Gives the first item another time. */
  replaceFirst(time) {
    this.#sink(time, this.#items[0]);
  }

  removeFirst() {
    const time = this.#times.pop();
    const item = this.#items.pop();
    if (this.#items.length > 0) this.#sink(time, item);
  }

  #sink(time, item) {
    const size = this.#items.length;
    let at = 0;
    for (let child = 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && this.#times[child + 1] < this.#times[child]) child++;
      if (this.#times[child] >= time) break;
      this.#move(child, at);
      at = child;
    }
    this.#times[at] = time;
    this.#items[at] = item;
  }

  #move(from, to) {
    this.#times[to] = this.#times[from];
    this.#items[to] = this.#items[from];
  }
}
