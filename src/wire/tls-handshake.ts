// TLS handshake messages that tell full from abbreviated handshakes: RFC 5246 7.4, RFC 8446 4, RFC 5077 3.3.
import { Cursor } from '../bytes/cursor.js';
import {
  ExtensionType,
  isTls13,
  offersTls13,
  type PskIdentity,
  type Range,
  readFirstProtocol,
  readPskIdentities,
  readPskModes,
  readServerName,
} from './tls-extensions.js';

export const HandshakeType = {
  HELLO_REQUEST: 0,
  CLIENT_HELLO: 1,
  SERVER_HELLO: 2,
  NEW_SESSION_TICKET: 4,
  END_OF_EARLY_DATA: 5,
  ENCRYPTED_EXTENSIONS: 8,
  CERTIFICATE: 11,
  SERVER_KEY_EXCHANGE: 12,
  CERTIFICATE_REQUEST: 13,
  SERVER_HELLO_DONE: 14,
  CERTIFICATE_VERIFY: 15,
  CLIENT_KEY_EXCHANGE: 16,
  FINISHED: 20,
  CERTIFICATE_URL: 21,
  CERTIFICATE_STATUS: 22,
  SUPPLEMENTAL_DATA: 23,
  KEY_UPDATE: 24,
} as const;

/** A bit for each type: all of them are below 32. */
const KNOWN_TYPES = Object.values(HandshakeType).reduce((bits: number, type) => bits | (1 << type), 0);

/** Whether this can be the type of a handshake message. */
export function isHandshakeType(type: number): boolean {
  return type < 32 && (KNOWN_TYPES & (1 << type)) !== 0;
}

const NO_BYTES = new Uint8Array(0);
const RANDOM_BYTES = 32;
const MAX_SESSION_ID_BYTES = 32;
/** Where the session_id of a hello begins: after version, random and its length. */
const SESSION_ID = 2 + RANDOM_BYTES + 1;
const EXTENSION_HEADER_BYTES = 2 + 2;
/** Extensions looked at in one hello; the registry has about 60. */
const MAX_EXTENSIONS = 256;

/** SHA-256 of "HelloRetryRequest", which a HelloRetryRequest has as its random (RFC 8446 4.1.3). */
const HELLO_RETRY_RANDOM = [
  0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c,
  0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/** `prefix`: the message is cut (by a snap length or a gap), what was read before the cut holds. */
export type Reading = 'done' | 'prefix' | 'malformed';

/**
 * What a ClientHello says about resumption (RFC 5246 7.4.1.2, RFC 8446 4.1.2). One object is used for all hellos: ranges point
 * into the bytes that were read last.
 */
export class ClientHello {
  readonly #cursor = new Cursor(NO_BYTES);
  version = 0;
  readonly sessionId: Range = { start: 0, length: -1 };
  readonly serverName: Range = { start: 0, length: -1 };
  /** Length 0: the extension is there and empty, it offers nothing (RFC 5077 3.2). */
  readonly ticket: Range = { start: 0, length: -1 };
  pskIdentities: PskIdentity[] = [];
  /** See {@link readPskModes}. */
  pskModes = 0;
  offersEarlyData = false;
  offersTls13 = false;
  extendedMasterSecret = false;

  /** @param end of the bytes at hand; @param complete whether they are the whole message body (after the 4-byte header) */
  read(bytes: Uint8Array, start: number, end: number, complete: boolean): Reading {
    this.#clear();
    const short = complete ? 'malformed' : 'prefix';
    let at = start + SESSION_ID;
    if (start + 2 <= end) this.version = u16(bytes, start);
    if (at > end) return short;
    const idLength = bytes[at - 1];
    if (idLength > MAX_SESSION_ID_BYTES) return 'malformed';
    if (at + idLength > end) return short;
    this.sessionId.start = at;
    this.sessionId.length = idLength;
    at += idLength;
    if (at + 2 > end) return short;
    at += 2 + u16(bytes, at); // cipher_suites
    if (at + 1 > end) return short;
    at += 1 + bytes[at]; // compression_methods
    if (at > end || !complete) return short;
    if (at === end) return 'done';
    return readExtensions(bytes, at, end, this) ? 'done' : 'malformed';
  }

  /** One extension, by its body. */
  readExtension(type: number, bytes: Uint8Array, start: number, end: number): void {
    switch (type) {
      case ExtensionType.SERVER_NAME:
        readServerName(this.#cursor.reset(bytes, start, end), this.serverName);
        break;
      case ExtensionType.SESSION_TICKET:
        this.ticket.start = start;
        this.ticket.length = end - start;
        break;
      case ExtensionType.EXTENDED_MASTER_SECRET:
        this.extendedMasterSecret = true;
        break;
      case ExtensionType.SUPPORTED_VERSIONS:
        this.offersTls13 = offersTls13(this.#cursor.reset(bytes, start, end));
        break;
      case ExtensionType.PRE_SHARED_KEY:
        this.pskIdentities = readPskIdentities(this.#cursor.reset(bytes, start, end));
        break;
      case ExtensionType.PSK_KEY_EXCHANGE_MODES:
        this.pskModes = readPskModes(this.#cursor.reset(bytes, start, end));
        break;
      case ExtensionType.EARLY_DATA:
        this.offersEarlyData = true;
    }
  }

  #clear(): void {
    this.version = 0;
    this.sessionId.length = -1;
    this.serverName.length = -1;
    this.ticket.length = -1;
    if (this.pskIdentities.length > 0) this.pskIdentities = [];
    this.pskModes = 0;
    this.offersEarlyData = false;
    this.offersTls13 = false;
    this.extendedMasterSecret = false;
  }
}

/** What a ServerHello says (RFC 5246 7.4.1.3, RFC 8446 4.1.3); used for all hellos like {@link ClientHello}. */
export class ServerHello {
  readonly #cursor = new Cursor(NO_BYTES);
  /** The negotiated version: that of supported_versions where the extension is there. */
  version = 0;
  cipherSuite = 0;
  readonly sessionId: Range = { start: 0, length: -1 };
  readonly alpn: Range = { start: 0, length: -1 };
  extendedMasterSecret = false;
  helloRetryRequest = false;
  /** The session_ticket extension: a NewSessionTicket will follow (RFC 5077 3.2). */
  promisesTicket = false;
  encryptThenMac = false;
  /** Index of the PSK identity that the server took; -1 for none (RFC 8446 4.2.11). */
  selectedIdentity = -1;

  read(bytes: Uint8Array, start: number, end: number, complete: boolean): Reading {
    this.#clear();
    const short = complete ? 'malformed' : 'prefix';
    let at = start + SESSION_ID;
    if (start + 2 <= end) this.version = u16(bytes, start);
    if (at > end) return short;
    this.helloRetryRequest = isHelloRetry(bytes, start + 2, end);
    // The TLS 1.3 drafts up to 21 name themselves in this field and have neither session_id nor compression_method.
    if (this.isTls13) {
      at = start + 2 + RANDOM_BYTES;
      if (at + 2 > end) return short;
      this.cipherSuite = u16(bytes, at);
      return this.#readRest(bytes, at + 2, end, complete);
    }
    const idLength = bytes[at - 1];
    if (idLength > MAX_SESSION_ID_BYTES) return 'malformed';
    if (at + idLength > end) return short;
    this.sessionId.start = at;
    this.sessionId.length = idLength;
    at += idLength;
    if (at + 3 > end) return short;
    this.cipherSuite = u16(bytes, at);
    at += 3; // cipher_suite, compression_method
    return this.#readRest(bytes, at, end, complete);
  }

  #readRest(bytes: Uint8Array, at: number, end: number, complete: boolean): Reading {
    if (!complete) return 'prefix';
    if (at === end) return 'done';
    return readExtensions(bytes, at, end, this) ? 'done' : 'malformed';
  }

  /** One extension, by its body. */
  readExtension(type: number, bytes: Uint8Array, start: number, end: number): void {
    if (type === ExtensionType.EXTENDED_MASTER_SECRET) this.extendedMasterSecret = true;
    else if (type === ExtensionType.SESSION_TICKET) this.promisesTicket = true;
    else if (type === ExtensionType.ALPN) readFirstProtocol(this.#cursor.reset(bytes, start, end), this.alpn);
    else if (type === ExtensionType.ENCRYPT_THEN_MAC) this.encryptThenMac = true;
    else if (type === ExtensionType.PRE_SHARED_KEY && end - start === 2) this.selectedIdentity = u16(bytes, start);
    else if (type === ExtensionType.SUPPORTED_VERSIONS && end - start >= 2) this.version = u16(bytes, start);
  }

  /** TLS 1.3 or a relative of it, whose session_id is an echo without meaning (RFC 8446 4.1.3). */
  get isTls13(): boolean {
    return isTls13(this.version);
  }

  #clear(): void {
    this.version = 0;
    this.cipherSuite = 0;
    this.sessionId.length = -1;
    this.alpn.length = -1;
    this.extendedMasterSecret = false;
    this.helloRetryRequest = false;
    this.promisesTicket = false;
    this.encryptThenMac = false;
    this.selectedIdentity = -1;
  }
}

/**
 * NewSessionTicket: how long the ticket is good for, and the ticket itself. In TLS <= 1.2 it is empty when none is issued, and a lifetime
 * hint of 0 says nothing (RFC 5077 3.3); in TLS 1.3 it is never empty, and a lifetime of 0 ends it at once (RFC 8446 4.6.1).
 */
export class NewSessionTicket {
  lifetimeSeconds = 0;
  readonly ticket: Range = { start: 0, length: -1 };

  read(bytes: Uint8Array, start: number, end: number): Reading {
    return this.#readTicket(new Cursor(bytes, start, end), false);
  }

  readTls13(bytes: Uint8Array, start: number, end: number): Reading {
    return this.#readTicket(new Cursor(bytes, start, end), true);
  }

  #readTicket(message: Cursor, isTls13: boolean): Reading {
    this.lifetimeSeconds = message.u32();
    if (isTls13) {
      message.skip(4); // ticket_age_add
      message.skip(message.u8()); // ticket_nonce
    }
    const length = message.u16();
    this.ticket.start = message.at;
    message.skip(length);
    this.ticket.length = message.ok ? length : -1;
    return message.ok ? 'done' : 'malformed';
  }
}

/** Gives each extension to `hello`, which leaves a damaged body alone. False when the list does not add up. */
function readExtensions(bytes: Uint8Array, start: number, end: number, hello: ClientHello | ServerHello): boolean {
  if (start + 2 > end || start + 2 + u16(bytes, start) > end) return false;
  const last = start + 2 + u16(bytes, start);
  let at = start + 2;
  for (let n = 0; at < last && n < MAX_EXTENSIONS; n++) {
    if (at + EXTENSION_HEADER_BYTES > last) return false;
    const body = at + EXTENSION_HEADER_BYTES;
    const next = body + u16(bytes, at + 2);
    if (next > last) return false;
    hello.readExtension(u16(bytes, at), bytes, body, next);
    at = next;
  }
  return at === last;
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

function isHelloRetry(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + RANDOM_BYTES > end || bytes[at] !== HELLO_RETRY_RANDOM[0]) return false;
  for (let i = 1; i < RANDOM_BYTES; i++) if (bytes[at + i] !== HELLO_RETRY_RANDOM[i]) return false;
  return true;
}
