import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { escapeText } from '../bytes/escape.js';
import { MAX_KEY_LOG_BYTES } from '../limits.js';
import { KeyLogError } from './key-log-error.js';

const CHUNK_BYTES = 1 << 16;

/**
 * A whole key log; pipes are read to their end as well.
 *
 * @throws KeyLogError
 */
export function readKeyLog(path: string): Uint8Array {
  let fd: number | null = null;
  try {
    fd = openSync(path, 'r');
    if (fstatSync(fd).isDirectory()) throw new KeyLogError(path, 'is a directory; name the key log in it');
    return readAll(fd, path);
  } catch (error) {
    throw error instanceof KeyLogError ? error : new KeyLogError(path, problemOf(error));
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

function readAll(fd: number, path: string): Uint8Array {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const length = readSync(fd, chunk);
    if (length === 0) return Buffer.concat(chunks);
    total += length;
    if (total > MAX_KEY_LOG_BYTES) {
      throw new KeyLogError(path, `is larger than ${MAX_KEY_LOG_BYTES} bytes; keep the lines of the connections in question`);
    }
    chunks.push(chunk.subarray(0, length));
  }
}

function problemOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'no such key log; check the path';
  if (code === 'EACCES' || code === 'EPERM') return 'no permission to read the key log; run as a user who may, or copy it';
  return `the key log cannot be read: ${escapeText(error instanceof Error ? error.message : String(error))}`;
}
