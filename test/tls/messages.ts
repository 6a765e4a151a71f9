// TLS records and messages for tables: RFC 5246, RFC 8446 4, RFC 5077 3.3.
import { concat, type Link } from '../support/packets.js';
import { bytesOf } from '../wire/rows.js';

const TLS12 = 0x0303;
export const HELLO_RETRY_RANDOM = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c';
const RANDOM = '0f'.repeat(32);

/** A 32-byte session ID that is easy to tell from others: `id('a1')`. */
export function id(byte: string): string {
  return byte.repeat(32);
}

export function record(type: number, body: Uint8Array, version = TLS12): Uint8Array {
  return concat([Uint8Array.of(type), u16(version), u16(body.length), body]);
}

/** Handshake messages in one plaintext record. */
export function flight(...messages: Uint8Array[]): Uint8Array {
  return record(22, concat(messages));
}

function message(type: number, body: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(type, 0), u16(body.length), body]);
}

export function extension(type: number, body: Uint8Array | string): Uint8Array {
  const bytes = typeof body === 'string' ? bytesOf(body) : body;
  return concat([u16(type), u16(bytes.length), bytes]);
}

export interface Hello {
  version?: number;
  /** Hex. */
  sessionId?: string;
  serverName?: string;
  alpn?: string;
  extendedMasterSecret?: boolean;
  /** Hex of an RFC 5077 ticket; empty for the empty extension. */
  ticket?: string;
  /** A client that offers TLS 1.3, a server that takes it. */
  tls13?: boolean;
  /** Hex of TLS 1.3 PSK identities. */
  psk?: string[];
  random?: string;
  cipherSuite?: number;
  /** More extensions. */
  extensions?: Uint8Array[];
}

export function clientHello(hello: Hello = {}): Uint8Array {
  const extensions = [...commonExtensions(hello)];
  if (hello.serverName !== undefined) {
    const name = new TextEncoder().encode(hello.serverName);
    extensions.push(extension(0, concat([u16(name.length + 3), Uint8Array.of(0), u16(name.length), name])));
  }
  if (hello.ticket !== undefined) extensions.push(extension(35, hello.ticket));
  if (hello.tls13) extensions.push(extension(43, '04 0304 0303'));
  if (hello.psk) {
    const identities = concat(hello.psk.map((psk) => concat([u16(psk.length / 2), bytesOf(psk), u16(0), u16(1)])));
    extensions.push(extension(41, concat([u16(identities.length), identities, u16(33), Uint8Array.of(32), bytesOf('bb'.repeat(32))])));
  }
  return message(1, concat([start(hello), bytesOf('0004 c02f 009c 01 00'), block(extensions)]));
}

export function serverHello(hello: Hello = {}): Uint8Array {
  const extensions = [...commonExtensions(hello)];
  if (hello.ticket !== undefined) extensions.push(extension(35, hello.ticket));
  if (hello.tls13) extensions.push(extension(43, '0304'));
  return message(2, concat([start(hello), u16(hello.cipherSuite ?? 0xc02f), Uint8Array.of(0), block(extensions)]));
}

export const certificate = message(11, bytesOf(`00002a 000027 ${'c0'.repeat(39)}`));
export const serverHelloDone = message(14, new Uint8Array(0));
export const clientKeyExchange = message(16, bytesOf(`41 ${'04'.repeat(65)}`));

export function newSessionTicket(ticket: string): Uint8Array {
  return message(4, concat([bytesOf('00000e10'), u16(ticket.length / 2), bytesOf(ticket)]));
}

export const changeCipherSpec = record(20, Uint8Array.of(1));
/** Finished, protected: nonce, message, tag. */
export const finished = record(22, new Uint8Array(40).fill(0xe5));
export const protectedAlert = record(21, new Uint8Array(26).fill(0xe6));

export function applicationData(length = 100): Uint8Array {
  return record(23, new Uint8Array(length).fill(0xe7));
}

const DESCRIPTIONS = {
  close_notify: 0,
  unexpected_message: 10,
  bad_record_mac: 20,
  handshake_failure: 40,
  decode_error: 50,
  internal_error: 80,
  user_canceled: 90,
  no_renegotiation: 100,
} as const;

export function alert(level: 'warning' | 'fatal', description: keyof typeof DESCRIPTIONS): Uint8Array {
  return record(21, Uint8Array.of(level === 'warning' ? 1 : 2, DESCRIPTIONS[description]));
}

export interface Frames {
  clientHello: number;
  serverHello: number;
}

/** A full handshake, in which the server issues `issues`; the frames of the hellos. */
export function fullHandshake({ client, server }: Link, issues = id('51'), hello: Hello = {}, answer: Hello = {}): Frames {
  const first = client.send(flight(clientHello(hello)));
  const second = server.send(flight(serverHello({ sessionId: issues, ...answer }), certificate, serverHelloDone));
  client.send(flight(clientKeyExchange), changeCipherSpec, finished);
  server.send(changeCipherSpec, finished);
  return { clientHello: first, serverHello: second };
}

/** An abbreviated handshake that resumes `resumes`. */
export function abbreviatedHandshake({ client, server }: Link, resumes: string, hello: Hello = {}, answer: Hello = {}): Frames {
  const first = client.send(flight(clientHello({ sessionId: resumes, ...hello })));
  const second = server.send(flight(serverHello({ sessionId: resumes, ...answer })), changeCipherSpec, finished);
  client.send(changeCipherSpec, finished);
  return { clientHello: first, serverHello: second };
}

/** One request and its response. */
export function exchange({ client, server }: Link): void {
  client.send(applicationData(200));
  server.send(applicationData(900));
  client.acknowledge();
}

export function u16(value: number): Uint8Array {
  return Uint8Array.of((value >> 8) & 0xff, value & 0xff);
}

function start({ version = TLS12, random = RANDOM, sessionId = '' }: Hello): Uint8Array {
  return concat([u16(version), bytesOf(random), Uint8Array.of(sessionId.length / 2), bytesOf(sessionId)]);
}

function* commonExtensions(hello: Hello): Generator<Uint8Array> {
  yield* hello.extensions ?? [];
  if (hello.extendedMasterSecret) yield extension(23, '');
  if (hello.alpn === undefined) return;
  const name = new TextEncoder().encode(hello.alpn);
  yield extension(16, concat([u16(name.length + 1), Uint8Array.of(name.length), name]));
}

/** No extensions at all, as old clients send them, where there is none. */
function block(extensions: Uint8Array[]): Uint8Array {
  const body = concat(extensions);
  return body.length === 0 ? body : concat([u16(body.length), body]);
}
