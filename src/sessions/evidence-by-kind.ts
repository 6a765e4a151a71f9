// The evidence of one server, by the kind of session.
import type { Cause, CauseCount, LeftOut, Session, Tally } from '../model.js';
import { type Evidence, noOffers, nothingLeftOut, ServerEvidence } from './evidence.js';
import type { Offer } from './story.js';
import type { Use } from './use.js';

export interface OfKind {
  /** Without offers whose issuing connection is inferred. */
  exact: ServerEvidence;
  all: ServerEvidence;
  /** The two, or the one that is both. */
  each: readonly ServerEvidence[];
}

/**
 * What one server did with offers, by the kind of session: session IDs are in a cache, tickets are not, and what happens to the one kind
 * says nothing of the other.
 */
export class EvidenceByKind {
  readonly #kinds = new Map<Session['kind'], OfKind>();
  #last: OfKind | null = null;

  survey(offer: Offer): void {
    for (const evidence of this.#told(offer)) evidence.survey(offer);
  }

  compare(offer: Offer): void {
    for (const evidence of this.#told(offer)) evidence.compare(offer);
  }

  count(offer: Offer): void {
    for (const evidence of this.#told(offer)) evidence.count(offer);
  }

  /** What an offer is to be compared with. */
  fitting(offer: Offer): ServerEvidence {
    const { all, exact } = this.#of(offer.kind);
    return offer.isInferred ? all : exact;
  }

  /** A connection by which a session of this kind was there. @param isIssue it issued it */
  addConnection(kind: Session['kind'], use: Use, isIssue: boolean): void {
    for (const evidence of this.#of(kind).each) evidence.hindsight.addConnection(use, isIssue);
  }

  /** Each kind of session. */
  get pairs(): readonly OfKind[] {
    return [...this.#kinds.values()];
  }

  sealConnections(): void {
    for (const evidence of this.#every()) evidence.hindsight.sealConnections();
  }

  sealOffers(): void {
    for (const evidence of this.#every()) evidence.hindsight.sealOffers();
  }

  /** @param seconds by how much the clocks of the two directions differ */
  setSkew(seconds: number): void {
    for (const evidence of this.#every()) evidence.skewSeconds = seconds;
  }

  conclude(): void {
    for (const evidence of this.#every()) evidence.hindsight.conclude();
  }

  /** Of all kinds together. */
  get tallies(): Evidence {
    const sum = noOffers();
    for (const { all } of this.#kinds.values()) {
      for (const [state, { resumed, declined }] of Object.entries(all.tallies) as [keyof Evidence, Tally][]) {
        sum[state].resumed += resumed;
        sum[state].declined += declined;
      }
    }
    return sum;
  }

  get bareAnswers(): Tally {
    const answers = [...this.#kinds.values()].flatMap(({ all }) => all.kinds.filter(({ isBareAnswer }) => isBareAnswer));
    return { resumed: answers.reduce((n, kind) => n + kind.resumed, 0), declined: answers.reduce((n, kind) => n + kind.declined, 0) };
  }

  get inferred(): number {
    return [...this.#kinds.values()].reduce((sum, { all }) => sum + all.inferred, 0);
  }

  /** What comparison shows of a cause: see {@link CauseCount}. */
  limitsOf(cause: Cause): Pick<CauseCount, 'limit' | 'between'> {
    for (const { hindsight } of this.#every()) {
      const explanation = hindsight.explanationOf(cause);
      if (explanation !== null) return { limit: explanation.limit, between: explanation.between };
    }
    return { limit: null, between: null };
  }

  get leftOut(): LeftOut {
    const sum = nothingLeftOut();
    for (const { all } of this.#kinds.values()) {
      for (const reason of Object.keys(sum) as (keyof LeftOut)[]) sum[reason] += all.leftOut[reason];
    }
    return sum;
  }

  *#every(): Generator<ServerEvidence> {
    for (const { each } of this.#kinds.values()) yield* each;
  }

  #told(offer: Offer): readonly ServerEvidence[] {
    const { all, each } = this.#of(offer.kind);
    return offer.isInferred ? [all] : each;
  }

  #of(kind: Session['kind']): OfKind {
    if (kind === this.#last?.all.sessionKind) return this.#last;
    let found = this.#kinds.get(kind);
    if (!found) {
      const all = new ServerEvidence(kind);
      const exact = kind === 'psk' ? new ServerEvidence(kind) : all;
      found = { all, exact, each: exact === all ? [all] : [all, exact] };
      this.#kinds.set(kind, found);
    }
    this.#last = found;
    return found;
  }
}
