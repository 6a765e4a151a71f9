// What a RST says, and whether it may be believed: RFC 9293 3.10.7, RFC 5961 3.
import { TcpFlag } from '../wire/tcp.js';
import { peerOf, Side, SideState, type TcpConnections } from './connections.js';
import { distance } from './sequence.js';

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
