// Clients and their habits: when they come, what they offer, how they leave.
import type { Random } from './random.js';

/** Who speaks first at the end, and how: `server` leaves it to the server to close first. */
export type Leaving = 'clean' | 'acknowledged-reset' | 'fin' | 'rst' | 'race' | 'server';

export interface Client {
  address: string;
  /** Mean of the seconds from one visit to the next. */
  interval: number;
  /** How often it leaves without close_notify, or races it with RST. */
  carelessness: number;
  neverOffers: boolean;
  lies: number;
  /** What it may offer, the newest last. */
  readonly wallet: string[];
}

/** What all clients of a capture have in common. */
export interface Crowd {
  clients: Client[];
  /** How many connections there are altogether. */
  connections: number;
  /** Mean of the seconds for which a connection is used. */
  hold: number;
  /** How often a client comes again before its connection is closed. */
  overlap: number;
  offersOlder: number;
  keepsDeclined: boolean;
  serverFirst: number;
  resetsAfterClean: number;
  /** Ways to leave carelessly. */
  careless: readonly (readonly [weight: number, leaving: Leaving])[];
}

/** Who is careless: everybody alike, some, or those who come late, or those who come often. Late ones look as if their sessions expired. */
type Correlation = 'same' | 'split' | 'late' | 'busy';

export function drawCrowd(random: Random): Crowd {
  const correlation = random.weighted<Correlation>([
    [35, 'same'],
    [30, 'split'],
    [20, 'late'],
    [15, 'busy'],
  ]);
  const base = random.magnitude(0.3, 60);
  const carelessness = random.pick([0, 0.05, 0.2, 0.5, 0.9, 1]);
  const slower = correlation === 'late' ? random.magnitude(5, 40) : correlation === 'busy' ? 1 / random.magnitude(3, 10) : 1;
  const liars = random.chance(0.15) ? 0.2 : 0;
  const clients = Array.from({ length: Math.round(random.magnitude(1, 20)) }, (_, i): Client => {
    const isCareless = random.chance(0.5);
    const own = base * random.magnitude(0.3, 3);
    return {
      address: `192.0.2.${i + 1}`,
      interval: isCareless ? own * slower : own,
      carelessness: correlation === 'same' ? carelessness : isCareless ? random.between(0.7, 1) : random.between(0, 0.05),
      neverOffers: random.chance(0.04),
      lies: random.chance(liars) ? 0.3 : 0,
      wallet: [],
    };
  });
  return {
    clients,
    connections: Math.round(
      random.weighted([
        [12, random.between(10, 20)],
        [76, random.between(20, 100)],
        [12, random.between(100, 300)],
      ]),
    ),
    hold: random.magnitude(0.02, 10),
    overlap: random.chance(0.4) ? random.between(0.1, 0.7) : 0,
    offersOlder: random.chance(0.5) ? random.between(0.02, 0.3) : 0,
    keepsDeclined: random.chance(0.15),
    serverFirst: random.chance(0.3) ? random.between(0.05, 0.4) : 0,
    resetsAfterClean: random.chance(0.25) ? 0.5 : 0,
    careless: [
      [random.chance(0.6) ? random.next() : 0.02, 'fin'],
      [random.chance(0.6) ? random.next() : 0.02, 'rst'],
      [random.chance(0.3) ? random.next() : 0, 'race'],
    ],
  };
}

/** What a client offers; null for nothing. */
export function chooseOffer(client: Client, crowd: Crowd, random: Random): string | null {
  if (random.chance(client.lies)) return random.hex(32);
  const { wallet } = client;
  if (client.neverOffers || wallet.length === 0 || random.chance(0.03)) return null;
  return random.chance(crowd.offersOlder) ? random.pick(wallet) : wallet[wallet.length - 1];
}

export function chooseLeaving(client: Client, crowd: Crowd, random: Random): Leaving {
  if (random.chance(crowd.serverFirst)) return 'server';
  if (random.chance(client.carelessness)) return random.weighted(crowd.careless);
  return random.chance(crowd.resetsAfterClean) ? 'acknowledged-reset' : 'clean';
}

/** The client has this session now, and it is its newest one. */
export function keep({ wallet }: Client, session: string): void {
  drop(wallet, session);
  wallet.push(session);
  if (wallet.length > WALLET_SIZE) wallet.shift();
}

export function drop(wallet: string[], session: string): void {
  const at = wallet.indexOf(session);
  if (at >= 0) wallet.splice(at, 1);
}

const WALLET_SIZE = 10;
