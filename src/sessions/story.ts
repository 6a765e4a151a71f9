// What happened to one session, in order, and what each offer of it says about the closes before it.
import type { Cause, Session } from '../model.js';
import type { Use, UseClose } from './use.js';

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

/** An offer and the session's state when the server answered it. One object serves for all: it holds until the next offer. */
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
  /** How many of them there were; `resumed` may be one array for all sessions, and longer. */
  resumedCount: number;
  /** A cause that needs no comparison with other sessions; null when there is none, or the offer was not declined. */
  decisive: Cause | null;
  /** The server declined the session before, since it last had it. */
  isRepeated: boolean;
  /** Who issued the session is inferred. */
  isInferred: boolean;
  /** And others may have issued it as well. */
  isAmbiguous: boolean;
  kind: Session['kind'];
  /** Seconds that the server gave the session; null where it gave none. */
  lifetime: number | null;
  /** Seconds from the issue, or else the first acceptance, to the answer; and since the server last showed that it had the session. */
  age: number;
  idle: number;
  /** What the offer names differs from the session in a way that a server may mind. */
  mayHaveChangedParameters: boolean;
}

/** Lists in {@link Offer} end here; what a session went through before is no evidence any more by then. */
const MAX_LISTED = 1000;

const NO_CULPRITS: readonly Culprit[] = [];

type What = 'answer' | 'client-end' | 'server-end';

/** Something that happened to a session, kept to be used again for the next session. */
class Event {
  time = 0;
  frame = 0;
  use!: Use;
  what: What = 'answer';
}

/** More events than this are left to the library's sort, whose cost does not grow with the square. */
const MANY_EVENTS = 64;

/** Tells the stories of sessions, one after the other. */
export class Teller {
  /** The first `#count` are those of the present session. */
  readonly #events: Event[] = [];
  #count = 0;
  readonly #story = new Story();

  /**
   * Calls `visit` with each offer of a session, in the order of the server's answers. The first `count` of `uses` are looked at.
   *
   * @param lifetime that the server gave the session, seconds; null where it gave none
   */
  tell(uses: readonly Use[], count: number, kind: Session['kind'], lifetime: number | null, visit: (offer: Offer) => void): void {
    this.#count = 0;
    let lastResumed = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < count; i++) {
      const use = uses[i];
      this.#addEvents(use);
      if (use.role === 'resumed' && use.answerTime > lastResumed) lastResumed = use.answerTime;
    }
    this.#sort();
    const story = this.#story;
    story.begin(lastResumed, kind, lifetime);
    for (let i = 0; i < this.#count; i++) {
      const { use, what } = this.#events[i];
      if (what === 'answer') story.answer(use, visit);
      else story.close(use, what === 'client-end');
    }
  }

  /** The server's answer, and the ends of a connection by which the session was there. */
  #addEvents(use: Use): void {
    this.#add(use.answerTime, use.answerFrame, use, 'answer');
    if (use.role !== 'issued' && use.role !== 'resumed') return;
    const { clientClose: client, serverClose: server } = use;
    if (client.frame > 0) this.#add(client.time, client.frame, use, 'client-end');
    if (server.frame > 0) this.#add(server.time, server.frame, use, 'server-end');
  }

  #add(time: number, frame: number, use: Use, what: What): void {
    if (this.#count === this.#events.length) this.#events.push(new Event());
    const event = this.#events[this.#count++];
    event.time = time;
    event.frame = frame;
    event.use = use;
    event.what = what;
  }

  /** By insertion, which is quick for what is nearly in order, as events are. */
  #sort(): void {
    const events = this.#events;
    if (this.#count > MANY_EVENTS) {
      const sorted = events.slice(0, this.#count).sort((a, b) => a.time - b.time || a.frame - b.frame);
      for (let i = 0; i < this.#count; i++) events[i] = sorted[i];
      return;
    }
    for (let i = 1; i < this.#count; i++) {
      const event = events[i];
      let at = i;
      for (; at > 0 && isBefore(event, events[at - 1]); at--) events[at] = events[at - 1];
      events[at] = event;
    }
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.time !== b.time ? a.time < b.time : a.frame < b.frame;
}

class Story {
  #lastResumed = 0;
  #kind: Session['kind'] = 'session-id';
  #lifetime: number | null = null;
  #culprits: Culprit[] = [];
  #allCulprits: Culprit[] = [];
  readonly #resumed: Use[] = [];
  #resumedCount = 0;
  #issue: Use | null = null;
  #proof: Use | null = null;
  #hasFatalAlert = false;
  /** A protected alert since the proof that most likely was a fatal one. */
  #hasLikelyFatalAlert = false;
  #hasDeclined = false;
  /** Connections by which the session is there and whose end was not seen yet; and the last time at which one of all is known to be open. */
  #open = 0;
  #openUntil = 0;
  /** States of quiet ends since the proof. */
  #clean = false;
  #unknown = false;
  #aborted = false;
  readonly #offer: Offer = {
    use: null as unknown as Use,
    exposure: 'unknown',
    culprit: null,
    culprits: this.#culprits,
    allCulprits: this.#allCulprits,
    issue: null,
    proof: null,
    resumed: this.#resumed,
    resumedCount: 0,
    decisive: null,
    isRepeated: false,
    isInferred: false,
    isAmbiguous: false,
    kind: 'session-id',
    lifetime: null,
    age: 0,
    idle: 0,
    mayHaveChangedParameters: false,
  };

  /** Another session. */
  begin(lastResumed: number, kind: Session['kind'], lifetime: number | null): void {
    this.#lifetime = lifetime;
    this.#lastResumed = lastResumed;
    this.#kind = kind;
    // New arrays rather than shortened ones: setting a length costs more than an array.
    if (this.#culprits.length > 0) this.#culprits = [];
    if (this.#allCulprits.length > 0) this.#allCulprits = [];
    this.#resumedCount = 0;
    this.#issue = this.#proof = null;
    this.#open = 0;
    this.#openUntil = Number.NEGATIVE_INFINITY;
    this.#hasFatalAlert = this.#hasLikelyFatalAlert = this.#hasDeclined = this.#clean = this.#unknown = this.#aborted = false;
  }

  /** One side of a connection by which the session was there ended. */
  close(use: Use, isClient: boolean): void {
    const { clientClose: client, serverClose: server } = use;
    // The client's end decides whether the connection is over, because it is what the server sees.
    const decides = isClient || client.frame === 0;
    const close = isClient ? client : server;
    // A server that ends without close_notify drops what it keeps of the session; of a ticket it keeps nothing (RFC 5077 1).
    if (use.fatalAlert) this.#hasFatalAlert = true;
    if (use.likelyFatalAlert) this.#hasLikelyFatalAlert = true;
    const culprit = this.#kind === 'ticket' && !isClient ? null : culpritOf(use, isClient ? 'client' : 'server', close);
    if (culprit) {
      this.#culprits.push(culprit);
      if (this.#allCulprits.length < MAX_LISTED) this.#allCulprits.push(culprit);
    }
    if (!decides) {
      // The server's own close may have been unclean where the capture cannot tell.
      if (close.state === 'unknown') this.#unknown = true;
      return;
    }
    this.#open--;
    if (close.state === 'clean') this.#clean = true;
    else if (close.state === 'unknown') this.#unknown = true;
    else if (close.state === 'aborted') this.#aborted = true;
  }

  answer(use: Use, visit: (offer: Offer) => void): void {
    // What the client sends behind its ClientHello comes to the server later: an acceptance says nothing about such closes.
    const later = use.role === 'resumed' && this.#culprits.length > 0 ? this.#takeLater(use.helloTime) : NO_CULPRITS;
    if (use.role !== 'issued') visit(this.#describe(use));
    if (use.role === 'declined') this.#hasDeclined = true;
    if (use.role !== 'issued' && use.role !== 'resumed') return;
    if (use.role === 'issued') this.#issue ??= use;
    else if (this.#resumedCount < MAX_LISTED) this.#resumed[this.#resumedCount++] = use;
    this.#proof = use;
    this.#open++;
    this.#openUntil = Math.max(this.#openUntil, openUntil(use));
    // Where no end tells when, it is as good as at the answer.
    this.#hasFatalAlert = use.fatalAlert && use.clientClose.frame === 0 && use.serverClose.frame === 0;
    if (this.#culprits.length > 0 || later.length > 0) this.#culprits = [...later];
    this.#clean = this.#unknown = this.#aborted = this.#hasDeclined = this.#hasLikelyFatalAlert = false;
  }

  /** Takes out the client's closes after a time. */
  #takeLater(time: number): readonly Culprit[] {
    const isLater = (culprit: Culprit) => culprit.by === 'client' && culprit.time > time;
    const later = this.#culprits.filter(isLater);
    if (later.length > 0) this.#culprits = this.#culprits.filter((culprit) => !isLater(culprit));
    return later;
  }

  #describe(use: Use): Offer {
    const offer = this.#offer;
    offer.use = use;
    offer.culprit = this.#culprit();
    offer.exposure = this.#exposure(use, offer.culprit);
    offer.culprits = this.#culprits;
    offer.allCulprits = this.#allCulprits;
    offer.resumedCount = this.#resumedCount;
    offer.issue = this.#issue;
    offer.proof = this.#proof;
    offer.decisive = use.role === 'declined' ? this.#decisive(use) : null;
    offer.isRepeated = this.#hasDeclined;
    offer.isInferred = this.#issue?.isInferred ?? false;
    offer.isAmbiguous = this.#issue?.isAmbiguous ?? false;
    offer.kind = this.#kind;
    offer.lifetime = this.#lifetime;
    const first = this.#issue ?? (this.#resumedCount > 0 ? this.#resumed[0] : (this.#proof ?? use));
    offer.age = use.answerTime - first.answerTime;
    offer.idle = use.answerTime - (this.#proof ?? use).answerTime;
    offer.mayHaveChangedParameters = use.role === 'declined' && this.#mayHaveChangedParameters(use);
    return offer;
  }

  /** The close that most likely counts: the last unclean one of who ended first so, else of the other side, else a reset that raced. */
  #culprit(): Culprit | null {
    let best: Culprit | null = null;
    for (const culprit of this.#culprits) if (best === null || weight(culprit) >= weight(best)) best = culprit;
    return best;
  }

  #exposure(offer: Use, culprit: Culprit | null): Exposure {
    if (culprit?.state === 'unclean') return culprit.end === 'fin' ? 'unclean-fin' : 'unclean-rst';
    if (this.#aborted) return 'aborted';
    if (culprit !== null) return 'reset-race';
    if (this.#unknown) return 'unknown';
    if (this.#open > 0) {
      // A connection that is not seen any more may have ended where the capture lost it.
      return this.#openUntil > offer.answerTime ? 'open' : 'unknown';
    }
    return this.#clean ? 'clean' : 'unknown';
  }

  #mayHaveChangedParameters(offer: Use): boolean {
    const session = this.#issue ?? this.#proof;
    return session !== null && mayHaveChangedParameters(session, offer);
  }

  #decisive(offer: Use): Cause | null {
    // Servers replace tickets that are about to become invalid (RFC 5077 3.3).
    if (offer.isSuperseded) return 'undetermined';
    if (this.#proof === null) return 'unknown-session';
    if (this.#issue === this.#proof && this.#issue.isVoid) return 'never-resumable';
    if (this.#issue === this.#proof && !this.#issue.completed) return 'incomplete';
    if (this.#hasFatalAlert || this.#hasLikelyFatalAlert) return 'fatal-alert';
    const session = this.#issue ?? this.#proof;
    if (hasChangedParameters(session, offer)) return 'parameters-changed';
    if (this.#kind === 'psk' && hasChangedHash(session, offer)) return 'parameters-changed';
    // Since the server last issued, renewed or took it.
    if (this.#lifetime !== null && offer.answerTime - this.#proof.answerTime > this.#lifetime) return 'expired';
    // A server may take a PSK only once (RFC 8446 8.1).
    if (this.#kind === 'psk' && this.#resumedCount === 1) return 'ticket-reused';
    return offer.answerTime < this.#lastResumed ? 'other-node' : null;
  }
}

/** The end that decides, else the last packet. */
function openUntil(use: Use): number {
  const { clientClose: client, serverClose: server } = use;
  return client.frame === 0 && server.frame > 0 ? server.time : use.lastSeen;
}

function weight({ state, by, use }: Culprit): number {
  if (state !== 'unclean') return 0;
  // What the client does after the bare end of a server comes too late to matter.
  const isServers = use.serverFirst && use.serverClose.state === 'unclean';
  return isServers === (by === 'server') ? 2 : 1;
}

function culpritOf(use: Use, by: 'client' | 'server', close: UseClose): Culprit | null {
  if (close.end === null || (close.state !== 'unclean' && close.state !== 'reset-race')) return null;
  return { use, by, end: close.end, state: close.state, frame: close.frame, time: close.time };
}

const TLS_AES_256_GCM_SHA384 = 0x1302;

/** A PSK goes with cipher suites of its hash only (RFC 8446 4.2.11): the others of TLS 1.3 have SHA-256. */
function hasChangedHash(session: Use, offer: Use): boolean {
  if (session.cipherSuite === 0 || offer.cipherSuite === 0) return false;
  return (session.cipherSuite === TLS_AES_256_GCM_SHA384) !== (offer.cipherSuite === TLS_AES_256_GCM_SHA384);
}

/** Another suite was negotiated, so that the session's may not have been offered; or no server name is given where one was. */
function mayHaveChangedParameters(session: Use, offer: Use): boolean {
  if (session.cipherSuite !== 0 && offer.cipherSuite !== 0 && session.cipherSuite !== offer.cipherSuite) return true;
  return session.serverName !== 0 && offer.serverName === 0 && !offer.isHelloCut;
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
