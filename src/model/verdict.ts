// The nouns of the verdict on a server.

import type { Count, FrameNumber, Probability, StreamNumber, Time } from './quantities.js';

/**
 * Why a server declined a session that was offered.
 *
 * `incomplete`: the handshake that issued it never completed. `fatal-alert`: a fatal alert struck a connection of it (RFC 5246 7.2.2).
 * `parameters-changed`: another version, cipher suite, server name (RFC 6066 3) or kind of master secret (RFC 7627 5.3).
 * `never-resumable`: an empty ticket, or a server that never resumes. `other-node`: accepted again later, or whatever came before.
 * `ticket-reused`: a PSK that had been accepted once. `restarted`: from one moment on all older sessions are declined. `key-rotated`: the same of
 * tickets and PSKs. `expired`: older than its lifetime, or than a threshold that shows. `evicted`: too many were issued since.
 * `unclean-close`: closed without close_notify before the server answered. `reset-race`: with one that a RST overtook. `unknown-session`: not
 * issued within the capture. `undetermined`: none of these shows.
 */
export type Cause =
  | 'incomplete'
  | 'fatal-alert'
  | 'parameters-changed'
  | 'never-resumable'
  | 'other-node'
  | 'ticket-reused'
  | 'restarted'
  | 'key-rotated'
  | 'expired'
  | 'evicted'
  | 'unclean-close'
  | 'reset-race'
  | 'unknown-session'
  | 'undetermined';

/** Declines with one cause at one server. */
export interface CauseCount {
  /** The cause. */
  cause: Cause;
  /** How many. */
  declines: Count;
  /** The first of them. */
  first: FirstDecline;
  /**
   * Where a comparison shows a limit: the greatest one accepted and the least one declined, in seconds of age (`expired`), or in sessions
   * issued since (`evicted`).
   */
  limit: { accepted: number; declined: number } | null;
  /** Where all sessions were lost at once: between which times. */
  between: [Time, Time] | null;
}

/** The first decline with a cause: the offer and the answer. */
export interface FirstDecline {
  /** The connection. */
  stream: StreamNumber;
  /** The frame of the offer. */
  clientHello: FrameNumber;
  /** The frame of the answer. */
  serverHello: FrameNumber;
  /** Its time. */
  time: Time;
}

/** Offers that the evidence leaves out: declined ones by the reason, and accepted ones. */
export interface LeftOut {
  /** Another cause is certain, or explains them as well as others. */
  otherCause: Count;
  /** Sessions that had been declined before. */
  offeredAgain: Count;
  /** Older than all that was resumed. */
  tooOld: Count;
  /** The close before cannot be judged, or there were a FIN and a RST. */
  unknownClose: Count;
  /** Accepted offers of known sessions after closes that cannot be judged, and of PSKs of which it is unsure who issued them. */
  resumed: Count;
}

/** A client that had a session and did not offer it: the mirror image of a server that drops it. */
export interface NonOfferingClient {
  /** Its address. */
  address: string;
  /** Null where its ClientHello is not whole. */
  ja4: string | null;
  /** `stops-after-unclean-server-close`: it offers after clean closes of the server, and not after it ended first and without close_notify. */
  habit: 'never-offers' | 'stops-after-unclean-server-close';
  /** Connections begun after one that had left a session was over. */
  chances: Offers;
  /** Of `chances` those after a close of the server with close_notify. */
  afterCleanServerClose: Offers;
  /** Of `chances` those after a close of the server that came first and without close_notify. */
  afterUncleanServerClose: Offers;
  /** Fisher's exact test of these two, two-sided; null where one of them is empty. */
  pValue: Probability | null;
}

/** Connections of a client that had a session. */
export interface Offers {
  /** It offered one. */
  offered: Count;
  /** It offered none. */
  notOffered: Count;
}

/** Connections whose ClientHellos have the same JA4, and how their clients closed. */
export interface ClientKind {
  /** The fingerprint (github.com/FoxIO-LLC/ja4). */
  ja4: string;
  /** Null where there are several, as with browsers that shuffle their extensions. */
  ja3: string | null;
  /** How many there are. */
  connections: Count;
  /** Those whose client closed `clean`. */
  clean: Count;
  /** Those whose client closed `unclean`. */
  unclean: Count;
  /** Those whose client closed with `reset-race`. */
  resetRace: Count;
}

/** Offers by their outcome. */
export interface Tally {
  /** The server took the session. */
  resumed: Count;
  /** It made a full handshake instead. */
  declined: Count;
}

/**
 * What a server does with sessions after unclean closes. `mixed`: after the same kind of close it declined some and resumed some, or declines as often
 * without one. `inconclusive`: too little was seen.
 */
export type Verdict = 'invalidates-on-unclean-close' | 'tolerates-unclean-close' | 'never-resumes' | 'mixed' | 'inconclusive';

/** `mixed`: after closes of the very same kind some sessions were declined and some resumed. */
export type EndEffect = 'invalidates' | 'tolerates' | 'mixed' | 'unknown';

/** Offers after one kind of close against offers that no such close preceded. */
export interface Comparison {
  /** Offers after such closes. */
  exposed: Tally;
  /** Offers after clean closes, and while the connection was open. */
  control: Tally;
  /** Fisher's exact test, two-sided. */
  pValue: Probability;
  /** Share declined among the exposed, less that in the control. */
  riskDifference: Interval | null;
  /** Share of the declines among the exposed that the closes account for: 1 - 1 / risk ratio. Below 0 where the control has more. */
  attributableFraction: Interval | null;
}

/** A figure with its 95 % confidence interval. */
export interface Interval {
  /** The figure. */
  value: number;
  /** Lower end. */
  low: number;
  /** Upper end. */
  high: number;
}
