// Few connections that carry much: full-size segments, records of the greatest size that do not end where segments do.
import { TCP } from './capture-writer.mjs';
import { RECORD, rewriteHello, SESSION_ID_BYTES } from './hello.mjs';
import { Random } from './random.mjs';
import { CLOSES } from './templates.mjs';
import { TimeQueue } from './time-queue.mjs';

const START = 1_767_225_600e6; // microseconds: 2026-01-01T00:00:00Z
const SEGMENT_BYTES = 1460; // Ethernet's 1500 without IPv4 and TCP headers
const RECORD_HEADER = [RECORD.applicationData, 3, 3];
const RECORD_HEADER_BYTES = 5;
const RECORD_BYTES = RECORD_HEADER_BYTES + 16384 + 24; // RFC 5246 6.2.1 and RFC 5288 3: nonce of 8 bytes, tag of 16
const SHORTEST_RECORD_BYTES = 64;
const MEAN_ANSWER_BYTES = 6_400_000;
const AT_ONCE = 8; // connections
const SERVERS = 4;
const SERVER_NETWORK = 0x0a03_0100; // 10.3.1.0
const CLIENT_NETWORK = 0x0a80_0000; // 10.128.0.0
const PACKET_TIME = 1; // microseconds between the packets of a burst: ten Gbit/s
const TURN_TIME = 100; // microseconds between what one side sends and what the other answers
const FIRST_PORT = 32768;
const PORTS = 28_000;
const MAX_BURST = 20; // segments of one connection in a row
const NOISE_BYTES = 1 << 20;
// What a byte of an answer takes in the file: per two segments 2 * 1514 bytes and an acknowledgement of 54, and 16 for each record of the file.
const FILE_BYTES_PER_BYTE = (2 * 1514 + 54 + 3 * 16) / (2 * SEGMENT_BYTES);

/** Writes connections until the file has about `bytes` bytes, rather more than fewer. */
export function writeBulk(writer, families, { bytes, seed }) {
  const random = new Random(seed, 5);
  const closes = Object.fromEntries(CLOSES.map((kind) => [kind, 0]));
  const truth = { connections: 0, full: 0, resumed: 0, declined: 0, notOffered: 0, closes, invalidatedSessions: 0 };
  const noise = random.fill(new Uint8Array(NOISE_BYTES + SEGMENT_BYTES));
  const context = { writer, random, noise, families: families.filter((f) => f.cipherSuite === families[0].cipherSuite) };
  const running = new TimeQueue();
  let promised = 0;
  while (promised < bytes || running.size > 0) {
    while (running.size < AT_ONCE && promised < bytes) {
      const time = (running.size > 0 ? running.firstTime : START) + TURN_TIME;
      const connection = openConnection(context, truth.connections++, time);
      truth.closes[connection.closeKind]++;
      running.add(time, writeConnection(context, connection));
      promised += connection.answerBytes * FILE_BYTES_PER_BYTE;
    }
    const next = running.first.next();
    if (next.done) running.removeFirst();
    else running.replaceFirst(next.value);
  }
  truth.full = truth.notOffered = truth.connections;
  return truth;
}

function openConnection({ random, families }, number, time) {
  const closeKind = CLOSES[number % CLOSES.length];
  const family = families.find((f) => f.closes[closeKind]);
  return {
    time,
    closeKind,
    answerBytes: drawAnswerBytes(random),
    handshake: family.full[0],
    exchange: family.closes[closeKind][0],
    sessionId: random.fill(new Uint8Array(SESSION_ID_BYTES)),
    flow: {
      client: CLIENT_NETWORK + number + 1,
      clientPort: FIRST_PORT + (number % PORTS),
      server: SERVER_NETWORK + (number % SERVERS) + 1,
      serverPort: 443,
    },
    clientSeq: random.uint32(),
    serverSeq: random.uint32(),
  };
}

/** A quarter to seven quarters of the mean, and no last record that is too short for what surrounds its ciphertext. */
function drawAnswerBytes(random) {
  const bytes = Math.round(MEAN_ANSWER_BYTES * (0.25 + 1.5 * (random.uint32() / 0x1_0000_0000)));
  return bytes + Math.max(0, SHORTEST_RECORD_BYTES - (bytes % RECORD_BYTES));
}

/** Each step writes a packet and gives the time of the next one. The long answer comes behind the real one. */
function* writeConnection(context, connection) {
  const { handshake, exchange } = connection;
  const answered = 1 + exchange.segments.findIndex((s) => !s.fromClient && s.frame[s.payloadAt] === RECORD.applicationData);
  yield* replay(context, connection, handshake.segments);
  connection.clientSeq = (connection.clientSeq + handshake.clientBytes) >>> 0;
  connection.serverSeq = (connection.serverSeq + handshake.serverBytes) >>> 0;
  yield* replay(context, connection, exchange.segments.slice(0, answered));
  const { frame, payloadAt, seq, ack } = exchange.segments[answered - 1];
  yield* writeAnswer(context, connection, seq + frame.length - payloadAt, ack);
  connection.serverSeq = (connection.serverSeq + connection.answerBytes) >>> 0;
  yield* replay(context, connection, exchange.segments.slice(answered));
}

function* replay({ writer, random }, connection, segments) {
  for (const { fromClient, flags, seq, ack, frame, payloadAt, hello } of segments) {
    const [own, peer] = fromClient ? [connection.clientSeq, connection.serverSeq] : [connection.serverSeq, connection.clientSeq];
    const acknowledged = flags & TCP.ack ? (peer + ack) >>> 0 : 0;
    const length = frame.length - payloadAt;
    const at = writer.segment(connection.time, connection.flow, fromClient, flags, (own + seq) >>> 0, acknowledged, length);
    writer.bytes.set(frame.subarray(payloadAt), at);
    if (hello) rewriteHello(writer.bytes, at, random, connection.sessionId);
    connection.time += TURN_TIME;
    yield connection.time;
  }
}

/** Bursts of full segments; every second one is acknowledged (RFC 9293 3.8.6.3). */
function* writeAnswer({ writer, random, noise }, connection, serverSeq, clientSeq) {
  const { flow, answerBytes } = connection;
  const server = connection.serverSeq + serverSeq;
  const client = (connection.clientSeq + clientSeq) >>> 0;
  let burst = 0;
  for (let sent = 0, count = 1; sent < answerBytes; count++) {
    const length = Math.min(SEGMENT_BYTES, answerBytes - sent);
    const at = writer.segment(connection.time, flow, false, TCP.ack, (server + sent) >>> 0, client, length);
    const from = random.below(NOISE_BYTES);
    writer.bytes.set(noise.subarray(from, from + length), at);
    writeRecordHeaders(writer.bytes, at, sent, length, answerBytes);
    sent += length;
    if (count % 2 === 0 || sent === answerBytes) {
      connection.time += PACKET_TIME;
      yield connection.time;
      writer.segment(connection.time, flow, true, TCP.ack, client, (server + sent) >>> 0, 0);
    }
    if (--burst > 0) connection.time += PACKET_TIME;
    else {
      connection.time += 1 + random.below(2 * TURN_TIME);
      burst = 1 + random.below(MAX_BURST);
    }
    yield connection.time;
  }
}

/** The record headers, or pieces of them, that fall into bytes `from` to `from + length` of an answer; the last record is shorter. */
function writeRecordHeaders(bytes, at, from, length, total) {
  const first = Math.floor(from / RECORD_BYTES) * RECORD_BYTES;
  for (let record = first; record < from + length; record += RECORD_BYTES) {
    const body = Math.min(RECORD_BYTES, total - record) - RECORD_HEADER_BYTES;
    const header = [...RECORD_HEADER, body >> 8, body & 0xff];
    for (let i = 0; i < RECORD_HEADER_BYTES; i++) {
      const position = record + i - from;
      if (position >= 0 && position < length) bytes[at + position] = header[i];
    }
  }
}
