/** What a terminal shows while frames are captured: the state of the capture, the servers, and the findings as they come. */
import type { LiveStatistics } from '../live-model.js';
import type { EndEffect, Finding, Report, ServerReport } from '../model.js';
import { type CompactColumn, compactGrid } from './compact-grid.js';
import { headline } from './headline.js';
import { type Paint, painter } from './paint.js';
import { columnsOf, counted, elide, endpointText, figure, foreign, wrap } from './text.js';

export interface LiveViewInput {
  report: Report;
  statistics: LiveStatistics;
  rates: { framesPerSecond: number; fullPerSecond: number; resumedPerSecond: number };
  /** What is captured on, with which filter. */
  source: string;
  elapsedSeconds: number;
  /** The newest first. Of several changes of one finding the newest is shown. */
  findings: readonly LiveFinding[];
  /** What else there is to know, the most urgent first. */
  notes: readonly string[];
}

type LiveFinding =
  | { change: 'new' | 'changed'; finding: Finding }
  | { change: 'withdrawn'; finding: Finding | Pick<Finding, 'session' | 'server'> };

/** Rows from which on there are blank lines between the parts, and room for what is less urgent. */
const ROOMY = 20;
/** Rows below which there is room for nothing but the lists. */
const CRAMPED = 12;
/** A capture that is younger has its connections open: that their ends are missing says nothing yet. */
const MIN_SECONDS_OF_DOUBTS = 60;
const MAX_NOTES = 3;
const LAST_LINE = 'Ctrl-C: report and end';

/** At most `rows - 1` lines of at most `columns`, so that the cursor has a line of its own. */
export function liveView(input: LiveViewInput, size: { columns: number; rows: number }, color: boolean): string[] {
  const { columns } = size;
  const room = size.rows - 1;
  const paint = painter(color);
  const isRoomy = room >= ROOMY;
  const top = [statusLine(input, columns, paint), ...headlineLines(input, columns, isRoomy, paint), rateLine(input, columns)];
  const notes = input.notes.slice(0, isRoomy ? MAX_NOTES : room < CRAMPED ? 0 : 1).map((note) => foreign(note, columns));
  const bottom = [...notes, paint('faint', elide(LAST_LINE, columns))];
  if (top.length + bottom.length > room) return squeezed(top, bottom, room);
  const gap = isRoomy ? [''] : [];
  const rest = room - top.length - bottom.length - gap.length;
  const findings = newest(input.findings);
  const [serverRoom, findingRoom] = share(rest - 2 * gap.length, input.report.servers.length, findings.length);
  const servers = serverLines(input.report.servers, serverRoom, columns, paint);
  const found = findingLines(findings, findingRoom, columns, paint);
  const lines = [...top, ...(servers.length > 0 ? gap : []), ...servers, ...(found.length > 0 ? gap : []), ...found, ...gap, ...bottom];
  return lines.slice(0, room);
}

/** Where not even the text around the lists fits: its first line, and as much of the rest. */
function squeezed(top: readonly string[], bottom: readonly string[], room: number): string[] {
  return [...top, ...bottom.slice(-1)].slice(0, Math.max(0, room));
}

/** Lines of the two lists, headings included: each has half, and what the other leaves. A heading alone is not worth its line. */
function share(room: number, servers: number, findings: number): [servers: number, findings: number] {
  const lines = (count: number) => (count === 0 ? 0 : count + 1);
  const some = (count: number) => (count < 2 ? 0 : count);
  const forFindings = some(Math.min(lines(findings), Math.max(Math.ceil(room / 2), room - lines(servers))));
  const forServers = some(Math.min(lines(servers), room - forFindings));
  return [forServers, forServers === 0 ? some(Math.min(lines(findings), room)) : forFindings];
}

/** `eth0, tcp port 443  0:12:34  1,234,567 frames, 1234/s  0 dropped  lag 2.3 s`. */
function statusLine({ source, elapsedSeconds, statistics, rates }: LiveViewInput, columns: number, paint: Paint): string {
  const { frames, dropped, incompleteConnections, lagSeconds, interrupted } = statistics;
  const isLosing = dropped !== null && dropped > 0;
  const isLate = lagSeconds !== null && lagSeconds > 1;
  const parts = [
    ...(interrupted === null ? [] : [{ text: 'NOTHING IS CAPTURED', rank: 0, isBad: true }]),
    { text: duration(elapsedSeconds), rank: 2, isBad: false },
    { text: `${counted(frames, 'frame')}, ${perSecond(rates.framesPerSecond)}/s`, rank: 3, isBad: false },
    { text: dropText(dropped, frames), rank: isLosing ? 0 : 1, isBad: isLosing },
    ...(incompleteConnections > 0 ? [{ text: `${figure(incompleteConnections)} incomplete`, rank: 1, isBad: true }] : []),
    ...(isLate ? [{ text: `lag ${lagSeconds.toFixed(1)} s`, rank: 0, isBad: true }] : []),
  ];
  const name = foreign(source);
  const room = () => columns - parts.reduce((sum, { text }) => sum + GAP.length + columnsOf(text), 0);
  while (room() < Math.min(columnsOf(name), MAX_SOURCE_COLUMNS)) {
    const rank = Math.max(...parts.map((part) => part.rank));
    if (!(rank > 0)) break;
    parts.splice(
      parts.findIndex((part) => part.rank === rank),
      1,
    );
  }
  // Coloured only where nothing has to be cut.
  if (room() < MIN_SOURCE_COLUMNS) return elide([...parts.map(({ text }) => text), name].join(GAP), columns);
  return [paint('title', elide(name, room())), ...parts.map(({ text, isBad }) => (isBad ? paint('alarm', text) : text))].join(GAP);
}

const GAP = '  ';
/** The source may push other parts from the line up to this length. */
const MAX_SOURCE_COLUMNS = 20;
/** The name of most interfaces. */
const MIN_SOURCE_COLUMNS = 6;

function dropText(dropped: number | null, frames: number): string {
  if (dropped === null) return 'drops unknown';
  const share = dropped > 0 && frames > 0 ? ` (${Number(((100 * dropped) / (dropped + frames)).toPrecision(2))} %)` : '';
  return `${figure(dropped)} dropped${share}`;
}

function headlineLines(input: LiveViewInput, columns: number, isRoomy: boolean, paint: Paint): string[] {
  const waiting = waitingText(input);
  if (waiting !== null) return [elide(waiting, columns)];
  const { report, elapsedSeconds } = input;
  const { invalidatedSessions, suspectedSessions } = report.totals;
  const style = invalidatedSessions + suspectedSessions > 0 ? 'alarm' : 'good';
  const whole = wrap(longHeadline(report), columns);
  const lines = whole.length <= (isRoomy ? 3 : 2) ? whole : wrap(shortHeadline(report), columns).slice(0, 2);
  const doubts = headline(report, false, null).sentences.slice(1);
  const shown = isRoomy && elapsedSeconds >= MIN_SECONDS_OF_DOUBTS ? doubts.flatMap((text) => wrap(text, columns)) : [];
  return [...lines.map((line) => paint(style, line)), ...shown.map((line) => paint('warning', line))];
}

/** Null as soon as there is something to judge. */
function waitingText({ report: { totals }, statistics }: LiveViewInput): string | null {
  if (totals.tlsConnections > 0) return null;
  if (statistics.frames === 0) return 'Waiting for the first frame.';
  return totals.tcpConnections === 0 ? 'No TCP connection yet.' : `No TLS yet in ${counted(totals.tcpConnections, 'TCP connection')}.`;
}

/** By the totals: the findings of the report may be the newest ones only. */
function longHeadline(report: Report): string {
  const { invalidatedSessions: invalidated, suspectedSessions: suspected, handshakes, tlsConnections } = report.totals;
  if (invalidated + suspected === 0) return headline({ ...report, findings: [] }, false, null).sentences[0];
  const parts = [];
  if (invalidated > 0) parts.push(`${counted(invalidated, 'session')} invalidated after an unclean close`);
  if (suspected > 0 && invalidated > 0) parts.push(`${figure(suspected)} more suspected`);
  if (suspected > 0 && invalidated === 0) parts.push(`${counted(suspected, 'session')} suspected to be invalidated after an unclean close`);
  const { full, resumed, declined } = handshakes;
  const seen = `${counted(tlsConnections, 'TLS connection')}, ${counted(full, 'full handshake')}, ${figure(resumed)} resumed, ${figure(declined)} declined`;
  return `${parts.join(', ')}: ${seen}.`;
}

function shortHeadline({ totals }: Report): string {
  const { invalidatedSessions: invalidated, suspectedSessions: suspected, handshakes } = totals;
  const lost = `${counted(invalidated, 'session')} invalidated, ${figure(suspected)} suspected`;
  const { full, resumed, declined } = handshakes;
  const what = invalidated + suspected > 0 ? lost : 'Nothing flagged';
  return `${what}: ${figure(full)} full, ${figure(resumed)} resumed, ${figure(declined)} declined`;
}

function rateLine({ rates, statistics }: LiveViewInput, columns: number): string {
  const { fullPerSecond, resumedPerSecond } = rates;
  const now = `now: ${perSecond(fullPerSecond)} full/s, ${perSecond(resumedPerSecond)} resumed/s`;
  const line = `${now}, ${counted(statistics.tables.openConnections, 'open connection')}`;
  return columnsOf(line) <= columns ? line : elide(now, columns);
}

function serverLines(servers: readonly ServerReport[], room: number, columns: number, paint: Paint): string[] {
  if (room === 0) return [];
  const shown = [...servers]
    .sort(
      (a, b) => b.invalidatedSessions - a.invalidatedSessions || b.suspectedSessions - a.suspectedSessions || b.connections - a.connections,
    )
    .slice(0, room - 1);
  const count = (title: string, rank: number, value: (server: ServerReport) => number): CompactColumn => ({
    title,
    rank,
    align: 'right',
    cells: shown.map((server) => figure(value(server))),
  });
  const few = shown.length < servers.length ? ` (${shown.length} of ${figure(servers.length)})` : '';
  const [heading, ...lines] = compactGrid(
    [
      { title: `server${few}`, rank: 0, align: 'left', cells: shown.map(endpointText) },
      count('conns', 5, (server) => server.connections),
      count('full', 1, (server) => server.handshakes.full),
      count('resumed', 2, (server) => server.handshakes.resumed),
      count('declined', 3, (server) => server.handshakes.declined),
      count('lost', 0, (server) => server.invalidatedSessions),
      ...(shown.some((server) => server.suspectedSessions > 0) ? [count('suspected', 4, (server) => server.suspectedSessions)] : []),
      { title: 'verdict', rank: 1, align: 'left', cells: shown.map(verdictText) },
      { title: 'names', rank: 7, align: 'left', cells: shown.map(({ names }) => foreign(names.join(', '), MAX_NAME_COLUMNS)) },
    ],
    columns,
  );
  const isBad = (server: ServerReport) => server.invalidatedSessions > 0 || server.verdict === 'invalidates-on-unclean-close';
  return [paint('title', heading), ...lines.map((line, i) => (isBad(shown[i]) ? paint('alarm', line) : line))];
}

const MAX_NAME_COLUMNS = 40;

/** `invalidates on FIN, RST`. */
function verdictText({ verdict, ends }: ServerReport): string {
  const of = (effect: EndEffect) => (['fin', 'rst'] as const).filter((end) => ends[end] === effect).map((end) => end.toUpperCase());
  if (verdict === 'invalidates-on-unclean-close') return ['invalidates on', of('invalidates').join(', ') || 'unclean close'].join(' ');
  if (verdict === 'tolerates-unclean-close') return ['tolerates', of('tolerates').join(', ') || 'unclean close'].join(' ');
  return foreign(verdict).replaceAll('-', ' ');
}

/** What is known of a session now. */
interface Loss {
  session: Finding['session'];
  server: Finding['server'];
  isWithdrawn: boolean;
  /** As it was told last; null where that was too long ago. */
  told: Finding | null;
}

function newest(findings: readonly LiveFinding[]): Loss[] {
  const losses = new Map<string, Loss>();
  for (const { change, finding } of findings) {
    const { session, server } = finding;
    const key = `${session.kind} ${session.id} ${endpointText(server)}`;
    const loss = losses.get(key) ?? { session, server, isWithdrawn: change === 'withdrawn', told: null };
    if ('culprit' in finding) loss.told ??= finding;
    losses.set(key, loss);
  }
  return [...losses.values()];
}

function findingLines(losses: readonly Loss[], room: number, columns: number, paint: Paint): string[] {
  if (room === 0) return [];
  const shown = losses.slice(0, room - 1);
  const column = (title: string, rank: number, text: (loss: Loss) => string): CompactColumn => ({
    title,
    rank,
    align: 'left',
    cells: shown.map(text),
  });
  const hasOneServer = new Set(shown.map(({ server }) => endpointText(server))).size === 1;
  const [heading, ...lines] = compactGrid(
    [
      column('UTC', 0, ({ told }) => timeOfDay(told?.declines[told.declines.length - 1]?.time ?? Number.NaN)),
      column('lost session', 2, ({ session }) => foreign(session.id, ID_COLUMNS)),
      column('close → declined', 0, lossText),
      column('confidence', 1, ({ told, isWithdrawn }) => (told === null || isWithdrawn ? '-' : told.confidence)),
      column('client', 3, ({ told }) => told?.culprit.client.address ?? '-'),
      column('server', hasOneServer ? 5 : 2, ({ server }) => endpointText(server)),
    ],
    columns,
  );
  const painted = lines.map((line, i) => {
    const { isWithdrawn, told } = shown[i];
    if (isWithdrawn) return paint('faint', line);
    return told?.confidence === 'low' ? line : paint('warning', line);
  });
  return [paint('title', heading), ...painted];
}

/** Enough for `--session`. */
const ID_COLUMNS = 12;

/** `FIN #61 → #146`: the end that cost the session, and the offer that was declined. */
function lossText({ told, isWithdrawn }: Loss): string {
  if (told === null) return 'withdrawn';
  const { culprit, declines, declineCount } = told;
  const by = culprit.by === 'server' ? 'server ' : '';
  const race = culprit.state === 'reset-race' ? 'racing ' : '';
  const declined = declines.length > 0 ? ` → #${declines[0].serverHello}` : '';
  const times = declineCount > 1 ? ` (${figure(declineCount)}x)` : '';
  return `${isWithdrawn ? 'withdrawn: ' : ''}${by}${race}${culprit.end.toUpperCase()} #${culprit.frame}${declined}${times}`;
}

function timeOfDay(time: number): string {
  return Math.abs(time) <= MAX_DATE_SECONDS ? new Date(time * 1000).toISOString().slice(-13, -5) : '-';
}

/** Range of a Date, ECMA-262 21.4.1.1. */
const MAX_DATE_SECONDS = 8.64e12;

/** `0:12:34`; the hours go on. */
function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

function perSecond(rate: number): string {
  return rate >= 10 ? figure(Math.round(rate)) : rate.toFixed(1);
}
