// What the whole capture says about the declines of one kind of session at one server.
import { Doubles } from '../bytes/doubles.js';
import type { Cause, Session } from '../model.js';
import { type Accepted, AcceptedByName } from './accepted.js';
import { type Acceptances, type Decline, type Explanation, explain, isBeyond, mostAtOnce, type Quantities } from './explanations.js';
import type { Lifespans } from './lifespans.js';
import type { Offer } from './story.js';
import type { Use } from './use.js';

/** Declines that are compared with each other: of more an even sample. */
const MAX_COMPARED = 1 << 13;
/** Times closer than this are one moment, seconds: half a microsecond, the resolution of most captures. */
const SAME_MOMENT = 5e-7;

/**
 * It is told in rounds: every connection ({@link addConnection}), then every offer ({@link survey}), then every decline
 * ({@link addDecline}); it must be asked only after {@link conclude}.
 */
export class Hindsight implements Acceptances {
  readonly #kind: Session['kind'];
  readonly #issues = new Doubles();
  readonly accepted = new AcceptedByName();
  readonly #bareEnds = new Doubles();
  #connections = 0;
  #declines: Decline[] = [];
  #declineCount = 0;
  /** One in so many declines is compared. */
  #stride = 1;
  count = 0;
  isSeveralNodes = false;
  #explanations: readonly Explanation[] = [];
  #mostAtOnce: number | null = null;

  constructor(kind: Session['kind']) {
    this.#kind = kind;
  }

  /** A connection by which a session was there. @param isIssue it issued it */
  addConnection(use: Use, isIssue: boolean): void {
    this.#connections++;
    if (isIssue) this.#issues.push(use.answerTime);
    // Ended first and without any alert, as by a process that is stopped.
    if (use.serverFirst && use.serverClose.state === 'unclean') this.#bareEnds.push(use.serverClose.time);
  }

  sealConnections(): void {
    this.#issues.sort();
    this.#bareEnds.sort();
  }

  /** An offer of a session that the server is known to have had. */
  survey(offer: Offer): void {
    if (offer.use.role !== 'resumed') {
      if (offer.decisive === 'other-node') this.isSeveralNodes = true;
      return;
    }
    this.count++;
    const accepted = this.accepted.of(offer);
    const { greatest } = accepted;
    const { age, idle } = offer;
    if (offer.culprit === null) accepted.control++;
    if (offer.proof !== null) accepted.live(offer.proof.answerTime, offer.use.answerTime);
    if (age > greatest.age) greatest.age = age;
    if (idle > greatest.idle) greatest.idle = idle;
    // Mostly nothing was issued since that matters: the time since the last use is part of that since the issue.
    const sinceIssue = this.#issuedSince(offer, age);
    if (sinceIssue > greatest.issuedSinceIssue) greatest.issuedSinceIssue = sinceIssue;
    if (sinceIssue <= greatest.issuedSinceUse) return;
    const sinceUse = this.#issuedSince(offer, idle);
    if (sinceUse > greatest.issuedSinceUse) greatest.issuedSinceUse = sinceUse;
  }

  sealOffers(): void {
    this.accepted.seal();
  }

  get greatest(): Quantities {
    return this.accepted.all.greatest;
  }

  get lives(): Lifespans {
    return this.accepted.all.lives;
  }

  /** The first decline of a session that the server had, without a decisive cause. @param isOpen no close explains it either */
  addDecline(offer: Offer, isOpen: boolean): void {
    if (this.#declineCount++ % this.#stride !== 0) return;
    this.#declines.push(this.#describe(offer, isOpen));
    if (this.#declines.length < MAX_COMPARED) return;
    this.#declines = this.#declines.filter((_, i) => i % 2 === 0);
    this.#stride *= 2;
  }

  /** All declines were told. */
  conclude(): void {
    if (this.count > 0) this.#explanations = explain(this.#declines, this, { loss: this.lossCause, hasRoom: this.#takesRoom });
  }

  /** Why a session was declined, by comparison with all others; null where nothing explains it. @param isOpen no close does */
  explain(offer: Offer, isOpen: boolean): Cause | null {
    if (this.#explanations.length === 0) return null;
    const decline = this.#describe(offer, isOpen);
    return this.#explanations.find(({ covers }) => covers(decline))?.cause ?? null;
  }

  /** What shows a cause; null where nothing of this does. */
  explanationOf(cause: Cause): Explanation | null {
    return this.#explanations.find((explanation) => explanation.cause === cause) ?? null;
  }

  /** The store may have been lost, or the ticket keys changed, between the last sign of the session and the offer. */
  mayBeLost(offer: Offer): boolean {
    return this.accepted.for(offer).lives.hasGapBetween(since(offer), offer.use.answerTime);
  }

  /** Older than all that was accepted, or than anybody knows, or longer without use; and older than the server's own word. */
  mayBeExpired(offer: Offer): boolean {
    const quantities = this.#quantities(offer);
    const accepted = this.accepted.for(offer);
    return isBeyond(quantities, 'age', accepted) || isBeyond(quantities, 'idle', accepted);
  }

  /** More sessions were issued since than before any that was accepted. */
  mayBeEvicted(offer: Offer): boolean {
    if (!this.#takesRoom) return false;
    const quantities = this.#quantities(offer);
    const accepted = this.accepted.for(offer);
    return isBeyond(quantities, 'issuedSinceUse', accepted) || isBeyond(quantities, 'issuedSinceIssue', accepted);
  }

  /** What a loss of all sessions is called. */
  get lossCause(): Cause {
    return this.#kind === 'session-id' ? 'restarted' : 'key-rotated';
  }

  /** The most declines that a single loss may explain, whatever else does; where names have a machine of their own, one of each. */
  get mostAtOnce(): number {
    this.#mostAtOnce ??= this.#mostByName() * this.#stride;
    return this.#mostAtOnce;
  }

  #mostByName(): number {
    if (!this.accepted.hasSeveral) return mostAtOnce(this.#declines, this.lives);
    const byName = new Map<Accepted, Decline[]>();
    for (const decline of this.#declines) {
      const declines = byName.get(decline.accepted);
      if (declines) declines.push(decline);
      else byName.set(decline.accepted, [decline]);
    }
    return [...byName].reduce((sum, [{ lives }, declines]) => sum + mostAtOnce(declines, lives), 0);
  }

  /** A server that mostly ends connections so says nothing by it. */
  readonly droppedBetween = (from: number, to: number): number => {
    if (this.#bareEnds.size * 2 > this.#connections) return 0;
    return this.#bareEnds.countBelow(to) - this.#bareEnds.countBelow(from);
  };

  /** The server keeps a ticket with the client (RFC 5077 1). */
  get #takesRoom(): boolean {
    return this.#kind !== 'ticket';
  }

  #describe(offer: Offer, isOpen: boolean): Decline {
    const isOwn = !isOpen && offer.culprits.every(({ use }) => use.serverFirst);
    const accepted = this.accepted.for(offer);
    return { time: offer.use.answerTime, since: since(offer), isOpen, isOwn, accepted, ...this.#quantities(offer) };
  }

  #quantities(offer: Offer): Quantities {
    const { age, idle, lifetime, issue } = offer;
    // A server keeps to the lifetime that it gave (RFC 5077 3.3, RFC 8446 4.6.1).
    const mayExpire = lifetime === null || age >= lifetime;
    return {
      age: !mayExpire ? -1 : issue === null ? Number.POSITIVE_INFINITY : age,
      idle: mayExpire ? idle : -1,
      issuedSinceUse: this.#issuedSince(offer, idle),
      issuedSinceIssue: this.#issuedSince(offer, age),
    };
  }

  #issuedSince(offer: Offer, seconds: number): number {
    const { answerTime } = offer.use;
    return 1 + Math.max(0, this.#issues.countBelow(answerTime) - this.#issues.countBelow(answerTime - seconds + SAME_MOMENT));
  }
}

/** When the server last showed that it had the session. */
function since(offer: Offer): number {
  return offer.use.answerTime - offer.idle;
}
