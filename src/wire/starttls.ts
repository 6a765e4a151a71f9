// Plaintext protocols that change to TLS when the client asks for it: SMTP and LMTP (RFC 3207), FTP (RFC 4217), IMAP (RFC 9051
// 6.2.1), POP3 (RFC 2595 4), XMPP (RFC 6120 5), HTTP CONNECT (RFC 9110 9.3.6), LDAP (RFC 4511 4.14), PostgreSQL (its manual,
// "SSL Session Encryption") and MySQL (Protocol::SSLRequest). They are told by what is said, whatever the port.
import { Cursor } from '../bytes/cursor.js';
import { MALFORMED } from './outcome.js';

/** What a line or message says about the change to TLS. */
export const Meaning = {
  NOTHING: 0,
  /** The client asks for TLS. */
  REQUEST: 1,
  /** The server answers in a way that, after a request, lets TLS follow. */
  GO_AHEAD: 2,
  /** The server answers in another way. */
  ANSWER: 3,
  /** The client asks for TLS, and does not wait for an answer. */
  BEGINS: 4,
  /** Only a server says this. */
  SERVER: 5,
  /** TLS follows no more. */
  ENDS: 6,
} as const;
export type Meaning = (typeof Meaning)[keyof typeof Meaning];

const { NOTHING, REQUEST, GO_AHEAD, ANSWER, BEGINS, SERVER, ENDS } = Meaning;

type Reader = (bytes: Uint8Array, start: number, end: number) => Meaning;

/** A protocol as a sequence of units: lines, tags, or messages. */
export interface Protocol {
  readonly name: string;
  /**
   * Bytes of the unit at `start`, its end included, which may be more than are at hand; 0 while that cannot be told;
   * MALFORMED when there is no unit of this protocol.
   */
  unitBytes(bytes: Uint8Array, start: number, end: number, isClient: boolean): number;
  /** What the unit `bytes[start … end)` means. The first {@link UNIT_HEAD_BYTES} of a longer one are enough. */
  client: Reader;
  server: Reader;
}

/** Bytes of a unit that tell its meaning. */
export const UNIT_HEAD_BYTES = 128;

const LF = 0x0a;

function lineBytes(bytes: Uint8Array, start: number, end: number): number {
  return bytes.subarray(start, end).indexOf(LF) + 1;
}

/** SMTP, LMTP and FTP: their greetings and replies have the same form (RFC 5321 4.2, RFC 959 4.2). */
const SMTP: Protocol = {
  name: 'SMTP',
  unitBytes: lineBytes,
  client: (bytes, start, end) => {
    if (isAnyOf(TLS_COMMANDS, bytes, start, end)) return REQUEST;
    return isAnyOf(MAIL_COMMANDS, bytes, start, end) ? ENDS : NOTHING;
  },
  server: (bytes, start, end) => {
    if (end - start < 4 || !isDigits(bytes, start, start + 3) || bytes[start + 3] === 0x2d) return NOTHING;
    const code = 100 * bytes[start] + 10 * bytes[start + 1] + bytes[start + 2] - 111 * 0x30;
    if (code === MAIL_INPUT) return ENDS;
    return code === READY || code === AUTH_ACCEPTED ? GO_AHEAD : ANSWER;
  },
};
/** Of SMTP and of FTP (RFC 4217 4: TLS-C and TLS-P are old names). */
const TLS_COMMANDS = ['STARTTLS', 'AUTH TLS', 'AUTH SSL', 'AUTH TLS-C', 'AUTH TLS-P'];
/** A mail in clear follows, and nothing in it is a command. */
const MAIL_COMMANDS = ['DATA', 'BDAT'];
/** RFC 3207 4; RFC 4217 4; RFC 5321 4.2.3. */
const [READY, AUTH_ACCEPTED, MAIL_INPUT] = [220, 234, 354];

const IMAP: Protocol = {
  name: 'IMAP',
  unitBytes: lineBytes,
  client: (bytes, start, end) => {
    const command = afterTag(bytes, start, end);
    if (isWord(bytes, command, end, 'STARTTLS')) return REQUEST;
    return isAnyOf(AUTHENTICATED_COMMANDS, bytes, command, end) ? ENDS : NOTHING;
  },
  server: (bytes, start, end) => {
    const isTagged = bytes[start] !== 0x2a && bytes[start] !== 0x2b;
    if (!isTagged) return NOTHING;
    return isWord(bytes, afterTag(bytes, start, end), end, 'OK') ? GO_AHEAD : ANSWER;
  },
};
/** STARTTLS is of the state before (RFC 9051 6.3). */
const AUTHENTICATED_COMMANDS = ['SELECT', 'EXAMINE', 'APPEND', 'LIST', 'LSUB', 'STATUS', 'NAMESPACE'];
const IMAP_FIRST_COMMANDS = ['CAPABILITY', 'STARTTLS', 'ID'];
/** Clients count with a few characters. */
const MAX_TAG_BYTES = 32;

const POP3: Protocol = {
  name: 'POP3',
  unitBytes: lineBytes,
  client: (bytes, start, end) => {
    if (isWord(bytes, start, end, 'STLS')) return REQUEST;
    return isAnyOf(TRANSACTION_COMMANDS, bytes, start, end) ? ENDS : NOTHING;
  },
  server: (bytes, start, end) => {
    if (isWord(bytes, start, end, '+OK')) return GO_AHEAD;
    return isWord(bytes, start, end, '-ERR') ? ANSWER : NOTHING;
  },
};
/** STLS is of the state before (RFC 2595 4). */
const TRANSACTION_COMMANDS = ['STAT', 'LIST', 'UIDL', 'RETR', 'TOP'];

/** Units are tags, with what stands between them and the tag before. */
const XMPP: Protocol = {
  name: 'XMPP',
  unitBytes: (bytes, start, end) => bytes.subarray(start, end).indexOf(0x3e) + 1,
  client: (bytes, start, end) => {
    const tag = afterBlanks(bytes, start, end);
    if (isTag(bytes, tag, end, '<STARTTLS')) return REQUEST;
    if (isTag(bytes, tag, end, '<STREAM:FEATURES')) return SERVER;
    return isTag(bytes, tag, end, '<AUTH') ? ENDS : NOTHING;
  },
  server: (bytes, start, end) => {
    const tag = afterBlanks(bytes, start, end);
    if (isTag(bytes, tag, end, '<PROCEED')) return GO_AHEAD;
    return isTag(bytes, tag, end, '<FAILURE') ? ANSWER : NOTHING;
  },
};

/** Lines of message heads (RFC 9112 2.1). That a head goes on after its first line does not matter: no field begins like a record. */
export const HTTP: Protocol = {
  name: 'HTTP',
  unitBytes: lineBytes,
  client: (bytes, start, end) => (begins(bytes, start, end, 'CONNECT ') ? REQUEST : NOTHING),
  server: (bytes, start, end) => {
    if (end - start < 10 || !begins(bytes, start, end, 'HTTP/1.') || bytes[start + 8] !== 0x20) return NOTHING;
    const kind = bytes[start + 9];
    return kind === 0x32 ? GO_AHEAD : kind === 0x31 ? NOTHING : ANSWER;
  },
};

const LDAP: Protocol = {
  name: 'LDAP',
  unitBytes: (bytes, start, end) => {
    if (bytes[start] !== SEQUENCE) return MALFORMED;
    const cursor = new Cursor(bytes, start + 1, end);
    const length = berLength(cursor);
    if (!cursor.ok) return 0;
    return length < 0 ? MALFORMED : cursor.at - start + length;
  },
  client: (bytes, start, end) => {
    const cursor = new Cursor(bytes, start, end);
    if (operation(cursor) !== EXTENDED_REQUEST) return NOTHING;
    berLength(cursor);
    const isNamed = cursor.u8() === REQUEST_NAME && cursor.u8() === START_TLS.length;
    return isNamed && begins(bytes, cursor.at, end, START_TLS) ? REQUEST : NOTHING;
  },
  server: (bytes, start, end) => {
    const cursor = new Cursor(bytes, start, end);
    if (operation(cursor) !== EXTENDED_RESPONSE) return ANSWER;
    berLength(cursor);
    const isSuccess = cursor.u8() === ENUMERATED && cursor.u8() === 1 && cursor.u8() === 0;
    return isSuccess && cursor.ok ? GO_AHEAD : ANSWER;
  },
};
const [SEQUENCE, INTEGER, ENUMERATED] = [0x30, 0x02, 0x0a];
const [EXTENDED_REQUEST, EXTENDED_RESPONSE, REQUEST_NAME] = [0x77, 0x78, 0x80];
const START_TLS = '1.3.6.1.4.1.1466.20037';
/** protocolOp of an LDAPMessage (RFC 4511 4.1.1), with the tag's class and form. */
const LDAP_REQUESTS = [0x42, 0x4a, 0x50, 0x60, 0x63, 0x66, 0x68, 0x6c, 0x6e, EXTENDED_REQUEST];
const LDAP_RESPONSES = [0x61, 0x64, 0x65, 0x67, 0x69, 0x6b, 0x6d, 0x6f, 0x73, EXTENDED_RESPONSE, 0x79];

/** A length in the definite form (RFC 4511 5.1), at most 2^32 - 1; below 0 when it is none. */
function berLength(cursor: Cursor): number {
  const first = cursor.u8();
  if (first < 0x80) return first;
  const count = first & 0x7f;
  if (count === 0 || count > 4) return -1;
  let length = 0;
  for (let i = 0; i < count; i++) length = length * 256 + cursor.u8();
  return length;
}

/** Tag of the protocolOp of an LDAPMessage; -1 when it is none, which the cursor's end can be the reason of. */
function operation(cursor: Cursor): number {
  if (cursor.u8() !== SEQUENCE) return -1;
  const length = berLength(cursor);
  if (cursor.u8() !== INTEGER) return -1;
  const idBytes = cursor.u8();
  if (idBytes < 1 || idBytes > 4 || length < 2 + idBytes + 2) return -1;
  cursor.skip(idBytes);
  return cursor.u8();
}

const POSTGRESQL: Protocol = {
  name: 'PostgreSQL',
  // The server answers requests before the start-up message by one byte each.
  unitBytes: (bytes, start, end, isClient) => {
    if (!isClient) return 1;
    return bytes[start] !== 0 ? MALFORMED : end - start < REQUEST_BYTES ? 0 : REQUEST_BYTES;
  },
  client: (bytes, start, end) => {
    const cursor = new Cursor(bytes, start, end);
    if (cursor.u32() !== REQUEST_BYTES) return ENDS;
    const code = cursor.u32();
    return code === SSL_REQUEST ? REQUEST : code === GSS_ENCRYPTION_REQUEST ? NOTHING : ENDS;
  },
  server: (bytes, start) => (bytes[start] === 0x53 ? GO_AHEAD : bytes[start] === 0x4e ? ANSWER : ENDS),
};
const REQUEST_BYTES = 8;
const [SSL_REQUEST, GSS_ENCRYPTION_REQUEST] = [80877103, 80877104];
/** What both requests begin with: their length, and all but the last byte of their codes. */
const STARTUP = [0, 0, 0, REQUEST_BYTES, 0x04, 0xd2, 0x16];

/** Packets: 3 bytes of length, low byte first, a sequence number, the payload. */
const MYSQL: Protocol = {
  name: 'MySQL',
  unitBytes: (bytes, start, end) => {
    if (end - start < MYSQL_HEADER_BYTES) return 0;
    return MYSQL_HEADER_BYTES + (bytes[start] | (bytes[start + 1] << 8) | (bytes[start + 2] << 16));
  },
  client: (bytes, start, end) => (isSslRequest(bytes, start, end) === true ? BEGINS : ENDS),
  server: () => NOTHING,
};
const MYSQL_HEADER_BYTES = 4;
const SSL_REQUEST_HEADER = [32, 0, 0, 1];
/** CLIENT_PROTOCOL_41 and CLIENT_SSL, among the two low bytes of the client's capabilities. */
const SSL_CAPABILITIES = 0x0200 | 0x0800;
const HANDSHAKE_VERSION = 10;
/** A handshake packet of protocol version 10 has 44 bytes, fewer before MySQL 4.1, and the texts of its version and authentication. */
const [MIN_HANDSHAKE_BYTES, MAX_HANDSHAKE_BYTES] = [16, 1024];

/** Undefined while it may be one. */
function isSslRequest(bytes: Uint8Array, start: number, end: number): boolean | undefined {
  const length = Math.min(MYSQL_HEADER_BYTES, end - start);
  for (let i = 0; i < length; i++) if (bytes[start + i] !== SSL_REQUEST_HEADER[i]) return false;
  if (end - start < MYSQL_HEADER_BYTES + 2) return undefined;
  return ((bytes[start + 4] | (bytes[start + 5] << 8)) & SSL_CAPABILITIES) === SSL_CAPABILITIES;
}

/** Whether a server's first packet begins here; undefined while it may. */
function isHandshake(bytes: Uint8Array, start: number, end: number): boolean | undefined {
  const length = end - start;
  if (length > 1) {
    const packetBytes = bytes[start] | (bytes[start + 1] << 8);
    if (packetBytes < MIN_HANDSHAKE_BYTES || packetBytes > MAX_HANDSHAKE_BYTES) return false;
  }
  if (length > 2 && bytes[start + 2] !== 0) return false;
  if (length > 3 && bytes[start + 3] !== 0) return false;
  if (length > 4 && bytes[start + 4] !== HANDSHAKE_VERSION) return false;
  return length < MYSQL_HEADER_BYTES + 1 ? undefined : true;
}

/** Who speaks which protocol when a connection begins with certain bytes. */
export interface Opening {
  readonly protocol: Protocol;
  readonly isClient: boolean;
}

const byClient = (protocol: Protocol): Opening => ({ protocol, isClient: true });
const byServer = (protocol: Protocol): Opening => ({ protocol, isClient: false });

const TEXT_OPENINGS: readonly (readonly [string, Opening])[] = [
  ...['220 ', '220-'].map((text) => [text, byServer(SMTP)] as const),
  ...['EHLO ', 'HELO ', 'LHLO ', 'STARTTLS', 'AUTH TLS', 'AUTH SSL'].map((text) => [text, byClient(SMTP)] as const),
  ['* OK', byServer(IMAP)],
  ['+OK', byServer(POP3)],
  ...['CAPA', 'STLS'].map((text) => [text, byClient(POP3)] as const),
  // Both sides begin alike, the client first.
  ...['<?XML', '<STREAM:STREAM'].map((text) => [text, byClient(XMPP)] as const),
  ['CONNECT ', byClient(HTTP)],
];
const IMAP_CLIENT = byClient(IMAP);
const LDAP_CLIENT = byClient(LDAP);
const LDAP_SERVER = byServer(LDAP);
const POSTGRESQL_CLIENT = byClient(POSTGRESQL);
const MYSQL_CLIENT = byClient(MYSQL);
const MYSQL_SERVER = byServer(MYSQL);

/** The protocol whose first line or message begins with these bytes; null when it is none of them, `incomplete` while it may be one. */
export function recognise(bytes: Uint8Array, start: number, end: number): Opening | 'incomplete' | null {
  let isIncomplete = false;
  for (const [text, opening] of TEXT_OPENINGS) {
    if (!agrees(bytes, start, end, text)) continue;
    if (end - start >= text.length) return opening;
    isIncomplete = true;
  }
  if (isAnyOf(IMAP_FIRST_COMMANDS, bytes, afterTag(bytes, start, end), end)) return IMAP_CLIENT;
  const cursor = new Cursor(bytes, start, end);
  const tag = operation(cursor);
  if (!cursor.ok) isIncomplete = true;
  else if (LDAP_REQUESTS.includes(tag)) return LDAP_CLIENT;
  else if (LDAP_RESPONSES.includes(tag)) return LDAP_SERVER;
  const isPostgresql = isStartup(bytes, start, end);
  const isClient = isSslRequest(bytes, start, end);
  const isServer = isHandshake(bytes, start, end);
  if (isPostgresql) return POSTGRESQL_CLIENT;
  if (isClient) return MYSQL_CLIENT;
  if (isServer) return MYSQL_SERVER;
  const isOpen = isPostgresql === undefined || isClient === undefined || isServer === undefined;
  return isIncomplete || isOpen ? 'incomplete' : null;
}

/** Whether a PostgreSQL connection that asks for encryption begins here; undefined while it may. */
function isStartup(bytes: Uint8Array, start: number, end: number): boolean | undefined {
  const length = Math.min(STARTUP.length, end - start);
  for (let i = 0; i < length; i++) if (bytes[start + i] !== STARTUP[i]) return false;
  if (end - start < REQUEST_BYTES) return undefined;
  return bytes[start + STARTUP.length] === (SSL_REQUEST & 0xff) || bytes[start + STARTUP.length] === (GSS_ENCRYPTION_REQUEST & 0xff);
}

/** Whether the bytes are `text` as far as both go; `text` in upper case, the bytes in any. */
function agrees(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  const length = Math.min(text.length, end - start);
  for (let i = 0; i < length; i++) {
    const byte = bytes[start + i];
    if ((byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte) !== text.charCodeAt(i)) return false;
  }
  return true;
}

function begins(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  return start >= 0 && end - start >= text.length && agrees(bytes, start, end, text);
}

/** Whether `word` stands at `start`, with a blank or nothing behind it. */
function isWord(bytes: Uint8Array, start: number, end: number, word: string): boolean {
  return begins(bytes, start, end, word) && (start + word.length === end || isBlank(bytes[start + word.length]));
}

function isAnyOf(words: readonly string[], bytes: Uint8Array, start: number, end: number): boolean {
  return words.some((word) => isWord(bytes, start, end, word));
}

function isTag(bytes: Uint8Array, start: number, end: number, name: string): boolean {
  if (!begins(bytes, start, end, name)) return false;
  const next = bytes[start + name.length];
  return start + name.length < end && (isBlank(next) || next === 0x2f || next === 0x3e);
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === LF;
}

function isDigits(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] < 0x30 || bytes[at] > 0x39) return false;
  return true;
}

function afterBlanks(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isBlank(bytes[at])) at++;
  return at;
}

/** Where the word behind an IMAP tag begins (RFC 9051 9: letters, digits and others, never blanks); -1 where there is none. */
function afterTag(bytes: Uint8Array, start: number, end: number): number {
  const limit = Math.min(end, start + MAX_TAG_BYTES + 1);
  let at = start;
  while (at < limit && bytes[at] > 0x20 && bytes[at] < 0x7f) at++;
  return at > start && at < limit && bytes[at] === 0x20 ? at + 1 : -1;
}
