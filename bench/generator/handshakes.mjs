// Many short TLS 1.2 connections: full, resumed and declined, each a replay of real packets.

import { TCP } from './capture-writer.mjs';
import { rewriteHello, SESSION_ID_BYTES } from './hello.mjs';
import { Random } from './random.mjs';
import { CLOSES } from './templates.mjs';
import { TimeQueue } from './time-queue.mjs';

const START = 1_767_225_600e6; // microseconds: 2026-01-01T00:00:00Z
const MAX_CLIENTS = 4096;
const CONNECTIONS_PER_CLIENT = 20;
const MEAN_PAUSE = 1e6; // microseconds from one connection of a client to its next
const SERVERS = 8;
const SERVER_NETWORK = 0x0a09_0100; // 10.9.1.0
const CLIENT_NETWORK = 0x0a10_0000; // 10.16.0.0
const FIRST_PORT = 32768;
const THINKING_TIME = 150; // microseconds from the handshake to the request
const FORGETS = 0.2; // probability that a client offers nothing although it has a session
/** Probability of a close without close_notify. Rare where it kills the session: a report of it stays readable. */
const UNCLEAN = { invalidating: 0.05, tolerant: 0.4 };

/** @returns what the capture holds, as the generator knows it */
export function writeHandshakes(writer, families, { connections, seed }) {
  const random = new Random(seed, 1);
  const truth = newTruth();
  const clients = makeClients(Math.min(MAX_CLIENTS, Math.max(16, Math.ceil(connections / CONNECTIONS_PER_CLIENT))), families);
  const idle = [...clients.keys()];
  const running = new TimeQueue();
  const pause = Math.round(MEAN_PAUSE / clients.length);
  let nextStart = START;
  let started = 0;
  while (started < connections || running.size > 0) {
    if (started < connections && nextStart <= running.firstTime) {
      const client = idle.shift();
      if (client !== undefined) {
        running.add(nextStart, openConnection(clients[client], nextStart, random, truth));
        started++;
      }
      nextStart += 1 + random.below(2 * pause);
      continue;
    }
    const connection = running.first;
    const next = writeNext(writer, connection, random);
    if (next !== null) running.replaceFirst(next);
    else {
      running.removeFirst();
      endConnection(connection);
      idle.push(connection.client.number);
    }
  }
  return truth;
}

function newTruth() {
  const closes = Object.fromEntries(CLOSES.map((kind) => [kind, 0]));
  return { connections: 0, full: 0, resumed: 0, declined: 0, notOffered: 0, closes, invalidatedSessions: 0 };
}

/** Every other server is the kind that drops sessions. */
function makeClients(count, families) {
  const invalidating = families.filter((f) => f.invalidates);
  const tolerant = families.filter((f) => !f.invalidates);
  return Array.from({ length: count }, (_, number) => {
    const server = number % SERVERS;
    const kin = server % 2 === 0 ? invalidating : tolerant;
    return {
      number,
      family: kin[(server >> 1) % kin.length],
      address: CLIENT_NETWORK + number + 1,
      server: SERVER_NETWORK + server + 1,
      connections: 0,
      /** @type {Uint8Array | null} */ session: null,
      dropped: false,
    };
  });
}

function openConnection(client, time, random, truth) {
  const { family } = client;
  const offers = client.session !== null && !random.chance(FORGETS);
  const outcome = !offers ? 'full' : client.dropped ? 'declined' : 'resumed';
  const closeKind = pickClose(family, random);
  truth.connections++;
  truth[outcome === 'resumed' ? 'resumed' : 'full']++;
  if (outcome === 'full') truth.notOffered++;
  if (outcome === 'declined') {
    truth.declined++;
    truth.invalidatedSessions++; // a client offers a dropped session once: it then has another one
  }
  truth.closes[closeKind]++;
  return {
    client,
    closeKind,
    flow: { client: client.address, clientPort: FIRST_PORT + client.connections++, server: client.server, serverPort: 443 },
    offered: client.session,
    session: outcome === 'resumed' ? client.session : random.fill(new Uint8Array(SESSION_ID_BYTES)),
    part: random.pick(family[outcome]),
    close: random.pick(family.closes[closeKind]),
    index: 0,
    start: time,
    partStart: time,
    clientSeq: random.uint32(),
    serverSeq: random.uint32(),
    clientClock: random.uint32(),
    serverClock: random.uint32(),
    clientSaw: 0,
    serverSaw: 0,
  };
}

function pickClose(family, random) {
  const unclean = random.chance(family.invalidates ? UNCLEAN.invalidating : UNCLEAN.tolerant);
  return random.pick(CLOSES.filter((kind) => family.closes[kind] && isUnclean(kind) === unclean));
}

const isUnclean = (closeKind) => closeKind.endsWith('WithoutCloseNotify');

function endConnection({ client, session, closeKind }) {
  client.dropped = client.family.invalidates && isUnclean(closeKind);
  client.session = session;
}

/** Writes the connection's next packet. @returns the time of the one after it, or null */
function writeNext(writer, connection, random) {
  const segment = connection.part.segments[connection.index++];
  const time = connection.partStart + segment.delay;
  const at = writer.reserve(time, segment.frame.length);
  writer.bytes.set(segment.frame, at);
  const [own, peer] = segment.fromClient ? [connection.clientSeq, connection.serverSeq] : [connection.serverSeq, connection.clientSeq];
  const ack = segment.flags & TCP.ack ? (peer + segment.ack) >>> 0 : 0;
  writer.address(at, connection.flow, segment.fromClient, (own + segment.seq) >>> 0, ack);
  if (segment.timestampsAt) writeTimestamps(writer, at + segment.timestampsAt, connection, segment, time);
  const sessionId = segment.hello === 'client' ? connection.offered : connection.session;
  if (segment.hello) rewriteHello(writer.bytes, at + segment.payloadAt, random, sessionId);
  if (connection.index === connection.part.segments.length && !enterClose(connection)) return null;
  return connection.partStart + connection.part.segments[connection.index].delay;
}

/** RFC 7323 3.2: milliseconds of the sender's clock, and the latest value of the other. */
function writeTimestamps(writer, at, connection, { fromClient }, time) {
  const milliseconds = Math.floor((time - connection.start) / 1000);
  const value = ((fromClient ? connection.clientClock : connection.serverClock) + milliseconds) >>> 0;
  writer.uint32(at, value);
  writer.uint32(at + 4, fromClient ? connection.clientSaw : connection.serverSaw);
  if (fromClient) connection.serverSaw = value;
  else connection.clientSaw = value;
}

function enterClose(connection) {
  const { part, close } = connection;
  if (part === close) return false;
  connection.part = close;
  connection.index = 0;
  connection.partStart += part.microseconds + THINKING_TIME;
  connection.clientSeq = (connection.clientSeq + part.clientBytes) >>> 0;
  connection.serverSeq = (connection.serverSeq + part.serverBytes) >>> 0;
  return true;
}
