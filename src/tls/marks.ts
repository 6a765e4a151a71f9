// What is noted where records begin: when the client finished its handshake, and which application data was answered.
import { directionOf, type Moment, peerOf, Side } from '../tcp/connections.js';
import { advance, distance } from '../tcp/sequence.js';
import type { TlsConnections } from './connections.js';
import { RecordFlag, Tls, TlsFlag, TlsSide, TlsTime } from './fields.js';

/** Finished in a record of TLS 1.3: its header, the digest, the hidden content type and the tag (RFC 8446 4.4.4, 5.2). */
const SHA256_FINISHED_BYTES = 4 + 32 + 1 + 16;
const SHA384_FINISHED_BYTES = 4 + 48 + 1 + 16;
const CCM_8_FINISHED_BYTES = 4 + 32 + 1 + 8;
const TLS_AES_256_GCM_SHA384 = 0x1302;
const TLS_AES_128_CCM_8_SHA256 = 0x1305;
/**
 * In TLS 1.3, ChangeCipherSpec is followed by no handshake record but the ClientHello that answers a HelloRetryRequest (RFC 8446 D.4):
 * version, random, the session ID of compatibility mode, one cipher suite, supported_versions and a cookie or key share, at least.
 */
const MIN_SECOND_CLIENT_HELLO_BYTES = 100;
const MICROSECONDS = 1e6;
/** The Finished of the client came after lost bytes, or at an impossible time. */
const UNKNOWN = -1;

export class Marks {
  readonly #tls: TlsConnections;
  readonly #now: Moment;

  constructor(tls: TlsConnections, now: Moment) {
    this.#tls = tls;
    this.#now = now;
  }

  /** The record of a side that is its Finished begins, or the one with which its flight of TLS 1.3 begins. */
  finished(connection: number, side: number): void {
    const { ints, floats } = this.#tls.rows;
    if (!this.#isPending(connection, side) || !this.#tls.has(connection, TlsFlag.CLIENT_HELLO)) return;
    const microseconds = Math.round((this.#now.time - floats[(connection >> 1) + TlsTime.CLIENT_HELLO]) * MICROSECONDS);
    const isPossible = microseconds >= 0 && microseconds < 0x7fffffff;
    ints[connection + Tls.FINISHED_AFTER] = isPossible ? microseconds + 1 : UNKNOWN;
  }

  /** The first handshake record of a side after its ChangeCipherSpec begins. */
  finishedRecord(connection: number, side: number, version: number, lengthBytes: number): void {
    this.finished(connection, side);
    if (lengthBytes >= MIN_SECOND_CLIENT_HELLO_BYTES || this.#tls.client(connection) !== directionOf(connection, side)) return;
    this.#tls.set(connection, TlsFlag.CLIENT_FINISHED_TLS12);
    const { ints, floats } = this.#tls.rows;
    if (ints[connection + Tls.VERSION] === 0) ints[connection + Tls.VERSION] = version;
    if (this.#tls.has(connection, TlsFlag.SERVER_HELLO)) return;
    ints[connection + Tls.SERVER_HELLO_FRAME] = this.#now.frame;
    floats[(connection >> 1) + TlsTime.SERVER_HELLO] = this.#now.time;
  }

  /** A further one begins: of a side that has not sent anything else by then, the first may have been a piece of a ClientHello. */
  anotherRecord(connection: number, side: number): void {
    const isClient = this.#tls.client(connection) === directionOf(connection, side);
    if (!isClient || this.#tls.sideFlags(side) & RecordFlag.PROTECTED) return;
    const { ints } = this.#tls.rows;
    ints[connection + Tls.TLS_FLAGS] &= ~TlsFlag.CLIENT_FINISHED_TLS12;
    if (!this.#tls.has(connection, TlsFlag.SERVER_HELLO)) ints[connection + Tls.VERSION] = 0;
  }

  /**
   * A protected record of TLS 1.3 begins that is long enough for Finished. The client's first one is Finished, or its certificate, which
   * it sends with it; behind early data it is the first one after the ServerHello that has just the length of Finished.
   */
  mayBeFinished(connection: number, side: number, lengthBytes: number): void {
    const flags = this.#tls.flags(connection);
    if (flags & TlsFlag.OFFERS_EARLY_DATA) {
      const cipherSuite = this.#tls.rows.ints[connection + Tls.CIPHER_SUITE];
      if (!(flags & TlsFlag.SERVER_HELLO) || lengthBytes !== finishedBytes(cipherSuite)) return;
    }
    this.finished(connection, side);
  }

  /** The first application data of a side begins in the present segment: what its peer acknowledged before was none. */
  firstData(connection: number, side: number): void {
    this.#raise(peerOf(connection, side), advance(this.#tls.rows.ints[side + Side.NEXT], -1));
  }

  /** A record begins behind lost ones, which may have been of any kind: nothing that lies in front of it is compared. */
  found(connection: number, side: number): void {
    const { ints } = this.#tls.rows;
    ints[side + TlsSide.DATA_ACKNOWLEDGES] = this.#now.acknowledges;
    this.firstData(connection, side);
    if (this.#isPending(connection, side)) ints[connection + Tls.FINISHED_AFTER] = UNKNOWN;
  }

  /** The side is the client, and its Finished has not come. */
  #isPending(connection: number, side: number): boolean {
    return this.#tls.rows.ints[connection + Tls.FINISHED_AFTER] === 0 && this.#tls.client(connection) === directionOf(connection, side);
  }

  /** Only what `side` acknowledges beyond `sequence` is application data that it has not answered. */
  #raise(side: number, sequence: number): void {
    const { ints } = this.#tls.rows;
    const isFirst = !(this.#tls.sideFlags(side) & RecordFlag.PROTECTED);
    if (isFirst || distance(sequence, ints[side + TlsSide.DATA_ACKNOWLEDGES]) > 0) ints[side + TlsSide.DATA_ACKNOWLEDGES] = sequence;
  }
}

function finishedBytes(cipherSuite: number): number {
  if (cipherSuite === TLS_AES_256_GCM_SHA384) return SHA384_FINISHED_BYTES;
  return cipherSuite === TLS_AES_128_CCM_8_SHA256 ? CCM_8_FINISHED_BYTES : SHA256_FINISHED_BYTES;
}
