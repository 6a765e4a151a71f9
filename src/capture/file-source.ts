import { closeSync, constants, createReadStream, openSync, readSync, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import { type ByteSource, StreamSource } from './byte-source.js';

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
