import { Analyzer, type AnalyzerOptions } from './analyzer.js';
import { ArgumentError, checkSignal } from './argument-error.js';
import { isBytes } from './bytes/is-bytes.js';
import { type ByteStream, StreamSource, streamOf } from './capture/byte-source.js';
import { CaptureReader } from './capture/capture-reader.js';
import { WINDOW_BYTES } from './capture/decoder.js';
import { createWindow } from './capture/reader.js';
import type { Report } from './model.js';

/** Options of `analyzeBytes`. */
export interface AnalyzeBytesOptions extends AnalyzerOptions {
  /** Of the capture, for messages and the report. Default: `capture`. */
  name?: string | undefined;
  /** Aborting it ends the analysis: the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * What `analyze` of the package does, for a capture whose bytes are here, or come, without anything of Node: pcap or pcapng, not
 * compressed (`stream.pipeThrough(new DecompressionStream('gzip'))` makes it so). Nothing is decrypted unless `decryption` is given. It does not let go of the thread for longer than its input does: for
 * large captures use a worker.
 *
 * @throws {@link InputError} when nothing can be read; what the signal was aborted with
 *
 * @example
 * const report = await analyzeBytes(file.stream(), { name: file.name }); // a File of a browser
 */
export async function analyzeBytes(input: Uint8Array | ByteStream, options: AnalyzeBytesOptions = {}): Promise<Report> {
  const { name = 'capture', signal, ...analyzerOptions } = options;
  checkSignal(signal);
  if (!isInput(input))
    throw new ArgumentError('the input must be a Uint8Array or a stream of them; of a Blob or File that is its stream()');
  const analyzer = new Analyzer(analyzerOptions);
  const source = new StreamSource(isBytes(input) ? streamOf(input) : input, signal);
  const window = createWindow();
  const reader = new CaptureReader(name, source, { window, sink: analyzer, warnings: analyzer.warnings, signal, framesBefore: 0 });
  try {
    while (await reader.step(WINDOW_BYTES)) signal?.throwIfAborted();
    return analyzer.finish([reader.describe()]);
  } finally {
    await reader.close();
  }
}

function isInput(input: unknown): boolean {
  if (isBytes(input)) return true;
  return typeof input === 'object' && input !== null && (Symbol.asyncIterator in input || 'getReader' in input);
}
