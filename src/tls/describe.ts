// The facts of one connection as a Connection record. RFC 5246 7.3 tells full from abbreviated handshakes.
import { toHex } from '../bytes/hex.js';
import type { Alert, Connection, Handshake, Issued, Offered, Resumption, Side } from '../model.js';
import { type Direction, DirectionField, Field, Time } from '../tcp/connections.js';
import { distance } from '../tcp/sequence.js';
import type { TcpTracker } from '../tcp/tracker.js';
import { alertDescription, cipherSuiteName, versionName } from '../wire/registry/names.js';
import { AlertLevel } from '../wire/tls-alert.js';
import { type Closes, judgeCloses } from './close.js';
import type { TlsConnections } from './connections.js';
import { DirectionFlag, ENCRYPTED_ALERT, SESSION_ID_BYTES, Tls, TlsDirection, TlsFlag, TlsTime } from './fields.js';

const NOTHING_LISTED: string[] = [];

export function describe(tcp: TcpTracker, tls: TlsConnections, connection: number): Connection {
  const rows = tcp.connections.rows;
  const roles = judgeRoles(tcp, tls, connection);
  const client = roles.client;
  const server: Direction = client === 0 ? 1 : 0;
  const completed = hasFinished(tls, connection, 0) && hasFinished(tls, connection, 1);
  const closes = judgeCloses(tcp.connections, tls, connection, client, completed);
  const offered = describeOffered(tls, connection);
  const serverSessionId = sessionId(tls, connection, 1);
  const handshake = judgeHandshake(tcp, tls, connection, server, offered, serverSessionId, completed, closes);
  const resumption = judgeResumption(tls, connection, offered, serverSessionId, handshake, missingBytes(tcp, connection) > 0);
  const flags = tls.flags(connection);
  const sawHello = (flags & TlsFlag.CLIENT_HELLO) !== 0;
  const sawServerHello = (flags & TlsFlag.SERVER_HELLO) !== 0;
  return {
    stream: rows.int(connection, Field.STREAM),
    client: tcp.endpoint(connection, client),
    server: tcp.endpoint(connection, server),
    serverName: tls.serverName(connection),
    alpn: tls.protocol(connection),
    start: rows.float(connection, Time.START),
    end: rows.float(connection, Time.LAST),
    version: sawServerHello ? versionName(tls.rows.int(connection, Tls.VERSION)) : null,
    cipherSuite: sawServerHello ? cipherSuiteName(tls.rows.int(connection, Tls.CIPHER_SUITE)) : null,
    offered,
    issued: describeIssued(tls, connection, serverSessionId, handshake),
    handshake,
    resumption,
    resumedBy: resumption !== 'resumed' ? null : offered.ticket !== null ? 'ticket' : 'session-id',
    cause: null,
    close: { client: closes.client, server: closes.server, first: closes.first },
    alerts: describeAlerts(tls, connection, client),
    frames: {
      first: rows.int(connection, Field.FIRST_FRAME),
      clientHello: sawHello ? tls.rows.int(connection, Tls.CLIENT_HELLO_FRAME) : null,
      serverHello: sawServerHello ? tls.rows.int(connection, Tls.SERVER_HELLO_FRAME) : null,
      last: rows.int(connection, Field.LAST_FRAME),
    },
    times: {
      clientHello: sawHello ? tls.rows.float(connection, TlsTime.CLIENT_HELLO) : null,
      serverHello: sawServerHello ? tls.rows.float(connection, TlsTime.SERVER_HELLO) : null,
    },
    quality: {
      startedMidstream: tcp.synDirection(connection) === null,
      rolesFrom: roles.from,
      missingBytes: missingBytes(tcp, connection),
      truncatedFrames: rows.int(connection, Field.TRUNCATED_FRAMES),
    },
  };
}

/** Who is the client: by the hellos, else by the SYN, else the side with the higher port. */
function judgeRoles(tcp: TcpTracker, tls: TlsConnections, connection: number): { client: Direction; from: 'hello' | 'syn' | 'port' } {
  const byHello = tls.client(connection);
  if (byHello !== null) return { client: byHello, from: 'hello' };
  const bySyn = tcp.synDirection(connection);
  if (bySyn !== null) return { client: bySyn, from: 'syn' };
  return { client: tcp.endpoint(connection, 0).port > tcp.endpoint(connection, 1).port ? 0 : 1, from: 'port' };
}

/** Whether a side sent its Finished: what follows ChangeCipherSpec is protected, and so is all application data. */
function hasFinished(tls: TlsConnections, connection: number, direction: Direction): boolean {
  return (tls.directionFlags(connection, direction) & (DirectionFlag.CHANGE_CIPHER_SPEC | DirectionFlag.PROTECTED)) !== 0;
}

function missingBytes(tcp: TcpTracker, connection: number): number {
  let missing = 0;
  for (const direction of [0, 1] as const) {
    missing += tcp.connections.of(connection, direction, DirectionField.MISSING);
    if (!tcp.connections.hasEnded(connection, direction)) continue;
    const end = tcp.connections.of(connection, direction, DirectionField.END_SEQUENCE);
    missing += Math.max(0, distance(end, tcp.connections.of(connection, direction, DirectionField.NEXT)));
  }
  return missing;
}

/** @param which 0: offered, 1: issued. Null where no hello was read, '' where its session_id is empty */
function sessionId(tls: TlsConnections, connection: number, which: 0 | 1): string | null {
  const length = ((tls.rows.int(connection, Tls.ID_LENGTHS) >>> (which * 8)) & 0xff) - 1;
  if (length < 0) return null;
  const at = tls.rows.byteOffset(connection) + which * SESSION_ID_BYTES;
  return toHex(tls.rows.bytes(connection), at, at + length);
}

function describeOffered(tls: TlsConnections, connection: number): Offered {
  const extras = tls.extras(connection);
  return {
    sessionId: sessionId(tls, connection, 0) || null,
    ticket: extras?.offeredTicket ?? null,
    psk: extras?.offeredPsk ?? NOTHING_LISTED,
    maybePadding: tls.has(connection, TlsFlag.OFFERS_TLS13),
    extendedMasterSecret: tls.has(connection, TlsFlag.CLIENT_EMS),
  };
}

function describeIssued(tls: TlsConnections, connection: number, serverSessionId: string | null, handshake: Handshake): Issued {
  const isFull = handshake !== 'resumed' && handshake !== 'unknown' && serverSessionId !== sessionId(tls, connection, 0);
  return {
    sessionId: isFull && !tls.has(connection, TlsFlag.EMPTY_TICKET) ? serverSessionId || null : null,
    tickets: tls.extras(connection)?.issuedTickets ?? NOTHING_LISTED,
    extendedMasterSecret: tls.has(connection, TlsFlag.SERVER_EMS),
  };
}

/** Full or abbreviated, as far as the ServerHello and what the server sent after it tell; null when they do not. */
function judgeKind(tls: TlsConnections, connection: number, server: Direction, offered: Offered, serverSessionId: string | null): 'full' | 'resumed' | null {
  if (!tls.has(connection, TlsFlag.SERVER_HELLO) || tls.has(connection, TlsFlag.TLS13)) return null;
  if (tls.has(connection, TlsFlag.FULL)) return 'full';
  const isEcho = serverSessionId !== null && serverSessionId !== '' && serverSessionId === offered.sessionId;
  const flags = tls.directionFlags(connection, server);
  const isAbbreviated = flags & DirectionFlag.CHANGE_CIPHER_SPEC && !(flags & DirectionFlag.GAP_IN_HANDSHAKE);
  if (isAbbreviated && (isEcho || offered.ticket !== null || !tls.has(connection, TlsFlag.CLIENT_HELLO))) return 'resumed';
  if (isEcho) return 'resumed';
  // Some of the server's messages are missing. Another ID than the offered one means a full handshake, unless a ticket was taken.
  const isWhole = tls.has(connection, TlsFlag.CLIENT_HELLO_WHOLE);
  return isWhole && offered.ticket === null && !isAbbreviated && serverSessionId !== null ? 'full' : null;
}

function judgeHandshake(
  tcp: TcpTracker,
  tls: TlsConnections,
  connection: number,
  server: Direction,
  offered: Offered,
  serverSessionId: string | null,
  completed: boolean,
  closes: Closes,
): Handshake {
  const hasEnded = closes.client.frame !== null || closes.server.frame !== null;
  if (tls.has(connection, TlsFlag.TLS13)) return 'unknown';
  const isWhole = missingBytes(tcp, connection) === 0;
  if (!tls.has(connection, TlsFlag.SERVER_HELLO)) {
    const sawHello = tls.has(connection, TlsFlag.CLIENT_HELLO) && isWhole && hasBothDirections(tcp, connection);
    if (!sawHello || completed) return 'unknown';
    return hasEnded ? 'failed' : 'incomplete';
  }
  const kind = judgeKind(tls, connection, server, offered, serverSessionId);
  if (completed || !isWhole) return kind ?? 'unknown';
  // The capture may end before the handshake: the server's messages have told by then which of the two it is.
  return hasEnded ? 'failed' : (kind ?? 'incomplete');
}

/** Whether the capture shows packets of both sides at all. */
function hasBothDirections(tcp: TcpTracker, connection: number): boolean {
  return tcp.synDirection(connection) !== null && tcp.hasAnswer(connection);
}

function judgeResumption(
  tls: TlsConnections,
  connection: number,
  offered: Offered,
  serverSessionId: string | null,
  handshake: Handshake,
  isDamaged: boolean,
): Resumption {
  if (handshake === 'resumed') return 'resumed';
  if (!tls.has(connection, TlsFlag.CLIENT_HELLO) || tls.has(connection, TlsFlag.TLS13)) return 'unknown';
  const isWhole = tls.has(connection, TlsFlag.CLIENT_HELLO_WHOLE);
  const offersNothing = offered.sessionId === null && offered.ticket === null && offered.psk.length === 0;
  if (offersNothing) return isWhole ? 'not-offered' : 'unknown';
  if (!tls.has(connection, TlsFlag.SERVER_HELLO)) return isDamaged || handshake === 'unknown' ? 'unknown' : 'unanswered';
  const isFull = handshake === 'full' || handshake === 'failed' || handshake === 'incomplete';
  if (!isFull || !isWhole || serverSessionId === offered.sessionId) return 'unknown';
  if (offered.ticket === null && (offered.maybePadding || offered.psk.length > 0)) return 'unknown';
  return handshake === 'full' || tls.has(connection, TlsFlag.FULL) ? 'declined' : 'unknown';
}

function describeAlerts(tls: TlsConnections, connection: number, client: Direction): Alert[] {
  const alerts = (tls.extras(connection)?.alerts ?? []).map((a) => alertOf(a.direction, a.frame, a.time, a.alert, client));
  for (const direction of [0, 1] as const) {
    if (!(tls.directionFlags(connection, direction) & DirectionFlag.HAS_ALERT)) continue;
    const frame = tls.of(connection, direction, TlsDirection.ALERT_FRAME);
    const time = tls.rows.float(connection, TlsTime.ALERT + direction);
    alerts.push(alertOf(direction, frame, time, tls.of(connection, direction, TlsDirection.ALERT), client));
  }
  return alerts.length < 2 ? alerts : alerts.sort((a, b) => a.frame - b.frame);
}

function alertOf(direction: Direction, frame: number, time: number, alert: number, client: Direction): Alert {
  const from: Side = direction === client ? 'client' : 'server';
  if (alert === ENCRYPTED_ALERT) return { frame, time, from, level: null, description: null, encrypted: true };
  const level = alert >>> 8 === AlertLevel.FATAL ? 'fatal' : alert >>> 8 === AlertLevel.WARNING ? 'warning' : null;
  return { frame, time, from, level, description: level === null ? null : alertDescription(alert & 0xff), encrypted: false };
}
