import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { toHex } from '../bytes/hex.js';
import type { CloseState } from '../model.js';
import type { ConnectionFacts, SideFacts } from '../tls/facts.js';
import { Addresses } from './addresses.js';
import type { Use } from './use.js';
import { ADDRESS_BITS, CloseNumber, Field, UseFlag, UseRows } from './use-rows.js';

// The optimizer folds constants of the module itself, and loads imported ones for each connection.
const { STREAM, CLIENT_HELLO, SERVER_HELLO, HELLO_LEAD, CLIENT, PORT_AND_FLAGS, CLOSES, END_FRAMES, NAMES } = Field;
const Flag = UseFlag;

/** What a copy of a row takes over as it is. */
const COPIED = [STREAM, CLIENT_HELLO, SERVER_HELLO, HELLO_LEAD, CLOSES, END_FRAMES, END_FRAMES + 1];
const ADDRESS_MASK = (1 << ADDRESS_BITS) - 1;
/** Different addresses, and texts, that are told apart; what comes after shares the number of none. */
const MAX_TEXTS = (1 << ADDRESS_BITS) - 1;
/** Numbers of fingerprints up to this one are kept: those are the bits beside the address. */
const MAX_FINGERPRINT = (1 << (32 - ADDRESS_BITS)) - 1;

/** Connections that issued or offered a session. Each is in the lists of at most two sessions. */
export class Uses {
  readonly rows: UseRows;
  readonly #limit: number;
  readonly #addresses: Addresses;
  readonly #names: Texts;
  readonly #versions: Texts;
  #lastName: string | null = null;
  #lastKey: string | null = null;

  /**
   * @param limit connections remembered
   * @param original what they are to be a copy of. Both number texts alike, as new ones of either are numbered for both.
   */
  constructor(limit: number, original: Uses | null = null, rows = new UseRows(limit, original?.rows)) {
    this.#limit = limit;
    this.rows = rows;
    this.#addresses = original ? original.#addresses : new Addresses(MAX_TEXTS);
    this.#names = original ? original.#names : new Texts();
    this.#versions = original ? original.#versions : new Texts();
  }

  clone(): Uses {
    return new Uses(this.#limit, this);
  }

  /** None, which number texts as these do. */
  empty(limit: number): Uses {
    return new Uses(limit, this, new UseRows(limit));
  }

  get size(): number {
    return this.rows.size;
  }

  add(facts: ConnectionFacts, offered: number, issued: number, isSuperseded: boolean): number {
    const { rows } = this;
    const hello = facts.clientHello > 0 ? facts.clientHelloTime : facts.start;
    const answer = facts.answer > 0 ? facts.answerTime : hello;
    const flags = flagsOf(facts) | (isSuperseded ? Flag.SUPERSEDED : 0);
    const row = rows.add((facts.clientPort << 16) | flags, answer, offered, issued);
    const { ints } = rows;
    ints[row + STREAM] = facts.stream;
    ints[row + CLIENT_HELLO] = facts.clientHello;
    ints[row + SERVER_HELLO] = facts.answer;
    ints[row + HELLO_LEAD] = Math.round((answer - hello) * 1e6);
    const fingerprint = facts.fingerprint > MAX_FINGERPRINT ? 0 : facts.fingerprint;
    ints[row + CLIENT] = this.#addresses.of(facts) | (fingerprint << ADDRESS_BITS);
    ints[row + CLOSES] = pack(facts.client) | (pack(facts.server) << 8) | (facts.cipherSuite << 16);
    ints[row + END_FRAMES] = facts.client.frame;
    ints[row + END_FRAMES + 1] = facts.server.frame;
    ints[row + NAMES] = (this.#names.intern(this.#nameKey(facts.serverName)) << 8) | (this.#versions.intern(facts.version) & 0xff);
    rows.setEndTime(row, 0, facts.client.frame > 0 ? facts.client.time : facts.end);
    if (facts.server.frame > 0) rows.setEndTime(row, 1, facts.server.time);
    return row;
  }

  /** The same connection of other uses, with the sessions as they are numbered here. */
  copy(from: Uses, row: number, offered: number, issued: number): number {
    const { rows } = this;
    const source = from.rows.ints;
    const copy = rows.add(source[row + PORT_AND_FLAGS] & ~Flag.OFFERS, from.answerTime(row), offered, issued);
    const { ints } = rows;
    for (const field of COPIED) ints[copy + field] = source[row + field];
    const client = source[row + CLIENT];
    ints[copy + CLIENT] = this.#addresses.copy(from.#addresses, client & ADDRESS_MASK) | (client & ~ADDRESS_MASK);
    const names = source[row + NAMES];
    const version = this.#versions.intern(from.#versions.text(names & 0xff));
    ints[copy + NAMES] = (this.#names.intern(from.#names.text(names >>> 8)) << 8) | (version & 0xff);
    rows.setEndTime(copy, 0, from.rows.endTime(row, 0));
    if (source[row + END_FRAMES + 1] > 0) rows.setEndTime(copy, 1, from.rows.endTime(row, 1));
    return copy;
  }

  /** The numbers that client and server name of other uses have here. */
  copyClient(from: Uses, client: number, serverName: number): [client: number, serverName: number] {
    return [this.#addresses.copy(from.#addresses, client), this.#names.intern(from.#names.text(serverName))];
  }

  /** Host names are the same in either case (RFC 6066 3). */
  #nameKey(name: string | null): string | null {
    if (name !== this.#lastName) {
      this.#lastName = name;
      this.#lastKey = name === null ? null : shortened(name.toLowerCase());
    }
    return this.#lastKey;
  }

  /** Puts `row` behind `last` in the list of `session`. */
  link(last: number, row: number, session: number): void {
    this.rows.setNext(last, session, row);
  }

  isResumed(row: number, session: number): boolean {
    return this.isOffer(row, session) && (this.rows.ints[row + PORT_AND_FLAGS] & Flag.RESUMED) !== 0;
  }

  /** Takes the use after `row` out of the list of `session`. */
  unlinkNext(row: number, session: number): void {
    const removed = this.next(row, session);
    this.rows.setNext(row, session, this.next(removed, session));
    this.rows.leave(removed, session);
  }

  /** The use after `row` in the list of `session`, or -1. */
  next(row: number, session: number): number {
    return this.rows.next(row, session);
  }

  /** Whether the connection offered the session; otherwise it issued it. */
  isOffer(row: number, session: number): boolean {
    return this.rows.isOffer(row, session);
  }

  isDeclined(row: number, session: number): boolean {
    return this.isOffer(row, session) && (this.rows.ints[row + PORT_AND_FLAGS] & (Flag.RESUMED | Flag.ANSWERED)) === Flag.ANSWERED;
  }

  /** Makes an offer or issue of `session` one of `root`, in whose list it is not yet. False where the connection has to do with `root` anyway. */
  reassign(row: number, session: number, root: number): boolean {
    return this.rows.reassign(row, session, root);
  }

  answerTime(row: number): number {
    return this.rows.answerTime(row);
  }

  /** Numbers of client and server name, 0 for a client that is not told apart. */
  clientNumber(facts: ConnectionFacts): number {
    return this.#addresses.of(facts);
  }

  serverNameNumber(facts: ConnectionFacts): number {
    return this.#names.intern(this.#nameKey(facts.serverName));
  }

  address(use: Use): string {
    return this.addressOf(use.clientAddress);
  }

  addressOf(number: number): string {
    return this.#addresses.text(number);
  }

  /** Null where the version is not known. */
  versionText(use: Use): string | null {
    return this.#versions.text(use.version);
  }
}

function flagsOf(facts: ConnectionFacts): number {
  let flags = 0;
  if (facts.resumption === 'resumed') flags |= Flag.RESUMED;
  if (facts.answer > 0) flags |= Flag.ANSWERED;
  if (facts.handshake === 'full' || facts.handshake === 'resumed') flags |= Flag.COMPLETED;
  if (facts.hasFatalAlert) flags |= Flag.FATAL;
  if (facts.hasAmbiguousAlert) flags |= Flag.AMBIGUOUS;
  if ((facts.maybePadding && !facts.isTls13 && !facts.offersTicket) || facts.isHelloCut) flags |= Flag.UNCERTAIN;
  if (facts.isHelloCut) flags |= Flag.HELLO_CUT;
  if (facts.clientEms) flags |= Flag.CLIENT_EMS;
  if (facts.serverEms) flags |= Flag.SERVER_EMS;
  if (facts.voidId.length > 0) flags |= Flag.VOID;
  if (facts.hasLikelyFatalAlert) flags |= Flag.LIKELY_FATAL;
  if (facts.hasAlertAfterEnd) flags |= Flag.ALERT_AFTER_END;
  if (facts.isOneWay) flags |= Flag.ONE_WAY;
  if (facts.first === 'server') flags |= Flag.SERVER_FIRST;
  return flags;
}

/** Place in `STATES` of use.ts. */
function stateNumber(state: CloseState): number {
  switch (state) {
    case 'open':
      return CloseNumber.OPEN;
    case 'unknown':
      return CloseNumber.UNKNOWN;
    case 'clean':
      return CloseNumber.CLEAN;
    case 'aborted':
      return CloseNumber.ABORTED;
    case 'reset-race':
      return CloseNumber.RESET_RACE;
    case 'unclean':
      return CloseNumber.UNCLEAN;
  }
}

function pack(side: SideFacts): number {
  return stateNumber(side.state) | ((side.end === null ? 0 : side.end === 'fin' ? 1 : 2) << 4);
}

/** Names are only told apart here, and there may be one for each use: a longer one is not worth more room than a row. */
const MAX_KEY_CHARACTERS = 64;
const DIGEST_BYTES = 16;

function shortened(name: string): string {
  return name.length <= MAX_KEY_CHARACTERS ? name : toHex(sha256(utf8ToBytes(name)), 0, DIGEST_BYTES);
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
