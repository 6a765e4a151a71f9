import { closeSync, constants, createReadStream, openSync, readSync, type Stats } from 'node:fs';
import { Socket } from 'node:net';

/** Where the bytes of a capture come from: a file, a stream, or what is inside a gzip. */
export interface ByteSource {
  /** Bytes taken from the input as it is stored. */
  readonly bytesRead: number;
  /**
   * Writes what is there at once, `length` bytes at most, to `bytes` from `at` on; waits when nothing is there.
   *
   * @returns the number of bytes written; 0 at the end of the input
   */
  read(bytes: Uint8Array, at: number, length: number): number | Promise<number>;
  close(): void | Promise<void>;
}

/** Opens a path: files are read where they lie, everything else (pipes, devices) as a stream. */
export function openPath(path: string, stats: Stats, signal: AbortSignal | undefined): ByteSource {
  if (stats.isFile() || stats.isBlockDevice()) return new FileSource(path);
  if (!stats.isFIFO()) return new StreamSource(createReadStream(path), signal);
  // Opening a pipe without O_NONBLOCK waits, and with it all timers and signals, until someone writes to it.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new StreamSource(new Socket({ fd, readable: true, writable: false }), signal);
}

class FileSource implements ByteSource {
  bytesRead = 0;
  readonly #fd: number;

  constructor(path: string) {
    this.#fd = openSync(path, 'r');
  }

  read(bytes: Uint8Array, at: number, length: number): number {
    const read = readSync(this.#fd, bytes, at, length, null);
    this.bytesRead += read;
    return read;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Reads any async iterable of bytes: Node streams, web streams, generators. */
export class StreamSource implements ByteSource {
  bytesRead = 0;
  readonly #stream: AsyncIterable<Uint8Array>;
  readonly #signal: AbortSignal | undefined;
  #iterator: AsyncIterator<Uint8Array> | null = null;
  #chunk: Uint8Array = new Uint8Array(0);
  #used = 0;
  #waiting = false;
  #ended = false;

  constructor(stream: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined) {
    this.#stream = stream;
    this.#signal = signal;
  }

  async read(bytes: Uint8Array, at: number, length: number): Promise<number> {
    while (this.#used === this.#chunk.length) {
      if (!(await this.#nextChunk())) return 0;
    }
    const taken = Math.min(length, this.#chunk.length - this.#used);
    bytes.set(this.#chunk.subarray(this.#used, this.#used + taken), at);
    this.#used += taken;
    this.bytesRead += taken;
    return taken;
  }

  /** Also ends a read that is still pending, which a generator's own `return` would wait for. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const stream = this.#stream as { destroy?: unknown };
    if (typeof stream.destroy === 'function') stream.destroy();
    const returned = this.#iterator?.return?.();
    if (this.#waiting) returned?.catch(() => {});
    else await returned;
  }

  async #nextChunk(): Promise<boolean> {
    if (this.#ended) return false;
    this.#iterator ??= this.#stream[Symbol.asyncIterator]();
    this.#waiting = true;
    const result = await abortable(this.#iterator.next(), this.#signal);
    this.#waiting = false;
    if (result.done) {
      this.#ended = true;
      return false;
    }
    if (!(result.value instanceof Uint8Array)) throw new Error('its chunks are no Uint8Array');
    this.#chunk = result.value;
    this.#used = 0;
    return true;
  }
}

/** The promise, or the signal's reason as soon as it is aborted. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
