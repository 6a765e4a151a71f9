// TLS handshake messages that tell full from abbreviated handshakes: RFC 5246 7.4, RFC 8446 4, RFC 5077 3.3.
import { Cursor } from '../bytes/cursor.js';
import {
  ExtensionType,
  isTls13,
  offersTls13,
  type Range,
  readFirstProtocol,
  readPskIdentities,
  readServerName,
} from './tls-extensions.js';

export const HANDSHAKE_HEADER_BYTES = 1 + 3;

export const HandshakeType = {
  HELLO_REQUEST: 0,
  CLIENT_HELLO: 1,
  SERVER_HELLO: 2,
  NEW_SESSION_TICKET: 4,
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
} as const;

/** A bit for each type: all of them are below 32. */
const KNOWN_TYPES = Object.values(HandshakeType).reduce((bits: number, type) => bits | (1 << type), 0);

/** Whether this can be the type of a plaintext handshake message. */
export function isHandshakeType(type: number): boolean {
  return type < 32 && (KNOWN_TYPES & (1 << type)) !== 0;
}

const NO_BYTES = new Uint8Array(0);
const RANDOM_BYTES = 32;
const MAX_SESSION_ID_BYTES = 32;
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
  pskIdentities: Range[] = [];
  offersTls13 = false;
  extendedMasterSecret = false;

  /** @param end of the bytes at hand; @param complete whether they are the whole message body (after the 4-byte header) */
  read(bytes: Uint8Array, start: number, end: number, complete: boolean): Reading {
    this.#clear();
    const message = this.#cursor.reset(bytes, start, end);
    this.version = message.u16();
    message.skip(RANDOM_BYTES);
    const length = message.u8();
    if (length > MAX_SESSION_ID_BYTES) return 'malformed';
    const at = message.at;
    message.skip(length);
    if (!message.ok) return complete ? 'malformed' : 'prefix';
    this.sessionId.start = at;
    this.sessionId.length = length;
    message.skip(message.u16()); // cipher_suites
    message.skip(message.u8()); // compression_methods
    if (!message.ok) return complete ? 'malformed' : 'prefix';
    if (!complete) return 'prefix';
    if (message.left === 0) return 'done';
    return this.#readExtensions(message) ? 'done' : 'malformed';
  }

  /** Reads on with the next extension where the body of one is damaged. */
  #readExtensions(message: Cursor): boolean {
    message.narrow(message.u16());
    for (let n = 0; message.left > 0 && n < MAX_EXTENSIONS; n++) {
      const type = message.u16();
      const end = message.narrow(message.u16());
      if (!message.ok) return false;
      const bodyEnd = message.end;
      this.#readExtension(type, message);
      message.reset(message.bytes, bodyEnd, end);
    }
    return message.ok;
  }

  #readExtension(type: number, body: Cursor): void {
    if (type === ExtensionType.SERVER_NAME) readServerName(body, this.serverName);
    else if (type === ExtensionType.SESSION_TICKET) {
      this.ticket.start = body.at;
      this.ticket.length = body.left;
    } else if (type === ExtensionType.EXTENDED_MASTER_SECRET) this.extendedMasterSecret = true;
    else if (type === ExtensionType.SUPPORTED_VERSIONS) this.offersTls13 = offersTls13(body);
    else if (type === ExtensionType.PRE_SHARED_KEY) this.pskIdentities = readPskIdentities(body);
  }

  #clear(): void {
    this.version = 0;
    this.sessionId.length = -1;
    this.serverName.length = -1;
    this.ticket.length = -1;
    if (this.pskIdentities.length > 0) this.pskIdentities = [];
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

  read(bytes: Uint8Array, start: number, end: number, complete: boolean): Reading {
    this.#clear();
    const message = this.#cursor.reset(bytes, start, end);
    this.version = message.u16();
    this.helloRetryRequest = isHelloRetry(bytes, message.at, end);
    message.skip(RANDOM_BYTES);
    // The TLS 1.3 drafts up to 21 name themselves in this field and have neither session_id nor compression_method.
    if (this.isTls13) {
      this.cipherSuite = message.u16();
      return message.ok ? 'done' : complete ? 'malformed' : 'prefix';
    }
    const length = message.u8();
    if (length > MAX_SESSION_ID_BYTES) return 'malformed';
    const at = message.at;
    message.skip(length);
    if (!message.ok) return complete ? 'malformed' : 'prefix';
    this.sessionId.start = at;
    this.sessionId.length = length;
    this.cipherSuite = message.u16();
    message.skip(1); // compression_method
    if (!message.ok) return complete ? 'malformed' : 'prefix';
    if (message.left === 0) return complete ? 'done' : 'prefix';
    if (!complete) return 'prefix';
    return this.#readExtensions(message) ? 'done' : 'malformed';
  }

  #readExtensions(message: Cursor): boolean {
    message.narrow(message.u16());
    for (let n = 0; message.left > 0 && n < MAX_EXTENSIONS; n++) {
      const type = message.u16();
      const end = message.narrow(message.u16());
      if (!message.ok) return false;
      const bodyEnd = message.end;
      this.#readExtension(type, message);
      message.reset(message.bytes, bodyEnd, end);
    }
    return message.ok;
  }

  #readExtension(type: number, body: Cursor): void {
    if (type === ExtensionType.SUPPORTED_VERSIONS) {
      const version = body.u16();
      if (body.ok) this.version = version;
    } else if (type === ExtensionType.ALPN) readFirstProtocol(body, this.alpn);
    else if (type === ExtensionType.EXTENDED_MASTER_SECRET) this.extendedMasterSecret = true;
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
  }
}

/** NewSessionTicket of TLS <= 1.2: lifetime hint (seconds, 0 = unspecified) and the ticket, empty when none is issued (RFC 5077 3.3). */
export class NewSessionTicket {
  lifetimeHintSeconds = 0;
  readonly ticket: Range = { start: 0, length: -1 };

  read(bytes: Uint8Array, start: number, end: number): Reading {
    const message = new Cursor(bytes, start, end);
    this.lifetimeHintSeconds = message.u32();
    const length = message.u16();
    this.ticket.start = message.at;
    message.skip(length);
    this.ticket.length = message.ok ? length : -1;
    return message.ok ? 'done' : 'malformed';
  }
}

function isHelloRetry(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + RANDOM_BYTES > end || bytes[at] !== HELLO_RETRY_RANDOM[0]) return false;
  for (let i = 1; i < RANDOM_BYTES; i++) if (bytes[at + i] !== HELLO_RETRY_RANDOM[i]) return false;
  return true;
}
