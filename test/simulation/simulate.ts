// A capture of clients at a model server, and the truth about each session in it. One seed determines everything.
import { createHash } from 'node:crypto';
import type { Cause, Session } from '../../src/model.js';
import { TcpFlag } from '../../src/wire/tcp.js';
import type { Link, Packet } from '../support/packets.js';
import { type Client, type Crowd, chooseLeaving, chooseOffer, drawCrowd, drop, keep } from './clients.js';
import { answer, exchange, finish, hello, leave, Wire } from './conversation.js';
import { type Damage, damage, drawDamage } from './damage.js';
import { drawPolicy, type Policy } from './policy.js';
import { Random } from './random.js';
import { Schedule } from './schedule.js';
import { type Loss, ModelServer, type Served } from './server.js';

/** A session that was offered, as the server knows it. */
export interface OfferTruth {
  /** The client's address and port. */
  connection: string;
  session: string;
  /** When the server decided, by its clock in milliseconds. */
  at: number;
  /** Why it declined; null where it resumed. */
  reason: Cause | null;
  /** Nothing but the unclean close kept the server from resuming it. */
  isOnlyReason: boolean;
  /** The capture holds both hellos. */
  isVisible: boolean;
}

export interface SessionTruth {
  kind: Session['kind'];
  /** As in a report. */
  id: string;
  /** Why the server has it no more, if so. */
  loss: (Omit<Loss, 'connection'> & { connection: string | null }) | null;
  /** Connections that used it, of which the capture holds each packet. */
  isWhole: boolean;
}

export interface Truth {
  policy: Policy;
  crowd: Crowd;
  damage: Damage;
  sessions: Map<string, SessionTruth>;
  /** In the order of the server's decisions. */
  offers: OfferTruth[];
}

export interface Simulation {
  packets: Packet[];
  truth: Truth;
}

interface Visit extends Served {
  name: string;
  link: Link;
  isOver: boolean;
}

interface Offered {
  visit: Visit;
  session: string;
  at: number;
  reason: Cause | null;
  isOnlyReason: boolean;
  hello: number;
  answer: number;
}

const FIRST_PORT = 40_001;
/** Restarts and the replacement of a key come at some share of the connections. */
const MIDDLE = [0.25, 0.8] as const;

export function simulate(seed: number): Simulation {
  const random = new Random(seed);
  const policy = drawPolicy(random);
  const crowd = drawCrowd(random);
  const world = new World(policy, crowd, random);
  world.run();
  const packets = [...world.wire.capture.packets];
  const damaged = drawDamage(random);
  const kept = damage(packets, damaged, random);
  return { packets: kept, truth: { policy, crowd, damage: damaged, ...world.truth(kept) } };
}

/** A client's session as a report names it: tickets and PSKs by their digest. */
function idOf(kind: Session['kind'], name: string): string {
  return kind === 'session-id' ? name : createHash('sha256').update(Buffer.from(name, 'hex')).digest('hex');
}

class World {
  readonly wire: Wire;
  readonly #policy: Policy;
  readonly #crowd: Crowd;
  readonly #random: Random;
  readonly #server: ModelServer;
  readonly #schedule = new Schedule();
  readonly #visits: Visit[] = [];
  readonly #offers: Offered[] = [];
  /** Numbers of the connections before which the server restarts, or replaces its key. */
  readonly #incidents: Set<number>;

  constructor(policy: Policy, crowd: Crowd, random: Random) {
    this.#policy = policy;
    this.#crowd = crowd;
    this.#random = random;
    this.#server = new ModelServer(policy, random);
    const isNear = random.chance(0.6);
    this.wire = new Wire({ toClient: random.integer(2, 40), toServer: isNear ? 0 : random.integer(1, 20) });
    const incidents = policy.restarts + (policy.rotates ? 1 : 0);
    this.#incidents = new Set(Array.from({ length: incidents }, () => Math.round(random.between(...MIDDLE) * crowd.connections)));
  }

  run(): void {
    for (const client of this.#crowd.clients) this.#schedule.start(this.#life(client));
    this.#schedule.run();
  }

  *#life(client: Client): Generator<number> {
    yield 1000 * this.#random.between(0.1, client.interval + 0.1);
    while (this.#visits.length < this.#crowd.connections) {
      const visit = this.#visit(client);
      if (this.#random.chance(this.#crowd.overlap)) this.#schedule.start(visit);
      else yield* visit;
      yield 1000 * this.#random.exponential(client.interval);
    }
  }

  *#visit(client: Client): Generator<number> {
    const random = this.#random;
    const { wire } = this;
    const { kind } = this.#policy;
    const now = () => this.#schedule.now;
    const visit = this.#connect(client);
    yield wire.roundTrip;
    const offer = chooseOffer(client, this.#crowd, random);
    wire.clientAt(now());
    visit.link.client.acknowledge();
    const helloFrame = visit.link.client.send(hello(kind, offer));
    yield random.integer(2, 6);
    if (visit.isOver) return;
    const decision = offer === null ? null : this.#server.decide(offer, visit.node, now());
    const isResumed = decision !== null && decision.reason === null;
    const fresh = random.hex(32);
    wire.serverAt(now());
    const answerFrame = visit.link.server.send(...answer(kind, isResumed ? offer : null, fresh));
    if (offer !== null && decision !== null) {
      const { reason, isOnlyReason } = decision;
      this.#offers.push({ visit, session: offer, at: now(), reason, isOnlyReason, hello: helloFrame, answer: answerFrame });
    }
    yield wire.roundTrip;
    if (visit.isOver) return;
    finish(visit.link, kind, isResumed ? null : fresh, wire, now());
    // Each connection of TLS 1.3 brings another ticket.
    const begins = !isResumed || kind === 'psk';
    visit.session = begins ? this.#server.issue(fresh, visit, now()) : (decision?.session ?? null);
    if (offer !== null && (isResumed ? kind === 'psk' : !this.#crowd.keepsDeclined)) drop(client.wallet, offer);
    keep(client, begins ? fresh : (offer ?? fresh));
    yield wire.roundTrip;
    if (visit.isOver) return;
    exchange(visit.link, wire, now());
    yield wire.roundTrip + 1000 * random.exponential(this.#crowd.hold);
    if (visit.isOver) return;
    visit.isOver = true;
    const leaving = chooseLeaving(client, this.#crowd, random);
    const isCareless = random.chance(client.carelessness);
    yield* leave(visit.link, leaving, isCareless, this.#policy, wire, now, (ending) => this.#server.end(visit, ending, now()));
  }

  #connect(client: Client): Visit {
    const number = this.#visits.length;
    if (this.#incidents.has(number)) this.#happen();
    const name = `${client.address}:${FIRST_PORT + number}`;
    const { wire } = this;
    const link = wire.capture.link({ client: name });
    wire.clientAt(this.#schedule.now);
    link.client.syn();
    wire.serverAt(this.#schedule.now);
    link.server.syn(TcpFlag.ACK);
    const visit = { number, name, node: this.#server.accept(), session: null, link, isOver: false };
    this.#visits.push(visit);
    return visit;
  }

  #happen(): void {
    if (this.#policy.rotates) {
      this.#server.rotateKey();
      return;
    }
    this.#server.restart(this.#schedule.now);
    if (!this.#policy.crashes) return;
    for (const visit of this.#visits) {
      if (visit.isOver) continue;
      visit.isOver = true;
      this.wire.serverAt(this.#schedule.now);
      visit.link.server.reset();
    }
  }

  truth(kept: readonly Packet[]): Pick<Truth, 'sessions' | 'offers'> {
    const { kind } = this.#policy;
    const all = this.wire.capture.packets;
    const seen = new Set(kept);
    const isSeen = (frame: number) => seen.has(all[frame - 1]);
    const lossy = new Set(all.filter((packet) => !seen.has(packet)).map(clientOf));
    const sessions = new Map<string, SessionTruth>();
    for (const { name, issuedBy, loss } of this.#server.sessions.values()) {
      const killer = loss?.connection ?? null;
      const connection = killer === null ? null : this.#visits[killer].name;
      const isWhole = !lossy.has(this.#visits[issuedBy].name) && (connection === null || !lossy.has(connection));
      const id = idOf(kind, name);
      sessions.set(id, { kind, id, loss: loss && { ...loss, connection }, isWhole });
    }
    const offers = this.#offers.map(({ visit, session, at, reason, isOnlyReason, hello, answer }) => ({
      connection: visit.name,
      session: idOf(kind, session),
      at,
      reason,
      isOnlyReason,
      isVisible: isSeen(hello) && isSeen(answer),
    }));
    return { sessions, offers };
  }
}

function clientOf({ from, to }: Packet): string {
  const { address, port } = from.port >= FIRST_PORT ? from : to;
  return `${address}:${port}`;
}
