/** Writes the frames that were chosen as pcapng. */
import { closeSync, openSync, realpathSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FrameInterface } from '../../capture/decoder.js';
import type { FrameSink } from '../../capture/frame-sink.js';
import { errorText } from '../../capture/input-error.js';
import { commentedPacket, decryptionSecrets, interfaceDescription, sectionHeader } from '../../capture/pcapng-writer.js';
import { TLS_KEY_LOG } from '../../decryption/secrets.js';
import { MAX_EVIDENCE_INTERFACES } from '../../limits.js';
import { EvidenceError } from './error.js';

/** Blocks are collected to so many bytes before they are written. */
const BUFFER_BYTES = 1 << 18;
/** Lines of a key log in one block: readers take 16 MiB and more. */
const LINES_OF_BLOCK = 4096;
/** Seconds that the time of a packet holds in nanoseconds without loss; others are told from an offset of their interface. */
const TIME_SPAN_SECONDS = 2 ** 32;

/** Files begun by this process: several may be written at a time. */
let parts = 0;

/** What a frame is written with. */
export interface FramePlan {
  /** Numbers of the frames in the capture, in order. */
  numbers: Uint32Array;
  comments(frame: number): readonly string[];
}

/**
 * An evidence file. It is written beside its place and put there when it is whole; a device or pipe is written to as it is.
 * `frame` is to be called for each frame of the capture, with numbers of {@link numberOf} as link types.
 */
export class EvidenceFile implements FrameSink {
  readonly #path: string;
  readonly #target: string;
  readonly #part: string;
  readonly #fd: number;
  readonly #plan: FramePlan;
  readonly #numberOfKey = new Map<string, number>();
  readonly #interfaces: FrameInterface[] = [];
  /** By interface and offset of its times: its number in the file. */
  readonly #written = new Map<string, number>();
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #frame = 0;
  #next = 0;
  readonly #abandon = () => this.abandon();

  /** @throws {@link EvidenceError} */
  constructor(path: string, application: string, comment: string, keyLogLines: readonly string[], plan: FramePlan) {
    this.#path = path;
    this.#plan = plan;
    this.#target = resolved(path);
    const target = this.#target;
    this.#part = isSpecial(target) ? target : join(dirname(target), `.closenotify-${process.pid}-${++parts}.part`);
    const mode = keyLogLines.length > 0 ? OWN : ANYONE;
    this.#fd = this.#attempt(() => openSync(this.#part, this.#part === target ? 'w' : 'wx', mode));
    process.once('exit', this.#abandon);
    this.#add(sectionHeader(application, comment));
    for (let at = 0; at < keyLogLines.length; at += LINES_OF_BLOCK) {
      const text = `${keyLogLines.slice(at, at + LINES_OF_BLOCK).join('\n')}\n`;
      this.#add(decryptionSecrets(TLS_KEY_LOG, new TextEncoder().encode(text)));
    }
  }

  /** Frames written. */
  get frames(): number {
    return this.#next;
  }

  /** The number of an interface: the same for the same description, whatever file it is in. */
  readonly numberOf = (described: FrameInterface): number => {
    const { linkType, snapLength, options } = described;
    const named = `${linkType} ${snapLength} ${options.map(([code, value]) => `${code}=${Buffer.from(value).toString('latin1')}`).join()}`;
    const isKnown = this.#numberOfKey.has(named);
    const nameless: FrameInterface = { linkType, snapLength: null, options: [] };
    return isKnown || this.#interfaces.length < MAX_EVIDENCE_INTERFACES
      ? this.#numbered(named, described)
      : this.#numbered(`${linkType}`, nameless);
  };

  frame(
    bytes: Uint8Array,
    offset: number,
    capturedLength: number,
    originalLength: number,
    seconds: number,
    nanoseconds: number,
    interfaceNumber: number,
  ): void {
    this.#frame++;
    if (this.#frame !== this.#plan.numbers[this.#next]) return;
    this.#next++;
    const base = Math.floor(seconds / TIME_SPAN_SECONDS) * TIME_SPAN_SECONDS;
    const number = this.#described(interfaceNumber, base);
    const frame = bytes.subarray(offset, offset + capturedLength);
    const comments = this.#plan.comments(this.#frame);
    this.#add(commentedPacket(number, seconds - base, nanoseconds, frame, originalLength, comments));
  }

  /** Puts the file in its place. @throws {@link EvidenceError} */
  end(): void {
    this.#flush();
    this.#attempt(() => {
      closeSync(this.#fd);
      if (this.#part !== this.#target) renameSync(this.#part, this.#target);
    });
    process.off('exit', this.#abandon);
  }

  /** Leaves nothing behind. */
  abandon(): void {
    process.off('exit', this.#abandon);
    try {
      closeSync(this.#fd);
    } catch {
      // It was closed, and could not be put in its place.
    }
    if (this.#part !== this.#target) rmSync(this.#part, { force: true });
  }

  #numbered(key: string, described: FrameInterface): number {
    const known = this.#numberOfKey.get(key);
    if (known !== undefined) return known;
    const number = this.#interfaces.push(described) - 1;
    this.#numberOfKey.set(key, number);
    return number;
  }

  /** Describes an interface before its first frame. */
  #described(number: number, offsetSeconds: number): number {
    const key = `${number} ${offsetSeconds}`;
    const known = this.#written.get(key);
    if (known !== undefined) return known;
    this.#add(interfaceDescription({ ...this.#interfaces[number], offsetSeconds }));
    this.#written.set(key, this.#written.size);
    return this.#written.size - 1;
  }

  #add(block: Uint8Array): void {
    this.#pending.push(block);
    this.#pendingBytes += block.length;
    if (this.#pendingBytes >= BUFFER_BYTES) this.#flush();
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#attempt(() => {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    });
  }

  #attempt<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw new EvidenceError(this.#path, `cannot be written: ${errorText(error)}`);
    }
  }
}

/** Modes of new files: secrets are for nobody else. */
const OWN = 0o600;
const ANYONE = 0o666;

/** Where a symbolic link leads. */
function resolved(path: string): string {
  // What /dev/stdout leads to may have no name.
  if (isSpecial(path)) return path;
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** What a file cannot take the place of. */
function isSpecial(path: string): boolean {
  try {
    return !statSync(path).isFile();
  } catch {
    return false;
  }
}
