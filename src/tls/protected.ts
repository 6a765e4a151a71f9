// Protected records of connections whose secrets are known, put together to be decrypted.
import type { Limits } from '../limits.js';
import { directionOf, type Moment } from '../tcp/connections.js';
import type { Warnings } from '../warnings.js';
import type { TlsConnections } from './connections.js';
import type { Plain, RecordDecryptor } from './decryption.js';
import { TlsSide } from './fields.js';

/** On a content type: the record is collected. */
export const COLLECTED = 0x100;

interface Collected {
  version: number;
  body: Uint8Array;
  length: number;
}

export class ProtectedReader {
  readonly #tls: TlsConnections;
  readonly #now: Moment;
  readonly #limits: Limits;
  readonly #warnings: Warnings;
  /** Records being put together, by side. */
  readonly #records = new Map<number, Collected>();
  #held = 0;

  constructor(tls: TlsConnections, now: Moment, limits: Limits, warnings: Warnings) {
    this.#tls = tls;
    this.#now = now;
    this.#limits = limits;
    this.#warnings = warnings;
  }

  /** A protected record begins. Returns its content type, with {@link COLLECTED} where it is to be decrypted. */
  begin(connection: number, side: number, contentType: number, version: number, lengthBytes: number): number {
    const decryptor = this.#decryptor(connection);
    if (!decryptor) return contentType;
    const fromClient = this.#isClient(connection, side);
    if (!decryptor.wants(fromClient, contentType, lengthBytes)) {
      decryptor.skip(fromClient);
      return contentType;
    }
    if (this.#held + lengthBytes > this.#limits.totalHandshakeBytes) {
      this.#warnings.add('decryption-limit', 'too many protected records at a time: some were not decrypted', this.#now.frame);
      decryptor.skip(fromClient);
      return contentType;
    }
    this.#held += lengthBytes;
    this.#records.set(side, { version, body: new Uint8Array(lengthBytes), length: 0 });
    return contentType | COLLECTED;
  }

  collect(side: number, bytes: Uint8Array, start: number, end: number): void {
    const record = this.#records.get(side);
    if (!record) return;
    record.body.set(bytes.subarray(start, end), record.length);
    record.length += end - start;
  }

  /** The record is over. Null where it could not be decrypted: then it is what its size says. */
  end(connection: number, side: number): Plain | null {
    const record = this.#records.get(side);
    if (!record) return null;
    this.#forget(side);
    const decryptor = this.#decryptor(connection);
    const fromClient = this.#isClient(connection, side);
    if (record.length < record.body.length) {
      decryptor?.skip(fromClient);
      return null;
    }
    const contentType = this.#tls.rows.ints[side + TlsSide.CONTENT_TYPE] & ~COLLECTED;
    return decryptor?.decrypt(fromClient, contentType, record.version, record.body) ?? null;
  }

  /** Length of the record that is being put together. */
  lengthOf(side: number): number {
    return this.#records.get(side)?.body.length ?? 0;
  }

  /** No more of it will come. */
  drop(side: number): void {
    if (this.#records.size > 0) this.#forget(side);
  }

  #forget(side: number): void {
    this.#held -= this.#records.get(side)?.body.length ?? 0;
    this.#records.delete(side);
  }

  #decryptor(connection: number): RecordDecryptor | null {
    return this.#tls.extras(connection)?.decryptor ?? null;
  }

  #isClient(connection: number, side: number): boolean {
    return this.#tls.client(connection) === directionOf(connection, side);
  }
}
