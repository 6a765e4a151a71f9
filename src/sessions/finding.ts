// One session that was declined after an unclean close: how sure that is, and the story in words.
import type { Cause, Decline, Endpoint, Finding, Ref, Tally, UncleanClose } from '../model.js';
import type { ServerEvidence } from './evidence.js';
import type { Culprit, Offer } from './story.js';
import type { Use } from './use.js';

/**
 * Session timeouts are whole seconds: SSL_CTX_set_timeout (OpenSSL), SSLSessionContext.setSessionTimeout (JSSE), ssl_session_timeout
 * (nginx). A session younger than this cannot have expired.
 */
const SHORTEST_TIMEOUT_SECONDS = 1;
/** Sessions resumed without an unclean close, and none declined, from which on a second node behind the address would have shown. */
const ENOUGH_CONTROL = 3;
/** Entries of one kind listed in a finding; a client may offer a dead session for ever. */
const MAX_LISTED = 1000;

/** Why the server declined an offer, as far as its own story and the server's evidence tell. */
export function causeOf(offer: Offer, evidence: ServerEvidence): Cause {
  // Servers replace tickets that are about to become invalid (RFC 5077 3.3).
  if (offer.use.isSuperseded) return 'undetermined';
  const isContradicted = offer.decisive === 'ticket-reused' && evidence.takesTwice;
  if (offer.decisive !== null && !isContradicted) return offer.decisive;
  if (evidence.verdict() === 'never-resumes') return 'never-resumable';
  if (offer.culprits.length === 0) return 'undetermined';
  return offer.culprits.some((c) => c.state === 'unclean') ? 'unclean-close' : 'reset-race';
}

interface Judged {
  confidence: Finding['confidence'];
  rivals: Cause[];
  /** What makes it so sure, or so unsure, in a sentence. */
  reason: string;
}

/** Collects the declines of one session into a finding, which must be described before the next session is looked at. */
export class FindingDraft {
  #first: Offer | null = null;
  #cause: Cause = 'undetermined';
  #judged: Judged = { confidence: 'low', rivals: [], reason: '' };
  #culprits: readonly Culprit[] = [];
  /** Closes since the server last had the session. */
  #closes = 0;
  #resumed: readonly Use[] = [];
  readonly #declined: Use[] = [];

  get isFound(): boolean {
    return this.#first !== null;
  }

  /** @param lifetime of the session, seconds; null where the server gave none */
  add(offer: Offer, cause: Cause, evidence: ServerEvidence, lifetime: number | null): void {
    if (this.#first === null) {
      if (cause !== 'unclean-close' && cause !== 'reset-race') return;
      this.#first = { ...offer };
      this.#cause = cause;
      this.#judged = judge(offer, evidence, lifetime);
      this.#culprits = [...offer.allCulprits];
      this.#closes = offer.culprits.length;
      this.#resumed = [...offer.resumed];
    }
    if (this.#declined.length < MAX_LISTED) this.#declined.push(offer.use);
  }

  /** Only when {@link isFound}. */
  describe(
    session: Finding['session'],
    server: Endpoint,
    client: (use: Use) => Endpoint,
    newSession: (use: Use) => string | null,
  ): Finding {
    const offer = this.#first as Offer;
    const first = offer.issue ?? this.#resumed[0] ?? offer.use;
    const issued: Ref = { stream: first.stream, frame: first.answerFrame, time: first.answerTime };
    const closes = this.#culprits.map(
      ({ use, frame, time, by, end, state }): UncleanClose => ({ stream: use.stream, frame, time, client: client(use), by, end, state }),
    );
    return {
      kind: 'session-invalidated',
      session,
      server,
      client: client(first),
      issued,
      issuedBeforeCapture: offer.issue === null,
      issuedInferred: offer.isInferred,
      resumed: this.#resumed.map((use) => ({
        stream: use.stream,
        frame: use.answerFrame,
        time: use.answerTime,
        client: client(use),
        clientHello: use.clientHello,
      })),
      uncleanCloses: closes,
      declines: this.#declined.map(
        (use): Decline => ({
          stream: use.stream,
          clientHello: use.clientHello,
          serverHello: use.answerFrame,
          time: use.answerTime,
          newSessionId: newSession(use),
          client: client(use),
        }),
      ),
      cause: this.#cause,
      confidence: this.#judged.confidence,
      rivals: this.#judged.rivals,
      explanation: explain(offer, this.#closes, this.#cause, this.#judged),
      wiresharkFilter: filterOf(issued.frame, [...this.#resumed, ...this.#declined], closes),
    };
  }
}

/**
 * What else explains a decline. Evidence against the unclean close makes the confidence low: the server took a session after the same
 * kind of close, or declined one that no unclean close explains; so does a server's protected alert that came first and may have
 * been fatal. Without either it is high when the server has a control and no rival is left.
 */
function judge(offer: Offer, evidence: ServerEvidence, lifetime: number | null): Judged {
  const judged = judgeAsSeen(offer, evidence, lifetime);
  if (!offer.isInferred) return judged;
  if (offer.isAmbiguous) {
    const reason = 'But tickets of TLS 1.3 are encrypted, and another connection of the client may have issued it: a key log would tell.';
    return { confidence: 'low', rivals: judged.rivals, reason };
  }
  const reason = `${judged.reason} Tickets of TLS 1.3 are encrypted: which connection issued it is inferred from the same client, server and name.`;
  return { confidence: judged.confidence === 'high' ? 'medium' : judged.confidence, rivals: judged.rivals, reason };
}

function judgeAsSeen(offer: Offer, evidence: ServerEvidence, lifetime: number | null): Judged {
  const proof = offer.proof as Use;
  const decline = offer.use;
  const control = evidence.control;
  const rivals: Cause[] = [];
  if (offer.isInferred) rivals.push('ticket-reused');
  if (offer.mayHaveChangedParameters) rivals.push('parameters-changed');
  const age = decline.answerTime - (offer.issue ?? proof).answerTime;
  const kind = offer.culprit === null ? null : evidence.kind(offer.culprit);
  // A server that ends without close_notify of its own has mostly read that of the client: only a contrast can accuse it.
  const isOwnFault = offer.culprit?.by === 'server' && control.resumed === 0;
  const isMaybeFatal = offer.culprits.some((culprit) => culprit.use.ambiguousAlert);
  if (isMaybeFatal) rivals.push('fatal-alert');
  if (evidence.resumed === 0) rivals.push('never-resumable');
  if (evidence.unexplained > 0 || (kind?.resumed ?? 0) > 0 || control.resumed < ENOUGH_CONTROL) rivals.push('other-node');
  const keptOlder = evidence.keptOlder(decline.answerTime, proof.answerTime);
  if (!keptOlder && offer.kind !== 'ticket') rivals.push('restarted');
  if (!keptOlder && offer.kind !== 'session-id') rivals.push('key-rotated');
  const isWithinLifetime = lifetime !== null && age < lifetime;
  if (!isWithinLifetime && age >= SHORTEST_TIMEOUT_SECONDS && age > evidence.oldestResumed) rivals.push('expired');
  if (!keptOlder && offer.kind !== 'ticket') rivals.push('evicted');
  const doubt = doubtOf(kind, evidence, isMaybeFatal, isOwnFault);
  if (doubt !== null) return { confidence: 'low', rivals, reason: doubt };
  if (control.resumed > 0 && rivals.length === 0) {
    const reason = `The server resumed ${control.resumed} of ${control.resumed} other offers that no unclean close preceded, and no other cause fits.`;
    return { confidence: 'high', rivals, reason };
  }
  return { confidence: 'medium', rivals, reason: 'Other causes were not ruled out.' };
}

/** What speaks against the unclean close as the cause; null when nothing does. */
function doubtOf(kind: Tally | null, evidence: ServerEvidence, isMaybeFatal: boolean, isOwnFault: boolean): string | null {
  if (kind !== null && kind.resumed > 0) {
    return `But after a close of the same kind the server resumed ${kind.resumed} of ${kind.resumed + kind.declined} offers.`;
  }
  if (isMaybeFatal) return 'But an encrypted alert of the server came first, and it may have been a fatal one.';
  if (evidence.unexplained > 0) {
    const offers = evidence.unexplained === 1 ? '1 offer' : `${evidence.unexplained} offers`;
    return `But the server also declined ${offers} that no unclean close explains.`;
  }
  return isOwnFault ? 'But only the server itself left out close_notify, and no session closed cleanly is there to compare with.' : null;
}

function explain(offer: Offer, closes: number, cause: Cause, judged: Judged): string {
  const { culprit } = offer;
  if (!culprit) return '';
  const how =
    cause === 'reset-race'
      ? `sent close_notify, and RST in frame ${culprit.frame} before it was acknowledged, so that the server may never have read it`
      : `ended its connection in frame ${culprit.frame} with ${culprit.end.toUpperCase()} and without close_notify`;
  const others = closes > 1 ? ` (one of ${closes} such closes)` : '';
  return `The ${culprit.by} ${how}${others}; the server then declined the session in frame ${offer.use.answerFrame}. ${judged.reason}`;
}

/** Wireshark display filter of exactly these frames. */
function filterOf(issued: number, offers: readonly Use[], closes: readonly UncleanClose[]): string {
  const frames = new Set([issued]);
  for (const use of offers) frames.add(use.clientHello).add(use.answerFrame);
  for (const close of closes) frames.add(close.frame);
  frames.delete(0);
  return `frame.number in {${[...frames].sort((a, b) => a - b).join(', ')}}`;
}
