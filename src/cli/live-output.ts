// What `closenotify live` prints: events, a view that is drawn again and again, or nothing but the report.
import type { CaptureEvent, FindingEvent, LiveStatistics } from '../live-model.js';
import type { Report } from '../model.js';
import { liveView } from '../report/live-view.js';
import { ndjson, ndjsonLine } from '../report/ndjson.js';
import { endpointText } from '../report/text.js';
import type { Output } from './output.js';
import { type Redrawer, redrawer, type TerminalStream } from './redraw.js';

export interface LiveOutput {
  event(event: CaptureEvent): Promise<void>;
  /** A report that was asked for while the capture goes on, or the last one. */
  report(report: Report, isLast: boolean): Promise<void>;
  /** Gives back the terminal. */
  release(): void;
}

/** Nothing until the report. */
export class ReportOutput implements LiveOutput {
  readonly #output: Output;
  readonly #text: (report: Report) => Promise<Iterable<string>>;

  /** @param text of a report */
  constructor(output: Output, text: (report: Report) => Promise<Iterable<string>>) {
    this.#output = output;
    this.#text = text;
  }

  async event(): Promise<void> {}

  async report(report: Report): Promise<void> {
    await this.#output.write(await this.#text(report));
  }

  release(): void {}
}

/** Each event is a line, and written at once. The last report is its servers and its summary, as findings were events; one in between is a line. */
export class EventOutput implements LiveOutput {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  async event(event: CaptureEvent): Promise<void> {
    if (event.type === 'report') return;
    await this.#output.write([eventLine(event)]);
  }

  async report(report: Report, isLast: boolean): Promise<void> {
    await this.#output.write(isLast ? ndjson({ ...report, findings: [] }) : [ndjsonLine('report', report)]);
  }

  release(): void {}
}

function eventLine(event: Exclude<CaptureEvent, { type: 'report' }>): string {
  switch (event.type) {
    case 'connection':
      return ndjsonLine('connection', event.connection);
    case 'finding':
      return ndjsonLine('finding', { change: event.change, ...event.finding });
    case 'statistics':
      return ndjsonLine('statistics', event.statistics);
  }
}

/** Findings that the view is given; the newest are shown. */
const SHOWN_FINDINGS = 200;
const DRAW_MILLISECONDS = 250;
/** Rates are over so many statistics, of which there is one in a second. */
const RATE_SECONDS = 6;

/** A view on the terminal, and at the end, below each other, the report. */
export class ViewOutput implements LiveOutput {
  readonly #stream: TerminalStream;
  readonly #reports: LiveOutput;
  readonly #source: string;
  readonly #color: boolean;
  readonly #latest: () => Report | null;
  readonly #stop: AbortSignal;
  readonly #begin = performance.now();
  readonly #findings: FindingEvent[] = [];
  #drawer: Redrawer;
  #drawnAt = 0;
  /** The statistics of the last seconds, the oldest first. */
  readonly #past: { at: number; statistics: LiveStatistics }[] = [];
  #statistics: LiveStatistics | null = null;
  #rates = { framesPerSecond: 0, fullPerSecond: 0, resumedPerSecond: 0 };

  /**
   * @param reports prints reports
   * @param source what is captured
   * @param latest the newest judgement
   * @param stop when it is aborted nothing is drawn any more: the program before the pipe has something to say
   */
  constructor(stream: TerminalStream, reports: LiveOutput, source: string, color: boolean, latest: () => Report | null, stop: AbortSignal) {
    this.#stream = stream;
    this.#reports = reports;
    this.#source = source;
    this.#color = color;
    this.#latest = latest;
    this.#stop = stop;
    this.#drawer = redrawer(stream);
  }

  async event(event: CaptureEvent): Promise<void> {
    if (event.type === 'statistics') this.#measure(event.statistics);
    if (event.type === 'finding') {
      this.#findings.unshift(event);
      this.#findings.length = Math.min(this.#findings.length, SHOWN_FINDINGS);
    }
    const now = performance.now();
    if (now - this.#drawnAt >= DRAW_MILLISECONDS && !this.#stop.aborted) this.#draw(now);
  }

  async report(report: Report, isLast: boolean): Promise<void> {
    // What another program wrote below the last drawing stays.
    this.#drawer.end(this.#stop.aborted);
    await this.#reports.report(report, isLast);
    if (!isLast) this.#drawer = redrawer(this.#stream);
  }

  release(): void {
    this.#drawer.end(true);
  }

  #measure(statistics: LiveStatistics): void {
    const at = performance.now();
    this.#statistics = statistics;
    this.#past.push({ at, statistics });
    if (this.#past.length === 1) return;
    if (this.#past.length > RATE_SECONDS) this.#past.shift();
    const [before] = this.#past;
    const perSecond = (value: (of: LiveStatistics) => number) =>
      Math.max(0, ((value(statistics) - value(before.statistics)) * 1000) / (at - before.at));
    this.#rates = {
      framesPerSecond: perSecond(({ frames }) => frames),
      fullPerSecond: perSecond(({ totals }) => totals.handshakes.full),
      resumedPerSecond: perSecond(({ totals }) => totals.handshakes.resumed),
    };
  }

  #draw(now: number): void {
    const report = this.#latest();
    const statistics = this.#statistics;
    if (report === null || statistics === null) return;
    this.#drawnAt = now;
    const size = { columns: this.#stream.columns ?? 80, rows: this.#stream.rows ?? 24 };
    const input = {
      report,
      statistics,
      rates: this.#rates,
      source: this.#source,
      elapsedSeconds: (now - this.#begin) / 1000,
      findings: this.#findings,
      notes: notesOf(report, statistics),
    };
    this.#drawer.draw(liveView(input, size, this.#color));
  }
}

/** What a reader should know: why nothing comes, what would settle a verdict on a server that lost sessions, and warnings. */
function notesOf({ servers, capture }: Report, { interrupted }: LiveStatistics): string[] {
  const open = servers.filter(({ invalidatedSessions, toSettle }) => invalidatedSessions > 0 && toSettle !== null);
  return [
    ...(interrupted === null ? [] : [interrupted]),
    ...open.map((server) => `${endpointText(server)} is inconclusive: ${server.toSettle}`),
    ...capture.warnings.map(({ message }) => message),
  ];
}
