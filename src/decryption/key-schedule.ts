import { createHmac } from 'node:crypto';
import type { Hash } from './cipher-suites.js';

/** The PRF of TLS 1.2 (RFC 5246 5). */
export function prf(hash: Hash, secret: Uint8Array, label: string, seed: Uint8Array, length: number): Uint8Array {
  const labelAndSeed = Buffer.concat([Buffer.from(label, 'latin1'), seed]);
  const output = Buffer.alloc(length);
  let a: Uint8Array = labelAndSeed;
  for (let at = 0; at < length; ) {
    a = createHmac(hash, secret).update(a).digest();
    at += createHmac(hash, secret).update(a).update(labelAndSeed).digest().copy(output, at);
  }
  return output;
}

/** HKDF-Expand-Label with an empty context (RFC 8446 7.1). @param length at most that of the hash */
export function expandLabel(hash: Hash, secret: Uint8Array, label: string, length: number): Uint8Array {
  const name = Buffer.from(`tls13 ${label}`, 'latin1');
  // HkdfLabel, and the 1 that HKDF-Expand ends its first block with (RFC 5869 2.3).
  const info = Buffer.concat([Buffer.of(length >> 8, length & 0xff, name.length), name, Buffer.of(0, 1)]);
  return createHmac(hash, secret).update(info).digest().subarray(0, length);
}
