import type { Limits } from '../limits.js';
import type { Cause, CloseState, Finding, HandshakeCounts, Resumption, ServerReport, Session, Totals } from '../model.js';
import type { ConnectionFacts, IdFacts } from '../tls/facts.js';
import type { Warnings } from '../warnings.js';
import { ServerEvidence } from './evidence.js';
import { causeOf, FindingDraft } from './finding.js';
import { DECLINED, FIRST_USE, IdTable, LAST_USE, SESSION_INTS, USES } from './id-table.js';
import { noHandshakes, ServerCounts } from './servers.js';
import { Teller } from './story.js';
import { Use, Uses } from './uses.js';

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
  readonly #serverNumbers = new Map<string, number>();
  readonly #servers: ServerCounts[] = [];
  readonly #sessions: IdTable;
  readonly #uses: Uses;
  /** Views of the uses of the session that is looked at; they serve for all sessions. */
  readonly #views: Use[] = [];
  readonly #teller = new Teller();
  readonly #closes: Record<CloseState, number> = { clean: 0, unclean: 0, 'reset-race': 0, aborted: 0, open: 0, unknown: 0 };
  #connections = 0;
  #lastServer = -1;

  /** @param keepAll also lists all sessions and the outcome of every offer */
  constructor(limits: Limits, warnings: Warnings, keepAll: boolean) {
    this.#limits = limits;
    this.#warnings = warnings;
    this.#keepAll = keepAll;
    this.#sessions = new IdTable(limits.sessions);
    this.#uses = new Uses(limits.uses);
  }

  add(facts: ConnectionFacts): void {
    this.#connections++;
    this.#closes[facts.client.state]++;
    this.#closes[facts.server.state]++;
    const server = this.#server(facts);
    if (server < 0) return;
    this.#servers[server].add(facts);
    const isOffered = offersSessionId(facts);
    const isIssued = facts.issuedId.length > 0;
    if (isOffered || isIssued) this.#remember(facts, server, isOffered, isIssued);
  }

  finish(): Judgement {
    const evidence = this.#servers.map(() => new ServerEvidence());
    const outcomes = new Map<number, Outcome>();
    for (let session = 0; session < this.#sessions.rows.end; session += SESSION_INTS)
      this.#weigh(session, evidence[this.#sessions.server(session)]);
    const findings: Finding[] = [];
    const sessions: Session[] = [];
    for (let session = 0; session < this.#sessions.rows.end; session += SESSION_INTS) {
      this.#judge(session, evidence[this.#sessions.server(session)], findings, sessions, outcomes);
    }
    findings.sort((a, b) => a.declines[0].time - b.declines[0].time);
    return {
      totals: this.#totals(findings),
      servers: this.#describeServers(evidence, findings),
      findings,
      sessions,
      outcomes,
    };
  }

  #server(facts: ConnectionFacts): number {
    // Mostly the server of the connection before.
    const { serverAddress: address, serverPort: port } = facts;
    const last = this.#servers[this.#lastServer];
    if (last?.address === address && last.port === port) return this.#lastServer;
    const key = keyOf(address, port);
    const known = this.#serverNumbers.get(key);
    if (known !== undefined) {
      this.#lastServer = known;
      return known;
    }
    if (this.#servers.length >= this.#limits.servers) {
      this.#warnings.add('server-limit', `more than ${this.#limits.servers} servers: connections to further ones are in the totals only`);
      return -1;
    }
    this.#serverNumbers.set(key, this.#servers.length);
    return this.#servers.push(new ServerCounts(address, port, this.#limits.seriesPoints)) - 1;
  }

  #remember(facts: ConnectionFacts, server: number, isOffered: boolean, isIssued: boolean): void {
    if (this.#uses.size >= this.#limits.uses) {
      this.#full();
      return;
    }
    const offered = isOffered ? this.#intern(server, facts.offeredId) : -1;
    const issued = isIssued ? this.#intern(server, facts.issuedId) : -1;
    if ((isOffered && offered < 0) || (isIssued && issued < 0)) this.#full();
    if (offered < 0 && issued < 0) return;
    const use = this.#uses.add(facts, offered, issued);
    if (offered >= 0) this.#link(offered, use);
    if (issued >= 0) this.#link(issued, use);
  }

  #intern(server: number, id: IdFacts): number {
    return this.#sessions.intern(server, 'session-id', id.words, id.at, id.length);
  }

  #full(): void {
    const { sessions, uses } = this.#limits;
    this.#warnings.add(
      'session-limit',
      `more than ${sessions} sessions or ${uses} connections that used one: later ones were counted, not correlated`,
    );
  }

  #link(session: number, use: number): void {
    const { ints } = this.#sessions.rows;
    const last = ints[session + LAST_USE] - 1;
    if (last < 0) ints[session + FIRST_USE] = use + 1;
    else this.#uses.link(last, use, session);
    ints[session + LAST_USE] = use + 1;
    if (this.#uses.isDeclined(use, session)) ints[session + DECLINED] = 1;
    if (++ints[session + USES] <= this.#limits.usesPerSession) return;
    this.#dropUse(session, ints[session + FIRST_USE] - 1);
    ints[session + USES]--;
    this.#warnings.add(
      'session-use-limit',
      `sessions used more than ${this.#limits.usesPerSession} times: their oldest uses were forgotten`,
    );
  }

  /** Drops an old use. The first one, mostly that which issued the session, stays, and so does the last acceptance: it says what survived. */
  #dropUse(session: number, first: number): void {
    const second = this.#uses.next(first, session);
    const third = this.#uses.next(second, session);
    const isLastAcceptance = this.#uses.isResumed(second, session) && !this.#uses.isResumed(third, session);
    this.#uses.unlinkNext(isLastAcceptance ? second : first, session);
  }

  /** Moves the views to the uses of one session; returns their number. */
  #read(session: number): number {
    let count = 0;
    for (let row = this.#sessions.rows.ints[session + FIRST_USE] - 1; row >= 0; row = this.#uses.next(row, session)) {
      if (count === this.#views.length) this.#views.push(new Use(this.#uses.rows));
      this.#views[count++].move(row, session);
    }
    return count;
  }

  /** First pass: what the offers of one session say about the server. */
  #weigh(session: number, evidence: ServerEvidence): void {
    if (this.#sessions.rows.ints[session + USES] < 2) return;
    this.#teller.tell(this.#views, this.#read(session), evidence.add);
  }

  /** Second pass: the cause of each decline, and the finding where it is an unclean close. */
  #judge(session: number, evidence: ServerEvidence, findings: Finding[], sessions: Session[], outcomes: Map<number, Outcome>): void {
    if (!this.#keepAll && this.#sessions.rows.ints[session + DECLINED] === 0) return;
    const uses = this.#views.slice(0, this.#read(session));
    const server = this.#servers[this.#sessions.server(session)];
    const isKnown = uses.some((use) => use.role === 'issued' || use.role === 'resumed');
    const causes = new Map<Use, Cause>();
    const finding = new FindingDraft();
    this.#teller.tell(uses, uses.length, (offer) => {
      if (offer.use.role !== 'declined') return;
      const cause = causeOf(offer, evidence);
      causes.set(offer.use, cause);
      finding.add(offer, cause, evidence);
    });
    this.#settlePadding(uses, isKnown, server, causes, outcomes);
    if (finding.isFound) this.#addFinding(finding, session, server, findings);
    if (this.#keepAll && (isKnown || !uses.every((use) => use.isUncertain))) sessions.push(this.#describe(session, uses, causes, server));
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
        (use) => ({ address: this.#uses.address(use), port: use.clientPort }),
        (use) => (use.issued < 0 ? null : this.#sessions.id(use.issued)),
      ),
    );
  }

  #describe(session: number, uses: readonly Use[], causes: ReadonlyMap<Use, Cause>, server: ServerCounts): Session {
    const issue = uses.find((use) => use.role === 'issued');
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
      offers: offers.sort((a, b) => a.time - b.time || a.frame - b.frame),
    };
  }

  #describeServers(evidence: readonly ServerEvidence[], findings: readonly Finding[]): ServerReport[] {
    const found = new Map<number, Finding[]>();
    for (const finding of findings) {
      const server = this.#serverNumbers.get(keyOf(finding.server.address, finding.server.port)) as number;
      const own = found.get(server);
      if (own) own.push(finding);
      else found.set(server, [finding]);
    }
    return this.#servers.map((server, i) => describeServer(server, evidence[i], found.get(i) ?? []));
  }

  #totals(findings: readonly Finding[]): Omit<Totals, 'tcpConnections'> {
    const handshakes = noHandshakes();
    for (const server of this.#servers) {
      for (const key of Object.keys(handshakes) as (keyof HandshakeCounts)[]) handshakes[key] += server.handshakes[key];
    }
    return { tlsConnections: this.#connections, handshakes, closes: this.#closes, invalidatedSessions: countInvalidated(findings) };
  }
}

/** Whether the session ID of a ClientHello is an offer: not beside a ticket (RFC 5077 3.4), nor where TLS 1.3 was negotiated (RFC 8446 4.1.2). */
function offersSessionId(facts: ConnectionFacts): boolean {
  if (facts.offeredId.length <= 0 || facts.offersTicket || facts.isTls13) return false;
  return facts.resumption !== 'unknown' || ((facts.maybePadding || facts.isHelloCut) && facts.handshake === 'full');
}

/** A low confidence says that something else explains the decline as well: that is a suspicion, not a count. */
function countInvalidated(findings: readonly Finding[]): number {
  return findings.filter((finding) => finding.confidence !== 'low').length;
}

function keyOf(address: string, port: number): string {
  return `${address} ${port}`;
}

function describeServer(server: ServerCounts, evidence: ServerEvidence, own: readonly Finding[]): ServerReport {
  return {
    address: server.address,
    port: server.port,
    names: [...server.names],
    connections: server.connections,
    handshakes: server.handshakes,
    invalidatedSessions: countInvalidated(own),
    evidence: evidence.tallies,
    verdict: evidence.verdict(),
    pValue: null,
    attributableFraction: null,
    fullHandshakesPerSecond: server.rate.report(),
    handshakeSeconds: { full: null, resumed: null },
    avoidableFullHandshakes: own.filter((f) => f.confidence !== 'low').reduce((sum, f) => sum + f.declines.length, 0),
    advice: [],
  };
}
