// Where the uses of sessions are kept: a row of 64 bytes for each, and beside it what only some of them have.
import { Rows } from '../bytes/rows.js';

/** The double of a row, at half its number: when the server answered; see `Use.answerTime`. */
const ANSWER = 0;

/** Integers of a row. */
export const Field = {
  STREAM: 2,
  CLIENT_HELLO: 3,
  SERVER_HELLO: 4,
  /** From the ClientHello to the ServerHello, microseconds. */
  HELLO_LEAD: 5,
  /** Number of the client's address, and that of its fingerprint << 20. */
  CLIENT: 6,
  PORT_AND_FLAGS: 7,
  /** Of the client, of the server << 8, and the cipher suite << 16. */
  CLOSES: 8,
  /** Of the client, then of the server. */
  END_FRAMES: 9,
  NAMES: 11,
} as const;
/** Steps of 2^-22 s from the answer to an end, of the client and of the server; below 0: the row + 1 of a time that is kept as it is. */
const ENDS = 12;
/** The session + 1, and the use + 1 that follows in its list; below 0: the row + 1 of a pair. */
const SESSION = 14;
const NEXT = 15;
const USE_INTS = 16;

/** Integers of a pair: the two sessions of a connection that offered one and issued another one, + 1, and what follows in their lists. */
const OFFERED = 0;
const ISSUED = 1;
const NEXT_OF_OFFERED = 2;
const NEXT_OF_ISSUED = 3;
const PAIR_INTS = 4;

/** Rows that a copy has room for at first: a copy is for what is open at the time. */
const ROOM_OF_COPY = 1 << 10;

/** Times that are kept as they are: a double each. */
const TIME_INTS = 2;
/** From 2004 to 2038 a double of Unix seconds tells no less: then ends up to 512 s after the answer are kept exactly. */
const STEPS_PER_SECOND = 2 ** 22;

/** Bits of {@link Field}.CLIENT that are the address. */
export const ADDRESS_BITS = 20;

/** States in {@link Field}.CLOSES, four bits each. */
export const CloseNumber = { OPEN: 0, UNKNOWN: 1, CLEAN: 2, ABORTED: 3, RESET_RACE: 4, UNCLEAN: 5 } as const;

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
  /** It offered its one session; otherwise it issued it. */
  OFFERS: 2048,
  VOID: 4096,
  LIKELY_FATAL: 8192,
  ALERT_AFTER_END: 16384,
  ONE_WAY: 32768,
} as const;

/** Connections that issued or offered a session, each in the lists of at most two. */
export class UseRows {
  readonly #rows: Rows;
  readonly #pairs: Rows;
  readonly #times: Rows;

  /**
   * @param limit connections that there will be at most
   * @param original what they are to be a copy of
   */
  constructor(limit: number, original: UseRows | null = null) {
    this.#rows = original ? original.#rows.clone(ROOM_OF_COPY) : new Rows(USE_INTS, limit);
    this.#pairs = original ? original.#pairs.clone(ROOM_OF_COPY) : new Rows(PAIR_INTS, limit);
    this.#times = original ? original.#times.clone(ROOM_OF_COPY) : new Rows(TIME_INTS, 2 * limit);
  }

  get size(): number {
    return this.#rows.size;
  }

  get ints(): Int32Array {
    return this.#rows.ints;
  }

  /** A row with the rest of {@link Field} still to be filled in. Sessions are -1 for none; they differ, and one of them is there. */
  add(portAndFlags: number, answer: number, offered: number, issued: number): number {
    const row = this.#rows.add();
    const { ints, floats } = this.#rows;
    floats[(row >> 1) + ANSWER] = answer;
    ints[row + Field.PORT_AND_FLAGS] = portAndFlags;
    if (offered < 0) ints[row + SESSION] = issued + 1;
    else if (issued < 0) {
      ints[row + SESSION] = offered + 1;
      ints[row + Field.PORT_AND_FLAGS] |= UseFlag.OFFERS;
    } else {
      const pair = this.#pairs.add();
      ints[row + SESSION] = -pair - 1;
      this.#pairs.ints[pair + OFFERED] = offered + 1;
      this.#pairs.ints[pair + ISSUED] = issued + 1;
    }
    return row;
  }

  answerTime(row: number): number {
    return this.#rows.floats[(row >> 1) + ANSWER];
  }

  endTime(row: number, side: 0 | 1): number {
    const { ints, floats } = this.#rows;
    const steps = ints[row + ENDS + side];
    return steps < 0 ? this.#times.floats[(-steps - 1) / TIME_INTS] : floats[(row >> 1) + ANSWER] + steps / STEPS_PER_SECOND;
  }

  /** Once for each side. */
  setEndTime(row: number, side: 0 | 1, time: number): void {
    const answer = this.#rows.floats[(row >> 1) + ANSWER];
    const exact = (time - answer) * STEPS_PER_SECOND;
    let steps = exact | 0;
    if (steps !== exact || steps < 0 || answer + steps / STEPS_PER_SECOND !== time) {
      const kept = this.#times.add();
      this.#times.floats[kept / TIME_INTS] = time;
      steps = -kept - 1;
    }
    this.#rows.ints[row + ENDS + side] = steps;
  }

  /** Whether the connection offered the session; otherwise it issued it. */
  isOffer(row: number, session: number): boolean {
    const { ints } = this.#rows;
    const own = ints[row + SESSION];
    if (own < 0) return this.#pairs.ints[-own - 1 + OFFERED] === session + 1;
    return own === session + 1 && (ints[row + Field.PORT_AND_FLAGS] & UseFlag.OFFERS) !== 0;
  }

  /** The row after another one, the first one after -1; -1 when there is none. What was forgotten is among them: it has no session. */
  after(row: number): number {
    const next = row < 0 ? 0 : row + USE_INTS;
    return next < this.#rows.end ? next : -1;
  }

  /** All rows, in order. */
  *all(): Generator<number> {
    for (let row = this.after(-1); row >= 0; row = this.after(row)) yield row;
  }

  /** The session that the connection offered, -1 for none. */
  offered(row: number): number {
    const { ints } = this.#rows;
    const own = ints[row + SESSION];
    if (own < 0) return this.#pairs.ints[-own - 1 + OFFERED] - 1;
    return ints[row + Field.PORT_AND_FLAGS] & UseFlag.OFFERS ? own - 1 : -1;
  }

  /** The session that the connection issued, -1 for none. */
  issued(row: number): number {
    const { ints } = this.#rows;
    const own = ints[row + SESSION];
    if (own < 0) return this.#pairs.ints[-own - 1 + ISSUED] - 1;
    return ints[row + Field.PORT_AND_FLAGS] & UseFlag.OFFERS ? -1 : own - 1;
  }

  /** The use after `row` in the list of `session`, or -1. */
  next(row: number, session: number): number {
    const { ints } = this.#rows;
    const own = ints[row + SESSION];
    return (own < 0 ? this.#pairs.ints[this.#nextOfPair(-own - 1, session)] : ints[row + NEXT]) - 1;
  }

  /** @param next -1 for none */
  setNext(row: number, session: number, next: number): void {
    const { ints } = this.#rows;
    const own = ints[row + SESSION];
    if (own < 0) this.#pairs.ints[this.#nextOfPair(-own - 1, session)] = next + 1;
    else ints[row + NEXT] = next + 1;
  }

  /** The connection has nothing to do with `session` any more, and is forgotten where it has with no other one. */
  leave(row: number, session: number): void {
    const { ints } = this.#rows;
    const own = ints[row + SESSION];
    if (own < 0) {
      const pair = -own - 1;
      const pairs = this.#pairs.ints;
      pairs[pair + (this.isOffer(row, session) ? OFFERED : ISSUED)] = 0;
      if (pairs[pair + OFFERED] !== 0 || pairs[pair + ISSUED] !== 0) return;
      this.#pairs.free(pair);
    }
    for (let side = 0; side < 2; side++) if (ints[row + ENDS + side] < 0) this.#times.free(-ints[row + ENDS + side] - 1);
    ints[row + SESSION] = 0;
    this.#rows.free(row);
  }

  /** What was said of `session` is said of `root`, in whose list the use is not yet. False where the connection has to do with `root` anyway. */
  reassign(row: number, session: number, root: number): boolean {
    const { ints } = this.#rows;
    const own = ints[row + SESSION];
    if (own >= 0) {
      ints[row + SESSION] = root + 1;
      ints[row + NEXT] = 0;
      return true;
    }
    const pair = -own - 1;
    const pairs = this.#pairs.ints;
    const isKnown = pairs[pair + OFFERED] === root + 1 || pairs[pair + ISSUED] === root + 1;
    pairs[this.#nextOfPair(pair, session)] = 0;
    pairs[pair + (this.isOffer(row, session) ? OFFERED : ISSUED)] = isKnown ? 0 : root + 1;
    return !isKnown;
  }

  #nextOfPair(pair: number, session: number): number {
    return pair + (this.#pairs.ints[pair + OFFERED] === session + 1 ? NEXT_OF_OFFERED : NEXT_OF_ISSUED);
  }
}
