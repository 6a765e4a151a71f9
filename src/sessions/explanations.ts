// Which single causes make the declines that no close explains, and how plausible each is.
import { Doubles } from '../bytes/doubles.js';
import type { Cause, CauseCount } from '../model.js';
import type { Accepted } from './accepted.js';
import type { Lifespans } from './lifespans.js';

/** Quantities of an offer with a limit from which on a server declines. */
export type Measure = 'age' | 'idle' | 'issuedSinceUse' | 'issuedSinceIssue';

/**
 * Of an offer: seconds since the issue, infinite where nobody saw it, and since the server last had the session, -1 where the server's own word rules age out; one more
 * than the sessions issued since the last use, and since the issue.
 */
export type Quantities = Record<Measure, number>;

/** A decline of a session that the server had, without a decisive cause. */
export interface Decline extends Quantities {
  time: number;
  /** When the server last showed that it had the session. */
  since: number;
  /** No close explains it: there was none, or the server keeps sessions after such closes. */
  isOpen: boolean;
  /** The server ended all connections that closed uncleanly first. */
  isOwn: boolean;
  /** What it is compared with. */
  accepted: Accepted;
}

/** What the acceptances of a server say. */
export interface Acceptances {
  count: number;
  /** The greatest ones among them. */
  greatest: Quantities;
  lives: Lifespans;
  /** Connections that the server dropped between two times; 0 also where it is one that mostly does. */
  droppedBetween: (from: number, to: number) => number;
  /** A session that was declined was accepted again. */
  isSeveralNodes: boolean;
}

/** One cause at work at a server. */
export interface Explanation {
  cause: Cause;
  covers: (offer: Pick<Decline, 'time' | 'since' | 'isOpen'> & Quantities) => boolean;
  limit: CauseCount['limit'];
  between: CauseCount['between'];
  /** Logarithm of how much more plausible the declines are with it than without. */
  score: number;
}

/** Logarithm of how rarely a server declines for no reason at all. */
const SURPRISE = 3;
/** The same of a decline that an unclean close would explain as well. */
const SMALL_SURPRISE = 1;
/** So that a single decline shows a limit only where it must lie between values that are 2.5 times apart. */
const LEAST_SCORE = 0.5;
/** The least limits that there are: session timeouts are whole seconds (OpenSSL, JSSE, nginx). */
const LEAST: Quantities = { age: 1, idle: 1, issuedSinceUse: 1, issuedSinceIssue: 1 };
/** Limits lie anywhere alike on a logarithmic scale: ages up to a day (RFC 5246 F.1.4), caches up to 20480 sessions (OpenSSL, JSSE). */
const RANGE: Quantities = {
  age: Math.log(86_400),
  idle: Math.log(86_400),
  issuedSinceUse: Math.log(20_480),
  issuedSinceIssue: Math.log(20_480),
};
/** What of the way from the greatest one accepted to the least one declined, on that scale, counts as declined by the limit. */
const MOST_OF_THE_WAY = 0.8;
/** How likely a server restarts, or changes its keys, while it is captured; and that the address stands for several nodes. */
const LOSS = 0.1;
const NODES = 0.2;
/** How much likelier it is that connections are dropped when the server restarts than at any other time. */
const DROPPED = 10;
/** A single decline may have any cause: several nodes, and the loss of all sessions, show in several. */
const ENOUGH_TOGETHER = 2;
const MAX_EXPLANATIONS = 16;
const NO_EXPLANATION = { covers: () => false, limit: null, between: null, score: Number.NEGATIVE_INFINITY };

/**
 * The causes at work, the one that explains most first, each more plausible than that servers decline for no reason. The fewer
 * declines a cause explains, and the narrower its limit must lie, the less plausible it is.
 *
 * @param kinds causes that there are for this kind of session
 */
export function explain(declines: readonly Decline[], acceptances: Acceptances, kinds: { loss: Cause; hasRoom: boolean }): Explanation[] {
  const found: Explanation[] = [];
  let rest = declines;
  let losses = 0;
  while (found.length < MAX_EXPLANATIONS && rest.some((decline) => decline.isOpen || decline.isOwn)) {
    const best = candidates(rest, acceptances, kinds, losses).reduce((a, b) => (b.score > a.score ? b : a));
    if (best.score < LEAST_SCORE) break;
    if (best.cause === kinds.loss) losses++;
    found.push(best);
    rest = rest.filter((decline) => !best.covers(decline));
  }
  return found;
}

/** Whether an offer lies beyond all that was accepted. */
export function isBeyond(offer: Quantities, measure: Measure, { greatest }: Pick<Acceptances, 'greatest'>): boolean {
  return offer[measure] >= LEAST[measure] && offer[measure] > greatest[measure];
}

function candidates(
  declines: readonly Decline[],
  acceptances: Acceptances,
  kinds: { loss: Cause; hasRoom: boolean },
  losses: number,
): Explanation[] {
  const open = declines.filter((decline) => decline.isOpen);
  return [
    severalNodes(open, acceptances),
    limit(open, acceptances, 'age', 'expired'),
    limit(open, acceptances, 'idle', 'expired'),
    ...(kinds.hasRoom
      ? (['issuedSinceUse', 'issuedSinceIssue'] as const).map((measure) => limit(open, acceptances, measure, 'evicted'))
      : []),
    loss(declines, acceptances, kinds.loss, losses),
  ];
}

/** Each offer meets a node that has the session, or one that has not: all declines are explained, and none is certain. */
function severalNodes(open: readonly Decline[], { count, isSeveralNodes }: Acceptances): Explanation {
  const all = count + open.length;
  if (open.length < (isSeveralNodes ? 1 : ENOUGH_TOGETHER)) return { ...NO_EXPLANATION, cause: 'other-node' };
  const uncertainty = -count * Math.log(count / all) - open.length * Math.log(open.length / all);
  const score = open.length * SURPRISE - uncertainty + Math.log(NODES);
  return {
    ...NO_EXPLANATION,
    cause: 'other-node',
    covers: (offer) => offer.isOpen,
    score: isSeveralNodes ? Number.POSITIVE_INFINITY : score,
  };
}

/** All offers beyond some value are declined, and none up to it. */
function limit(open: readonly Decline[], acceptances: Acceptances, measure: Measure, cause: Cause): Explanation {
  const beyond = open.filter((decline) => isBeyond(decline, measure, acceptances));
  const accepted = Math.max(LEAST[measure], acceptances.greatest[measure]);
  const known = beyond.filter((decline) => Number.isFinite(decline[measure]));
  if (known.length === 0) return { ...NO_EXPLANATION, cause };
  const declined = known.reduce((least, decline) => Math.min(least, decline[measure]), Number.POSITIVE_INFINITY);
  const way = Math.log(declined / accepted);
  const score = beyond.length * SURPRISE + Math.log(way / RANGE[measure]);
  const covers = (offer: Quantities) =>
    isBeyond(offer, measure, acceptances) && Math.log(offer[measure] / accepted) >= MOST_OF_THE_WAY * way;
  // Sessions issued since are counted from 1 on.
  const first = cause === 'evicted' ? 1 : 0;
  const limit = { accepted: acceptances.greatest[measure] - first, declined: declined - first };
  return { cause, covers, limit, between: null, score };
}

/** From one moment on all older sessions are declined and younger ones accepted. */
function loss(declines: readonly Decline[], { lives, droppedBetween }: Acceptances, cause: Cause, losses: number): Explanation {
  const all = countByGap(declines, lives);
  const open = countByGap(
    declines.filter((decline) => decline.isOpen),
    lives,
  );
  const own = countByGap(
    declines.filter((decline) => decline.isOwn),
    lives,
  );
  let best: Explanation = { ...NO_EXPLANATION, cause };
  // Before the first session and after the last one nothing shows that the server resumes.
  for (let gap = 1; gap < lives.gaps - 1; gap++) {
    if (all[gap] < ENOUGH_TOGETHER || open[gap] + own[gap] === 0) continue;
    const from = lives.gapStart(gap);
    const to = lives.gapEnd(gap);
    const dropped = droppedBetween(from, to);
    // A server that goes down drops all of its connections: their ends are no cause, but part of it.
    const unexplained = open[gap] + (dropped >= ENOUGH_TOGETHER ? own[gap] : 0);
    if (unexplained === 0) continue;
    const plausibility = ((to - from) / lives.seconds) * LOSS ** (losses + 1) * (dropped > 0 ? DROPPED : 1);
    const score = unexplained * SURPRISE + (all[gap] - unexplained) * SMALL_SURPRISE + Math.log(plausibility);
    if (score <= best.score) continue;
    best = { cause, covers: ({ since, time }) => since < to && time > from, limit: null, between: [from, to], score };
  }
  return best;
}

/** The most declines that a single loss may explain: of sessions that were there at one moment, of which nothing shows that sessions lived on. */
export function mostAtOnce(declines: readonly Decline[], lives: Lifespans): number {
  const begun = new Doubles();
  const over = new Doubles();
  for (const { since, time } of declines) {
    begun.push(since);
    over.push(time);
  }
  begun.sort();
  over.sort();
  let most = 0;
  const look = (moment: number) => {
    most = Math.max(most, begun.countUpTo(moment) - over.countUpTo(moment));
  };
  // Most are there where one more has just begun, or where the lives that covered them have just ended.
  for (const { since } of declines) if (lives.gapStart(lives.firstGapAfter(since)) <= since) look(since);
  for (let gap = 1; gap < lives.gaps; gap++) look(lives.gapStart(gap));
  return most;
}

/** How many declines each gap may explain. */
function countByGap(declines: readonly Decline[], lives: Lifespans): Int32Array {
  const counts = new Int32Array(lives.gaps + 1);
  // Each decline counts for a run of gaps: first the differences from gap to gap, then their sums.
  for (const { since, time } of declines) {
    const first = lives.firstGapAfter(since);
    const last = lives.lastGapBefore(time);
    if (first > last) continue;
    counts[first]++;
    counts[last + 1]--;
  }
  for (let gap = 1; gap < counts.length; gap++) counts[gap] += counts[gap - 1];
  return counts;
}
