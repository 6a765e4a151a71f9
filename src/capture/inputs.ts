import { closeSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ArgumentError } from '../argument-error.js';
import { isBytes } from '../bytes/is-bytes.js';
import { type ByteSource, type ByteStream, StreamSource, streamOf } from './byte-source.js';
import type { CaptureInput, NamedStream } from './capture-input.js';
import { CaptureReader } from './capture-reader.js';
import { openPath } from './file-source.js';
import { GunzipSource } from './gunzip-source.js';
import { InputError, inputErrorFrom } from './input-error.js';
import { CapReader } from './live/cap-source.js';
import { MAGIC_BYTES } from './magic.js';
import { isPcap } from './pcap.js';
import { ParserReader, type PcapParserLike } from './pcap-parser.js';
import type { Reader, ReaderOptions } from './reader.js';

/** An input, told apart and not opened yet. */
export type PreparedInput = PreparedPath | PreparedStream | PreparedEmitter;

export interface PreparedPath {
  kind: 'path';
  name: string;
  /** What the path is, or why that cannot be told. */
  stats: Stats | InputError;
}

interface PreparedStream {
  kind: 'stream';
  name: string;
  stream: ByteStream;
}

/** What emits its frames as events, and is listened to from now on. */
interface PreparedEmitter {
  kind: 'emitter';
  name: string;
  reader: ParserReader | CapReader;
}

/** Tells inputs apart, and begins to listen to those that emit events. */
export function prepareInput(given: CaptureInput): PreparedInput {
  const input = resolved(given);
  if (typeof input === 'string') return { kind: 'path', name: input, stats: statsOf(input) };
  if (isObject(input)) {
    if (isStream(input)) return preparedStream(nameOf(input), input);
    if (isParser(input)) {
      const reader = new ParserReader(input);
      return { kind: 'emitter', name: reader.name, reader };
    }
    if ('cap' in input) {
      const reader = new CapReader(input);
      return { kind: 'emitter', name: reader.name, reader };
    }
    if ('stream' in input && isObject(input.stream) && isStream(input.stream)) {
      return preparedStream(String((input as NamedStream).name), input.stream);
    }
  }
  throw new ArgumentError(
    'an input must be a path or file URL, bytes or a stream of them, a pcap-parser object, or { cap, buffer, linkType }',
  );
}

/** Whether secrets may come with the packets, as they do in pcapng; false where it is known that they cannot. */
export function mayHoldSecrets(given: CaptureInput): boolean {
  const input = resolved(given);
  if (typeof input !== 'string') return isStream(input) || !('on' in input || 'cap' in input);
  const stats = statsOf(input);
  if (stats instanceof InputError || !stats.isFile()) return true;
  let fd: number | null = null;
  try {
    fd = openSync(input, 'r');
    const first = new Uint8Array(MAGIC_BYTES);
    return readSync(fd, first) < MAGIC_BYTES || !isPcap(new DataView(first.buffer));
  } catch {
    // It is read, and reported, in its turn.
    return true;
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

/** Closes an input that is not opened any more. */
export async function closeInput(input: PreparedInput): Promise<void> {
  if (input.kind === 'emitter') await input.reader.close();
  else if (input.kind === 'stream') await new StreamSource(input.stream, undefined).close();
}

/** A stream that fails before it is read must not end the process: reading it tells. */
function preparedStream(name: string, stream: ByteStream): PreparedStream {
  hearErrors(stream);
  return { kind: 'stream', name, stream };
}

/** Streams of Node, with a name or without, end the process where nobody listens to their errors. */
export function hearErrors(input: unknown): void {
  if (!isObject(input)) return;
  if ('on' in input && typeof input.on === 'function') input.on('error', () => {});
  else if ('stream' in input) hearErrors(input.stream);
}

/** Any emitter of the same events will do. */
function isParser(input: object): input is PcapParserLike {
  return 'on' in input && typeof input.on === 'function';
}

/** A file URL is a path, and bytes are a stream of one piece. */
function resolved(input: CaptureInput): Exclude<CaptureInput, URL | Uint8Array> {
  if (isBytes(input)) return { name: 'bytes', stream: streamOf(input) };
  if (!(input instanceof URL)) return input;
  try {
    if (input.protocol === 'file:') return fileURLToPath(input);
  } catch {
    // Of another host.
  }
  throw new ArgumentError(`an input must be a file of this machine: cannot read from ${input.href}`);
}

/** Size of all inputs together in bytes; null when one does not tell. */
export function totalBytesOf(inputs: readonly PreparedInput[]): number | null {
  let total = 0;
  for (const input of inputs) {
    if (input.kind !== 'path') return null;
    if (input.stats instanceof InputError) continue;
    if (!input.stats.isFile()) return null;
    total += input.stats.size;
  }
  return total;
}

export function openInput(input: PreparedInput, options: ReaderOptions): Reader {
  if (input.kind === 'emitter') {
    input.reader.begin(options);
    return input.reader;
  }
  if (input.kind === 'stream') return captureReader(input.name, new StreamSource(input.stream, options.signal), options);
  if (input.stats instanceof InputError) throw input.stats;
  try {
    return captureReader(input.name, openPath(input.name, input.stats, options.signal), options);
  } catch (error) {
    throw inputErrorFrom(error, input.name);
  }
}

function captureReader(name: string, source: ByteSource, options: ReaderOptions): CaptureReader {
  return new CaptureReader(name, source, { ...options, gunzip: (inner, first) => new GunzipSource(inner, first) });
}

function statsOf(path: string): Stats | InputError {
  try {
    const stats = statSync(path);
    return stats.isDirectory() ? new InputError('ERR_IS_DIRECTORY', path, 'is a directory; name the capture files in it') : stats;
  } catch (error) {
    return inputErrorFrom(error, path);
  }
}

/** Streams that Node opened from a file tell its path. */
function nameOf(stream: object): string {
  return 'path' in stream && typeof stream.path === 'string' ? stream.path : 'stream';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isStream(value: object): value is ByteStream {
  return Symbol.asyncIterator in value || ('getReader' in value && typeof value.getReader === 'function');
}
