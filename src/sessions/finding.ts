// One session that was declined after an unclean close: its story, in order and in words.
import type { Cause, Decline, Endpoint, Finding, Ref, Session, UncleanClose } from '../model.js';
import { type Judged, judge } from './confidence.js';
import type { ServerEvidence } from './evidence.js';
import type { Culprit, Offer } from './story.js';
import type { Use } from './use.js';

/** Entries of one kind listed in a finding; a client may offer a dead session for ever. */
const MAX_LISTED = 1000;

/** Collects the declines of one session into a finding, which must be described before the next session is looked at. */
export class FindingDraft {
  #first: Offer | null = null;
  #cause: Finding['cause'] = 'unclean-close';
  #judged: Judged = { confidence: 'low', rivals: [], reason: '' };
  #culprits: readonly Culprit[] = [];
  /** Closes since the server last had the session. */
  #closes = 0;
  #resumed: readonly Use[] = [];
  readonly #declined: Use[] = [];
  #declineCount = 0;

  get isFound(): boolean {
    return this.#first !== null;
  }

  // What follows holds only when it is found.

  get kind(): Session['kind'] {
    return this.#offer.kind;
  }

  get confidence(): Finding['confidence'] {
    return this.#judged.confidence;
  }

  get culprit(): Culprit {
    return this.#offer.culprit as Culprit;
  }

  get answeredByAlert(): boolean {
    return this.#culprits.some(({ use }) => use.alertAfterEnd);
  }

  /** The first ones, and how many there are. */
  get declines(): readonly Use[] {
    return this.#declined;
  }

  get declineCount(): number {
    return this.#declineCount;
  }

  /** The connection that issued the session, or else the first one that is seen to have had it. */
  get origin(): Use {
    return this.#offer.issue ?? this.#resumed[0] ?? this.#offer.use;
  }

  /** Changes when what is to be told of it has changed. */
  get signature(): string {
    const { cause, confidence, rivals } = { cause: this.#cause, ...this.#judged };
    const counts = [this.#declineCount, this.#culprits.length, this.#resumed.length, this.culprit.frame];
    return `${cause} ${confidence} ${rivals} ${counts}`;
  }

  get #offer(): Offer {
    return this.#first as Offer;
  }

  add(offer: Offer, cause: Cause, evidence: ServerEvidence): void {
    if (this.#first === null) {
      if (cause !== 'unclean-close' && cause !== 'reset-race') return;
      this.#first = { ...offer };
      this.#cause = cause;
      this.#judged = judge(offer, evidence);
      this.#culprits = [...offer.allCulprits];
      this.#closes = offer.culprits.length;
      this.#resumed = offer.resumed.slice(0, offer.resumedCount);
    }
    this.#declineCount++;
    if (this.#declined.length < MAX_LISTED) this.#declined.push(offer.use);
  }

  describe(
    session: Finding['session'],
    server: Endpoint,
    client: (use: Use) => Endpoint,
    newSession: (use: Use) => string | null,
    version: (use: Use) => string | null,
  ): Finding {
    const offer = this.#offer;
    const first = this.origin;
    const issued: Ref = { stream: first.stream, frame: first.answerFrame, time: first.answerTime };
    const describeClose = ({ use, frame, time, by, end, state }: Culprit): UncleanClose => {
      return { stream: use.stream, frame, time, client: client(use), by, end, state };
    };
    const closes = this.#culprits.map(describeClose);
    return {
      kind: 'session-invalidated',
      session,
      server,
      client: client(first),
      issued,
      issuedBeforeCapture: offer.issue === null,
      issuedInferred: offer.isInferred,
      version: version(first),
      resumed: this.#resumed.map((use) => ({
        stream: use.stream,
        frame: use.answerFrame,
        time: use.answerTime,
        client: client(use),
        clientHello: use.clientHello,
      })),
      uncleanCloses: closes,
      culprit: describeClose(this.culprit),
      answeredByAlert: this.answeredByAlert,
      // Without a decline there is no finding.
      declines: this.#declined.map(
        (use): Decline => ({
          stream: use.stream,
          clientHello: use.clientHello,
          serverHello: use.answerFrame,
          time: use.answerTime,
          newSessionId: newSession(use),
          client: client(use),
        }),
      ) as Finding['declines'],
      declineCount: this.#declineCount,
      cause: this.#cause,
      confidence: this.#judged.confidence,
      rivals: this.#judged.rivals,
      explanation: explain(offer, this.#closes, this.#cause, this.#judged),
      wiresharkFilter: filterOf(issued.frame, [...this.#resumed, ...this.#declined], closes),
    };
  }
}

function explain(offer: Offer, closes: number, cause: Finding['cause'], judged: Judged): string {
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
