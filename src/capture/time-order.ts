import { Warnings } from '../warnings.js';
import type { FrameSink } from './frame-sink.js';
import { InputError } from './input-error.js';
import { openInput, type PreparedInput, type PreparedPath } from './inputs.js';
import type { Window } from './reader.js';

/** Bytes read at once to find the first packet of a file. */
const PEEK_BYTES = 16 * 1024;

/**
 * The inputs with their files in the order of their first packets: the parts of a rotated capture (`tcpdump -C`, `-W`) go by any name.
 * Streams, and files whose first packet cannot be read, keep their places.
 */
export async function inTimeOrder(
  inputs: readonly PreparedInput[],
  window: Window,
  signal: AbortSignal | undefined,
): Promise<readonly PreparedInput[]> {
  if (inputs.length < 2) return inputs;
  const timed: { input: PreparedInput; index: number; first: FirstFrame }[] = [];
  for (const [index, input] of inputs.entries()) {
    signal?.throwIfAborted();
    if (input.kind !== 'path' || input.stats instanceof InputError || !input.stats.isFile()) continue;
    const first = await firstFrame(input, window, signal);
    if (first.seen) timed.push({ input, index, first });
  }
  const ordered = [...inputs];
  const places = timed.map(({ index }) => index);
  timed.sort((a, b) => a.first.seconds - b.first.seconds || a.first.nanoseconds - b.first.nanoseconds);
  for (const [rank, { input }] of timed.entries()) ordered[places[rank]] = input;
  return ordered;
}

interface FirstFrame {
  seen: boolean;
  seconds: number;
  nanoseconds: number;
}

async function firstFrame(input: PreparedPath, window: Window, signal: AbortSignal | undefined): Promise<FirstFrame> {
  const first: FirstFrame = { seen: false, seconds: 0, nanoseconds: 0 };
  const sink: FrameSink = {
    frame(_bytes, _offset, _capturedLength, _originalLength, seconds, nanoseconds) {
      if (first.seen) return;
      first.seen = true;
      first.seconds = seconds;
      first.nanoseconds = nanoseconds;
    },
  };
  try {
    const reader = openInput(input, { window, sink, warnings: new Warnings(), signal, framesBefore: 0 });
    try {
      while (!first.seen && (await reader.step(PEEK_BYTES))) signal?.throwIfAborted();
    } finally {
      await reader.close();
    }
  } catch (error) {
    // It is read, and reported, in its turn.
    if (!(error instanceof InputError)) throw error;
  }
  return first;
}
