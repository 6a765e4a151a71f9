// Which sessions one connection offers, and which it issues.
import { MAX_TICKETS } from '../limits.js';
import type { Digest, OfferedPsk } from '../tls/connections.js';
import type { ConnectionFacts, IdFacts } from '../tls/facts.js';
import type { IdTable } from './id-table.js';
import type { Uses } from './uses.js';

export const NO_SESSION = -1;
const DIGEST_BYTES = 32;
/** Beside its tickets or PSKs, a connection has a session ID, and a client whose tickets are inferred. */
const ROOM = MAX_TICKETS + 2;

/** What is told of the connection that was collected last. */
export class ConnectionSessions {
  readonly offers = new Int32Array(ROOM);
  readonly issues = new Int32Array(ROOM);
  offerCount = 0;
  issueCount = 0;
  /** The ticket that is offered was replaced by another one. */
  isSuperseded = false;
  readonly #ids: IdTable;
  readonly #uses: Uses;
  readonly #join: (session: number, root: number) => void;
  readonly #full: () => void;
  readonly #client = new Int32Array(DIGEST_BYTES / 4);

  /**
   * @param join is told that one session is another identifier of the other one
   * @param full is told that there is no room for an identifier
   */
  constructor(ids: IdTable, uses: Uses, join: (session: number, root: number) => void, full: () => void) {
    this.#ids = ids;
    this.#uses = uses;
    this.#join = join;
    this.#full = full;
  }

  collect(facts: ConnectionFacts, server: number): void {
    this.isSuperseded = false;
    this.offerCount = this.issueCount = 0;
    if (!facts.isTls13 && facts.offeredTicket === null && facts.issuedTickets.length === 0) {
      // Mostly so: at most a session ID is offered, and one issued.
      if (offersSessionId(facts)) this.#offer(this.#offeredId(facts, server));
      this.#issue(this.#internIssued(facts, server));
      return;
    }
    this.#collectOffers(facts, server);
    this.#collectIssues(facts, server);
  }

  /** The sessions that a connection offers, as far as they are known; nothing is added. */
  known(facts: ConnectionFacts, server: number): number[] {
    const found: number[] = [];
    const add = (identifier: number) => {
      if (identifier >= 0) found.push(this.#ids.root(identifier));
    };
    const { offeredId, offeredTicket, offeredPsk } = facts;
    if (offersSessionId(facts)) add(this.#ids.find(server, 'session-id', offeredId.words, offeredId.at, offeredId.length));
    if (offeredTicket) add(this.#ids.find(server, 'ticket', offeredTicket, 0, DIGEST_BYTES));
    for (const { digest } of offeredPsk) add(this.#ids.find(server, 'psk', digest, 0, DIGEST_BYTES));
    return found;
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
    } else if (offersSessionId(facts)) this.#offer(this.#offeredId(facts, server));
  }

  #offerTicket(server: number, ticket: Digest): void {
    const identifier = this.#ids.intern(server, 'ticket', ticket, 0, DIGEST_BYTES);
    const session = this.#known(identifier);
    if (session < 0) return;
    const current = this.#ids.current(session);
    this.isSuperseded = current >= 0 && current !== identifier;
    this.#offer(session);
  }

  #collectIssues(facts: ConnectionFacts, server: number): void {
    this.#issue(this.#internIssued(facts, server));
    if (facts.issuedTickets.length > 0) this.#collectTickets(facts, server);
    // Tickets may be among what was not decrypted; behind a proxy all clients look like one.
    if (!facts.isTls13 || facts.issuedTickets.length > 0 || facts.isProxied) return;
    if (facts.handshake === 'full' || facts.handshake === 'resumed')
      this.#issue(this.internClient(server, this.#uses.clientNumber(facts), this.#uses.serverNameNumber(facts)));
  }

  #collectTickets(facts: ConnectionFacts, server: number): void {
    for (const { digest, lifetime } of facts.issuedTickets) {
      const identifier = this.#ids.intern(server, facts.isTls13 ? 'psk' : 'ticket', digest, 0, DIGEST_BYTES);
      const session = this.#known(identifier);
      if (session < 0) continue;
      this.#ids.setLifetime(session, Math.min(lifetime, 0x7fffffff));
      // A ticket that replaces the one that was taken continues its session (RFC 5077 3.3).
      if (facts.resumedBy === 'ticket' && this.offerCount > 0) {
        const root = this.offers[0];
        this.#join(session, root);
        this.#ids.setCurrent(root, identifier);
      } else this.#issue(session);
    }
  }

  #offer(session: number): void {
    if (session < 0 || this.offerCount === ROOM) return;
    if (this.offerCount > 0 && this.offers.subarray(0, this.offerCount).includes(session)) return;
    this.offers[this.offerCount++] = session;
  }

  #issue(session: number): void {
    if (session >= 0 && this.issueCount < ROOM) this.issues[this.issueCount++] = session;
  }

  /** Beside a ticket that was cut off an ID may be the client's own invention (RFC 5077 3.4): then only one that is known is a session. */
  #offeredId({ isHelloCut, offeredId }: ConnectionFacts, server: number): number {
    if (!isHelloCut) return this.#internId(server, offeredId);
    const identifier = this.#ids.find(server, 'session-id', offeredId.words, offeredId.at, offeredId.length);
    return identifier < 0 ? NO_SESSION : this.#known(identifier);
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

  /** What stands for the tickets, not seen, that a client may have been given at a server. */
  internClient(server: number, client: number, serverName: number): number {
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
