// What a connection says before TLS: a PROXY header, or a plaintext protocol up to its change to TLS (RFC 3207 and its like).
import { DEFAULT_LIMITS, MAX_PREAMBLE_BYTES, MAX_PREAMBLE_PAYLOADS, MAX_PROXIED_CLIENTS } from '../limits.js';
import type { Endpoint } from '../model.js';
import type { Direction } from '../tcp/connections.js';
import { type ProxyHeader, readProxyHeader } from '../wire/proxy-protocol.js';
import { HTTP, Meaning, type Protocol, recognise, UNIT_HEAD_BYTES } from '../wire/starttls.js';
import { ALERT_BYTES } from '../wire/tls-alert.js';
import { HandshakeType } from '../wire/tls-handshake.js';
import { ContentType, isRecordHeader, RECORD_HEADER_BYTES } from '../wire/tls-record.js';

/** TLS has not begun yet. */
export const WAITING = -1;
/** TLS will not begin. */
export const OTHER = -2;
/** TLS has begun in the other direction, and may have begun in this one among missing bytes: records are to be searched for. */
export const LOST = -3;

/** Those of limits.ts, unless a test has its own. */
export interface PreambleLimits {
  bytes: number;
  payloads: number;
  connections: number;
  proxied: number;
}

const LIMITS: PreambleLimits = {
  bytes: MAX_PREAMBLE_BYTES,
  payloads: MAX_PREAMBLE_PAYLOADS,
  connections: DEFAULT_LIMITS.preambles,
  proxied: MAX_PROXIED_CLIENTS,
};

/** Record header and handshake type. */
const HELLO_BYTES = RECORD_HEADER_BYTES + 1;

/** One direction of a connection. */
class Talk {
  hasBegun = false;
  /** Bytes are missing: what comes is not read, but for a hello at the beginning of a payload. */
  hasGap = false;
  /** The peer's last payload acknowledges bytes that have not been seen: they are missing, or come later. */
  lacksBytes = false;
  /** The beginning of a unit that is not at hand in full, at most {@link UNIT_HEAD_BYTES}. */
  head: Uint8Array | null = null;
  /** Bytes of a message that are still to come and of no interest. */
  skipBytes = 0;
  /** The rest of a line or tag, up to its end, is of no interest. */
  skipsUnit = false;
  /** A unit was read. */
  hasUnit = false;
  readBytes = 0;
}

class Preamble {
  readonly talks: readonly [Talk, Talk] = [new Talk(), new Talk()];
  protocol: Protocol | null = null;
  client: Direction | null = null;
  isProxied = false;
  /** The client asked for TLS. */
  isAsked = false;
  /** The server's last answer lets TLS follow. */
  hasGoAhead = false;
  payloads = 0;
}

export class Preambles {
  readonly #limits: PreambleLimits;
  readonly #preambles = new Map<number, Preamble>();
  readonly #proxied = new Map<number, Endpoint>();
  #evicted = 0;

  constructor(limits: Partial<PreambleLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  /** Connections given up because there were too many at a time. */
  get evicted(): number {
    return this.#evicted;
  }

  /** Whether a connection whose first payload is `bytes[start … end)`, from either side, may change to TLS later. */
  mayBegin(bytes: Uint8Array, start: number, end: number): boolean {
    return start < end && (readProxyHeader(bytes, start, end) !== 'none' || recognise(bytes, start, end) !== null);
  }

  /**
   * Follows a connection from its first payload on, which {@link read} is to be given too.
   *
   * @param begun the direction in which TLS has begun before that, where a capture has the directions out of order
   */
  open(connection: number, begun: Direction | null = null): void {
    this.forget(connection);
    if (this.#preambles.size >= this.#limits.connections) this.#evicted += deleteOldest(this.#preambles);
    const preamble = new Preamble();
    if (begun !== null) preamble.talks[begun].hasBegun = true;
    this.#preambles.set(connection, preamble);
  }

  /**
   * The next payload in order of a direction in which TLS has not begun: where in it TLS begins, from `start` to before `end`, or
   * {@link WAITING}, {@link OTHER}, {@link LOST}. The connection's other direction begins by itself, in a payload of its own.
   *
   * @param answersMissing this payload acknowledges bytes of the other direction that have not been seen
   */
  read(connection: number, direction: Direction, bytes: Uint8Array, start: number, end: number, answersMissing = false): number {
    const preamble = this.#preambles.get(connection);
    if (!preamble) return OTHER;
    const talk = preamble.talks[direction];
    const peer = preamble.talks[other(direction)];
    peer.lacksBytes = answersMissing;
    let outcome = OTHER;
    if (++preamble.payloads <= this.#limits.payloads && talk.readBytes < this.#limits.bytes) {
      talk.readBytes += end - start;
      outcome = talk.hasGap
        ? readAfterGap(preamble, direction, bytes, start, end)
        : this.#readUnits(connection, preamble, direction, bytes, start, end);
    }
    if (outcome === WAITING) return WAITING;
    talk.hasBegun = true;
    talk.head = null;
    if (peer.hasBegun) this.#preambles.delete(connection);
    else if (outcome === OTHER) this.forget(connection);
    return outcome;
  }

  /** Bytes of a direction in which TLS has not begun are missing. */
  gap(connection: number, direction: Direction): void {
    const talk = this.#preambles.get(connection)?.talks[direction];
    if (!talk) return;
    talk.hasGap = true;
    talk.head = null;
  }

  /** The client that a PROXY header named, until {@link forget}. */
  proxied(connection: number): Endpoint | null {
    return this.#proxied.get(connection) ?? null;
  }

  forget(connection: number): void {
    if (this.#preambles.size > 0) this.#preambles.delete(connection);
    if (this.#proxied.size > 0) this.#proxied.delete(connection);
  }

  #readUnits(connection: number, preamble: Preamble, direction: Direction, bytes: Uint8Array, start: number, end: number): number {
    const talk = preamble.talks[direction];
    let at = start;
    while (at < end) {
      if (talk.skipBytes > 0) {
        const length = Math.min(talk.skipBytes, end - at);
        talk.skipBytes -= length;
        at += length;
      } else if (talk.skipsUnit) {
        const length = preamble.protocol?.unitBytes(bytes, at, end, preamble.client === direction) ?? 0;
        talk.skipsUnit = length <= 0;
        at = length > 0 ? at + length : end;
      } else {
        if (!talk.head && begins(preamble, direction, bytes, at, end)) return at;
        at = this.#readUnit(connection, preamble, direction, bytes, at, end);
        if (at < 0) return OTHER;
      }
    }
    return WAITING;
  }

  /** Reads the unit that begins at `at`, or goes on there. Returns where to go on; below 0, OTHER. */
  #readUnit(connection: number, preamble: Preamble, direction: Direction, bytes: Uint8Array, at: number, end: number): number {
    const talk = preamble.talks[direction];
    const before = talk.head?.length ?? 0;
    const head = talk.head ? joined(talk.head, bytes.subarray(at, Math.min(end, at + UNIT_HEAD_BYTES - before))) : bytes.subarray(at, end);
    const length = this.#unitBytes(connection, preamble, direction, head);
    if (length < 0) return OTHER;
    if (length === 0 && head.length < UNIT_HEAD_BYTES) {
      talk.head = head.slice();
      return end;
    }
    talk.head = null;
    talk.hasUnit = true;
    talk.skipsUnit = length === 0;
    const readBytes = length === 0 ? head.length : Math.min(length, head.length);
    talk.skipBytes = Math.max(0, length - readBytes);
    const next = at + readBytes - before;
    return next < at ? OTHER : next;
  }

  /** Reads a unit like {@link readProtocol}, which may be a PROXY header, or the one that tells the protocol. */
  #unitBytes(connection: number, preamble: Preamble, direction: Direction, head: Uint8Array): number {
    if (!preamble.isProxied && !preamble.talks[direction].hasUnit) {
      const header = readProxyHeader(head, 0, head.length);
      if (header === 'malformed') return OTHER;
      if (header === 'incomplete') return 0;
      if (header !== 'none') return this.#readProxied(connection, preamble, direction, header);
    }
    if (preamble.protocol) return readProtocol(preamble, direction, head);
    const opening = recognise(head, 0, head.length);
    if (opening === 'incomplete') return 0;
    if (!opening) return OTHER;
    preamble.protocol = opening.protocol;
    preamble.client = opening.isClient ? direction : other(direction);
    preamble.isAsked = false;
    preamble.hasGoAhead = false;
    return readProtocol(preamble, direction, head);
  }

  #readProxied(connection: number, preamble: Preamble, direction: Direction, header: ProxyHeader): number {
    preamble.isProxied = true;
    if (header.source) {
      if (this.#proxied.size >= this.#limits.proxied) deleteOldest(this.#proxied);
      this.#proxied.set(connection, header.source);
    }
    if (!preamble.protocol) {
      preamble.client = direction;
      // TLS may follow at once, from both sides.
      preamble.isAsked = true;
      preamble.hasGoAhead = true;
    }
    return header.lengthBytes;
  }
}

/**
 * Reads a unit of which `head` is at hand, and takes notes of what it means. Returns its length, which may be more than is at hand; 0
 * when that cannot be told, and the unit has been read if {@link UNIT_HEAD_BYTES} are at hand; below 0, OTHER.
 */
function readProtocol(preamble: Preamble, direction: Direction, head: Uint8Array): number {
  const { protocol } = preamble;
  if (!protocol) return OTHER;
  const isClient = preamble.client === direction;
  const length = protocol.unitBytes(head, 0, head.length, isClient);
  if (length < 0) return OTHER;
  const isAtHand = length > 0 && length <= head.length;
  if (!isAtHand && head.length < UNIT_HEAD_BYTES) return 0;
  const unitEnd = isAtHand ? length : head.length;
  const meaning = isClient ? protocol.client(head, 0, unitEnd) : protocol.server(head, 0, unitEnd);
  return note(preamble, direction, meaning) ? length : OTHER;
}

/** False when TLS follows no more. */
function note(preamble: Preamble, direction: Direction, meaning: Meaning): boolean {
  switch (meaning) {
    case Meaning.REQUEST:
      preamble.isAsked = true;
      preamble.hasGoAhead = false;
      if (preamble.protocol === HTTP) endBody(preamble.talks[other(direction)]);
      return true;
    case Meaning.BEGINS:
      preamble.isAsked = true;
      preamble.hasGoAhead = true;
      return true;
    case Meaning.GO_AHEAD:
      preamble.hasGoAhead = true;
      return true;
    case Meaning.ANSWER:
      preamble.hasGoAhead = false;
      return true;
    case Meaning.SERVER:
      preamble.client = other(direction);
      return true;
    default:
      return meaning !== Meaning.ENDS;
  }
}

/** The next answer begins a line, also where the content of the one before did not end its last. */
function endBody(server: Talk): void {
  server.head = null;
  server.skipsUnit = false;
}

/** Whether TLS begins at `at`, where a unit ends: the bytes, of which there may be few, are those of a first record. */
function begins(preamble: Preamble, direction: Direction, bytes: Uint8Array, at: number, end: number): boolean {
  const { isAsked, hasGoAhead } = preamble;
  const peer = preamble.talks[other(direction)];
  // The go-ahead may come behind the ClientHello that it let go, where a capture has the directions out of order.
  if (preamble.client === direction) return (isAsked || peer.hasBegun) && isHello(bytes, at, end, HandshakeType.CLIENT_HELLO);
  if (peer.hasBegun || (isAsked && hasGoAhead)) return isHello(bytes, at, end, HandshakeType.SERVER_HELLO) || isAlert(bytes, at, end);
  const isPeerMissing = peer.readBytes === 0 || peer.hasGap || peer.lacksBytes;
  return (isAsked || hasGoAhead) && isPeerMissing && isWholeHello(bytes, at, end, HandshakeType.SERVER_HELLO);
}

/** The same for a direction with a gap, as an outcome of {@link Preambles.read}. */
function readAfterGap(preamble: Preamble, direction: Direction, bytes: Uint8Array, start: number, end: number): number {
  const { client } = preamble;
  const isClientHello = client !== other(direction) && isWholeHello(bytes, start, end, HandshakeType.CLIENT_HELLO);
  const isServerHello = client !== direction && isWholeHello(bytes, start, end, HandshakeType.SERVER_HELLO);
  if (isClientHello) preamble.client = direction;
  if (isServerHello) preamble.client = other(direction);
  if (isClientHello || isServerHello) return start;
  return preamble.talks[other(direction)].hasBegun ? LOST : WAITING;
}

function isWholeHello(bytes: Uint8Array, at: number, end: number, type: number): boolean {
  return end - at >= HELLO_BYTES && isHello(bytes, at, end, type);
}

/** Whether these are, as far as they go, a record header and a handshake message of this type. */
function isHello(bytes: Uint8Array, at: number, end: number, type: number): boolean {
  return isFirstRecord(bytes, at, end, ContentType.HANDSHAKE) && (end - at < HELLO_BYTES || bytes[at + RECORD_HEADER_BYTES] === type);
}

/** The same of an alert in clear. */
function isAlert(bytes: Uint8Array, at: number, end: number): boolean {
  const isLong = end - at >= RECORD_HEADER_BYTES && (bytes[at + 3] !== 0 || bytes[at + 4] !== ALERT_BYTES);
  return isFirstRecord(bytes, at, end, ContentType.ALERT) && !isLong;
}

function isFirstRecord(bytes: Uint8Array, at: number, end: number, type: number): boolean {
  const length = end - at;
  if (bytes[at] !== type || (length > 1 && bytes[at + 1] !== 3) || (length > 2 && bytes[at + 2] > 4)) return false;
  if (length < RECORD_HEADER_BYTES) return true;
  return isRecordHeader(type, (bytes[at + 1] << 8) | bytes[at + 2], (bytes[at + 3] << 8) | bytes[at + 4]);
}

function other(direction: Direction): Direction {
  return direction === 0 ? 1 : 0;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

/** Deletes the oldest entries, some at a time: finding the first one means a step over each that was deleted before. Returns how many. */
function deleteOldest(map: Map<number, unknown>): number {
  const count = Math.ceil(map.size / 16);
  let left = count;
  for (const key of map.keys()) {
    if (left-- === 0) break;
    map.delete(key);
  }
  return count;
}
