// What a server accepted, by the server name: behind one address each name may have its own machine, lifetime and cache.
import type { Quantities } from './explanations.js';
import { Lifespans } from './lifespans.js';
import type { Offer } from './story.js';

/** Names that are told apart; sessions of further ones are one. */
const MAX_NAMES = 4096;
/** No number of a name. */
const OTHERS = -1;

/** What was accepted of the sessions of one name, or of all. */
export class Accepted {
  readonly lives = new Lifespans();
  readonly greatest: Quantities = { age: 0, idle: 0, issuedSinceUse: 0, issuedSinceIssue: 0 };
  /** Offers that no unclean close preceded. */
  control = 0;
  #lifeStart = Number.NaN;
  #lifeEnd = Number.NaN;

  /** A session lived from one time to another; mostly the one that is told of goes on. */
  live(from: number, to: number): void {
    if (from !== this.#lifeEnd) {
      this.#endLife();
      this.#lifeStart = from;
    }
    this.#lifeEnd = to;
  }

  /** Takes in what was accepted of another name, before either is sealed. */
  join(other: Accepted): void {
    other.#endLife();
    this.lives.join(other.lives);
    for (const measure of Object.keys(this.greatest) as (keyof Quantities)[])
      this.greatest[measure] = Math.max(this.greatest[measure], other.greatest[measure]);
    this.control += other.control;
  }

  /** Nothing is added any more. */
  seal(): void {
    this.#endLife();
    this.lives.seal();
  }

  #endLife(): void {
    if (!Number.isNaN(this.#lifeStart)) this.lives.add(this.#lifeStart, this.#lifeEnd);
    this.#lifeStart = this.#lifeEnd = Number.NaN;
  }
}

/** What was accepted of each name, and of all together. */
export class AcceptedByName {
  /** Of all; complete when {@link seal}ed. */
  all = new Accepted();
  readonly #names = new Map<number, Accepted>();
  #last: Accepted | null = null;
  #lastName = OTHERS;

  /** That of the name of an accepted offer, to add to. */
  of({ use: { serverName } }: Offer): Accepted {
    if (this.#last !== null && this.#lastName === serverName) return this.#last;
    const name = this.#names.has(serverName) || this.#names.size < MAX_NAMES ? serverName : OTHERS;
    let found = this.#names.get(name);
    if (!found) {
      found = new Accepted();
      this.#names.set(name, found);
    }
    this.#last = found;
    this.#lastName = serverName;
    return found;
  }

  seal(): void {
    const each = [...this.#names.values()];
    if (each.length === 1) this.all = each[0];
    else for (const one of each) this.all.join(one);
    for (const one of each) one.seal();
    if (each.length !== 1) this.all.seal();
  }

  get hasSeveral(): boolean {
    return this.#names.size > 1;
  }

  /** Whether a session of the name was accepted. */
  has(offer: Offer): boolean {
    return this.#names.has(nameOf(offer));
  }

  /** What an offer is to be compared with: what was accepted of its name, or of all where nothing was. */
  for(offer: Offer): Accepted {
    return this.#names.get(nameOf(offer)) ?? this.all;
  }
}

/** Of the session, where a server showed that it had it; else of what the offer asks for. */
function nameOf({ use, proof }: Offer): number {
  return (proof ?? use).serverName;
}
