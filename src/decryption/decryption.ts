import type { Decryption, Negotiated, RecordDecryptor } from '../tls/decryption.js';
import { tls12Suite, tls13Suite } from './cipher-suites.js';
import type { Failures } from './failures.js';
import { type KeyLog, SecretKind } from './key-log.js';
import { Tls12Decryptor } from './tls12.js';
import { Tls13Decryptor } from './tls13.js';

const TLS_1_2 = 0x0303;
const TLS_1_3 = 0x0304;

/** Decrypts with the secrets of key logs. */
export class KeyLogDecryption implements Decryption, Failures {
  readonly #log: KeyLog;
  /** Connections with secrets for what they negotiated. */
  connections = 0;
  /** Connections with secrets whose version or cipher suite is not supported. */
  unsupported = 0;
  /** Records that could not be decrypted: another key, damage, or a lost count. */
  failedRecords = 0;

  constructor(log: KeyLog) {
    this.#log = log;
  }

  knows(bytes: Uint8Array, offset: number): boolean {
    return this.#log.knows(bytes, offset);
  }

  open(negotiated: Negotiated): RecordDecryptor | null {
    const found = this.#log.find(negotiated.clientRandom, 0);
    if (found < 0) return null;
    const { version } = negotiated;
    if (version === TLS_1_2) return this.#openTls12(negotiated, found);
    if (version === TLS_1_3) return this.#openTls13(negotiated.cipherSuite, found);
    this.unsupported++;
    return null;
  }

  #openTls12({ cipherSuite, clientRandom, serverRandom, encryptThenMac }: Negotiated, found: number): RecordDecryptor | null {
    const master = this.#log.secret(found, SecretKind.MASTER);
    if (master === null) return null;
    const suite = tls12Suite(cipherSuite);
    if (suite === null) {
      this.unsupported++;
      return null;
    }
    this.connections++;
    return new Tls12Decryptor(suite, master, clientRandom, serverRandom, encryptThenMac, this);
  }

  #openTls13(cipherSuite: number, found: number): RecordDecryptor | null {
    const secret = (kind: SecretKind) => this.#log.secret(found, kind);
    const secrets = {
      clientEarly: secret(SecretKind.CLIENT_EARLY_TRAFFIC),
      clientHandshake: secret(SecretKind.CLIENT_HANDSHAKE_TRAFFIC),
      serverHandshake: secret(SecretKind.SERVER_HANDSHAKE_TRAFFIC),
      clientApplication: secret(SecretKind.CLIENT_APPLICATION_TRAFFIC),
      serverApplication: secret(SecretKind.SERVER_APPLICATION_TRAFFIC),
    };
    if (Object.values(secrets).every((one) => one === null)) return null;
    const suite = tls13Suite(cipherSuite);
    if (suite === null) {
      this.unsupported++;
      return null;
    }
    this.connections++;
    return new Tls13Decryptor(suite, secrets, this);
  }
}
