import { Analyzer, type AnalyzerOptions } from './analyzer.js';
import { type CaptureInput, type ReadProgress, readCapture } from './capture/read.js';
import type { Connection, Report } from './model.js';

export interface AnalyzeOptions extends Omit<AnalyzerOptions, 'onConnection'> {
  /** Aborting it ends the analysis: the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
  /** Called from time to time while a capture is read. */
  onProgress?: (progress: ReadProgress) => void;
}

/**
 * Reads a capture and reports which TLS sessions a server invalidated after an unclean close.
 *
 * @param input a path, a stream of bytes, a pcap-parser Parser, or several of these: they are read as one capture, in order of time
 * @throws InputError when nothing can be read; a damaged capture is reported up to the damage (`capture.sources[].truncated`)
 */
export async function analyze(input: CaptureInput | readonly CaptureInput[], options: AnalyzeOptions = {}): Promise<Report> {
  const analysis = run(input, options, null);
  for (;;) {
    const { done, value } = await analysis.next();
    if (done) return value;
  }
}

/** Yields each TLS connection soon after it ended, in the order of their ends. Causes that need hindsight are null: see {@link analyze}. */
export async function* readConnections(
  input: CaptureInput | readonly CaptureInput[],
  options: AnalyzeOptions = {},
): AsyncGenerator<Connection, void> {
  const analysis = follow(input, options);
  for (;;) {
    const { done, value } = await analysis.next();
    if (done) return;
    yield* value;
  }
}

/** Yields the connections that ended, in batches, and returns the report. Reading starts at once. */
export function follow(input: CaptureInput | readonly CaptureInput[], options: AnalyzeOptions = {}): AsyncGenerator<Connection[], Report> {
  return run(input, options, []);
}

/** @param ended where connections are collected to be yielded; null when nobody wants them */
function run(
  input: CaptureInput | readonly CaptureInput[],
  options: AnalyzeOptions,
  ended: Connection[] | null,
): AsyncGenerator<Connection[], Report> {
  const { signal, onProgress, ...analyzerOptions } = options;
  const analyzer = new Analyzer(ended ? { ...analyzerOptions, onConnection: (connection) => ended.push(connection) } : analyzerOptions);
  const inputs = Array.isArray(input) ? (input as readonly CaptureInput[]) : [input as CaptureInput];
  const reading = readCapture(inputs, analyzer, analyzer.warnings, signal ? { signal } : {});
  return read();

  async function* read(): AsyncGenerator<Connection[], Report> {
    try {
      let step = await reading.next();
      for (; !step.done; step = await reading.next()) {
        onProgress?.(step.value);
        if (ended && ended.length > 0) yield ended.splice(0);
      }
      for (let isMore = true; ended && isMore; ) {
        isMore = analyzer.flush(BATCH);
        if (ended.length > 0) yield ended.splice(0);
      }
      return analyzer.finish(step.value);
    } finally {
      await reading.return([]);
    }
  }
}

/** Connections that are ended at a time when the capture is over. */
const BATCH = 1000;
