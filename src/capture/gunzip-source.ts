import { createGunzip } from 'node:zlib';
import type { ByteSource } from './byte-source.js';
import { GzipError } from './gzip.js';

/** Compressed bytes given to zlib at once: what comes out of them waits in memory, and may be 1000 times as much. */
const PIECE_BYTES = 16 * 1024;
/** Output of one call of zlib; that of the last one is lost when the compressed data are damaged. */
const OUTPUT_BYTES = 16 * 1024;

/** What is inside a gzip, decompressed by Node's thread pool piece by piece. */
export class GunzipSource implements ByteSource {
  readonly #inner: ByteSource;
  readonly #gunzip = createGunzip({ chunkSize: OUTPUT_BYTES });
  readonly #piece = new Uint8Array(PIECE_BYTES);
  #first: Uint8Array | null;
  readonly #ready: Uint8Array[] = [];
  #used = 0;
  #failure: GzipError | null = null;
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
      await this.#decompressMore();
    }
    const chunk = this.#ready[0];
    const taken = Math.min(length, chunk.length - this.#used);
    bytes.set(chunk.subarray(this.#used, this.#used + taken), at);
    this.#used += taken;
    if (this.#used === chunk.length) {
      this.#ready.shift();
      this.#used = 0;
    }
    return taken;
  }

  close(): void | Promise<void> {
    this.#gunzip.destroy();
    return this.#inner.close();
  }

  async #decompressMore(): Promise<void> {
    if (this.#first) {
      const first = this.#first;
      this.#first = null;
      for (let at = 0; at < first.length; at += PIECE_BYTES) await this.#write(first.subarray(at, at + PIECE_BYTES));
      return;
    }
    const length = await this.#inner.read(this.#piece, 0, PIECE_BYTES);
    if (length > 0) return this.#write(this.#piece.subarray(0, length));
    await this.#finish();
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
