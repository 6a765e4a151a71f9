// Which connection issued, offered or accepted which session.
import type { Limits } from '../limits.js';
import type { Session } from '../model.js';
import type { ConnectionFacts } from '../tls/facts.js';
import { Warnings } from '../warnings.js';
import { ConnectionSessions, NO_SESSION } from './connection-sessions.js';
import { DECLINED_BIT, FIRST_USE, IdTable, LAST_USE, ONE_USE, USES } from './id-table.js';
import { IssueInference } from './inference.js';
import { Median } from './median.js';
import { Use } from './use.js';
import { Field } from './use-rows.js';
import { Uses } from './uses.js';

/** Sessions of a copy of some, or uses of them; there may be more. */
const MANY = 1 << 16;

export class SessionUses {
  readonly #limits: Limits;
  readonly #warnings: Warnings;
  readonly #ids: IdTable;
  readonly #uses: Uses;
  readonly #present: ConnectionSessions;
  #inference: IssueInference | null = null;
  /** Views of the uses of the session that was read last; they serve for all sessions. */
  readonly views: Use[] = [];
  /** Where somebody wants to know: sessions with declines since they were last asked for. */
  #declined: Set<number> | null = null;

  /**
   * @param original what they are to be a copy of
   * @param uses empty ones to begin with
   */
  constructor(limits: Limits, warnings: Warnings, original: SessionUses | null = null, uses = new Uses(limits.uses)) {
    this.#limits = limits;
    this.#warnings = warnings;
    this.#ids = original ? original.#ids.clone() : new IdTable(limits.sessions);
    this.#uses = original ? original.#uses.clone() : uses;
    this.#present = new ConnectionSessions(
      this.#ids,
      this.#uses,
      (session, root) => this.#join(session, root),
      () => this.#full(),
    );
  }

  clone(warnings: Warnings): SessionUses {
    return new SessionUses(this.#limits, warnings, this);
  }

  /** Identifiers of sessions, and connections that used one, as far as they are remembered. */
  get sizes(): { sessions: number; uses: number } {
    return { sessions: this.#ids.size, uses: this.#uses.size };
  }

  /** A connection that is over. */
  add(facts: ConnectionFacts, server: number): void {
    const present = this.#present;
    present.collect(facts, server);
    const { offers, issues, offerCount, issueCount } = present;
    const count = Math.max(offerCount, issueCount);
    for (let i = 0; i < count; i++) {
      this.#addUse(facts, i < offerCount ? offers[i] : NO_SESSION, i < issueCount ? issues[i] : NO_SESSION);
    }
  }

  #addUse(facts: ConnectionFacts, offered: number, issued: number): void {
    if (offered < 0 && issued < 0) return;
    if (this.#uses.size >= this.#limits.uses) {
      this.#full();
      return;
    }
    // A connection is once in the list of a session.
    const other = issued === offered ? NO_SESSION : issued;
    const use = this.#uses.add(facts, offered, other, this.#present.isSuperseded);
    if (offered >= 0) this.#link(offered, use);
    if (other >= 0) this.#link(other, use);
  }

  /** When a session was last used: when the connection that used it last was over. */
  lastUsed(session: number): number {
    const last = this.#ids.rows.ints[session + LAST_USE] - 1;
    return last < 0 ? Number.NEGATIVE_INFINITY : this.#uses.rows.endTime(last, 0);
  }

  /** When the older half of the identifiers was last used, by a sample of them. */
  get medianUse(): number {
    const median = new Median();
    for (let identifier = this.#ids.after(-1); identifier >= 0; identifier = this.#ids.after(identifier)) {
      median.add(this.lastUsed(this.#ids.root(identifier)));
    }
    return median.value ?? Number.NEGATIVE_INFINITY;
  }

  /** The sessions that were declined since this was last called; none at the first time. */
  takeDeclined(): ReadonlySet<number> {
    const declined = this.#declined ?? new Set();
    this.#declined = new Set();
    return declined;
  }

  /** The sessions that a connection offers, as far as they are known. */
  offeredBy(facts: ConnectionFacts, server: number): number[] {
    return this.#present.known(facts, server);
  }

  /** A copy with nothing but some sessions, and those that were issued instead of them. */
  only(sessions: ReadonlySet<number>): SessionUses {
    const some = new SessionUses({ ...this.#limits, sessions: MANY, uses: MANY }, new Warnings(), null, this.#uses.empty(MANY));
    const numbers = new Map([...sessions].map((session) => [session, this.#copyIdentifier(session, some)]));
    const rows = new Set<number>();
    for (const session of sessions) for (const row of this.#rowsOf(session)) rows.add(row);
    const issues = new Map<number, number>();
    for (const row of rows) {
      const issued = this.#uses.rows.issued(row);
      if (issued >= 0 && !numbers.has(issued)) issues.set(issued, this.#copyIdentifier(issued, some));
    }
    for (const [session, copy] of numbers) some.#ids.setLifetime(copy, this.#ids.lifetime(session));
    this.#copyUses(some, rows, (session) => numbers.get(session) ?? issues.get(session) ?? NO_SESSION, numbers);
    return some;
  }

  /** A copy without the sessions that are old. */
  without(isOld: (session: number) => boolean): SessionUses {
    const kept = new SessionUses(this.#limits, this.#warnings);
    const numbers = new Map<number, number>();
    for (let identifier = this.#ids.after(-1); identifier >= 0; identifier = this.#ids.after(identifier)) {
      if (!isOld(this.#ids.root(identifier))) numbers.set(identifier, this.#copyIdentifier(identifier, kept));
    }
    for (const [identifier, copy] of numbers) {
      const number = (of: number) => numbers.get(of) as number;
      if (this.#ids.isJoined(identifier)) kept.#ids.join(copy, number(this.#ids.root(identifier)));
      else kept.#ids.setLifetime(copy, this.#ids.lifetime(identifier));
      const current = this.#ids.current(identifier);
      if (current >= 0) kept.#ids.setCurrent(copy, number(current));
    }
    this.#copyUses(kept, this.#uses.rows.all(), (session) => numbers.get(session) ?? NO_SESSION, numbers);
    return kept;
  }

  /** Clients are told apart by the numbers of texts. */
  #copyIdentifier(identifier: number, into: SessionUses): number {
    if (!this.#ids.isClient(identifier)) return into.#ids.copy(this.#ids, identifier);
    const [client, serverName] = this.#ids.words(identifier);
    return into.#present.internClient(this.#ids.server(identifier), ...into.#uses.copyClient(this.#uses, client, serverName));
  }

  /**
   * @param rows in any order
   * @param numberOf number that a session has in the copy, -1 for none
   * @param listed sessions whose uses are listed in the copy, in the order in which they are here, and their numbers there
   */
  #copyUses(into: SessionUses, rows: Iterable<number>, numberOf: (session: number) => number, listed: ReadonlyMap<number, number>): void {
    const source = this.#uses.rows;
    const copies = new Map<number, number>();
    for (const row of rows) {
      const offered = numberOf(source.offered(row));
      const issued = numberOf(source.issued(row));
      if (offered >= 0 || issued >= 0) copies.set(row, into.#uses.copy(this.#uses, row, offered, issued));
    }
    for (const [session, copy] of listed) {
      if (this.#ids.isJoined(session)) continue;
      for (const row of this.#rowsOf(session)) into.#link(copy, copies.get(row) as number);
    }
  }

  *#rowsOf(session: number): Generator<number> {
    for (let row = this.#ids.rows.ints[session + FIRST_USE] - 1; row >= 0; row = this.#uses.next(row, session)) yield row;
  }

  /** The session after another one, the first one after -1; -1 when there is none. */
  after(session: number): number {
    let next = this.#ids.after(session);
    while (next >= 0 && (this.#ids.isJoined(next) || this.#ids.isClient(next))) next = this.#ids.after(next);
    return next;
  }

  /**
   * A session that one port of a server issued and another one accepted is one session, as of the control and data connections of FTP
   * (RFC 4217 10.2). That an identifier was accepted proves it; one that was only declined belongs to its own port.
   *
   * @param portsOf numbers of the servers at the same address as a server
   */
  joinPorts(portsOf: (server: number) => readonly number[]): void {
    for (let session = this.after(-1); session >= 0; session = this.after(session)) {
      const ports = portsOf(this.server(session));
      if (ports.length < 2 || !this.#isAcceptedWithoutIssue(session)) continue;
      for (const port of ports) {
        const other = port === this.server(session) ? -1 : this.#ids.atServer(session, port);
        if (other >= 0 && this.isIssued(this.#ids.root(other))) {
          this.#join(session, this.#ids.root(other));
          break;
        }
      }
    }
  }

  isIssued(session: number): boolean {
    const count = this.#readListed(session);
    for (let i = 0; i < count; i++) if (this.views[i].role === 'issued') return true;
    return false;
  }

  #isAcceptedWithoutIssue(session: number): boolean {
    let isAccepted = false;
    const count = this.#readListed(session);
    for (let i = 0; i < count; i++) {
      if (this.views[i].role === 'issued') return false;
      isAccepted ||= this.views[i].role === 'resumed';
    }
    return isAccepted;
  }

  /**
   * Visits the connections that issued or offered a session, in the order of their ends: `count` of them, or a few more or less.
   *
   * @param from what the visit before returned; -1 for the first ones
   * @param visit `hasSession`: it left the client with a session; `isIssue`: it issued one of `kind`, or is the first that is seen of it
   * @returns -1 after the last one
   */
  eachConnection(
    from: number,
    count: number,
    visit: (server: number, kind: Session['kind'], use: Use, offers: boolean, hasSession: boolean, isIssue: boolean) => void,
  ): number {
    const { rows } = this.#uses;
    const use = this.#view(0);
    let offers = false;
    let hasSession = false;
    for (let row = rows.after(from), visited = 0; row >= 0; visited++) {
      const next = rows.after(row);
      const offered = rows.offered(row);
      const issued = rows.issued(row);
      if (offered >= 0 || issued >= 0) {
        const session = offered >= 0 ? offered : issued;
        use.move(row, session);
        // What was issued before the capture is there from its first acceptance on.
        const isOlder = use.role === 'resumed' && this.#ids.rows.ints[session + FIRST_USE] === row + 1;
        const isIssue = isOlder || (issued >= 0 && !use.isVoid);
        const kind = this.#ids.kind(session);
        offers ||= offered >= 0;
        // Whether a ticket of TLS 1.3 came cannot be seen.
        hasSession ||= use.role === 'resumed' || (isIssue && kind !== 'client' && (issued === session || !this.#ids.isClient(issued)));
        // A connection with several sessions has as many rows, one after the other.
        if (next < 0 || rows.ints[next + Field.STREAM] !== use.stream) {
          visit(this.#ids.server(session), kind === 'client' ? 'psk' : kind, use, offers, hasSession, isIssue);
          offers = hasSession = false;
          if (visited >= count) return row;
        }
      }
      row = next;
    }
    return -1;
  }

  addressOf(number: number): string {
    return this.#uses.addressOf(number);
  }

  server(session: number): number {
    return this.#ids.server(session);
  }

  kind(session: number): Session['kind'] {
    return this.#ids.kind(session) as Session['kind'];
  }

  id(session: number): string {
    return this.#ids.id(session);
  }

  /** The session that a connection issued, as text; null for none. */
  issuedBy(use: Use): string | null {
    return use.issued < 0 || use.isVoid || this.#ids.kind(use.issued) === 'client' ? null : this.#ids.id(use.issued);
  }

  /** Seconds; null where the server gave none. */
  lifetime(session: number): number | null {
    return this.#ids.lifetime(session) || null;
  }

  hasOffers(session: number): boolean {
    const uses = this.#ids.rows.ints[session + USES] >> 1;
    return uses > 1 || (uses > 0 && this.#ids.isPsk(session));
  }

  hasDeclines(session: number): boolean {
    return (this.#ids.rows.ints[session + USES] & DECLINED_BIT) !== 0;
  }

  address(use: Use): string {
    return this.#uses.address(use);
  }

  /** Negotiated; null where it is not known. */
  version(use: Use): string | null {
    return this.#uses.versionText(use);
  }

  /** Moves the {@link views} to the uses of one session, the inferred one at the end; returns their number. */
  read(session: number): number {
    const count = this.#readListed(session);
    if (count === 0 || !this.#ids.isPsk(session) || this.views[0].role === 'issued' || this.isIssued(session)) return count;
    this.#inference ??= new IssueInference(this.#ids, this.#uses, (server, use) =>
      this.#present.internClient(server, use.clientAddress, use.serverName),
    );
    const issue = this.#inference.issueOf(session);
    if (issue === null) return count;
    const use = this.#view(count);
    use.move(issue.row, session);
    use.isInferred = true;
    use.isAmbiguous = issue.isAmbiguous;
    return count + 1;
  }

  /** The same without the inferred one. */
  #readListed(session: number): number {
    let count = 0;
    for (let row = this.#ids.rows.ints[session + FIRST_USE] - 1; row >= 0; row = this.#uses.next(row, session)) {
      this.#view(count++).move(row, session);
    }
    return count;
  }

  #view(index: number): Use {
    if (index === this.views.length) this.views.push(new Use(this.#uses.rows));
    return this.views[index];
  }

  #full(): void {
    const { sessions, uses } = this.#limits;
    this.#warnings.add(
      'session-limit',
      `more than ${sessions} sessions or ${uses} connections that used one: later ones were counted, not correlated`,
    );
  }

  /** `session` is another identifier of `root`: what was known of it is known of `root`. */
  #join(session: number, root: number): void {
    if (session === root) return;
    const { ints } = this.#ids.rows;
    const lifetime = this.#ids.lifetime(session);
    let row = ints[session + FIRST_USE] - 1;
    this.#ids.join(session, root);
    while (row >= 0) {
      const next = this.#uses.next(row, session);
      if (this.#uses.reassign(row, session, root)) this.#link(root, row);
      row = next;
    }
    if (lifetime > 0) this.#ids.setLifetime(root, lifetime);
  }

  #link(session: number, use: number): void {
    const { ints } = this.#ids.rows;
    const last = ints[session + LAST_USE] - 1;
    if (last < 0) ints[session + FIRST_USE] = use + 1;
    else this.#uses.link(last, use, session);
    ints[session + LAST_USE] = use + 1;
    ints[session + USES] += ONE_USE;
    if (this.#uses.isDeclined(use, session)) {
      ints[session + USES] |= DECLINED_BIT;
      if (this.#declined && this.#declined.size < MANY) this.#declined.add(session);
    }
    if (ints[session + USES] >> 1 <= this.#limits.usesPerSession || this.#ids.isClient(session)) return;
    this.#dropUse(session, ints[session + FIRST_USE] - 1);
    ints[session + USES] -= ONE_USE;
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
}
