// Unix time of frames that come without one: when they arrived. Unlike Date it does not step while nothing happens to the clock

/** A clock of the system that went further from ours than this was set, or its machine slept. */
const MAX_OFFSET_MILLISECONDS = 1000;

/** Gives the time in two numbers, as frames have it. */
export class ArrivalClock {
  /** Unix seconds of the last {@link read}, whole. */
  seconds = 0;
  /** 0 to 999 999 999. */
  nanoseconds = 0;
  /** Unix time of `performance.now() === 0`: whole seconds, and the milliseconds behind them. */
  #originSeconds = 0;
  #originMilliseconds = 0;

  constructor() {
    this.#startAt(performance.timeOrigin);
  }

  /** Takes the time. @returns `performance.now()`, for what only measures */
  read(): number {
    const now = performance.now();
    const milliseconds = this.#originMilliseconds + now;
    const seconds = Math.floor(milliseconds / 1000);
    this.seconds = this.#originSeconds + seconds;
    this.nanoseconds = Math.min(999_999_999, Math.floor((milliseconds - seconds * 1000) * 1e6));
    return now;
  }

  /** Follows the clock of the system where it was set; to be called from time to time. */
  follow(): void {
    const offset = Date.now() - (this.#originSeconds * 1000 + this.#originMilliseconds + performance.now());
    if (Math.abs(offset) > MAX_OFFSET_MILLISECONDS) this.#startAt(Date.now() - performance.now());
  }

  #startAt(originMilliseconds: number): void {
    this.#originSeconds = Math.floor(originMilliseconds / 1000);
    this.#originMilliseconds = originMilliseconds - this.#originSeconds * 1000;
  }
}
