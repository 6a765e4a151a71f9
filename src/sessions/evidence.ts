// What one server did with offers, by the closes that came before them.
import type { ServerReport, Session, Tally } from '../model.js';
import type { Culprit, Exposure, Offer } from './story.js';

export type Evidence = ServerReport['evidence'];

interface Acceptance {
  time: number;
  sessionSince: number;
}

/** Offers are added first, then asked about. */
export class ServerEvidence {
  readonly tallies: Evidence = {
    afterClean: { resumed: 0, declined: 0 },
    afterResetRace: { resumed: 0, declined: 0 },
    afterUncleanFin: { resumed: 0, declined: 0 },
    afterUncleanRst: { resumed: 0, declined: 0 },
    whileOpen: { resumed: 0, declined: 0 },
  };
  /** Greatest age at which a session was resumed, seconds from issue to answer. */
  oldestResumed = 0;
  resumed = 0;
  /** The server accepted a PSK that it had accepted before. */
  takesTwice = false;
  /** Offers whose issuing connection is inferred. */
  inferred = 0;
  /** Offers by the kind of close that most likely counts. */
  readonly #kinds: (Tally & { isUnclean: boolean })[] = [];
  /** Accepted offers, and when the server last showed before that it had the session: they tell restarts and full caches from single losses. */
  readonly #acceptances: Acceptance[] = [];
  #later: Acceptance[] | null = null;

  readonly add = (offer: Offer): void => {
    const { use, proof, issue } = offer;
    if (proof === null || offer.isAmbiguous || (use.role === 'declined' && use.isSuperseded)) return;
    if (offer.isInferred) this.inferred++;
    if (use.role === 'resumed') {
      this.resumed++;
      this.takesTwice ||= offer.kind === 'psk' && offer.resumed.length > 0;
      this.oldestResumed = Math.max(this.oldestResumed, use.answerTime - (issue ?? proof).answerTime);
      if (this.#acceptances.length < MAX_ACCEPTANCES) this.#acceptances.push({ time: use.answerTime, sessionSince: proof.answerTime });
      const tally = this.#tally(offer.exposure);
      if (tally) tally.resumed++;
      if (tally && offer.culprit) this.kind(offer.culprit).resumed++;
    } else if (use.role === 'declined') {
      // One session dies once: only its first decline counts. A decisive other cause says nothing about closes.
      const tally = offer.isRepeated || offer.decisive !== null ? null : this.#tally(offer.exposure);
      if (tally) tally.declined++;
      if (tally && offer.culprit) this.kind(offer.culprit).declined++;
    }
  };

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

  /** Offers that no unclean close preceded. */
  get control(): Tally {
    const { afterClean, whileOpen } = this.tallies;
    return { resumed: afterClean.resumed + whileOpen.resumed, declined: afterClean.declined + whileOpen.declined };
  }

  /** Offers after closes of the same kind: by the same side, with the same end. */
  kind(culprit: Culprit): Tally {
    const isUnclean = culprit.state === 'unclean';
    const at = (culprit.by === 'client' ? 0 : 1) | (culprit.end === 'fin' ? 0 : 2) | (isUnclean ? 0 : 4);
    this.#kinds[at] ??= { resumed: 0, declined: 0, isUnclean };
    return this.#kinds[at];
  }

  /** Declines that no unclean close explains, because none was there, or because sessions survived the same kind. */
  get unexplained(): number {
    return this.#unclean().reduce((sum, kind) => sum + (kind.resumed > 0 ? kind.declined : 0), this.control.declined);
  }

  #unclean(): readonly Tally[] {
    return this.#kinds.filter((kind) => kind?.isUnclean);
  }

  /** Whether the server, after `time`, still took a session that it last needed no later than `since`: its store was not lost or full. */
  keptOlder(time: number, since: number): boolean {
    const later = this.#oldestAcceptedAfter();
    // The first acceptance after `time`, by bisection.
    let low = 0;
    let high = later.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (later[middle].time > time) high = middle;
      else low = middle + 1;
    }
    return low < later.length && later[low].sessionSince <= since;
  }

  /** The acceptances in order of time, each with the least `sessionSince` of itself and all later ones. */
  #oldestAcceptedAfter(): readonly Acceptance[] {
    if (this.#later === null) {
      let least = Number.POSITIVE_INFINITY;
      this.#later = this.#acceptances
        .sort((a, b) => b.time - a.time)
        .map(({ time, sessionSince }) => {
          least = Math.min(least, sessionSince);
          return { time, sessionSince: least };
        });
      this.#later.reverse();
    }
    return this.#later;
  }

  verdict(): string {
    const control = this.control;
    const unclean = this.#unclean();
    const declined = unclean.reduce((sum, kind) => sum + kind.declined, 0);
    if (this.resumed === 0 && control.declined >= ENOUGH_DECLINES) return 'never-resumes';
    if (declined === 0) return unclean.some((kind) => kind.resumed > 0) ? 'tolerates-unclean-close' : 'inconclusive';
    if (this.unexplained > 0) return 'mixed';
    return this.resumed > 0 ? 'invalidates-on-unclean-close' : 'inconclusive';
  }
}

/** Declines without an unclean close, and no acceptance, from which on a server is said never to resume. */
const ENOUGH_DECLINES = 3;
/** Acceptances of one server that are kept for comparison. */
const MAX_ACCEPTANCES = 4096;

/** Verdicts from the one that matters most to the one that says least. */
const VERDICTS = ['invalidates-on-unclean-close', 'mixed', 'tolerates-unclean-close', 'never-resumes'];

interface OfKind {
  /** Without offers whose issuing connection is inferred. */
  exact: ServerEvidence;
  all: ServerEvidence;
}

/**
 * What one server did with offers, by the kind of session: session IDs are in a cache, tickets are not, and what happens to the one kind
 * says nothing of the other.
 */
export class EvidenceByKind {
  readonly #kinds = new Map<Session['kind'], OfKind>();

  readonly add = (offer: Offer): void => {
    const { all, exact } = this.#of(offer.kind);
    all.add(offer);
    if (all !== exact && !offer.isInferred) exact.add(offer);
  };

  /** What an offer is to be compared with. */
  fitting(offer: Offer): ServerEvidence {
    const { all, exact } = this.#of(offer.kind);
    return offer.isInferred ? all : exact;
  }

  /** Of all kinds together. */
  get tallies(): Evidence {
    const sum = new ServerEvidence().tallies;
    for (const { all } of this.#kinds.values()) {
      for (const [state, { resumed, declined }] of Object.entries(all.tallies) as [keyof Evidence, Tally][]) {
        sum[state].resumed += resumed;
        sum[state].declined += declined;
      }
    }
    return sum;
  }

  get inferred(): number {
    return [...this.#kinds.values()].reduce((sum, { all }) => sum + all.inferred, 0);
  }

  verdict(): string {
    const verdicts = [...this.#kinds.values()].map(({ all, exact }) => {
      const certain = exact.verdict();
      return certain === 'inconclusive' ? all.verdict() : certain;
    });
    return VERDICTS.find((verdict) => verdicts.includes(verdict)) ?? 'inconclusive';
  }

  #of(kind: Session['kind']): OfKind {
    let found = this.#kinds.get(kind);
    if (!found) {
      const all = new ServerEvidence();
      found = { all, exact: kind === 'psk' ? new ServerEvidence() : all };
      this.#kinds.set(kind, found);
    }
    return found;
  }
}
