/** Every session and every connection, server by server: what `--all` adds. */
import type { Connection, Endpoint, Session } from '../model.js';
import { type GridColumn, type GridRow, grid } from './grid.js';
import { closeText, handshakeText } from './listing-words.js';
import type { Paint } from './paint.js';
import { counted, elide, endpointText, foreign, since, utc, wrapLabelled } from './text.js';

/** Digits of an identifier in a list: enough to tell sessions apart and to give to `--session`. */
const ID_DIGITS = 16;

const SESSION_COLUMNS: readonly GridColumn[] = [
  { title: 'session' },
  { title: 'kind' },
  { title: 'issued', align: 'right' },
  { title: 'resumed', align: 'right' },
  { title: 'declined', align: 'right' },
  { title: 'unanswered', align: 'right' },
];

const CONNECTION_COLUMNS: readonly GridColumn[] = [
  { title: 'stream', align: 'right' },
  { title: 'seconds', align: 'right' },
  { title: 'client' },
  { title: 'handshake' },
  { title: 'client close' },
  { title: 'server close' },
];

const INFERRED = '~ inferred: tickets of TLS 1.3 are encrypted; --key-log makes it certain';

export function* sessionLines(sessions: readonly Session[], width: number, paint: Paint): Generator<string> {
  yield paint('title', 'Sessions');
  if (sessions.length === 0) yield 'none';
  for (const group of byServer(sessions)) {
    yield '';
    yield `${endpointText(group[0].server)}: ${counted(group.length, 'session')}`;
    for (const lines of grid(SESSION_COLUMNS, () => sessionRows(group), width)) yield* lines;
    if (group.some((session) => session.issuedInferred)) yield* wrapLabelled('', INFERRED, width);
  }
}

/** @param origin time that the seconds are counted from; null where the capture has none */
export function* connectionLines(
  connections: readonly Connection[],
  origin: number | null,
  width: number,
  paint: Paint,
): Generator<string> {
  yield paint('title', 'Connections');
  if (connections.length === 0) yield 'none';
  else if (origin !== null)
    yield* wrapLabelled('', `The seconds begin at ${utc(origin)}. The frame after a close is its FIN or RST.`, width);
  for (const group of byServer(connections)) {
    yield '';
    yield `${endpointText(group[0].server)}: ${counted(group.length, 'connection')}`;
    for (const lines of grid(CONNECTION_COLUMNS, () => connectionRows(group, origin ?? 0), width)) yield* lines;
  }
}

function* sessionRows(sessions: readonly Session[]): Generator<GridRow> {
  for (const { id, kind, issued, issuedInferred, offers } of sessions) {
    const count = (outcome: string) => String(offers.filter((o) => o.outcome === outcome).length);
    const causes = [...new Set(offers.map((o) => o.cause).filter((c) => c !== null))];
    const declined = causes.length === 0 ? count('declined') : `${count('declined')} (${causes.join(', ')})`;
    yield [
      shortId(id),
      kind,
      issued === null ? '-' : `${issuedInferred ? '~' : ''}#${issued.frame}`,
      count('resumed'),
      declined,
      count('unanswered'),
    ];
  }
}

function* connectionRows(connections: readonly Connection[], origin: number): Generator<GridRow> {
  for (const c of connections) {
    const { client, server } = c.close;
    yield [String(c.stream), since(origin, c.start), endpointText(c.client), handshakeText(c), closeText(client), closeText(server)];
  }
}

function shortId(id: string): string {
  const text = foreign(id);
  return elide(text, ID_DIGITS + 1);
}

function byServer<T extends { server: Endpoint }>(items: readonly T[]): Iterable<T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = endpointText(item.server);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups.values();
}
