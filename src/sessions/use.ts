import type { CloseState } from '../model.js';
import { ADDRESS_BITS, Field, UseFlag, type UseRows } from './use-rows.js';

/** What a connection was to a session. */
export type Role = 'issued' | 'resumed' | 'declined' | 'unanswered';

/** Place of a state in the packed closes. */
const STATES: readonly CloseState[] = ['open', 'unknown', 'clean', 'aborted', 'reset-race', 'unclean'];
const ENDS = [null, 'fin', 'rst'] as const;

/** How one side of a {@link Use} closed. */
export class UseClose {
  state: CloseState = 'open';
  end: 'fin' | 'rst' | null = null;
  /** 0 where there is no end. */
  frame = 0;
  /** 0 where there is no end. Not a whole number at first, so that the compiler keeps it as a double. */
  time = Number.NaN;

  read(packed: number, frame: number, time: number): void {
    this.state = STATES[packed & 15];
    this.end = ENDS[packed >>> 4];
    this.frame = frame;
    this.time = frame > 0 ? time : 0;
  }
}

/**
 * One connection, as far as the sessions need it: a view of its row, which may be moved to another one. What every round asks for is read
 * when it is moved, the rest when it is asked for.
 */
export class Use {
  readonly clientClose = new UseClose();
  readonly serverClose = new UseClose();
  /** Time of the ServerHello, or of the ClientHello where there is none. */
  answerTime = Number.NaN;
  /** Time of the last packet where the client gave no end, else of that end. */
  lastSeen = Number.NaN;
  role: Role = 'issued';
  /** That it issued the session is inferred from who offered it when. */
  isInferred = false;
  /** And other connections fit as well. */
  isAmbiguous = false;
  readonly #rows: UseRows;
  #ints: Int32Array;
  #row = 0;
  #flags = 0;

  constructor(rows: UseRows) {
    this.#rows = rows;
    this.#ints = rows.ints;
  }

  /** Looks at another row from now on, as long as no row is added. */
  move(row: number, session: number): void {
    const rows = this.#rows;
    const { ints } = rows;
    const flags = ints[row + Field.PORT_AND_FLAGS];
    const closes = ints[row + Field.CLOSES];
    this.#ints = ints;
    this.#row = row;
    this.#flags = flags;
    this.isInferred = this.isAmbiguous = false;
    this.answerTime = rows.answerTime(row);
    this.lastSeen = rows.endTime(row, 0);
    this.clientClose.read(closes & 0xff, ints[row + Field.END_FRAMES], this.lastSeen);
    this.serverClose.read((closes >>> 8) & 0xff, ints[row + Field.END_FRAMES + 1], rows.endTime(row, 1));
    if (!rows.isOffer(row, session)) this.role = 'issued';
    else if (flags & UseFlag.RESUMED) this.role = 'resumed';
    else this.role = flags & UseFlag.ANSWERED ? 'declined' : 'unanswered';
  }

  int(field: number): number {
    return this.#ints[this.#row + field];
  }

  get row(): number {
    return this.#row;
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
    return (this.#flags & flag) !== 0;
  }
}
