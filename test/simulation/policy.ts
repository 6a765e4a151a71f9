// What a model server does with its sessions.
import type { Session } from '../../src/model.js';
import type { Random } from './random.js';

/** What else a server does to sessions than to invalidate them after an unclean close. */
type Trait = 'plain' | 'ttl' | 'cache' | 'nodes' | 'restarts' | 'never resumes' | 'several';

export interface Policy {
  kind: Session['kind'];
  trait: Trait;
  /** What an end of the client without close_notify does, which the server reads as a truncation. */
  invalidatesOn: { fin: boolean; rst: boolean };
  /** A client that answers the server's close_notify with a bare FIN counts as one that closed uncleanly. */
  mindsBareAnswers: boolean;
  /** A server that ended without close_notify, and had read none, drops the session, as OpenSSL does. */
  dropsOwn: boolean;
  /** That it never reads a close_notify with RST behind it. */
  raceLoss: number;
  /** Milliseconds from the issue. */
  ttl: number;
  /** Sessions that a node keeps. */
  cacheSize: number;
  /** Resuming a session makes it the youngest. */
  isLru: boolean;
  nodes: number;
  isRoundRobin: boolean;
  restarts: number;
  /** A restart resets the connections that are open; otherwise they go on. */
  crashes: boolean;
  neverResumes: boolean;
  /** The key of the tickets is replaced once. */
  rotates: boolean;
  /** It sends close_notify of its own when it closes. */
  saysNotify: boolean;
  /** It sends an alert to a client that ended without close_notify. */
  alertsAtTruncation: boolean;
}

/** TLS 1.2 tickets carry this hint in the messages of tests, milliseconds. */
const TICKET_LIFETIME = 3600_000;

export function drawPolicy(random: Random): Policy {
  const kind = random.weighted<Session['kind']>([
    [80, 'session-id'],
    [12, 'ticket'],
    [8, 'psk'],
  ]);
  const [fin, rst] = random.weighted([
    [35, [false, false]],
    [15, [true, false]],
    [18, [false, true]],
    [32, [true, true]],
  ]);
  const isStateless = kind === 'ticket';
  const trait = drawTrait(random, isStateless);
  const has = (one: Trait) => trait === one || (trait === 'several' && random.chance(0.55));
  const invalidatesOn = { fin: fin && !isStateless, rst: rst && !isStateless };
  const isLimited = has('cache');
  const isRestarted = has('restarts');
  return {
    kind,
    trait,
    invalidatesOn,
    mindsBareAnswers: random.chance(0.6),
    dropsOwn: (fin || rst) && !isStateless && random.chance(0.3),
    raceLoss: random.weighted([
      [50, 0],
      [25, 0.3],
      [25, 0.9],
    ]),
    ttl: isStateless ? TICKET_LIFETIME : has('ttl') ? random.magnitude(2_000, 600_000) : Number.POSITIVE_INFINITY,
    cacheSize: isLimited ? Math.round(random.magnitude(2, 200)) : Number.POSITIVE_INFINITY,
    isLru: random.chance(0.5),
    nodes: has('nodes') ? random.integer(2, 3) : 1,
    isRoundRobin: random.chance(0.5),
    restarts: isRestarted ? random.integer(1, 2) : 0,
    crashes: random.chance(0.5),
    neverResumes: trait === 'never resumes',
    rotates: isStateless && random.chance(0.5),
    saysNotify: random.chance(0.75),
    alertsAtTruncation: random.chance(0.5),
  };
}

function drawTrait(random: Random, isStateless: boolean): Trait {
  if (isStateless) return random.chance(0.05) ? 'never resumes' : 'plain';
  return random.weighted<Trait>([
    [36, 'plain'],
    [16, 'ttl'],
    [12, 'cache'],
    [12, 'nodes'],
    [8, 'restarts'],
    [4, 'never resumes'],
    [12, 'several'],
  ]);
}

/** Servers that one would compare. */
export function className(policy: Policy): string {
  const { kind, trait, invalidatesOn, rotates } = policy;
  if (kind === 'ticket') return rotates ? 'tickets, key rotated' : 'tickets';
  const how = invalidatesOn.fin || invalidatesOn.rst ? 'invalidates' : 'tolerates';
  return kind === 'psk' ? `${how}, psk` : `${how}, ${trait}`;
}
