import type { Rows } from '../bytes/rows.js';
import type { Endpoint } from '../model.js';
import { type Direction, ROW_INTS } from '../tcp/connections.js';
import { Fingerprints } from '../wire/client-fingerprint.js';
import type { RecordDecryptor } from './decryption.js';
import { Tls, TlsFlag, TlsSide } from './fields.js';

/** An alert before the last one of its direction. */
interface EarlierAlert {
  direction: Direction;
  frame: number;
  time: number;
  /** level << 8 | description; below 0 when it was protected and not decrypted. */
  alert: number;
  isDecrypted: boolean;
}

/** A SHA-256 of a ticket or PSK identity, as the words of a session identifier. */
export type Digest = Int32Array;

export interface IssuedTicket {
  digest: Digest;
  /** Seconds; 0: the server does not say. */
  lifetime: number;
}

export interface OfferedPsk {
  digest: Digest;
  /** Milliseconds, with ticket_age_add on it. */
  obfuscatedAge: number;
}

const DIGEST_WORDS = 8;
/** The age of a PSK comes after its digest. */
const PSK_WORDS = DIGEST_WORDS + 1;

/** An object and an array for each PSK would take ten times the memory. */
export function packPsks(psks: readonly OfferedPsk[]): Int32Array {
  const packed = new Int32Array(psks.length * PSK_WORDS);
  psks.forEach(({ digest, obfuscatedAge }, i) => {
    packed.set(digest, i * PSK_WORDS);
    packed[i * PSK_WORDS + DIGEST_WORDS] = obfuscatedAge;
  });
  return packed;
}

/** The digests are views of what is packed. */
export function unpackPsks(packed: Int32Array): OfferedPsk[] {
  return Array.from({ length: packed.length / PSK_WORDS }, (_, i) => ({
    digest: packed.subarray(i * PSK_WORDS, i * PSK_WORDS + DIGEST_WORDS),
    obfuscatedAge: packed[i * PSK_WORDS + DIGEST_WORDS] >>> 0,
  }));
}

/** What only some connections have. */
export interface Extras {
  alerts: EarlierAlert[];
  offeredTicket: Digest | null;
  /** Packed: there may be many. */
  offeredPsk: Int32Array | null;
  /** Index of the PSK that the server took; -1 for none. */
  selectedPsk: number;
  issuedTickets: IssuedTicket[];
  /** Kept until the ServerHello, where there are secrets for it. */
  clientRandom: Uint8Array | null;
  decryptor: RecordDecryptor | null;
  proxiedClient: Endpoint | null;
}

// The optimizer folds constants of the module itself, and loads imported ones for each packet.
const { TLS_FLAGS, CLIENT } = Tls;
const { RECORD_FLAGS } = TlsSide;

/** Clients whose fingerprint is taken in any case where not all are; of later ones it is that of one in so many. */
const FIRST_FINGERPRINTS = 1024;
const LATER_FINGERPRINTS = 64;

/** What TLS tells of each followed connection, in the rows of TCP. */
export class TlsConnections {
  readonly rows: Rows;
  readonly fingerprints = new Fingerprints();
  /** By the number of the row, up to the last one that had any: many captures have no ALPN. */
  readonly #serverNames: (string | null)[] = [];
  readonly #protocols: (string | null)[] = [];
  readonly #extras = new Map<number, Extras>();

  readonly #takesAllFingerprints: boolean;
  #hellos = 0;

  /**
   * @param rows those of the TCP connections
   * @param takesAllFingerprints of each client; else of the first ones, and of some later ones
   */
  constructor(rows: Rows, takesAllFingerprints: boolean) {
    this.rows = rows;
    this.#takesAllFingerprints = takesAllFingerprints;
  }

  /** Whether the fingerprint of one more ClientHello is to be taken. It costs more than all else that a hello is read for. */
  takesFingerprint(): boolean {
    return this.#takesAllFingerprints || ++this.#hellos <= FIRST_FINGERPRINTS || this.#hellos % LATER_FINGERPRINTS === 0;
  }

  /** Forgets what is kept beside the row. */
  clear(connection: number): void {
    const index = connection / ROW_INTS;
    if (index < this.#serverNames.length) this.#serverNames[index] = null;
    if (index < this.#protocols.length) this.#protocols[index] = null;
    if (this.#extras.size > 0) this.#extras.delete(connection);
  }

  isTls(connection: number): boolean {
    return this.has(connection, TlsFlag.TLS);
  }

  flags(connection: number): number {
    return this.rows.ints[connection + TLS_FLAGS];
  }

  has(connection: number, flag: number): boolean {
    return (this.rows.ints[connection + TLS_FLAGS] & flag) !== 0;
  }

  set(connection: number, flag: number): void {
    this.rows.ints[connection + TLS_FLAGS] |= flag;
  }

  sideFlags(side: number): number {
    return this.rows.ints[side + RECORD_FLAGS];
  }

  setSide(side: number, flag: number): void {
    this.rows.ints[side + RECORD_FLAGS] |= flag;
  }

  clearSide(side: number, flag: number): void {
    this.rows.ints[side + RECORD_FLAGS] &= ~flag;
  }

  /** Direction of the client's packets as far as the hellos tell. */
  client(connection: number): Direction | null {
    const client = this.rows.ints[connection + CLIENT];
    return client === 0 ? null : ((client - 1) as Direction);
  }

  serverName(connection: number): string | null {
    return this.#serverNames[connection / ROW_INTS] ?? null;
  }

  setServerName(connection: number, name: string): void {
    put(this.#serverNames, connection / ROW_INTS, name);
  }

  protocol(connection: number): string | null {
    return this.#protocols[connection / ROW_INTS] ?? null;
  }

  setProtocol(connection: number, name: string): void {
    put(this.#protocols, connection / ROW_INTS, name);
  }

  extras(connection: number): Extras | undefined {
    return this.#extras.size > 0 ? this.#extras.get(connection) : undefined;
  }

  extend(connection: number): Extras {
    let extras = this.#extras.get(connection);
    if (!extras) {
      extras = {
        alerts: [],
        offeredTicket: null,
        offeredPsk: null,
        selectedPsk: -1,
        issuedTickets: [],
        clientRandom: null,
        decryptor: null,
        proxiedClient: null,
      };
      this.#extras.set(connection, extras);
    }
    return extras;
  }
}

/** Without holes, which would make a slow array. */
function put(names: (string | null)[], index: number, name: string): void {
  while (names.length < index) names.push(null);
  names[index] = name;
}
