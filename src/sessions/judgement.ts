// The cause of each decline, and the findings.
import type { Cause, Finding, Resumption, Session } from '../model.js';
import { causeOf } from './confidence.js';
import type { EvidenceByKind } from './evidence-by-kind.js';
import { FindingDraft } from './finding.js';
import { ServerOutcome } from './server-outcome.js';
import type { SessionUses } from './session-uses.js';
import type { Teller } from './story.js';
import type { Use } from './use.js';

/** What hindsight made of the offer of one connection. */
export interface Outcome {
  resumption: Resumption;
  cause: Cause | null;
}

/** Whether a finding is to be listed; it is counted in any case. What `signature` returns changes when there is something new to tell. */
export type Wanted = (finding: Pick<Finding, 'session' | 'server'>, signature: () => string) => boolean;

export interface JudgeOptions {
  /** Also lists all sessions, and the outcome of every offer. */
  keepAll: boolean;
  wants: Wanted;
  /** What judging earlier sessions of a server came to. */
  settled(server: number): ServerOutcome | null;
  endpoint(server: number): Finding['server'];
}

/** Judges sessions one after the other, by what is known of their servers. */
export class Judge {
  readonly findings: Finding[] = [];
  readonly sessions: Session[] = [];
  /** By stream. */
  readonly outcomes = new Map<number, Outcome>();
  readonly #sessions: SessionUses;
  readonly #evidence: readonly EvidenceByKind[];
  readonly #teller: Teller;
  readonly #options: JudgeOptions;
  readonly #servers: ServerOutcome[] = [];

  constructor(sessions: SessionUses, evidence: readonly EvidenceByKind[], teller: Teller, options: JudgeOptions) {
    this.#sessions = sessions;
    this.#evidence = evidence;
    this.#teller = teller;
    this.#options = options;
  }

  /** What it all came to, by the number of the server. */
  server(number: number): ServerOutcome {
    this.#servers[number] ??= this.#options.settled(number)?.clone() ?? new ServerOutcome();
    return this.#servers[number];
  }

  judge(session: number): void {
    const all = this.#sessions;
    if (!this.#options.keepAll && !all.hasDeclines(session)) return;
    const uses = all.views.slice(0, all.read(session));
    const number = all.server(session);
    const evidence = this.#evidence[number];
    const outcome = this.server(number);
    const isKnown = uses.some((use) => use.role === 'issued' || use.role === 'resumed');
    const causes = new Map<Use, Cause>();
    const finding = new FindingDraft();
    this.#teller.tell(uses, uses.length, all.kind(session), all.lifetime(session), (offer) => {
      if (offer.use.role !== 'declined') return;
      const fitting = evidence.fitting(offer);
      const cause = causeOf(offer, fitting);
      causes.set(offer.use, cause);
      if (isKnown || !offer.use.isUncertain) outcome.addCause(cause, offer.use);
      finding.add(offer, cause, fitting);
    });
    this.#settlePadding(uses, isKnown, outcome, causes);
    if (finding.isFound) this.#addFinding(finding, session, number);
    const isNothing = uses.every((use) => (use.role === 'issued' ? use.isVoid : use.isUncertain && !isKnown));
    if (this.#options.keepAll && !isNothing) this.sessions.push(this.#describe(session, uses, causes));
  }

  /** An ID that nobody issued, from a client that may not have offered it, is no offer; one that was issued is one after all. */
  #settlePadding(uses: readonly Use[], isKnown: boolean, outcome: ServerOutcome, causes: ReadonlyMap<Use, Cause>): void {
    for (const use of uses) {
      if (use.role !== 'declined') continue;
      const isNoOffer = use.isUncertain && !isKnown;
      // A ticket may stand behind the cut: then something was offered after all.
      const isOpen = isNoOffer && use.isHelloCut;
      if (use.isUncertain && use.completed && !isOpen) outcome[isNoOffer ? 'notOffered' : 'declined']++;
      if (!this.#options.keepAll || isOpen) continue;
      if (isNoOffer) this.outcomes.set(use.stream, { resumption: 'not-offered', cause: null });
      else this.outcomes.set(use.stream, { resumption: 'declined', cause: causes.get(use) ?? null });
    }
  }

  #addFinding(finding: FindingDraft, session: number, server: number): void {
    const all = this.#sessions;
    this.server(server).findings.add(finding, all.version(finding.origin));
    const identity = { session: { kind: all.kind(session), id: all.id(session) }, server: this.#options.endpoint(server) };
    if (!this.#options.wants(identity, () => finding.signature)) return;
    this.findings.push(
      finding.describe(
        identity.session,
        identity.server,
        (use) => ({ address: all.address(use), port: use.clientPort }),
        (use) => all.issuedBy(use),
        (use) => all.version(use),
      ),
    );
  }

  #describe(session: number, uses: readonly Use[], causes: ReadonlyMap<Use, Cause>): Session {
    const all = this.#sessions;
    const issue = uses.find((use) => use.role === 'issued' && !use.isVoid);
    const offers: Session['offers'] = [];
    for (const use of uses) {
      if (use.role === 'issued') continue;
      offers.push({ stream: use.stream, frame: use.clientHello, time: use.helloTime, outcome: use.role, cause: causes.get(use) ?? null });
    }
    return {
      kind: all.kind(session),
      id: all.id(session),
      server: this.#options.endpoint(all.server(session)),
      issued: issue?.serverHello ? { stream: issue.stream, frame: issue.serverHello, time: issue.answerTime } : null,
      issuedInferred: issue?.isInferred ?? false,
      lifetime: all.lifetime(session),
      offers: offers.sort((a, b) => a.time - b.time || a.frame - b.frame),
    };
  }
}
