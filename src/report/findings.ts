/** The findings of a report: the story of each, and of many that are alike one entry with examples. */
import type { Finding } from '../model.js';
import { type Alike, alike } from './alike.js';
import { foldedLines, rowLines } from './folded.js';
import type { Layout } from './layout.js';
import { storyLines } from './story.js';
import { counted, endpointText, wrapLabelled } from './text.js';

/** So many findings that are alike are still told one by one in a summary. */
const MAX_ALIKE = 3;
/** Entries of a summary; what does not fit becomes a row each, and of more rows than these a figure. */
const MAX_ENTRIES = 4;
const MAX_ROWS = 20;
/** Stories of one server, and in all, unless all were asked for. */
const MAX_STORIES_PER_SERVER = 20;
const MAX_STORIES = 60;

export function* findingLines(findings: readonly Finding[], layout: Layout): Generator<string> {
  yield '';
  yield layout.paint('title', titleOf(findings));
  yield* layout.detail === 'summary' ? summaryLines(findings, layout) : allLines(findings, layout);
}

function titleOf(findings: readonly Finding[]): string {
  const suspected = findings.filter((f) => f.confidence === 'low').length;
  if (suspected === 0) return 'Invalidated sessions';
  return suspected === findings.length ? 'Suspected sessions' : 'Invalidated and suspected sessions';
}

function* summaryLines(findings: readonly Finding[], layout: Layout): Generator<string> {
  let entries = 0;
  const left: Alike[] = [];
  const numberOf = numbersOf(findings);
  for (const group of alike(findings)) {
    const isSmall = group.findings.length <= MAX_ALIKE;
    if (entries + (isSmall ? group.findings.length : 1) > MAX_ENTRIES) {
      left.push(group);
      continue;
    }
    for (const finding of isSmall ? group.findings : []) {
      yield '';
      yield* storyLines(finding, numberOf(finding), layout);
    }
    entries += isSmall ? group.findings.length : 1;
    if (isSmall) continue;
    yield '';
    yield* foldedLines(group, numberOf(group.findings[0]), layout);
  }
  if (left.length > 0) yield* rowLines(left.slice(0, MAX_ROWS), layout);
  const rest = left.slice(MAX_ROWS);
  if (rest.length === 0) return;
  const servers = new Set(rest.map((group) => endpointText(group.findings[0].server))).size;
  const sessions = rest.reduce((sum, group) => sum + group.findings.length, 0);
  yield* foldLines(sessions, ` of ${counted(servers, 'server')}`, layout.prose);
}

/** Their places in the report, as everywhere. */
function numbersOf(findings: readonly Finding[]): (finding: Finding) => number {
  const places = new Map(findings.map((finding, i) => [finding, i + 1]));
  return (finding) => places.get(finding) ?? 0;
}

function* allLines(findings: readonly Finding[], layout: Layout): Generator<string> {
  const isAll = layout.detail === 'all';
  const numberOf = numbersOf(findings);
  let told = 0;
  let folded = 0;
  for (const group of byServer(findings)) {
    const room = isAll ? group.length : Math.min(MAX_STORIES_PER_SERVER, MAX_STORIES - told);
    for (const finding of group.slice(0, room)) {
      yield '';
      yield* storyLines(finding, numberOf(finding), layout);
      told++;
    }
    if (room > 0 && group.length > room) yield* foldLines(group.length - room, ` of ${endpointText(group[0].server)}`, layout.prose);
    else folded += Math.max(0, group.length - room);
  }
  if (folded > 0) yield* foldLines(folded, ' of other servers', layout.prose);
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
