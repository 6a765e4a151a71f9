import { isBytes } from '../bytes/is-bytes.js';

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

/** What gives bytes piece by piece: whatever can be gone through with `for await` (streams of Node, generators), and streams of the web. */
export type ByteStream = AsyncIterable<Uint8Array> | WebStream;

/** The part of a `ReadableStream` that is used of one that is no async iterable: not every browser has those. */
export interface WebStream {
  /** As the Streams Standard says. */
  getReader(): WebStreamReader;
}

/** Bytes that are all there, as a stream. */
export async function* streamOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** The part of a `ReadableStreamDefaultReader` that is used. */
export interface WebStreamReader {
  /** The next piece; `done` at the end. */
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
  /** Nobody wants more. */
  cancel(): Promise<void>;
}

/** Reads any stream of bytes. */
export class StreamSource implements ByteSource {
  bytesRead = 0;
  readonly #stream: ByteStream;
  readonly #signal: AbortSignal | undefined;
  #iterator: AsyncIterator<Uint8Array> | null = null;
  #chunk: Uint8Array = new Uint8Array(0);
  #used = 0;
  #waiting = false;
  #ended = false;

  constructor(stream: ByteStream, signal: AbortSignal | undefined) {
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
    else this.#iterator ??= iteratorOf(this.#stream);
    // What comes of it is nobody's concern any more: there is an error that counts, or none.
    const returned = Promise.resolve(this.#iterator?.return?.()).catch(() => {});
    if (!this.#waiting) await returned;
  }

  async #nextChunk(): Promise<boolean> {
    if (this.#ended) return false;
    this.#iterator ??= iteratorOf(this.#stream);
    this.#waiting = true;
    const result = await abortable(this.#iterator.next(), this.#signal);
    this.#waiting = false;
    if (result.done) {
      this.#ended = true;
      return false;
    }
    if (!isBytes(result.value)) throw new Error('its chunks are no Uint8Array');
    this.#chunk = result.value;
    this.#used = 0;
    return true;
  }
}

function iteratorOf(stream: ByteStream): AsyncIterator<Uint8Array> {
  // The iterator of a web stream waits for a read that is pending before it lets go of the stream.
  if (!('getReader' in stream)) return stream[Symbol.asyncIterator]();
  const reader = stream.getReader();
  return {
    next: async () => {
      const { done, value } = await reader.read();
      return done ? { done, value: undefined } : { done, value: value as Uint8Array };
    },
    return: async () => {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
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
