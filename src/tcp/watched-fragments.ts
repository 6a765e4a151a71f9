import type { Moment } from './connections.js';
import { type Datagram, Fragments } from './fragments.js';

/** Packets of which fragments came and which never became whole, remembered for the frames of later fragments. */
const MAX_PACKETS = 1024;
/** Frames of one packet: fragments have 8 bytes at least, and there may be repeated ones. */
const MAX_FRAMES = 16_384;

/** Tells of each packet that is put together from which frames it came, also where it was inside of others. */
export class WatchedFragments extends Fragments {
  readonly #now: Moment;
  /** In the order of their first fragments. */
  readonly #frames = new Map<string, number[]>();
  /** Frames of the packets that are whole and looked at, the outermost first. */
  readonly #whole: { datagram: Datagram; frames: readonly number[] }[] = [];

  constructor(limit: number, now: Moment, warnings: ConstructorParameters<typeof Fragments>[2]) {
    super(limit, now, warnings);
    this.#now = now;
  }

  /** Calls `visit` with each frame that what is looked at now came in. */
  visit(visit: (frame: number) => void): void {
    for (const { frames } of this.#whole) for (const frame of frames) visit(frame);
    visit(this.#now.frame);
  }

  override add(...fragment: Parameters<Fragments['add']>): Datagram | null | undefined {
    const [key] = fragment;
    const frames = this.#framesOf(key);
    const datagram = super.add(...fragment);
    if (datagram === undefined) return undefined;
    this.visit((frame) => {
      if (frames.length < MAX_FRAMES && frames.at(-1) !== frame) frames.push(frame);
    });
    if (datagram === null) return null;
    this.#frames.delete(key);
    this.#whole.push({ datagram, frames });
    return datagram;
  }

  override release(datagram: Datagram): void {
    this.#whole.pop();
    super.release(datagram);
  }

  #framesOf(key: string): number[] {
    const known = this.#frames.get(key);
    if (known) return known;
    for (const [oldest] of this.#frames) {
      if (this.#frames.size < MAX_PACKETS) break;
      this.#frames.delete(oldest);
    }
    const frames: number[] = [];
    this.#frames.set(key, frames);
    return frames;
  }
}
