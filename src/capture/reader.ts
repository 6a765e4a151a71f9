import type { CaptureSource } from '../model.js';
import type { Warnings } from '../warnings.js';
import { type NumberOfInterface, WINDOW_BYTES } from './decoder.js';
import type { FrameSink } from './frame-sink.js';
import type { Gunzip } from './gzip.js';

/** One input being read. */
export interface Reader {
  /** Bytes taken from the input as it is stored. */
  readonly bytesRead: number;
  /** Frames delivered. */
  readonly frames: number;
  /**
   * Reads once, `limit` bytes at most, and delivers the frames that are complete.
   *
   * @returns false when there is no more to read
   * @throws {InputError} when nothing of it can be read
   */
  step(limit: number): Promise<boolean>;
  close(): void | Promise<void>;
  /** What was read, for the report. */
  describe(): CaptureSource;
}

/** The buffer that all input passes through, one capture after the other. */
export interface Window {
  bytes: Uint8Array;
  view: DataView;
}

export function createWindow(): Window {
  const bytes = new Uint8Array(WINDOW_BYTES);
  return { bytes, view: new DataView(bytes.buffer) };
}

export interface ReaderOptions {
  window: Window;
  sink: FrameSink;
  warnings: Warnings;
  signal?: AbortSignal | undefined;
  onSecrets?: ((type: number, secrets: Uint8Array) => void) | undefined;
  /** See `DecoderOptions`. */
  numberOf?: NumberOfInterface | undefined;
  /** Without it gzip is refused. */
  gunzip?: Gunzip;
  /** Frames delivered from the captures before this one. */
  framesBefore: number;
}
