import type { Limits } from '../limits.js';
import type { CloseState, Finding, Fingerprint, HandshakeCounts, NonOfferingClient, ServerReport, Session, Totals } from '../model.js';
import type { ConnectionFacts } from '../tls/facts.js';
import type { Warnings } from '../warnings.js';
import { Clients } from './clients.js';
import { EvidenceByKind } from './evidence-by-kind.js';
import { Judge, type Outcome, type Wanted } from './judgement.js';
import type { ServerOutcome } from './server-outcome.js';
import { describeServer } from './server-report.js';
import { noHandshakes, ServerCounts } from './servers.js';
import { SessionUses } from './session-uses.js';
import { Teller } from './story.js';
import { SLICE, weigh } from './weighing.js';

/** Ports of one server among which sessions are looked for. */
const MAX_PORTS = 64;

export interface Judgement {
  totals: Omit<Totals, 'tcpConnections'>;
  servers: ServerReport[];
  findings: Finding[];
  sessions: Session[];
  /** By stream; only when everything is kept. */
  outcomes: Map<number, Outcome>;
  /** What it rests on, by the number of the server. */
  evidence: readonly EvidenceByKind[];
}

export interface LedgerOptions {
  limits: Limits;
  /** Also lists all sessions and the outcome of every offer. */
  keepAll: boolean;
  /** Processor time of a full handshake, milliseconds; null where nobody gave it. */
  handshakeCost: number | null;
  /** The texts of the number of a client's fingerprint. */
  fingerprintOf(number: number): Fingerprint | null;
}

/**
 * Connections in, in any order; sessions, causes and findings out. It needs nothing but what a Connection record says, in its flat
 * form, so that the records may as well come from another machine.
 */
export class SessionLedger {
  readonly #options: LedgerOptions;
  readonly #warnings: Warnings;
  /** Numbers by address, then by port. */
  readonly #serverNumbers: Map<string, Map<number, number>>;
  readonly #servers: ServerCounts[];
  /** Numbers of servers whose counts belong to the ledger that this one is a copy of: they are copied when they are written to. */
  readonly #shared: Set<number>;
  #sessions: SessionUses;
  /** What sessions that were forgotten came to: by the number of the server, and their findings. */
  #settled: readonly ServerOutcome[];
  readonly #settledFindings: Finding[];
  readonly #teller = new Teller();
  readonly #closes: Record<CloseState, number>;
  #connections: number;
  #lastServer = -1;

  /** @param original what it is to be a copy of */
  constructor(options: LedgerOptions, warnings: Warnings, original: SessionLedger | null = null) {
    this.#options = options;
    this.#warnings = warnings;
    this.#serverNumbers = new Map([...(original ? original.#serverNumbers : [])].map(([address, ports]) => [address, new Map(ports)]));
    this.#servers = [...(original ? original.#servers : [])];
    this.#shared = new Set(this.#servers.keys());
    this.#sessions = original ? original.#sessions.clone(warnings) : new SessionUses(options.limits, warnings);
    this.#settled = original ? original.#settled : [];
    this.#settledFindings = [...(original ? original.#settledFindings : [])];
    this.#closes = { ...(original ? original.#closes : { clean: 0, unclean: 0, 'reset-race': 0, aborted: 0, open: 0, unknown: 0 }) };
    this.#connections = original ? original.#connections : 0;
  }

  /** What is known now, to be added to and judged by itself. */
  clone(warnings: Warnings): SessionLedger {
    return new SessionLedger(this.#options, warnings, this);
  }

  /** How many identifiers of sessions, and connections that used one, are remembered. */
  get sizes(): { sessions: number; uses: number } {
    return this.#sessions.sizes;
  }

  /** When the older half of the sessions was last used. */
  get medianUse(): number {
    return this.#sessions.medianUse;
  }

  /** Servers told apart. */
  get servers(): number {
    return this.#servers.length;
  }

  add(facts: ConnectionFacts): void {
    this.#connections++;
    this.#closes[facts.client.state]++;
    this.#closes[facts.server.state]++;
    const server = this.#server(facts);
    if (server < 0) return;
    if (this.#shared.size > 0 && this.#shared.delete(server)) this.#servers[server] = this.#servers[server].clone();
    this.#servers[server].add(facts);
    this.#sessions.add(facts, server);
  }

  finish(): Judgement {
    return toEnd(this.judge(null));
  }

  /**
   * Forgets the sessions that were last used before a time, and judges them for the last time: what they came to stays in the counts, and
   * their findings in the report. Evidence, and with it the verdict, is of those that are remembered.
   *
   * @param earlier evidence of a judgement; null where there was none
   * @param open visits the connections that are not over: what they offered is not forgotten
   * @param settled is told of each finding whose session is forgotten
   */
  forget(
    before: number,
    earlier: readonly EvidenceByKind[] | null,
    open: (visit: (facts: ConnectionFacts) => void) => void,
    settled: (finding: Pick<Finding, 'session' | 'server'>) => void,
  ): Map<number, Outcome> {
    this.#joinPorts();
    const offered = new Set<number>();
    open((facts) => {
      const server = this.#known(facts);
      if (server >= 0) for (const session of this.#sessions.offeredBy(facts, server)) offered.add(session);
    });
    const isOld = (session: number) => this.#sessions.lastUsed(session) < before && !offered.has(session);
    const all = this.#sessions;
    const present = earlier ?? toEnd(this.#weigh(new Clients()));
    const evidence = this.#servers.map((_, server) => present[server] ?? noEvidence());
    const judge: Judge = this.#judgeOf(evidence, (finding) => {
      settled(finding);
      return this.#hasRoom(this.#settledFindings.length + judge.findings.length);
    });
    for (let session = all.after(-1); session >= 0; session = all.after(session)) {
      if (isOld(session)) judge.judge(session);
    }
    this.#settled = this.#servers.map((_, server) => judge.server(server));
    this.#settledFindings.push(...judge.findings);
    this.#sessions = all.without(isOld);
    return judge.outcomes;
  }

  /**
   * Judges what is known so far. Yields now and then, so that something else may go on; nothing may be added until it is over.
   *
   * @param wanted null for all findings, up to the limit
   */
  *judge(wanted: Wanted | null): Generator<undefined, Judgement> {
    this.#joinPorts();
    const clients = new Clients();
    const all = this.#sessions;
    const evidence = yield* this.#weigh(clients);
    const settled = wanted === null ? this.#settledFindings : [];
    const judge: Judge = this.#judgeOf(evidence, wanted ?? (() => this.#hasRoom(settled.length + judge.findings.length)));
    for (let session = all.after(-1), count = 1; session >= 0; session = all.after(session), count++) {
      judge.judge(session);
      if (count % SLICE === 0) yield;
    }
    const { sessions, outcomes } = judge;
    const findings = [...settled, ...judge.findings];
    findings.sort((a, b) => a.declines[0].time - b.declines[0].time);
    return {
      evidence,
      totals: this.#totals(judge),
      servers: this.#describeServers(evidence, judge, this.#nonOffering(clients)),
      findings,
      sessions,
      outcomes,
    };
  }

  /**
   * The findings among the sessions that were declined since this was last called, and those that open connections offer, by evidence of
   * an earlier judgement. Sessions whose issue would have to be inferred are not among them.
   *
   * @param open visits the connections that are not over
   */
  judgeRecent(earlier: readonly EvidenceByKind[], open: (visit: (facts: ConnectionFacts) => void) => void, wanted: Wanted): Finding[] {
    const sessions = new Set(this.#sessions.takeDeclined());
    let hasDeclined = sessions.size > 0;
    open((facts) => {
      if (facts.resumption !== 'declined') return;
      hasDeclined = true;
      const server = this.#known(facts);
      if (server >= 0) for (const session of this.#sessions.offeredBy(facts, server)) sessions.add(session);
    });
    if (!hasDeclined) return [];
    const some = this.#sessions.only(sessions);
    const servers: Finding['server'][] = this.#servers.map(({ address, port }) => ({ address, port }));
    const further = new Map<string, number>();
    open((facts) => {
      let server = this.#known(facts);
      if (server < 0) server = this.#numberOf(facts, servers, further);
      if (server >= 0) some.add(facts, server);
    });
    const judge = new Judge(
      some,
      servers.map((_, server) => earlier[server] ?? noEvidence()),
      this.#teller,
      {
        keepAll: false,
        wants: wanted,
        settled: () => null,
        endpoint: (server) => servers[server],
      },
    );
    for (let session = some.after(-1); session >= 0; session = some.after(session)) {
      if (some.kind(session) !== 'psk' || some.isIssued(session)) judge.judge(session);
    }
    return judge.findings;
  }

  /** The number of a server that the ledger does not know yet, among others of that kind; -1 where there is no room for it. */
  #numberOf(
    { serverAddress: address, serverPort: port }: ConnectionFacts,
    servers: Finding['server'][],
    further: Map<string, number>,
  ): number {
    const key = `${address} ${port}`;
    const known = further.get(key);
    if (known !== undefined) return known;
    if (servers.length >= this.#options.limits.servers) return -1;
    further.set(key, servers.length);
    return servers.push({ address, port }) - 1;
  }

  /** The number of the server of a connection; -1 where it is a new one. */
  #known({ serverAddress, serverPort }: ConnectionFacts): number {
    return this.#serverNumbers.get(serverAddress)?.get(serverPort) ?? -1;
  }

  /** The evidence of each server. @param clients are told of all connections */
  *#weigh(clients: Clients): Generator<undefined, readonly EvidenceByKind[]> {
    const evidence = yield* weigh(this.#sessions, this.#servers.length, this.#teller, clients);
    for (const [server, { skewSeconds }] of this.#servers.entries()) if (skewSeconds !== 0) evidence[server].setSkew(skewSeconds);
    return evidence;
  }

  #judgeOf(evidence: readonly EvidenceByKind[], wants: Wanted): Judge {
    return new Judge(this.#sessions, evidence, this.#teller, {
      keepAll: this.#options.keepAll,
      wants,
      settled: (server) => this.#settled[server] ?? null,
      endpoint: (server) => ({ address: this.#servers[server].address, port: this.#servers[server].port }),
    });
  }

  #hasRoom(findings: number): boolean {
    const { findings: limit } = this.#options.limits;
    if (findings < limit) return true;
    this.#warnings.add('finding-limit', `more than ${limit} findings: further ones are counted, not listed`);
    return false;
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
    const known = this.#known(facts);
    if (known >= 0) {
      this.#lastServer = known;
      return known;
    }
    const { servers, seriesPoints } = this.#options.limits;
    if (this.#servers.length >= servers) {
      this.#warnings.add('server-limit', `more than ${servers} servers: connections to further ones are in the totals only`);
      return -1;
    }
    const ports = this.#serverNumbers.get(address) ?? new Map<number, number>();
    this.#serverNumbers.set(address, ports.set(port, this.#servers.length));
    return this.#servers.push(new ServerCounts(address, port, seriesPoints)) - 1;
  }

  #describeServers(
    evidence: readonly EvidenceByKind[],
    judge: Judge,
    nonOffering: ReadonlyMap<number, NonOfferingClient[]>,
  ): ServerReport[] {
    const { fingerprintOf, handshakeCost } = this.#options;
    return this.#servers.map((server, i) => ({
      ...describeServer(server, evidence[i], judge.server(i), nonOffering.get(i) ?? [], handshakeCost),
      clients: server.clients(fingerprintOf),
    }));
  }

  #nonOffering(clients: Clients): ReadonlyMap<number, NonOfferingClient[]> {
    if (clients.leftOut > 0) {
      this.#warnings.add(
        'client-limit',
        `${clients.leftOut} connections of further clients: whether these offer their sessions was not looked at`,
      );
    }
    return clients.report((number) => this.#sessions.addressOf(number), this.#options.fingerprintOf);
  }

  #totals(judge: Judge): Omit<Totals, 'tcpConnections'> {
    const handshakes = noHandshakes();
    let invalidatedSessions = 0;
    let suspectedSessions = 0;
    for (const [number, server] of this.#servers.entries()) {
      const outcome = judge.server(number);
      const own = outcome.handshakes(server.handshakes);
      for (const key of Object.keys(handshakes) as (keyof HandshakeCounts)[]) handshakes[key] += own[key];
      invalidatedSessions += outcome.findings.invalidatedSessions;
      suspectedSessions += outcome.findings.suspectedSessions;
    }
    return { tlsConnections: this.#connections, handshakes, closes: { ...this.#closes }, invalidatedSessions, suspectedSessions };
  }
}

function noEvidence(): EvidenceByKind {
  const none = new EvidenceByKind();
  none.sealConnections();
  none.sealOffers();
  none.conclude();
  return none;
}

/** The result of steps that are taken at once. */
export function toEnd<T>(steps: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
