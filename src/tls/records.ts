// TLS records in the byte streams of TCP: RFC 5246 6.2.1, RFC 8446 5.1. Bodies of protected records are stepped over by arithmetic.
import { type Limits, MAX_SEARCHED_PAYLOADS } from '../limits.js';
import { directionOf, type Moment, peerOf, Side, SideState, sideOf, type TcpConnections } from '../tcp/connections.js';
import type { StreamConsumer } from '../tcp/reassembly.js';
import { distance } from '../tcp/sequence.js';
import type { Warnings } from '../warnings.js';
import { HandshakeType } from '../wire/tls-handshake.js';
import { ContentType, isProtectedChangeCipherSpec, isRecordHeader, RECORD_HEADER_BYTES } from '../wire/tls-record.js';
import { AlertReader, MAX_ALERT_LIKE_BYTES } from './alerts.js';
import type { TlsConnections } from './connections.js';
import type { Decryption } from './decryption.js';
import { RecordFlag, Tls, TlsFlag, TlsSide } from './fields.js';
import { HandshakeReader } from './handshake.js';
import { Marks } from './marks.js';
import { OTHER, Preambles, WAITING } from './preamble.js';
import { COLLECTED, ProtectedReader } from './protected.js';

/** Finished in a record of TLS 1.3, with the shortest digest and the shortest tag (RFC 8446 4.4.4, 5.2). */
const MIN_FINISHED_BYTES = 4 + 32 + 1 + 8;
const TAG_BYTES = 16;
/** The least block that programs pad records to (SSL_CTX_set_block_padding of OpenSSL): a multiple of it is the length of each, without its tag. */
const PADDED_BYTES = 16;
const PREAMBLES = 'too many connections that may change to TLS at a time: the oldest were left out';
/** A protected record of TLS 1.3 that is as short as an alert; not a content type of the wire. */
const ALERT_LIKE = 0x200;
/** Protected alerts are 2 bytes with nonce, padding and MAC: less than this even with CBC and the longest MAC. */
const MAX_ALERT_BYTES = 512;

// The optimizer folds constants of the module itself, and loads imported ones for each packet.
const { TLS_FLAGS, FINISHED_AFTER } = Tls;
const { RECORD_FLAGS, REMAINING, CONTENT_TYPE, HEADER_COUNT, HEADER, DATA_ACKNOWLEDGES } = TlsSide;
const {
  STARTED,
  LOST,
  NOT_TLS,
  PREAMBLE,
  CHANGE_CIPHER_SPEC,
  PROTECTED,
  ALERT_LAST,
  MAYBE_ALERT_LAST,
  ALERT_GUESSED,
  SKIP_BODY,
  RENEGOTIATES,
  FINISHED,
} = RecordFlag;
/** Of these, a side whose records simply follow each other has only the first. */
const STATES = STARTED | LOST | NOT_TLS | PREAMBLE;
const { TLS, TLS13, DECRYPTS, CLIENT_HELLO, SERVER_HELLO } = TlsFlag;
const Type = ContentType;
const HEADER_BYTES = RECORD_HEADER_BYTES;

export class RecordReader implements StreamConsumer {
  readonly #tcp: TcpConnections;
  readonly #tls: TlsConnections;
  readonly #handshake: HandshakeReader;
  readonly #alerts: AlertReader;
  readonly #protected: ProtectedReader;
  readonly #marks: Marks;
  readonly #preambles: Preambles;
  readonly #now: Moment;
  readonly #warnings: Warnings;
  readonly #onFinish: (connection: number) => void;

  constructor(
    tcp: TcpConnections,
    tls: TlsConnections,
    now: Moment,
    limits: Limits,
    warnings: Warnings,
    decryption: Decryption | null,
    onFinish: (connection: number) => void,
  ) {
    this.#tcp = tcp;
    this.#tls = tls;
    this.#now = now;
    this.#warnings = warnings;
    this.#preambles = new Preambles({ connections: limits.preambles });
    this.#handshake = new HandshakeReader(tls, now, limits, warnings, decryption);
    this.#alerts = new AlertReader(tls, now, limits, warnings);
    this.#protected = new ProtectedReader(tls, now, limits, warnings);
    this.#marks = new Marks(tls, now);
    this.#onFinish = onFinish;
  }

  open(connection: number): void {
    this.#tls.clear(connection);
    this.#preambles.forget(connection);
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
    let at = start;
    if ((ints[side + RECORD_FLAGS] & STATES) !== STARTED) {
      at = this.#begin(connection, side, bytes, start, end);
      if (at < 0) return;
    }
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
    if (flags & PREAMBLE) {
      this.#preambles.gap(connection, directionOf(connection, side));
      return;
    }
    const remaining = ints[side + REMAINING];
    const isHandshake = this.#isPlainHandshake(connection, side);
    const isInMessage = isHandshake && this.#handshake.gap(connection, side, length) && length <= remaining;
    if (!isInMessage && !(flags & CHANGE_CIPHER_SPEC)) this.#tls.setSide(side, RecordFlag.GAP_IN_HANDSHAKE);
    if (length <= remaining) {
      if (isHandshake && !isInMessage) this.#tls.setSide(side, SKIP_BODY);
      ints[side + REMAINING] = remaining - length;
      if (length === remaining) this.#recordEnd(connection, side);
      return;
    }
    ints[side + REMAINING] = 0;
    ints[side + HEADER_COUNT] = 0;
    this.#protected.drop(side);
    this.#tls.setSide(side, LOST);
    this.#loseAlert(side);
  }

  finish(connection: number): void {
    if (this.#tls.has(connection, TLS)) {
      this.#handshake.cut(connection, sideOf(connection, 0));
      this.#handshake.cut(connection, sideOf(connection, 1));
      this.#protected.drop(sideOf(connection, 0));
      this.#protected.drop(sideOf(connection, 1));
      const proxiedClient = this.#preambles.proxied(connection);
      if (proxiedClient) this.#tls.extend(connection).proxiedClient = proxiedClient;
      this.#onFinish(connection);
    }
    this.#tls.clear(connection);
    this.#preambles.forget(connection);
  }

  /** Where TLS goes on in a payload of a side whose records do not simply follow each other; below 0 when nothing of it is TLS. */
  #begin(connection: number, side: number, bytes: Uint8Array, start: number, end: number): number {
    const flags = this.#tls.sideFlags(side);
    if (flags & PREAMBLE) return this.#preamble(connection, side, bytes, start, end);
    if (flags & (LOST | NOT_TLS)) return this.#find(connection, side, bytes, start, end) ? start : -1;
    const isRecord = bytes[start] >= Type.CHANGE_CIPHER_SPEC && bytes[start] <= Type.HEARTBEAT;
    const isFirst = flags === 0 && (this.#tcp.state(side) & SideState.FROM_START) !== 0;
    const isSplit = this.#tls.rows.ints[side + HEADER_COUNT] > 0;
    if (isRecord || !isFirst || isSplit || !this.#preambles.mayBegin(bytes, start, end)) return start;
    const { evicted } = this.#preambles;
    const peer = peerOf(connection, side);
    this.#preambles.open(connection, this.#tls.sideFlags(peer) & STARTED ? directionOf(connection, peer) : null);
    if (this.#preambles.evicted > evicted) this.#warnings.add('preamble-limit', PREAMBLES, this.#now.frame);
    this.#tls.setSide(side, PREAMBLE);
    if (this.#tls.sideFlags(peer) === 0) this.#tls.setSide(peer, PREAMBLE);
    return this.#preamble(connection, side, bytes, start, end);
  }

  /** The same before TLS has begun. */
  #preamble(connection: number, side: number, bytes: Uint8Array, start: number, end: number): number {
    const at = this.#preambles.read(connection, directionOf(connection, side), bytes, start, end, this.#answersMissing(connection, side));
    if (at === WAITING) return -1;
    this.#tls.clearSide(side, PREAMBLE);
    if (at >= 0) return at;
    if (at === OTHER) {
      this.#tls.setSide(side, NOT_TLS);
      return -1;
    }
    this.#tls.setSide(side, LOST | RecordFlag.GAP_IN_HANDSHAKE);
    return this.#find(connection, side, bytes, start, end) ? start : -1;
  }

  /** Whether the present payload acknowledges bytes of the other side that have not been read. */
  #answersMissing(connection: number, side: number): boolean {
    const { acknowledges, acknowledgesKnown } = this.#now;
    const peer = peerOf(connection, side);
    const isKnown = acknowledgesKnown && (this.#tcp.state(peer) & SideState.NEXT_KNOWN) !== 0;
    return isKnown && distance(acknowledges, this.#tls.rows.ints[peer + Side.NEXT]) > 0;
  }

  /** Whether a record begins at `start`, in a direction whose record borders are not known: only beginnings of payloads are tried. */
  #find(connection: number, side: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#tls.sideFlags(side) & NOT_TLS) return false;
    if (end - start >= HEADER_BYTES) {
      const type = bytes[start];
      const version = (bytes[start + 1] << 8) | bytes[start + 2];
      const length = (bytes[start + 3] << 8) | bytes[start + 4];
      const isHello = !(this.#tls.sideFlags(side) & STARTED) && this.beginsStream(bytes, start, end);
      if (isRecordHeader(type, version, length) && (isHello || this.#fits(connection, type, version, length))) {
        this.#tls.clearSide(side, LOST);
        this.#marks.found(connection, side);
        return true;
      }
    }
    if (!this.#tls.has(connection, TLS)) {
      const searched = ++this.#tls.rows.ints[connection + Tls.SEARCHED];
      if (searched > MAX_SEARCHED_PAYLOADS) this.#tls.setSide(side, NOT_TLS);
    }
    return false;
  }

  /** Stricter than {@link isRecordHeader}: four random bytes must not be taken for a record. */
  #fits(connection: number, type: number, version: number, length: number): boolean {
    if (length === 0 || type === Type.HEARTBEAT || (type === Type.ALERT && length > MAX_ALERT_BYTES)) return false;
    const negotiated = this.#tls.rows.ints[connection + Tls.VERSION];
    if (negotiated === 0) return true;
    return version === (this.#tls.has(connection, TlsFlag.TLS13) ? 0x0303 : negotiated);
  }

  /** A record begins. False when it cannot be one: the rest of the payload is then of no use. */
  #header(connection: number, side: number, type: number, version: number, length: number): boolean {
    const { ints } = this.#tls.rows;
    if (!isRecordHeader(type, version, length) && !this.#isRenegotiated(connection, side, type, version, length)) {
      this.#noRecord(side);
      return false;
    }
    ints[side + REMAINING] = length;
    ints[side + CONTENT_TYPE] = type;
    const before = ints[side + RECORD_FLAGS];
    let flags = (before & ~(ALERT_LAST | MAYBE_ALERT_LAST | SKIP_BODY)) | STARTED;
    if (type === Type.APPLICATION_DATA) {
      if ((length - TAG_BYTES) % PADDED_BYTES !== 0) flags |= RecordFlag.UNPADDED;
      flags = (flags | PROTECTED | (length >= MIN_FINISHED_BYTES ? FINISHED : 0)) & ~RENEGOTIATES;
      ints[side + DATA_ACKNOWLEDGES] = this.#now.acknowledges;
      if (!(before & PROTECTED)) this.#marks.firstData(connection, side);
    } else if (type === Type.HANDSHAKE && flags & CHANGE_CIPHER_SPEC) {
      flags |= flags & FINISHED ? RENEGOTIATES : FINISHED;
      if (before & FINISHED) this.#marks.anotherRecord(connection, side);
      else this.#marks.finishedRecord(connection, side, version, length);
    } else if (type !== Type.ALERT) {
      flags &= ~RENEGOTIATES;
      // Finished is to come, once more.
      if (type === Type.CHANGE_CIPHER_SPEC && length > 1) flags &= ~FINISHED;
    }
    ints[side + RECORD_FLAGS] = flags;
    if (!(before & STARTED)) this.#tls.set(connection, TLS);
    if (type === Type.ALERT) this.#alerts.begin(connection, side, length);
    const tlsFlags = ints[connection + TLS_FLAGS];
    if (tlsFlags & (DECRYPTS | TLS13) || !(tlsFlags & SERVER_HELLO)) this.#protectedHeader(connection, side, type, version, length);
    return true;
  }

  #isRenegotiated(connection: number, side: number, type: number, version: number, length: number): boolean {
    const isTls12 = (this.#tls.flags(connection) & TLS13) === 0 && (this.#tls.sideFlags(side) & CHANGE_CIPHER_SPEC) !== 0;
    return isTls12 && isProtectedChangeCipherSpec(type, version, length);
  }

  /** A record begins that may be decrypted, or judged by its size. */
  #protectedHeader(connection: number, side: number, type: number, version: number, length: number): void {
    const { ints } = this.#tls.rows;
    const flags = ints[connection + TLS_FLAGS];
    const isProtected = type === Type.APPLICATION_DATA || (ints[side + RECORD_FLAGS] & CHANGE_CIPHER_SPEC && !(flags & TLS13));
    let collected = type;
    if (flags & DECRYPTS && isProtected) collected = this.#protected.begin(connection, side, type, version, length);
    // The ServerHello, which tells the version, may come later where the capture has the directions out of order.
    const mayBeTls13 = flags & TLS13 || !(flags & SERVER_HELLO);
    if (ints[connection + FINISHED_AFTER] === 0 && flags & CLIENT_HELLO && mayBeTls13) {
      if (type === Type.APPLICATION_DATA && length >= MIN_FINISHED_BYTES) this.#marks.mayBeFinished(connection, side, length);
    }
    const isAlertLike = collected === Type.APPLICATION_DATA && mayBeTls13 && length <= MAX_ALERT_LIKE_BYTES;
    ints[side + CONTENT_TYPE] = isAlertLike ? ALERT_LIKE | length : collected;
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
    this.#loseAlert(side);
  }

  /** The last record was not necessarily the last one. */
  #loseAlert(side: number): void {
    // A record as long as an alert counts as followed by others only where one of them was seen.
    const isLast = this.#tls.sideFlags(side) & ALERT_LAST;
    this.#tls.clearSide(side, ALERT_LAST | MAYBE_ALERT_LAST | (isLast ? ALERT_GUESSED : 0));
  }

  #body(connection: number, side: number, bytes: Uint8Array, start: number, end: number): void {
    const type = this.#tls.rows.ints[side + CONTENT_TYPE];
    if (this.#isPlainHandshake(connection, side)) this.#handshake.body(connection, side, bytes, start, end);
    else if (type === Type.ALERT) this.#alerts.body(side, bytes, start, end);
    else if (type & COLLECTED) this.#protected.collect(side, bytes, start, end);
  }

  #recordEnd(connection: number, side: number): void {
    const type = this.#tls.rows.ints[side + CONTENT_TYPE];
    if (type === Type.HANDSHAKE) this.#handshake.recordEnd(connection, side);
    else if (type === Type.CHANGE_CIPHER_SPEC) this.#changeCipherSpec(connection, side);
    else if (type === Type.ALERT) this.#alerts.end(side);
    else if (type & COLLECTED) this.#decrypt(connection, side, type & ~COLLECTED);
    else if (type & ALERT_LIKE) this.#alerts.guess(connection, side, type & ~ALERT_LIKE);
  }

  /** After a HelloRetryRequest the hellos still come in clear, and ChangeCipherSpec before them says nothing (RFC 8446 D.4). */
  #changeCipherSpec(connection: number, side: number): void {
    const flags = this.#tls.flags(connection) & (TlsFlag.RETRIED | TlsFlag.SERVER_HELLO);
    if (flags !== TlsFlag.RETRIED) this.#tls.setSide(side, CHANGE_CIPHER_SPEC);
  }

  /** A protected record is whole, and there are secrets for it. */
  #decrypt(connection: number, side: number, type: number): void {
    const length = this.#protected.lengthOf(side);
    const plain = this.#protected.end(connection, side);
    if (plain) {
      this.#tls.set(connection, TlsFlag.DECRYPTED);
      this.#tls.setSide(side, RecordFlag.UNPADDED);
    }
    if (plain?.contentType === Type.ALERT) this.#alerts.decrypted(connection, side, plain.bytes);
    else if (plain?.contentType === Type.HANDSHAKE && type === Type.APPLICATION_DATA)
      this.#handshake.body(connection, side, plain.bytes, 0, plain.bytes.length);
    else if (plain === null && type === Type.ALERT) this.#alerts.end(side);
    else if (plain === null && type === Type.APPLICATION_DATA) this.#alerts.guess(connection, side, length);
  }

  #isPlainHandshake(connection: number, side: number): boolean {
    const { ints } = this.#tls.rows;
    // Behind early data, and the ChangeCipherSpec before it, the second ClientHello comes in clear (RFC 8446 4.2.10).
    const isRetry = (this.#tls.flags(connection) & (TlsFlag.RETRIED | SERVER_HELLO)) === TlsFlag.RETRIED;
    const isHidden = ints[side + RECORD_FLAGS] & (isRetry ? SKIP_BODY : CHANGE_CIPHER_SPEC | PROTECTED | SKIP_BODY);
    return isHidden === 0 && ints[side + CONTENT_TYPE] === Type.HANDSHAKE;
  }
}
