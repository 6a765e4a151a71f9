// How the two sides of a connection closed: RFC 5246 7.2.1 (closure alerts), 7.2.2 (error alerts).
import type { CloseNotify, CloseState } from '../model.js';
import { SideState } from '../tcp/connections.js';
import { distance } from '../tcp/sequence.js';
import type { ConnectionFacts, SideFacts } from './facts.js';
import { ENCRYPTED_ALERT, RecordFlag } from './fields.js';
import type { SideView } from './side.js';

// The optimizer folds constants of the module itself, and loads imported ones for each connection.
const State = SideState;
const Flag = RecordFlag;

/** Which versions are possible: TLS 1.3 hides its alerts among application data. */
export type Version = 'tls12' | 'tls13' | 'unsure';

/** @param completed both sides finished their handshake */
export function judgeCloses(client: SideView, server: SideView, version: Version, completed: boolean, into: ConnectionFacts): void {
  const hidesClient = hidesAlerts(client, version);
  const hidesServer = hidesAlerts(server, version);
  into.first = hidesClient || hidesServer ? null : judgeFirst(client, server);
  judgeSide(client, server, true, hidesClient, completed, into.client);
  judgeSide(server, client, false, hidesServer, completed, into.server);
}

function hidesAlerts(side: SideView, version: Version): boolean {
  return version === 'tls13' || (version === 'unsure' && (side.flags & Flag.PROTECTED) !== 0);
}

function judgeSide(side: SideView, peer: SideView, isClient: boolean, isHidden: boolean, completed: boolean, into: SideFacts): void {
  const { end } = side;
  into.closeNotify = isHidden ? 'unknown' : judgeNotify(side, peer, isClient, completed);
  into.state = judgeState(side, into.closeNotify, end);
  into.end = side.mayLackFin ? null : end;
  into.frame = end === null ? 0 : side.endFrame;
  into.time = end === null ? 0 : side.endTime;
}

function judgeNotify(side: SideView, peer: SideView, isClient: boolean, completed: boolean): CloseNotify {
  if (side.endsWithCutAlert) return 'unknown';
  if (!side.endsWithAlert) return side.hasEnded && side.isWhole ? 'absent' : 'unknown';
  if (side.alert !== ENCRYPTED_ALERT) return side.endsWithClearCloseNotify ? 'seen' : 'absent';
  return completed && !isRenegotiating(side, peer) && isLikelyCloseNotify(side, peer, isClient) ? 'inferred' : 'unknown';
}

/**
 * Whether a protected alert is most likely close_notify. That is not certain where it answers an end without close_notify (JSSE and OpenSSL
 * then send a fatal alert), nor where a server speaks first and the client does not answer with an alert of its own: that is
 * how a client ends after a fatal alert as well.
 */
function isLikelyCloseNotify(side: SideView, peer: SideView, isClient: boolean): boolean {
  if (peer.endsWithAlert) return true;
  return isClient && !mayAnswerLostFin(side, peer) && !(peer.hasEnded && precedes(peer, side));
}

/** After a HelloRequest or a second ClientHello an alert may as well be no_renegotiation, or the failure of the renegotiation. */
function isRenegotiating(a: SideView, b: SideView): boolean {
  return ((a.flags | b.flags) & Flag.RENEGOTIATES) !== 0;
}

/** Whether a FIN of the peer may be among the bytes that the capture lacks and the side had acknowledged. */
function mayAnswerLostFin(side: SideView, peer: SideView): boolean {
  if (peer.hasEnded || peer.lostBeforeAcknowledged <= 0) return false;
  // A single number can be nothing but a FIN; a side that resets at once does not wait for one.
  return peer.lostBeforeAcknowledged === 1 || (side.state & State.RST_SEEN) === 0;
}

function judgeState(side: SideView, closeNotify: CloseNotify, end: 'fin' | 'rst' | null): CloseState {
  if (end === null) return 'open';
  if (side.hasFatalAlert) return 'aborted';
  if (closeNotify === 'unknown') return 'unknown';
  if (closeNotify === 'absent') return side.endsWithAlert ? 'aborted' : 'unclean';
  if (!(side.state & State.RST_SEEN)) return 'clean';
  if (!(side.state & State.RESET_ACK_KNOWN)) return end === 'rst' ? 'unknown' : 'clean';
  return distance(side.resetAcknowledged, side.alertSequence) >= 0 ? 'clean' : 'reset-race';
}

function judgeFirst(client: SideView, server: SideView): 'client' | 'server' | null {
  const clientSigned = client.endsWithAlert || client.hasEnded;
  const serverSigned = server.endsWithAlert || server.hasEnded;
  if (!clientSigned && !serverSigned) return null;
  if (isRenegotiating(client, server) && (client.hasProtectedAlert || server.hasProtectedAlert)) return null;
  const isClient = !serverSigned || (clientSigned && precedes(client, server));
  const other = isClient ? server : client;
  // An alert of the other side may be among the bytes that the capture lacks, and may have come before.
  const isOtherCertain = other.endsWithAlert || (other.isWhole && !other.mayLackFin);
  if (!isOtherCertain) return null;
  return isClient ? 'client' : 'server';
}

/**
 * Whether the first closing sign of `a` (its last alert, else its end) came before that of `b`: by what one had acknowledged of the other's
 * bytes, and where neither had acknowledged the other's sign, by time.
 */
function precedes(a: SideView, b: SideView): boolean {
  if (hasAcknowledged(b, a)) return true;
  if (hasAcknowledged(a, b)) return false;
  const timeA = a.endsWithAlert ? a.alertTime : a.endTime;
  const timeB = b.endsWithAlert ? b.alertTime : b.endTime;
  if (timeA !== timeB) return timeA < timeB;
  return (a.endsWithAlert ? a.alertFrame : a.endFrame) < (b.endsWithAlert ? b.alertFrame : b.endFrame);
}

/** Whether `side` had acknowledged its peer's closing sign when it gave its own. A RST is not acknowledged. */
function hasAcknowledged(side: SideView, peer: SideView): boolean {
  const isKnown = side.endsWithAlert ? side.flags & Flag.ALERT_ACKNOWLEDGES : side.state & State.END_ACK_KNOWN;
  if (!isKnown) return false;
  const acknowledges = side.endsWithAlert ? side.alertAcknowledges : side.endAcknowledges;
  if (peer.endsWithAlert) return distance(acknowledges, peer.alertSequence) >= 0;
  // A FIN takes one sequence number.
  return (peer.state & State.FIN_SEEN) !== 0 && distance(acknowledges, peer.endSequence) > 0;
}
