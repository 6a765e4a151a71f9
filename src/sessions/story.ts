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
  /** What ended; null for the server's answer. */
  close: { culprit: Culprit | null; state: 'clean' | 'unknown' | 'aborted' | null; isEnd: boolean } | null;
}

/** Calls `visit` with each offer of a session, in the order of the server's answers. */
export function tell(uses: readonly Use[], visit: (offer: Offer) => void): void {
  const events = uses.flatMap(eventsOf).sort((a, b) => a.time - b.time || a.frame - b.frame);
  const lastResumed = uses.reduce((last, use) => (use.role === 'resumed' ? Math.max(last, use.answerTime) : last), Number.NEGATIVE_INFINITY);
  const story = new Story(lastResumed);
  for (const event of events) {
    if (event.close) story.close(event.close);
    else story.answer(event.use, visit);
  }
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
  #open = 0;
  /** States of quiet ends since the proof. */
  #clean = false;
  #unknown = false;
  #aborted = false;

  constructor(lastResumed: number) {
    this.#lastResumed = lastResumed;
  }

  close(close: NonNullable<Event['close']>): void {
    const { culprit, state } = close;
    if (culprit) {
      this.#culprits.push(culprit);
      if (this.#allCulprits.length < MAX_LISTED) this.#allCulprits.push(culprit);
    }
    if (close.isEnd) this.#open--;
    if (state === 'clean') this.#clean = true;
    else if (state === 'unknown') this.#unknown = true;
    else if (state === 'aborted') this.#aborted = true;
  }

  answer(use: Use, visit: (offer: Offer) => void): void {
    if (use.role !== 'issued') visit(this.#offer(use));
    if (use.role === 'declined') this.#hasDeclined = true;
    if (use.role !== 'issued' && use.role !== 'resumed') return;
    if (use.role === 'issued') this.#issue ??= use;
    else if (this.#resumed.length < MAX_LISTED) this.#resumed.push(use);
    this.#proof = use;
    this.#open++;
    this.#hasFatalAlert ||= use.fatalAlert;
    this.#culprits.length = 0;
    this.#clean = this.#unknown = this.#aborted = this.#hasDeclined = false;
  }

  #offer(use: Use): Offer {
    return {
      use,
      exposure: this.#exposure(),
      culprits: this.#culprits,
      allCulprits: this.#allCulprits,
      issue: this.#issue,
      proof: this.#proof,
      resumed: this.#resumed,
      decisive: use.role === 'declined' ? this.#decisive(use) : null,
      isRepeated: this.#hasDeclined,
    };
  }

  #exposure(): Exposure {
    const unclean = this.#culprits.findLast((c) => c.state === 'unclean');
    if (unclean) return unclean.end === 'fin' ? 'unclean-fin' : 'unclean-rst';
    if (this.#aborted) return 'aborted';
    if (this.#culprits.length > 0) return 'reset-race';
    if (this.#unknown) return 'unknown';
    if (this.#open > 0) return 'open';
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

/** The server's answer, and the ends of a connection by which the session was there. */
function eventsOf(use: Use): Event[] {
  const events: Event[] = [{ time: use.answerTime, frame: answerFrame(use), use, close: null }];
  if (use.role !== 'issued' && use.role !== 'resumed') return events;
  const { clientClose: client, serverClose: server } = use;
  const add = (by: 'client' | 'server', close: UseClose, isEnd: boolean) => {
    const culprit = culpritOf(use, by, close);
    const quiet = close.state === 'clean' || close.state === 'unknown' || close.state === 'aborted' ? close.state : null;
    events.push({ time: close.time, frame: close.frame, use, close: { culprit, state: isEnd ? quiet : null, isEnd } });
  };
  // The client's side decides, because it is what the server sees. A server that ends without close_notify matters where it did so
  // first: one that answers close_notify with a bare FIN, as nginx does, has received all that it needs.
  const isServerCulprit = use.serverFirst || client.state === 'unclean';
  if (client.frame > 0) add('client', client, true);
  if (server.frame > 0 && (client.frame === 0 || (isServerCulprit && culpritOf(use, 'server', server)))) add('server', server, client.frame === 0);
  return events;
}

function culpritOf(use: Use, by: 'client' | 'server', close: UseClose): Culprit | null {
  if (close.end === null || (close.state !== 'unclean' && close.state !== 'reset-race')) return null;
  return { use, by, end: close.end, state: close.state, frame: close.frame, time: close.time };
}

/** Version (RFC 5246 7.4.1.2), server name (RFC 6066 3) or extended master secret differ from the session's. */
function hasChangedParameters(session: Use, offer: Use): boolean {
  if (session.version !== 0 && offer.version !== 0 && session.version !== offer.version) return true;
  if (session.serverName !== 0 && offer.serverName !== 0 && session.serverName !== offer.serverName) return true;
  return session.role === 'issued' && session.clientHello > 0 && hasChangedMasterSecret(session, offer);
}

/** RFC 7627 5.3: a session keeps to the kind of master secret that it began with. */
function hasChangedMasterSecret(session: Use, offer: Use): boolean {
  const wasExtended = session.clientEms && session.serverEms;
  return wasExtended ? !offer.clientEms : offer.clientEms && offer.serverEms;
}
