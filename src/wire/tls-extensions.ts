// The ClientHello and ServerHello extensions that tell how sessions are resumed and who is meant: RFC 8446 4.2, RFC 6066 3,
// RFC 7301 3.1, RFC 5077 3.2, RFC 7627 5.1.
import type { Cursor } from '../bytes/cursor.js';

export const ExtensionType = {
  SERVER_NAME: 0,
  ALPN: 16,
  ENCRYPT_THEN_MAC: 22,
  EXTENDED_MASTER_SECRET: 23,
  SESSION_TICKET: 35,
  PRE_SHARED_KEY: 41,
  EARLY_DATA: 42,
  SUPPORTED_VERSIONS: 43,
  PSK_KEY_EXCHANGE_MODES: 45,
} as const;

const HOST_NAME = 0;

/** A range of bytes inside the message that is being read; `length` is -1 where there is none. */
export interface Range {
  start: number;
  length: number;
}

/** server_name: the first entry of type host_name (RFC 6066 3). */
export function readServerName(body: Cursor, into: Range): void {
  body.narrow(body.u16());
  while (body.left > 0) {
    const type = body.u8();
    const length = body.u16();
    const start = body.at;
    body.skip(length);
    if (!body.ok) return;
    if (type === HOST_NAME) {
      into.start = start;
      into.length = length;
      return;
    }
  }
}

/** application_layer_protocol_negotiation: the first name, which is the chosen one in a ServerHello (RFC 7301 3.1). */
export function readFirstProtocol(body: Cursor, into: Range): void {
  body.narrow(body.u16());
  const length = body.u8();
  const start = body.at;
  body.skip(length);
  if (!body.ok || length === 0) return;
  into.start = start;
  into.length = length;
}

/** supported_versions of a ClientHello: whether TLS 1.3, one of its drafts or experiments is among them. */
export function offersTls13(body: Cursor): boolean {
  body.narrow(body.u8());
  while (body.left > 0) if (isTls13(body.u16())) return true;
  return false;
}

/** TLS 1.3, its drafts (0x7f00 and up), experiments with its ServerHello (0x7exx) and Facebook's 0xfb1a. */
export function isTls13(version: number): boolean {
  return version === 0x0304 || version >>> 8 === 0x7f || version >>> 8 === 0x7e || version === 0xfb1a;
}

/** A PSK identity, and its age in milliseconds with ticket_age_add on it (RFC 8446 4.2.11.1), 0 to 2^32 - 1. */
export interface PskIdentity extends Range {
  obfuscatedAge: number;
}

/** pre_shared_key of a ClientHello: the identities, at most {@link MAX_PSK_IDENTITIES} (RFC 8446 4.2.11). */
export function readPskIdentities(body: Cursor): PskIdentity[] {
  body.narrow(body.u16());
  const identities: PskIdentity[] = [];
  while (body.left > 0) {
    const length = body.u16();
    const start = body.at;
    body.skip(length);
    const obfuscatedAge = body.u32();
    if (body.ok) identities.push({ start, length, obfuscatedAge });
  }
  return identities;
}

/** psk_key_exchange_modes of a ClientHello: a bit for each mode below 32, psk_ke is 1 and psk_dhe_ke 2 (RFC 8446 4.2.9). */
export function readPskModes(body: Cursor): number {
  body.narrow(body.u8());
  let modes = 0;
  while (body.left > 0) {
    const mode = body.u8();
    if (body.ok && mode < 32) modes |= 1 << mode;
  }
  return modes;
}
