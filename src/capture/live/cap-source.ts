// An interface that its owner opened with npm cap, as an input
import { ArgumentError } from '../../argument-error.js';
import { MAX_CAPTURED_BYTES } from '../../limits.js';
import type { CaptureSource } from '../../model.js';
import { abortable } from '../byte-source.js';
import { linkTypeName } from '../link-types.js';
import type { Reader, ReaderOptions } from '../reader.js';
import { ArrivalClock } from './arrival-clock.js';
import { ByteRing, RING_BYTES } from './byte-ring.js';
import { CAP_SNAP_LENGTH, linkTypeOfCap } from './cap-link-types.js';

/**
 * A `Cap` of npm cap after its `open()`. Frames get the time at which they arrive. Such an input has no end: the signal of the
 * analysis ends it. An interface that goes down aborts the process that cap is in.
 */
export interface CapSource {
  /** The Cap itself. */
  cap: CapLike;
  /** The buffer that was given to `open()`. */
  buffer: Uint8Array;
  /** What `open()` returned, or a number of the LINKTYPE_ registry. */
  linkType: number | string;
  /** For messages and the report; `cap` unless told. */
  name?: string;
}

/** What is used of a `Cap`. */
export interface CapLike {
  /** @internal */
  on(event: 'packet', listener: (bytes: number, truncated: boolean) => void): unknown;
  /** @internal */
  removeListener?(event: 'packet', listener: (bytes: number, truncated: boolean) => void): unknown;
  /** @internal */
  close(): unknown;
}

/** A frame in the ring: seconds, nanoseconds, captured length, original length, then its bytes. */
const RECORD = { seconds: 0, nanoseconds: 4, captured: 8, original: 12, data: 16 } as const;

/** Takes the frames of a cap from the moment it is created: the next one overwrites the buffer, whether this one was seen or not. */
export class CapReader implements Reader {
  readonly name: string;
  readonly #source: CapSource;
  readonly #linkType: number;
  readonly #ring: ByteRing;
  readonly #clock = new ArrivalClock();
  #followedAt = 0;
  #options: ReaderOptions | null = null;
  #wake: () => void = () => {};
  #isClosed = false;
  #frames = 0;
  #bytes = 0;
  #dropped = 0;

  /** @param capacity bytes of frames that may wait */
  constructor(source: CapSource, capacity = RING_BYTES) {
    const { cap, buffer, linkType, name = 'cap' } = source;
    if (typeof cap?.on !== 'function' || !(buffer instanceof Uint8Array)) {
      throw new ArgumentError('an input of cap must have the Cap itself, and the buffer that was given to its open()');
    }
    const number = typeof linkType === 'string' ? linkTypeOfCap(linkType) : linkType;
    if (number === null || !Number.isInteger(number)) throw new ArgumentError('the linkType of a cap must be what its open() returned');
    // The reference to the buffer, too, is needed: cap keeps its address only.
    this.#source = source;
    this.#linkType = number;
    this.#ring = new ByteRing(capacity);
    this.name = name;
    cap.on('packet', this.#take);
  }

  get frames(): number {
    return this.#frames;
  }

  get bytesRead(): number {
    return this.#bytes;
  }

  begin(options: ReaderOptions): void {
    this.#options = options;
  }

  /** Waits for frames and delivers them, as many as had come when it began; false after {@link close}. */
  async step(): Promise<boolean> {
    const { signal } = this.#options as ReaderOptions;
    while (this.#ring.used === 0 && !this.#isClosed) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await abortable(woken, signal);
    }
    this.#deliver();
    return !this.#isClosed;
  }

  /** Closes the cap as well: nothing else listens to it. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#source.cap.removeListener?.('packet', this.#take);
    this.#source.cap.close();
    this.#wake();
  }

  describe(): CaptureSource {
    return {
      name: this.name,
      format: 'live',
      linkTypes: [linkTypeName(this.#linkType)],
      snapLength: Math.min(this.#source.buffer.length, CAP_SNAP_LENGTH),
      frames: this.#frames,
      bytes: this.#bytes,
      dropped: this.#dropped,
      truncated: false,
    };
  }

  readonly #take = (length: number, isCut: boolean): void => {
    const ring = this.#ring;
    const clock = this.#clock;
    const now = clock.read();
    if (now - this.#followedAt > FOLLOW_MILLISECONDS) {
      clock.follow();
      this.#followedAt = now;
    }
    const at = length > MAX_CAPTURED_BYTES ? -1 : ring.reserve(RECORD.data + length);
    if (at < 0) {
      this.#dropped++;
      return;
    }
    ring.view.setUint32(at + RECORD.seconds, clock.seconds);
    ring.view.setUint32(at + RECORD.nanoseconds, clock.nanoseconds);
    ring.view.setUint32(at + RECORD.captured, length);
    ring.view.setUint32(at + RECORD.original, isCut ? length + 1 : length);
    ring.bytes.set(this.#source.buffer.subarray(0, length), at + RECORD.data);
    this.#wake();
  };

  /** One run of the ring: while frames are delivered none can come. */
  #deliver(): void {
    const { sink } = this.#options as ReaderOptions;
    const { bytes, view } = this.#ring;
    const run = this.#ring.peek().length;
    const start = this.#ring.head;
    for (let at = start; at < start + run; ) {
      const length = view.getUint32(at + RECORD.captured);
      const original = view.getUint32(at + RECORD.original);
      this.#frames++;
      this.#bytes += length;
      const [seconds, nanoseconds] = [view.getUint32(at + RECORD.seconds), view.getUint32(at + RECORD.nanoseconds)];
      sink.frame(bytes, at + RECORD.data, length, original, seconds, nanoseconds, this.#linkType);
      at += RECORD.data + length;
    }
    this.#ring.consume(run);
  }
}

/** How often the clock of the system is looked at. */
const FOLLOW_MILLISECONDS = 1000;
