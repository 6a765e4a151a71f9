// The frames behind findings, as a capture of their own: chooses them, sees what they tell alone, and writes them.
import { fileURLToPath } from 'node:url';
import { type AnalyzeOptions, analyze, type Watch } from './analyze.js';
import { Analyzer } from './analyzer.js';
import { ArgumentError } from './argument-error.js';
import { toHex } from './bytes/hex.js';
import { isSameFile } from './capture/file-stats.js';
import type { FrameSink } from './capture/frame-sink.js';
import { InputError } from './capture/input-error.js';
import { type CaptureInput, type ReadOptions, readCapture } from './capture/read.js';
import { RereadableInputs } from './capture/rereadable.js';
import { readKeyLog } from './decryption/key-log-file.js';
import { Secrets } from './decryption/secrets.js';
import { type Chosen, EvidenceChoice } from './evidence-choice.js';
import { FrameSelection } from './frame-selection.js';
import { DEFAULT_LIMITS } from './limits.js';
import type { Finding, Report } from './model.js';
import { FrameComments } from './report/evidence-capture/comments.js';
import { EvidenceError } from './report/evidence-capture/error.js';
import { EvidenceFile } from './report/evidence-capture/file.js';
import { type Alone, type EvidenceContents, summary } from './report/evidence-capture/summary.js';
import { counted } from './report/text.js';
import { checkedServer } from './selection/server-address.js';
import type { Decryption } from './tls/decryption.js';
import { Warnings } from './warnings.js';

/** Options of `writeEvidence`. */
export interface EvidenceOptions extends AnalyzeOptions {
  /** The TLS secrets of the connections in the file are written into it, as far as there are any: whoever has the file can decrypt them then. Default: false. */
  secrets?: boolean | undefined;
}

/** What became of an evidence file. */
export interface Evidence {
  /** What was found, as `analyze` tells it. */
  report: Report;
  /** Frames written; 0: there was nothing to write, and no file was made. */
  frames: number;
  /** What a reader of the file should know: nothing to write, or a limit that was reached. A line each. */
  notes: string[];
}

/** What the public `writeEvidence` does. */
export async function writeEvidence(
  input: CaptureInput | readonly CaptureInput[],
  file: string,
  { secrets = false, ...options }: EvidenceOptions = {},
): Promise<Evidence> {
  if (typeof file !== 'string' || file === '') throw new ArgumentError('file: expected the path of a file');
  if (typeof secrets !== 'boolean') throw new ArgumentError(`secrets: expected true or false, not ${secrets}`);
  const inputs = Array.isArray(input) ? (input as readonly CaptureInput[]) : [input as CaptureInput];
  for (const read of [...inputs, options.keyLog]) {
    const path = read instanceof URL && read.protocol === 'file:' ? fileURLToPath(read) : read;
    if (typeof path === 'string' && isSameFile(file, path))
      throw new ArgumentError('file: is an input, or the key log, which it would overwrite');
  }
  const writer = new EvidenceWriter(inputs, options, secrets);
  try {
    const report = await analyze(writer.inputs, writer.options, writer.watch);
    const { frames, notes } = await writer.write(file, report);
    return { report: writer.asAsked(report), frames, notes };
  } finally {
    writer.close();
  }
}

/** Goes along with an analysis, and writes the evidence when that is over. */
export class EvidenceWriter {
  /** For the analysis. */
  readonly options: AnalyzeOptions;
  readonly watch: Watch;
  readonly #inputs: RereadableInputs;
  readonly #keepsAll: boolean;
  readonly #withSecrets: boolean;
  readonly #choice = new EvidenceChoice();

  /** @throws {@link ArgumentError} for an input that cannot be read again */
  constructor(inputs: readonly CaptureInput[], options: AnalyzeOptions, withSecrets: boolean) {
    this.#inputs = new RereadableInputs(inputs, options.signal);
    this.#withSecrets = withSecrets;
    this.#keepsAll = options.keep === 'all';
    this.options = { ...options, ...(isSelected(options) && { keep: 'all' as const }), ...readOnce(options.keyLog) };
    this.watch = (connection) => this.#choice.note(connection);
  }

  /** For the analysis. */
  get inputs(): readonly CaptureInput[] {
    return this.#inputs.first;
  }

  /** The report without what only the evidence needed. */
  asAsked(report: Report): Report {
    return this.#keepsAll ? report : { ...report, sessions: [], connections: [] };
  }

  /**
   * @param report of the analysis
   * @throws {@link EvidenceError} when it cannot be written, {@link InputError} when an input changed meanwhile
   */
  async write(path: string, report: Report): Promise<Pick<Evidence, 'frames' | 'notes'>> {
    const chosen = this.#choice.choose(report, isSelected(this.options));
    if (chosen === null) {
      const what = isSelected(this.options) ? 'no such session' : 'no finding';
      return { frames: 0, notes: [`${what}: no evidence was written`] };
    }
    const { problem } = this.#inputs;
    if (problem !== null) throw new EvidenceError(path, `cannot be written: the input is ${problem}`);
    const selection = new FrameSelection(chosen.wanted, { ...DEFAULT_LIMITS, ...this.options.limits });
    await this.#read(selection);
    const numbers = selection.numbers();
    const { alone, lines, known } = await this.#readAlone(numbers, chosen);
    const comments = commentsOf(chosen, report);
    const contents = {
      ...chosen,
      frames: numbers.length,
      isCut: selection.isFull,
      commentsLeftOut: comments.leftOut,
      secrets: this.#withSecrets ? known : null,
      alone,
    };
    const plan = { numbers, comments: (frame: number) => comments.of(frame) };
    await this.#writeFile(new EvidenceFile(path, APPLICATION, summary(report, contents), lines, plan), numbers.length);
    return { frames: numbers.length, notes: notesOf(contents) };
  }

  close(): void {
    this.#inputs.close();
  }

  async #writeFile(file: EvidenceFile, frames: number): Promise<void> {
    try {
      await this.#read(file, { numberOf: file.numberOf });
      this.#inputs.check();
      if (file.frames !== frames)
        throw new InputError('ERR_READ', 'the input', 'changed since it was first read; copy it, and give the copy');
      file.end();
    } catch (error) {
      file.abandon();
      throw error;
    }
  }

  /** What the chosen frames alone tell, and the secrets of their connections. */
  async #readAlone(numbers: Uint32Array, { findings }: Chosen): Promise<{ alone: Alone; lines: string[]; known: number }> {
    const secrets = new Secrets();
    for (const bytes of this.options.keyLog as readonly Uint8Array[]) secrets.add(bytes);
    const randoms = new Set<string>();
    const { limits, filter, handshakeCost } = this.options;
    const analyzer = new Analyzer({
      limits,
      handshakeCost,
      server: checkedServer(filter?.server, 'filter.server'),
      decryption: watched(secrets.decryption, randoms),
    });
    await this.#read(only(numbers, analyzer), { onSecrets: (type, bytes) => secrets.addBlock(type, bytes) });
    const alone = compare(findings, analyzer.finish().findings);
    if (!this.#withSecrets) return { alone, lines: [], known: 0 };
    return { alone, lines: [...randoms].flatMap((random) => secrets.linesOf(random)), known: randoms.size };
  }

  async #read(sink: FrameSink, options: Pick<ReadOptions, 'onSecrets' | 'numberOf'> = {}): Promise<void> {
    const { signal, onProgress } = this.options;
    const reading = readCapture(this.#inputs.again(), sink, new Warnings(), { ...options, signal });
    try {
      for (let step = await reading.next(); !step.done; step = await reading.next()) onProgress?.(step.value);
    } finally {
      await reading.return([]);
    }
  }
}

const APPLICATION = 'closenotify';

/** A session was asked for: it is told of whether it was lost or not. */
function isSelected({ filter }: AnalyzeOptions): boolean {
  return (filter?.session ?? '') !== '';
}

/** A key log may come through a pipe. */
function readOnce(keyLog: AnalyzeOptions['keyLog'] = []): { keyLog: Uint8Array[] } {
  const keyLogs = Array.isArray(keyLog) ? (keyLog as readonly (string | Uint8Array)[]) : [keyLog as string | Uint8Array];
  return { keyLog: keyLogs.map((one) => (typeof one === 'string' ? readKeyLog(one) : one)) };
}

/** Hands on only the frames with these numbers, which are in order. */
function only(numbers: Uint32Array, sink: FrameSink): FrameSink {
  let frame = 0;
  let next = 0;
  return {
    frame(...given) {
      frame++;
      if (frame !== numbers[next]) return;
      next++;
      sink.frame(...given);
    },
  };
}

/** Notes the client randoms for which there are secrets, as hex. */
function watched(decryption: Decryption, randoms: Set<string>): Decryption {
  return {
    knows(bytes, offset) {
      const isKnown = decryption.knows(bytes, offset);
      if (isKnown) randoms.add(toHex(bytes, offset, offset + RANDOM_BYTES));
      return isKnown;
    },
    open: (negotiated) => decryption.open(negotiated),
  };
}

const RANDOM_BYTES = 32;

function compare(told: readonly Finding[], alone: readonly Finding[]): Alone {
  const confidences = new Map(alone.map((finding) => [keyOf(finding), finding.confidence]));
  const result: Alone = { same: 0, otherConfidence: 0, missing: 0 };
  for (const finding of told) {
    const confidence = confidences.get(keyOf(finding));
    if (confidence === undefined) result.missing++;
    else if (confidence === finding.confidence) result.same++;
    else result.otherConfidence++;
  }
  return result;
}

function keyOf({ session, server }: Finding): string {
  return `${session.kind} ${session.id} ${server.address} ${server.port}`;
}

function commentsOf({ findings, sessions }: Chosen, report: Report): FrameComments {
  const comments = new FrameComments();
  for (const finding of findings) comments.addFinding(finding);
  const connections = new Map(sessions.length > 0 ? report.connections.map((connection) => [connection.stream, connection]) : []);
  for (const session of sessions) comments.addSession(session, (stream) => connections.get(stream));
  return comments;
}

function notesOf({ findingsLeftOut, isCut, commentsLeftOut, secrets, alone }: EvidenceContents): string[] {
  const notes: string[] = [];
  if (secrets === 0) notes.push('no secret of a connection in the evidence is known: none was written into it');
  if (findingsLeftOut > 0)
    notes.push(`${counted(findingsLeftOut, 'finding')} left out of the evidence: too many connections; select with --session`);
  if (isCut) notes.push('the evidence is cut: too many frames belong to its connections; select with --session');
  if (commentsLeftOut > 0) notes.push(`${counted(commentsLeftOut, 'comment')} left out of the evidence: too many`);
  const other = alone.otherConfidence + alone.missing;
  if (other > 0)
    notes.push(
      `of the evidence file alone ${counted(other, 'finding')} will have another confidence, or not be told: its comments say what the whole capture shows`,
    );
  return notes;
}
