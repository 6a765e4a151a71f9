/** `closenotify analyze`: files in, a report out. */
import { type AnalyzeOptions, analyze, follow, type Watch } from '../analyze.js';
import { escapeText } from '../bytes/escape.js';
import { isOpenAs, isSameFile } from '../capture/file-stats.js';
import type { CaptureInput } from '../capture/read.js';
import { KeyLogError } from '../decryption/key-log-error.js';
import type { Report } from '../model.js';
import type { AnalyzeCommand } from './arguments.js';
import { damageOf, emptinessOf } from './damage.js';
import { EXIT } from './exit-codes.js';
import { fail, say, statusOfError } from './failures.js';
import { type Interrupt, listen } from './interrupt.js';
import { fileOutput, type Output, outputProblem, streamOutput } from './output.js';
import { type Progress, progressBar, SILENT } from './progress.js';
import { reportText } from './report-text.js';
import { slipOf } from './slip.js';
import { untilStopped } from './standard-input.js';
import type { Terminal } from './terminal.js';

/** The functions behind the command; tests give their own. */
export interface Analyzer {
  analyze: typeof analyze;
  follow: typeof follow;
}

/** @returns the exit status */
export async function runAnalyze(command: AnalyzeCommand, terminal: Terminal, analyzer: Analyzer = { analyze, follow }): Promise<number> {
  const { stdout, stderr } = terminal;
  const problem = slipOf(command.inputs) ?? outputsProblem(command, terminal.env);
  if (problem !== null) return fail(stderr, problem, EXIT.usage);
  const progress =
    command.progress && stderr.isTTY && terminal.env.TERM !== 'dumb' && !streams(command, stdout) ? progressBar(stderr) : SILENT;
  const interrupt = listen(() => progress.end(), { hangUp: command.evidence !== null });
  const output = command.output === null ? streamOutput(stdout) : fileOutput(command.output);
  try {
    const { report, failure } = await read(command, terminal, analyzer, output, progress, interrupt);
    progress.end();
    const { client, session } = command.selection;
    const printed = { ...command, selected: client !== undefined || session !== undefined };
    await output.write(await reportText(report, printed, terminal));
    await output.end();
    const damage = damageOf(report);
    for (const message of damage) say(stderr, message);
    const emptiness = command.failOnInvalidated ? emptinessOf(report) : null;
    if (emptiness !== null) say(stderr, emptiness);
    const failed = failure === null ? null : statusOfError(failure, stderr);
    return interrupt.status() ?? failed ?? status(report, command, damage.length > 0);
  } catch (error) {
    progress.end();
    return interrupt.status() ?? statusOfError(error, stderr);
  } finally {
    interrupt.release();
  }
}

/** Why what is to be written cannot be, in one line; null when it can. */
const STANDARD_OUTPUT = 1;

function outputsProblem({ output, evidence, inputs, keyLog }: AnalyzeCommand, env: Terminal['env']): string | null {
  const secrets = keyLog ?? env.SSLKEYLOGFILE ?? '';
  const isKeyLog = (path: string) => secrets !== '' && isSameFile(path, secrets);
  if (output !== null && isKeyLog(output)) return `--output ${escapeText(output)}: is the key log, which it would overwrite`;
  const problem = output === null ? null : outputProblem(output, inputs);
  if (problem !== null || evidence === null) return problem;
  const shown = `--evidence ${escapeText(evidence.path)}`;
  if (output === null ? isOpenAs(evidence.path, STANDARD_OUTPUT) : isSameFile(evidence.path, output))
    return `${shown}: is where the report goes`;
  if (isKeyLog(evidence.path)) return `${shown}: is the key log, which it would overwrite`;
  return outputProblem(evidence.path, inputs, '--evidence', 'the evidence');
}

/** Connections go to a terminal while the capture is read: a bar would be written into them. */
function streams(command: AnalyzeCommand, stdout: Terminal['stdout']): boolean {
  return command.format === 'ndjson' && command.all && command.output === null && stdout.isTTY === true;
}

interface Outcome {
  report: Report;
  /** Why there is no evidence although it was asked for; null when all is well. */
  failure: unknown;
}

async function read(
  command: AnalyzeCommand,
  terminal: Terminal,
  analyzer: Analyzer,
  output: Output,
  progress: Progress,
  interrupt: Interrupt,
): Promise<Outcome> {
  const inputs = command.inputs.map((input): CaptureInput => {
    if (input !== '-') return input;
    return { name: 'standard input', stream: untilStopped(terminal.stdin, interrupt.signal) };
  });
  const options = {
    onProgress: progress.update,
    // The tables of the page are of all sessions and connections.
    keep: command.all || command.format === 'html' ? ('all' as const) : ('findings' as const),
    filter: { ...command.selection, ...(command.server !== null && { server: command.server }) },
    ...(await keyLogOption(command, terminal)),
    ...(command.handshakeCost !== null && { handshakeCost: command.handshakeCost }),
    // Standard input ends when the signal comes, and is reported; files are just left.
    ...(command.inputs.includes('-') ? {} : { signal: interrupt.signal }),
  };
  if (command.evidence === null) return { report: await readReport(inputs, options, command, analyzer, output), failure: null };
  return readWithEvidence(inputs, options, command, analyzer, output, command.evidence, terminal);
}

/** The report is worth having without the evidence, too. */
async function readWithEvidence(
  inputs: readonly CaptureInput[],
  options: AnalyzeOptions,
  command: AnalyzeCommand,
  analyzer: Analyzer,
  output: Output,
  { path, secrets }: NonNullable<AnalyzeCommand['evidence']>,
  { stderr }: Terminal,
): Promise<Outcome> {
  const { EvidenceWriter } = await import('../evidence.js');
  const writer = new EvidenceWriter(inputs, options, secrets);
  try {
    const whole = await readReport(writer.inputs, writer.options, command, analyzer, output, writer.watch);
    const report = writer.asAsked(whole);
    try {
      for (const note of (await writer.write(path, whole)).notes) say(stderr, note);
      return { report, failure: null };
    } catch (failure) {
      options.signal?.throwIfAborted();
      return { report, failure };
    }
  } finally {
    writer.close();
  }
}

async function readReport(
  inputs: readonly CaptureInput[],
  options: AnalyzeOptions,
  command: AnalyzeCommand,
  analyzer: Analyzer,
  output: Output,
  watch?: Watch,
): Promise<Report> {
  if (command.format !== 'ndjson' || !command.all) return analyzer.analyze(inputs, options, watch);
  const { ndjsonConnections } = await import('../report/ndjson.js');
  const connections = analyzer.follow(inputs, options, watch);
  try {
    while (true) {
      const next = await connections.next();
      if (next.done) return next.value;
      await output.write(ndjsonConnections(next.value));
    }
  } catch (error) {
    await connections.throw(error);
    throw error;
  }
}

/** SSLKEYLOGFILE is for other programs in the first place: what is wrong with it is told, and does not matter. */
export async function keyLogOption(
  command: Pick<AnalyzeCommand, 'keyLog'>,
  { stderr, env }: Terminal,
): Promise<{ keyLog?: string | Uint8Array }> {
  if (command.keyLog !== null) return { keyLog: command.keyLog };
  const path = env.SSLKEYLOGFILE;
  if (path === undefined || path === '') return {};
  const { readKeyLog } = await import('../decryption/key-log-file.js');
  try {
    return { keyLog: readKeyLog(path) };
  } catch (error) {
    if (!(error instanceof KeyLogError)) throw error;
    say(stderr, `SSLKEYLOGFILE: ${error.message}; nothing is decrypted with it`);
    return {};
  }
}

function status(report: Report, command: AnalyzeCommand, isDamaged: boolean): number {
  if (command.failOnInvalidated && report.findings.some((f) => f.confidence !== 'low')) return EXIT.found;
  return isDamaged ? EXIT.input : EXIT.ok;
}
