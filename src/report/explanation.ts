/** Everything about single sessions or one connection, event by event: what `closenotify explain` prints. */
import type { Connection, Report, Session } from '../model.js';
import { identifiers, type Query, streamsOf } from '../selection/matches.js';
import { type GridColumn, grid } from './grid.js';
import { type Layout, layoutOf } from './layout.js';
import { painter } from './paint.js';
import { verdictWords } from './server-words.js';
import { filterLines, INDENT, reasonLines } from './story.js';
import { counted, endpointText, figure, foreign, utc, wrap, wrapLabelled } from './text.js';
import { commonOf, declineWords, type TimelineEvent, timelineLines, timelineOf } from './timeline.js';
import { KIND_WORDS } from './words.js';

export interface ExplanationOptions {
  width?: number;
  /** Every event, and every match. */
  all?: boolean;
  color?: boolean;
}

/** Matches that are told event by event; of more there is a list. */
const MAX_TOLD = 3;
const MAX_LISTED = 100;

/** @param report of what the query names, and nothing else */
export function* explanation(report: Report, query: Query, options: ExplanationOptions = {}): Generator<string> {
  const layout = layoutOf(options.width, options.all ? 'all' : 'summary', painter(options.color ?? false));
  for (const line of explanationLines(report, query, layout)) yield `${line}\n`;
}

function* explanationLines(report: Report, query: Query, layout: Layout): Generator<string> {
  const { sessions, connections } = report;
  if ('stream' in query) {
    const own = connections.filter(({ stream }) => stream === query.stream);
    for (const connection of own) yield* connectionLines(connection, layout);
    yield* wrap(touchedWords(sessions), layout.prose);
    yield* toldLines(
      report,
      sessions.filter((session) => !isAlone(session)),
      layout,
    );
  } else {
    const isNamed = sessions.some(({ id }) => id.startsWith(query.digits));
    if (!isNamed)
      yield* unnamedLines(
        connections.filter((c) => identifiers(c).some((id) => id.startsWith(query.digits))),
        query.digits,
        layout,
      );
    yield* toldLines(report, isNamed ? sessions : sessions.filter((session) => !isAlone(session)), layout);
  }
}

function isAlone(session: Session): boolean {
  return new Set(streamsOf(session)).size < 2;
}

function* toldLines(report: Report, sessions: readonly Session[], layout: Layout): Generator<string> {
  if (sessions.length > 1) yield* listLines(sessions, layout);
  if (sessions.length > MAX_TOLD && layout.detail !== 'all') {
    yield '';
    yield* wrap('Give more digits, --server, or --all to have each told event by event.', layout.prose);
    return;
  }
  for (const [i, session] of sessions.entries()) {
    if (i > 0 || sessions.length > 1) yield '';
    yield* sessionLines(report, session, layout);
  }
}

/** What no session is named by: where it was sent. */
function* unnamedLines(connections: readonly Connection[], digits: string, layout: Layout): Generator<string> {
  const { detail, prose } = layout;
  const wasIssued = connections.some(({ issued }) => [issued.sessionId, ...issued.tickets].some((id) => id?.startsWith(digits)));
  yield* wrap(`${wasIssued ? ISSUED_ONLY : SENT_ONLY} Where it was sent, and what else these connections share:`, prose);
  yield '';
  const shown = detail === 'all' ? connections : connections.slice(0, MAX_TOLD);
  for (const connection of shown) yield* connectionLines(connection, layout);
  const rest = connections.length - shown.length;
  if (rest > 0) yield* wrap(`… and ${counted(rest, 'more connection')}: see them with --all`, prose);
}

const ISSUED_ONLY =
  'No session is named by it: it was issued, and not offered within the capture, or it continues the session of an earlier ticket.';
const SENT_ONLY = 'No session is named by it: beside a ticket or a PSK a client invents a session ID (RFC 5077 3.4, RFC 8446 4.1.2).';

const COLUMNS: readonly GridColumn[] = [
  { title: 'session' },
  { title: 'kind' },
  { title: 'server' },
  { title: 'issued', align: 'right' },
  { title: 'resumed', align: 'right' },
  { title: 'declined', align: 'right' },
];

/** Digits of an identifier in the list; where they tell nothing apart, `--server` does. */
const LISTED_DIGITS = 16;

function* listLines(sessions: readonly Session[], { width, prose, detail, paint }: Layout): Generator<string> {
  yield paint('title', `${counted(sessions.length, 'session')}:`);
  const shown = detail === 'all' ? sessions : sessions.slice(0, MAX_LISTED);
  const rows = () =>
    shown.map((s) => [
      `${foreign(s.id.slice(0, LISTED_DIGITS))}…`,
      s.kind,
      endpointText(s.server),
      s.issued === null ? '-' : `${s.issuedInferred ? '~' : ''}#${s.issued.frame}`,
      String(count(s, 'resumed')),
      String(count(s, 'declined')),
    ]);
  for (const lines of grid(COLUMNS, rows, width)) yield* lines;
  if (shown.length < sessions.length)
    yield* wrap(`… and ${counted(sessions.length - shown.length, 'more session')}: see them with --all`, prose);
}

function count({ offers }: Session, outcome: Session['offers'][number]['outcome']): number {
  return offers.filter((offer) => offer.outcome === outcome).length;
}

function* sessionLines(report: Report, session: Session, layout: Layout): Generator<string> {
  const { prose, paint } = layout;
  const streams = new Set(streamsOf(session));
  const connections = report.connections.filter(({ stream }) => streams.has(stream));
  const finding = report.findings.find(({ session: { kind, id }, server }) => {
    return kind === session.kind && id === session.id && endpointText(server) === endpointText(session.server);
  });
  const server = report.servers.find((one) => endpointText(one) === endpointText(session.server));
  yield* wrap(`${KIND_WORDS[session.kind]} ${foreign(session.id)}`, prose).map((line) => paint('title', line));
  const clients = [...new Set(connections.map(({ client }) => client.address))];
  yield* wrapLabelled(
    INDENT,
    `server ${endpointText(session.server)}, ${counted(clients.length, 'client')}: ${clientWords(clients)}`,
    prose,
  );
  const common = commonOf(connections);
  if (common.words !== '') yield* wrapLabelled(INDENT, common.words, prose);
  yield* wrapLabelled(INDENT, fateWords(session), prose);
  yield '';
  const events = timelineOf(connections, session, common);
  yield* eventLines(events, layout);
  yield '';
  if (finding) {
    const rivals = finding.rivals.map((rival) => ({ rival, fits: 1 }));
    yield* reasonLines(finding, rivals, 1, prose);
  } else {
    const [first = 'nothing was declined', ...rest] = declineWords(session);
    yield* wrapLabelled(`${INDENT}Cause       `, first, prose);
    for (const words of rest) yield* wrapLabelled(`${INDENT}            `, words, prose);
  }
  if (server) yield* wrapLabelled(`${INDENT}Server      `, verdictWords(server), prose);
  yield* endLines(events, connections, layout);
}

const MAX_CLIENTS = 5;

function clientWords(clients: readonly string[]): string {
  const named = clients.slice(0, MAX_CLIENTS);
  return [...named, ...(clients.length > MAX_CLIENTS ? [`and ${clients.length - MAX_CLIENTS} more`] : [])].join(', ');
}

/** `issued in frame #9583 (stream 0); offered 2 times: 1 resumed, 1 declined`. */
function fateWords(session: Session): string {
  const { issued, issuedInferred, offers, lifetime } = session;
  const origin =
    issued === null
      ? 'issued before the capture, or elsewhere'
      : `${issuedInferred ? 'most likely ' : ''}issued in frame #${issued.frame} (stream ${issued.stream})`;
  const life = lifetime === null ? '' : `, for ${figure(lifetime)} s`;
  if (offers.length === 0) return `${origin}${life}; not offered again within the capture`;
  const outcomes = (['resumed', 'declined', 'unanswered'] as const).flatMap((outcome) => {
    const n = count(session, outcome);
    return n > 0 ? [`${figure(n)} ${outcome}`] : [];
  });
  return `${origin}${life}; offered ${offers.length === 1 ? 'once' : `${figure(offers.length)} times`}: ${outcomes.join(', ')}`;
}

function* connectionLines(c: Connection, layout: Layout): Generator<string> {
  const { prose, paint } = layout;
  yield paint('title', `stream ${c.stream}`);
  const parts = [`client ${endpointText(c.client)}, server ${endpointText(c.server)}`];
  if (c.proxiedClient !== null) parts.push(`on behalf of ${endpointText(c.proxiedClient)}`);
  const common = commonOf([c]);
  if (common.words !== '') parts.push(common.words);
  if (c.alpn !== null) parts.push(`ALPN ${foreign(c.alpn)}`);
  if (c.fingerprint !== null) parts.push(`JA4 ${foreign(c.fingerprint.ja4)}`);
  yield* wrapLabelled(INDENT, parts.join(', '), prose);
  const lacks = lackWords(c);
  if (lacks !== '') yield* wrapLabelled(INDENT, lacks, prose).map((line) => paint('warning', line));
  yield '';
  const events = timelineOf([c], null, common);
  yield* eventLines(events, layout);
  yield* endLines(events, [c], layout);
  yield '';
}

function lackWords({ quality, close }: Connection): string {
  const words = [];
  if (quality.startedMidstream) words.push('it began before the capture');
  if (quality.missingBytes > 0) words.push(`${counted(quality.missingBytes, 'byte')} of it are missing`);
  if (quality.truncatedFrames > 0) words.push(`${counted(quality.truncatedFrames, 'frame')} of it cut by a snap length`);
  if (close.client.state === 'open' && close.server.state === 'open') words.push('it does not end within the capture');
  return words.join('; ');
}

function touchedWords(sessions: readonly Session[]): string {
  if (sessions.length === 0) return 'No session of it is known.';
  const alone = sessions.filter(isAlone);
  const told = alone.map(
    ({ kind, id, issued }) =>
      `${KIND_WORDS[kind].replace(/ \(.*/, '')} ${foreign(id.slice(0, LISTED_DIGITS))}… (${issued === null ? 'offered' : 'issued'})`,
  );
  if (alone.length === sessions.length) return `No other connection of the capture shares its sessions: ${told.join(', ')}.`;
  const rest = told.length > 0 ? ` Besides, on this connection only: ${told.join(', ')}.` : '';
  return `Its sessions that other connections share follow.${rest}`;
}

function* eventLines(events: readonly TimelineEvent[], layout: Layout): Generator<string> {
  if (events.length === 0) {
    yield `${INDENT}no hello, alert or close of it is in the capture`;
    return;
  }
  yield* wrapLabelled(INDENT, `the seconds begin at ${utc(events[0].time)}`, layout.prose);
  yield '';
  yield* timelineLines(events, events[0].time, layout);
}

function* endLines(events: readonly TimelineEvent[], connections: readonly Connection[], { width }: Layout): Generator<string> {
  yield '';
  yield `${INDENT}Wireshark display filters for these connections, and for these frames:`;
  yield* filterLines(`tcp.stream in {${connections.map(({ stream }) => stream).join(', ')}}`, width);
  const frames = [...new Set(events.map(({ frame }) => frame))].sort((a, b) => a - b);
  if (frames.length > 0) yield* filterLines(`frame.number in {${frames.join(', ')}}`, width);
}
