import { setImmediate as nextTurn } from 'node:timers/promises';
import { ArgumentError } from '../argument-error.js';
import type { CaptureSource } from '../model.js';
import type { Warnings } from '../warnings.js';
import type { CaptureInput } from './capture-input.js';
import { type NumberOfInterface, WINDOW_BYTES } from './decoder.js';
import type { FrameSink } from './frame-sink.js';
import { InputError } from './input-error.js';
import { closeInput, openInput, type PreparedInput, prepareInput, totalBytesOf } from './inputs.js';
import { createWindow, type ReaderOptions } from './reader.js';
import { inTimeOrder } from './time-order.js';

export type { CaptureInput, NamedStream } from './capture-input.js';
export type { CapLike, CapSource } from './live/cap-source.js';
export type { PcapParserLike } from './pcap-parser.js';

/** How far reading is. */
export interface ReadProgress {
  /** Bytes of the inputs as they are stored: of a gzip, the compressed ones. */
  bytesRead: number;
  /** Null when an input does not tell its size. */
  totalBytes: number | null;
  /** Frames read. */
  frames: number;
}

/** The same, and what the report says of the inputs as far as they were read. */
export interface ReadStep extends ReadProgress {
  sources(): CaptureSource[];
}

export interface ReadOptions {
  /** Ends reading, also while it waits for a stream: the signal's reason is thrown. */
  signal?: AbortSignal | undefined;
  /** Gets a copy of each Decryption Secrets Block of pcapng: its type (0x544c534b is a TLS key log) and its data, 16 MiB at most. */
  onSecrets?: ((type: number, secrets: Uint8Array) => void) | undefined;
  /** Numbers the interfaces: the sink is given this number in the place of the link type. Not of what emits its frames. */
  numberOf?: NumberOfInterface | undefined;
}

/**
 * Reads captures as one: pcap, pcapng, and gzip of either, told by their first bytes. Several paths are read in the order of
 * their first packets. After each window of input was delivered to `sink`, progress is yielded; `return()` ends reading and closes the input.
 *
 * Damage ends the input it is in: what came before is delivered, `truncated` is set in its {@link CaptureSource}, and a warning
 * (`capture-damaged`, `capture-cut`) says where. So does `input-unreadable`, as long as another input can be read.
 *
 * @throws {InputError} when no input can be read
 */
export function readCapture(
  inputs: readonly CaptureInput[],
  sink: FrameSink,
  warnings: Warnings,
  options: ReadOptions = {},
): AsyncGenerator<ReadStep, CaptureSource[]> {
  if (inputs.length === 0) throw new ArgumentError('no input was given');
  // Not in the generator: a pcap-parser emits from the next tick on, whether someone listens or not.
  const prepared: PreparedInput[] = [];
  try {
    for (const input of inputs) prepared.push(prepareInput(input));
  } catch (error) {
    for (const input of prepared) closeInput(input).catch(() => {});
    throw error;
  }
  const reading = readAll(prepared, sink, warnings, options);
  // To its first yield: from there on `return()` closes what was prepared.
  reading.next();
  return reading;
}

/** Longest time without a turn of the event loop, so that signals and timers are heard. */
const TURN_MILLISECONDS = 50;

interface State {
  progress: ReadStep;
  /** When the event loop last had a turn. */
  turnAt: number;
  /** The inputs before the present one. */
  before: readonly CaptureSource[];
}

async function* readAll(
  inputs: readonly PreparedInput[],
  sink: FrameSink,
  warnings: Warnings,
  { signal, onSecrets, numberOf }: ReadOptions,
): AsyncGenerator<ReadStep, CaptureSource[]> {
  const window = createWindow();
  const sources: CaptureSource[] = [];
  const state: State = {
    progress: { bytesRead: 0, totalBytes: totalBytesOf(inputs), frames: 0, sources: () => [...sources] },
    turnAt: performance.now(),
    before: sources,
  };
  const failures: InputError[] = [];
  const waiting = new Set(inputs);
  try {
    yield state.progress;
    const ordered = await inTimeOrder(inputs, window, signal);
    for (const input of ordered) {
      signal?.throwIfAborted();
      waiting.delete(input);
      try {
        const options = { window, sink, warnings, signal, onSecrets, numberOf, framesBefore: state.progress.frames };
        sources.push(yield* readOne(input, options, state));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        failures.push(error);
        sources.push(unreadable(input.name));
      }
    }
  } finally {
    for (const input of waiting) await closeInput(input).catch(() => {});
  }
  if (failures.length === inputs.length) throw failures[0];
  for (const failure of failures) warnings.add('input-unreadable', failure.message, null, failure.input);
  return sources;
}

/** What the report says of an input of which nothing can be read. */
function unreadable(name: string): CaptureSource {
  return { name, format: 'pcap', linkTypes: [], snapLength: null, frames: 0, bytes: 0, dropped: null, truncated: true };
}

/** Yields progress after each window; the result is what the report says of this input. */
async function* readOne(input: PreparedInput, options: ReaderOptions, state: State): AsyncGenerator<ReadStep, CaptureSource> {
  const { bytesRead, totalBytes } = state.progress;
  const reader = openInput(input, options);
  const sources = () => [...state.before, reader.describe()];
  try {
    for (let more = true; more; ) {
      more = await reader.step(WINDOW_BYTES);
      state.progress = { bytesRead: bytesRead + reader.bytesRead, totalBytes, frames: options.framesBefore + reader.frames, sources };
      yield state.progress;
      if (performance.now() - state.turnAt > TURN_MILLISECONDS) {
        await nextTurn();
        state.turnAt = performance.now();
      }
      options.signal?.throwIfAborted();
    }
    return reader.describe();
  } finally {
    await reader.close();
  }
}
