// The frames of a live capture on their way to the analyzer.
import type { Analyzer } from '../analyzer.js';
import type { FrameSink } from '../capture/frame-sink.js';

/** A frame that is further from the present time may have a wrong one. */
const MAX_STEP_SECONDS = 60;

/** Passes frames on, and keeps their time against the clock of this machine. */
export class LiveFrames implements FrameSink {
  bytes = 0;
  readonly #analyzer: Analyzer;
  readonly #copy: FrameSink | null;
  readonly #limit: number;
  readonly #isOwnClock: boolean;
  /** Time of the last frame, and what it was when it was last taken for the present time. */
  #last = Number.NaN;
  #present = Number.NaN;
  /** When that was, milliseconds as `performance.now()`. */
  #presentAt = 0;
  /** The last frame was far from the present time: the next one tells whether the clock is another one now. */
  #isDoubtful = false;
  /** Seconds from the time of the last frame to when it was read, and the least of that. */
  #delay = 0;
  #leastDelay = Number.POSITIVE_INFINITY;
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
    this.#last = seconds + nanoseconds * 1e-9;
    this.#copy?.frame(bytes, offset, capturedLength, originalLength, seconds, nanoseconds, linkType);
    this.#analyzer.frame(bytes, offset, capturedLength, originalLength, seconds, nanoseconds, linkType);
  }

  get isFull(): boolean {
    return this.#analyzer.frames >= this.#limit;
  }

  /** Time of the last frame; null before the first one. */
  get time(): number | null {
    return Number.isNaN(this.#last) ? null : this.#last;
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
    const isFar = Math.abs(this.#last - (this.presentTime(now) ?? this.#last)) > MAX_STEP_SECONDS;
    const isAlone = isFar && !this.#isDoubtful;
    this.#isDoubtful = isAlone;
    if (isAlone) return;
    if (isFar) this.#leastDelay = Number.POSITIVE_INFINITY;
    this.#present = this.#last;
    this.#presentAt = now;
    this.#delay = Date.now() / 1000 - this.#last;
    this.#leastDelay = Math.min(this.#leastDelay, this.#delay);
  }

  /** What time it is for the frames: that of the last one, and what has passed since it was read. */
  presentTime(now: number): number | null {
    return Number.isNaN(this.#present) ? null : this.#present + (now - this.#presentAt) / 1000;
  }
}
