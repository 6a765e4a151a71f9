/** A report for people: headline, servers, the story of each finding, what was read. */
import type { Finding, Report } from '../model.js';
import { headline } from './headline.js';
import { connectionLines, sessionLines } from './listing.js';
import { noteLines } from './notes.js';
import { type Paint, painter } from './paint.js';
import { serverLines } from './servers.js';
import { storyLines } from './story.js';
import { counted, endpointText, wrap, wrapLabelled } from './text.js';

/** How a report is written as text. */
export interface TableOptions {
  /** Columns of the longest line, held within 80 and 120. Default 80. */
  width?: number | undefined;
  /** Sessions and connections as well, and nothing folded. Default false. */
  all?: boolean | undefined;
  /** Default false. */
  color?: boolean | undefined;
  /** The report was narrowed by a filter. Default false. */
  selected?: boolean | undefined;
  /** The only server that was looked at, as text. Default: all were. */
  server?: string | undefined;
  /** Findings told of one server, unless all were asked for. Default 20. */
  stories?: number | undefined;
}

const MIN_WIDTH = 80;
const MAX_WIDTH = 120;
/** Findings told for one server, and in all, unless all were asked for. */
const MAX_STORIES_PER_SERVER = 20;
const MAX_STORIES = 60;

/** The report as text. No line is longer than the width, but for a word of a display filter that cannot be broken. */
export function* table(report: Report, options: TableOptions = {}): Generator<string> {
  const width = Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, Math.floor(options.width ?? 0) || MIN_WIDTH));
  const all = options.all ?? false;
  const paint = painter(options.color ?? false);
  for (const section of sections(report, width, all, options, paint)) {
    for (const line of section) yield `${line}\n`;
  }
}

function* sections(report: Report, width: number, all: boolean, options: TableOptions, paint: Paint): Generator<Iterable<string>> {
  yield headlineLines(report, width, options, paint);
  if (report.servers.length > 0) {
    yield ['', paint('title', 'Servers')];
    yield serverLines(report.servers, width, all, paint);
  }
  if (report.findings.length > 0) yield findingLines(report, width, all, options.stories ?? MAX_STORIES_PER_SERVER, paint);
  if (all) {
    yield [''];
    yield sessionLines(report.sessions, width, paint);
    yield [''];
    yield connectionLines(report.connections, report.capture.firstTime, width, paint);
  }
  yield [''];
  yield noteLines(report.capture, report.totals.tlsConnections, width, all, paint);
}

function* headlineLines(report: Report, width: number, { selected, server }: TableOptions, paint: Paint): Generator<string> {
  const { alarm, sentences } = headline(report, selected ?? false, server ?? null);
  for (const [i, sentence] of sentences.entries()) {
    const style = i > 0 ? 'warning' : alarm ? 'alarm' : 'good';
    yield* wrap(sentence, width).map((line) => paint(style, line));
  }
}

function* findingLines(report: Report, width: number, all: boolean, most: number, paint: Paint): Generator<string> {
  const options = { width, all, paint };
  yield '';
  const suspected = report.findings.filter((f) => f.confidence === 'low').length;
  const words =
    suspected === 0
      ? 'Invalidated sessions'
      : suspected === report.findings.length
        ? 'Suspected sessions'
        : 'Invalidated and suspected sessions';
  yield paint('title', words);
  let told = 0;
  let folded = 0;
  for (const group of byServer(report.findings)) {
    const room = all ? group.length : Math.min(most, MAX_STORIES - told);
    for (const finding of group.slice(0, room)) {
      yield '';
      yield* storyLines(finding, ++told, options);
    }
    if (room > 0 && group.length > room) yield* foldLines(group.length - room, ` of ${endpointText(group[0].server)}`, width);
    else folded += Math.max(0, group.length - room);
  }
  if (folded > 0) yield* foldLines(folded, ' of other servers', width);
}

function* foldLines(count: number, whose: string, width: number): Generator<string> {
  yield '';
  yield* wrapLabelled('', `… and ${counted(count, 'more session')}${whose}: see them with --all or --format json`, width);
}

function byServer(findings: readonly Finding[]): Iterable<Finding[]> {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = endpointText(finding.server);
    const group = groups.get(key);
    if (group) group.push(finding);
    else groups.set(key, [finding]);
  }
  return groups.values();
}
