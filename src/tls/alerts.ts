// Alerts as they come in: RFC 5246 7.2, RFC 8446 6.
import type { Limits } from '../limits.js';
import { directionOf, type Moment, Side } from '../tcp/connections.js';
import type { Warnings } from '../warnings.js';
import { ALERT_BYTES, AlertLevel } from '../wire/tls-alert.js';
import type { TlsConnections } from './connections.js';
import { ALERT_TIME, ENCRYPTED_ALERT, RecordFlag, Tls, TlsSide } from './fields.js';

// The optimizer folds constants of the module itself, and loads imported ones for each connection.
const { ALERT } = TlsSide;
const { ALERT_LAST, HAS_ALERT, ALERT_ACKNOWLEDGES, ALERT_DECRYPTED, ALERT_GUESSED, FATAL, MAYBE_ALERT_LAST } = RecordFlag;

/** A TLS 1.3 alert as a record: the alert, its hidden content type, and the tag of the cipher suite (RFC 8446 5.2). */
const PROTECTED_ALERT_BYTES = ALERT_BYTES + 1 + 16;
const CCM_8_ALERT_BYTES = ALERT_BYTES + 1 + 8;
const TLS_AES_128_CCM_8_SHA256 = 0x1305;
/** JSSE pads its alerts with 16 zeros. */
const PADDING_BYTES = 16;
/** Larger records are not looked at. */
export const MAX_ALERT_LIKE_BYTES = PROTECTED_ALERT_BYTES + PADDING_BYTES;

export class AlertReader {
  readonly #tls: TlsConnections;
  readonly #now: Moment;
  readonly #limits: Limits;
  readonly #warnings: Warnings;

  constructor(tls: TlsConnections, now: Moment, limits: Limits, warnings: Warnings) {
    this.#tls = tls;
    this.#now = now;
    this.#limits = limits;
    this.#warnings = warnings;
  }

  /** An alert record begins. One of another length than 2 is protected, whatever was seen before; one of 2 bytes can never be. */
  begin(connection: number, side: number, lengthBytes: number): void {
    const flags = this.#tls.sideFlags(side);
    if (flags & ALERT_GUESSED) this.#tls.setSide(side, RecordFlag.ALERT_LIKE_BEFORE);
    if (flags & HAS_ALERT) this.#keepEarlier(connection, side);
    this.#tls.clearSide(side, ALERT_DECRYPTED | ALERT_GUESSED);
    this.#tls.rows.ints[side + ALERT] = lengthBytes === ALERT_BYTES ? 0 : ENCRYPTED_ALERT;
  }

  body(side: number, bytes: Uint8Array, start: number, end: number): void {
    const { ints } = this.#tls.rows;
    if (ints[side + ALERT] === ENCRYPTED_ALERT) return;
    for (let i = start; i < end; i++) ints[side + ALERT] = (ints[side + ALERT] << 8) | bytes[i];
  }

  /** The alert record is whole. */
  end(side: number): void {
    const alert = this.#tls.rows.ints[side + ALERT];
    const isFatal = alert !== ENCRYPTED_ALERT && alert >>> 8 === AlertLevel.FATAL;
    this.#place(side, ALERT_LAST | HAS_ALERT | (isFatal ? FATAL : 0));
  }

  /** What was in a protected record: an alert. */
  decrypted(connection: number, side: number, bytes: Uint8Array): void {
    this.begin(connection, side, bytes.length);
    this.body(side, bytes, 0, bytes.length);
    this.end(side);
    this.#tls.setSide(side, ALERT_DECRYPTED);
  }

  /** A protected record of TLS 1.3 of this length is whole, and what it holds is not known. By its size it may be an alert. */
  guess(connection: number, side: number, lengthBytes: number): void {
    const isCcm8 = this.#tls.rows.ints[connection + Tls.CIPHER_SUITE] === TLS_AES_128_CCM_8_SHA256;
    const size = isCcm8 ? CCM_8_ALERT_BYTES : PROTECTED_ALERT_BYTES;
    if (lengthBytes !== size && lengthBytes !== size + PADDING_BYTES) return;
    this.begin(connection, side, lengthBytes);
    this.#tls.clearSide(side, HAS_ALERT);
    this.#place(side, lengthBytes === size ? ALERT_LAST | ALERT_GUESSED : MAYBE_ALERT_LAST);
  }

  #place(side: number, flags: number): void {
    const { ints, floats } = this.#tls.rows;
    const now = this.#now;
    ints[side + TlsSide.ALERT_FRAME] = now.frame;
    floats[(side >> 1) + ALERT_TIME] = now.time;
    ints[side + TlsSide.ALERT_SEQUENCE] = ints[side + Side.NEXT];
    ints[side + TlsSide.ALERT_ACKNOWLEDGES] = now.acknowledges;
    this.#tls.clearSide(side, ALERT_ACKNOWLEDGES);
    this.#tls.setSide(side, flags | (now.acknowledgesKnown ? ALERT_ACKNOWLEDGES : 0));
  }

  #keepEarlier(connection: number, side: number): void {
    const { alerts } = this.#tls.extend(connection);
    const flags = this.#tls.sideFlags(side);
    this.#tls.clearSide(side, HAS_ALERT);
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
      isDecrypted: (flags & ALERT_DECRYPTED) !== 0,
    });
  }
}
