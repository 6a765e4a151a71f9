// Key logs: RFC 9850, before that the NSS key log format. A line is a label, a client random and a secret, both in hex.
import { fromHex, toHex } from '../bytes/hex.js';
import { Rows } from '../bytes/rows.js';
import { MAX_CLIENT_RANDOMS } from '../limits.js';

const RANDOM_BYTES = 32;
const MASTER_SECRET_BYTES = 48;
/** Traffic secrets are as long as a hash: SHA-256, SHA-384 (RFC 8446 7.1). */
const TRAFFIC_SECRET_BYTES: readonly number[] = [32, 48];
const MAX_SECRET_BYTES = 48;

/** Secrets that records are protected with. */
export const SecretKind = {
  /** Of TLS 1.2 and before. */
  MASTER: 0,
  /** The others are of TLS 1.3. */
  CLIENT_EARLY_TRAFFIC: 1,
  CLIENT_HANDSHAKE_TRAFFIC: 2,
  SERVER_HANDSHAKE_TRAFFIC: 3,
  CLIENT_APPLICATION_TRAFFIC: 4,
  SERVER_APPLICATION_TRAFFIC: 5,
} as const;
export type SecretKind = (typeof SecretKind)[keyof typeof SecretKind];

/** Those of later KeyUpdates, with _1 and so on or with _N as OpenSSL has it, follow from those with _0 (RFC 8446 7.2). */
const KINDS: ReadonlyMap<string, SecretKind> = new Map([
  ['CLIENT_RANDOM', SecretKind.MASTER],
  ['CLIENT_EARLY_TRAFFIC_SECRET', SecretKind.CLIENT_EARLY_TRAFFIC],
  ['CLIENT_HANDSHAKE_TRAFFIC_SECRET', SecretKind.CLIENT_HANDSHAKE_TRAFFIC],
  ['SERVER_HANDSHAKE_TRAFFIC_SECRET', SecretKind.SERVER_HANDSHAKE_TRAFFIC],
  ['CLIENT_TRAFFIC_SECRET_0', SecretKind.CLIENT_APPLICATION_TRAFFIC],
  ['SERVER_TRAFFIC_SECRET_0', SecretKind.SERVER_APPLICATION_TRAFFIC],
]);

/** What every line looks like, whatever its label; that of RSA has part of an encrypted secret instead of the client random. */
const LINE = /^([0-9A-Z_]+) ([0-9A-Fa-f]+) ([0-9A-Fa-f]+)\s*$/;
/** Known lines have less than 200 bytes, those with an ECHConfig some more. */
const MAX_LINE_BYTES = 4096;
const NEWLINE = 0x0a;
const COMMENT = 0x23;

/** A row: the length of each secret, 0 where it is unknown, then the secrets. */
const KIND_COUNT = Object.keys(SecretKind).length;
const SECRET_WORDS = MAX_SECRET_BYTES / 4;
const ROW_WORDS = KIND_COUNT * (1 + SECRET_WORDS);
/** 320 kB: most captures that may hold secrets hold none. */
const FIRST_ROWS = 1024;

/** Secrets by client random. Where a secret is given twice, the later one counts. */
export class KeyLog {
  readonly #limit: number;
  readonly #rows: Rows;
  /** By the client random, a byte in each character. */
  readonly #found = new Map<string, number>();
  readonly #random = Buffer.alloc(RANDOM_BYTES);
  /** Lines whose secret was kept. Comments, empty lines and secrets that protect no records are in none of the counts. */
  linesUsed = 0;
  /** Lines of another form, or with a client random or secret of a wrong length. */
  linesNotUnderstood = 0;
  /** Lines with a client random for which there was no room. */
  linesOverLimit = 0;

  /** @param limit client randoms that are kept */
  constructor(limit = MAX_CLIENT_RANDOMS) {
    this.#limit = limit;
    this.#rows = new Rows(ROW_WORDS, limit, Math.min(limit, FIRST_ROWS));
  }

  /** Client randoms with a secret. */
  get size(): number {
    return this.#found.size;
  }

  /** @param bytes a whole key log; the newline of its last line may be missing */
  add(bytes: Uint8Array): void {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let start = 0; start < text.length; ) {
      const newline = text.indexOf(NEWLINE, start);
      const end = newline < 0 ? text.length : newline;
      if (start < end && text[start] !== COMMENT) this.#addLine(text, start, end);
      start = end + 1;
    }
  }

  /** Whether there are secrets for the client random at `offset`. */
  knows(bytes: Uint8Array, offset: number): boolean {
    return this.find(bytes, offset) >= 0;
  }

  /** What to ask {@link secret} with, -1 where nothing is known of the client random at `offset`. */
  find(bytes: Uint8Array, offset: number): number {
    if (this.#found.size === 0 || offset < 0 || offset + RANDOM_BYTES > bytes.length) return -1;
    return this.#found.get(this.#key(bytes, offset)) ?? -1;
  }

  /** @returns a copy; null where it is unknown */
  secret(found: number, kind: SecretKind): Uint8Array | null {
    const length = found < 0 ? 0 : this.#rows.ints[found + kind];
    const at = secretAt(found, kind);
    return length === 0 ? null : this.#rows.bytes.slice(at, at + length);
  }

  /** The secrets of a client random (hex) as lines of a key log, without line ends. */
  linesOf(random: string): string[] {
    const bytes = fromHex(random);
    const found = bytes === null ? -1 : this.find(bytes, 0);
    return [...KINDS].flatMap(([label, kind]) => {
      const secret = this.secret(found, kind);
      return secret === null ? [] : [`${label} ${random} ${toHex(secret)}`];
    });
  }

  #addLine(text: Buffer, start: number, end: number): void {
    const line = end - start > MAX_LINE_BYTES ? null : text.toString('latin1', start, end);
    const parts = line === null ? null : LINE.exec(line);
    if (parts === null) {
      if (line === null || line.trim() !== '') this.linesNotUnderstood++;
      return;
    }
    const kind = KINDS.get(parts[1]);
    if (kind === undefined) return;
    const random = fromHex(parts[2]);
    const secret = fromHex(parts[3]);
    if (random?.length !== RANDOM_BYTES || secret === null || !isLength(kind, secret.length)) this.linesNotUnderstood++;
    else if (this.#keep(random, kind, secret)) this.linesUsed++;
    else this.linesOverLimit++;
  }

  #keep(random: Uint8Array, kind: SecretKind, secret: Uint8Array): boolean {
    const key = this.#key(random, 0);
    let row = this.#found.get(key);
    if (row === undefined) {
      if (this.#found.size >= this.#limit) return false;
      row = this.#rows.add();
      this.#found.set(key, row);
    }
    this.#rows.ints[row + kind] = secret.length;
    this.#rows.bytes.set(secret, secretAt(row, kind));
    return true;
  }

  #key(bytes: Uint8Array, offset: number): string {
    for (let i = 0; i < RANDOM_BYTES; i++) this.#random[i] = bytes[offset + i];
    return this.#random.toString('latin1');
  }
}

function secretAt(row: number, kind: SecretKind): number {
  return (row + KIND_COUNT + kind * SECRET_WORDS) * 4;
}

function isLength(kind: SecretKind, length: number): boolean {
  return kind === SecretKind.MASTER ? length === MASTER_SECRET_BYTES : TRAFFIC_SECRET_BYTES.includes(length);
}
