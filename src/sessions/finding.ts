// One session that was declined after an unclean close: how sure that is, and the story in words.
import type { Cause, Decline, Endpoint, Finding, Ref, UncleanClose } from '../model.js';
import type { ServerEvidence } from './evidence.js';
import { answerFrame, type Culprit, type Offer } from './story.js';
import type { Use } from './uses.js';

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
  if (offer.decisive !== null) return offer.decisive;
  if (evidence.verdict() === 'never-resumes') return 'never-resumable';
  if (offer.culprits.length === 0) return 'undetermined';
  return offer.culprits.some((c) => c.state === 'unclean') ? 'unclean-close' : 'reset-race';
}

interface Judged {
  confidence: Finding['confidence'];
  rivals: Cause[];
}

/** Collects the declines of one session into a finding. */
export class FindingDraft {
  #first: Offer | null = null;
  #cause: Cause = 'undetermined';
  #judged: Judged = { confidence: 'low', rivals: [] };
  #culprits: readonly Culprit[] = [];
  /** Closes since the server last had the session. */
  #closes = 0;
  #resumed: readonly Use[] = [];
  readonly #declined: Use[] = [];

  get isFound(): boolean {
    return this.#first !== null;
  }

  add(offer: Offer, cause: Cause, evidence: ServerEvidence): void {
    if (this.#first === null) {
      if (cause !== 'unclean-close' && cause !== 'reset-race') return;
      this.#first = offer;
      this.#cause = cause;
      this.#judged = judge(offer, evidence);
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
    const issued: Ref = { stream: first.stream, frame: answerFrame(first), time: first.answerTime };
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
      resumed: this.#resumed.map((use) => ({
        stream: use.stream,
        frame: answerFrame(use),
        time: use.answerTime,
        client: client(use),
        clientHello: use.clientHello,
      })),
      uncleanCloses: closes,
      declines: this.#declined.map(
        (use): Decline => ({
          stream: use.stream,
          clientHello: use.clientHello,
          serverHello: answerFrame(use),
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
function judge(offer: Offer, evidence: ServerEvidence): Judged {
  const proof = offer.proof as Use;
  const decline = offer.use;
  const control = evidence.control;
  const rivals: Cause[] = [];
  const age = decline.answerTime - (offer.issue ?? proof).answerTime;
  const isSurvivable = offer.culprit !== null && evidence.kind(offer.culprit).resumed > 0;
  // A server that ends without close_notify of its own has mostly read that of the client: only a contrast can accuse it.
  const isOwnFault = offer.culprit?.by === 'server' && control.resumed === 0;
  const isMaybeFatal = offer.culprits.some((culprit) => culprit.use.ambiguousAlert);
  if (isMaybeFatal) rivals.push('fatal-alert');
  if (evidence.resumed === 0) rivals.push('never-resumable');
  if (evidence.unexplained > 0 || isSurvivable || control.resumed < ENOUGH_CONTROL) rivals.push('other-node');
  const keptOlder = evidence.keptOlder(decline.answerTime, proof.answerTime);
  if (!keptOlder) rivals.push('restarted');
  if (age >= SHORTEST_TIMEOUT_SECONDS && age > evidence.oldestResumed) rivals.push('expired');
  if (!keptOlder) rivals.push('evicted');
  if (isMaybeFatal || isSurvivable || isOwnFault || evidence.unexplained > 0) return { confidence: 'low', rivals };
  return { confidence: control.resumed > 0 && rivals.length === 0 ? 'high' : 'medium', rivals };
}

function explain(offer: Offer, closes: number, cause: Cause, judged: Judged): string {
  const { culprit } = offer;
  if (!culprit) return '';
  const how =
    cause === 'reset-race'
      ? 'sent close_notify and then RST before the close_notify was acknowledged, so that it may never have been read'
      : `ended its connection with ${culprit.end.toUpperCase()} and without close_notify`;
  const others = closes > 1 ? ` (one of ${closes} such closes)` : '';
  const sure = {
    high: 'The server resumed other sessions that were closed cleanly, and no other cause fits.',
    medium: 'Other causes were not ruled out.',
    low: 'Something else explains it as well.',
  }[judged.confidence];
  return `The ${culprit.by} ${how} in frame ${culprit.frame}${others}; the server then declined the session in frame ${answerFrame(offer.use)}. ${sure}`;
}

/** Wireshark display filter of exactly these frames. */
function filterOf(issued: number, offers: readonly Use[], closes: readonly UncleanClose[]): string {
  const frames = new Set([issued]);
  for (const use of offers) frames.add(use.clientHello).add(answerFrame(use));
  for (const close of closes) frames.add(close.frame);
  frames.delete(0);
  return `frame.number in {${[...frames].sort((a, b) => a - b).join(', ')}}`;
}
