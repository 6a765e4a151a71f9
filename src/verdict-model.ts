/** The nouns of the verdict on a server, part of the Report of model.ts. Times are Unix seconds. */

/** Why a server declined a session that was offered. */
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
  cause: Cause;
  declines: number;
  /** The first of them. */
  first: { stream: number; clientHello: number; serverHello: number; time: number };
  /**
   * Where a comparison shows a limit: the greatest one accepted and the least one declined, in seconds of age (`expired`), or in sessions
   * issued since (`evicted`).
   */
  limit: { accepted: number; declined: number } | null;
  /** Where all sessions were lost at once: between which times. */
  between: [number, number] | null;
}

export interface LeftOut {
  /** Another cause is certain, or explains them as well as others. */
  otherCause: number;
  /** Sessions that had been declined before. */
  offeredAgain: number;
  /** Older than all that was resumed. */
  tooOld: number;
  /** The close before cannot be judged, or there were a FIN and a RST. */
  unknownClose: number;
}

/** A client that had a session and did not offer it: the mirror image of a server that drops it. */
export interface NonOfferingClient {
  address: string;
  /** Null where its ClientHello is not whole. */
  ja4: string | null;
  /** `stops-after-unclean-server-close`: it offers after clean closes of the server, and not after it ended first and without close_notify. */
  habit: 'never-offers' | 'stops-after-unclean-server-close';
  /** Connections begun after one that had left a session was over. */
  chances: { offered: number; notOffered: number };
  /** Of these those after a close of the server with close_notify, and first and without. */
  afterCleanServerClose: { offered: number; notOffered: number };
  afterUncleanServerClose: { offered: number; notOffered: number };
  /** Fisher's exact test of these two, two-sided; null where one of them is empty. */
  pValue: number | null;
}

/** Connections whose ClientHellos have the same JA4, and how their clients closed. */
export interface ClientKind {
  ja4: string;
  /** Null where there are several, as with browsers that shuffle their extensions. */
  ja3: string | null;
  connections: number;
  clean: number;
  unclean: number;
  resetRace: number;
}

export interface Tally {
  resumed: number;
  declined: number;
}

export type Verdict = 'invalidates-on-unclean-close' | 'tolerates-unclean-close' | 'never-resumes' | 'mixed' | 'inconclusive';

/** `mixed`: after closes of the very same kind some sessions were declined and some resumed. */
export type EndEffect = 'invalidates' | 'tolerates' | 'mixed' | 'unknown';

/** Offers after one kind of close against offers that no such close preceded. */
export interface Comparison {
  exposed: Tally;
  control: Tally;
  /** Fisher's exact test, two-sided. */
  pValue: number;
  /** Share declined among the exposed, less that in the control. */
  riskDifference: Interval | null;
  /** Share of the declines among the exposed that the closes account for: 1 - 1 / risk ratio. Below 0 where the control has more. */
  attributableFraction: Interval | null;
}

/** A figure with its 95 % confidence interval. */
export interface Interval {
  value: number;
  low: number;
  high: number;
}
