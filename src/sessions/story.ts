// What happened to one session, in order, and what each offer of it says about the closes before it.
import type { Cause } from '../model.js';
import type { Use, UseClose } from './uses.js';

/** The worst that happened to a session since the server last showed that it had it. */
export type Exposure = 'open' | 'clean' | 'reset-race' | 'unclean-fin' | 'unclean-rst' | 'aborted' | 'unknown';

/** One side of a connection closing in a way that may have cost the session. */
export interface Culprit {
  use: Use;
  by: 'client' | 'server';
  end: 'fin' | 'rst';
  state: 'unclean' | 'reset-race';
  frame: number;
  time: number;
}

/** An offer and the session's state when the server answered it. */
export interface Offer {
  use: Use;
  exposure: Exposure;
  /** Of these the one that most likely counts. */
  culprit: Culprit | null;
  /** Closes since {@link proof} that may have cost the session, in order. */
  culprits: readonly Culprit[];
  /** All such closes before the offer, survived ones included. */
  allCulprits: readonly Culprit[];
  issue: Use | null;
  /** The last use by which the server showed that it had the session; null when there is none. */
  proof: Use | null;
  /** Accepted offers before this one. */
  resumed: readonly Use[];
  /** A cause that needs no comparison with other sessions; null when there is none, or the offer was not declined. */
  decisive: Cause | null;
  /** The server declined the session before, since it last had it. */
  isRepeated: boolean;
}

/** Lists in {@link Offer} end here; what a session went through before is no evidence any more by then. */
const MAX_LISTED = 1000;

interface Event {
  time: number;
  frame: number;
  use: Use;
  what: 'answer' | 'client-end' | 'server-end';
}

/** Calls `visit` with each offer of a session, in the order of the server's answers. */
export function tell(uses: readonly Use[], visit: (offer: Offer) => void): void {
  const events: Event[] = [];
  let lastResumed = Number.NEGATIVE_INFINITY;
  for (const use of uses) {
    addEvents(events, use);
    if (use.role === 'resumed' && use.answerTime > lastResumed) lastResumed = use.answerTime;
  }
  events.sort(inOrder);
  const story = new Story(lastResumed);
  for (const event of events) {
    if (event.what === 'answer') story.answer(event.use, visit);
    else story.close(event.use, event.what === 'client-end');
  }
}

function inOrder(a: Event, b: Event): number {
  return a.time - b.time || a.frame - b.frame;
}

/** The server's answer, and the ends of a connection by which the session was there. */
function addEvents(events: Event[], use: Use): void {
  events.push({ time: use.answerTime, frame: answerFrame(use), use, what: 'answer' });
  if (use.role !== 'issued' && use.role !== 'resumed') return;
  const { clientClose: client, serverClose: server } = use;
  if (client.frame > 0) events.push({ time: client.time, frame: client.frame, use, what: 'client-end' });
  if (server.frame > 0) events.push({ time: server.time, frame: server.frame, use, what: 'server-end' });
}

export function answerFrame(use: Use): number {
  return use.serverHello ?? use.clientHello;
}

class Story {
  readonly #lastResumed: number;
  readonly #culprits: Culprit[] = [];
  readonly #allCulprits: Culprit[] = [];
  readonly #resumed: Use[] = [];
  #issue: Use | null = null;
  #proof: Use | null = null;
  #hasFatalAlert = false;
  #hasDeclined = false;
  /** Connections by which the session is there and whose end was not seen yet. */
  readonly #open = new Set<Use>();
  /** States of quiet ends since the proof. */
  #clean = false;
  #unknown = false;
  #aborted = false;

  constructor(lastResumed: number) {
    this.#lastResumed = lastResumed;
  }

  /** One side of a connection by which the session was there ended. */
  close(use: Use, isClient: boolean): void {
    const { clientClose: client, serverClose: server } = use;
    // The client's end decides whether the connection is over, because it is what the server sees.
    const decides = isClient || client.frame === 0;
    const close = isClient ? client : server;
    const culprit = culpritOf(use, isClient ? 'client' : 'server', close);
    if (culprit) {
      this.#culprits.push(culprit);
      if (this.#allCulprits.length < MAX_LISTED) this.#allCulprits.push(culprit);
    }
    if (!decides) {
      // The server's own close may have been unclean where the capture cannot tell.
      if (close.state === 'unknown') this.#unknown = true;
      return;
    }
    this.#open.delete(use);
    if (close.state === 'clean') this.#clean = true;
    else if (close.state === 'unknown') this.#unknown = true;
    else if (close.state === 'aborted') this.#aborted = true;
  }

  answer(use: Use, visit: (offer: Offer) => void): void {
    if (use.role !== 'issued') visit(this.#offer(use));
    if (use.role === 'declined') this.#hasDeclined = true;
    if (use.role !== 'issued' && use.role !== 'resumed') return;
    if (use.role === 'issued') this.#issue ??= use;
    else if (this.#resumed.length < MAX_LISTED) this.#resumed.push(use);
    this.#proof = use;
    this.#open.add(use);
    this.#hasFatalAlert ||= use.fatalAlert;
    this.#culprits.length = 0;
    this.#clean = this.#unknown = this.#aborted = this.#hasDeclined = false;
  }

  #offer(use: Use): Offer {
    return {
      use,
      exposure: this.#exposure(use),
      culprit: this.#culprit(),
      culprits: this.#culprits,
      allCulprits: this.#allCulprits,
      issue: this.#issue,
      proof: this.#proof,
      resumed: this.#resumed,
      decisive: use.role === 'declined' ? this.#decisive(use) : null,
      isRepeated: this.#hasDeclined,
    };
  }

  /** The close that most likely counts: the last unclean one of a client, else of the server, else a reset that raced. */
  #culprit(): Culprit | null {
    if (this.#culprits.length === 0) return null;
    const unclean = this.#culprits.filter((c) => c.state === 'unclean');
    return unclean.findLast((c) => c.by === 'client') ?? unclean.at(-1) ?? this.#culprits[this.#culprits.length - 1];
  }

  #exposure(offer: Use): Exposure {
    const culprit = this.#culprit();
    if (culprit?.state === 'unclean') return culprit.end === 'fin' ? 'unclean-fin' : 'unclean-rst';
    if (this.#aborted) return 'aborted';
    if (this.#culprits.length > 0) return 'reset-race';
    if (this.#unknown) return 'unknown';
    // A connection that is not seen any more may have ended where the capture lost it.
    for (const use of this.#open) if (use.lastSeen > offer.answerTime) return 'open';
    if (this.#open.size > 0) return 'unknown';
    return this.#clean ? 'clean' : 'unknown';
  }

  #decisive(offer: Use): Cause | null {
    if (this.#proof === null) return 'unknown-session';
    if (this.#issue === this.#proof && !this.#issue.completed) return 'incomplete';
    if (this.#hasFatalAlert) return 'fatal-alert';
    if (hasChangedParameters(this.#issue ?? this.#proof, offer)) return 'parameters-changed';
    return offer.answerTime < this.#lastResumed ? 'other-node' : null;
  }
}

function culpritOf(use: Use, by: 'client' | 'server', close: UseClose): Culprit | null {
  if (close.end === null || (close.state !== 'unclean' && close.state !== 'reset-race')) return null;
  return { use, by, end: close.end, state: close.state, frame: close.frame, time: close.time };
}

/** Version (RFC 5246 7.4.1.2), server name (RFC 6066 3) or extended master secret differ from the session's. */
function hasChangedParameters(session: Use, offer: Use): boolean {
  if (session.version !== 0 && offer.version !== 0 && session.version !== offer.version) return true;
  if (session.serverName !== 0 && offer.serverName !== 0 && session.serverName !== offer.serverName) return true;
  const isKnown = session.role === 'issued' && session.clientHello > 0 && !session.isHelloCut && !offer.isHelloCut;
  return isKnown && hasChangedMasterSecret(session, offer);
}

/** RFC 7627 5.3: a session keeps to the kind of master secret that it began with. */
function hasChangedMasterSecret(session: Use, offer: Use): boolean {
  const wasExtended = session.clientEms && session.serverEms;
  return wasExtended ? !offer.clientEms : offer.clientEms && offer.serverEms;
}
