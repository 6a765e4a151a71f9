/** A report for people: headline, servers, findings, what was read. */
import type { Report } from '../model.js';
import { findingLines } from './findings.js';
import { headline } from './headline.js';
import { type Layout, layoutOf } from './layout.js';
import { connectionLines, sessionLines } from './listing.js';
import { noteLines } from './notes.js';
import { painter } from './paint.js';
import { serverLines } from './servers.js';
import { wrap } from './text.js';

/** How a report is written as text. */
export interface TableOptions {
  /** Columns of the longest line, held within 80 and 240. Sentences are broken at 120. Default 80. */
  width?: number | undefined;
  /** Each finding by itself, and all figures of each server; else findings that are alike are folded into one. Default false. */
  verbose?: boolean | undefined;
  /** Sessions and connections as well, and nothing folded. Default false. */
  all?: boolean | undefined;
  /** Default false. */
  color?: boolean | undefined;
  /** The report was narrowed by a filter. Default false. */
  selected?: boolean | undefined;
  /** The only server that was looked at, as text. Default: all were. */
  server?: string | undefined;
}

/** The report as text. No line is longer than the width, but for a word of a display filter that cannot be broken. */
export function* table(report: Report, options: TableOptions = {}): Generator<string> {
  const detail = options.all ? 'all' : options.verbose ? 'verbose' : 'summary';
  const layout = layoutOf(options.width, detail, painter(options.color ?? false));
  for (const section of sections(report, options, layout)) {
    for (const line of section) yield `${line}\n`;
  }
}

function* sections(report: Report, options: TableOptions, layout: Layout): Generator<Iterable<string>> {
  const { width, prose, detail, paint } = layout;
  yield headlineLines(report, options, layout);
  if (report.servers.length > 0) {
    yield ['', paint('title', 'Servers')];
    yield serverLines(report.servers, layout);
  }
  if (report.findings.length > 0) yield findingLines(report.findings, layout);
  if (detail === 'all') {
    yield [''];
    yield sessionLines(report.sessions, width, paint);
    yield [''];
    yield connectionLines(report.connections, report.capture.firstTime, width, paint);
  }
  yield [''];
  yield noteLines(report.capture, report.totals.tlsConnections, prose, detail === 'all', paint);
  if (detail === 'summary' && report.servers.length > 0) {
    yield [''];
    yield wrap(report.findings.length > 0 ? MORE_OF_FINDINGS : MORE, prose).map((line) => paint('faint', line));
  }
}

const MORE = 'More: --verbose (all figures of the servers), --all (every session and connection).';
const MORE_OF_FINDINGS =
  'More: --verbose (each session, all figures, settings of known software), --all (every connection), closenotify explain ID FILE (one session, event by event).';

function* headlineLines(report: Report, { selected, server }: TableOptions, { prose, paint }: Layout): Generator<string> {
  const { alarm, sentences } = headline(report, selected ?? false, server ?? null);
  for (const [i, sentence] of sentences.entries()) {
    const style = i > 0 ? 'warning' : alarm ? 'alarm' : 'good';
    yield* wrap(sentence, prose).map((line) => paint(style, line));
  }
}
