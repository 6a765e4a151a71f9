// How the two sides of a connection closed: RFC 5246 7.2.1 (closure alerts), 7.2.2 (error alerts).
import type { CloseNotify, CloseState } from '../model.js';
import { type Direction, DirectionField, DirectionState, type TcpConnections, Time } from '../tcp/connections.js';
import { distance } from '../tcp/sequence.js';
import { AlertLevel, CLOSE_NOTIFY } from '../wire/tls-alert.js';
import type { TlsConnections } from './connections.js';
import type { ConnectionFacts, SideFacts } from './facts.js';
import { DirectionFlag, ENCRYPTED_ALERT, TlsDirection, TlsFlag, TlsTime } from './fields.js';

/** The first sign of closing that one side gave. */
interface Sign {
  /** Sequence number that the peer acknowledges when it has read the sign; null for a RST, which is not acknowledged. */
  sequence: number | null;
  /** What the side had acknowledged of its peer's bytes by then; null when it is not known. */
  acknowledges: number | null;
  frame: number;
  time: number;
  isAlert: boolean;
}

/** @param completed both sides finished their handshake; @param into gets the closes; it knows who is the client */
export function judgeCloses(tcp: TcpConnections, tls: TlsConnections, connection: number, completed: boolean, into: ConnectionFacts): void {
  const client = into.clientDirection;
  const signs = [signOf(tcp, tls, connection, 0), signOf(tcp, tls, connection, 1)];
  const first = judgeFirst(tcp, tls, connection, signs);
  into.first = first === null ? null : first === client ? 'client' : 'server';
  judgeSide(tcp, tls, connection, client, client, signs, completed, into.client);
  judgeSide(tcp, tls, connection, client === 0 ? 1 : 0, client, signs, completed, into.server);
}

function judgeSide(
  tcp: TcpConnections,
  tls: TlsConnections,
  connection: number,
  direction: Direction,
  client: Direction,
  signs: readonly (Sign | null)[],
  completed: boolean,
  into: SideFacts,
): void {
  const end = tcp.end(connection, direction);
  into.closeNotify = judgeNotify(tcp, tls, connection, direction, client, signs, completed);
  into.state = judgeState(tcp, tls, connection, direction, into.closeNotify, end);
  into.end = hasLostBytesBeforeReset(tcp, connection, direction) ? null : end;
  into.frame = end === null ? 0 : tcp.of(connection, direction, DirectionField.END_FRAME);
  into.time = end === null ? 0 : tcp.endTime(connection, direction);
}

/** Level and description of the last alert when it closed the side in clear. */
function lastClearAlert(tls: TlsConnections, connection: number, direction: Direction): number | null {
  if (!(tls.directionFlags(connection, direction) & DirectionFlag.ALERT_LAST)) return null;
  const alert = tls.of(connection, direction, TlsDirection.ALERT);
  const level = alert >>> 8;
  return level === AlertLevel.WARNING || level === AlertLevel.FATAL ? alert : null;
}

function isCloseNotify(alert: number): boolean {
  return (alert & 0xff) === CLOSE_NOTIFY;
}

/** Whether an alert stands last that can end the side: any protected one, close_notify, or a fatal one. */
function endsWithAlert(tls: TlsConnections, connection: number, direction: Direction): boolean {
  if (!(tls.directionFlags(connection, direction) & DirectionFlag.ALERT_LAST)) return false;
  if (tls.of(connection, direction, TlsDirection.ALERT) === ENCRYPTED_ALERT) return true;
  const alert = lastClearAlert(tls, connection, direction);
  return alert !== null && (isCloseNotify(alert) || alert >>> 8 === AlertLevel.FATAL);
}

function signOf(tcp: TcpConnections, tls: TlsConnections, connection: number, direction: Direction): Sign | null {
  if (endsWithAlert(tls, connection, direction)) {
    const acknowledges = tls.directionFlags(connection, direction) & DirectionFlag.ALERT_ACKNOWLEDGES;
    return {
      sequence: tls.of(connection, direction, TlsDirection.ALERT_SEQUENCE),
      acknowledges: acknowledges ? tls.of(connection, direction, TlsDirection.ALERT_ACKNOWLEDGES) : null,
      frame: tls.of(connection, direction, TlsDirection.ALERT_FRAME),
      time: tls.rows.float(connection, TlsTime.ALERT + direction),
      isAlert: true,
    };
  }
  const end = tcp.end(connection, direction);
  if (end === null) return null;
  const isKnown = tcp.state(connection, direction) & DirectionState.END_ACK_KNOWN;
  return {
    sequence: end === 'fin' ? (tcp.of(connection, direction, DirectionField.END_SEQUENCE) + 1) | 0 : null,
    acknowledges: isKnown ? tcp.of(connection, direction, DirectionField.END_ACKNOWLEDGES) : null,
    frame: tcp.of(connection, direction, DirectionField.END_FRAME),
    time: tcp.rows.float(connection, Time.END + direction),
    isAlert: false,
  };
}

/** A FIN takes a sequence number: where a RST stands behind missing bytes, a FIN may be among them. */
function hasLostBytesBeforeReset(tcp: TcpConnections, connection: number, direction: Direction): boolean {
  return tcp.end(connection, direction) === 'rst' && lostBeforeEnd(tcp, connection, direction) > 0;
}

/** Sequence numbers between the last byte in order and the end. */
function lostBeforeEnd(tcp: TcpConnections, connection: number, direction: Direction): number {
  return distance(tcp.of(connection, direction, DirectionField.END_SEQUENCE), tcp.of(connection, direction, DirectionField.NEXT));
}

/** Which sign came first: by what one side had acknowledged of the other's, and where neither had, by time. */
function precedes(a: Sign, b: Sign): boolean {
  if (a.sequence !== null && b.acknowledges !== null && distance(b.acknowledges, a.sequence) >= 0) return true;
  if (b.sequence !== null && a.acknowledges !== null && distance(a.acknowledges, b.sequence) >= 0) return false;
  return a.time !== b.time ? a.time < b.time : a.frame < b.frame;
}

function judgeFirst(tcp: TcpConnections, tls: TlsConnections, connection: number, signs: readonly (Sign | null)[]): Direction | null {
  const [a, b] = signs;
  if (tls.has(connection, TlsFlag.TLS13) || (!a && !b)) return null;
  const first: Direction = b === null || (a !== null && precedes(a, b)) ? 0 : 1;
  const other: Direction = first === 0 ? 1 : 0;
  // An alert of the other side may be among the bytes that the capture lacks, and may have come before.
  const isOtherWhole = isWhole(tcp, tls, connection, other) && !hasLostBytesBeforeReset(tcp, connection, other);
  const isOtherCertain = isOtherWhole || (signs[other]?.isAlert ?? false);
  return isOtherCertain ? first : null;
}

/** Whether everything this side sent before its end, or up to now, was seen in its last part. */
function isWhole(tcp: TcpConnections, tls: TlsConnections, connection: number, direction: Direction): boolean {
  const flags = tls.directionFlags(connection, direction);
  if (!(flags & DirectionFlag.STARTED) || flags & DirectionFlag.LOST) return false;
  if (!tcp.hasEnded(connection, direction)) return true;
  // One number missing before a RST is a FIN that the capture lost: no TLS record is that short.
  return lostBeforeEnd(tcp, connection, direction) <= (tcp.end(connection, direction) === 'rst' ? 1 : 0);
}

function judgeNotify(
  tcp: TcpConnections,
  tls: TlsConnections,
  connection: number,
  direction: Direction,
  client: Direction,
  signs: readonly (Sign | null)[],
  completed: boolean,
): CloseNotify {
  if (tls.has(connection, TlsFlag.TLS13)) return 'unknown';
  if (!endsWithAlert(tls, connection, direction)) {
    return tcp.hasEnded(connection, direction) && isWhole(tcp, tls, connection, direction) ? 'absent' : 'unknown';
  }
  const alert = lastClearAlert(tls, connection, direction);
  if (alert !== null) return isCloseNotify(alert) ? 'seen' : 'absent';
  return completed && isLikelyCloseNotify(tls, connection, direction, client, signs) ? 'inferred' : 'unknown';
}

/**
 * What a protected alert most likely is. It is no close_notify for certain where it answers an end without close_notify (JSSE and OpenSSL
 * then send a fatal alert), nor where a server speaks first and the client does not answer with an alert of its own: that is
 * how a client ends after a fatal alert as well.
 */
function isLikelyCloseNotify(tls: TlsConnections, connection: number, direction: Direction, client: Direction, signs: readonly (Sign | null)[]): boolean {
  const own = signs[direction];
  const other: Direction = direction === 0 ? 1 : 0;
  const peer = signs[other];
  const peerAlerts = endsWithAlert(tls, connection, other);
  if (own && peer && !peerAlerts && precedes(peer, own)) return false;
  return peerAlerts || direction === client;
}

function judgeState(
  tcp: TcpConnections,
  tls: TlsConnections,
  connection: number,
  direction: Direction,
  closeNotify: CloseNotify,
  end: 'fin' | 'rst' | null,
): CloseState {
  if (end === null) return 'open';
  if (closeNotify === 'unknown') return 'unknown';
  if (closeNotify === 'absent') return endsWithAlert(tls, connection, direction) ? 'aborted' : 'unclean';
  const state = tcp.state(connection, direction);
  if (!(state & DirectionState.RST)) return 'clean';
  if (!(state & DirectionState.RESET_ACK_KNOWN)) return end === 'rst' ? 'unknown' : 'clean';
  const acknowledged = tcp.of(connection, direction, DirectionField.RESET_ACKNOWLEDGED);
  return distance(acknowledged, tls.of(connection, direction, TlsDirection.ALERT_SEQUENCE)) >= 0 ? 'clean' : 'reset-race';
}
