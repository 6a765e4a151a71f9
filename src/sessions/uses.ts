import { Rows } from '../bytes/rows.js';
import type { CloseState } from '../model.js';
import type { ConnectionFacts, SideFacts } from '../tls/facts.js';
import { Field, USE_INTS, type Use, UseFlag, UseTime } from './use.js';

// The optimizer folds constants of the module itself, and loads imported ones for each connection.
const {
  STREAM,
  CLIENT_HELLO,
  SERVER_HELLO,
  HELLO_LEAD,
  CLIENT_ADDRESS,
  PORT_AND_FLAGS,
  CLOSES,
  END_FRAMES,
  OFFERED,
  ISSUED,
  NEXT_OF_OFFERED,
  NEXT_OF_ISSUED,
  NAMES,
} = Field;
const Flag = UseFlag;

/** Different texts that are told apart; what comes after shares the number of none. */
const MAX_TEXTS = 1 << 20;

/** Connections that issued or offered a session, in rows of about 80 bytes. Each is in the lists of at most two sessions. */
export class Uses {
  readonly rows: Rows;
  readonly #addresses = new Texts();
  readonly #names = new Texts();
  readonly #versions = new Texts();
  #lastName: string | null = null;
  #lastLower: string | null = null;

  /** @param limit connections remembered */
  constructor(limit: number) {
    this.rows = new Rows(USE_INTS, limit);
  }

  get size(): number {
    return this.rows.size;
  }

  add(facts: ConnectionFacts, offered: number, issued: number, isSuperseded: boolean): number {
    const rows = this.rows;
    const row = rows.add();
    const { ints, floats } = rows;
    const hello = facts.clientHello > 0 ? facts.clientHelloTime : facts.start;
    const answer = facts.serverHello > 0 ? facts.serverHelloTime : hello;
    ints[row + STREAM] = facts.stream;
    ints[row + CLIENT_HELLO] = facts.clientHello;
    ints[row + SERVER_HELLO] = facts.serverHello;
    ints[row + HELLO_LEAD] = Math.round((answer - hello) * 1e6);
    ints[row + CLIENT_ADDRESS] = this.#addresses.intern(facts.clientAddress);
    ints[row + PORT_AND_FLAGS] = (facts.clientPort << 16) | flagsOf(facts) | (isSuperseded ? Flag.SUPERSEDED : 0);
    ints[row + CLOSES] = pack(facts.client) | (pack(facts.server) << 8) | (facts.cipherSuite << 16);
    ints[row + END_FRAMES] = facts.client.frame;
    ints[row + END_FRAMES + 1] = facts.server.frame;
    ints[row + OFFERED] = offered + 1;
    ints[row + ISSUED] = issued + 1;
    ints[row + NAMES] = (this.#names.intern(this.#lowerCase(facts.serverName)) << 8) | (this.#versions.intern(facts.version) & 0xff);
    floats[(row >> 1) + UseTime.ANSWER] = answer;
    floats[(row >> 1) + UseTime.ENDS] = facts.client.frame > 0 ? facts.client.time : facts.end;
    floats[(row >> 1) + UseTime.ENDS + 1] = facts.server.time;
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
    this.rows.ints[last + this.#nextField(last, session)] = row + 1;
  }

  isResumed(row: number, session: number): boolean {
    return this.isOffer(row, session) && (this.rows.ints[row + PORT_AND_FLAGS] & Flag.RESUMED) !== 0;
  }

  /** Takes the use after `row` out of the list of `session`. */
  unlinkNext(row: number, session: number): void {
    const rows = this.rows;
    const removed = this.next(row, session);
    this.link(row, this.next(removed, session), session);
    rows.ints[removed + (this.isOffer(removed, session) ? OFFERED : ISSUED)] = 0;
    if (rows.ints[removed + OFFERED] === 0 && rows.ints[removed + ISSUED] === 0) rows.free(removed);
  }

  /** The use after `row` in the list of `session`, or -1. */
  next(row: number, session: number): number {
    return this.rows.ints[row + this.#nextField(row, session)] - 1;
  }

  /** Whether the connection offered the session; otherwise it issued it. */
  isOffer(row: number, session: number): boolean {
    return this.rows.ints[row + OFFERED] === session + 1;
  }

  isDeclined(row: number, session: number): boolean {
    return this.isOffer(row, session) && (this.rows.ints[row + PORT_AND_FLAGS] & (Flag.RESUMED | Flag.ANSWERED)) === Flag.ANSWERED;
  }

  /** Makes an offer or issue of `session` one of `root`, in whose list it is not yet. False where the connection has to do with `root` anyway. */
  reassign(row: number, session: number, root: number): boolean {
    const { ints } = this.rows;
    const [field, nextField] = this.isOffer(row, session) ? [OFFERED, NEXT_OF_OFFERED] : [ISSUED, NEXT_OF_ISSUED];
    const isKnown = ints[row + OFFERED] === root + 1 || ints[row + ISSUED] === root + 1;
    ints[row + field] = isKnown ? 0 : root + 1;
    ints[row + nextField] = 0;
    return !isKnown;
  }

  answerTime(row: number): number {
    return this.rows.floats[(row >> 1) + UseTime.ANSWER];
  }

  /** Numbers of client and server name, 0 for a client that is not told apart. */
  clientNumber(facts: ConnectionFacts): number {
    return this.#addresses.intern(facts.clientAddress);
  }

  serverNameNumber(facts: ConnectionFacts): number {
    return this.#names.intern(this.#lowerCase(facts.serverName));
  }

  address(use: Use): string {
    return this.#addresses.text(use.clientAddress) ?? '';
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
  if ((facts.maybePadding && !facts.isTls13 && !facts.offersTicket) || facts.isHelloCut) flags |= Flag.UNCERTAIN;
  if (facts.isHelloCut) flags |= Flag.HELLO_CUT;
  if (facts.clientEms) flags |= Flag.CLIENT_EMS;
  if (facts.serverEms) flags |= Flag.SERVER_EMS;
  if (facts.first === 'server') flags |= Flag.SERVER_FIRST;
  return flags;
}

/** Place in `STATES` of use.ts. */
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
