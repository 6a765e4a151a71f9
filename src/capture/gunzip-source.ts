import { createGunzip } from 'node:zlib';
import type { ByteSource } from './byte-source.js';
import { GzipError } from './gzip.js';

/**
 * Compressed bytes given to zlib at once: an eighth of those before them, within these bounds. What comes out of a piece waits in memory, and
 * may be 1000 times as much; of a piece that is damaged nothing comes out.
 */
const MIN_PIECE_BYTES = 1024;
const MAX_PIECE_BYTES = 128 * 1024;
const SHARE = 1 / 8;
/** Mostly enough for what comes out of a piece: each further output waits for a turn of the event loop. */
const OUTPUT_BYTES = 512 * 1024;

/** What is inside a gzip, decompressed by Node's thread pool piece by piece, one of them ahead. */
export class GunzipSource implements ByteSource {
  readonly #inner: ByteSource;
  readonly #gunzip = createGunzip({ chunkSize: OUTPUT_BYTES });
  readonly #piece = new Uint8Array(MAX_PIECE_BYTES);
  #first: Uint8Array;
  /** Compressed bytes given to zlib. */
  #given = 0;
  readonly #ready: Uint8Array[] = [];
  #used = 0;
  #failure: unknown = null;
  /** Decompression of the next piece, while it is under way. It is never rejected. */
  #ahead: Promise<void> | null = null;
  #ended = false;
  #wake: () => void = () => {};

  /** @param first what was already read of the input */
  constructor(inner: ByteSource, first: Uint8Array) {
    this.#inner = inner;
    this.#first = first;
    this.#gunzip.on('data', (chunk: Uint8Array) => this.#ready.push(chunk));
    this.#gunzip.on('end', () => this.#stop());
    this.#gunzip.on('close', () => this.#stop());
    this.#gunzip.on('error', (error: Error & { code?: string }) => {
      const kind = error.code === 'Z_BUF_ERROR' ? 'cut' : 'damaged';
      this.#failure ??= new GzipError(
        kind,
        kind === 'cut' ? 'the gzip data end too early' : `the gzip data are damaged (${error.message})`,
      );
    });
  }

  get bytesRead(): number {
    return this.#inner.bytesRead;
  }

  async read(bytes: Uint8Array, at: number, length: number): Promise<number> {
    while (this.#ready.length === 0) {
      if (this.#failure) throw this.#failure;
      if (this.#ended) return 0;
      await this.#decompressAhead();
    }
    const chunk = this.#ready[0];
    const taken = Math.min(length, chunk.length - this.#used);
    bytes.set(chunk.subarray(this.#used, this.#used + taken), at);
    this.#used += taken;
    if (this.#used === chunk.length) {
      this.#ready.shift();
      this.#used = 0;
    }
    // What is taken is decoded while the thread pool goes on.
    if (this.#ready.length === 0 && !this.#ended && !this.#failure) this.#decompressAhead();
    return taken;
  }

  close(): void | Promise<void> {
    this.#gunzip.destroy();
    return this.#inner.close();
  }

  #decompressAhead(): Promise<void> {
    this.#ahead ??= new Promise<void>((resolve) => resolve(this.#decompressMore()))
      .catch((error) => {
        this.#failure ??= error || new Error('reading failed');
      })
      .finally(() => {
        this.#ahead = null;
      });
    return this.#ahead;
  }

  /** Where the input need not be waited for, zlib is at work when this returns. */
  #decompressMore(): Promise<void> {
    const wanted = Math.min(Math.max(this.#given * SHARE, MIN_PIECE_BYTES), MAX_PIECE_BYTES) | 0;
    const first = this.#first.subarray(0, wanted);
    if (first.length > 0) {
      this.#first = this.#first.subarray(first.length);
      return this.#give(first);
    }
    const read = this.#inner.read(this.#piece, 0, wanted);
    return typeof read === 'number'
      ? this.#give(this.#piece.subarray(0, read))
      : read.then((length) => this.#give(this.#piece.subarray(0, length)));
  }

  /** @param piece empty at the end of the input */
  #give(piece: Uint8Array): Promise<void> {
    this.#given += piece.length;
    return piece.length > 0 ? this.#write(piece) : this.#finish();
  }

  /** A write has no end when zlib takes the rest for garbage after the last member, which gzip ignores: the stream ends instead. */
  #write(piece: Uint8Array): Promise<void> {
    if (this.#failure || this.#ended) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#gunzip.write(piece, () => setImmediate(resolve));
    });
  }

  /** Ends only after all writes are done: zlib then reports a cut without taking back what it had decompressed. */
  #finish(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#gunzip.end();
    });
  }

  #stop(): void {
    this.#ended = true;
    this.#wake();
  }
}
