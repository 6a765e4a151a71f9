// What a RST says, and whether it may be believed: RFC 9293 3.10.7, RFC 5961 3.
import { TcpFlag } from '../wire/tcp.js';
import { type Direction, peerOf, Row, Side, SideState, sideOf, type TcpConnections } from './connections.js';
import { advance, distance } from './sequence.js';

/** Keeps what the peer had acknowledged by the first RST of a side: one without ACK takes its sequence number from there (RFC 9293 3.10.7.1). */
export function noteReset(connections: TcpConnections, connection: number, side: number, sequence: number, flags: number): void {
  const { ints } = connections.rows;
  const peer = peerOf(connection, side);
  const known = ints[peer + Side.ACKNOWLEDGES];
  const isKnown = (ints[peer + Side.STATE] & SideState.ACK_KNOWN) !== 0;
  const isEcho = !(flags & TcpFlag.ACK) && (!isKnown || distance(sequence, known) > 0);
  ints[side + Side.RESET_ACKNOWLEDGED] = isEcho ? sequence : known;
  if (isKnown || isEcho) ints[side + Side.STATE] |= SideState.RESET_ACK_KNOWN;
}

/** A RST elsewhere than at the next byte (or behind a FIN that the capture lost) need not close anything (RFC 5961 3.2). */
export function isResetInOrder(connections: TcpConnections, side: number, sequence: number): boolean {
  const ahead = distance(sequence, connections.rows.ints[side + Side.NEXT]);
  const isKnown = connections.state(side) & SideState.NEXT_KNOWN;
  return !isKnown || ahead === 0 || ahead === 1;
}

/** A side that goes on sending was not ended by its RST: it was forged, or of no effect. */
export function revokeReset(connections: TcpConnections, side: number): void {
  const { ints } = connections.rows;
  ints[side + Side.STATE] &= ~(SideState.RST_SEEN | SideState.RESET_ACK_KNOWN | SideState.END_ACK_KNOWN);
  ints[side + Side.END_FRAME] = 0;
}

/** A RST that was revoked closed nothing. */
export function isClosed(connections: TcpConnections, connection: number): boolean {
  const [first, second] = [sideOf(connection, 0), sideOf(connection, 1)];
  const states = connections.state(first) | connections.state(second);
  return (states & SideState.RST_SEEN) !== 0 || (connections.hasEnded(first) && connections.hasEnded(second));
}

/**
 * Told of the SYN of a side that seems to have ended, or acknowledged, before it: where it had said nothing, that was about an earlier connection
 * on these ports (RFC 9293 3.10.7.3: a challenge ACK and the RST that answers it), or an attempt that was refused.
 */
export function beginAgain(connections: TcpConnections, connection: number, direction: Direction, side: number): void {
  const { ints } = connections.rows;
  const { NEXT_KNOWN, ACK_KNOWN, FIN_SEEN, RST_SEEN } = SideState;
  const start = advance(ints[connection + Row.ISN + direction], 1);
  if (ints[side + Side.STATE] & NEXT_KNOWN && ints[side + Side.NEXT] !== start) return;
  ints[side + Side.STATE] &= ~ACK_KNOWN;
  if (!(ints[side + Side.STATE] & (FIN_SEEN | RST_SEEN)) || ints[side + Side.END_SEQUENCE] === start) return;
  revokeReset(connections, side);
  ints[side + Side.STATE] &= ~FIN_SEEN;
}
