// The ClientHello and ServerHello extensions that tell how sessions are resumed and who is meant: RFC 8446 4.2, RFC 6066 3,
// RFC 7301 3.1, RFC 5077 3.2, RFC 7627 5.1.
import { Cursor } from '../bytes/cursor.js';

export const ExtensionType = {
  SERVER_NAME: 0,
  ALPN: 16,
  EXTENDED_MASTER_SECRET: 23,
  SESSION_TICKET: 35,
  PRE_SHARED_KEY: 41,
  SUPPORTED_VERSIONS: 43,
} as const;

const HOST_NAME = 0;
/** Identities looked at in one ClientHello; clients send one or two. */
const MAX_PSK_IDENTITIES = 64;

/** A range of bytes inside the message that is being read; `length` is -1 where there is none. */
export interface Range {
  start: number;
  length: number;
}

/** server_name: the first entry of type host_name (RFC 6066 3). */
export function readServerName(body: Cursor, into: Range): void {
  const list = body.take(body.u16());
  while (list.ok && list.left > 0) {
    const type = list.u8();
    const length = list.u16();
    const start = list.at;
    list.skip(length);
    if (!list.ok) return;
    if (type === HOST_NAME) {
      into.start = start;
      into.length = length;
      return;
    }
  }
}

/** application_layer_protocol_negotiation: the first name, which is the chosen one in a ServerHello (RFC 7301 3.1). */
export function readFirstProtocol(body: Cursor, into: Range): void {
  const list = body.take(body.u16());
  const length = list.u8();
  const start = list.at;
  list.skip(length);
  if (!list.ok || length === 0) return;
  into.start = start;
  into.length = length;
}

/** supported_versions of a ClientHello: whether TLS 1.3, one of its drafts (0x7fxx) or experiments is among them. */
export function offersTls13(body: Cursor): boolean {
  const list = body.take(body.u8());
  while (list.ok && list.left >= 2) {
    const version = list.u16();
    if (isTls13(version)) return true;
  }
  return false;
}

/** TLS 1.3, its drafts (0x7f00 and up: RFC 8446 drafts; 0x7exx: experiments) and Facebook's 0xfb1a. */
export function isTls13(version: number): boolean {
  return version === 0x0304 || version >>> 8 === 0x7f || version >>> 8 === 0x7e || version === 0xfb1a;
}

/** pre_shared_key of a ClientHello: the identities, at most {@link MAX_PSK_IDENTITIES} (RFC 8446 4.2.11). */
export function readPskIdentities(body: Cursor): Range[] {
  const list = body.take(body.u16());
  const identities: Range[] = [];
  while (list.ok && list.left > 0 && identities.length < MAX_PSK_IDENTITIES) {
    const length = list.u16();
    const start = list.at;
    list.skip(length);
    list.skip(4); // obfuscated_ticket_age
    if (list.ok) identities.push({ start, length });
  }
  return identities;
}
