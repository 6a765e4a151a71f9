// The parts of a ClientHello that tell one TLS implementation from another: RFC 8446 4.1.2 and 4.2, RFC 8422 5.1, RFC 7301 3.1.
// Values that mean nothing by design (GREASE, RFC 8701) are left out everywhere.
import { isGrease } from './registry/names.js';

const RANDOM_BYTES = 32;
const MAX_SESSION_ID_BYTES = 32;
/** Where the session_id of a hello begins: after version, random and its length. */
const SESSION_ID = 2 + RANDOM_BYTES + 1;
const EXTENSION_HEADER_BYTES = 2 + 2;

const SUPPORTED_GROUPS = 10;
const EC_POINT_FORMATS = 11;
const SIGNATURE_ALGORITHMS = 13;
const ALPN = 16;
const SUPPORTED_VERSIONS = 43;

/** Where `values` has the version field of the hello, */
const LEGACY_VERSION = 0;
/** the highest of supported_versions, 0 for an empty list, and the version field of a hello without the extension, */
const VERSION = 1;
/** two ASCII characters for the first protocol name, see {@link protocolMark}, */
const PROTOCOL = 2;
/** and the lengths of the five lists, which follow each other in the same order. */
const CIPHER_SUITE_COUNT = 3;
const EXTENSION_COUNT = 4;
const GROUP_COUNT = 5;
const FORMAT_COUNT = 6;
const ALGORITHM_COUNT = 7;
const LISTS = 8;

/** `00` */
const NO_PROTOCOL = 0x3030;

/**
 * Values of all lists of one hello together. Every registered cipher suite, extension, group and signature algorithm at once are
 * about 550; a longer hello is not read.
 */
export const MAX_VALUES = 1024;

/** Head and lists of the hello that was read last: one buffer for all hellos, which the compiler can address directly. */
const values = new Uint16Array(LISTS + MAX_VALUES);

/** What {@link readOffer} read last, two values each: equal pairs are equal offers. Zeros fill the last two pairs. */
export const offerPairs = new Int32Array(values.buffer);

/** Offsets of the bodies of the extensions above, 0 where there is none. The last of two extensions of one type counts. */
const bodies = new Int32Array(SUPPORTED_VERSIONS + 1);

/**
 * Reads the body of a whole ClientHello (after the 4-byte header) to {@link offerPairs}.
 *
 * @returns the number of pairs, which is even; 0 when this is no ClientHello, or one with too many values
 */
export function readOffer(bytes: Uint8Array, start: number, end: number): number {
  let at = start + SESSION_ID;
  if (!(start >= 0 && at <= end && end <= bytes.length) || bytes[at - 1] > MAX_SESSION_ID_BYTES) return 0;
  at += bytes[at - 1];
  if (at + 2 > end) return 0;
  const suites = at + 2;
  at = suites + u16(bytes, at);
  if (at + 1 > end) return 0;
  const types = addValues(LISTS, bytes, suites, at);
  at += 1 + bytes[at]; // compression_methods
  if (types < 0) return 0;
  const groups = addTypes(types, bytes, at, end);
  if (groups < 0) return 0;
  const formats = addList(groups, bytes, bodies[SUPPORTED_GROUPS]);
  if (formats < 0) return 0;
  const algorithms = addFormats(formats, bytes, bodies[EC_POINT_FORMATS]);
  if (algorithms < 0) return 0;
  const length = addList(algorithms, bytes, bodies[SIGNATURE_ALGORITHMS]);
  const legacyVersion = u16(bytes, start);
  const version = bodies[SUPPORTED_VERSIONS] === 0 ? legacyVersion : highestVersion(bytes, bodies[SUPPORTED_VERSIONS]);
  const protocol = bodies[ALPN] === 0 ? NO_PROTOCOL : protocolMark(bytes, bodies[ALPN]);
  if (length < 0 || version < 0 || protocol < 0) return 0;
  values[LEGACY_VERSION] = legacyVersion;
  values[VERSION] = version;
  values[PROTOCOL] = protocol;
  values[CIPHER_SUITE_COUNT] = types - LISTS;
  values[EXTENSION_COUNT] = groups - types;
  values[GROUP_COUNT] = formats - groups;
  values[FORMAT_COUNT] = algorithms - formats;
  values[ALGORITHM_COUNT] = length - algorithms;
  let filled = length;
  while (filled % 4 !== 0) values[filled++] = 0;
  return filled / 2;
}

// Each function that adds to `values` begins at the index `length` and returns where the next one begins; -1 when the bytes make
// no list, or one too long. The body of an extension ends where the length before it says, and is absent when its offset is 0. What
// is too short may be read beyond its end, but then it also ends too late.

/** Adds the types of the extensions and finds the bodies that count. A hello may end before them (RFC 5246 7.4.1.2). */
function addTypes(length: number, bytes: Uint8Array, start: number, end: number): number {
  bodies[SUPPORTED_GROUPS] = 0;
  bodies[EC_POINT_FORMATS] = 0;
  bodies[SIGNATURE_ALGORITHMS] = 0;
  bodies[ALPN] = 0;
  bodies[SUPPORTED_VERSIONS] = 0;
  if (start === end) return length;
  let at = start + 2;
  if (at > end) return -1;
  const last = at + u16(bytes, start);
  if (last > end) return -1;
  let next = length;
  while (at < last) {
    const body = at + EXTENSION_HEADER_BYTES;
    const type = u16(bytes, at);
    at = body + u16(bytes, at + 2);
    if (at > last) return -1;
    if (type <= SUPPORTED_VERSIONS) bodies[type] = body;
    else if (isGrease(type)) continue;
    if (next === values.length) return -1;
    values[next++] = type;
  }
  return next;
}

function addValues(length: number, bytes: Uint8Array, at: number, end: number): number {
  if ((end - at) % 2 !== 0 || (end - at) / 2 > values.length - length) return -1;
  let next = length;
  for (let from = at; from < end; from += 2) {
    const high = bytes[from];
    const low = bytes[from + 1];
    const value = (high << 8) | low;
    // The bytes of GREASE are equal, those of few others are.
    if (high !== low || !isGrease(value)) values[next++] = value;
  }
  return next;
}

function addList(length: number, bytes: Uint8Array, body: number): number {
  if (body === 0) return length;
  const end = body + u16(bytes, body - 2);
  const last = body + 2 + u16(bytes, body);
  return last > end ? -1 : addValues(length, bytes, body + 2, last);
}

/** Point formats have a byte each. */
function addFormats(length: number, bytes: Uint8Array, body: number): number {
  if (body === 0) return length;
  const end = body + u16(bytes, body - 2);
  const last = body + 1 + bytes[body];
  if (body === end || last > end || last - body - 1 > values.length - length) return -1;
  let next = length;
  for (let at = body + 1; at < last; at++) values[next++] = bytes[at];
  return next;
}

/** The parts of an offer, all lists in the order of the hello. */
export interface OfferParts {
  legacyVersion: number;
  /** The highest version offered; 0 for an empty supported_versions. */
  version: number;
  /** Two characters for the first protocol name. */
  protocol: string;
  cipherSuites: Uint16Array;
  extensionTypes: Uint16Array;
  groups: Uint16Array;
  pointFormats: Uint16Array;
  signatureAlgorithms: Uint16Array;
}

/** @param pairs {@link offerPairs}, or a copy of as many as were read */
export function offerParts(pairs: Int32Array): OfferParts {
  const offer = new Uint16Array(pairs.buffer);
  let at = LISTS;
  const list = (count: number): Uint16Array => {
    const from = at;
    at += offer[count];
    return offer.subarray(from, at);
  };
  return {
    legacyVersion: offer[LEGACY_VERSION],
    version: offer[VERSION],
    protocol: String.fromCharCode(offer[PROTOCOL] >> 8, offer[PROTOCOL] & 0xff),
    cipherSuites: list(CIPHER_SUITE_COUNT),
    extensionTypes: list(EXTENSION_COUNT),
    groups: list(GROUP_COUNT),
    pointFormats: list(FORMAT_COUNT),
    signatureAlgorithms: list(ALGORITHM_COUNT),
  };
}

/** supported_versions: the highest, 0 for none, -1 for a damaged list. */
function highestVersion(bytes: Uint8Array, body: number): number {
  const end = body + u16(bytes, body - 2);
  const last = body + 1 + bytes[body];
  if (last > end || bytes[body] % 2 !== 0) return -1;
  let highest = 0;
  for (let at = body + 1; at < last; at += 2) {
    const version = u16(bytes, at);
    if (version > highest && !isGrease(version)) highest = version;
  }
  return highest;
}

/**
 * application_layer_protocol_negotiation: the first and the last character of the first name, as ASCII in the high and the low
 * byte. When one of them is neither digit nor letter, the first and the last digit of the name in hex (JA4.md, "ALPN Extension
 * Value"). `00` without a name, or when it is empty; -1 for a damaged list.
 */
function protocolMark(bytes: Uint8Array, body: number): number {
  const end = body + u16(bytes, body - 2);
  const last = body + 2 + u16(bytes, body);
  if (last > end) return -1;
  for (let at = body + 2; at < last; ) {
    const name = at + 1;
    at = name + bytes[at];
    if (at > last) return -1;
    if (at - name === 2 && isGrease(u16(bytes, name))) continue;
    if (at === name) return NO_PROTOCOL;
    const first = bytes[name];
    const final = bytes[at - 1];
    if (isAlphanumeric(first) && isAlphanumeric(final)) return (first << 8) | final;
    return (hexDigit(first >> 4) << 8) | hexDigit(final & 15);
  }
  return NO_PROTOCOL;
}

function isAlphanumeric(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}

function hexDigit(value: number): number {
  return value < 10 ? 0x30 + value : 0x57 + value;
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}
