// A server that knows why it declines: its sessions, and what became of each. It shares no code with what is tested.
import type { Cause } from '../../src/model.js';
import type { Policy } from './policy.js';
import type { Random } from './random.js';

/** Why the server no longer had a session. */
export interface Loss {
  reason: Cause;
  at: number;
  /** Number of the connection whose close cost the session. */
  connection: number | null;
}

export interface ModelSession {
  /** What goes over the wire, hex. */
  name: string;
  node: number;
  issuedAt: number;
  /** Connection that issued it. */
  issuedBy: number;
  /** Sessions that its node had issued when this one was last issued or resumed. */
  rank: number;
  keyNumber: number;
  loss: Loss | null;
}

/** A connection as the server sees it. */
export interface Served {
  number: number;
  node: number;
  session: ModelSession | null;
}

export interface Verdict {
  session: ModelSession | null;
  /** Why it is declined; null where it is resumed. */
  reason: Cause | null;
  /** Nothing but the unclean close kept the server from resuming it. */
  isOnlyReason: boolean;
}

export type Ending = 'clean' | 'fin' | 'rst' | 'race' | 'bare-answer' | 'own';

export class ModelServer {
  readonly policy: Policy;
  readonly #random: Random;
  readonly sessions = new Map<string, ModelSession>();
  /** Sessions that each node has, the oldest first. */
  readonly #caches: Map<string, ModelSession>[];
  readonly #issued: number[];
  #next = 0;
  #keyNumber = 0;
  #restartedAt = Number.NEGATIVE_INFINITY;

  constructor(policy: Policy, random: Random) {
    this.policy = policy;
    this.#random = random;
    this.#caches = Array.from({ length: policy.nodes }, () => new Map());
    this.#issued = new Array(policy.nodes).fill(0);
  }

  /** The node that takes the next connection. */
  accept(): number {
    const { nodes, isRoundRobin } = this.policy;
    return isRoundRobin ? this.#next++ % nodes : this.#random.integer(0, nodes - 1);
  }

  issue(name: string, connection: Served, now: number): ModelSession {
    const { node } = connection;
    const rank = ++this.#issued[node];
    const keyNumber = this.#keyNumber;
    const session: ModelSession = { name, node, issuedAt: now, issuedBy: connection.number, rank, keyNumber, loss: null };
    this.sessions.set(name, session);
    if (this.policy.neverResumes) {
      this.#lose(session, 'never-resumable', now, null);
      return session;
    }
    const cache = this.#caches[node];
    cache.set(name, session);
    if (this.policy.kind !== 'ticket' && cache.size > this.policy.cacheSize) {
      const [oldest] = cache.values();
      this.#lose(oldest, 'evicted', now, null);
    }
    return session;
  }

  /** Whether the node resumes what is offered. */
  decide(name: string, node: number, now: number): Verdict {
    const session = this.sessions.get(name) ?? null;
    if (session === null) return { session, reason: 'unknown-session', isOnlyReason: false };
    this.#expire(session, now);
    if (this.policy.kind === 'ticket') return { session, reason: this.#ticketReason(session), isOnlyReason: false };
    if (session.loss !== null) return { session, reason: session.loss.reason, isOnlyReason: this.#isOnlyReason(session, node, now) };
    if (session.node !== node) return { session, reason: 'other-node', isOnlyReason: false };
    this.#renew(session, now);
    return { session, reason: null, isOnlyReason: false };
  }

  /** How a connection ended, as the server read it. */
  end({ session, number }: Served, ending: Ending, now: number): void {
    if (session === null || this.policy.kind === 'ticket') return;
    const reason = this.#penalty(ending);
    if (reason === null) return;
    this.#expire(session, now);
    this.#lose(session, reason, now, number);
  }

  restart(now: number): void {
    if (this.policy.kind === 'ticket') return;
    this.#restartedAt = now;
    for (const cache of this.#caches) for (const session of [...cache.values()]) this.#lose(session, 'restarted', now, null);
  }

  rotateKey(): void {
    this.#keyNumber++;
  }

  #penalty(ending: Ending): Cause | null {
    const { invalidatesOn, mindsBareAnswers, dropsOwn, raceLoss } = this.policy;
    switch (ending) {
      case 'clean':
        return null;
      case 'fin':
        return invalidatesOn.fin ? 'unclean-close' : null;
      case 'rst':
        return invalidatesOn.rst ? 'unclean-close' : null;
      case 'race':
        return this.#random.chance(raceLoss) && invalidatesOn.rst ? 'reset-race' : null;
      case 'bare-answer':
        return invalidatesOn.fin && mindsBareAnswers ? 'unclean-close' : null;
      case 'own':
        return dropsOwn ? 'unclean-close' : null;
    }
  }

  #ticketReason(session: ModelSession): Cause | null {
    if (session.loss !== null) return session.loss.reason;
    return session.keyNumber === this.#keyNumber ? null : 'key-rotated';
  }

  #expire(session: ModelSession, now: number): void {
    if (now - session.issuedAt > this.policy.ttl) this.#lose(session, 'expired', now, null);
  }

  #renew(session: ModelSession, now: number): void {
    // A server of TLS 1.3 that takes each ticket once has issued another one by then.
    if (this.policy.kind === 'psk') {
      this.#lose(session, 'ticket-reused', now, null);
      return;
    }
    if (!this.policy.isLru) return;
    const cache = this.#caches[session.node];
    cache.delete(session.name);
    cache.set(session.name, session);
    session.rank = this.#issued[session.node];
  }

  /** Only the first loss counts. */
  #lose(session: ModelSession, reason: Cause, at: number, connection: number | null): void {
    if (session.loss !== null) return;
    session.loss = { reason, at, connection };
    this.#caches[session.node].delete(session.name);
  }

  #isOnlyReason(session: ModelSession, node: number, now: number): boolean {
    const { loss, issuedAt, rank } = session;
    if (loss?.reason !== 'unclean-close' && loss?.reason !== 'reset-race') return false;
    const isAlive = now - issuedAt <= this.policy.ttl && this.#restartedAt < loss.at;
    // Sessions that others resumed since are left out of account: where the cache is small, this is an estimate.
    return isAlive && session.node === node && this.#issued[node] - rank < this.policy.cacheSize;
  }
}
