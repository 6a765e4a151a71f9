import { type Direction, directionOf, FlowFlag, peerOf, Row, Side, SideState, SideTime, type TcpConnections } from '../tcp/connections.js';
import { advance, distance } from '../tcp/sequence.js';
import { AlertLevel, CLOSE_NOTIFY } from '../wire/tls-alert.js';
import { ALERT_TIME, ENCRYPTED_ALERT, RecordFlag, TlsSide } from './fields.js';

// The optimizer folds constants of the module itself, and loads imported ones for each connection.
const S = Side;
const T = TlsSide;
const State = SideState;
const Flag = RecordFlag;

/** What TCP and TLS know of one side of a connection, taken out of its row once to be judged. */
export class SideView {
  state = 0;
  next = 0;
  endSequence = 0;
  endFrame = 0;
  endAcknowledges = 0;
  resetAcknowledged = 0;
  missing = 0;
  /** What its peer had acknowledged, where `isAcknowledged`. */
  acknowledged = 0;
  isAcknowledged = false;
  endTime = 0;
  flags = 0;
  alert = 0;
  alertFrame = 0;
  alertSequence = 0;
  alertAcknowledges = 0;
  dataAcknowledges = 0;
  alertTime = 0;
  isTls13 = false;

  read(tcp: TcpConnections, connection: number, side: number, isTls13: boolean): void {
    this.isTls13 = isTls13;
    const { ints, floats } = tcp.rows;
    const peer = peerOf(connection, side);
    this.state = ints[side + S.STATE];
    this.next = ints[side + S.NEXT];
    this.acknowledged = ints[peer + S.ACKNOWLEDGES];
    this.isAcknowledged = (ints[peer + S.STATE] & State.ACK_KNOWN) !== 0;
    if (!(this.state & State.NEXT_KNOWN)) this.#learnStart(tcp, connection, directionOf(connection, side));
    this.endSequence = ints[side + S.END_SEQUENCE];
    this.endFrame = ints[side + S.END_FRAME];
    this.endAcknowledges = ints[side + S.END_ACKNOWLEDGES];
    this.resetAcknowledged = ints[side + S.RESET_ACKNOWLEDGED];
    this.missing = ints[side + S.MISSING];
    this.endTime = floats[(side >> 1) + SideTime.END];
    this.flags = withoutGuess(ints[side + T.RECORD_FLAGS], isTls13);
    this.alert = ints[side + T.ALERT];
    this.alertFrame = ints[side + T.ALERT_FRAME];
    this.alertSequence = ints[side + T.ALERT_SEQUENCE];
    this.alertAcknowledges = ints[side + T.ALERT_ACKNOWLEDGES];
    this.dataAcknowledges = ints[side + T.DATA_ACKNOWLEDGES];
    this.alertTime = floats[(side >> 1) + ALERT_TIME];
  }

  /** A side that said nothing is known from its start where a SYN, or an answer to it, shows that. */
  #learnStart(tcp: TcpConnections, connection: number, direction: Direction): void {
    if (!(tcp.flags(connection) & (FlowFlag.ISN_CERTAIN << direction))) return;
    this.next = advance(tcp.rows.ints[connection + Row.ISN + direction], 1);
    this.state |= State.NEXT_KNOWN;
  }

  get hasEnded(): boolean {
    return (this.state & (State.FIN_SEEN | State.RST_SEEN)) !== 0;
  }

  /** Kind of the first FIN or RST. The first one decides: a RST after a FIN is part of the same close. */
  get end(): 'fin' | 'rst' | null {
    if (this.state & State.FIN_SEEN) return 'fin';
    return this.state & State.RST_SEEN ? 'rst' : null;
  }

  /** Sequence numbers between the last byte in order and the end; 0 where no byte of this side was seen. */
  get lostBeforeEnd(): number {
    if (!(this.state & State.NEXT_KNOWN)) return 0;
    return distance(this.endSequence, this.next);
  }

  /** A FIN takes a sequence number: where a RST stands behind missing bytes, or behind nothing that was seen, there may have been one. */
  get mayLackFin(): boolean {
    if ((this.state & (State.FIN_SEEN | State.RST_SEEN)) !== State.RST_SEEN) return false;
    return !(this.state & State.NEXT_KNOWN) || this.lostBeforeEnd > 0;
  }

  /** Sequence numbers that the peer acknowledged and the capture does not hold. A FIN takes one. */
  get lostBeforeAcknowledged(): number {
    if (!(this.state & State.NEXT_KNOWN) || !this.isAcknowledged) return 0;
    return distance(this.acknowledged, this.next) - (this.state & State.FIN_SEEN ? 1 : 0);
  }

  /** Whether it had acknowledged about as many bytes of its peer, by its end, as an alert has, that the capture lacks. A FIN takes one number. */
  hasAcknowledgedLostAlert(peer: SideView): boolean {
    if (!(this.state & State.END_ACK_KNOWN) || (peer.state & (State.NEXT_KNOWN | State.QUEUED)) !== State.NEXT_KNOWN) return false;
    const lost = distance(this.endAcknowledges, peer.next);
    return lost > 1 && lost <= MAX_ALERT_RECORD_BYTES + 1;
  }

  /** Bytes that the capture does not hold, those before the end included. */
  get missingBytes(): number {
    return this.missing + Math.max(0, this.hasEnded ? this.lostBeforeEnd : this.lostBeforeAcknowledged);
  }

  /** Whether its last part was seen whole, up to the end where there is one. */
  get isWhole(): boolean {
    if (this.flags & (Flag.LOST | Flag.NOT_TLS | Flag.PREAMBLE)) return false;
    // A side that is known from its start may have said nothing at all.
    if (!(this.flags & Flag.STARTED) && !(this.state & State.NEXT_KNOWN)) return false;
    if (!this.hasEnded) return this.lostBeforeAcknowledged <= 0;
    // One number missing before a RST is a FIN that the capture lost: no TLS record is that short.
    return this.lostBeforeEnd <= (this.state & State.FIN_SEEN ? 0 : 1);
  }

  /** Whether all handshake messages in front of its ChangeCipherSpec were seen; those behind its hello where that was read. */
  lacksNoMessage(hasHello: boolean): boolean {
    return (hasHello || (this.state & State.FROM_START) !== 0) && (this.flags & Flag.GAP_IN_HANDSHAKE) === 0;
  }

  /**
   * Whether its Finished was sent: in TLS <= 1.2 what follows ChangeCipherSpec is protected, and so is all application data; in TLS 1.3 it
   * is a protected record, and longer than any alert.
   */
  get hasFinished(): boolean {
    if (this.isTls13) return (this.flags & Flag.FINISHED) !== 0;
    return (this.flags & (Flag.CHANGE_CIPHER_SPEC | Flag.PROTECTED)) !== 0;
  }

  /** It certainly did not finish: its last word is an alert in clear, or all that it said was seen. */
  get isBroken(): boolean {
    if (this.hasFinished) return false;
    return this.endsWithKnownAlert || ((this.flags & Flag.STARTED) !== 0 && this.hasEnded && this.isWhole);
  }

  /** A protected alert of TLS <= 1.2 that nobody decrypted. */
  get hasProtectedAlert(): boolean {
    return (this.flags & Flag.HAS_ALERT) !== 0 && this.alert === ENCRYPTED_ALERT;
  }

  /** Its last alert, or what may be one, cannot be read. */
  get mayBeFatal(): boolean {
    return this.hasProtectedAlert || this.mayEndWithAlert || (this.endsWithAlert && this.alert === ENCRYPTED_ALERT);
  }

  get hasFatalAlert(): boolean {
    return (this.flags & Flag.FATAL) !== 0;
  }

  /** The alert that stands last is in clear, or decrypted, and says close_notify. */
  get endsWithKnownCloseNotify(): boolean {
    const level = this.alert >>> 8;
    const isValid = level === AlertLevel.WARNING || level === AlertLevel.FATAL;
    return (this.flags & Flag.ALERT_LAST) !== 0 && isValid && (this.alert & 0xff) === CLOSE_NOTIFY;
  }

  /** An alert that can be read stands last. */
  get endsWithKnownAlert(): boolean {
    return (this.flags & Flag.ALERT_LAST) !== 0 && this.alert !== ENCRYPTED_ALERT;
  }

  /** An alert in clear stands last, and its body is not in the capture. */
  get endsWithCutAlert(): boolean {
    return (this.flags & Flag.ALERT_LAST) !== 0 && this.alert >= 0 && this.alert >>> 8 === 0;
  }

  /** All its protected records of TLS 1.3 have padding: their size does not tell an alert from anything else. */
  get isPadded(): boolean {
    return this.isTls13 && (this.flags & (Flag.PROTECTED | Flag.UNPADDED)) === Flag.PROTECTED && !(this.flags & Flag.HAS_ALERT);
  }

  /** An alert stands last that can end the side: a protected one, close_notify, or a fatal one. */
  get endsWithAlert(): boolean {
    if (!(this.flags & Flag.ALERT_LAST)) return false;
    return this.alert === ENCRYPTED_ALERT || this.alert >>> 8 === AlertLevel.FATAL || this.endsWithKnownCloseNotify;
  }

  /** The alert that stands last is one by its size. */
  get endsWithGuess(): boolean {
    return (this.flags & Flag.ALERT_LAST) !== 0 && (this.flags & Flag.ALERT_GUESSED) !== 0;
  }

  /** Other records of this side were as long as an alert, and none. */
  get sendsAlertLikeData(): boolean {
    return (this.flags & Flag.ALERT_LIKE_BEFORE) !== 0;
  }

  /** A record stands last that is an alert with padding, or something else. */
  get mayEndWithAlert(): boolean {
    return (this.flags & Flag.MAYBE_ALERT_LAST) !== 0 || this.isPadded;
  }
}

/** An alert with the longest protection: header, IV, and 2 bytes with the MAC of SHA-384, padded to blocks (RFC 5246 6.2.3.2). More is data that a filter left out. */
const MAX_ALERT_RECORD_BYTES = 5 + 16 + 64;
/** A record's size says something of what it holds in TLS 1.3 only. */
function withoutGuess(flags: number, isTls13: boolean): number {
  if (isTls13) return flags;
  return flags & ~(Flag.MAYBE_ALERT_LAST | (flags & Flag.ALERT_GUESSED ? Flag.ALERT_LAST : 0));
}
