// What judging the sessions of one server came to: it can be added to when further sessions are judged.
import type { Cause, CauseCount, HandshakeCounts } from '../model.js';
import type { EvidenceByKind } from './evidence-by-kind.js';
import { FindingTally } from './finding-tally.js';
import type { Use } from './use.js';

/** Declines of one cause. */
type Count = Pick<CauseCount, 'cause' | 'declines' | 'first'>;

export class ServerOutcome {
  readonly findings: FindingTally;
  /** Session IDs that were offered, or were no offers, as hindsight tells: handshakes that nothing told when they were counted. */
  declined = 0;
  notOffered = 0;
  readonly #causes: Map<Cause, Count>;

  constructor(original: ServerOutcome | null = null) {
    this.findings = original?.findings.clone() ?? new FindingTally();
    this.declined = original?.declined ?? 0;
    this.notOffered = original?.notOffered ?? 0;
    this.#causes = new Map([...(original ? original.#causes : [])].map(([cause, count]) => [cause, { ...count }]));
  }

  clone(): ServerOutcome {
    return new ServerOutcome(this);
  }

  addCause(cause: Cause, use: Use): void {
    const { stream, clientHello, answerFrame: serverHello, answerTime: time } = use;
    const known = this.#causes.get(cause);
    if (!known) {
      this.#causes.set(cause, { cause, declines: 1, first: { stream, clientHello, serverHello, time } });
      return;
    }
    known.declines++;
    if (time < known.first.time) known.first = { stream, clientHello, serverHello, time };
  }

  /** The most frequent one first. */
  causes(evidence: EvidenceByKind): CauseCount[] {
    const counts = [...this.#causes.values()].sort((a, b) => b.declines - a.declines || a.first.time - b.first.time);
    return counts.map((count) => ({ ...count, ...evidence.limitsOf(count.cause) }));
  }

  handshakes(counted: HandshakeCounts): HandshakeCounts {
    return { ...counted, declined: counted.declined + this.declined, notOffered: counted.notOffered + this.notOffered };
  }
}
