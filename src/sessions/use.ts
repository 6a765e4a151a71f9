import type { Rows } from '../bytes/rows.js';
import type { CloseState } from '../model.js';

/** What a connection was to a session. */
export type Role = 'issued' | 'resumed' | 'declined' | 'unanswered';

/** Place of a state in the packed closes. */
const STATES: readonly CloseState[] = ['open', 'unknown', 'clean', 'aborted', 'reset-race', 'unclean'];
const ENDS = [null, 'fin', 'rst'] as const;

/** Doubles of a row, at half its number. */
export const UseTime = { ANSWER: 0, ENDS: 1 } as const;

/** Integers of a row. */
export const Field = {
  STREAM: 6,
  CLIENT_HELLO: 7,
  SERVER_HELLO: 8,
  /** From the ClientHello to the ServerHello, microseconds. */
  HELLO_LEAD: 9,
  CLIENT_ADDRESS: 10,
  PORT_AND_FLAGS: 11,
  /** Of the client, of the server << 8, and the cipher suite << 16. */
  CLOSES: 12,
  END_FRAMES: 13,
  OFFERED: 15,
  ISSUED: 16,
  NEXT_OF_OFFERED: 17,
  NEXT_OF_ISSUED: 18,
  NAMES: 19,
} as const;
export const USE_INTS = 20;

/** Bits of {@link Field}.PORT_AND_FLAGS, below the port. */
export const UseFlag = {
  RESUMED: 1,
  ANSWERED: 2,
  COMPLETED: 4,
  FATAL: 8,
  AMBIGUOUS: 16,
  UNCERTAIN: 32,
  CLIENT_EMS: 64,
  SERVER_EMS: 128,
  SERVER_FIRST: 256,
  HELLO_CUT: 512,
  SUPERSEDED: 1024,
} as const;

/** How one side of a {@link Use} closed. */
export class UseClose {
  readonly #use: Use;
  readonly #side: 0 | 1;

  constructor(use: Use, side: 0 | 1) {
    this.#use = use;
    this.#side = side;
  }

  get state(): CloseState {
    return STATES[this.#packed & 15];
  }

  get end(): 'fin' | 'rst' | null {
    return ENDS[this.#packed >>> 4];
  }

  /** 0 where there is no end. */
  get frame(): number {
    return this.#use.int(Field.END_FRAMES + this.#side);
  }

  get time(): number {
    return this.#use.float(UseTime.ENDS + this.#side);
  }

  get #packed(): number {
    return (this.#use.int(Field.CLOSES) >>> (8 * this.#side)) & 0xff;
  }
}

/** One connection, as far as the sessions need it: a view of its row, which may be moved to another one. */
export class Use {
  readonly clientClose = new UseClose(this, 0);
  readonly serverClose = new UseClose(this, 1);
  readonly #rows: Rows;
  #row = 0;
  #role: Role = 'issued';
  /** That it issued the session is inferred from who offered it when. */
  isInferred = false;
  /** And other connections fit as well. */
  isAmbiguous = false;

  constructor(rows: Rows) {
    this.#rows = rows;
  }

  /** Looks at another row from now on. */
  move(row: number, session: number): void {
    this.#row = row;
    this.isInferred = this.isAmbiguous = false;
    const { ints } = this.#rows;
    const flags = ints[row + Field.PORT_AND_FLAGS];
    if (ints[row + Field.OFFERED] !== session + 1) this.#role = 'issued';
    else if (flags & UseFlag.RESUMED) this.#role = 'resumed';
    else this.#role = flags & UseFlag.ANSWERED ? 'declined' : 'unanswered';
  }

  int(field: number): number {
    return this.#rows.ints[this.#row + field];
  }

  float(field: number): number {
    return this.#rows.floats[(this.#row >> 1) + field];
  }

  get row(): number {
    return this.#row;
  }

  get role(): Role {
    return this.#role;
  }

  get stream(): number {
    return this.int(Field.STREAM);
  }

  get clientHello(): number {
    return this.int(Field.CLIENT_HELLO);
  }

  /** Frame of the ServerHello; null where the server did not answer. */
  get serverHello(): number | null {
    return this.int(Field.SERVER_HELLO) || null;
  }

  get helloTime(): number {
    return this.answerTime - this.int(Field.HELLO_LEAD) / 1e6;
  }

  /** Time of the ServerHello, or of the ClientHello where there is none. */
  get answerTime(): number {
    return this.float(UseTime.ANSWER);
  }

  /** Frame of the ServerHello, or of the ClientHello where there is none. */
  get answerFrame(): number {
    return this.int(Field.SERVER_HELLO) || this.int(Field.CLIENT_HELLO);
  }

  get clientAddress(): number {
    return this.int(Field.CLIENT_ADDRESS);
  }

  get clientPort(): number {
    return this.int(Field.PORT_AND_FLAGS) >>> 16;
  }

  /** The server gave the first sign of closing. */
  get serverFirst(): boolean {
    return this.#has(UseFlag.SERVER_FIRST);
  }

  /** The handshake ran to its end. */
  get completed(): boolean {
    return this.#has(UseFlag.COMPLETED);
  }

  /** A fatal alert in clear. */
  get fatalAlert(): boolean {
    return this.#has(UseFlag.FATAL);
  }

  /** A protected alert of the server that came first: close_notify or fatal. */
  get ambiguousAlert(): boolean {
    return this.#has(UseFlag.AMBIGUOUS);
  }

  /** The session ID may be no offer: it is padding, or stands beside a ticket that the capture cut off. */
  get isUncertain(): boolean {
    return this.#has(UseFlag.UNCERTAIN);
  }

  /** Time of the last packet where the client gave no end, else of that end. */
  get lastSeen(): number {
    return this.float(UseTime.ENDS);
  }

  /** Numbers of texts, equal for equal texts; 0 where there is none. */
  get version(): number {
    return this.int(Field.NAMES) & 0xff;
  }

  /** As negotiated; 0 where there is no ServerHello. */
  get cipherSuite(): number {
    return this.int(Field.CLOSES) >>> 16;
  }

  get serverName(): number {
    return this.int(Field.NAMES) >>> 8;
  }

  /** The extensions of the ClientHello are not known. */
  get isHelloCut(): boolean {
    return this.#has(UseFlag.HELLO_CUT);
  }

  /** The ticket that it offers was replaced by a newer one of the same session. */
  get isSuperseded(): boolean {
    return this.#has(UseFlag.SUPERSEDED);
  }

  get clientEms(): boolean {
    return this.#has(UseFlag.CLIENT_EMS);
  }

  get serverEms(): boolean {
    return this.#has(UseFlag.SERVER_EMS);
  }

  /** Session that this connection issued, -1 for none. */
  get issued(): number {
    return this.int(Field.ISSUED) - 1;
  }

  #has(flag: number): boolean {
    return (this.int(Field.PORT_AND_FLAGS) & flag) !== 0;
  }
}
