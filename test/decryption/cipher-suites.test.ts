import { describe, expect, it } from 'vitest';
import { type CipherSuite, tls12Suite, tls13Suite } from '../../src/decryption/cipher-suites.js';
import { CIPHER_SUITES } from '../../src/wire/registry/cipher-suites.js';

const AES = /_WITH_AES_(128|256)_(GCM|CCM|CCM_8|CBC)(?:_SHA(256|384)?)?$/;
const CHACHA20 = /_WITH_CHACHA20_POLY1305_SHA256$/;

/** What a name of the registry says about the protection of records in TLS 1.2; null for ciphers that are not supported. */
function named(name: string): CipherSuite | null {
  if (CHACHA20.test(name)) return aead('chacha20-poly1305', 32, 16, 0, 'sha256');
  const [, bits, mode, sha] = AES.exec(name) ?? [];
  if (bits === undefined) return null;
  const keyBytes = Number(bits) / 8;
  const hash = sha === '384' ? 'sha384' : 'sha256';
  if (mode === 'GCM') return aead(`aes-${bits}-gcm`, keyBytes, 16, 8, hash);
  if (mode !== 'CBC') return aead(`aes-${bits}-ccm`, keyBytes, mode === 'CCM_8' ? 8 : 16, 8, hash);
  const mac = sha === undefined ? 'sha1' : hash;
  return {
    kind: 'cbc',
    cipher: `aes-${bits}-cbc`,
    keyBytes,
    mac,
    macBytes: { sha1: 20, sha256: 32, sha384: 48 }[mac],
    hash,
  } as CipherSuite;
}

function aead(cipher: string, keyBytes: number, tagBytes: number, explicitNonceBytes: number, hash: string): CipherSuite {
  return { kind: 'aead', cipher, keyBytes, tagBytes, explicitNonceBytes, hash } as CipherSuite;
}

describe('cipher suites', () => {
  it('of TLS 1.2 are all that the registry names, as it names them', () => {
    const numbers = Array.from({ length: 0x10000 }, (_, number) => number);
    for (const number of numbers) expect([number, tls12Suite(number)]).toEqual([number, named(CIPHER_SUITES.get(number) ?? '')]);
    expect(numbers.filter((number) => tls12Suite(number) !== null)).toHaveLength(125);
  });

  it.each([
    ['TLS_AES_128_GCM_SHA256', 0x1301, aead('aes-128-gcm', 16, 16, 8, 'sha256')],
    ['TLS_AES_256_GCM_SHA384', 0x1302, aead('aes-256-gcm', 32, 16, 8, 'sha384')],
    ['TLS_CHACHA20_POLY1305_SHA256', 0x1303, aead('chacha20-poly1305', 32, 16, 0, 'sha256')],
    ['TLS_AES_128_CCM_SHA256', 0x1304, aead('aes-128-ccm', 16, 16, 8, 'sha256')],
    ['TLS_AES_128_CCM_8_SHA256', 0x1305, aead('aes-128-ccm', 16, 8, 8, 'sha256')],
  ])('of TLS 1.3: %s', (name, number, suite) => {
    expect(CIPHER_SUITES.get(number)).toBe(name);
    expect(tls13Suite(number)).toEqual(suite);
    expect(tls12Suite(number)).toBeNull();
  });

  it('belong to one version', () => {
    expect(tls13Suite(0xc02f)).toBeNull();
    expect(tls13Suite(0x1306)).toBeNull();
    expect(tls12Suite(-1)).toBeNull();
  });
});
