// Names of the numbers in TLS, as IANA has them. A number without a name stays visible as hex.
import { ALERTS } from './alerts.js';
import { CIPHER_SUITES } from './cipher-suites.js';
import { EXTENSION_TYPES } from './extension-types.js';
import { HANDSHAKE_TYPES } from './handshake-types.js';

/** RFC 6101, 2246, 4346, 5246, 8446. */
const VERSIONS: ReadonlyMap<number, string> = new Map([
  [0x0300, 'SSLv3'],
  [0x0301, 'TLSv1.0'],
  [0x0302, 'TLSv1.1'],
  [0x0303, 'TLSv1.2'],
  [0x0304, 'TLSv1.3'],
]);

/** `TLSv1.2`, or `0x7f1c` for a draft or what never was one. */
export function versionName(version: number): string {
  return VERSIONS.get(version) ?? hex(version, 4);
}

/** `TLS_AES_128_GCM_SHA256`, or `0x1a1a`. */
export function cipherSuiteName(cipherSuite: number): string {
  return CIPHER_SUITES.get(cipherSuite) ?? hex(cipherSuite, 4);
}

/** `close_notify`, or `0xff`. */
export function alertDescription(description: number): string {
  return ALERTS.get(description) ?? hex(description, 2);
}

/** `client_hello`, or `0xff`. */
export function handshakeTypeName(type: number): string {
  return HANDSHAKE_TYPES.get(type) ?? hex(type, 2);
}

/** `server_name`, or `0x1a1a`. */
export function extensionTypeName(type: number): string {
  return EXTENSION_TYPES.get(type) ?? hex(type, 4);
}

/** A value that clients send to keep servers tolerant of unknown ones (RFC 8701): 0x0a0a, 0x1a1a, … 0xfafa. */
export function isGrease(value: number): boolean {
  return (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff);
}

function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}
