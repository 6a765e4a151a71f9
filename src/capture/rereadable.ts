// Inputs that are read more than once: files as they lie, and what comes through a pipe from a temporary file.
import { closeSync, openSync, readSync, rmSync, type Stats, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ArgumentError } from '../argument-error.js';
import { isBytes } from '../bytes/is-bytes.js';
import { MAX_SPOOL_BYTES } from '../limits.js';
import { type ByteSource, type ByteStream, StreamSource } from './byte-source.js';
import type { CaptureInput, NamedStream } from './capture-input.js';
import { openPath } from './file-source.js';
import { statsOf } from './file-stats.js';
import { errorText, InputError } from './input-error.js';
import { hearErrors } from './inputs.js';

const CHUNK_BYTES = 1 << 16;
const RETRY = 'the evidence needs it unchanged: copy it, and give the copy';

/** The inputs of an analysis, for it and for further readings of the same bytes. */
export class RereadableInputs {
  /** For the first reading. */
  readonly first: readonly CaptureInput[];
  readonly #again: readonly (() => CaptureInput)[];
  readonly #files = new Map<string, Stats>();
  readonly #spools: Spool[] = [];
  readonly #maxBytes: number;
  readonly #signal: AbortSignal | undefined;

  /** @throws {@link ArgumentError} for an input that emits its frames once */
  constructor(inputs: readonly CaptureInput[], signal: AbortSignal | undefined, maxBytes = MAX_SPOOL_BYTES) {
    this.#signal = signal;
    this.#maxBytes = maxBytes;
    const prepared = inputs.map((input) => this.#prepare(input));
    this.first = prepared.map(({ first }) => first);
    this.#again = prepared.map(({ again }) => again);
  }

  /** Why what came through a pipe cannot be read again; null when it can. */
  get problem(): string | null {
    return this.#spools.map(({ problem }) => problem).find((problem) => problem !== null) ?? null;
  }

  /** For a further reading. @throws {@link InputError} when a file is gone, or is not what it was */
  again(): CaptureInput[] {
    this.check();
    return this.#again.map((input) => input());
  }

  /** @throws {@link InputError} */
  check(): void {
    for (const [path, before] of this.#files) {
      const now = statsOf(path);
      if (!now) throw new InputError('ERR_READ', path, `is gone since it was first read; ${RETRY}`);
      const isSame = now.dev === before.dev && now.ino === before.ino && now.size === before.size && now.mtimeMs === before.mtimeMs;
      if (!isSame) throw new InputError('ERR_READ', path, `changed since it was first read; ${RETRY}`);
    }
  }

  /** Gives up the temporary files. */
  close(): void {
    for (const spool of this.#spools) spool.close();
  }

  #prepare(given: CaptureInput): { first: CaptureInput; again: () => CaptureInput } {
    const input = given instanceof URL && given.protocol === 'file:' ? fileURLToPath(given) : given;
    if (isBytes(input) || input instanceof URL) return { first: input, again: () => input };
    if (typeof input === 'string') return this.#preparePath(input);
    if (Symbol.asyncIterator in input || 'getReader' in input) return this.#spooled('stream', input as ByteStream);
    if ('name' in input && 'stream' in input) return this.#spooled(String(input.name), input.stream as ByteStream);
    throw new ArgumentError('evidence needs to read its input again: give paths, bytes or streams of bytes');
  }

  #preparePath(path: string): { first: CaptureInput; again: () => CaptureInput } {
    const stats = statsOf(path);
    if (stats && !stats.isFile() && !stats.isDirectory() && !stats.isBlockDevice()) {
      return this.#spooled(
        path,
        chunksOf(() => openPath(path, stats, this.#signal)),
      );
    }
    // One that is not there is told of by the analysis.
    if (stats?.isFile()) this.#files.set(path, stats);
    return { first: path, again: () => path };
  }

  #spooled(name: string, stream: ByteStream): { first: NamedStream; again: () => NamedStream } {
    hearErrors(stream);
    const spool = new Spool(this.#maxBytes);
    this.#spools.push(spool);
    const source = new StreamSource(stream, this.#signal);
    return { first: { name, stream: spool.fill(source) }, again: () => ({ name, stream: spool.read() }) };
  }
}

/** A temporary file without a name, where the system can have one: it is gone with the process, whatever ends that. */
class Spool {
  problem: string | null = null;
  readonly #maxBytes: number;
  #fd: number | null = null;
  #path: string | null = null;
  #bytes = 0;
  readonly #remove = () => this.#removeFile();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Hands the bytes on, and keeps a copy of them. */
  async *fill(source: StreamSource): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunksOf(() => source)) {
      this.#keep(chunk);
      yield chunk;
    }
  }

  async *read(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < this.#bytes && this.#fd !== null; ) {
      const chunk = new Uint8Array(CHUNK_BYTES);
      const length = readSync(this.#fd, chunk, 0, chunk.length, at);
      if (length === 0) return;
      at += length;
      yield chunk.subarray(0, length);
    }
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
    this.#removeFile();
  }

  #keep(bytes: Uint8Array): void {
    if (this.problem !== null) return;
    this.#bytes += bytes.length;
    if (this.#bytes > this.#maxBytes) {
      this.#give(`longer than ${this.#maxBytes} bytes, which is all that a temporary file may hold; save it to a file first`);
      return;
    }
    try {
      this.#fd ??= this.#open();
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    } catch (error) {
      this.#give(
        `no temporary file in ${tmpdir()} for what comes through a pipe: ${errorText(error)}; set TMPDIR, or save it to a file first`,
      );
    }
  }

  #give(problem: string): void {
    this.problem = problem;
    this.close();
  }

  #open(): number {
    const path = join(tmpdir(), `closenotify-${process.pid}-${Math.random().toString(36).slice(2)}`);
    const fd = openSync(path, 'wx+', 0o600);
    this.#path = path;
    try {
      rmSync(path);
      this.#path = null;
    } catch {
      process.once('exit', this.#remove);
    }
    return fd;
  }

  #removeFile(): void {
    if (this.#path === null) return;
    process.off('exit', this.#remove);
    rmSync(this.#path, { force: true });
    this.#path = null;
  }
}

/** Opens a source when its first bytes are wanted. */
async function* chunksOf(open: () => ByteSource): AsyncGenerator<Uint8Array> {
  const source = open();
  try {
    for (;;) {
      const chunk = new Uint8Array(CHUNK_BYTES);
      const length = await source.read(chunk, 0, chunk.length);
      if (length === 0) return;
      yield chunk.subarray(0, length);
    }
  } finally {
    await source.close();
  }
}
