/** `closenotify analyze`: files in, a report out. */
import { analyze, follow } from '../analyze.js';
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
  const problem = command.output === null ? null : outputProblem(command.output, command.inputs);
  if (problem !== null) return fail(stderr, problem, EXIT.usage);
  const progress =
    command.progress && stderr.isTTY && terminal.env.TERM !== 'dumb' && !streams(command, stdout) ? progressBar(stderr) : SILENT;
  const interrupt = listen(() => progress.end());
  const output = command.output === null ? streamOutput(stdout) : fileOutput(command.output);
  try {
    const report = await read(command, terminal, analyzer, output, progress, interrupt);
    progress.end();
    const { client, session } = command.selection;
    const printed = { ...command, selected: client !== undefined || session !== undefined };
    await output.write(await reportText(report, printed, terminal));
    await output.end();
    const damage = damageOf(report);
    for (const message of damage) say(stderr, message);
    const emptiness = command.failOnInvalidated ? emptinessOf(report) : null;
    if (emptiness !== null) say(stderr, emptiness);
    return interrupt.status() ?? status(report, command, damage.length > 0);
  } catch (error) {
    progress.end();
    return interrupt.status() ?? statusOfError(error, stderr);
  } finally {
    interrupt.release();
  }
}

/** Connections go to a terminal while the capture is read: a bar would be written into them. */
function streams(command: AnalyzeCommand, stdout: Terminal['stdout']): boolean {
  return command.format === 'ndjson' && command.all && command.output === null && stdout.isTTY === true;
}

async function read(
  command: AnalyzeCommand,
  terminal: Terminal,
  analyzer: Analyzer,
  output: Output,
  progress: Progress,
  interrupt: Interrupt,
): Promise<Report> {
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
  if (command.format !== 'ndjson' || !command.all) return analyzer.analyze(inputs, options);
  const { ndjsonConnections } = await import('../report/ndjson.js');
  const connections = analyzer.follow(inputs, options);
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
async function keyLogOption(command: AnalyzeCommand, { stderr, env }: Terminal): Promise<{ keyLog?: string | Uint8Array }> {
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
