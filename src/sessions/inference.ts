// Which connection issued a PSK, where its ticket cannot be seen: RFC 8446 4.6.1 encrypts it.
import { FIRST_USE, type IdTable } from './id-table.js';
import { Use } from './use.js';
import { Field } from './use-rows.js';
import type { Uses } from './uses.js';

/** Earlier connections of a client that may have issued the same ticket and are compared. */
const MAX_COMPARED = 16;

/** Connections of one client, to one server and name, that may have issued a ticket, in order of time. */
interface Candidates {
  rows: readonly number[];
  /** A ticket of this connection was offered. */
  isSpent: Uint8Array;
}

export interface Issue {
  row: number;
  /** Other connections of the client fit as well, and it matters. */
  isAmbiguous: boolean;
}

interface Offer {
  session: number;
  client: number;
  time: number;
}

/**
 * A PSK comes from the last connection of the same client to the same server and name: clients keep the newest ticket. Where an earlier
 * one, of which no ticket was offered yet, closed in another way, it matters which of them it was, and that is ambiguous.
 */
export class IssueInference {
  readonly #ids: IdTable;
  readonly #uses: Uses;
  readonly #view: Use;
  readonly #candidates = new Map<number, Candidates>();
  readonly #issues = new Map<number, Issue>();

  /** @param clientOf the number under which the connections of a client are listed; below 0 for none */
  constructor(ids: IdTable, uses: Uses, clientOf: (server: number, offer: Use) => number) {
    this.#ids = ids;
    this.#uses = uses;
    this.#view = new Use(uses.rows);
    const offers: Offer[] = [];
    for (let session = ids.after(-1); session >= 0; session = ids.after(session)) {
      if (ids.isPsk(session) && !ids.isJoined(session)) this.#addFirstOffer(session, clientOf, offers);
    }
    offers.sort((a, b) => a.time - b.time);
    for (const offer of offers) {
      const issue = this.#infer(offer);
      if (issue) this.#issues.set(offer.session, issue);
    }
  }

  /** The connection that most likely issued a session. */
  issueOf(session: number): Issue | null {
    return this.#issues.get(session) ?? null;
  }

  #addFirstOffer(session: number, clientOf: (server: number, offer: Use) => number, into: Offer[]): void {
    let first: Offer | null = null;
    for (let row = this.#ids.rows.ints[session + FIRST_USE] - 1; row >= 0; row = this.#uses.next(row, session)) {
      const use = this.#view;
      use.move(row, session);
      if (use.role === 'issued') return;
      if (first === null || use.helloTime < first.time) {
        first = { session, client: clientOf(this.#ids.server(session), use), time: use.helloTime };
      }
    }
    if (first !== null && first.client >= 0) into.push(first);
  }

  #infer({ client, time }: Offer): Issue | null {
    const { rows, isSpent } = this.#candidatesOf(client);
    const last = this.#countBefore(rows, time) - 1;
    if (last < 0) return null;
    const { ints } = this.#uses.rows;
    let isAmbiguous = false;
    for (let i = last - 1; i >= 0 && i >= last - MAX_COMPARED; i--) {
      if (!isSpent[i] && clientClose(ints[rows[i] + Field.CLOSES]) !== clientClose(ints[rows[last] + Field.CLOSES])) isAmbiguous = true;
    }
    isSpent[last] = 1;
    return { row: rows[last], isAmbiguous };
  }

  /** How many of the connections were answered before `time`, by bisection. */
  #countBefore(rows: readonly number[], time: number): number {
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#uses.answerTime(rows[middle]) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #candidatesOf(client: number): Candidates {
    let candidates = this.#candidates.get(client);
    if (!candidates) {
      const rows: number[] = [];
      for (let row = this.#ids.rows.ints[client + FIRST_USE] - 1; row >= 0; row = this.#uses.next(row, client)) rows.push(row);
      rows.sort((a, b) => this.#uses.answerTime(a) - this.#uses.answerTime(b));
      candidates = { rows, isSpent: new Uint8Array(rows.length) };
      this.#candidates.set(client, candidates);
    }
    return candidates;
  }
}

/** Of the packed closes of both sides. */
function clientClose(closes: number): number {
  return closes & 0xff;
}
