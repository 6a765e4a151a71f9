import type { CloseState } from '../model.js';
import { ADDRESS_BITS, Field, UseFlag, type UseRows } from './use-rows.js';

/** What a connection was to a session. */
export type Role = 'issued' | 'resumed' | 'declined' | 'unanswered';

/** Place of a state in the packed closes. */
const STATES: readonly CloseState[] = ['open', 'unknown', 'clean', 'aborted', 'reset-race', 'unclean'];
const ENDS = [null, 'fin', 'rst'] as const;

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

  /** 0 where there is no end. */
  get time(): number {
    return this.frame > 0 ? this.#use.endTime(this.#side) : 0;
  }

  get #packed(): number {
    return (this.#use.int(Field.CLOSES) >>> (8 * this.#side)) & 0xff;
  }
}

/** One connection, as far as the sessions need it: a view of its row, which may be moved to another one. */
export class Use {
  readonly clientClose = new UseClose(this, 0);
  readonly serverClose = new UseClose(this, 1);
  readonly #rows: UseRows;
  #row = 0;
  #role: Role = 'issued';
  /** That it issued the session is inferred from who offered it when. */
  isInferred = false;
  /** And other connections fit as well. */
  isAmbiguous = false;

  constructor(rows: UseRows) {
    this.#rows = rows;
  }

  /** Looks at another row from now on. */
  move(row: number, session: number): void {
    this.#row = row;
    this.isInferred = this.isAmbiguous = false;
    const flags = this.int(Field.PORT_AND_FLAGS);
    if (!this.#rows.isOffer(row, session)) this.#role = 'issued';
    else if (flags & UseFlag.RESUMED) this.#role = 'resumed';
    else this.#role = flags & UseFlag.ANSWERED ? 'declined' : 'unanswered';
  }

  int(field: number): number {
    return this.#rows.ints[this.#row + field];
  }

  /** Of the client's end, or the last packet where there is none; of the server's end. */
  endTime(side: 0 | 1): number {
    return this.#rows.endTime(this.#row, side);
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
    return this.#rows.answerTime(this.#row);
  }

  /** Frame of the ServerHello, or of the ClientHello where there is none. */
  get answerFrame(): number {
    return this.int(Field.SERVER_HELLO) || this.int(Field.CLIENT_HELLO);
  }

  get clientAddress(): number {
    return this.int(Field.CLIENT) & ((1 << ADDRESS_BITS) - 1);
  }

  /** Number of the client's fingerprint; 0: none. */
  get fingerprint(): number {
    return this.int(Field.CLIENT) >>> ADDRESS_BITS;
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

  /** And most likely was a fatal one. */
  get likelyFatalAlert(): boolean {
    return this.#has(UseFlag.LIKELY_FATAL);
  }

  /** The server sent an alert after the client had ended without close_notify. */
  get alertAfterEnd(): boolean {
    return this.#has(UseFlag.ALERT_AFTER_END);
  }

  /** Only one side of the connection was seen. */
  get isOneWay(): boolean {
    return this.#has(UseFlag.ONE_WAY);
  }

  /** The session that it issued was void from the start (RFC 5077 3.3). */
  get isVoid(): boolean {
    return this.#has(UseFlag.VOID);
  }

  /** The session ID may be no offer: it is padding, or stands beside a ticket that the capture cut off. */
  get isUncertain(): boolean {
    return this.#has(UseFlag.UNCERTAIN);
  }

  /** Time of the last packet where the client gave no end, else of that end. */
  get lastSeen(): number {
    return this.endTime(0);
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
    return this.#rows.issued(this.#row);
  }

  #has(flag: number): boolean {
    return (this.int(Field.PORT_AND_FLAGS) & flag) !== 0;
  }
}
