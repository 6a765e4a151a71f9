// What a RST says, and whether it may be believed: RFC 9293 3.10.7, RFC 5961 3.
import { ACK } from '../wire/tcp.js';
import { type Direction, DirectionField, DirectionState, field, type TcpConnections } from './connections.js';
import { distance } from './sequence.js';

/** Keeps what the peer had acknowledged by the first RST of a side: one without ACK takes its sequence number from there (RFC 9293 3.10.7.1). */
export function noteReset(connections: TcpConnections, connection: number, direction: Direction, sequence: number, flags: number): void {
  const { rows } = connections;
  const known = connections.of(connection, direction, DirectionField.ACKNOWLEDGED);
  const isKnown = (connections.state(connection, direction) & DirectionState.ACK_KNOWN) !== 0;
  const isEcho = !(flags & ACK) && (!isKnown || distance(sequence, known) > 0);
  rows.setInt(connection, field(DirectionField.RESET_ACKNOWLEDGED, direction), isEcho ? sequence : known);
  if (isKnown || isEcho) rows.setBits(connection, field(DirectionField.STATE, direction), DirectionState.RESET_ACK_KNOWN);
}

/** A RST elsewhere than at the next byte (or behind a FIN that the capture lost) need not close anything (RFC 5961 3.2). */
export function isResetInOrder(connections: TcpConnections, connection: number, direction: Direction, sequence: number): boolean {
  const ahead = distance(sequence, connections.of(connection, direction, DirectionField.NEXT));
  const isKnown = connections.state(connection, direction) & DirectionState.NEXT_KNOWN;
  return !isKnown || ahead === 0 || ahead === 1;
}

/** A side that goes on sending was not ended by its RST: it was forged, or of no effect. */
export function revokeReset(connections: TcpConnections, connection: number, direction: Direction): void {
  const { rows } = connections;
  const at = field(DirectionField.STATE, direction);
  const revoked = DirectionState.RST | DirectionState.RESET_ACK_KNOWN | DirectionState.END_ACK_KNOWN;
  rows.setInt(connection, at, rows.int(connection, at) & ~revoked);
  rows.setInt(connection, field(DirectionField.END_FRAME, direction), 0);
}
