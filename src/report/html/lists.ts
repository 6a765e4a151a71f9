/** The tables of all servers, findings, sessions and connections: their frames, and what is in them as data. */
import type { Connection, Report, ServerReport, Session } from '../../model.js';
import { closeText, handshakeText } from '../listing-words.js';
import { inOrderOfLoss, verdictTitle } from '../server-words.js';
import { endpointText, figure } from '../text.js';
import { block, type Column } from './blocks.js';
import { findingData } from './finding-data.js';
import { html, type Markup } from './markup.js';
import { nameWords } from './servers.js';

/** One table of the page. */
interface List {
  id: string;
  title: string;
  count: number;
  hint: string;
  data: Generator<string>;
}

/** The tables that this report needs: those of servers and findings only where not all of them were told in full. */
export function listsOf(report: Report, isAllServers: boolean, isAllFindings: boolean): List[] {
  const { servers, findings, sessions, connections, capture } = report;
  const lists: List[] = [];
  if (isAllServers) {
    const data = block('servers-data', inOrderOfLoss(servers), SERVERS);
    lists.push({ id: 'all-servers', title: 'All servers', count: servers.length, hint: '10.0.0.5 invalidates', data });
  }
  if (isAllFindings) {
    const data = findingData(findings, sessions);
    lists.push({ id: 'all-findings', title: 'All findings', count: findings.length, hint: '10.0.0.7 high', data });
  }
  lists.push({ id: 'sessions', title: 'Sessions', count: sessions.length, hint: 'declined ticket', data: sessionData(sessions) });
  const data = block('connections-data', connections, connectionColumns(capture.firstTime ?? 0));
  lists.push({ id: 'connections', title: 'Connections', count: connections.length, hint: 'declined unclean 10.0.0.7', data });
  return lists;
}

/** The frame of a table; the script of the page fills it. */
export function listFrame({ id, title, count, hint }: List): Markup {
  const none = html`<p>None are kept in this report.</p>`;
  return html`<section id="${id}" aria-labelledby="${id}-name"><h2 id="${id}-name">${title} (${figure(count)})</h2>
${
  count === 0
    ? none
    : html`<noscript><p>This table needs JavaScript.</p></noscript><div data-list="${id}"><div class="controls" role="search" aria-label="${title}"><label>Search <input type="search" placeholder="${hint}" autocomplete="off" spellcheck="false"></label></div>
<p class="status" role="status"></p><div class="scroll"><table class="rows list" aria-labelledby="${id}-name"><thead></thead><tbody></tbody></table></div><nav class="pages" aria-label="Pages of ${title}"></nav></div>`
}
</section>`;
}

const SERVERS: readonly Column<ServerReport>[] = [
  { name: 'server', kind: 'text', of: endpointText },
  { name: 'names', kind: 'text', of: nameWords },
  { name: 'connections', kind: 'count', of: (s) => s.connections },
  { name: 'full', kind: 'count', of: (s) => s.handshakes.full },
  { name: 'resumed', kind: 'count', of: (s) => s.handshakes.resumed },
  { name: 'declined', kind: 'count', of: (s) => s.handshakes.declined },
  { name: 'invalidated', kind: 'count', of: (s) => s.invalidatedSessions },
  { name: 'suspected', kind: 'count', of: (s) => s.suspectedSessions },
  { name: 'verdict', kind: 'text', of: verdictTitle },
];

type Offer = Session['offers'][number];

function* sessionData(sessions: readonly Session[]): Generator<string> {
  yield* block('sessions-data', sessions, SESSIONS);
  yield* block(
    'offers-data',
    sessions.flatMap(({ offers }) => offers),
    OFFERS,
  );
}

const counter = (outcome: Offer['outcome']) => (session: Session) => {
  let count = 0;
  for (const offer of session.offers) if (offer.outcome === outcome) count++;
  return count;
};

/** To be searched for; its columns have figures. */
function outcomesOf({ offers }: Session): string {
  return [...new Set(offers.map(({ outcome }) => outcome))].join(', ') || 'not offered';
}

const SESSIONS: readonly Column<Session>[] = [
  { name: 'id', kind: 'hex', of: (s) => s.id },
  { name: 'kind', kind: 'text', of: (s) => s.kind },
  { name: 'server', kind: 'text', of: (s) => endpointText(s.server) },
  { name: 'stream', kind: 'step', of: (s) => s.issued?.stream ?? -1 },
  { name: 'issued', kind: 'step', of: (s) => s.issued?.frame ?? -1 },
  { name: 'inferred', kind: 'count', of: (s) => Number(s.issuedInferred) },
  { name: 'lifetime', kind: 'count', of: (s) => s.lifetime },
  { name: 'resumed', kind: 'count', of: counter('resumed') },
  { name: 'declined', kind: 'count', of: counter('declined') },
  { name: 'unanswered', kind: 'count', of: counter('unanswered') },
  { name: 'outcomes', kind: 'text', of: outcomesOf },
  { name: 'causes', kind: 'text', of: ({ offers }) => [...new Set(offers.flatMap(({ cause }) => cause ?? []))].join(', ') || null },
];

const OFFERS: readonly Column<Offer>[] = [
  { name: 'stream', kind: 'step', of: (o) => o.stream },
  { name: 'frame', kind: 'step', of: (o) => o.frame },
  { name: 'outcome', kind: 'text', of: ({ outcome, cause }) => (cause === null ? outcome : `${outcome}: ${cause}`) },
];

/** Times in microseconds; frames from the first one of the connection on. @param origin of the times */
function connectionColumns(origin: number): Column<Connection>[] {
  const micros = (seconds: number) => Math.round(seconds * 1e6);
  const from = (frame: number | null, { frames }: Connection) => (frame === null ? null : Math.max(0, frame - frames.first));
  return [
    { name: 'stream', kind: 'step', of: (c) => c.stream },
    { name: 'start', kind: 'step', of: (c) => micros(c.start - origin) },
    { name: 'length', kind: 'count', of: (c) => Math.max(0, micros(c.end - c.start)) },
    { name: 'client', kind: 'text', of: (c) => c.client.address },
    { name: 'port', kind: 'count', of: (c) => c.client.port },
    { name: 'proxied', kind: 'text', of: (c) => (c.proxiedClient === null ? null : endpointText(c.proxiedClient)) },
    { name: 'server', kind: 'text', of: (c) => endpointText(c.server) },
    { name: 'name', kind: 'text', of: (c) => c.serverName },
    { name: 'alpn', kind: 'text', of: (c) => c.alpn },
    { name: 'version', kind: 'text', of: (c) => c.version },
    { name: 'cipher', kind: 'text', of: (c) => c.cipherSuite },
    { name: 'ja4', kind: 'text', of: (c) => c.fingerprint?.ja4 ?? null },
    { name: 'handshake', kind: 'text', of: handshakeText },
    { name: 'by', kind: 'text', of: (c) => c.resumedBy },
    { name: 'took', kind: 'count', of: (c) => (c.handshakeSeconds === null ? null : micros(c.handshakeSeconds)) },
    { name: 'closeOfClient', kind: 'text', of: (c) => closeText({ ...c.close.client, frame: null }) },
    { name: 'closeOfServer', kind: 'text', of: (c) => closeText({ ...c.close.server, frame: null }) },
    { name: 'endOfClient', kind: 'count', of: (c) => from(c.close.client.frame, c) },
    { name: 'endOfServer', kind: 'count', of: (c) => from(c.close.server.frame, c) },
    { name: 'closer', kind: 'text', of: (c) => c.close.first },
    { name: 'alerts', kind: 'text', of: alertText },
    { name: 'first', kind: 'step', of: (c) => c.frames.first },
    { name: 'hello', kind: 'count', of: (c) => from(c.frames.clientHello, c) },
    { name: 'answer', kind: 'count', of: (c) => from(c.frames.serverHello, c) },
    { name: 'last', kind: 'count', of: (c) => from(c.frames.last, c) },
    { name: 'lacks', kind: 'text', of: lackText },
  ];
}

/** `server fatal internal_error` */
function alertText({ alerts }: Connection): string | null {
  const known = alerts.filter(({ description }) => description !== null && description !== 'close_notify');
  if (known.length === 0) return null;
  return [
    ...new Set(known.map(({ from, level, description }) => [from, level, description].filter((part) => part !== null).join(' '))),
  ].join(', ');
}

function lackText({ quality }: Connection): string | null {
  const { startedMidstream, missingBytes, truncatedFrames } = quality;
  const parts = [
    startedMidstream ? 'begun before the capture' : '',
    missingBytes > 0 ? 'bytes missing' : '',
    truncatedFrames > 0 ? 'frames cut' : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? null : parts.join(', ');
}
