import { type CipherCCMTypes, createDecipheriv } from 'node:crypto';
import { type AeadSuite, NONCE_BYTES } from './cipher-suites.js';

/** Of a record, by its header. */
const MAX_LENGTH = 0xffff;

/**
 * The plaintext of a record; null when it does not authenticate.
 *
 * @param sealed ciphertext and tag
 */
export function openAead(
  suite: AeadSuite,
  key: Uint8Array,
  nonce: Uint8Array,
  additionalData: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | null {
  const length = sealed.length - suite.tagBytes;
  if (length < 0 || length > MAX_LENGTH) return null;
  // All of these ciphers take the options that CCM insists on.
  const decipher = createDecipheriv(suite.cipher as CipherCCMTypes, key, nonce, { authTagLength: suite.tagBytes });
  decipher.setAuthTag(sealed.subarray(length));
  decipher.setAAD(additionalData, { plaintextLength: length });
  const plain = decipher.update(sealed.subarray(0, length));
  try {
    decipher.final();
  } catch {
    return null;
  }
  return plain;
}

/** The nonce of a record: the sequence number in its last 8 bytes, xored with `iv` (RFC 7905 2, RFC 8446 5.3). */
export function xorNonce(iv: Uint8Array, sequence: number): Uint8Array {
  const nonce = Buffer.alloc(NONCE_BYTES);
  writeSequence(nonce, NONCE_BYTES - 8, sequence);
  for (let i = 0; i < NONCE_BYTES; i++) nonce[i] ^= iv[i];
  return nonce;
}

/** A sequence number, 64 bits on the wire; nobody counts further than a double does. */
export function writeSequence(bytes: Buffer, at: number, sequence: number): void {
  bytes.writeUInt32BE(Math.floor(sequence / 2 ** 32), at);
  bytes.writeUInt32BE(sequence >>> 0, at + 4);
}
