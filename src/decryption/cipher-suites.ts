// Cipher suites whose records can be opened, by what protects them. The numbers are those of the IANA registry; the key exchange and the
// authentication of a suite make no difference here.
import { getCipherInfo } from 'node:crypto';

export type Hash = 'sha256' | 'sha384';

export interface AeadSuite {
  kind: 'aead';
  /** As node:crypto calls it. */
  cipher: 'aes-128-gcm' | 'aes-256-gcm' | 'aes-128-ccm' | 'aes-256-ccm' | 'chacha20-poly1305';
  keyBytes: number;
  tagBytes: number;
  /** Of the nonce, in records of TLS 1.2 (RFC 5288 3, RFC 6655 3); 0 where the nonce follows from the sequence number. */
  explicitNonceBytes: number;
  /** Of the PRF in TLS 1.2 (RFC 5246 5), of HKDF in TLS 1.3 (RFC 8446 7.1). */
  hash: Hash;
}

export interface CbcSuite {
  kind: 'cbc';
  cipher: 'aes-128-cbc' | 'aes-256-cbc';
  keyBytes: number;
  mac: 'sha1' | Hash;
  macBytes: number;
  hash: Hash;
}

export type CipherSuite = AeadSuite | CbcSuite;

/** Of AEAD nonces (RFC 5116 4). */
export const NONCE_BYTES = 12;

const MAC_BYTES = { sha1: 20, sha256: 32, sha384: 48 } as const;

const SUITES: ReadonlyMap<number, CipherSuite> = new Map(
  [
    // RFC 5288, 5289, 5487, 8442; RFC 8492 (ECCPWD)
    of(gcm(128, 'sha256'), [0x9c, 0x9e, 0xa0, 0xa2, 0xa4, 0xa6, 0xa8, 0xaa, 0xac]),
    of(gcm(128, 'sha256'), [0xc02b, 0xc02d, 0xc02f, 0xc031, 0xc0b0, 0xd001]),
    of(gcm(256, 'sha384'), [0x9d, 0x9f, 0xa1, 0xa3, 0xa5, 0xa7, 0xa9, 0xab, 0xad]),
    of(gcm(256, 'sha384'), [0xc02c, 0xc02e, 0xc030, 0xc032, 0xc0b1, 0xd002]),
    // RFC 6655, 7251, 8442; RFC 8492 (ECCPWD)
    of(ccm(128, 16, 'sha256'), [0xc09c, 0xc09e, 0xc0a4, 0xc0a6, 0xc0ac, 0xc0b2, 0xd005]),
    of(ccm(256, 16, 'sha256'), [0xc09d, 0xc09f, 0xc0a5, 0xc0a7, 0xc0ad]),
    of(ccm(256, 16, 'sha384'), [0xc0b3]),
    of(ccm(128, 8, 'sha256'), [0xc0a0, 0xc0a2, 0xc0a8, 0xc0aa, 0xc0ae, 0xd003]),
    of(ccm(256, 8, 'sha256'), [0xc0a1, 0xc0a3, 0xc0a9, 0xc0ab, 0xc0af]),
    // RFC 7905
    of(chaCha20(), [0xcca8, 0xcca9, 0xccaa, 0xccab, 0xccac, 0xccad, 0xccae]),
    // RFC 5246 A.5, 4279, 5489, 5054 (SRP), 8422
    of(cbc(128, 'sha1'), [0x2f, 0x30, 0x31, 0x32, 0x33, 0x34, 0x8c, 0x90, 0x94]),
    of(cbc(128, 'sha1'), [0xc004, 0xc009, 0xc00e, 0xc013, 0xc018, 0xc01d, 0xc01e, 0xc01f, 0xc035]),
    of(cbc(256, 'sha1'), [0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x8d, 0x91, 0x95]),
    of(cbc(256, 'sha1'), [0xc005, 0xc00a, 0xc00f, 0xc014, 0xc019, 0xc020, 0xc021, 0xc022, 0xc036]),
    // RFC 5246 A.5, 5289, 5487, 5489
    of(cbc(128, 'sha256'), [0x3c, 0x3e, 0x3f, 0x40, 0x67, 0x6c, 0xae, 0xb2, 0xb6]),
    of(cbc(128, 'sha256'), [0xc023, 0xc025, 0xc027, 0xc029, 0xc037]),
    of(cbc(256, 'sha256'), [0x3d, 0x68, 0x69, 0x6a, 0x6b, 0x6d]),
    of(cbc(256, 'sha384'), [0xaf, 0xb3, 0xb7, 0xc024, 0xc026, 0xc028, 0xc02a, 0xc038]),
  ].flat(),
);

/** RFC 8446 B.4 */
const TLS13_SUITES: ReadonlyMap<number, AeadSuite> = new Map([
  [0x1301, gcm(128, 'sha256')],
  [0x1302, gcm(256, 'sha384')],
  [0x1303, chaCha20()],
  [0x1304, ccm(128, 16, 'sha256')],
  [0x1305, ccm(128, 8, 'sha256')],
]);

/** Null for other suites, and for those that this build of Node cannot do. */
export function tls12Suite(number: number): CipherSuite | null {
  return available(SUITES.get(number));
}

/** The same for TLS 1.3. */
export function tls13Suite(number: number): AeadSuite | null {
  return available(TLS13_SUITES.get(number));
}

function available<Suite extends CipherSuite>(suite: Suite | undefined): Suite | null {
  return suite === undefined || getCipherInfo(suite.cipher) === undefined ? null : suite;
}

function of(suite: CipherSuite, numbers: readonly number[]): [number, CipherSuite][] {
  return numbers.map((number) => [number, suite]);
}

function gcm(keyBits: 128 | 256, hash: Hash): AeadSuite {
  return { kind: 'aead', cipher: `aes-${keyBits}-gcm`, keyBytes: keyBits / 8, tagBytes: 16, explicitNonceBytes: 8, hash };
}

function ccm(keyBits: 128 | 256, tagBytes: number, hash: Hash): AeadSuite {
  return { kind: 'aead', cipher: `aes-${keyBits}-ccm`, keyBytes: keyBits / 8, tagBytes, explicitNonceBytes: 8, hash };
}

function chaCha20(): AeadSuite {
  return { kind: 'aead', cipher: 'chacha20-poly1305', keyBytes: 32, tagBytes: 16, explicitNonceBytes: 0, hash: 'sha256' };
}

/** Suites whose MAC is HMAC-SHA-1 have the PRF of TLS 1.2 itself, with SHA-256 (RFC 5246 5). */
function cbc(keyBits: 128 | 256, mac: CbcSuite['mac']): CbcSuite {
  const hash = mac === 'sha384' ? 'sha384' : 'sha256';
  return { kind: 'cbc', cipher: `aes-${keyBits}-cbc`, keyBytes: keyBits / 8, mac, macBytes: MAC_BYTES[mac], hash };
}
