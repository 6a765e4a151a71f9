// Frames as they arrive, made a pcapng stream: bounded, and written without waiting
import {
  enhancedPacketBytes,
  interfaceDescription,
  STATISTICS_BLOCK_BYTES,
  sectionHeader,
  writeEnhancedPacket,
  writeInterfaceStatistics,
} from '../pcapng-writer.js';
import { ArrivalClock } from './arrival-clock.js';
import { ByteRing, RING_BYTES } from './byte-ring.js';

/** Written at once where frames come fast. */
const RUN_BYTES = 64 * 1024;
/** Longest time that a frame waits for others to be written with it. */
const MAX_WAIT_MILLISECONDS = 20;
/** Until it is tried again when the reader had no room: a socket holds little, and the reader empties it soon. */
const RETRY_MILLISECONDS = 0.25;
const STATISTICS_MILLISECONDS = 1000;

export interface PacketWriterOptions {
  linkType: number;
  snapLength: number;
  device: string;
  filter: string;
  /** Writes what can be written without waiting, and returns how many bytes that was: 0 when there is no room. */
  write(bytes: Uint8Array): number;
  /** Bytes that may wait; {@link RING_BYTES} unless told. */
  capacity?: number;
}

/**
 * Timers of its own it has none: while frames come without a pause, cap lets no timer run, so that each frame looks at the time.
 * {@link PacketWriter.flush} is to be called soon after the last one.
 */
export class PacketWriter {
  readonly #ring: ByteRing;
  readonly #clock = new ArrivalClock();
  readonly #write: (bytes: Uint8Array) => number;
  /** Frames that the filter accepted, and those of them that found no room. */
  #accepted = 0;
  #dropped = 0;
  #flushedAt = 0;
  #retryAt = 0;
  #statisticsAt: number;
  #statisticsDue = false;

  constructor({ linkType, snapLength, device, filter, write, capacity = RING_BYTES }: PacketWriterOptions) {
    this.#ring = new ByteRing(capacity);
    this.#write = write;
    this.#statisticsAt = this.#clock.read();
    for (const block of [sectionHeader('closenotify'), interfaceDescription({ linkType, snapLength, name: device, filter })]) {
      this.#ring.bytes.set(block, this.#ring.reserve(block.length));
    }
  }

  /** Bytes that wait to be written. */
  get waiting(): number {
    return this.#ring.used;
  }

  /** Takes the first `length` bytes of `frame`; `isCut` when it was longer. @returns `performance.now()` */
  frame(frame: Uint8Array, length: number, isCut: boolean): number {
    const clock = this.#clock;
    const ring = this.#ring;
    const now = clock.read();
    this.#accepted++;
    if (now - this.#statisticsAt >= STATISTICS_MILLISECONDS) this.#countAt(now);
    if (this.#statisticsDue) this.#count();
    const at = ring.reserve(enhancedPacketBytes(length));
    if (at < 0) this.#dropped++;
    else writeEnhancedPacket(ring.bytes, ring.view, at, clock.seconds, clock.nanoseconds, frame, length, isCut ? length + 1 : length);
    if ((ring.used >= RUN_BYTES || now - this.#flushedAt >= MAX_WAIT_MILLISECONDS) && now >= this.#retryAt) this.#flush(now);
    return now;
  }

  /** Writes what can be written. @returns whether nothing is left */
  flush(): boolean {
    this.#flush(this.#clock.read());
    return this.#ring.used === 0 && !this.#statisticsDue;
  }

  /** Has the counts written next, behind all frames that wait. Where frames come, that is done every second anyway. */
  tell(): void {
    this.#countAt(this.#clock.read());
  }

  #flush(now: number): void {
    const ring = this.#ring;
    this.#flushedAt = now;
    for (;;) {
      if (this.#statisticsDue) this.#count();
      if (ring.used === 0) return;
      const run = ring.peek();
      const written = this.#write(run);
      ring.consume(written);
      if (written < run.length) {
        this.#retryAt = now + RETRY_MILLISECONDS;
        return;
      }
    }
  }

  #countAt(now: number): void {
    this.#clock.follow();
    this.#statisticsAt = now;
    this.#statisticsDue = true;
  }

  /** Writes the counts; later, where there is no room for them now. */
  #count(): void {
    const at = this.#ring.reserve(STATISTICS_BLOCK_BYTES);
    if (at < 0) return;
    const { seconds, nanoseconds } = this.#clock;
    const [accepted, dropped] = [this.#accepted, this.#dropped];
    writeInterfaceStatistics(this.#ring.view, at, seconds, nanoseconds, { accepted, dropped, delivered: accepted - dropped });
    this.#statisticsDue = false;
  }
}
