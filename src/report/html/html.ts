/** A report as one HTML file: it needs nothing else, and asks nothing of any network. */
import type { Connection, Report } from '../../model.js';
import { headline } from '../headline.js';
import { endpointText, utc } from '../text.js';
import { captureSection } from './capture.js';
import { listFrame, listsOf } from './lists.js';
import { type Markup, html as markup } from './markup.js';
import { policyOf } from './policy.js';
import { SCRIPT } from './script.js';
import { chosenServers, serverSection, verdicts } from './servers.js';
import { chosenStories, stories } from './stories.js';
import { STYLE } from './style.js';

/** How a report is written as HTML. */
export interface HtmlOptions {
  /** The report was narrowed by a filter. Default false. */
  selected?: boolean | undefined;
  /** The only server that was looked at, as text. Default: all were. */
  server?: string | undefined;
}

/** The page in pieces, so that the text of a large report is never held at once. */
export function* html(report: Report, options: HtmlOptions = {}): Generator<string> {
  const servers = chosenServers(report);
  const isAllServers = report.servers.length > servers.length;
  const chosen = chosenStories(report.findings);
  const isAllFindings = report.findings.length > chosen.length;
  const lists = listsOf(report, isAllServers, isAllFindings);
  yield `${HEAD}<body>\n`;
  yield pageHeader(report, options).text;
  yield '<main id="main">\n';
  yield verdicts(servers, report.servers.length).text;
  const declines = declinesOf(report);
  for (const [i, server] of servers.entries()) yield serverSection(server, i, declines.get(endpointText(server)) ?? []).text;
  if (report.findings.length > 0) {
    yield `<section id="findings" aria-labelledby="findings-name"><h2 id="findings-name">Findings: the story of each session</h2>\n`;
    for (const story of stories(report, chosen, connectionFinder(report))) yield `${story.text}\n`;
    yield '</section>\n';
  }
  for (const list of lists) yield listFrame(list).text;
  yield captureSection(report).text;
  yield `</main>\n${footer(report).text}`;
  yield '<div class="tip" id="tip" role="tooltip" hidden></div>\n<p class="skip" id="said" role="status"></p>\n';
  for (const { data } of lists) yield* data;
  yield `<script>${SCRIPT}</script>\n</body>\n</html>\n`;
}

const HEAD = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policyOf(SCRIPT, STYLE)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>closenotify: TLS sessions and unclean closes</title>
<style>${STYLE}</style>
</head>
`;

function pageHeader(report: Report, { selected, server }: HtmlOptions): Markup {
  const { sentences } = headline(report, selected ?? false, server ?? null);
  const [first, ...others] = sentences;
  const [title, figures] = splitOnce(first);
  const { firstTime } = report.capture;
  const links: [string, string][] = [
    ['server-1', 'Servers'],
    ['findings', 'Findings'],
    ['sessions', 'Sessions'],
    ['connections', 'Connections'],
    ['capture', 'Capture'],
  ];
  const present = links.filter(
    ([id]) => (id !== 'findings' || report.findings.length > 0) && (id !== 'server-1' || report.servers.length > 0),
  );
  return markup`<a class="skip" href="#main">Skip to the verdicts</a>
<header><p class="eyebrow">closenotify: TLS sessions and unclean closes${firstTime === null ? null : `, captured ${utc(firstTime).slice(0, 10)}`}</p>
<h1>${title}</h1>
${figures === '' ? null : markup`<p class="lead">${figures}</p>`}
${others.map((sentence) => markup`<p class="warning">${sentence}</p>`)}
<nav class="contents" aria-label="Contents"><ul>${present.map(([id, name]) => markup`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>
</header>
`;
}

/** `2 sessions invalidated …: 17 TLS connections, …`: what was found, and the figures. */
function splitOnce(sentence: string): [string, string] {
  const at = sentence.indexOf(': ');
  return at < 0 ? [sentence, ''] : [sentence.slice(0, at), sentence.charAt(at + 2).toUpperCase() + sentence.slice(at + 3)];
}

function footer({ schema }: Report): Markup {
  return markup`<footer>Written by closenotify (${schema}). The page holds all of its data, and loads nothing.</footer>
`;
}

/** Times of the declines of each server: of its connections where they are kept, else of its findings. */
function declinesOf({ connections, findings }: Report): Map<string, number[]> {
  const times = new Map<string, number[]>();
  const add = (server: string, time: number) => {
    const known = times.get(server);
    if (known) known.push(time);
    else times.set(server, [time]);
  };
  for (const { server, resumption, times: at, start } of connections) {
    if (resumption === 'declined') add(endpointText(server), at.serverHello ?? start);
  }
  if (connections.length > 0) return times;
  for (const { server, declines } of findings) for (const { time } of declines) add(endpointText(server), time);
  return times;
}

function connectionFinder({ connections }: Report): (stream: number) => Connection | null {
  const byStream = new Map(connections.map((connection) => [connection.stream, connection]));
  return (stream) => byStream.get(stream) ?? null;
}
