// Protected records of TLS 1.3: RFC 8446 5.2, 5.3, 5.4, 7.2, 7.3.
import type { Plain, RecordDecryptor } from '../tls/decryption.js';
import { ContentType } from '../wire/tls-record.js';
import { openAead, xorNonce } from './aead.js';
import { type AeadSuite, NONCE_BYTES } from './cipher-suites.js';
import type { Failures } from './failures.js';
import { expandLabel } from './key-schedule.js';
import { MAX_AHEAD, MAX_CLIENT_MESSAGE_BYTES, MAX_FAILURES, MAX_SERVER_MESSAGE_BYTES } from './limits.js';
import { MessageEnds } from './message-ends.js';

/** Types of handshake messages behind which a side has other keys (RFC 8446 4), as bits. */
const END_OF_EARLY_DATA = 1 << 5;
const FINISHED = 1 << 20;
const KEY_UPDATE = 1 << 24;

/** Null where the key log does not have it. */
export interface TrafficSecrets {
  clientEarly: Uint8Array | null;
  clientHandshake: Uint8Array | null;
  serverHandshake: Uint8Array | null;
  clientApplication: Uint8Array | null;
  serverApplication: Uint8Array | null;
}

export class Tls13Decryptor implements RecordDecryptor {
  readonly #client: SideState;
  readonly #server: SideState;
  readonly #failures: Failures;

  constructor(suite: AeadSuite, secrets: TrafficSecrets, failures: Failures) {
    this.#client = new SideState([
      ...epoch(suite, secrets.clientEarly, END_OF_EARLY_DATA),
      ...epoch(suite, secrets.clientHandshake, FINISHED),
      ...epoch(suite, secrets.clientApplication, KEY_UPDATE),
    ]);
    this.#server = new SideState([
      ...epoch(suite, secrets.serverHandshake, FINISHED),
      ...epoch(suite, secrets.serverApplication, KEY_UPDATE),
    ]);
    this.#failures = failures;
  }

  wants(fromClient: boolean, contentType: number, lengthBytes: number): boolean {
    const side = this.#side(fromClient);
    if (contentType !== ContentType.APPLICATION_DATA || !side.mayOpen) return false;
    return !side.isFinished || lengthBytes <= (fromClient ? MAX_CLIENT_MESSAGE_BYTES : MAX_SERVER_MESSAGE_BYTES);
  }

  skip(fromClient: boolean): void {
    this.#side(fromClient).skip();
  }

  decrypt(fromClient: boolean, contentType: number, version: number, body: Uint8Array): Plain | null {
    const side = this.#side(fromClient);
    const early = side.isEarly;
    const header = Uint8Array.of(contentType, version >> 8, version, body.length >> 8, body.length);
    const inner = contentType === ContentType.APPLICATION_DATA ? side.open(header, body) : null;
    const plain = inner === null ? null : withoutPadding(inner);
    if (plain === null) {
      // Of early data, what the server rejected is no failure, nor what came before the ServerHello and was not told of.
      if (!early) this.#failures.failedRecords++;
      return null;
    }
    if (plain.contentType === ContentType.HANDSHAKE) side.follow(plain.bytes);
    return plain;
  }

  #side(fromClient: boolean): SideState {
    return fromClient ? this.#client : this.#server;
  }
}

/** A time with one traffic secret: early data, handshake, and application data between two KeyUpdates. */
class Epoch {
  readonly #suite: AeadSuite;
  readonly #secret: Uint8Array;
  readonly #key: Uint8Array;
  readonly #iv: Uint8Array;
  /** What ends it: a bit of {@link MessageEnds}. */
  readonly lastMessage: number;

  constructor(suite: AeadSuite, secret: Uint8Array, lastMessage: number) {
    this.#suite = suite;
    this.#secret = secret;
    this.#key = expandLabel(suite.hash, secret, 'key', suite.keyBytes);
    this.#iv = expandLabel(suite.hash, secret, 'iv', NONCE_BYTES);
    this.lastMessage = lastMessage;
  }

  open(sequence: number, header: Uint8Array, body: Uint8Array): Uint8Array | null {
    return openAead(this.#suite, this.#key, xorNonce(this.#iv, sequence), header, body);
  }

  /** The epoch behind a KeyUpdate (RFC 8446 7.2). */
  next(): Epoch {
    return new Epoch(this.#suite, expandLabel(this.#suite.hash, this.#secret, 'traffic upd', this.#secret.length), KEY_UPDATE);
  }
}

/** One side: its epochs, and where in the present one it is. */
class SideState {
  /** The present one, then those that may follow; one behind a KeyUpdate not before it is needed. */
  readonly #epochs: Epoch[];
  readonly #messages = new MessageEnds();
  /** That of the next record in the present epoch. */
  #sequence = 0;
  /** Whether it is known that the present epoch has begun: until then, records that were skipped or failed may be those of another. */
  #begun = false;
  /** In a row. */
  #failures = 0;

  constructor(epochs: Epoch[]) {
    this.#epochs = epochs;
  }

  get mayOpen(): boolean {
    return this.#epochs.length > 0 && this.#failures < MAX_FAILURES;
  }

  get isEarly(): boolean {
    return this.#epochs[0]?.lastMessage === END_OF_EARLY_DATA;
  }

  /** Whether the handshake is behind this side. */
  get isFinished(): boolean {
    return this.#epochs.length === 0 || this.#epochs[0].lastMessage === KEY_UPDATE;
  }

  skip(): void {
    this.#sequence++;
    this.#messages.clear();
  }

  /** The TLSInnerPlaintext of a record. */
  open(header: Uint8Array, body: Uint8Array): Uint8Array | null {
    const inner = this.mayOpen ? this.#search(header, body) : null;
    if (inner !== null) {
      this.#failures = 0;
      return inner;
    }
    this.#failures++;
    if (this.#begun) this.#sequence++;
    this.#messages.clear();
    return null;
  }

  /** Handshake messages that this side sent. */
  follow(bytes: Uint8Array): void {
    if ((this.#messages.read(bytes) & this.#epochs[0].lastMessage) === 0) return;
    this.#prepareNext();
    this.#enter(1, 0);
  }

  #search(header: Uint8Array, body: Uint8Array): Uint8Array | null {
    const present = this.#try(0, this.#sequence, header, body);
    if (present !== null) return present;
    this.#prepareNext();
    // Most of what was skipped may already belong to a later epoch: a snap length cuts long records only.
    const later = this.isFinished ? 0 : this.#sequence - MAX_AHEAD;
    for (let i = 1; i < this.#epochs.length; i++) {
      const inner = this.#try(i, 0, header, body) ?? (later > 0 ? this.#try(i, later, header, body) : null);
      if (inner !== null) return inner;
    }
    return this.#begun || this.#sequence === 0 ? null : this.#try(0, 0, header, body);
  }

  #try(index: number, first: number, header: Uint8Array, body: Uint8Array): Uint8Array | null {
    for (let sequence = first; sequence <= first + MAX_AHEAD; sequence++) {
      const inner = this.#epochs[index].open(sequence, header, body);
      if (inner === null) continue;
      this.#enter(index, sequence + 1);
      return inner;
    }
    return null;
  }

  /** @param sequence that of the next record */
  #enter(index: number, sequence: number): void {
    if (index > 0 || sequence !== this.#sequence + 1) this.#messages.clear();
    this.#epochs.splice(0, index);
    this.#sequence = sequence;
    this.#begun = true;
  }

  #prepareNext(): void {
    const [present, following] = this.#epochs;
    if (following === undefined && present.lastMessage === KEY_UPDATE) this.#epochs.push(present.next());
  }
}

function epoch(suite: AeadSuite, secret: Uint8Array | null, lastMessage: number): Epoch[] {
  return secret === null ? [] : [new Epoch(suite, secret, lastMessage)];
}

/** TLSInnerPlaintext (RFC 8446 5.4): the content, its type, zeros. Null where there are only zeros. */
function withoutPadding(inner: Uint8Array): Plain | null {
  let end = inner.length - 1;
  while (end >= 0 && inner[end] === 0) end--;
  return end < 0 ? null : { contentType: inner[end], bytes: inner.subarray(0, end) };
}
