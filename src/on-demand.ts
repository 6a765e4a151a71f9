// Names whose modules are loaded when they are first used: a program that imports the package pays for what it uses.
import { createRequire } from 'node:module';
import type { AnalyzeOptions, ReadConnectionsOptions } from './analyze.js';
import type { Analyzer as AnalyzerClass, AnalyzerOptions } from './analyzer.js';
import type { CaptureInput } from './capture/read.js';
import type { Evidence, EvidenceOptions } from './evidence.js';
import type { Capture, CaptureOptions } from './live/capture.js';
import { isMissing, load } from './loading.js';
import type { Connection, Report } from './model.js';
import type { HtmlOptions } from './report/html/html.js';
import type { TableOptions } from './report/table.js';

/**
 * Reads a capture and reports which TLS sessions a server invalidated after an unclean close.
 *
 * A damaged capture is reported up to the damage: `capture.sources[].truncated` is true, and a warning says where.
 *
 * @param input one {@link CaptureInput}, or several, which are read as one capture, in order of time
 * @throws {@link InputError} when nothing can be read, {@link KeyLogError} when a key log cannot, {@link ArgumentError} for an option or an
 *   input that is none; what the signal was aborted with
 *
 * @example
 * const report = await analyze('capture.pcapng', { keyLog: 'keys.txt' });
 * for (const { session, cause, confidence } of report.findings) console.log(session.id, cause, confidence);
 */
export async function analyze(input: CaptureInput | readonly CaptureInput[], options: AnalyzeOptions = {}): Promise<Report> {
  const analysis = analysisAtOnce(input) ?? (await load(import.meta.url, './analyze.js', () => import('./analyze.js')));
  return analysis.analyze(input, options);
}

/**
 * Yields each TLS connection soon after it ended: not in the order of their ends, as late packets are waited for. Why an offer was declined is
 * not known yet: `cause` is null.
 *
 * @param input as for {@link analyze}; what that rejects with is thrown from the iterable
 *
 * @example
 * for await (const { stream, handshake, close } of readConnections('capture.pcap')) console.log(stream, handshake, close.client.state);
 */
export async function* readConnections(
  input: CaptureInput | readonly CaptureInput[],
  options: ReadConnectionsOptions = {},
): AsyncGenerator<Connection, void> {
  const analysis = analysisAtOnce(input) ?? (await load(import.meta.url, './analyze.js', () => import('./analyze.js')));
  yield* analysis.readConnections(input, options);
}

/**
 * Analyzes a capture, and writes the frames behind the findings as a pcapng file with comments, for Wireshark. The frames are those of whole
 * TCP connections: of the sessions in the findings (with `filter.session`: of those sessions), and of the same servers to compare with, up to
 * 1000 of each; bytes, times and interfaces are those of the capture. The capture is read four times; what comes as a stream is kept in a
 * temporary file meanwhile, 4 GiB at most.
 *
 * @param input as for {@link analyze}, but nothing that emits its frames, as those come once
 * @param file is replaced when all is written; not touched when there is nothing to write
 * @throws {@link EvidenceError} when the file cannot be written; {@link InputError} also when an input changed between the readings; what
 *   {@link analyze} throws
 *
 * @example
 * const { report, frames } = await writeEvidence('capture.pcap', 'evidence.pcapng');
 */
export async function writeEvidence(
  input: CaptureInput | readonly CaptureInput[],
  file: string,
  options: EvidenceOptions = {},
): Promise<Evidence> {
  for (const one of Array.isArray(input) ? input : [input]) hearErrors(one);
  return (await import('./evidence.js')).writeEvidence(input, file, options);
}

/**
 * Captures, and tells what it finds while it happens: an async iterable of events, which can be gone through once.
 *
 * @throws {@link CaptureError} from the iterable: when the interface cannot be opened, or, after the report, when it went down
 * @throws {@link ArgumentError} when there is not just one of `device` and `input`, and for a `duration` or `count` that is none
 *
 * @example
 * for await (const event of capture({ device: 'eth0', signal })) if (event.type === 'finding') console.log(event.finding);
 */
export function capture(options: CaptureOptions): Capture {
  return modules.capture().capture(options);
}

const isInstance = Function.prototype[Symbol.hasInstance];

/** Frames in, a {@link Report} out: for packets of your own. Its objects are those of the class in `closenotify/core`. */
export const Analyzer: typeof AnalyzerClass = class Analyzer {
  static [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: classes that extend this one have objects of their own
    return this === Analyzer ? value instanceof modules.analyzer().Analyzer : isInstance.call(this, value);
  }

  constructor(options: AnalyzerOptions = {}) {
    const { Analyzer: Loaded } = modules.analyzer();
    // Objects of this class, and of those that extend it, are objects of the one that was loaded.
    Object.setPrototypeOf(Analyzer.prototype, Loaded.prototype);
    // biome-ignore lint/correctness/noConstructorReturn: it is the object under construction, with the fields of the class that was loaded
    return Reflect.construct(Loaded, [options], new.target);
  }
} as never;
export type Analyzer = AnalyzerClass;

/** A report for people, as `closenotify` prints it, in pieces. Text of packets is escaped. */
export function toTable(report: Report, options: TableOptions = {}): Generator<string> {
  return modules.table().table(report, options);
}

/**
 * A report as one HTML file, in pieces: verdicts, charts, the story of each finding, and tables of what the report holds (`keep: 'all'` for
 * sessions and connections). It loads nothing. Text of packets is escaped.
 */
export function toHtml(report: Report, options: HtmlOptions = {}): Generator<string> {
  return modules.html().html(report, options);
}

type Input = CaptureInput | readonly CaptureInput[];

/** What emits frames must be listened to before anything is waited for; null where there is time. */
function analysisAtOnce(input: Input): typeof import('./analyze.js') | null {
  const inputs: readonly unknown[] = Array.isArray(input) ? input : [input];
  if (inputs.some(emitsFrames)) return loadAtOnce('./analyze.js');
  for (const one of inputs) hearErrors(one);
  return null;
}

function emitsFrames(input: unknown): boolean {
  if (typeof input !== 'object' || input === null || Symbol.asyncIterator in input) return false;
  return isEmitter(input) || 'cap' in input;
}

/** Streams of Node, with a name or without, end the process where nobody listens to their errors. */
function hearErrors(input: unknown): void {
  if (isEmitter(input)) input.on('error', () => {});
  else if (typeof input === 'object' && input !== null && 'stream' in input) hearErrors(input.stream);
}

function isEmitter(input: unknown): input is { on(event: 'error', listener: () => void): unknown } {
  return typeof input === 'object' && input !== null && 'on' in input && typeof input.on === 'function';
}

const modules = {
  analyzer: (): typeof import('./analyzer.js') => loadAtOnce('./analyzer.js'),
  capture: (): typeof import('./live/capture.js') => loadAtOnce('./live/capture.js'),
  html: (): typeof import('./report/html/html.js') => loadAtOnce('./report/html/html.js'),
  table: (): typeof import('./report/table.js') => loadAtOnce('./report/table.js'),
};

let required: NodeJS.Require | null = null;

/** Loads at once, not later as `import()`: a constructor cannot wait. */
function loadAtOnce(path: string) {
  try {
    required ??= createRequire(import.meta.url);
    return required(path);
  } catch (error) {
    if (!isMissing(error, path)) throw error;
    const advice = 'mark it as external, or use closenotify/core';
    throw new Error(`closenotify loads its modules when they are used, and this bundle has them not: ${advice}`, { cause: error });
  }
}
