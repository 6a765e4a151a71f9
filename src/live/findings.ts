// What has been told of findings, so that only news is told.
import type { Analyzer } from '../analyzer.js';
import type { FindingEvent } from '../live-model.js';
import type { Finding, Report } from '../model.js';

const MAX_WITHDRAWN = 10_000;

type Identity = Pick<Finding, 'session' | 'server'>;

/** There is one for each finding of sessions that are remembered: they are small. */
interface Told {
  signature: string;
  /** The last round in which it still was a finding. */
  round: number;
  /** In this round there is something to tell. */
  change: 'new' | 'changed' | null;
}

export class ToldFindings {
  readonly #told = new Map<string, Told>();
  /** What was withdrawn is told again only by a round that knows everything. */
  readonly #withdrawn = new Set<string>();
  #round = 0;

  /** Begins a round, in which all findings are judged. */
  begin(): void {
    this.#round++;
  }

  readonly wants = (finding: Identity, signatureOf: () => string): boolean => {
    const round = this.#round;
    const signature = signatureOf();
    const key = keyOf(finding);
    const told = this.#told.get(key);
    if (!told) {
      this.#withdrawn.delete(key);
      this.#told.set(key, { signature, round, change: 'new' });
      return true;
    }
    told.round = round;
    told.change = told.signature === signature ? null : 'changed';
    told.signature = signature;
    return told.change !== null;
  };

  /** The same between rounds, for what is not complete: what was told already is left to the next round. */
  readonly wantsNew = (finding: Identity, signatureOf: () => string): boolean => {
    const key = keyOf(finding);
    if (this.#told.has(key) || this.#withdrawn.has(key)) return false;
    this.#told.set(key, { signature: signatureOf(), round: this.#round, change: null });
    return true;
  };

  /** The news of a round that is over. */
  news({ findings }: Report): FindingEvent[] {
    const news: FindingEvent[] = [];
    for (const finding of findings) {
      const change = this.#told.get(keyOf(finding))?.change;
      if (change) news.push({ type: 'finding', change, finding });
    }
    for (const [key, { round }] of this.#told) {
      if (round === this.#round) continue;
      this.#told.delete(key);
      if (this.#withdrawn.size < MAX_WITHDRAWN) this.#withdrawn.add(key);
      news.push({ type: 'finding', change: 'withdrawn', finding: identityOf(key) });
    }
    return news;
  }

  /** Forgets sessions that were last used before a time; between rounds. */
  forget(analyzer: Analyzer, before: number): void {
    this.#withdrawn.clear();
    analyzer.forget(before, (finding) => this.#told.delete(keyOf(finding)));
  }
}

function keyOf({ session, server }: Identity): string {
  return `${server.address} ${server.port} ${session.kind} ${session.id}`;
}

function identityOf(key: string): Identity {
  const [address, port, kind, id] = key.split(' ');
  return { session: { kind: kind as Finding['session']['kind'], id }, server: { address, port: Number(port) } };
}
