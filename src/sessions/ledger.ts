import type { Limits } from '../limits.js';
import type {
  Cause,
  CloseState,
  Finding,
  Fingerprint,
  HandshakeCounts,
  NonOfferingClient,
  Resumption,
  ServerReport,
  Session,
  Totals,
} from '../model.js';
import type { ConnectionFacts } from '../tls/facts.js';
import type { Warnings } from '../warnings.js';
import { Clients } from './clients.js';
import { causeOf } from './confidence.js';
import type { EvidenceByKind } from './evidence.js';
import { FindingDraft } from './finding.js';
import { countSessions, describeServer } from './server-report.js';
import { noHandshakes, ServerCounts } from './servers.js';
import { SessionUses } from './session-uses.js';
import { Teller } from './story.js';
import type { Use } from './use.js';
import { weigh } from './weighing.js';

/** Ports of one server among which sessions are looked for. */
const MAX_PORTS = 64;

/** What hindsight made of the offer of one connection. */
export interface Outcome {
  resumption: Resumption;
  cause: Cause | null;
}

export interface Judgement {
  totals: Omit<Totals, 'tcpConnections'>;
  servers: ServerReport[];
  findings: Finding[];
  sessions: Session[];
  /** By stream; only when everything is kept. */
  outcomes: Map<number, Outcome>;
}

/**
 * Connections in, in any order; sessions, causes and findings out. It needs nothing but what a Connection record says, in its flat
 * form, so that the records may as well come from another machine.
 */
export class SessionLedger {
  readonly #limits: Limits;
  readonly #warnings: Warnings;
  readonly #keepAll: boolean;
  readonly #handshakeCost: number | null;
  /** Numbers by address, then by port. */
  readonly #serverNumbers = new Map<string, Map<number, number>>();
  readonly #servers: ServerCounts[] = [];
  readonly #sessions: SessionUses;
  readonly #teller = new Teller();
  readonly #closes: Record<CloseState, number> = { clean: 0, unclean: 0, 'reset-race': 0, aborted: 0, open: 0, unknown: 0 };
  #connections = 0;
  #lastServer = -1;

  /**
   * @param keepAll also lists all sessions and the outcome of every offer
   * @param handshakeCost processor time of a full handshake, milliseconds; null where nobody gave it
   */
  constructor(limits: Limits, warnings: Warnings, keepAll: boolean, handshakeCost: number | null) {
    this.#handshakeCost = handshakeCost;
    this.#limits = limits;
    this.#warnings = warnings;
    this.#keepAll = keepAll;
    this.#sessions = new SessionUses(limits, warnings);
  }

  add(facts: ConnectionFacts): void {
    this.#connections++;
    this.#closes[facts.client.state]++;
    this.#closes[facts.server.state]++;
    const server = this.#server(facts);
    if (server < 0) return;
    this.#servers[server].add(facts);
    this.#sessions.add(facts, server);
  }

  /** @param fingerprintOf the texts of the number of a client's fingerprint */
  finish(fingerprintOf: (number: number) => Fingerprint | null): Judgement {
    this.#joinPorts();
    const clients = new Clients();
    const evidence = weigh(this.#sessions, this.#servers.length, this.#teller, clients);
    const outcomes = new Map<number, Outcome>();
    const all = this.#sessions;
    const findings: Finding[] = [];
    const sessions: Session[] = [];
    for (let session = all.after(-1); session >= 0; session = all.after(session)) {
      this.#judge(session, evidence[this.#sessions.server(session)], findings, sessions, outcomes);
    }
    findings.sort((a, b) => a.declines[0].time - b.declines[0].time);
    return {
      totals: this.#totals(findings),
      servers: this.#describeServers(evidence, findings, this.#nonOffering(clients, fingerprintOf), fingerprintOf),
      findings,
      sessions,
      outcomes,
    };
  }

  #joinPorts(): void {
    const ports = new Map<string, number[]>();
    for (const [number, { address }] of this.#servers.entries()) {
      const known = ports.get(address);
      if (!known) ports.set(address, [number]);
      else if (known.length < MAX_PORTS) known.push(number);
    }
    if (ports.size < this.#servers.length) this.#sessions.joinPorts((server) => ports.get(this.#servers[server].address) ?? []);
  }

  #server(facts: ConnectionFacts): number {
    // Mostly the server of the connection before.
    const { serverAddress: address, serverPort: port } = facts;
    const last = this.#servers[this.#lastServer];
    if (last?.address === address && last.port === port) return this.#lastServer;
    const known = this.#serverNumbers.get(address)?.get(port);
    if (known !== undefined) {
      this.#lastServer = known;
      return known;
    }
    if (this.#servers.length >= this.#limits.servers) {
      this.#warnings.add('server-limit', `more than ${this.#limits.servers} servers: connections to further ones are in the totals only`);
      return -1;
    }
    const ports = this.#serverNumbers.get(address) ?? new Map<number, number>();
    this.#serverNumbers.set(address, ports.set(port, this.#servers.length));
    return this.#servers.push(new ServerCounts(address, port, this.#limits.seriesPoints)) - 1;
  }

  /** The cause of each decline, and the finding where it is an unclean close. */
  #judge(session: number, evidence: EvidenceByKind, findings: Finding[], sessions: Session[], outcomes: Map<number, Outcome>): void {
    if (!this.#keepAll && !this.#sessions.hasDeclines(session)) return;
    const uses = this.#sessions.views.slice(0, this.#sessions.read(session));
    const server = this.#servers[this.#sessions.server(session)];
    const isKnown = uses.some((use) => use.role === 'issued' || use.role === 'resumed');
    const causes = new Map<Use, Cause>();
    const finding = new FindingDraft();
    const lifetime = this.#sessions.lifetime(session);
    this.#teller.tell(uses, uses.length, this.#sessions.kind(session), lifetime, (offer) => {
      if (offer.use.role !== 'declined') return;
      const fitting = evidence.fitting(offer);
      const cause = causeOf(offer, fitting);
      causes.set(offer.use, cause);
      if (isKnown || !offer.use.isUncertain) evidence.addCause(cause, offer.use);
      finding.add(offer, cause, fitting);
    });
    this.#settlePadding(uses, isKnown, server, causes, outcomes);
    if (finding.isFound) this.#addFinding(finding, session, server, findings);
    const isNothing = uses.every((use) => (use.role === 'issued' ? use.isVoid : use.isUncertain && !isKnown));
    if (this.#keepAll && !isNothing) sessions.push(this.#describe(session, uses, causes, server));
  }

  /** An ID that nobody issued, from a client that may not have offered it, is no offer; one that was issued is one after all. */
  #settlePadding(
    uses: readonly Use[],
    isKnown: boolean,
    server: ServerCounts,
    causes: ReadonlyMap<Use, Cause>,
    outcomes: Map<number, Outcome>,
  ): void {
    for (const use of uses) {
      if (use.role !== 'declined') continue;
      const isNoOffer = use.isUncertain && !isKnown;
      // A ticket may stand behind the cut: then something was offered after all.
      const isOpen = isNoOffer && use.isHelloCut;
      if (use.isUncertain && use.completed && !isOpen) server.handshakes[isNoOffer ? 'notOffered' : 'declined']++;
      if (!this.#keepAll || isOpen) continue;
      if (isNoOffer) outcomes.set(use.stream, { resumption: 'not-offered', cause: null });
      else outcomes.set(use.stream, { resumption: 'declined', cause: causes.get(use) ?? null });
    }
  }

  #addFinding(finding: FindingDraft, session: number, server: ServerCounts, findings: Finding[]): void {
    if (findings.length >= this.#limits.findings) {
      this.#warnings.add('finding-limit', `more than ${this.#limits.findings} findings: further ones are not listed`);
      return;
    }
    findings.push(
      finding.describe(
        { kind: this.#sessions.kind(session), id: this.#sessions.id(session) },
        { address: server.address, port: server.port },
        (use) => ({ address: this.#sessions.address(use), port: use.clientPort }),
        (use) => this.#sessions.issuedBy(use),
        (use) => this.#sessions.version(use),
      ),
    );
  }

  #describe(session: number, uses: readonly Use[], causes: ReadonlyMap<Use, Cause>, server: ServerCounts): Session {
    const issue = uses.find((use) => use.role === 'issued' && !use.isVoid);
    const offers: Session['offers'] = [];
    for (const use of uses) {
      if (use.role === 'issued') continue;
      offers.push({ stream: use.stream, frame: use.clientHello, time: use.helloTime, outcome: use.role, cause: causes.get(use) ?? null });
    }
    return {
      kind: this.#sessions.kind(session),
      id: this.#sessions.id(session),
      server: { address: server.address, port: server.port },
      issued: issue?.serverHello ? { stream: issue.stream, frame: issue.serverHello, time: issue.answerTime } : null,
      issuedInferred: issue?.isInferred ?? false,
      lifetime: this.#sessions.lifetime(session),
      offers: offers.sort((a, b) => a.time - b.time || a.frame - b.frame),
    };
  }

  #describeServers(
    evidence: readonly EvidenceByKind[],
    findings: readonly Finding[],
    nonOffering: ReadonlyMap<number, NonOfferingClient[]>,
    fingerprintOf: (number: number) => Fingerprint | null,
  ): ServerReport[] {
    const found = new Map<number, Finding[]>();
    for (const finding of findings) {
      const server = this.#serverNumbers.get(finding.server.address)?.get(finding.server.port) as number;
      const own = found.get(server);
      if (own) own.push(finding);
      else found.set(server, [finding]);
    }
    return this.#servers.map((server, i) => ({
      ...describeServer(server, evidence[i], found.get(i) ?? [], nonOffering.get(i) ?? [], this.#handshakeCost),
      clients: server.clients(fingerprintOf),
    }));
  }

  #nonOffering(clients: Clients, fingerprintOf: (number: number) => Fingerprint | null): ReadonlyMap<number, NonOfferingClient[]> {
    if (clients.leftOut > 0) {
      this.#warnings.add(
        'client-limit',
        `${clients.leftOut} connections of further clients: whether these offer their sessions was not looked at`,
      );
    }
    return clients.report((number) => this.#sessions.addressOf(number), fingerprintOf);
  }

  #totals(findings: readonly Finding[]): Omit<Totals, 'tcpConnections'> {
    const handshakes = noHandshakes();
    for (const server of this.#servers) {
      for (const key of Object.keys(handshakes) as (keyof HandshakeCounts)[]) handshakes[key] += server.handshakes[key];
    }
    return { tlsConnections: this.#connections, handshakes, closes: this.#closes, ...countSessions(findings) };
  }
}
