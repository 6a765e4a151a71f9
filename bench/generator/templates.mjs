// Real connections, cut into a handshake and the request, answer and close that follow it, so that the two can be joined anew.
import { readFileSync } from 'node:fs';
import { ETHERNET_BYTES, IPV4_BYTES, TCP } from './capture-writer.mjs';
import { RECORD, readHello, SESSION_ID_BYTES } from './hello.mjs';

/** Captures of real servers, and whether that server drops a session whose connection was closed without close_notify. */
export const FIXTURES = [
  { file: 'jetty-unclean-tls12.pcap', invalidates: true },
  { file: 'nginx-unclean-tls12.pcap', invalidates: false },
];

export const CLOSES = ['closeNotifyBoth', 'closeNotifyClientOnly', 'finWithoutCloseNotify', 'rstWithoutCloseNotify'];

const TCP_TIMESTAMPS = { kind: 8, length: 10 }; // RFC 7323 3.2

/**
 * One family per server and cipher suite (a resumed session keeps its cipher suite).
 *
 * @returns {Family[]}
 * @typedef {{ invalidates: boolean, cipherSuite: number, full: Part[], resumed: Part[], declined: Part[], closes: Record<string, Part[]> }} Family
 * @typedef {{ segments: Segment[], clientBytes: number, serverBytes: number, microseconds: number }} Part
 *   the bytes are sequence numbers used up by each side
 * @typedef {{ fromClient: boolean, frame: Uint8Array, payloadAt: number, timestampsAt: number, flags: number,
 *   seq: number, ack: number, delay: number, hello: 'client' | 'server' | null }} Segment
 *   seq and ack count from the start of the part; delay in microseconds since then
 */
export function loadFamilies(directory) {
  const families = new Map();
  for (const { file, invalidates } of FIXTURES) {
    for (const stream of readStreams(new URL(file, directory))) {
      const cut = cutStream(stream);
      if (!cut) continue;
      const key = `${file} ${cut.cipherSuite}`;
      const family = families.get(key) ?? { invalidates, cipherSuite: cut.cipherSuite, full: [], resumed: [], declined: [], closes: {} };
      families.set(key, family);
      family[cut.outcome].push(cut.handshake);
      if (cut.closeKind) family.closes[cut.closeKind] = [...(family.closes[cut.closeKind] ?? []), cut.close];
    }
  }
  return [...families.values()].filter((f) => f.full.length && f.resumed.length && (f.declined.length || !f.invalidates));
}

/** Payload of the segment that starts with this hello. */
export function helloOf(part, type) {
  const { frame, payloadAt } = part.segments.find((s) => s.hello === type);
  return frame.subarray(payloadAt);
}

/** All payload of one side in a part, joined. */
export function flightOf(part, fromClient) {
  return new Uint8Array(Buffer.concat(part.segments.filter((s) => s.fromClient === fromClient).map((s) => s.frame.subarray(s.payloadAt))));
}

function readStreams(url) {
  const file = readFileSync(url);
  if (file.readUInt32LE(0) !== 0xa1b2c3d4 || file.readUInt32LE(20) !== 1)
    throw new Error(`${url.pathname}: not a little-endian Ethernet pcap`);
  const streams = new Map();
  for (let at = 24; at + 16 <= file.length; ) {
    const time = file.readUInt32LE(at) * 1e6 + file.readUInt32LE(at + 4);
    const length = file.readUInt32LE(at + 8);
    const segment = readSegment(file.subarray(at + 16, at + 16 + length), time);
    at += 16 + length;
    if (!segment) continue;
    const { from, to } = segment;
    const starts = (segment.flags & (TCP.syn | TCP.ack)) === TCP.syn;
    if (starts) streams.set(`${from} ${to}`, []);
    const stream = streams.get(`${from} ${to}`) ?? streams.get(`${to} ${from}`);
    if (!stream) continue;
    segment.fromClient = streams.get(`${from} ${to}`) === stream;
    stream.push(segment);
  }
  return streams.values();
}

function readSegment(captured, time) {
  const tcp = ETHERNET_BYTES + IPV4_BYTES;
  if (captured.readUInt16BE(12) !== 0x0800 || captured[ETHERNET_BYTES] !== 0x45 || captured[ETHERNET_BYTES + 9] !== 6) return null;
  const frame = new Uint8Array(captured.subarray(0, ETHERNET_BYTES + captured.readUInt16BE(ETHERNET_BYTES + 2)));
  const payloadAt = tcp + (frame[tcp + 12] >> 4) * 4;
  const address = (at, port) => `${frame.subarray(at, at + 4).join('.')}:${captured.readUInt16BE(port)}`;
  return {
    time,
    frame,
    payloadAt,
    payload: frame.subarray(payloadAt),
    timestampsAt: findTimestamps(frame, tcp + 20, payloadAt),
    flags: frame[tcp + 13],
    from: address(ETHERNET_BYTES + 12, tcp),
    to: address(ETHERNET_BYTES + 16, tcp + 2),
    seq: captured.readUInt32BE(tcp + 4),
    ack: captured.readUInt32BE(tcp + 8),
  };
}

/** Offset of the two values of the option, or 0. */
function findTimestamps(frame, from, end) {
  for (let at = from; at < end && frame[at] !== 0; at += frame[at] === 1 ? 1 : frame[at + 1]) {
    if (frame[at] === TCP_TIMESTAMPS.kind && frame[at + 1] === TCP_TIMESTAMPS.length) return at + 2;
    if (frame[at] !== 1 && frame[at + 1] < 2) return 0;
  }
  return 0;
}

/** Cuts a connection in front of the client's first application data; null when it is not a whole TLS 1.2 connection with session IDs. */
function cutStream(segments) {
  const hellos = segments.map((s) => readHello(s.payload)).filter((h) => h !== null);
  const client = hellos.find((h) => h.type === 'client');
  const server = hellos.find((h) => h.type === 'server');
  const cut = segments.findIndex((s) => s.fromClient && s.payload[0] === RECORD.applicationData);
  if (!client || server?.sessionId.length !== 2 * SESSION_ID_BYTES || cut < 0) return null;
  const start = { seq: segments[0].seq, ack: segments.find((s) => !s.fromClient).seq, time: segments[0].time };
  const middle = { seq: segments[cut].seq, ack: segments[cut].ack, time: segments[cut].time };
  return {
    cipherSuite: server.cipherSuite,
    outcome: client.sessionId === '' ? 'full' : client.sessionId === server.sessionId ? 'resumed' : 'declined',
    handshake: makePart(segments.slice(0, cut), start, middle),
    closeKind: closeKindOf(segments.slice(cut)),
    close: makePart(segments.slice(cut), middle, null),
  };
}

function makePart(segments, start, end) {
  return {
    segments: segments.map(({ fromClient, frame, payloadAt, payload, timestampsAt, flags, seq, ack, time }) => ({
      fromClient,
      frame,
      payloadAt,
      timestampsAt,
      flags,
      seq: (seq - (fromClient ? start.seq : start.ack)) | 0,
      ack: (ack - (fromClient ? start.ack : start.seq)) | 0,
      delay: time - start.time,
      hello: readHello(payload)?.type ?? null,
    })),
    clientBytes: end ? (end.seq - start.seq) | 0 : 0,
    serverBytes: end ? (end.ack - start.ack) | 0 : 0,
    microseconds: end ? end.time - start.time : 0,
  };
}

/** One of `CLOSES`, by what the client did; null for closes that the generator does not use (the server closed first). */
function closeKindOf(segments) {
  const ends = segments.findIndex((s) => s.fromClient && s.flags & (TCP.fin | TCP.rst));
  const alert = (fromClient) => segments.findIndex((s) => s.fromClient === fromClient && s.payload[0] === RECORD.alert);
  const clientAlert = alert(true);
  const serverAlert = alert(false);
  if (ends < 0) return null;
  if (clientAlert >= 0) return serverAlert > clientAlert ? 'closeNotifyBoth' : serverAlert < 0 ? 'closeNotifyClientOnly' : null;
  if (serverAlert >= 0 && serverAlert < ends) return null;
  return segments[ends].flags & TCP.rst ? 'rstWithoutCloseNotify' : 'finWithoutCloseNotify';
}
