import { Rows } from '../bytes/rows.js';
import type { CloseState } from '../model.js';
import type { ConnectionFacts, SideFacts } from '../tls/facts.js';

/** What a connection was to a session. */
export type Role = 'issued' | 'resumed' | 'declined' | 'unanswered';

/** One connection, as far as the sessions need it. */
export class Use {
  row = 0;
  role: Role = 'issued';
  stream = 0;
  clientHello = 0;
  /** Frame of the ServerHello; null where the server did not answer. */
  serverHello: number | null = null;
  helloTime = 0;
  /** Time of the ServerHello, or of the ClientHello where there is none. */
  answerTime = 0;
  clientAddress = 0;
  clientPort = 0;
  readonly clientClose: UseClose = { state: 'unknown', end: null, frame: 0, time: 0 };
  readonly serverClose: UseClose = { state: 'unknown', end: null, frame: 0, time: 0 };
  /** The server gave the first sign of closing. */
  serverFirst = false;
  /** The handshake ran to its end. */
  completed = false;
  /** A fatal alert in clear. */
  fatalAlert = false;
  /** A protected alert of the server that came first: close_notify or fatal. */
  ambiguousAlert = false;
  /** The session ID may be no offer: it is padding, or stands beside a ticket that the capture cut off. */
  isUncertain = false;
  /** Time of the last packet where the client gave no end, else of that end. */
  lastSeen = 0;
  /** Numbers of texts, equal for equal texts; 0 where there is none. */
  version = 0;
  serverName = 0;
  /** The extensions of the ClientHello are not known. */
  isHelloCut = false;
  clientEms = false;
  serverEms = false;
  /** Session that this connection issued, -1 for none. */
  issued = -1;
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

  /** Reads a row into `use`. */
  read(row: number, session: number, use: Use): void {
    const { ints, floats } = this.#rows;
    const flags = ints[row + PORT_AND_FLAGS];
    const closes = ints[row + CLOSES];
    const names = ints[row + NAMES];
    use.row = row;
    use.role = this.#role(row, session, flags);
    use.stream = ints[row + STREAM];
    use.clientHello = ints[row + CLIENT_HELLO];
    use.serverHello = ints[row + SERVER_HELLO] || null;
    use.answerTime = floats[(row >> 1) + ANSWER_TIME];
    use.helloTime = use.answerTime - ints[row + HELLO_LEAD] / 1e6;
    use.clientAddress = ints[row + CLIENT_ADDRESS];
    use.clientPort = flags >>> 16;
    this.#readClose(row, closes & 0xff, 0, use.clientClose);
    this.#readClose(row, closes >>> 8, 1, use.serverClose);
    use.serverFirst = (flags & Flag.SERVER_FIRST) !== 0;
    use.completed = (flags & Flag.COMPLETED) !== 0;
    use.fatalAlert = (flags & Flag.FATAL) !== 0;
    use.ambiguousAlert = (flags & Flag.AMBIGUOUS) !== 0;
    use.isUncertain = (flags & Flag.UNCERTAIN) !== 0;
    use.lastSeen = floats[(row >> 1) + END_TIMES];
    use.version = names & 0xff;
    use.serverName = names >>> 8;
    use.isHelloCut = (flags & Flag.HELLO_CUT) !== 0;
    use.clientEms = (flags & Flag.CLIENT_EMS) !== 0;
    use.serverEms = (flags & Flag.SERVER_EMS) !== 0;
    use.issued = ints[row + ISSUED] - 1;
  }

  #role(row: number, session: number, flags: number): Role {
    if (!this.isOffer(row, session)) return 'issued';
    if (flags & Flag.RESUMED) return 'resumed';
    return flags & Flag.ANSWERED ? 'declined' : 'unanswered';
  }

  #readClose(row: number, packed: number, side: 0 | 1, close: UseClose): void {
    close.state = STATES[packed & 15];
    close.end = ENDS[packed >>> 4];
    close.frame = this.#rows.ints[row + END_FRAMES + side];
    close.time = this.#rows.floats[(row >> 1) + END_TIMES + side];
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

/** Place in {@link STATES}. */
function stateNumber(state: CloseState): number {
  switch (state) {
    case 'open':
      return 0;
    case 'unknown':
      return 1;
    case 'clean':
      return 2;
    case 'aborted':
      return 3;
    case 'reset-race':
      return 4;
    case 'unclean':
      return 5;
  }
}

function pack(side: SideFacts): number {
  return stateNumber(side.state) | ((side.end === null ? 0 : side.end === 'fin' ? 1 : 2) << 4);
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
