// Fingerprints of TLS clients: JA3 (github.com/salesforce/ja3) and JA4 for TLS over TCP (github.com/FoxIO-LLC/ja4,
// technical_details/JA4.md). Both leave out GREASE (RFC 8701).
import { md5 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { toHex } from '../bytes/hex.js';
import { MAX_FINGERPRINTS } from '../limits.js';
import { type OfferParts, offerPairs, offerParts, readOffer } from './client-offer.js';

export interface ClientFingerprint {
  /** MD5, 32 hex digits. */
  ja3: string;
  /** `t13d1516h2_8daaf6152771_e5627efa2ab1` */
  ja4: string;
}

export interface Ja3 {
  /** `771,49199-49195-255,0-11-10-13,29-23-24,0`: version, cipher suites, extensions, groups, point formats. */
  text: string;
  /** MD5 of the text, 32 hex digits. */
  digest: string;
}

/** JA3 of the ClientHello whose body (after the 4-byte header) is `bytes[start … end)`; null when that is none. */
export function ja3(bytes: Uint8Array, start: number, end: number): Ja3 | null {
  if (readOffer(bytes, start, end) === 0) return null;
  const text = ja3Text(offerParts(offerPairs));
  return { text, digest: toHex(md5(utf8ToBytes(text))) };
}

/** JA4 of the ClientHello whose body (after the 4-byte header) is `bytes[start … end)`; null when that is none. */
export function ja4(bytes: Uint8Array, start: number, end: number): string | null {
  return readOffer(bytes, start, end) === 0 ? null : ja4Text(offerParts(offerPairs));
}

/** Pairs of a hash and a number, at most half of them in use. */
const SLOTS = 2 * MAX_FINGERPRINTS;

/**
 * The fingerprints of many hellos. Those that differ in random, session_id, tickets, key shares, host name or GREASE share one,
 * and its digests are made when somebody asks for them.
 */
export class Fingerprints {
  /** Hellos that have no number because {@link MAX_FINGERPRINTS} others were there before. */
  unnumbered = 0;
  readonly #seed = (Math.random() * 0x7fffffff) | 0;
  /** The hash beside the number, so that foreign slots cost no look at their offer. */
  readonly #slots = new Int32Array(2 * SLOTS);
  /** The number that was given last: clients come back. */
  #last = 0;
  /** By number - 1. */
  readonly #offers: Int32Array[] = [];
  readonly #texts: ClientFingerprint[] = [];

  /** Fingerprints that have a number: 1 to `size`. */
  get size(): number {
    return this.#offers.length;
  }

  /**
   * The number of the fingerprint of the ClientHello whose body (after the 4-byte header) is `bytes[start … end)`; 0 when that is
   * none, or there are too many.
   */
  of(bytes: Uint8Array, start: number, end: number): number {
    const length = readOffer(bytes, start, end);
    if (length === 0) return 0;
    if (this.#last > 0 && isOffer(this.#offers[this.#last - 1], length)) return this.#last;
    const hash = this.#hash(length);
    const slots = this.#slots;
    for (let slot = hash & (SLOTS - 1); ; slot = (slot + 1) & (SLOTS - 1)) {
      const number = slots[slot * 2 + 1];
      if (number === 0) return this.#add(slot, hash, length);
      if (slots[slot * 2] === hash && isOffer(this.#offers[number - 1], length)) {
        this.#last = number;
        return number;
      }
    }
  }

  /** The fingerprint with a number that {@link of} gave; null for 0. */
  text(number: number): ClientFingerprint | null {
    const known = this.#texts[number - 1];
    if (known !== undefined) return known;
    const offer = this.#offers[number - 1];
    if (offer === undefined) return null;
    const parts = offerParts(offer);
    const text = { ja3: toHex(md5(utf8ToBytes(ja3Text(parts)))), ja4: ja4Text(parts) };
    this.#texts[number - 1] = text;
    return text;
  }

  /** Of the first `length` pairs, which are an even number. */
  #hash(length: number): number {
    // Two chains that do not wait for each other.
    let even = this.#seed ^ length;
    let odd = this.#seed;
    for (let i = 0; i < length; i += 2) {
      even = Math.imul(even ^ offerPairs[i], 0x2c1b3c6d);
      odd = Math.imul(odd ^ offerPairs[i + 1], 0x297a2d39);
      even ^= even >>> 15;
      odd ^= odd >>> 15;
    }
    return even ^ odd;
  }

  #add(slot: number, hash: number, length: number): number {
    if (this.#offers.length === MAX_FINGERPRINTS) {
      this.unnumbered++;
      return 0;
    }
    this.#slots[slot * 2] = hash;
    this.#slots[slot * 2 + 1] = this.#offers.push(offerPairs.slice(0, length));
    return this.#offers.length;
  }
}

/** Whether this is what was read last, which has `length` pairs; the first four tell their number. */
function isOffer(kept: Int32Array, length: number): boolean {
  for (let i = 0; i < length; i++) if (kept[i] !== offerPairs[i]) return false;
  return true;
}

function ja3Text({ legacyVersion, cipherSuites, extensionTypes, groups, pointFormats }: OfferParts): string {
  return [legacyVersion, ...[cipherSuites, extensionTypes, groups, pointFormats].map((list) => list.join('-'))].join(',');
}

const JA4_VERSIONS: ReadonlyMap<number, string> = new Map([
  [0x0002, 's2'],
  [0x0300, 's3'],
  [0x0301, '10'],
  [0x0302, '11'],
  [0x0303, '12'],
  [0x0304, '13'],
  [0xfeff, 'd1'],
  [0xfefd, 'd2'],
  [0xfefc, 'd3'],
]);

const SERVER_NAME = '0000';
const ALPN = '0010';

function ja4Text({ version, protocol, cipherSuites, extensionTypes, signatureAlgorithms }: OfferParts): string {
  const suites = Array.from(cipherSuites, hex);
  const types = Array.from(extensionTypes, hex);
  const head = `t${JA4_VERSIONS.get(version) ?? '00'}${types.includes(SERVER_NAME) ? 'd' : 'i'}${count(suites)}${count(types)}${protocol}`;
  const others = types.filter((type) => type !== SERVER_NAME && type !== ALPN).sort();
  const algorithms = signatureAlgorithms.length > 0 ? `_${Array.from(signatureAlgorithms, hex)}` : '';
  return `${head}_${shortDigest(`${suites.sort()}`)}_${shortDigest(`${others}${algorithms}`)}`;
}

/** `05`, or `99` for whatever is more. */
function count(list: readonly string[]): string {
  return `${Math.min(list.length, 99)}`.padStart(2, '0');
}

/** 12 hex digits of SHA-256; zeros for a list without members. */
function shortDigest(list: string): string {
  return list === '' ? '000000000000' : toHex(sha256(utf8ToBytes(list)), 0, 6);
}

function hex(value: number): string {
  return value.toString(16).padStart(4, '0');
}
