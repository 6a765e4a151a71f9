/** `closenotify live`: the same while it happens. */

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { escapeText } from '../bytes/escape.js';
import { FrameWriter } from '../capture/frame-writer.js';
import { errorText } from '../capture/input-error.js';
import { CaptureError } from '../capture/live/capture-error.js';
import { Capture, type CaptureOptions } from '../live/capture.js';
import type { Report } from '../model.js';
import { endpointText } from '../report/text.js';
import { damageOf, emptinessOf } from './damage.js';
import { EXIT } from './exit-codes.js';
import { fail, say, statusOfError } from './failures.js';
import { type Interrupt, listen } from './interrupt.js';
import type { LiveCommand } from './live-arguments.js';
import { EventOutput, type LiveOutput, ReportOutput, ViewOutput } from './live-output.js';
import type { MetricsServer } from './metrics-server.js';
import { fileOutput, type Output, OutputError, outputProblem, streamOutput } from './output.js';
import { reportText, useColor } from './report-text.js';
import { untilStopped } from './standard-input.js';
import type { Terminal } from './terminal.js';

const STANDARD_INPUT = 'standard input';

/** @returns the exit status */
export async function runLive(command: LiveCommand, terminal: Terminal): Promise<number> {
  const problem = problemOf(command, terminal);
  if (problem !== null) return fail(terminal.stderr, problem, EXIT.usage);
  const live = new LiveRun(command, terminal);
  try {
    return await live.run();
  } catch (error) {
    await live.release();
    if (!(error instanceof CaptureError)) return statusOfError(error, terminal.stderr);
    say(terminal.stderr, error.message);
    for (const hint of error.hints) terminal.stderr.write(`  - ${hint}\n`);
    return error.code === 'ERR_CAPTURE_FILTER' ? EXIT.usage : EXIT.unavailable;
  } finally {
    await live.release();
  }
}

function problemOf({ source, output, write, user, restart }: LiveCommand, { stdin }: Terminal): string | null {
  if (source === '-' && stdin.isTTY)
    return 'live -: standard input is a terminal; let tcpdump write to it: tcpdump -i eth0 -U -w - tcp | closenotify live -';
  if (write === '-' || write?.endsWith('.pcapng'))
    return `--write ${escapeText(write)}: expected the name of a file that does not end in pcapng: what is written is pcap`;
  if (write !== null && output !== null && resolve(write) === resolve(output))
    return `--write and --output are the same file: ${escapeText(write)}`;
  if (user !== null && restart) return '--user and --restart exclude each other: an interface can be opened again only as root';
  const inputs = source === '-' ? ['/dev/stdin'] : [];
  if (write !== null && isPipe(write)) return `--write ${escapeText(write)}: is a pipe; expected the name of a file`;
  const problems = [
    output === null ? null : outputProblem(output, write === null ? inputs : [...inputs, write]),
    write === null ? null : outputProblem(write, inputs)?.replace('--output', '--write'),
  ];
  return problems.find((problem) => typeof problem === 'string') ?? null;
}

function isPipe(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFIFO() ?? false;
}

class LiveRun {
  readonly #command: LiveCommand;
  readonly #terminal: Terminal;
  readonly #interrupt: Interrupt;
  readonly #capture: Capture;
  readonly #output: Output;
  readonly #printer: LiveOutput;
  #writer: FrameWriter | null = null;
  #metrics: MetricsServer | null = null;
  #isReportWanted = false;
  #isWriteFailureTold = false;
  #isInterrupted = false;

  constructor(command: LiveCommand, terminal: Terminal) {
    this.#command = command;
    this.#terminal = terminal;
    const reportNow = () => {
      this.#isReportWanted = true;
    };
    this.#interrupt = listen(() => this.#printer.release(), { hangUp: true, reportNow });
    this.#output = command.output === null ? streamOutput(terminal.stdout) : fileOutput(command.output);
    this.#capture = new Capture(this.#options());
    this.#printer = this.#printerOf();
  }

  async run(): Promise<number> {
    let last: Report | null = null;
    let failure: CaptureError | null = null;
    try {
      for await (const event of this.#capture) {
        if (event.type === 'report') last = event.report;
        else await this.#printer.event(event);
        if (event.type === 'statistics') await this.#second();
      }
    } catch (error) {
      if (!(error instanceof CaptureError) || last === null) throw error;
      failure = error;
    }
    this.#endWriting();
    if (last !== null) await this.#printer.report(last, true);
    await this.#output.end();
    if (failure) throw failure;
    return this.#status(last);
  }

  /** Gives back all that would keep the process alive, or the terminal as it is. */
  async release(): Promise<void> {
    this.#printer.release();
    this.#interrupt.release();
    if (this.#command.source === '-') this.#terminal.stdin.destroy();
    await this.#metrics?.close();
    this.#metrics = null;
    this.#writer?.close();
    this.#writer = null;
  }

  #options(): CaptureOptions {
    const { source, filter, duration, count, all, restart, user, bufferBytes, remember, server, handshakeCost } = this.#command;
    const { signal } = this.#interrupt;
    const input = { name: STANDARD_INPUT, stream: untilStopped(this.#terminal.stdin, signal) };
    return {
      // What is read from a pipe ends with the pipe: the program before it still writes its last frames.
      ...(source === '-' ? { input } : { device: source, signal }),
      ...(filter !== null && { filter }),
      ...(duration !== null && { duration }),
      ...(count !== null && { count }),
      ...(user !== null && { user }),
      ...(bufferBytes !== null && { bufferBytes }),
      ...(remember !== null && { remember }),
      ...(server !== null && { server }),
      ...(handshakeCost !== null && { handshakeCost }),
      restart,
      connections: all,
      ...(this.#command.write !== null && { copy: { frame: (...frame) => this.#writer?.frame(...frame) } }),
      onOpen: () => this.#begin(),
    };
  }

  /** The interface is open, and nothing was read yet: rights that were needed for it are given up before anything else is done. */
  async #begin(): Promise<void> {
    const { source, user, write, metrics, output } = this.#command;
    // Both while this is still allowed: a report that nobody can write is found out before the capture, not after it.
    if (write !== null) this.#writer = openWriter(write);
    if (output !== null) this.#output.open();
    const serve = metrics === null ? null : await this.#loadMetrics(metrics);
    if (user !== null) {
      // That user may have no right to read what is loaded later.
      await Promise.all([import('../report/table.js'), import('../report/json.js'), import('../report/ndjson.js')]);
      const { becomeUser } = await import('../capture/live/privileges.js');
      becomeUser(user);
    }
    await serve?.();
    if (!(this.#printer instanceof ViewOutput))
      say(this.#terminal.stderr, `listening on ${source === '-' ? STANDARD_INPUT : source}${this.#filterText()} (process ${process.pid})`);
  }

  #filterText(): string {
    return this.#command.source === '-' ? '' : `, filter ${this.#command.filter ?? 'tcp'}`;
  }

  /** @returns begins to serve them */
  async #loadMetrics(where: NonNullable<LiveCommand['metrics']>): Promise<() => Promise<void>> {
    const [{ createMetrics }, { startMetricsServer }] = await Promise.all([import('../report/metrics.js'), import('./metrics-server.js')]);
    const metrics = await createMetrics();
    const text = async () => {
      metrics.update(this.#capture.latest ?? this.#capture.report(), this.#capture.statistics);
      return metrics.text();
    };
    const health = () => {
      const { interrupted } = this.#capture;
      return interrupted === null ? { ok: true, text: 'capturing' } : { ok: false, text: interrupted.message };
    };
    return async () => {
      try {
        this.#metrics = await startMetricsServer(where, { contentType: metrics.contentType, text }, health);
      } catch (error) {
        throw new OutputError(`--metrics: ${errorText(error)}`);
      }
      say(this.#terminal.stderr, `metrics at http://${endpointText(this.#metrics)}/metrics`);
    };
  }

  /** What is done every second. */
  async #second(): Promise<void> {
    this.#writer?.flush();
    this.#tellWriteFailure();
    this.#tellInterruption();
    if (!this.#isReportWanted) return;
    this.#isReportWanted = false;
    await this.#printer.report(this.#capture.report(), false);
  }

  #tellInterruption(): void {
    const { interrupted } = this.#capture;
    if ((interrupted !== null) === this.#isInterrupted) return;
    this.#isInterrupted = interrupted !== null;
    const { source } = this.#command;
    if (!(this.#printer instanceof ViewOutput)) {
      say(this.#terminal.stderr, interrupted === null ? `${source}: captures again` : `${interrupted.message}; waiting for it`);
    }
  }

  #endWriting(): void {
    const writer = this.#writer;
    if (writer === null) return;
    writer.close();
    this.#tellWriteFailure();
    this.#writer = null;
    if (writer.leftOut > 0) {
      say(
        this.#terminal.stderr,
        `${escapeText(this.#command.write ?? '')}: ${writer.leftOut} frames of another link type have no place in it`,
      );
    }
  }

  /** The analysis goes on without the file. */
  #tellWriteFailure(): void {
    const failure = this.#writer?.failure ?? null;
    if (failure === null || this.#isWriteFailureTold) return;
    this.#isWriteFailureTold = true;
    say(this.#terminal.stderr, failure.message);
  }

  #printerOf(): LiveOutput {
    const { stdout, env } = this.#terminal;
    const { format, output, source, view } = this.#command;
    const isTerminal = stdout.isTTY === true;
    const chosen = format ?? (isTerminal ? 'table' : 'ndjson');
    if (chosen === 'ndjson') return new EventOutput(this.#output);
    const printed = { ...this.#command, format: chosen, selected: false };
    const reports = new ReportOutput(this.#output, (report) => reportText(report, printed, this.#terminal));
    // JSON on the same terminal would be drawn over.
    if (!isTerminal || (chosen === 'json' && output === null) || !view || env.TERM === 'dumb') return reports;
    const name = `${source === '-' ? STANDARD_INPUT : source}${this.#filterText()}`;
    return new ViewOutput(
      stdout,
      reports,
      name,
      useColor({ ...this.#command, output: null }, true, env),
      () => this.#capture.latest,
      this.#interrupt.signal,
    );
  }

  #status(report: Report | null): number {
    if (this.#command.failOnInvalidated && report && report.totals.invalidatedSessions > 0) return EXIT.found;
    if (this.#isWriteFailureTold) return EXIT.output;
    if (report === null) return EXIT.ok;
    const damage = damageOf(report);
    for (const message of damage) say(this.#terminal.stderr, message);
    const emptiness = this.#command.failOnInvalidated ? emptinessOf(report) : null;
    if (emptiness !== null) say(this.#terminal.stderr, emptiness);
    if (report.capture.firstTime === null) say(this.#terminal.stderr, 'no frame came: check the interface, or the pipe, and the filter');
    // A pipe that is cut where its program was stopped is what was asked for.
    return damage.length > 0 && !this.#interrupt.signal.aborted ? EXIT.input : EXIT.ok;
  }
}

function openWriter(path: string): FrameWriter {
  try {
    return new FrameWriter(path);
  } catch (error) {
    throw new OutputError(`--write ${escapeText(path)}: ${errorText(error)}`);
  }
}
