// TLS records in the byte streams of TCP: RFC 5246 6.2.1, RFC 8446 5.1. Bodies of protected records are stepped over by arithmetic.
import type { Limits } from '../limits.js';
import { directionOf, type Moment, Side, SideState, sideOf, type TcpConnections } from '../tcp/connections.js';
import type { StreamConsumer } from '../tcp/reassembly.js';
import type { Warnings } from '../warnings.js';
import { ALERT_BYTES, AlertLevel } from '../wire/tls-alert.js';
import { HandshakeType } from '../wire/tls-handshake.js';
import { ContentType, isRecordHeader, RECORD_HEADER_BYTES } from '../wire/tls-record.js';
import type { TlsConnections } from './connections.js';
import { ALERT_TIME, ENCRYPTED_ALERT, RecordFlag, Tls, TlsFlag, TlsSide } from './fields.js';
import { HandshakeReader } from './handshake.js';

/** Payloads of a connection without a beginning that are searched for a record before it is taken for something else than TLS. */
const MAX_SEARCHED = 64;
/** Protected alerts are 2 bytes with nonce, padding and MAC: less than this even with CBC and the longest MAC. */
const MAX_ALERT_BYTES = 512;

// The optimizer folds constants of the module itself, and loads imported ones for each packet.
const { RECORD_FLAGS, REMAINING, CONTENT_TYPE, HEADER_COUNT, HEADER, ALERT } = TlsSide;
const { STARTED, LOST, NOT_TLS, CHANGE_CIPHER_SPEC, PROTECTED, ALERT_LAST, SKIP_BODY, HAS_ALERT, RENEGOTIATES, FINISHED } = RecordFlag;
const { TLS } = TlsFlag;
const Type = ContentType;
const HEADER_BYTES = RECORD_HEADER_BYTES;

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
    this.#tls.clear(connection);
  }

  beginsStream(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start <= HEADER_BYTES || bytes[start] !== Type.HANDSHAKE || bytes[start + 1] !== 3) return false;
    const type = bytes[start + HEADER_BYTES];
    return type === HandshakeType.CLIENT_HELLO || type === HandshakeType.SERVER_HELLO;
  }

  wants(connection: number): boolean {
    return this.#tls.has(connection, TLS) || !this.#isOther(connection);
  }

  /** Whether one side showed that it does not speak TLS. */
  #isOther(connection: number): boolean {
    return ((this.#tls.sideFlags(sideOf(connection, 0)) | this.#tls.sideFlags(sideOf(connection, 1))) & NOT_TLS) !== 0;
  }

  data(connection: number, side: number, bytes: Uint8Array, start: number, end: number): void {
    const { ints } = this.#tls.rows;
    if (ints[side + RECORD_FLAGS] & (LOST | NOT_TLS) && !this.#find(connection, side, bytes, start, end)) return;
    let at = start;
    let remaining = ints[side + REMAINING];
    while (at < end) {
      if (remaining > 0) {
        const length = Math.min(remaining, end - at);
        remaining -= length;
        if (ints[side + CONTENT_TYPE] !== Type.APPLICATION_DATA) {
          this.#body(connection, side, bytes, at, at + length);
          if (remaining === 0) this.#recordEnd(connection, side);
        }
        at += length;
      } else if (end - at < HEADER_BYTES || ints[side + HEADER_COUNT] > 0) {
        at = this.#splitHeader(connection, side, bytes, at, end);
        remaining = ints[side + REMAINING];
      } else {
        const length = (bytes[at + 3] << 8) | bytes[at + 4];
        if (!this.#header(connection, side, bytes[at], (bytes[at + 1] << 8) | bytes[at + 2], length)) break;
        remaining = length;
        at += HEADER_BYTES;
      }
    }
    ints[side + REMAINING] = remaining;
  }

  gap(connection: number, side: number, length: number): void {
    const { ints } = this.#tls.rows;
    const flags = ints[side + RECORD_FLAGS];
    if (flags & (LOST | NOT_TLS)) return;
    if (!(flags & CHANGE_CIPHER_SPEC)) this.#tls.setSide(side, RecordFlag.GAP_IN_HANDSHAKE);
    const remaining = ints[side + REMAINING];
    const isHandshake = this.#isPlainHandshake(side);
    if (length <= remaining) {
      if (isHandshake && !this.#handshake.gap(connection, side, length)) this.#tls.setSide(side, SKIP_BODY);
      ints[side + REMAINING] = remaining - length;
      if (length === remaining) this.#recordEnd(connection, side);
      return;
    }
    if (isHandshake) this.#handshake.gap(connection, side, length);
    ints[side + REMAINING] = 0;
    ints[side + HEADER_COUNT] = 0;
    this.#tls.setSide(side, LOST);
    this.#tls.clearSide(side, ALERT_LAST);
  }

  finish(connection: number): void {
    if (this.#tls.has(connection, TLS)) {
      this.#handshake.cut(connection, sideOf(connection, 0));
      this.#handshake.cut(connection, sideOf(connection, 1));
      this.#onFinish(connection);
    }
    this.#tls.clear(connection);
  }

  /** Whether a record begins at `start`, in a direction whose record borders are not known: only beginnings of payloads are tried. */
  #find(connection: number, side: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#tls.sideFlags(side) & NOT_TLS) return false;
    if (end - start >= HEADER_BYTES) {
      const type = bytes[start];
      const version = (bytes[start + 1] << 8) | bytes[start + 2];
      const length = (bytes[start + 3] << 8) | bytes[start + 4];
      if (isRecordHeader(type, version, length) && this.#fits(connection, type, version, length)) {
        this.#tls.clearSide(side, LOST);
        return true;
      }
    }
    if (!this.#tls.has(connection, TLS)) {
      const searched = ++this.#tls.rows.ints[connection + Tls.SEARCHED];
      if (searched > MAX_SEARCHED) this.#tls.setSide(side, NOT_TLS);
    }
    return false;
  }

  /** Stricter than {@link isRecordHeader}: four random bytes must not be taken for a record. */
  #fits(connection: number, type: number, version: number, length: number): boolean {
    if (length === 0 || type === Type.HEARTBEAT || (type === Type.ALERT && length > MAX_ALERT_BYTES)) return false;
    if (!this.#tls.has(connection, TlsFlag.SERVER_HELLO)) return true;
    const negotiated = this.#tls.rows.ints[connection + Tls.VERSION];
    return version === (this.#tls.has(connection, TlsFlag.TLS13) ? 0x0303 : negotiated);
  }

  /** A record begins. False when it cannot be one: the rest of the payload is then of no use. */
  #header(connection: number, side: number, type: number, version: number, length: number): boolean {
    if (!isRecordHeader(type, version, length)) {
      this.#noRecord(side);
      return false;
    }
    const { ints } = this.#tls.rows;
    ints[side + REMAINING] = length;
    ints[side + CONTENT_TYPE] = type;
    const before = ints[side + RECORD_FLAGS];
    let flags = (before & ~(ALERT_LAST | SKIP_BODY)) | STARTED;
    if (type === Type.APPLICATION_DATA) flags = (flags | PROTECTED) & ~RENEGOTIATES;
    else if (type === Type.HANDSHAKE && flags & CHANGE_CIPHER_SPEC) flags |= flags & FINISHED ? RENEGOTIATES : FINISHED;
    else if (type !== Type.ALERT) flags &= ~RENEGOTIATES;
    ints[side + RECORD_FLAGS] = flags;
    if (!(before & STARTED)) this.#tls.set(connection, TLS);
    if (type === Type.ALERT) this.#alertBegin(connection, side, length);
    return true;
  }

  /** A record header that a segment border cuts: reads what is there of it. Returns where to go on. */
  #splitHeader(connection: number, side: number, bytes: Uint8Array, at: number, end: number): number {
    const { ints } = this.#tls.rows;
    let count = ints[side + HEADER_COUNT];
    let header = ints[side + HEADER];
    let next = at;
    ints[side + REMAINING] = 0;
    while (count < HEADER_BYTES - 1 && next < end) {
      header = (header << 8) | bytes[next++];
      count++;
    }
    ints[side + HEADER_COUNT] = count;
    ints[side + HEADER] = header;
    if (next === end) return end;
    ints[side + HEADER_COUNT] = 0;
    const length = ((header & 0xff) << 8) | bytes[next++];
    return this.#header(connection, side, header >>> 24, (header >>> 8) & 0xffff, length) ? next : end;
  }

  #noRecord(side: number): void {
    const hasStarted = this.#tls.sideFlags(side) & STARTED;
    const isFirst = !hasStarted && this.#tcp.state(side) & SideState.FROM_START;
    this.#tls.setSide(side, isFirst ? NOT_TLS : LOST);
    this.#tls.clearSide(side, ALERT_LAST);
  }

  #body(connection: number, side: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#isPlainHandshake(side)) this.#handshake.body(connection, side, bytes, start, end);
    else if (this.#tls.rows.ints[side + CONTENT_TYPE] === Type.ALERT) this.#alertBody(side, bytes, start, end);
  }

  #recordEnd(connection: number, side: number): void {
    const type = this.#tls.rows.ints[side + CONTENT_TYPE];
    if (type === Type.HANDSHAKE) this.#handshake.recordEnd(connection, side);
    else if (type === Type.CHANGE_CIPHER_SPEC) this.#tls.setSide(side, CHANGE_CIPHER_SPEC);
    else if (type === Type.ALERT) this.#alertEnd(side);
  }

  #isPlainHandshake(side: number): boolean {
    const { ints } = this.#tls.rows;
    const isHidden = ints[side + RECORD_FLAGS] & (CHANGE_CIPHER_SPEC | PROTECTED | SKIP_BODY);
    return isHidden === 0 && ints[side + CONTENT_TYPE] === Type.HANDSHAKE;
  }

  /** An alert of another length than 2 is protected, whatever was seen before; one of 2 bytes can never be. */
  #alertBegin(connection: number, side: number, length: number): void {
    if (this.#tls.sideFlags(side) & HAS_ALERT) this.#keepEarlierAlert(connection, side);
    this.#tls.rows.ints[side + ALERT] = length === ALERT_BYTES ? 0 : ENCRYPTED_ALERT;
  }

  #alertBody(side: number, bytes: Uint8Array, start: number, end: number): void {
    const { ints } = this.#tls.rows;
    if (ints[side + ALERT] === ENCRYPTED_ALERT) return;
    for (let i = start; i < end; i++) ints[side + ALERT] = (ints[side + ALERT] << 8) | bytes[i];
  }

  #alertEnd(side: number): void {
    const { ints, floats } = this.#tls.rows;
    const now = this.#now;
    ints[side + TlsSide.ALERT_FRAME] = now.frame;
    floats[(side >> 1) + ALERT_TIME] = now.time;
    ints[side + TlsSide.ALERT_SEQUENCE] = ints[side + Side.NEXT];
    ints[side + TlsSide.ALERT_ACKNOWLEDGES] = now.acknowledges;
    const alert = ints[side + ALERT];
    const isFatal = alert !== ENCRYPTED_ALERT && alert >>> 8 === AlertLevel.FATAL;
    const acknowledges = now.acknowledgesKnown ? RecordFlag.ALERT_ACKNOWLEDGES : 0;
    this.#tls.setSide(side, ALERT_LAST | HAS_ALERT | acknowledges | (isFatal ? RecordFlag.FATAL : 0));
  }

  #keepEarlierAlert(connection: number, side: number): void {
    this.#tls.clearSide(side, HAS_ALERT);
    const { alerts } = this.#tls.extend(connection);
    if (alerts.length >= this.#limits.alerts) {
      this.#warnings.add(
        'alert-limit',
        `more than ${this.#limits.alerts} alerts in one connection: the first and the last are kept`,
        this.#now.frame,
      );
      return;
    }
    const { ints, floats } = this.#tls.rows;
    alerts.push({
      direction: directionOf(connection, side),
      frame: ints[side + TlsSide.ALERT_FRAME],
      time: floats[(side >> 1) + ALERT_TIME],
      alert: ints[side + ALERT],
    });
  }
}
