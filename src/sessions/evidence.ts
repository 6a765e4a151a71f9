// What one server did with offers, by the closes that came before them.
import type { Cause, LeftOut, ServerReport, Session, Tally } from '../model.js';
import { Hindsight } from './hindsight.js';
import type { Culprit, Exposure, Offer } from './story.js';
import type { Use } from './use.js';

export type Evidence = ServerReport['evidence'];

/** Offers after closes of one kind: by the same side, with the same end, and the same side first. */
export interface KindTally extends Tally {
  end: 'fin' | 'rst';
  isUnclean: boolean;
  /** The client had said close_notify, and the server answered with a bare end. */
  isBareAnswer: boolean;
  /** The same may be so: what the client had said cannot be read. It shows no tolerance then, and nothing else. */
  mayBeAnswer: boolean;
  /** Declines that nothing decisive explains, before any comparison. */
  plain: number;
  /** Of the declined ones those that neither age nor room may explain. */
  strict: number;
  /** Kept by who compares it with the control. */
  isShown: boolean | null;
}

/**
 * The offers of one kind of session at one server. They are told in rounds, all of a round before the next: {@link survey},
 * {@link compare}, {@link count}; then it may be asked.
 */
export class ServerEvidence {
  readonly hindsight: Hindsight;
  readonly tallies: Evidence = noOffers();
  resumed = 0;
  /** By how much the clocks of the two directions differ: then the order of what the two sides did is not known. 0: they do not. */
  skewSeconds = 0;
  /** The server accepted a PSK that it had accepted before. */
  takesTwice = false;
  /** Offers whose issuing connection is inferred. */
  inferred = 0;
  /** Sessions declined that could never have been resumed. */
  voided = 0;
  readonly leftOut: LeftOut = nothingLeftOut();
  /** Of those that were too old the ones after an unclean close. */
  tooOldAfterUnclean = 0;
  /** Declines in the control that neither age nor room may explain. */
  #strictControl = 0;
  /** Declines of sessions so young that no usual timeout can have struck, where no unclean close came before. */
  #young = 0;
  readonly #kinds: KindTally[] = [];
  /** Kept from when it is first asked for: all was counted then. */
  #neverResumes: boolean | null = null;
  #unexplained: number | null = null;
  /** Streams whose decline was counted: several PSKs of one ClientHello are declined at once. */
  readonly #streams = new Set<number>();
  /** When the young ones were last known, and when they were declined. */
  readonly #youngSpans: [since: number, time: number][] = [];
  /** A server that keeps nothing of a session cannot drop it (RFC 5077 1). */
  readonly isKept: boolean;
  readonly sessionKind: Session['kind'];

  constructor(kind: Session['kind']) {
    this.isKept = kind !== 'ticket';
    this.sessionKind = kind;
    this.hindsight = new Hindsight(kind);
  }

  survey(offer: Offer): void {
    if (offer.isAmbiguous && offer.use.role === 'resumed') this.leftOut.resumed++;
    if (!counts(offer)) return;
    if (offer.isInferred) this.inferred++;
    this.hindsight.survey(offer);
    if (offer.culprit && isFirstDecline(offer) && !hasBothEnds(offer)) this.kind(offer.culprit).plain++;
    if (offer.use.role !== 'resumed') return;
    this.resumed++;
    this.takesTwice ||= offer.kind === 'psk' && offer.resumedCount > 0;
    const tally = hasBothEnds(offer) ? null : this.#tally(offer.exposure);
    if (tally === null) {
      this.leftOut.resumed++;
      return;
    }
    tally.resumed++;
    if (offer.culprit) this.kind(offer.culprit).resumed++;
  }

  compare(offer: Offer): void {
    if (isFirstDecline(offer)) this.hindsight.addDecline(offer, this.isOpen(offer));
  }

  count(offer: Offer): void {
    // An ID that nobody issued, from a client that may not have offered it, is no offer.
    if (offer.use.role !== 'declined' || (offer.use.isUncertain && offer.proof === null)) return;
    if (offer.decisive === 'never-resumable' && !offer.isRepeated) this.voided++;
    if (offer.decisive !== null) this.leftOut.otherCause++;
    else if (offer.isRepeated) this.leftOut.offeredAgain++;
    else this.#countFirst(offer);
  }

  #countFirst(offer: Offer): void {
    if (offer.kind === 'psk' && this.#streams.has(offer.use.stream)) {
      this.leftOut.otherCause++;
      return;
    }
    if (offer.kind === 'psk' && this.#streams.size < MAX_STREAMS) this.#streams.add(offer.use.stream);
    const tally = offer.isAmbiguous || hasBothEnds(offer) ? null : this.#tally(offer.exposure);
    const explained = this.explain(offer);
    if (tally === null) this.leftOut.unknownClose++;
    // Another node is met after clean and unclean closes alike: such declines belong to what is compared.
    else if (explained !== null && explained !== 'other-node') this.leftOut.otherCause++;
    else if (this.resumed > 0 && this.hindsight.mayBeExpired(offer)) {
      this.leftOut.tooOld++;
      if (offer.culprit?.state === 'unclean') this.tooOldAfterUnclean++;
    } else {
      tally.declined++;
      const isStrict = !this.hindsight.mayBeEvicted(offer);
      if (offer.culprit === null) {
        if (isStrict) this.#strictControl++;
        this.#countYoung(offer);
        return;
      }
      // The client had said close_notify: whatever the server left out, it knew that the connection was whole.
      const kind = this.kind(offer.culprit);
      if (kind.isBareAnswer) this.#countYoung(offer);
      kind.declined++;
      if (isStrict) kind.strict++;
    }
  }

  #countYoung({ age, idle, use }: Offer): void {
    if (age >= USUAL_TIMEOUT_SECONDS) return;
    this.#young++;
    if (this.#youngSpans.length < MAX_SPANS) this.#youngSpans.push([use.answerTime - idle, use.answerTime]);
  }

  /** Whether a session of the same server name was resumed. */
  hasResumed(offer: Offer): boolean {
    return this.hindsight.accepted.has(offer);
  }

  /** Sessions of the same server name that were resumed, and that no unclean close preceded. */
  controlOf(offer: Offer): number {
    return this.hasResumed(offer) ? this.hindsight.accepted.for(offer).control : 0;
  }

  /** Offers that no unclean close preceded. */
  get control(): Tally {
    const { afterClean, whileOpen } = this.tallies;
    return { resumed: afterClean.resumed + whileOpen.resumed, declined: afterClean.declined + whileOpen.declined };
  }

  /** The same without declines that age or room may explain. */
  get strictControl(): Tally {
    return { resumed: this.control.resumed, declined: this.#strictControl };
  }

  /** Offers after closes of the same kind. */
  kind({ by, end, state, use }: Culprit): KindTally {
    const isUnclean = state === 'unclean';
    const isBareAnswer = by === 'server' && use.clientClose.state === 'clean' && !use.serverFirst;
    const mayBeAnswer = by === 'server' && !isBareAnswer && mayHaveAnswered(use);
    const at =
      (by === 'client' ? 0 : 1) |
      (end === 'fin' ? 0 : 2) |
      (isUnclean ? 0 : 4) |
      (use.serverFirst ? 8 : 0) |
      (isBareAnswer ? 16 : 0) |
      (mayBeAnswer ? 32 : 0);
    this.#kinds[at] ??= {
      isBareAnswer,
      mayBeAnswer,
      resumed: 0,
      declined: 0,
      plain: 0,
      strict: 0,
      end,
      isUnclean,
      isShown: null,
    };
    return this.#kinds[at];
  }

  /** All kinds of closes that came before an offer. */
  get kinds(): readonly KindTally[] {
    return this.#kinds.filter((kind) => kind !== undefined);
  }

  /** Nothing is ever accepted here, not even where nothing went wrong before. */
  get neverResumes(): boolean {
    this.#neverResumes ??= this.#judgeNeverResumes();
    return this.#neverResumes;
  }

  #judgeNeverResumes(): boolean {
    if (this.resumed > 0 || this.#young + this.voided < ENOUGH_DECLINES) return false;
    // A single loss of all sessions declines those that were there then, and says nothing of others.
    const spans = this.#youngSpans;
    const together = spans.map(([start]) => spans.filter(([since, time]) => since <= start && start < time).length);
    return this.voided > 0 || Math.max(...together) < spans.length;
  }

  /** Declines that no close explains: there was none, or sessions survived the same kind. */
  get unexplained(): number {
    this.#unexplained ??= this.kinds.reduce(
      (sum, kind) => sum + (kind.isUnclean && keepsSessions(kind.resumed, kind.declined) ? kind.declined : 0),
      this.control.declined,
    );
    return this.#unexplained;
  }

  /** Why a session was declined, by comparison with all others; null where nothing explains it. */
  explain(offer: Offer): Cause | null {
    return this.hindsight.explain(offer, this.isOpen(offer));
  }

  /** No close explains the decline: none came before, or the server kept sessions after the same kind. */
  isOpen({ exposure, culprit }: Offer): boolean {
    if (culprit === null) return exposure === 'clean' || exposure === 'open';
    if (!this.isKept) return true;
    const { resumed, plain } = this.kind(culprit);
    return culprit.state === 'unclean' && keepsSessions(resumed, plain);
  }

  #tally(exposure: Exposure): Tally | null {
    switch (exposure) {
      case 'clean':
        return this.tallies.afterClean;
      case 'reset-race':
        return this.tallies.afterResetRace;
      case 'unclean-fin':
        return this.tallies.afterUncleanFin;
      case 'unclean-rst':
        return this.tallies.afterUncleanRst;
      case 'open':
        return this.tallies.whileOpen;
      default:
        return null;
    }
  }
}

/** The least timeout that servers come with is that of nginx (ssl_session_timeout): OpenSSL has 2 h, JSSE 24 h. Shorter ones are set by hand. */
export const USUAL_TIMEOUT_SECONDS = 300;
/** Share of sessions resumed after one kind of close from which on the server keeps them: single ones may be misread, as where packets are missing. */
const MIN_KEPT = 0.1;
/** Connections whose declined PSKs are told apart. */
const MAX_STREAMS = 1 << 16;
/** Declines whose times are compared to say that a server never resumes. */
const MAX_SPANS = 100;
/** Declines without an unclean close, and no acceptance, from which on a server is said never to resume. */
const ENOUGH_DECLINES = 3;

export function noOffers(): Evidence {
  const none = () => ({ resumed: 0, declined: 0 });
  return { afterClean: none(), afterResetRace: none(), afterUncleanFin: none(), afterUncleanRst: none(), whileOpen: none() };
}

/** In TLS 1.3 an alert of the client looks like data, so that it may have closed first although the server seems to. */
function mayHaveAnswered({ clientClose, serverFirst, version }: Use): boolean {
  if (clientClose.state === 'open' || clientClose.state === 'unclean') return false;
  return !serverFirst || (clientClose.state === 'unknown' && version === TLS_1_3);
}

const TLS_1_3 = 0x0304;

export function nothingLeftOut(): LeftOut {
  return { otherCause: 0, offeredAgain: 0, tooOld: 0, unknownClose: 0, resumed: 0 };
}

/** Whether sessions outlive a kind of close, after which `resumed` were and `declined` were not taken. */
export function keepsSessions(resumed: number, declined: number): boolean {
  return resumed > 0 && resumed >= MIN_KEPT * (resumed + declined);
}

/** An offer of a session that the server had once. */
function counts(offer: Offer): boolean {
  return offer.proof !== null && !offer.isAmbiguous;
}

/** One session dies once: only its first decline counts. A decisive other cause says nothing about closes. */
function isFirstDecline(offer: Offer): boolean {
  return counts(offer) && offer.use.role === 'declined' && !offer.isRepeated && offer.decisive === null;
}

/** After a FIN and a RST of the client, or else of the server, nothing tells which of the two it was. */
function hasBothEnds({ culprits, culprit }: Offer): boolean {
  if (culprits.length < 2) return false;
  const unclean = culprits.filter(({ state, by }) => state === 'unclean' && by === culprit?.by);
  return unclean.some(({ end }) => end === 'fin') && unclean.some(({ end }) => end === 'rst');
}
