// Handshake messages, in plaintext or decrypted, over record and segment borders: RFC 5246 7.4. Only hellos and tickets are ever
// put together; the rest is stepped over.
import { sha256 } from '@noble/hashes/sha2.js';
import { type Limits, MAX_FINGERPRINTS, MAX_PLAUSIBLE_HANDSHAKE_BYTES, MAX_TICKETS } from '../limits.js';
import { directionOf, type Moment } from '../tcp/connections.js';
import type { Warnings } from '../warnings.js';
import type { Range } from '../wire/tls-extensions.js';
import { ClientHello, HandshakeType, isHandshakeType, NewSessionTicket, ServerHello } from '../wire/tls-handshake.js';
import { type Digest, packPsks, type TlsConnections } from './connections.js';
import type { Decryption } from './decryption.js';
import { RecordFlag, SESSION_ID_BYTES, SESSION_IDS, Tls, TlsFlag, TlsSide, TlsTime } from './fields.js';
import { Messages } from './messages.js';
import { Names } from './names.js';

// The optimizer folds constants of the module itself, and loads imported ones for each packet.
const { MESSAGE_LEFT, MESSAGE_TYPE, MESSAGE_HEADER_COUNT, MESSAGE_HEADER } = TlsSide;
const { COLLECTING, HELLO_IN_RECORD, SKIP_BODY } = RecordFlag;
const Flag = TlsFlag;
const Type = HandshakeType;

const LEGACY_VERSION = 0x0303;
const TOO_MANY_TICKETS = `connections with more than ${MAX_TICKETS} tickets or PSKs: further ones were left out`;
/** A hello begins with its version and its random. */
const VERSION_BYTES = 2;
const RANDOM_BYTES = 32;
/** psk_ke and psk_dhe_ke, a bit each (RFC 8446 4.2.9). */
const NAMED_PSK_MODES = 0b11;
/** Messages that only a full handshake has (RFC 5246 7.3), a bit each. */
const FULL_HANDSHAKE =
  (1 << HandshakeType.CERTIFICATE) |
  (1 << HandshakeType.SERVER_KEY_EXCHANGE) |
  (1 << HandshakeType.CERTIFICATE_REQUEST) |
  (1 << HandshakeType.SERVER_HELLO_DONE) |
  (1 << HandshakeType.CLIENT_KEY_EXCHANGE);

export class HandshakeReader {
  readonly #tls: TlsConnections;
  readonly #now: Moment;
  readonly #warnings: Warnings;
  readonly #decryption: Decryption | null;
  readonly #names = new Names();
  readonly #clientHello = new ClientHello();
  readonly #serverHello = new ServerHello();
  readonly #ticket = new NewSessionTicket();
  readonly #messages: Messages;

  constructor(tls: TlsConnections, now: Moment, limits: Limits, warnings: Warnings, decryption: Decryption | null) {
    this.#tls = tls;
    this.#decryption = decryption;
    this.#now = now;
    this.#warnings = warnings;
    this.#messages = new Messages(now, limits, warnings);
  }

  /** A piece of the body of handshake records, in plaintext or decrypted. */
  body(connection: number, side: number, bytes: Uint8Array, start: number, end: number): void {
    const { ints } = this.#tls.rows;
    let at = start;
    while (at < end) {
      const left = ints[side + MESSAGE_LEFT];
      if (left > 0) {
        const length = Math.min(left, end - at);
        ints[side + MESSAGE_LEFT] = left - length;
        if (this.#tls.sideFlags(side) & COLLECTING) {
          this.#messages.add(side, bytes, at, at + length);
          if (left === length) this.#collected(connection, side, true);
        }
        at += length;
      } else {
        at = this.#header(connection, side, bytes, at, end);
        if (at < 0) return;
      }
    }
  }

  /** The record in which a hello ended is whole: Wireshark shows the hello in this frame. */
  recordEnd(connection: number, side: number): void {
    if (!(this.#tls.sideFlags(side) & HELLO_IN_RECORD)) return;
    this.#tls.clearSide(side, HELLO_IN_RECORD);
    this.#place(connection, this.#tls.client(connection) === directionOf(connection, side));
  }

  /** The hello of one side is in the present frame. */
  #place(connection: number, isClient: boolean): void {
    const { ints, floats } = this.#tls.rows;
    ints[connection + (isClient ? Tls.CLIENT_HELLO_FRAME : Tls.SERVER_HELLO_FRAME)] = this.#now.frame;
    floats[(connection >> 1) + (isClient ? TlsTime.CLIENT_HELLO : TlsTime.SERVER_HELLO)] = this.#now.time;
  }

  /** Bytes of such a body that are missing. False when the message borders are lost with them. */
  gap(connection: number, side: number, length: number): boolean {
    const { ints } = this.#tls.rows;
    const left = ints[side + MESSAGE_LEFT];
    this.cut(connection, side);
    const isInside = length <= left && ints[side + MESSAGE_HEADER_COUNT] === 0;
    ints[side + MESSAGE_LEFT] = isInside ? left - length : 0;
    ints[side + MESSAGE_HEADER_COUNT] = 0;
    return isInside;
  }

  /** No more of a message that is being put together will come: what is there is read. */
  cut(connection: number, side: number): void {
    if (this.#tls.sideFlags(side) & COLLECTING) this.#collected(connection, side, false);
  }

  /** Reads a message header at `at`; the message itself as well where it is whole. Returns where to go on, or -1 when lost. */
  #header(connection: number, side: number, bytes: Uint8Array, at: number, end: number): number {
    const { ints } = this.#tls.rows;
    let count = ints[side + MESSAGE_HEADER_COUNT];
    let header = ints[side + MESSAGE_HEADER];
    let next = at;
    while (count < 4 && next < end) {
      header = (header << 8) | bytes[next++];
      count++;
    }
    if (count < 4) {
      ints[side + MESSAGE_HEADER_COUNT] = count;
      ints[side + MESSAGE_HEADER] = header;
      return next;
    }
    ints[side + MESSAGE_HEADER_COUNT] = 0;
    const type = header >>> 24;
    const length = header & 0xffffff;
    if (!isHandshakeType(type) || length > MAX_PLAUSIBLE_HANDSHAKE_BYTES) {
      this.#tls.setSide(side, SKIP_BODY);
      return -1;
    }
    return this.#message(connection, side, type, length, bytes, next, end);
  }

  #message(connection: number, side: number, type: number, length: number, bytes: Uint8Array, at: number, end: number): number {
    if (FULL_HANDSHAKE & (1 << type) && this.#isInHandshake(connection, side, type)) this.#tls.set(connection, Flag.FULL);
    const isRead = type === Type.CLIENT_HELLO || type === Type.SERVER_HELLO || type === Type.NEW_SESSION_TICKET;
    if (end - at >= length) {
      if (isRead) this.#read(connection, side, type, bytes, at, at + length, true);
      return at + length;
    }
    const { ints } = this.#tls.rows;
    ints[side + MESSAGE_LEFT] = length;
    ints[side + MESSAGE_TYPE] = type;
    if (isRead) {
      this.#tls.setSide(side, COLLECTING);
      this.#messages.begin(side, length);
    }
    return at;
  }

  /** Whether the hello that such a message follows was seen: for ClientKeyExchange, that of its own side is enough. */
  #isInHandshake(connection: number, side: number, type: number): boolean {
    if (this.#tls.has(connection, Flag.SERVER_HELLO)) return true;
    return type === Type.CLIENT_KEY_EXCHANGE && this.#tls.client(connection) === directionOf(connection, side);
  }

  #collected(connection: number, side: number, isWhole: boolean): void {
    this.#tls.clearSide(side, COLLECTING);
    const message = this.#messages.take(side);
    if (!message) return;
    const type = this.#tls.rows.ints[side + MESSAGE_TYPE];
    const { frame, time } = this.#now;
    this.#now.frame = message.frame;
    this.#now.time = message.time;
    this.#read(connection, side, type, message.bytes, 0, message.length, isWhole && message.length === message.announced);
    this.#now.frame = frame;
    this.#now.time = time;
  }

  #read(connection: number, side: number, type: number, bytes: Uint8Array, start: number, end: number, isWhole: boolean): void {
    if (type === Type.CLIENT_HELLO) this.#readClientHello(connection, side, bytes, start, end, isWhole);
    else if (type === Type.SERVER_HELLO) this.#readServerHello(connection, side, bytes, start, end, isWhole);
    else if (isWhole) this.#readTicket(connection, side, bytes, start, end);
  }

  #readClientHello(connection: number, side: number, bytes: Uint8Array, start: number, end: number, isWhole: boolean): void {
    const { rows } = this.#tls;
    const flags = this.#tls.flags(connection);
    // The first one counts, and after a HelloRetryRequest the second (RFC 8446 4.1.2); what follows is a renegotiation.
    const isRetry = flags & Flag.RETRIED && !(flags & Flag.SERVER_HELLO);
    if (flags & Flag.CLIENT_HELLO && !isRetry) return;
    const hello = this.#clientHello;
    const reading = hello.read(bytes, start, end, isWhole);
    if (reading === 'malformed') {
      this.#warnings.add(
        'malformed-hello',
        'a ClientHello whose lengths contradict each other: it was read as far as it holds',
        this.#now.frame,
      );
    }
    rows.ints[connection + Tls.CLIENT] = directionOf(connection, side) + 1;
    if (reading !== 'done' && hello.sessionId.length < 0) {
      this.#tls.set(connection, Flag.CLIENT_HELLO_CUT);
      return;
    }
    this.#place(connection, true);
    this.#tls.setSide(side, HELLO_IN_RECORD);
    this.#tls.set(connection, Flag.CLIENT_HELLO | (reading === 'done' ? Flag.CLIENT_HELLO_WHOLE : 0));
    this.#keepSessionId(connection, 0, bytes, hello.sessionId);
    if (hello.offersTls13) this.#tls.set(connection, Flag.OFFERS_TLS13);
    if (hello.extendedMasterSecret) this.#tls.set(connection, Flag.CLIENT_EMS);
    if (hello.serverName.length > 0)
      this.#tls.setServerName(connection, this.#names.read(bytes, hello.serverName.start, hello.serverName.length));
    if (hello.ticket.length > 0) {
      this.#tls.set(connection, Flag.OFFERS_TICKET);
      this.#tls.extend(connection).offeredTicket = digest(bytes, hello.ticket);
    }
    this.#keepPsk(connection, bytes);
    if (isWhole && this.#tls.takesFingerprint()) this.#keepFingerprint(connection, bytes, start, end);
    if (this.#decryption?.knows(bytes, start + VERSION_BYTES)) {
      this.#tls.extend(connection).clientRandom = bytes.slice(start + VERSION_BYTES, start + VERSION_BYTES + RANDOM_BYTES);
    }
  }

  #keepFingerprint(connection: number, bytes: Uint8Array, start: number, end: number): void {
    const { fingerprints, rows } = this.#tls;
    const number = fingerprints.of(bytes, start, end);
    rows.ints[connection + Tls.FINGERPRINT] = number;
    if (number === 0 && fingerprints.size === MAX_FINGERPRINTS)
      this.#warnings.add(
        'fingerprint-limit',
        `more than ${MAX_FINGERPRINTS} kinds of clients: further ones have no fingerprint`,
        this.#now.frame,
      );
  }

  /** What the ClientHello that was just read offers of TLS 1.3. That of a second one, after HelloRetryRequest, takes the place of the first. */
  #keepPsk(connection: number, bytes: Uint8Array): void {
    const { pskIdentities, pskModes, offersEarlyData } = this.#clientHello;
    const { ints } = this.#tls.rows;
    ints[connection + Tls.TLS_FLAGS] &= ~(Flag.OFFERS_PSK | Flag.OFFERS_EARLY_DATA);
    const lengths = ints[connection + Tls.ID_LENGTHS_AND_PSK_MODES] & 0xffff;
    ints[connection + Tls.ID_LENGTHS_AND_PSK_MODES] = lengths | ((pskModes & NAMED_PSK_MODES) << 16);
    if (pskIdentities.length === 0 && !this.#tls.extras(connection)) return;
    const extras = this.#tls.extend(connection);
    if (pskIdentities.length > MAX_TICKETS) this.#warnings.add('ticket-limit', TOO_MANY_TICKETS, this.#now.frame);
    const kept = pskIdentities.slice(0, MAX_TICKETS);
    extras.offeredPsk = packPsks(kept.map((identity) => ({ digest: digest(bytes, identity), obfuscatedAge: identity.obfuscatedAge })));
    this.#tls.set(connection, (pskIdentities.length > 0 ? Flag.OFFERS_PSK : 0) | (offersEarlyData ? Flag.OFFERS_EARLY_DATA : 0));
  }

  #readServerHello(connection: number, side: number, bytes: Uint8Array, start: number, end: number, isWhole: boolean): void {
    if (this.#tls.has(connection, Flag.SERVER_HELLO)) return;
    const { rows } = this.#tls;
    const hello = this.#serverHello;
    const reading = hello.read(bytes, start, end, isWhole);
    if (hello.helloRetryRequest) {
      this.#tls.set(connection, Flag.RETRIED);
      // The second ClientHello counts, also where the capture lacks it.
      this.#tls.rows.ints[connection + Tls.TLS_FLAGS] &= ~Flag.CLIENT_HELLO_WHOLE;
      return;
    }
    if (reading === 'malformed')
      this.#warnings.add(
        'malformed-hello',
        'a ServerHello whose lengths contradict each other: it was read as far as it holds',
        this.#now.frame,
      );
    rows.ints[connection + Tls.CLIENT] = 1 - directionOf(connection, side) + 1;
    this.#place(connection, false);
    this.#tls.setSide(side, HELLO_IN_RECORD);
    if (hello.version > 0) rows.ints[connection + Tls.VERSION] = hello.version;
    rows.ints[connection + Tls.CIPHER_SUITE] = hello.cipherSuite;
    if (reading === 'prefix' && (hello.version === LEGACY_VERSION || hello.version === 0)) this.#tls.set(connection, Flag.MAYBE_TLS13);
    this.#tls.set(
      connection,
      Flag.SERVER_HELLO |
        (hello.isTls13 ? Flag.TLS13 : 0) |
        (hello.extendedMasterSecret ? Flag.SERVER_EMS : 0) |
        (hello.promisesTicket ? Flag.PROMISES_TICKET : 0) |
        (reading === 'done' ? Flag.SERVER_HELLO_WHOLE : 0) |
        (hello.selectedIdentity >= 0 ? Flag.SELECTED_PSK : 0),
    );
    if (hello.selectedIdentity >= 0) this.#tls.extend(connection).selectedPsk = hello.selectedIdentity;
    this.#keepSessionId(connection, 1, bytes, hello.sessionId);
    if (hello.alpn.length > 0) this.#tls.setProtocol(connection, this.#names.read(bytes, hello.alpn.start, hello.alpn.length));
    if (isWhole) this.#startDecryption(connection, bytes, start);
  }

  /** @param start of the ServerHello that was just read */
  #startDecryption(connection: number, bytes: Uint8Array, start: number): void {
    const extras = this.#tls.extras(connection);
    if (!this.#decryption || !extras?.clientRandom) return;
    const { version, cipherSuite, encryptThenMac } = this.#serverHello;
    const serverRandom = bytes.slice(start + VERSION_BYTES, start + VERSION_BYTES + RANDOM_BYTES);
    extras.decryptor = this.#decryption.open({ version, cipherSuite, clientRandom: extras.clientRandom, serverRandom, encryptThenMac });
    if (extras.decryptor) this.#tls.set(connection, Flag.DECRYPTS);
  }

  #readTicket(connection: number, side: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#tls.client(connection) === directionOf(connection, side)) return;
    const message = this.#ticket;
    const reading = this.#tls.has(connection, Flag.TLS13) ? message.readTls13(bytes, start, end) : message.read(bytes, start, end);
    if (reading !== 'done') return;
    if (message.ticket.length === 0) {
      this.#tls.set(connection, Flag.EMPTY_TICKET);
      return;
    }
    this.#tls.set(connection, Flag.TICKET);
    const { issuedTickets } = this.#tls.extend(connection);
    if (issuedTickets.length < MAX_TICKETS)
      issuedTickets.push({ digest: digest(bytes, message.ticket), lifetime: message.lifetimeSeconds });
    else this.#warnings.add('ticket-limit', TOO_MANY_TICKETS, this.#now.frame);
  }

  /** @param which 0: offered, 1: issued */
  #keepSessionId(connection: number, which: 0 | 1, bytes: Uint8Array, id: Range): void {
    if (id.length < 0) return;
    const { rows } = this.#tls;
    const at = (connection + SESSION_IDS) * 4 + which * SESSION_ID_BYTES;
    for (let i = 0; i < SESSION_ID_BYTES; i++) rows.bytes[at + i] = i < id.length ? bytes[id.start + i] : 0;
    const others = rows.ints[connection + Tls.ID_LENGTHS_AND_PSK_MODES] & ~(0xff << (which * 8));
    rows.ints[connection + Tls.ID_LENGTHS_AND_PSK_MODES] = others | ((id.length + 1) << (which * 8));
  }
}

function digest(bytes: Uint8Array, range: Range): Digest {
  const hash = sha256(bytes.subarray(range.start, range.start + range.length));
  return new Int32Array(hash.buffer, hash.byteOffset, SESSION_ID_BYTES / 4);
}
