import { type Direction, DirectionField, DirectionState, Flow, FlowFlag, field, type TcpConnections, Time } from '../tcp/connections.js';
import { distance } from '../tcp/sequence.js';
import { AlertLevel, CLOSE_NOTIFY } from '../wire/tls-alert.js';
import type { TlsConnections } from './connections.js';
import { DirectionFlag, ENCRYPTED_ALERT, TlsDirection, TlsTime, tlsField } from './fields.js';

/** What TCP and TLS know of one side of a connection, taken out of their rows once to be judged. */
export class SideView {
  state = 0;
  next = 0;
  endSequence = 0;
  endFrame = 0;
  endAcknowledges = 0;
  resetAcknowledged = 0;
  missing = 0;
  acknowledged = 0;
  endTime = 0;
  flags = 0;
  alert = 0;
  alertFrame = 0;
  alertSequence = 0;
  alertAcknowledges = 0;
  alertTime = 0;

  read(tcp: TcpConnections, tls: TlsConnections, connection: number, direction: Direction): void {
    const page = tcp.rows.ints;
    const at = tcp.rows.at(connection) + field(0, direction);
    this.state = page[at + DirectionField.STATE];
    this.next = page[at + DirectionField.NEXT];
    this.acknowledged = page[at + DirectionField.ACKNOWLEDGED];
    if (!(this.state & DirectionState.NEXT_KNOWN) && tcp.flags(connection) & (FlowFlag.ISN_CERTAIN << direction)) {
      this.next = (tcp.rows.int(connection, Flow.ISN + direction) + 1) | 0;
      this.state |= DirectionState.NEXT_KNOWN;
    }
    this.endSequence = page[at + DirectionField.END_SEQUENCE];
    this.endFrame = page[at + DirectionField.END_FRAME];
    this.endAcknowledges = page[at + DirectionField.END_ACKNOWLEDGES];
    this.resetAcknowledged = page[at + DirectionField.RESET_ACKNOWLEDGED];
    this.missing = page[at + DirectionField.MISSING];
    this.endTime = tcp.rows.float(connection, Time.END + direction);
    const tlsPage = tls.rows.ints;
    const tlsAt = tls.rows.at(connection) + tlsField(0, direction);
    this.flags = tlsPage[tlsAt + TlsDirection.FLAGS];
    this.alert = tlsPage[tlsAt + TlsDirection.ALERT];
    this.alertFrame = tlsPage[tlsAt + TlsDirection.ALERT_FRAME];
    this.alertSequence = tlsPage[tlsAt + TlsDirection.ALERT_SEQUENCE];
    this.alertAcknowledges = tlsPage[tlsAt + TlsDirection.ALERT_ACKNOWLEDGES];
    this.alertTime = tls.rows.float(connection, TlsTime.ALERT + direction);
  }

  get hasEnded(): boolean {
    return (this.state & (DirectionState.FIN | DirectionState.RST)) !== 0;
  }

  /** Kind of the first FIN or RST. The first one decides: a RST after a FIN is part of the same close. */
  get end(): 'fin' | 'rst' | null {
    if (this.state & DirectionState.FIN) return 'fin';
    return this.state & DirectionState.RST ? 'rst' : null;
  }

  /** Sequence numbers between the last byte in order and the end; 0 where no byte of this side was seen. */
  get lostBeforeEnd(): number {
    if (!(this.state & DirectionState.NEXT_KNOWN)) return 0;
    return distance(this.endSequence, this.next);
  }

  /** A FIN takes a sequence number: where a RST stands behind missing bytes, a FIN may be among them. */
  get mayLackFin(): boolean {
    return (this.state & DirectionState.FIN) === 0 && (this.state & DirectionState.RST) !== 0 && this.lostBeforeEnd > 0;
  }

  /** Sequence numbers that the peer acknowledged and the capture does not hold. A FIN takes one. */
  get lostBeforeAcknowledged(): number {
    if (!(this.state & DirectionState.NEXT_KNOWN) || !(this.state & DirectionState.ACK_KNOWN)) return 0;
    return distance(this.acknowledged, this.next) - (this.state & DirectionState.FIN ? 1 : 0);
  }

  /** Bytes that the capture does not hold, those before the end included. */
  get missingBytes(): number {
    return this.missing + Math.max(0, this.hasEnded ? this.lostBeforeEnd : this.lostBeforeAcknowledged);
  }

  /** Whether its last part was seen whole, up to the end where there is one. */
  get isWhole(): boolean {
    if (this.flags & (DirectionFlag.LOST | DirectionFlag.NOT_TLS)) return false;
    // A side that is known from its start may have said nothing at all.
    if (!(this.flags & DirectionFlag.STARTED) && !(this.state & DirectionState.NEXT_KNOWN)) return false;
    if (!this.hasEnded) return this.lostBeforeAcknowledged <= 0;
    // One number missing before a RST is a FIN that the capture lost: no TLS record is that short.
    return this.lostBeforeEnd <= (this.state & DirectionState.FIN ? 0 : 1);
  }

  /** Whether its Finished was sent: what follows ChangeCipherSpec is protected, and so is all application data. */
  get hasFinished(): boolean {
    return (this.flags & (DirectionFlag.CHANGE_CIPHER_SPEC | DirectionFlag.PROTECTED)) !== 0;
  }

  get hasProtectedAlert(): boolean {
    return (this.flags & DirectionFlag.HAS_ALERT) !== 0 && this.alert === ENCRYPTED_ALERT;
  }

  get hasFatalAlert(): boolean {
    return (this.flags & DirectionFlag.FATAL) !== 0;
  }

  /** The alert that stands last is in clear and says close_notify. */
  get endsWithClearCloseNotify(): boolean {
    const level = this.alert >>> 8;
    const isValid = level === AlertLevel.WARNING || level === AlertLevel.FATAL;
    return (this.flags & DirectionFlag.ALERT_LAST) !== 0 && isValid && (this.alert & 0xff) === CLOSE_NOTIFY;
  }

  get endsWithClearAlert(): boolean {
    return (this.flags & DirectionFlag.ALERT_LAST) !== 0 && this.alert !== ENCRYPTED_ALERT;
  }

  /** An alert in clear stands last, and its body is not in the capture. */
  get endsWithCutAlert(): boolean {
    return (this.flags & DirectionFlag.ALERT_LAST) !== 0 && this.alert >= 0 && this.alert >>> 8 === 0;
  }

  /** An alert stands last that can end the side: a protected one, close_notify, or a fatal one. */
  get endsWithAlert(): boolean {
    if (!(this.flags & DirectionFlag.ALERT_LAST)) return false;
    return this.alert === ENCRYPTED_ALERT || this.alert >>> 8 === AlertLevel.FATAL || this.endsWithClearCloseNotify;
  }
}
