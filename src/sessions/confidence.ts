// Why a server declined an offer, what else fits, and how sure that is.
import type { Cause, Finding } from '../model.js';
import { compare } from './comparison.js';
import { type KindTally, keepsSessions, type ServerEvidence, USUAL_TIMEOUT_SECONDS } from './evidence.js';
import type { Offer } from './story.js';

export interface Judged {
  confidence: Finding['confidence'];
  /** Causes that fit as well. */
  rivals: Cause[];
  /** What makes it so sure, or so unsure, in a sentence. */
  reason: string;
}

/** Sessions resumed without an unclean close, and none declined, from which on a second node behind the address would have shown. */
const ENOUGH_CONTROL = 3;
/** The closes are shown to make the difference when it is by chance less often than this… */
const MAX_CHANCE = 0.01;
/** …and they account for at least this share of the declines after them. */
const MIN_ATTRIBUTABLE = 0.95;

/** Why the server declined an offer, as far as its own story, the server's evidence and hindsight tell. */
export function causeOf(offer: Offer, evidence: ServerEvidence): Cause {
  const isContradicted = offer.decisive === 'ticket-reused' && evidence.takesTwice;
  if (offer.decisive !== null && !isContradicted) return offer.decisive;
  if (evidence.neverResumes) return 'never-resumable';
  const { culprit } = offer;
  const explained = evidence.explain(offer);
  // A ticket survives any close: the server keeps nothing of it (RFC 5077 1).
  if (culprit === null || offer.kind === 'ticket') return explained ?? 'undetermined';
  const kind = evidence.kind(culprit);
  // What is known to end sessions here had ended this one before anything else could.
  const isKnown = evidence.control.resumed > 0 && kind.strict > 0 && !keepsSessions(kind.resumed, kind.declined);
  if (explained !== null && !isKnown) return explained;
  return offer.culprits.some((c) => c.state === 'unclean') ? 'unclean-close' : 'reset-race';
}

/**
 * How sure it is that the unclean close cost the session. Evidence against it makes the confidence low: the server took a session after
 * the same kind of close, something else explains the decline, or a server's protected alert came first and may have been fatal. It is
 * high when the server has a control and no rival is left, each being ruled out by itself, or all of them by a comparison that chance
 * does not explain.
 */
export function judge(offer: Offer, evidence: ServerEvidence): Judged {
  const judged = judgeAsSeen(offer, evidence);
  if (!offer.isInferred) return judged;
  if (offer.isAmbiguous) {
    const reason = 'But tickets of TLS 1.3 are encrypted, and another connection of the client may have issued it: a key log would tell.';
    return { confidence: 'low', rivals: judged.rivals, reason };
  }
  const reason = `${judged.reason} Tickets of TLS 1.3 are encrypted: which connection issued it is inferred from the same client, server and name.`;
  return { confidence: judged.confidence === 'high' ? 'medium' : judged.confidence, rivals: judged.rivals, reason };
}

function judgeAsSeen(offer: Offer, evidence: ServerEvidence): Judged {
  const rivals = rivalsOf(offer, evidence);
  const doubt = doubtOf(offer, evidence);
  if (doubt !== null) return { confidence: 'low', rivals, reason: doubt };
  const { control } = evidence;
  if (control.resumed > 0 && rivals.length === 0) {
    const reason = `The server declined ${control.declined} of ${control.resumed + control.declined} other offers that no unclean close preceded, and no other cause fits.`;
    return { confidence: 'high', rivals, reason };
  }
  return { confidence: 'medium', rivals, reason: missingWords(rivals, offer, evidence) };
}

/** What would be needed to rule the rivals out. */
function missingWords(rivals: readonly Cause[], { issue }: Offer, { control, resumed }: ServerEvidence): string {
  const words = [];
  if (rivals.includes('never-resumable') && resumed > 0) words.push('No session of the same server name was resumed.');
  if (control.resumed + control.declined === 0) words.push('No offer is there to compare with that no unclean close preceded.');
  else if (rivals.includes('other-node'))
    words.push(`Too few offers are there to compare with that no unclean close preceded (${control.resumed + control.declined}).`);
  if (rivals.includes('restarted') || rivals.includes('key-rotated'))
    words.push('No session is seen to live on from before the close until after the decline.');
  if (rivals.includes('expired'))
    words.push(issue === null ? 'It was issued before the capture, at a time that is not known.' : 'No session was resumed at that age.');
  if (rivals.includes('evicted')) words.push('No session was resumed after as many others had been issued.');
  return words.length > 0 ? words.join(' ') : 'Other causes were not ruled out.';
}

function rivalsOf(offer: Offer, evidence: ServerEvidence): Cause[] {
  const { hindsight, control } = evidence;
  const rivals: Cause[] = [];
  if (offer.isInferred) rivals.push('ticket-reused');
  if (offer.mayHaveChangedParameters) rivals.push('parameters-changed');
  if (offer.culprits.some((culprit) => culprit.use.ambiguousAlert)) rivals.push('fatal-alert');
  if (!evidence.hasResumed(offer)) rivals.push('never-resumable');
  if (evidence.explain(offer) === null && isShown(offer, evidence)) return rivals;
  // Behind one address each name may have nodes of its own.
  const ownControl = hindsight.accepted.hasSeveral ? evidence.controlOf(offer) : control.resumed;
  const survived = offer.culprit === null ? 0 : evidence.kind(offer.culprit).resumed;
  if (evidence.unexplained > 0 || survived > 0 || Math.min(control.resumed, ownControl) < ENOUGH_CONTROL) rivals.push('other-node');
  if (hindsight.mayBeLost(offer)) {
    if (offer.kind !== 'ticket') rivals.push('restarted');
    if (offer.kind !== 'session-id') rivals.push('key-rotated');
  }
  if (hindsight.mayBeExpired(offer)) rivals.push('expired');
  if (hindsight.mayBeEvicted(offer)) rivals.push('evicted');
  return rivals;
}

/** Whether closes of this kind make the difference, and not what strikes without regard to them: another node, a restart, age, or want of room. */
function isShown(offer: Offer, evidence: ServerEvidence): boolean {
  const { culprit } = offer;
  if (culprit === null) return false;
  const isOneName = !evidence.hindsight.accepted.hasSeveral;
  if (evidence.controlOf(offer) < (isOneName ? 1 : ENOUGH_CONTROL)) return false;
  const kind = evidence.kind(culprit);
  kind.isShown ??= isBeyondChance(kind, evidence);
  return kind.isShown;
}

/** By itself, or together with the other closes after which the server keeps nothing, where single losses do not account for it. */
function isBeyondChance(kind: KindTally, evidence: ServerEvidence): boolean {
  const { mostAtOnce } = evidence.hindsight;
  const differs = ({ resumed, strict }: Pick<KindTally, 'resumed' | 'strict'>) => {
    // A single loss of all sessions may have struck so many at once.
    const comparison = compare({ resumed, declined: Math.max(0, strict - mostAtOnce) }, evidence.strictControl);
    if (comparison === null) return false;
    return comparison.pValue <= MAX_CHANCE && (comparison.attributableFraction?.value ?? 0) >= MIN_ATTRIBUTABLE;
  };
  if (differs(kind)) return true;
  const alike = evidence.kinds.filter((other) => other.isUnclean && other.resumed === 0);
  const together = alike.reduce((sum, other) => sum + other.strict, 0);
  return kind.isUnclean && kind.resumed === 0 && kind.strict > mostAtOnce && differs({ resumed: 0, strict: together });
}

/** What speaks against the unclean close as the cause; null when nothing does. */
function doubtOf(offer: Offer, evidence: ServerEvidence): string | null {
  const { culprit } = offer;
  const { control, hindsight } = evidence;
  const kind = culprit === null ? null : evidence.kind(culprit);
  if (evidence.skewSeconds !== 0)
    return 'But the clocks of the two directions differ, so that the order of closes and answers is not known.';
  if (kind !== null && kind.resumed > 0 && !isShown(offer, evidence)) {
    const share = `after a close of the same kind the server resumed ${kind.resumed} of ${kind.resumed + kind.declined} offers`;
    return culprit?.state === 'reset-race' ? `Most likely it is a matter of time: ${share}.` : `But ${share}.`;
  }
  if (offer.culprits.some((c) => c.use.ambiguousAlert))
    return 'But an alert of the server, encrypted or lost, may have been a fatal one that did not answer the end.';
  if (culprit?.by === 'server' && culprit.use.clientClose.state === 'unknown')
    return 'But how the client closed that connection cannot be told: what cost the session may have been that.';
  if (offer.culprits.some((c) => c.use.isOneWay))
    return 'But only one direction of that connection was seen: the server may have ended it before, or the session by a fatal alert.';
  if (evidence.unexplained > 0 && !isShown(offer, evidence)) {
    const offers = evidence.unexplained === 1 ? '1 offer' : `${evidence.unexplained} offers`;
    return `But the server also declined ${offers} that no unclean close explains.`;
  }
  if (hindsight.mayBeExpired(offer) && offer.age >= USUAL_TIMEOUT_SECONDS && control.resumed > 0 && !isShown(offer, evidence)) {
    return `But the session was ${Math.round(offer.age)} s old, older than any that the server resumed.`;
  }
  // Captured near the client, its close is seen earlier than the server saw it, and the answer later than it was sent.
  if (offer.culprits.length > 0 && offer.culprits.every(({ by, frame }) => by === 'client' && frame > offer.use.clientHello)) {
    return 'But the client ended only after it had made the offer: the server may have answered before it knew.';
  }
  if (offer.mayHaveChangedParameters && !isShown(offer, evidence)) {
    return 'But other parameters were agreed on than those of the session: the client may not have offered its cipher suite any more, or its server name.';
  }
  // A server that ends without close_notify of its own has mostly read that of the client: only a contrast can accuse it.
  return culprit?.by === 'server' && control.resumed === 0
    ? 'But only the server itself left out close_notify, and no session closed cleanly is there to compare with.'
    : null;
}
