// Protected records of TLS 1.2: RFC 5246 6.2.3 and 6.3, encrypt-then-MAC: RFC 7366.
import { createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import type { Plain, RecordDecryptor } from '../tls/decryption.js';
import { ContentType } from '../wire/tls-record.js';
import { openAead, writeSequence, xorNonce } from './aead.js';
import { type AeadSuite, type CbcSuite, type CipherSuite, NONCE_BYTES } from './cipher-suites.js';
import type { Failures } from './failures.js';
import { prf } from './key-schedule.js';
import { MAX_AHEAD, MAX_FAILURES } from './limits.js';

const BLOCK_BYTES = 16;

/** What one side protects its records with. */
interface Keys {
  macKey: Uint8Array;
  key: Uint8Array;
  /** The implicit part of nonces; empty with CBC, whose records begin with their IV. */
  iv: Uint8Array;
}

/** The header of a record, but for the length, and the record. */
interface Protected {
  contentType: number;
  version: number;
  body: Uint8Array;
}

type Open = (keys: Keys, sequence: number, record: Protected) => Uint8Array | null;

interface SideState {
  keys: Keys;
  /** That of the next record. */
  sequence: number;
  /** In a row. */
  failures: number;
}

export class Tls12Decryptor implements RecordDecryptor {
  readonly #client: SideState;
  readonly #server: SideState;
  readonly #open: Open;
  readonly #failures: Failures;

  constructor(
    suite: CipherSuite,
    masterSecret: Uint8Array,
    clientRandom: Uint8Array,
    serverRandom: Uint8Array,
    encryptThenMac: boolean,
    failures: Failures,
  ) {
    const [client, server] = deriveKeys(suite, masterSecret, clientRandom, serverRandom);
    this.#client = { keys: client, sequence: 0, failures: 0 };
    this.#server = { keys: server, sequence: 0, failures: 0 };
    this.#open = opener(suite, encryptThenMac);
    this.#failures = failures;
  }

  wants(fromClient: boolean, contentType: number): boolean {
    if (contentType !== ContentType.HANDSHAKE && contentType !== ContentType.ALERT) return false;
    return this.#side(fromClient).failures < MAX_FAILURES;
  }

  skip(fromClient: boolean): void {
    this.#side(fromClient).sequence++;
  }

  decrypt(fromClient: boolean, contentType: number, version: number, body: Uint8Array): Plain | null {
    const side = this.#side(fromClient);
    const bytes = this.#search(side, { contentType, version, body });
    if (bytes === null) {
      side.sequence++;
      side.failures++;
      this.#failures.failedRecords++;
      return null;
    }
    side.failures = 0;
    return { contentType, bytes };
  }

  #search(side: SideState, record: Protected): Uint8Array | null {
    if (side.failures >= MAX_FAILURES) return null;
    for (let ahead = 0; ahead <= MAX_AHEAD; ahead++) {
      const bytes = this.#open(side.keys, side.sequence + ahead, record);
      if (bytes === null) continue;
      side.sequence += ahead + 1;
      return bytes;
    }
    return null;
  }

  #side(fromClient: boolean): SideState {
    return fromClient ? this.#client : this.#server;
  }
}

/** The key block (RFC 5246 6.3): those of the client, those of the server. */
function deriveKeys(suite: CipherSuite, masterSecret: Uint8Array, clientRandom: Uint8Array, serverRandom: Uint8Array): [Keys, Keys] {
  const macBytes = suite.kind === 'cbc' ? suite.macBytes : 0;
  const ivBytes = suite.kind === 'cbc' ? 0 : NONCE_BYTES - suite.explicitNonceBytes;
  const lengths = [macBytes, macBytes, suite.keyBytes, suite.keyBytes, ivBytes, ivBytes];
  const total = lengths.reduce((sum, length) => sum + length);
  const block = prf(suite.hash, masterSecret, 'key expansion', Buffer.concat([serverRandom, clientRandom]), total);
  let at = 0;
  const [clientMac, serverMac, clientKey, serverKey, clientIv, serverIv] = lengths.map((length) => {
    at += length;
    return block.subarray(at - length, at);
  });
  return [
    { macKey: clientMac, key: clientKey, iv: clientIv },
    { macKey: serverMac, key: serverKey, iv: serverIv },
  ];
}

function opener(suite: CipherSuite, encryptThenMac: boolean): Open {
  if (suite.kind === 'aead') return (keys, sequence, record) => openAeadRecord(suite, keys, sequence, record);
  if (encryptThenMac) return (keys, sequence, record) => openEncryptThenMac(suite, keys, sequence, record);
  return (keys, sequence, record) => openMacThenEncrypt(suite, keys, sequence, record);
}

/** GenericAEADCipher (RFC 5246 6.2.3.3) */
function openAeadRecord(suite: AeadSuite, keys: Keys, sequence: number, record: Protected): Uint8Array | null {
  const { body } = record;
  const explicit = suite.explicitNonceBytes;
  const length = body.length - explicit - suite.tagBytes;
  if (length < 0) return null;
  const nonce = explicit === 0 ? xorNonce(keys.iv, sequence) : Buffer.concat([keys.iv, body.subarray(0, explicit)]);
  return openAead(suite, keys.key, nonce, pseudoHeader(sequence, record, length), body.subarray(explicit));
}

/** GenericBlockCipher (RFC 5246 6.2.3.2): the MAC is of the plaintext, before the padding. */
function openMacThenEncrypt(suite: CbcSuite, keys: Keys, sequence: number, record: Protected): Uint8Array | null {
  const padded = decryptCbc(suite, keys.key, record.body);
  if (padded === null) return null;
  const content = withoutPadding(padded);
  if (content === null || content.length < suite.macBytes) return null;
  const end = content.length - suite.macBytes;
  const bytes = content.subarray(0, end);
  return hasMac(suite, keys, pseudoHeader(sequence, record, end), bytes, content.subarray(end)) ? bytes : null;
}

/** RFC 7366 3: the MAC is of IV and ciphertext, and follows them. */
function openEncryptThenMac(suite: CbcSuite, keys: Keys, sequence: number, record: Protected): Uint8Array | null {
  const end = record.body.length - suite.macBytes;
  if (end < 0) return null;
  const encrypted = record.body.subarray(0, end);
  if (!hasMac(suite, keys, pseudoHeader(sequence, record, end), encrypted, record.body.subarray(end))) return null;
  const padded = decryptCbc(suite, keys.key, encrypted);
  return padded === null ? null : withoutPadding(padded);
}

/** @param encrypted the IV and whole blocks, at least one */
function decryptCbc(suite: CbcSuite, key: Uint8Array, encrypted: Uint8Array): Uint8Array | null {
  if (encrypted.length < 2 * BLOCK_BYTES || encrypted.length % BLOCK_BYTES !== 0) return null;
  const decipher = createDecipheriv(suite.cipher, key, encrypted.subarray(0, BLOCK_BYTES)).setAutoPadding(false);
  return decipher.update(encrypted.subarray(BLOCK_BYTES));
}

/** Every byte of the padding is its length, and so is the byte behind it. */
function withoutPadding(padded: Uint8Array): Uint8Array | null {
  const padding = padded[padded.length - 1];
  const end = padded.length - padding - 1;
  if (end < 0) return null;
  for (let at = end; at < padded.length; at++) if (padded[at] !== padding) return null;
  return padded.subarray(0, end);
}

function hasMac(suite: CbcSuite, keys: Keys, header: Uint8Array, bytes: Uint8Array, mac: Uint8Array): boolean {
  return timingSafeEqual(createHmac(suite.mac, keys.macKey).update(header).update(bytes).digest(), mac);
}

/** What is authenticated together with the contents: seq_num, type, version, length. */
function pseudoHeader(sequence: number, { contentType, version }: Protected, length: number): Uint8Array {
  const header = Buffer.alloc(13);
  writeSequence(header, 0, sequence);
  header.set([contentType, version >> 8, version, length >> 8, length], 8);
  return header;
}
