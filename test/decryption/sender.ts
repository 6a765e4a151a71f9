// Protects records, so that tests can send what no library does.
import { type CipherCCMTypes, createCipheriv, createHmac } from 'node:crypto';
import type { AeadSuite, CbcSuite, CipherSuite } from '../../src/decryption/cipher-suites.js';
import { tls12Suite, tls13Suite } from '../../src/decryption/cipher-suites.js';
import { KeyLogDecryption } from '../../src/decryption/decryption.js';
import { KeyLog } from '../../src/decryption/key-log.js';
import { expandLabel, prf } from '../../src/decryption/key-schedule.js';
import type { Plain, RecordDecryptor } from '../../src/tls/decryption.js';
import { ContentType } from '../../src/wire/tls-record.js';

export const CLIENT_RANDOM = Buffer.alloc(32, 0xc1);
export const SERVER_RANDOM = Buffer.alloc(32, 0x5e);
export const TLS_1_2 = 0x0303;
const CLOSE_NOTIFY = Buffer.of(1, 0);

/** A handshake message of zeros. */
export function message(type: number, length: number): Buffer {
  const bytes = Buffer.alloc(4 + length);
  bytes.writeUInt32BE(type * 2 ** 24 + length);
  return bytes;
}

/** Opens a connection with the secrets given: text of a key log without its client randoms. */
export function opened(version: number, cipherSuite: number, secrets: Record<string, Uint8Array>, encryptThenMac = false) {
  const log = new KeyLog();
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  for (const [label, secret] of Object.entries(secrets)) log.add(Buffer.from(`${label} ${hex(CLIENT_RANDOM)} ${hex(secret)}\n`));
  const decryption = new KeyLogDecryption(log);
  const negotiated = { version, cipherSuite, clientRandom: CLIENT_RANDOM, serverRandom: SERVER_RANDOM, encryptThenMac };
  const decryptor = decryption.open(negotiated);
  if (decryptor === null) throw new Error('not opened');
  return { decryption, decryptor };
}

/** The content type, then the plaintext in hex. */
export function text(plain: Plain | null): string | null {
  return plain === null ? null : `${plain.contentType} ${Buffer.from(plain.bytes).toString('hex')}`;
}

/** One side in one epoch of TLS 1.3. */
export class Sender13 {
  readonly suite: AeadSuite;
  readonly secret: Uint8Array;
  sequence = 0;

  constructor(cipherSuite: number, secret: Uint8Array) {
    const suite = tls13Suite(cipherSuite);
    if (suite === null) throw new Error('unknown cipher suite');
    this.suite = suite;
    this.secret = secret;
  }

  /** The body of a record. */
  seal(contentType: number, content: Uint8Array, paddingBytes = 0): Buffer {
    return this.sealInner(Buffer.concat([content, Buffer.of(contentType), Buffer.alloc(paddingBytes)]));
  }

  sealInner(inner: Uint8Array): Buffer {
    const { suite, secret } = this;
    const length = inner.length + suite.tagBytes;
    const nonce = Buffer.from(expandLabel(suite.hash, secret, 'iv', 12));
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ this.sequence++) >>> 0, 8);
    const header = Buffer.of(23, 3, 3, length >> 8, length & 0xff);
    return sealed(suite, expandLabel(suite.hash, secret, 'key', suite.keyBytes), nonce, header, inner);
  }

  handshake(...messages: Uint8Array[]): Buffer {
    return this.seal(ContentType.HANDSHAKE, Buffer.concat(messages));
  }

  data(length = 10): Buffer {
    return this.seal(ContentType.APPLICATION_DATA, Buffer.alloc(length, 0xda));
  }

  alert(): Buffer {
    return this.seal(ContentType.ALERT, CLOSE_NOTIFY);
  }

  /** What sends behind a KeyUpdate. */
  updated(): Sender13 {
    const { hash } = this.suite;
    const secret = expandLabel(hash, this.secret, 'traffic upd', this.secret.length);
    const sender = Object.create(Sender13.prototype) as Sender13;
    return Object.assign(sender, { suite: this.suite, secret, sequence: 0 });
  }
}

/** The client's side of TLS 1.2. */
export class Sender12 {
  readonly suite: CipherSuite;
  readonly #keys: { macKey: Uint8Array; key: Uint8Array; iv: Uint8Array };
  readonly #encryptThenMac: boolean;
  sequence = 0;

  constructor(cipherSuite: number, masterSecret: Uint8Array, encryptThenMac = false) {
    const suite = tls12Suite(cipherSuite);
    if (suite === null) throw new Error('unknown cipher suite');
    this.suite = suite;
    this.#encryptThenMac = encryptThenMac;
    const mac = suite.kind === 'cbc' ? suite.macBytes : 0;
    const block = prf(suite.hash, masterSecret, 'key expansion', Buffer.concat([SERVER_RANDOM, CLIENT_RANDOM]), 200);
    const iv = 2 * mac + 2 * suite.keyBytes;
    this.#keys = {
      macKey: block.subarray(0, mac),
      key: block.subarray(2 * mac, 2 * mac + suite.keyBytes),
      iv: block.subarray(iv, iv + 12),
    };
  }

  alert(): Buffer {
    return this.seal(ContentType.ALERT, CLOSE_NOTIFY);
  }

  /** The body of a record. @param padding with CBC; as short as possible unless it is given */
  seal(contentType: number, content: Uint8Array, padding?: Uint8Array): Buffer {
    return this.suite.kind === 'aead'
      ? this.#sealAead(this.suite, contentType, content)
      : this.#sealCbc(this.suite, contentType, content, padding);
  }

  #sealAead(suite: AeadSuite, contentType: number, content: Uint8Array): Buffer {
    const header = this.#header(contentType, content.length);
    const { key, iv } = this.#keys;
    if (suite.explicitNonceBytes > 0) {
      const explicit = Buffer.alloc(8, 0xe8);
      return Buffer.concat([explicit, sealed(suite, key, Buffer.concat([iv.subarray(0, 4), explicit]), header, content)]);
    }
    const nonce = Buffer.from(iv);
    for (let i = 0; i < 8; i++) nonce[4 + i] ^= header[i];
    return sealed(suite, key, nonce, header, content);
  }

  #sealCbc(suite: CbcSuite, contentType: number, content: Uint8Array, given?: Uint8Array): Buffer {
    const iv = Buffer.alloc(16, 0x1f);
    const mac = (...parts: Uint8Array[]) => {
      const length = parts.reduce((sum, { length }) => sum + length, 0);
      const hmac = createHmac(suite.mac, this.#keys.macKey).update(this.#header(contentType, length));
      for (const part of parts) hmac.update(part);
      return hmac.digest();
    };
    const encrypted = (...parts: Uint8Array[]) => {
      const length = parts.reduce((sum, { length }) => sum + length, 0);
      const padding = given ?? Buffer.alloc(16 - (length % 16), 15 - (length % 16));
      const cipher = createCipheriv(suite.cipher, this.#keys.key, iv).setAutoPadding(false);
      return cipher.update(Buffer.concat([...parts, padding]));
    };
    if (!this.#encryptThenMac) return Buffer.concat([iv, encrypted(content, mac(content))]);
    const ciphertext = encrypted(content);
    return Buffer.concat([iv, ciphertext, mac(iv, ciphertext)]);
  }

  #header(contentType: number, length: number): Buffer {
    const header = Buffer.alloc(13);
    header.writeUInt32BE(this.sequence++, 4);
    header[8] = contentType;
    header.writeUInt16BE(TLS_1_2, 9);
    header.writeUInt16BE(length, 11);
    return header;
  }
}

function sealed(suite: AeadSuite, key: Uint8Array, nonce: Uint8Array, additionalData: Uint8Array, plain: Uint8Array): Buffer {
  const cipher = createCipheriv(suite.cipher as CipherCCMTypes, key, nonce, { authTagLength: suite.tagBytes });
  cipher.setAAD(additionalData, { plaintextLength: plain.length });
  const ciphertext = cipher.update(plain);
  cipher.final();
  return Buffer.concat([ciphertext, cipher.getAuthTag()]);
}

/** Gives a record of one side to a decryptor. */
export function give(decryptor: RecordDecryptor, fromClient: boolean, body: Uint8Array, contentType = 23): string | null {
  return text(decryptor.decrypt(fromClient, contentType, TLS_1_2, body));
}
