// The frames of a live capture on their way to the analyzer.
import type { Analyzer } from '../analyzer.js';
import type { FrameSink } from '../capture/frame-sink.js';

/** Passes frames on, and keeps their time against the clock of this machine. */
export class LiveFrames implements FrameSink {
  bytes = 0;
  readonly #analyzer: Analyzer;
  readonly #copy: FrameSink | null;
  readonly #limit: number;
  readonly #isOwnClock: boolean;
  #newest = Number.NEGATIVE_INFINITY;
  /** Seconds from the time of the newest frame to when it was read, and the least of that. */
  #delay = 0;
  #leastDelay = Number.POSITIVE_INFINITY;
  /** When the newest frame was read, milliseconds as `performance.now()`. */
  #readAt = 0;
  /** Frames that had been read then. */
  #readFrames = 0;

  /**
   * @param copy is given every frame as well
   * @param limit frames that are passed on
   * @param isOwnClock frames have their time from the clock of this machine
   */
  constructor(analyzer: Analyzer, copy: FrameSink | null, limit: number, isOwnClock: boolean) {
    this.#analyzer = analyzer;
    this.#copy = copy;
    this.#limit = limit;
    this.#isOwnClock = isOwnClock;
  }

  frame(
    bytes: Uint8Array,
    offset: number,
    capturedLength: number,
    originalLength: number,
    seconds: number,
    nanoseconds: number,
    linkType: number,
  ): void {
    if (this.isFull) return;
    this.bytes += capturedLength;
    const time = seconds + nanoseconds * 1e-9;
    if (time > this.#newest) this.#newest = time;
    this.#copy?.frame(bytes, offset, capturedLength, originalLength, seconds, nanoseconds, linkType);
    this.#analyzer.frame(bytes, offset, capturedLength, originalLength, seconds, nanoseconds, linkType);
  }

  get isFull(): boolean {
    return this.#analyzer.frames >= this.#limit;
  }

  /** Time of the newest frame; null before the first one. */
  get time(): number | null {
    return this.#newest > Number.NEGATIVE_INFINITY ? this.#newest : null;
  }

  /** See LiveStatistics. */
  get lagSeconds(): number | null {
    if (this.time === null) return null;
    return Math.max(0, this.#isOwnClock ? this.#delay : this.#delay - this.#leastDelay);
  }

  /** What there was was read just now. @param now milliseconds, as `performance.now()` */
  read(now: number): void {
    if (this.time === null || this.#analyzer.frames === this.#readFrames) return;
    this.#readFrames = this.#analyzer.frames;
    this.#readAt = now;
    this.#delay = Date.now() / 1000 - this.#newest;
    this.#leastDelay = Math.min(this.#leastDelay, this.#delay);
  }

  /** What time it is for the frames: that of the newest one, and what has passed since it was read. */
  presentTime(now: number): number | null {
    return this.time === null ? null : this.time + (now - this.#readAt) / 1000;
  }
}
