/** Every session and every connection, server by server: what `--all` adds. */
import type { Connection, Endpoint, Session } from '../model.js';
import { type GridColumn, type GridRow, grid } from './grid.js';
import { closeText, handshakeText } from './listing-words.js';
import type { Paint } from './paint.js';
import { counted, elide, endpointText, foreign, since, utc, wrapLabelled } from './text.js';

/** Digits of an identifier in a list: enough to tell sessions apart and to give to `--session`; all of them where there is room. */
const ID_DIGITS = 16;
const ALL_DIGITS_FROM = 140;
const MAX_NAME_COLUMNS = 40;

const SESSION_COLUMNS: readonly GridColumn[] = [
  { title: 'session' },
  { title: 'kind' },
  { title: 'issued', align: 'right' },
  { title: 'resumed', align: 'right' },
  { title: 'declined', align: 'right' },
  { title: 'unanswered', align: 'right' },
];

interface ConnectionColumn extends GridColumn {
  /** Columns of the terminal from which on there is room for it. */
  from: number;
  cell: (connection: Connection, origin: number) => string;
}

const CONNECTION_COLUMNS: readonly ConnectionColumn[] = [
  { title: 'stream', align: 'right', from: 0, cell: (c) => String(c.stream) },
  { title: 'seconds', align: 'right', from: 0, cell: (c, origin) => since(origin, c.start) },
  { title: 'client', from: 0, cell: (c) => endpointText(c.client) },
  { title: 'version', from: 110, cell: (c) => foreign(c.version ?? '-') },
  { title: 'handshake', from: 0, cell: handshakeText },
  { title: 'client close', from: 0, cell: (c) => closeText(c.close.client) },
  { title: 'server close', from: 0, cell: (c) => closeText(c.close.server) },
  { title: 'ClientHello', align: 'right', from: 130, cell: (c) => (c.frames.clientHello === null ? '-' : `#${c.frames.clientHello}`) },
  { title: 'name', from: 150, cell: (c) => (c.serverName === null ? '-' : elide(foreign(c.serverName), MAX_NAME_COLUMNS)) },
];

const INFERRED = '~ inferred: tickets of TLS 1.3 are encrypted; --key-log makes it certain';

export function* sessionLines(sessions: readonly Session[], width: number, paint: Paint): Generator<string> {
  yield paint('title', 'Sessions');
  if (sessions.length === 0) yield 'none';
  for (const group of byServer(sessions)) {
    yield '';
    yield `${endpointText(group[0].server)}: ${counted(group.length, 'session')}`;
    for (const lines of grid(
      SESSION_COLUMNS,
      () => sessionRows(group, width < ALL_DIGITS_FROM ? ID_DIGITS : Number.POSITIVE_INFINITY),
      width,
    ))
      yield* lines;
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
  const columns = CONNECTION_COLUMNS.filter(({ from }) => width >= from);
  yield paint('title', 'Connections');
  if (connections.length === 0) yield 'none';
  else if (origin !== null)
    yield* wrapLabelled('', `The seconds begin at ${utc(origin)}. The frame after a close is its FIN or RST.`, width);
  for (const group of byServer(connections)) {
    yield '';
    yield `${endpointText(group[0].server)}: ${counted(group.length, 'connection')}`;
    const rows = () => connectionRows(group, columns, origin ?? 0);
    for (const lines of grid(columns, rows, width)) yield* lines;
  }
}

function* sessionRows(sessions: readonly Session[], digits: number): Generator<GridRow> {
  for (const { id, kind, issued, issuedInferred, offers } of sessions) {
    const count = (outcome: string) => String(offers.filter((o) => o.outcome === outcome).length);
    const causes = [...new Set(offers.map((o) => o.cause).filter((c) => c !== null))];
    const declined = causes.length === 0 ? count('declined') : `${count('declined')} (${causes.join(', ')})`;
    yield [
      elide(foreign(id), digits + 1),
      kind,
      issued === null ? '-' : `${issuedInferred ? '~' : ''}#${issued.frame}`,
      count('resumed'),
      declined,
      count('unanswered'),
    ];
  }
}

function* connectionRows(connections: readonly Connection[], columns: readonly ConnectionColumn[], origin: number): Generator<GridRow> {
  for (const connection of connections) yield columns.map(({ cell }) => cell(connection, origin));
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
