import type { Decryption } from '../tls/decryption.js';
import type { WarningCode } from '../warning-codes.js';
import type { Warnings } from '../warnings.js';
import { KeyLogDecryption } from './decryption.js';
import { KeyLog } from './key-log.js';

/** Type of a Decryption Secrets Block of pcapng that holds a TLS key log (`TLSK`). */
export const TLS_KEY_LOG = 0x544c534b;

/** All secrets of one analysis, and what came of them. */
export class Secrets {
  readonly #log = new KeyLog();
  readonly #decryption = new KeyLogDecryption(this.#log);
  #isGiven = false;

  get decryption(): Decryption {
    return this.#decryption;
  }

  /** @param keyLog a whole key log */
  add(keyLog: Uint8Array): void {
    this.#isGiven = true;
    this.#log.add(keyLog);
  }

  /** A Decryption Secrets Block of pcapng; other types than key logs of TLS are left alone. */
  addBlock(type: number, bytes: Uint8Array): void {
    if (type === TLS_KEY_LOG) this.add(bytes);
  }

  /** The secrets of a client random (hex) as lines of a key log, without line ends. */
  linesOf(random: string): string[] {
    return this.#log.linesOf(random);
  }

  /** Tells what did not work. */
  report(warnings: Warnings): void {
    if (!this.#isGiven) return;
    const { linesNotUnderstood, linesOverLimit, linesUsed } = this.#log;
    const { connections, unsupported, failedRecords } = this.#decryption;
    const add = (code: WarningCode, message: string, count: number) => {
      if (count > 0) warnings.add(code, message, null, '', count);
    };
    add('key-log-line', 'lines of the key log are no key log lines, and were skipped', linesNotUnderstood);
    add('key-log-limit', 'more secrets than are kept: later ones were left out', linesOverLimit);
    if (linesUsed === 0) add('key-log-empty', 'the key log holds no secret that can be used: is it empty, or compressed?', 1);
    else if (connections === 0 && unsupported === 0)
      add('key-log-unused', 'no connection of the capture has a secret in the key log: it may belong to another capture', 1);
    add(
      'decryption-unsupported',
      'connections with a secret were not decrypted: their version or cipher suite is not supported',
      unsupported,
    );
    add(
      'decryption-failed',
      'records could not be decrypted although there is a secret: a wrong one, damage, or records that the capture lacks',
      failedRecords,
    );
  }
}
