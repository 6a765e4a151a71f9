// How the two sides of a connection closed: RFC 5246 7.2.1 (closure alerts), 7.2.2 (error alerts).
import type { CloseNotify, CloseState } from '../model.js';
import { SideState } from '../tcp/connections.js';
import { distance } from '../tcp/sequence.js';
import { DECODE_ERROR, INTERNAL_ERROR, UNEXPECTED_MESSAGE } from '../wire/tls-alert.js';
import type { ConnectionFacts, SideFacts } from './facts.js';
import { ENCRYPTED_ALERT, RecordFlag } from './fields.js';
import type { SideView } from './side.js';

// The optimizer folds constants of the module itself, and loads imported ones for each connection.
const State = SideState;
const Flag = RecordFlag;

/**
 * @param isVersionKnown TLS 1.3 hides its alerts among application data: where the version is not known, so are they not
 * @param completed both sides finished their handshake
 */
export function judgeCloses(client: SideView, server: SideView, isVersionKnown: boolean, completed: boolean, into: ConnectionFacts): void {
  const hidesClient = !isVersionKnown && (client.flags & Flag.PROTECTED) !== 0;
  const hidesServer = !isVersionKnown && (server.flags & Flag.PROTECTED) !== 0;
  into.first = hidesClient || hidesServer ? null : judgeFirst(client, server);
  judgeSide(client, server, true, hidesClient, completed, into.client);
  judgeSide(server, client, false, hidesServer, completed, into.server);
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
  if (side.isPadded) return 'unknown';
  // Sent after the peer's last alert, what may be a padded alert most likely is the answer to it.
  if (side.mayEndWithAlert) return completed && peer.endsWithAlert && precedes(peer, true, side, true) ? 'inferred' : 'unknown';
  if (!side.endsWithAlert) return side.hasEnded && side.isWhole ? 'absent' : 'unknown';
  if (side.alert !== ENCRYPTED_ALERT) return side.endsWithKnownCloseNotify ? 'seen' : 'absent';
  if (side.endsWithGuess && (side.sendsAlertLikeData || hasSentDataAfter(peer, side))) return 'unknown';
  return completed && !isRenegotiating(side, peer) && isLikelyCloseNotify(side, peer, isClient) ? 'inferred' : 'unknown';
}

/**
 * Whether a protected alert is most likely close_notify. That is not certain where it answers an end without close_notify (JSSE and OpenSSL
 * then send a fatal alert), nor where a server speaks first and the client does not answer with an alert of its own: that is
 * how a client ends after a fatal alert as well.
 */
function isLikelyCloseNotify(side: SideView, peer: SideView, isClient: boolean): boolean {
  if (peer.endsWithAlert) return true;
  return isClient && !mayAnswerLostFin(side, peer) && !(peer.hasEnded && precedes(peer, peer.endsWithAlert, side, true));
}

/** A record of an alert, with padding. */
const ALERT_RECORD_BYTES = 40;

/** Whether `side` sent more than an alert of its own that its peer had not acknowledged at its last alert: then that may be a short request. */
function hasSentDataAfter(side: SideView, peer: SideView): boolean {
  const isKnown = peer.flags & Flag.ALERT_ACKNOWLEDGES && side.state & State.NEXT_KNOWN;
  return isKnown !== 0 && distance(side.next, peer.alertAcknowledges) > ALERT_RECORD_BYTES;
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

/**
 * What stacks say of an end without close_notify: decode_error OpenSSL, internal_error and unexpected_message JSSE. Any other alert is about
 * what the peer had sent before, as bad_record_mac is.
 */
const END_ALERTS: readonly number[] = [UNEXPECTED_MESSAGE, DECODE_ERROR, INTERNAL_ERROR];

function mayAnswerEnd(alert: number): boolean {
  return alert === ENCRYPTED_ALERT || END_ALERTS.includes(alert & 0xff);
}

/**
 * Whether a fatal alert of `side` stands for itself, and not only answers that its peer ended without close_notify: then the end is what
 * happened to the session.
 */
export function hasOwnFatalAlert(side: SideView, peer: SideView, peerClose: SideFacts): boolean {
  if (!side.hasFatalAlert) return false;
  const isAnswer = peerClose.state === 'unclean' && side.endsWithAlert && mayAnswerEnd(side.alert) && precedes(peer, false, side, true);
  return !isAnswer;
}

/**
 * Whether a protected alert of the server is the first thing that it says after more application data of the client: a server that
 * answers a request and then says close_notify has sent application data of its own in between. An acknowledgment tells what TCP received,
 * so that data which came just before a close_notify looks the same, as does a server that never answers, or that drops a request unanswered.
 */
export function alertAnswersData(server: SideView, client: SideView): boolean {
  return unansweredByAlert(server, client) > 0;
}

/** Whether a protected alert of the server that comes after the client's FIN may be about application data before it, which it had not answered. */
export function alertMayAnswerMore(server: SideView, client: SideView): boolean {
  // A FIN takes one sequence number.
  return (client.state & State.FIN_SEEN) !== 0 && unansweredByAlert(server, client) > 1;
}

/** How far a protected alert of the server, its last word, acknowledges more of the client's application data than what it said before. */
function unansweredByAlert(server: SideView, client: SideView): number {
  if (!server.endsWithAlert || !server.hasProtectedAlert) return 0;
  if (!(server.flags & Flag.ALERT_ACKNOWLEDGES) || !(client.flags & Flag.PROTECTED)) return 0;
  return distance(server.alertAcknowledges, server.dataAcknowledges);
}

function judgeFirst(client: SideView, server: SideView): 'client' | 'server' | null {
  const clientSigned = client.endsWithAlert || client.hasEnded;
  const serverSigned = server.endsWithAlert || server.hasEnded;
  if (!clientSigned && !serverSigned) return null;
  if (isRenegotiating(client, server) && (client.hasProtectedAlert || server.hasProtectedAlert)) return null;
  const isClient = !serverSigned || (clientSigned && precedes(client, client.endsWithAlert, server, server.endsWithAlert));
  const [side, other] = isClient ? [client, server] : [server, client];
  // What may be an alert of the other side may have come before.
  if (other.mayEndWithAlert && !precedes(side, side.endsWithAlert, other, true)) return null;
  // So may an alert among the bytes that the capture lacks.
  const isOtherCertain = other.endsWithAlert || (other.isWhole && !other.mayLackFin);
  if (!isOtherCertain) return null;
  return isClient ? 'client' : 'server';
}

/**
 * Whether the closing sign of `a` (its last alert, or its end) came before that of `b`: by what one had acknowledged of the other's
 * bytes, and where neither had acknowledged the other's sign, by time.
 */
function precedes(a: SideView, isAlertOfA: boolean, b: SideView, isAlertOfB: boolean): boolean {
  if (hasAcknowledged(b, isAlertOfB, a, isAlertOfA)) return true;
  if (hasAcknowledged(a, isAlertOfA, b, isAlertOfB)) return false;
  const timeA = isAlertOfA ? a.alertTime : a.endTime;
  const timeB = isAlertOfB ? b.alertTime : b.endTime;
  if (timeA !== timeB) return timeA < timeB;
  return (isAlertOfA ? a.alertFrame : a.endFrame) < (isAlertOfB ? b.alertFrame : b.endFrame);
}

/** Whether `side` had acknowledged its peer's closing sign when it gave its own. A RST is not acknowledged. */
function hasAcknowledged(side: SideView, isAlert: boolean, peer: SideView, isAlertOfPeer: boolean): boolean {
  const isKnown = isAlert ? side.flags & Flag.ALERT_ACKNOWLEDGES : side.state & State.END_ACK_KNOWN;
  if (!isKnown) return false;
  const acknowledges = isAlert ? side.alertAcknowledges : side.endAcknowledges;
  if (isAlertOfPeer) return distance(acknowledges, peer.alertSequence) >= 0;
  // A FIN takes one sequence number.
  return (peer.state & State.FIN_SEEN) !== 0 && distance(acknowledges, peer.endSequence) > 0;
}
