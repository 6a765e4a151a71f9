// Which connection issued, offered or accepted which session.
import type { Limits } from '../limits.js';
import type { Session } from '../model.js';
import type { Digest, OfferedPsk } from '../tls/connections.js';
import type { ConnectionFacts, IdFacts } from '../tls/facts.js';
import type { Warnings } from '../warnings.js';
import { DECLINED_BIT, FIRST_USE, IdTable, LAST_USE, ONE_USE, USES } from './id-table.js';
import { IssueInference } from './inference.js';
import { Use } from './use.js';
import { Field } from './use-rows.js';
import { Uses } from './uses.js';

const NO_SESSION = -1;
const DIGEST_BYTES = 32;
/** Sessions that one connection may issue or offer. */
const MAX_OF_CONNECTION = 32;

export class SessionUses {
  readonly #limits: Limits;
  readonly #warnings: Warnings;
  readonly #ids: IdTable;
  readonly #uses: Uses;
  readonly #offers = new Int32Array(MAX_OF_CONNECTION);
  readonly #issues = new Int32Array(MAX_OF_CONNECTION);
  #offerCount = 0;
  #issueCount = 0;
  /** The ticket that is offered was replaced by another one. */
  #isSuperseded = false;
  readonly #client = new Int32Array(DIGEST_BYTES / 4);
  #inference: IssueInference | null = null;
  /** Views of the uses of the session that was read last; they serve for all sessions. */
  readonly views: Use[] = [];

  constructor(limits: Limits, warnings: Warnings) {
    this.#limits = limits;
    this.#warnings = warnings;
    this.#ids = new IdTable(limits.sessions);
    this.#uses = new Uses(limits.uses);
  }

  /** A connection that is over. */
  add(facts: ConnectionFacts, server: number): void {
    this.#isSuperseded = false;
    if (!facts.isTls13 && facts.offeredTicket === null && facts.issuedTickets.length === 0) {
      const offered = offersSessionId(facts) ? this.#internId(server, facts.offeredId) : NO_SESSION;
      const issued = this.#internIssued(facts, server);
      this.#addUse(facts, offered, issued);
      return;
    }
    this.#offerCount = this.#issueCount = 0;
    this.#collectOffers(facts, server);
    this.#collectIssues(facts, server);
    const count = Math.max(this.#offerCount, this.#issueCount);
    for (let i = 0; i < count; i++) {
      const offered = i < this.#offerCount ? this.#offers[i] : NO_SESSION;
      this.#addUse(facts, offered, i < this.#issueCount ? this.#issues[i] : NO_SESSION);
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
    const use = this.#uses.add(facts, offered, other, this.#isSuperseded);
    if (offered >= 0) this.#link(offered, use);
    if (other >= 0) this.#link(other, use);
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
        if (other >= 0 && this.#isIssued(this.#ids.root(other))) {
          this.#join(session, this.#ids.root(other));
          break;
        }
      }
    }
  }

  #isIssued(session: number): boolean {
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
   * Visits each connection that issued or offered a session, in the order of their ends.
   *
   * @param visit `hasSession`: it left the client with a session; `isIssue`: it issued one of `kind`, or is the first that is seen of it
   */
  eachConnection(
    visit: (server: number, kind: Session['kind'], use: Use, offers: boolean, hasSession: boolean, isIssue: boolean) => void,
  ): void {
    const { rows } = this.#uses;
    const use = this.#view(0);
    let offers = false;
    let hasSession = false;
    for (let row = rows.after(-1); row >= 0; ) {
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
        }
      }
      row = next;
    }
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
    if (count === 0 || !this.#ids.isPsk(session) || this.views[0].role === 'issued' || this.#isIssued(session)) return count;
    this.#inference ??= new IssueInference(this.#ids, this.#uses, (server, use) =>
      this.#internClient(server, use.clientAddress, use.serverName),
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

  /** What a client offers: a ticket or the session ID of its TLS 1.2, or the PSKs of its TLS 1.3. Of these only the one that was taken counts, if one was. */
  #collectOffers(facts: ConnectionFacts, server: number): void {
    if (facts.isTls13) {
      if (facts.resumption === 'unknown') return;
      if (facts.resumption === 'resumed') {
        const taken = facts.offeredPsk[facts.selectedPsk];
        if (taken && isTicket(taken)) this.#offer(this.#internDigest(server, 'psk', taken.digest));
      } else for (const psk of facts.offeredPsk) if (isTicket(psk)) this.#offer(this.#internDigest(server, 'psk', psk.digest));
    } else if (facts.offeredTicket) {
      if (facts.resumption !== 'unknown') this.#offerTicket(server, facts.offeredTicket);
    } else if (offersSessionId(facts)) this.#offer(this.#internId(server, facts.offeredId));
  }

  #offerTicket(server: number, ticket: Digest): void {
    const identifier = this.#ids.intern(server, 'ticket', ticket, 0, DIGEST_BYTES);
    const session = this.#known(identifier);
    if (session < 0) return;
    const current = this.#ids.current(session);
    this.#isSuperseded = current >= 0 && current !== identifier;
    this.#offer(session);
  }

  #collectIssues(facts: ConnectionFacts, server: number): void {
    this.#issue(this.#internIssued(facts, server));
    if (facts.issuedTickets.length > 0) this.#collectTickets(facts, server);
    // Tickets may be among what was not decrypted; behind a proxy all clients look like one.
    if (!facts.isTls13 || facts.issuedTickets.length > 0 || facts.isProxied) return;
    if (facts.handshake === 'full' || facts.handshake === 'resumed')
      this.#issue(this.#internClient(server, this.#uses.clientNumber(facts), this.#uses.serverNameNumber(facts)));
  }

  #collectTickets(facts: ConnectionFacts, server: number): void {
    for (const { digest, lifetime } of facts.issuedTickets) {
      const identifier = this.#ids.intern(server, facts.isTls13 ? 'psk' : 'ticket', digest, 0, DIGEST_BYTES);
      const session = this.#known(identifier);
      if (session < 0) continue;
      this.#ids.setLifetime(session, Math.min(lifetime, 0x7fffffff));
      // A ticket that replaces the one that was taken continues its session (RFC 5077 3.3).
      if (facts.resumedBy === 'ticket' && this.#offerCount > 0) {
        const root = this.#offers[0];
        this.#join(session, root);
        this.#ids.setCurrent(root, identifier);
      } else this.#issue(session);
    }
  }

  #offer(session: number): void {
    if (session < 0 || this.#offerCount === MAX_OF_CONNECTION) return;
    if (this.#offerCount > 0 && this.#offers.subarray(0, this.#offerCount).includes(session)) return;
    this.#offers[this.#offerCount++] = session;
  }

  #issue(session: number): void {
    if (session >= 0 && this.#issueCount < MAX_OF_CONNECTION) this.#issues[this.#issueCount++] = session;
  }

  #internId(server: number, id: IdFacts): number {
    return this.#known(this.#ids.intern(server, 'session-id', id.words, id.at, id.length));
  }

  /** A void ID is a session that was dead from the start: its use says so. */
  #internIssued({ issuedId, voidId }: ConnectionFacts, server: number): number {
    if (issuedId.length > 0) return this.#internId(server, issuedId);
    return voidId.length > 0 ? this.#internId(server, voidId) : NO_SESSION;
  }

  #internDigest(server: number, kind: 'ticket' | 'psk', digest: Digest): number {
    return this.#known(this.#ids.intern(server, kind, digest, 0, DIGEST_BYTES));
  }

  #internClient(server: number, client: number, serverName: number): number {
    if (client === 0) return NO_SESSION;
    this.#client[0] = client;
    this.#client[1] = serverName;
    return this.#known(this.#ids.intern(server, 'client', this.#client, 0, DIGEST_BYTES));
  }

  #known(session: number): number {
    if (session >= 0) return this.#ids.root(session);
    this.#full();
    return session;
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
    if (this.#uses.isDeclined(use, session)) ints[session + USES] |= DECLINED_BIT;
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

/** A PSK that was agreed on elsewhere has no age (RFC 8446 4.2.11). */
function isTicket(psk: OfferedPsk): boolean {
  return psk.obfuscatedAge !== 0;
}

/** Whether the session ID of a ClientHello is an offer: not beside a ticket (RFC 5077 3.4), nor where TLS 1.3 was negotiated (RFC 8446 4.1.2). */
function offersSessionId(facts: ConnectionFacts): boolean {
  if (facts.offeredId.length <= 0 || facts.offersTicket || facts.isTls13) return false;
  return facts.resumption !== 'unknown' || ((facts.maybePadding || facts.isHelloCut) && facts.handshake === 'full');
}
