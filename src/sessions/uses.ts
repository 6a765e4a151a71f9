import { Rows } from '../bytes/rows.js';
import type { CloseState } from '../model.js';
import type { ConnectionFacts, SideFacts } from '../tls/facts.js';

/** What a connection was to a session. */
export type Role = 'issued' | 'resumed' | 'declined' | 'unanswered';

/** One connection, as far as the sessions need it. */
export interface Use {
  row: number;
  role: Role;
  stream: number;
  clientHello: number;
  /** Frame of the ServerHello; null where the server did not answer. */
  serverHello: number | null;
  helloTime: number;
  /** Time of the ServerHello, or of the ClientHello where there is none. */
  answerTime: number;
  clientAddress: number;
  clientPort: number;
  clientClose: UseClose;
  serverClose: UseClose;
  /** The server gave the first sign of closing. */
  serverFirst: boolean;
  /** The handshake ran to its end. */
  completed: boolean;
  /** A fatal alert in clear. */
  fatalAlert: boolean;
  /** A protected alert of the server that came first: close_notify or fatal. */
  ambiguousAlert: boolean;
  /** The session ID may be no offer: it is padding, or stands beside a ticket that the capture cut off. */
  isUncertain: boolean;
  /** Time of the last packet where the client gave no end, else of that end. */
  lastSeen: number;
  /** Numbers of texts, equal for equal texts; 0 where there is none. */
  version: number;
  serverName: number;
  /** The extensions of the ClientHello are not known. */
  isHelloCut: boolean;
  clientEms: boolean;
  serverEms: boolean;
  /** Session that this connection issued, -1 for none. */
  issued: number;
}

export interface UseClose {
  state: CloseState;
  end: 'fin' | 'rst' | null;
  /** 0 where there is no end. */
  frame: number;
  time: number;
}

const STATES: readonly CloseState[] = ['open', 'unknown', 'clean', 'aborted', 'reset-race', 'unclean'];
const ENDS = [null, 'fin', 'rst'] as const;

// Doubles of a row, at half its number.
const ANSWER_TIME = 0;
const END_TIMES = 1;
// Integers of a row.
const STREAM = 6;
const CLIENT_HELLO = 7;
const SERVER_HELLO = 8;
/** From the ClientHello to the ServerHello, microseconds. */
const HELLO_LEAD = 9;
const CLIENT_ADDRESS = 10;
const PORT_AND_FLAGS = 11;
const CLOSES = 12;
const END_FRAMES = 13;
const OFFERED = 15;
const ISSUED = 16;
const NEXT_OF_OFFERED = 17;
const NEXT_OF_ISSUED = 18;
const NAMES = 19;
const INTS = 20;
const MIN_USES = 1 << 10;

const Flag = {
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
} as const;
/** Different texts that are told apart; what comes after shares the number of none. */
const MAX_TEXTS = 1 << 20;

/** Connections that issued or offered a session, in rows of about 80 bytes. Each is in the lists of at most two sessions. */
export class Uses {
  readonly #rows = new Rows(INTS, MIN_USES);
  readonly #addresses = new Texts();
  readonly #names = new Texts();
  readonly #versions = new Texts();
  #lastName: string | null = null;
  #lastLower: string | null = null;

  get size(): number {
    return this.#rows.size;
  }

  add(facts: ConnectionFacts, offered: number, issued: number): number {
    const rows = this.#rows;
    const row = rows.add();
    const { ints, floats } = rows;
    const hello = facts.clientHello > 0 ? facts.clientHelloTime : facts.start;
    const answer = facts.serverHello > 0 ? facts.serverHelloTime : hello;
    ints[row + STREAM] = facts.stream;
    ints[row + CLIENT_HELLO] = facts.clientHello;
    ints[row + SERVER_HELLO] = facts.serverHello;
    ints[row + HELLO_LEAD] = Math.round((answer - hello) * 1e6);
    ints[row + CLIENT_ADDRESS] = this.#addresses.intern(facts.clientAddress);
    ints[row + PORT_AND_FLAGS] = (facts.clientPort << 16) | flagsOf(facts);
    ints[row + CLOSES] = pack(facts.client) | (pack(facts.server) << 8);
    ints[row + END_FRAMES] = facts.client.frame;
    ints[row + END_FRAMES + 1] = facts.server.frame;
    ints[row + OFFERED] = offered + 1;
    ints[row + ISSUED] = issued + 1;
    ints[row + NAMES] = (this.#names.intern(this.#lowerCase(facts.serverName)) << 8) | (this.#versions.intern(facts.version) & 0xff);
    floats[(row >> 1) + ANSWER_TIME] = answer;
    floats[(row >> 1) + END_TIMES] = facts.client.frame > 0 ? facts.client.time : facts.end;
    floats[(row >> 1) + END_TIMES + 1] = facts.server.time;
    return row;
  }

  /** Host names are the same in either case (RFC 6066 3). */
  #lowerCase(name: string | null): string | null {
    if (name !== this.#lastName) {
      this.#lastName = name;
      this.#lastLower = name === null ? null : name.toLowerCase();
    }
    return this.#lastLower;
  }

  /** Puts `row` behind `last` in the list of `session`. */
  link(last: number, row: number, session: number): void {
    this.#rows.ints[last + this.#nextField(last, session)] = row + 1;
  }

  isResumed(row: number, session: number): boolean {
    return this.isOffer(row, session) && (this.#rows.ints[row + PORT_AND_FLAGS] & Flag.RESUMED) !== 0;
  }

  /** Takes the use after `row` out of the list of `session`. */
  unlinkNext(row: number, session: number): void {
    const rows = this.#rows;
    const removed = this.next(row, session);
    this.link(row, this.next(removed, session), session);
    rows.ints[removed + (this.isOffer(removed, session) ? OFFERED : ISSUED)] = 0;
    if (rows.ints[removed + OFFERED] === 0 && rows.ints[removed + ISSUED] === 0) rows.free(removed);
  }

  /** The use after `row` in the list of `session`, or -1. */
  next(row: number, session: number): number {
    return this.#rows.ints[row + this.#nextField(row, session)] - 1;
  }

  /** Whether the connection offered the session; otherwise it issued it. */
  isOffer(row: number, session: number): boolean {
    return this.#rows.ints[row + OFFERED] === session + 1;
  }

  isDeclined(row: number, session: number): boolean {
    return this.isOffer(row, session) && (this.#rows.ints[row + PORT_AND_FLAGS] & (Flag.RESUMED | Flag.ANSWERED)) === Flag.ANSWERED;
  }

  address(use: Use): string {
    return this.#addresses.text(use.clientAddress) ?? '';
  }

  read(row: number, session: number): Use {
    const { ints, floats } = this.#rows;
    const flags = ints[row + PORT_AND_FLAGS];
    const closes = ints[row + CLOSES];
    const answerTime = floats[(row >> 1) + ANSWER_TIME];
    const names = ints[row + NAMES];
    return {
      row,
      role: this.#role(row, session, flags),
      stream: ints[row + STREAM],
      clientHello: ints[row + CLIENT_HELLO],
      serverHello: ints[row + SERVER_HELLO] || null,
      helloTime: answerTime - ints[row + HELLO_LEAD] / 1e6,
      answerTime,
      clientAddress: ints[row + CLIENT_ADDRESS],
      clientPort: flags >>> 16,
      clientClose: this.#close(row, closes & 0xff, 0),
      serverClose: this.#close(row, closes >>> 8, 1),
      serverFirst: (flags & Flag.SERVER_FIRST) !== 0,
      completed: (flags & Flag.COMPLETED) !== 0,
      fatalAlert: (flags & Flag.FATAL) !== 0,
      ambiguousAlert: (flags & Flag.AMBIGUOUS) !== 0,
      isUncertain: (flags & Flag.UNCERTAIN) !== 0,
      lastSeen: floats[(row >> 1) + END_TIMES],
      version: names & 0xff,
      serverName: names >>> 8,
      isHelloCut: (flags & Flag.HELLO_CUT) !== 0,
      clientEms: (flags & Flag.CLIENT_EMS) !== 0,
      serverEms: (flags & Flag.SERVER_EMS) !== 0,
      issued: ints[row + ISSUED] - 1,
    };
  }

  #role(row: number, session: number, flags: number): Role {
    if (!this.isOffer(row, session)) return 'issued';
    if (flags & Flag.RESUMED) return 'resumed';
    return flags & Flag.ANSWERED ? 'declined' : 'unanswered';
  }

  #close(row: number, packed: number, side: 0 | 1): UseClose {
    return {
      state: STATES[packed & 15],
      end: ENDS[packed >>> 4],
      frame: this.#rows.ints[row + END_FRAMES + side],
      time: this.#rows.floats[(row >> 1) + END_TIMES + side],
    };
  }

  #nextField(row: number, session: number): number {
    return this.isOffer(row, session) ? NEXT_OF_OFFERED : NEXT_OF_ISSUED;
  }
}

function flagsOf(facts: ConnectionFacts): number {
  let flags = 0;
  if (facts.resumption === 'resumed') flags |= Flag.RESUMED;
  if (facts.serverHello > 0) flags |= Flag.ANSWERED;
  if (facts.handshake === 'full' || facts.handshake === 'resumed') flags |= Flag.COMPLETED;
  if (facts.hasFatalAlert) flags |= Flag.FATAL;
  if (facts.hasAmbiguousAlert) flags |= Flag.AMBIGUOUS;
  if (facts.maybePadding || facts.isHelloCut) flags |= Flag.UNCERTAIN;
  if (facts.isHelloCut) flags |= Flag.HELLO_CUT;
  if (facts.clientEms) flags |= Flag.CLIENT_EMS;
  if (facts.serverEms) flags |= Flag.SERVER_EMS;
  if (facts.first === 'server') flags |= Flag.SERVER_FIRST;
  return flags;
}

function pack(side: SideFacts): number {
  return STATES.indexOf(side.state) | (ENDS.indexOf(side.end) << 4);
}

/** Numbers texts from 1. */
class Texts {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];
  #last: string | null = null;
  #lastNumber = 0;

  intern(text: string | null): number {
    if (text === this.#last) return this.#lastNumber;
    this.#last = text;
    this.#lastNumber = text === null ? 0 : this.#find(text);
    return this.#lastNumber;
  }

  #find(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    if (this.#texts.length >= MAX_TEXTS) return 0;
    this.#texts.push(text);
    this.#numbers.set(text, this.#texts.length);
    return this.#texts.length;
  }

  text(number: number): string | null {
    return this.#texts[number - 1] ?? null;
  }
}
