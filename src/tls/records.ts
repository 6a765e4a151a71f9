// TLS records in the byte streams of TCP: RFC 5246 6.2.1, RFC 8446 5.1. Bodies of protected records are stepped over by arithmetic.
import type { Limits } from '../limits.js';
import { type Direction, DirectionField, DirectionState, type Moment, type TcpConnections } from '../tcp/connections.js';
import type { StreamConsumer } from '../tcp/reassembly.js';
import type { Warnings } from '../warnings.js';
import { ALERT_BYTES, AlertLevel } from '../wire/tls-alert.js';
import { HandshakeType } from '../wire/tls-handshake.js';
import { ContentType, isRecordHeader, RECORD_HEADER_BYTES } from '../wire/tls-record.js';
import type { TlsConnections } from './connections.js';
import { DirectionFlag, ENCRYPTED_ALERT, Tls, TlsDirection, TlsFlag, TlsTime, tlsField } from './fields.js';
import { HandshakeReader } from './handshake.js';

/** Payloads of a connection without a beginning that are searched for a record before it is taken for something else than TLS. */
const MAX_SEARCHED = 64;
/** Protected alerts are 2 bytes with nonce, padding and MAC: less than this even with CBC and the longest MAC. */
const MAX_ALERT_BYTES = 512;

export class RecordReader implements StreamConsumer {
  readonly #tcp: TcpConnections;
  readonly #tls: TlsConnections;
  readonly #now: Moment;
  readonly #limits: Limits;
  readonly #warnings: Warnings;
  readonly #handshake: HandshakeReader;
  readonly #onFinish: (connection: number) => void;

  constructor(
    tcp: TcpConnections,
    tls: TlsConnections,
    now: Moment,
    limits: Limits,
    warnings: Warnings,
    onFinish: (connection: number) => void,
  ) {
    this.#tcp = tcp;
    this.#tls = tls;
    this.#now = now;
    this.#limits = limits;
    this.#warnings = warnings;
    this.#handshake = new HandshakeReader(tls, now, limits, warnings);
    this.#onFinish = onFinish;
  }

  open(connection: number): void {
    this.#tls.open(connection);
    this.#handshake.drop(connection);
  }

  beginsStream(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start <= RECORD_HEADER_BYTES || bytes[start] !== ContentType.HANDSHAKE || bytes[start + 1] !== 3) return false;
    const type = bytes[start + RECORD_HEADER_BYTES];
    return type === HandshakeType.CLIENT_HELLO || type === HandshakeType.SERVER_HELLO;
  }

  wants(connection: number): boolean {
    return this.#tls.has(connection, TlsFlag.TLS) || !this.#isOther(connection);
  }

  /** Whether one side showed that it does not speak TLS. */
  #isOther(connection: number): boolean {
    return ((this.#tls.directionFlags(connection, 0) | this.#tls.directionFlags(connection, 1)) & DirectionFlag.NOT_TLS) !== 0;
  }

  data(connection: number, direction: Direction, bytes: Uint8Array, start: number, end: number): void {
    const page = this.#tls.rows.ints;
    const own = this.#tls.rows.at(connection) + tlsField(0, direction);
    if (
      page[own + TlsDirection.FLAGS] & (DirectionFlag.LOST | DirectionFlag.NOT_TLS) &&
      !this.#find(connection, direction, bytes, start, end)
    )
      return;
    let at = start;
    while (at < end) {
      const remaining = page[own + TlsDirection.REMAINING];
      if (remaining > 0) {
        const length = Math.min(remaining, end - at);
        page[own + TlsDirection.REMAINING] = remaining - length;
        if (page[own + TlsDirection.CONTENT_TYPE] !== ContentType.APPLICATION_DATA) {
          this.#body(connection, direction, bytes, at, at + length);
          if (remaining === length) this.#recordEnd(connection, direction);
        }
        at += length;
      } else if (end - at < RECORD_HEADER_BYTES || page[own + TlsDirection.HEADER_COUNT] > 0) {
        at = this.#splitHeader(connection, direction, bytes, at, end);
      } else {
        const length = (bytes[at + 3] << 8) | bytes[at + 4];
        at = this.#header(connection, direction, bytes[at], (bytes[at + 1] << 8) | bytes[at + 2], length) ? at + RECORD_HEADER_BYTES : end;
      }
    }
  }

  gap(connection: number, direction: Direction, length: number): void {
    const rows = this.#tls.rows;
    const flags = this.#tls.directionFlags(connection, direction);
    if (flags & (DirectionFlag.LOST | DirectionFlag.NOT_TLS)) return;
    if (!(flags & DirectionFlag.CHANGE_CIPHER_SPEC)) this.#tls.setDirection(connection, direction, DirectionFlag.GAP_IN_HANDSHAKE);
    const remainingAt = tlsField(TlsDirection.REMAINING, direction);
    const remaining = rows.int(connection, remainingAt);
    const isHandshake = this.#isPlainHandshake(connection, direction);
    if (length <= remaining) {
      if (isHandshake && !this.#handshake.gap(connection, direction, length))
        this.#tls.setDirection(connection, direction, DirectionFlag.SKIP_BODY);
      rows.setInt(connection, remainingAt, remaining - length);
      if (length === remaining) this.#recordEnd(connection, direction);
      return;
    }
    if (isHandshake) this.#handshake.gap(connection, direction, length);
    rows.setInt(connection, remainingAt, 0);
    rows.setInt(connection, tlsField(TlsDirection.HEADER_COUNT, direction), 0);
    this.#tls.setDirection(connection, direction, DirectionFlag.LOST);
    this.#tls.clearDirection(connection, direction, DirectionFlag.ALERT_LAST);
  }

  finish(connection: number): void {
    if (this.#tls.has(connection, TlsFlag.TLS)) {
      this.#handshake.cut(connection, 0);
      this.#handshake.cut(connection, 1);
      this.#onFinish(connection);
    }
    this.#tls.close(connection);
  }

  /** Whether a record begins at `start`, in a direction whose record borders are not known: only beginnings of payloads are tried. */
  #find(connection: number, direction: Direction, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#tls.directionFlags(connection, direction) & DirectionFlag.NOT_TLS) return false;
    if (end - start >= RECORD_HEADER_BYTES) {
      const type = bytes[start];
      const version = (bytes[start + 1] << 8) | bytes[start + 2];
      const length = (bytes[start + 3] << 8) | bytes[start + 4];
      if (isRecordHeader(type, version, length) && this.#fits(connection, type, version, length)) {
        this.#tls.clearDirection(connection, direction, DirectionFlag.LOST);
        return true;
      }
    }
    if (!this.#tls.has(connection, TlsFlag.TLS)) {
      const searched = this.#tls.rows.int(connection, Tls.SEARCHED) + 1;
      this.#tls.rows.setInt(connection, Tls.SEARCHED, searched);
      if (searched > MAX_SEARCHED) this.#tls.setDirection(connection, direction, DirectionFlag.NOT_TLS);
    }
    return false;
  }

  /** Stricter than {@link isRecordHeader}: four random bytes must not be taken for a record. */
  #fits(connection: number, type: number, version: number, length: number): boolean {
    if (length === 0 || type === ContentType.HEARTBEAT || (type === ContentType.ALERT && length > MAX_ALERT_BYTES)) return false;
    if (!this.#tls.has(connection, TlsFlag.SERVER_HELLO)) return true;
    const negotiated = this.#tls.rows.int(connection, Tls.VERSION);
    return version === (this.#tls.has(connection, TlsFlag.TLS13) ? 0x0303 : negotiated);
  }

  /** A record begins. False when it cannot be one: the rest of the payload is then of no use. */
  #header(connection: number, direction: Direction, type: number, version: number, length: number): boolean {
    if (!isRecordHeader(type, version, length)) {
      this.#noRecord(connection, direction);
      return false;
    }
    const page = this.#tls.rows.ints;
    const own = this.#tls.rows.at(connection) + tlsField(0, direction);
    page[own + TlsDirection.REMAINING] = length;
    page[own + TlsDirection.CONTENT_TYPE] = type;
    const isProtected = type === ContentType.APPLICATION_DATA ? DirectionFlag.PROTECTED : 0;
    const flags = page[own + TlsDirection.FLAGS] & ~(DirectionFlag.ALERT_LAST | DirectionFlag.SKIP_BODY);
    page[own + TlsDirection.FLAGS] = flags | DirectionFlag.STARTED | isProtected;
    if (!(flags & DirectionFlag.STARTED)) this.#tls.set(connection, TlsFlag.TLS);
    if (type === ContentType.ALERT) this.#alertBegin(connection, direction, length);
    else if (type === ContentType.HANDSHAKE && flags & DirectionFlag.CHANGE_CIPHER_SPEC)
      this.#protectedHandshake(connection, direction, flags);
    else if (flags & DirectionFlag.RENEGOTIATES) this.#tls.clearDirection(connection, direction, DirectionFlag.RENEGOTIATES);
    return true;
  }

  /** A record header that a segment border cuts: reads what is there of it. Returns where to go on. */
  #splitHeader(connection: number, direction: Direction, bytes: Uint8Array, at: number, end: number): number {
    const page = this.#tls.rows.ints;
    const own = this.#tls.rows.at(connection) + tlsField(0, direction);
    let count = page[own + TlsDirection.HEADER_COUNT];
    let header = page[own + TlsDirection.HEADER];
    let next = at;
    while (count < RECORD_HEADER_BYTES - 1 && next < end) {
      header = (header << 8) | bytes[next++];
      count++;
    }
    page[own + TlsDirection.HEADER_COUNT] = count;
    page[own + TlsDirection.HEADER] = header;
    if (next === end) return end;
    page[own + TlsDirection.HEADER_COUNT] = 0;
    const length = ((header & 0xff) << 8) | bytes[next++];
    return this.#header(connection, direction, header >>> 24, (header >>> 8) & 0xffff, length) ? next : end;
  }

  #noRecord(connection: number, direction: Direction): void {
    const hasStarted = this.#tls.directionFlags(connection, direction) & DirectionFlag.STARTED;
    const isFirst = !hasStarted && this.#tcp.state(connection, direction) & DirectionState.FROM_START;
    this.#tls.setDirection(connection, direction, isFirst ? DirectionFlag.NOT_TLS : DirectionFlag.LOST);
    this.#tls.clearDirection(connection, direction, DirectionFlag.ALERT_LAST);
  }

  #body(connection: number, direction: Direction, bytes: Uint8Array, start: number, end: number): void {
    const type = this.#tls.of(connection, direction, TlsDirection.CONTENT_TYPE);
    if (this.#isPlainHandshake(connection, direction)) this.#handshake.body(connection, direction, bytes, start, end);
    else if (type === ContentType.ALERT) this.#alertBody(connection, direction, bytes, start, end);
  }

  #recordEnd(connection: number, direction: Direction): void {
    const type = this.#tls.of(connection, direction, TlsDirection.CONTENT_TYPE);
    if (type === ContentType.HANDSHAKE) this.#handshake.recordEnd(connection, direction);
    else if (type === ContentType.CHANGE_CIPHER_SPEC) this.#tls.setDirection(connection, direction, DirectionFlag.CHANGE_CIPHER_SPEC);
    else if (type === ContentType.ALERT) this.#alertEnd(connection, direction);
  }

  #isPlainHandshake(connection: number, direction: Direction): boolean {
    const flags = this.#tls.directionFlags(connection, direction);
    const isHidden = flags & (DirectionFlag.CHANGE_CIPHER_SPEC | DirectionFlag.PROTECTED | DirectionFlag.SKIP_BODY);
    return isHidden === 0 && this.#tls.of(connection, direction, TlsDirection.CONTENT_TYPE) === ContentType.HANDSHAKE;
  }

  #protectedHandshake(connection: number, direction: Direction, flags: number): void {
    this.#tls.setDirection(connection, direction, flags & DirectionFlag.FINISHED ? DirectionFlag.RENEGOTIATES : DirectionFlag.FINISHED);
  }

  /** An alert of another length than 2 is protected, whatever was seen before; one of 2 bytes can never be. */
  #alertBegin(connection: number, direction: Direction, length: number): void {
    this.#keepEarlierAlert(connection, direction);
    this.#tls.rows.setInt(connection, tlsField(TlsDirection.ALERT, direction), length === ALERT_BYTES ? 0 : ENCRYPTED_ALERT);
  }

  #alertBody(connection: number, direction: Direction, bytes: Uint8Array, start: number, end: number): void {
    const at = tlsField(TlsDirection.ALERT, direction);
    let alert = this.#tls.rows.int(connection, at);
    if (alert === ENCRYPTED_ALERT) return;
    for (let i = start; i < end; i++) alert = (alert << 8) | bytes[i];
    this.#tls.rows.setInt(connection, at, alert);
  }

  #alertEnd(connection: number, direction: Direction): void {
    const rows = this.#tls.rows;
    rows.setInt(connection, tlsField(TlsDirection.ALERT_FRAME, direction), this.#now.frame);
    rows.setFloat(connection, TlsTime.ALERT + direction, this.#now.time);
    rows.setInt(connection, tlsField(TlsDirection.ALERT_SEQUENCE, direction), this.#tcp.of(connection, direction, DirectionField.NEXT));
    rows.setInt(connection, tlsField(TlsDirection.ALERT_ACKNOWLEDGES, direction), this.#now.acknowledges);
    const alert = this.#tls.of(connection, direction, TlsDirection.ALERT);
    if (alert !== ENCRYPTED_ALERT && alert >>> 8 === AlertLevel.FATAL) this.#tls.setDirection(connection, direction, DirectionFlag.FATAL);
    const acknowledges = this.#now.acknowledgesKnown ? DirectionFlag.ALERT_ACKNOWLEDGES : 0;
    this.#tls.setDirection(connection, direction, DirectionFlag.ALERT_LAST | DirectionFlag.HAS_ALERT | acknowledges);
  }

  #keepEarlierAlert(connection: number, direction: Direction): void {
    if (!(this.#tls.directionFlags(connection, direction) & DirectionFlag.HAS_ALERT)) return;
    this.#tls.clearDirection(connection, direction, DirectionFlag.HAS_ALERT);
    const { alerts } = this.#tls.extend(connection);
    if (alerts.length >= this.#limits.alerts) {
      this.#warnings.add(
        'alert-limit',
        `more than ${this.#limits.alerts} alerts in one connection: the first and the last are kept`,
        this.#now.frame,
      );
      return;
    }
    alerts.push({
      direction,
      frame: this.#tls.of(connection, direction, TlsDirection.ALERT_FRAME),
      time: this.#tls.rows.float(connection, TlsTime.ALERT + direction),
      alert: this.#tls.of(connection, direction, TlsDirection.ALERT),
    });
  }
}
