// PROXY protocol, versions 1 and 2: what a proxy sends before all else, to tell the server whom it speaks for
// (haproxy's doc/proxy-protocol.txt, sections 2.1 and 2.2).
import { decodeText } from '../bytes/escape.js';
import { ipv4Text, ipv6Text } from '../bytes/ip-address.js';
import type { Endpoint } from '../model.js';

const SIGNATURE_V1 = Uint8Array.from('PROXY ', (character) => character.charCodeAt(0));
const SIGNATURE_V2 = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);

/** The longest line of version 1, CRLF included. */
const MAX_LINE_BYTES = 107;
/** What version 2 has before its addresses: signature, version and command, family and transport, length. */
const FIXED_BYTES = SIGNATURE_V2.length + 1 + 1 + 2;
/** Version 2 allows 65535 bytes of addresses and TLVs; those of a TLS client with its certificate's name stay below 1 kB. */
const MAX_V2_LENGTH = 4096;

const Command = { LOCAL: 0, PROXY: 1 } as const;
const Family = { UNSPEC: 0, INET: 1, INET6: 2, UNIX: 3 } as const;
const Transport = { UNSPEC: 0, STREAM: 1, DGRAM: 2 } as const;
/** Bytes of both addresses and ports, by family. */
const ADDRESS_BYTES = [0, 2 * (4 + 2), 2 * (16 + 2), 2 * 108];

const PORT = /^(0|[1-9]\d{0,4})$/;
const IPV4 = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;
const IPV6_GROUP = /^[0-9a-f]{1,4}$/i;
const IPV6_GROUPS = 8;

/** Endpoints are null where the header names none: LOCAL, UNKNOWN, unspecified families, UNIX sockets. */
export interface ProxyHeader {
  /** Bytes from its beginning to what follows it. In version 2 that may lie behind the bytes at hand: TLVs are not looked at. */
  lengthBytes: number;
  source: Endpoint | null;
  destination: Endpoint | null;
}

/** `incomplete`: more bytes are needed, 107 in all at most. */
export type ProxyOutcome = ProxyHeader | 'none' | 'incomplete' | 'malformed';

/** The PROXY header that a connection begins with, of which `bytes[start … end)` is at hand. */
export function readProxyHeader(bytes: Uint8Array, start: number, end: number): ProxyOutcome {
  if (agrees(bytes, start, end, SIGNATURE_V2)) return readBinary(bytes, start, end);
  return agrees(bytes, start, end, SIGNATURE_V1) ? readLine(bytes, start, end) : 'none';
}

/** Whether these bytes are the signature as far as both go. */
function agrees(bytes: Uint8Array, start: number, end: number, signature: Uint8Array): boolean {
  const length = Math.min(signature.length, end - start);
  for (let i = 0; i < length; i++) if (bytes[start + i] !== signature[i]) return false;
  return true;
}

function readBinary(bytes: Uint8Array, start: number, end: number): ProxyOutcome {
  if (end - start < FIXED_BYTES) return 'incomplete';
  const [versionAndCommand, familyAndTransport] = bytes.subarray(start + SIGNATURE_V2.length);
  const length = u16(bytes, start + FIXED_BYTES - 2);
  const command = versionAndCommand & 0x0f;
  if (versionAndCommand >> 4 !== 2 || command > Command.PROXY || length > MAX_V2_LENGTH) return 'malformed';
  const header: ProxyHeader = { lengthBytes: FIXED_BYTES + length, source: null, destination: null };
  if (command === Command.LOCAL) return header;
  const family = familyAndTransport >> 4;
  const transport = familyAndTransport & 0x0f;
  if (family > Family.UNIX || transport > Transport.DGRAM) return 'malformed';
  if (family === Family.UNSPEC || transport === Transport.UNSPEC) return header;
  if (length < ADDRESS_BYTES[family]) return 'malformed';
  if (family === Family.UNIX) return header;
  const at = start + FIXED_BYTES;
  if (at + ADDRESS_BYTES[family] > end) return 'incomplete';
  const size = family === Family.INET ? 4 : 16;
  const ports = at + 2 * size;
  header.source = { address: addressText(bytes, at, family), port: u16(bytes, ports) };
  header.destination = { address: addressText(bytes, at + size, family), port: u16(bytes, ports + 2) };
  return header;
}

function addressText(bytes: Uint8Array, at: number, family: number): string {
  return family === Family.INET ? ipv4Text((u16(bytes, at) << 16) | u16(bytes, at + 2)) : ipv6Text(bytes, at);
}

function readLine(bytes: Uint8Array, start: number, end: number): ProxyOutcome {
  const limit = Math.min(end, start + MAX_LINE_BYTES);
  let at = start;
  while (at < limit && bytes[at] !== 0x0a) at++;
  if (at === limit) return limit === end && end - start < MAX_LINE_BYTES ? 'incomplete' : 'malformed';
  if (bytes[at - 1] !== 0x0d) return 'malformed';
  const lengthBytes = at + 1 - start;
  const [, family, ...fields] = decodeText(bytes, start, at - 1).split(' ');
  if (family === 'UNKNOWN') return { lengthBytes, source: null, destination: null };
  const parse = family === 'TCP4' ? ipv4 : family === 'TCP6' ? ipv6 : null;
  if (!parse || fields.length !== 4) return 'malformed';
  const [source, destination] = [parse(fields[0]), parse(fields[1])];
  const [sourcePort, destinationPort] = [port(fields[2]), port(fields[3])];
  if (source === null || destination === null || sourcePort < 0 || destinationPort < 0) return 'malformed';
  return { lengthBytes, source: { address: source, port: sourcePort }, destination: { address: destination, port: destinationPort } };
}

/** Below 0 when it is none. */
function port(text: string): number {
  const value = PORT.test(text) ? Number(text) : -1;
  return value <= 0xffff ? value : -1;
}

function ipv4(text: string): string | null {
  const value = ipv4Value(text);
  return value < 0 ? null : ipv4Text(value);
}

/** 0 to 2^32 - 1; below 0 when it is no address. */
function ipv4Value(text: string): number {
  const match = IPV4.exec(text);
  if (!match) return -1;
  const octets = match.slice(1).map(Number);
  return octets.every((octet) => octet <= 0xff) ? octets.reduce((value, octet) => value * 256 + octet, 0) : -1;
}

/** The canonical form of the text forms of RFC 4291 2.2. */
function ipv6(text: string): string | null {
  const dotted = text.slice(text.lastIndexOf(':') + 1);
  let hex = text;
  if (dotted.includes('.')) {
    const value = ipv4Value(dotted);
    if (value < 0) return null;
    hex = `${text.slice(0, -dotted.length)}${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;
  }
  const halves = hex.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const groups = halves.flat();
  const isShortened = halves.length === 2 && groups.length < IPV6_GROUPS;
  if (!isShortened && (halves.length !== 1 || groups.length !== IPV6_GROUPS)) return null;
  if (!groups.every((group) => IPV6_GROUP.test(group))) return null;
  const bytes = new Uint8Array(2 * IPV6_GROUPS);
  for (const [i, group] of groups.entries()) {
    const place = i < halves[0].length ? i : IPV6_GROUPS - groups.length + i;
    const value = Number.parseInt(group, 16);
    bytes[2 * place] = value >> 8;
    bytes[2 * place + 1] = value & 0xff;
  }
  return ipv6Text(bytes);
}

function u16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] << 8) | bytes[offset + 1];
}
