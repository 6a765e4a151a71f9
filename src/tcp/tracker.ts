// TCP segments to connections: RFC 9293. Stream numbers are those of Wireshark (packet-tcp.c): one for each pair of endpoints, and
// a new one for each SYN whose sequence number differs from where that direction began.
import type { Limits } from '../limits.js';
import type { Warnings } from '../warnings.js';
import { TcpFlag } from '../wire/tcp.js';
import {
  type Direction,
  FlowFlag,
  type Moment,
  peerOf,
  ROW_INTS,
  Row,
  Side,
  SideState,
  SideTime,
  sideOf,
  type TcpConnections,
  Time,
} from './connections.js';
import { FlowTable } from './flow-table.js';
import { Reassembly, type StreamConsumer } from './reassembly.js';
import { beginAgain, isClosed, isResetInOrder, noteReset, revokeReset } from './resets.js';
import { Ring } from './ring.js';
import { advance, distance } from './sequence.js';

/** Seconds of packet time that a closed connection waits for packets that others overtook. */
const LINGER_SECONDS = 1;
/** Those that have waited are told of together, at most this much later: what is done for each is then still at hand for the next. */
const RELEASE_SECONDS = 0.1;
const HALF_CLOSED = 'too many connections with only one side closed: the oldest were told as they were, without their last packets';
const PAYLOAD_CUT = 'segments of whose payload the capture holds nothing: TLS cannot be told in them; capture whole packets (-s 0)';
const OPEN = 'too many connections open at a time: old ones were told as they were';
const FLOWS = "too many connections: old ones were forgotten, stream numbers may differ from Wireshark's";

// The optimizer folds constants of the module itself, and loads imported ones for each packet.
const { FLAGS, ISN, LAST_FRAME } = Row;
const { STATE, NEXT, ACKNOWLEDGES, END_SEQUENCE } = Side;
const { NEXT_KNOWN, ACK_KNOWN, FIN_SEEN, RST_SEEN, QUEUED } = SideState;
const { HEARD, FOLLOWED, ISN_SET } = FlowFlag;
const { LAST } = Time;
const { FIN, SYN, RST, ACK } = TcpFlag;

const ENDS = FIN_SEEN | RST_SEEN;
const BOTH_STARTS = ISN_SET | (ISN_SET << 1);
/** State bits that tell whether the next payload can be taken as it comes. */
const IN_ORDER = NEXT_KNOWN | QUEUED;

/** A SYN that comes late in the file stands so little before what came of its side; one of a later connection has any number. */
const MAX_LATE_BYTES = 1 << 20;

/** Takes each TCP segment. */
export type SegmentSink = Pick<TcpTracker, 'segment'>;

export class TcpTracker {
  readonly #connections: TcpConnections;
  readonly #now: Moment;
  readonly #consumer: StreamConsumer;
  readonly #limits: Limits;
  readonly #warnings: Warnings;
  readonly #reassembly: Reassembly;
  readonly #flows: FlowTable;
  /** Connections of which at least one side ended; those of which nothing more is expected. */
  readonly #halfClosed: Ring;
  readonly #closed: Ring;
  /** Once the capture is over: the connections still to be told of. */
  #remaining: Int32Array | null = null;
  #streams = 0;
  /** When the oldest closed connection has waited long enough. */
  #due = Number.POSITIVE_INFINITY;

  /** @param now frame number and time of the segment that is pushed; those of an earlier one while its payload, held back, is delivered */
  constructor(connections: TcpConnections, now: Moment, consumer: StreamConsumer, limits: Limits, warnings: Warnings) {
    this.#connections = connections;
    this.#now = now;
    this.#consumer = consumer;
    this.#limits = limits;
    this.#warnings = warnings;
    this.#reassembly = new Reassembly(connections, consumer, now, limits, warnings);
    this.#flows = new FlowTable(connections, limits.flows);
    this.#halfClosed = new Ring(limits.halfClosed);
    this.#closed = new Ring(limits.lingering);
  }

  /** TCP connections seen: one more than the last stream number. */
  get streams(): number {
    return this.#streams;
  }

  /**
   * One segment. Addresses are IPv4 addresses as int32, or numbers of the address table; sequence numbers int32.
   * The payload is `length` bytes long on the wire, and `bytes[start … end)` of it was captured.
   */
  segment(
    isIpv6: number,
    source: number,
    destination: number,
    sourcePort: number,
    destinationPort: number,
    sequence: number,
    acknowledgment: number,
    flags: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    length: number,
  ): void {
    const direction: Direction = source < destination || (source === destination && sourcePort <= destinationPort) ? 0 : 1;
    const low = direction === 0 ? source : destination;
    const high = direction === 0 ? destination : source;
    const ports = direction === 0 ? (sourcePort << 16) | destinationPort : (destinationPort << 16) | sourcePort;
    const now = this.#now;
    let reference = this.#flows.find(low, high, ports, isIpv6);
    if (reference <= 0 || flags & SYN || now.time >= this.#due) {
      reference = this.#route(reference, low, high, ports, isIpv6, direction, sequence, flags);
    }
    if (reference < 0) return;
    const connection = reference - 1;
    const { ints, floats } = this.#connections.rows;
    const side = sideOf(connection, direction);
    const settled = BOTH_STARTS | (HEARD << direction);
    if ((ints[connection + FLAGS] & settled) !== settled || flags & SYN)
      this.#learnStart(connection, direction, sequence, acknowledgment, flags);
    if (flags & SYN && ints[side + STATE] & (ENDS | ACK_KNOWN)) beginAgain(this.#connections, connection, direction, side);
    ints[connection + LAST_FRAME] = now.frame;
    floats[(connection >> 1) + LAST] = now.time;
    let state = ints[side + STATE];
    const before = ints[side + ACKNOWLEDGES];
    if (flags & ACK) {
      now.acknowledges = acknowledgment;
      now.acknowledgesKnown = true;
      if (!(state & ACK_KNOWN) || distance(acknowledgment, before) > 0) {
        ints[side + ACKNOWLEDGES] = acknowledgment;
        ints[side + STATE] = state | ACK_KNOWN;
      }
    } else {
      now.acknowledges = before;
      now.acknowledgesKnown = (state & ACK_KNOWN) !== 0;
    }
    if (length === 0 && !(flags & (FIN | RST))) return;
    if (!(ints[connection + FLAGS] & FOLLOWED)) this.#follow(connection);
    const payload = flags & SYN ? advance(sequence, 1) : sequence;
    if (!(flags & RST) && (state & ENDS) === RST_SEEN) {
      const isBeyond = distance(advance(payload, length), ints[side + END_SEQUENCE]) > 0;
      if (isBeyond) revokeReset(this.#connections, side);
    }
    if (!(state & NEXT_KNOWN)) {
      this.#beginAtSyn(connection, direction, side);
      state = ints[side + STATE];
    }
    if (length > 0 && !(flags & RST)) {
      const isNext = (state & IN_ORDER) === NEXT_KNOWN && payload === ints[side + NEXT];
      if (isNext && end - start === length) {
        ints[side + NEXT] = advance(payload, length);
        this.#consumer.data(connection, side, bytes, start, end);
      } else this.#disorder(connection, side, payload, bytes, start, end, length);
      if (!this.#consumer.wants(connection)) {
        this.#forget(connection);
        return;
      }
    }
    if (flags & RST) this.#end(connection, side, RST_SEEN, payload, flags);
    else if (flags & FIN) this.#end(connection, side, FIN_SEEN, advance(payload, length), flags);
  }

  /** Number of the stream between two endpoints; -1 where it is not followed any more. Direction 0 is from the lower one to the higher. */
  streamOf(low: number, high: number, ports: number, isIpv6: number): number {
    const reference = this.#flows.find(low, high, ports, isIpv6);
    return reference > 0 ? this.#connections.stream(reference - 1) : -1;
  }

  /** Rows of the connections that the consumer was not told the end of, by stream. */
  get open(): Int32Array {
    if (this.#remaining) return this.#remaining;
    const connections = this.#connections;
    const open: number[] = [];
    for (let row = 0; row < connections.rows.end; row += ROW_INTS) if (connections.isOpen(row)) open.push(row);
    return Int32Array.from(open.sort((a, b) => connections.stream(a) - connections.stream(b)));
  }

  /** Connections followed, and those remembered, ended ones included. */
  get sizes(): { open: number; remembered: number } {
    return { open: this.#connections.rows.size, remembered: this.#flows.size };
  }

  /** It is `time`, although no packet came: tells of the closed connections that have waited long enough. */
  elapse(time: number): void {
    if (time <= this.#now.time) return;
    this.#now.time = time;
    if (time >= this.#due) this.#release();
  }

  /** Tells of the connections that no packet came of since a time, and follows them no more: of open ones, and of those with an ended side. */
  expire(openSince: number, endedSince: number): void {
    const connections = this.#connections;
    const { floats } = connections.rows;
    for (let row = 0; row < connections.rows.end; row += ROW_INTS) {
      if (!connections.isOpen(row)) continue;
      const hasEnded = connections.hasEnded(sideOf(row, 0)) || connections.hasEnded(sideOf(row, 1));
      if (floats[(row >> 1) + LAST] < (hasEnded ? endedSince : openSince)) this.#finish(row);
    }
  }

  /** Tells of all IPv6 connections as they are, and remembers none of them. */
  forgetIpv6(): void {
    for (const connection of this.open) if (this.#connections.flags(connection) & FlowFlag.IPV6) this.#finish(connection);
    for (const reference of this.#flows.done()) if (this.#flows.field(reference, FLAGS) & FlowFlag.IPV6) this.#flows.remove(reference);
  }

  /** The capture is over: tells of up to `count` of the connections that are still followed, by stream. False when none is left. */
  finish(count: number): boolean {
    this.#remaining ??= this.open;
    const some = this.#remaining.subarray(0, count);
    for (const connection of some) this.#tell(connection);
    this.#remaining = this.#remaining.subarray(some.length);
    return this.#remaining.length > 0;
  }

  /**
   * The reference that a segment belongs to, where that is not simply the one found: opens a connection where need be. Tells first of the
   * closed connections that have waited long enough.
   */
  #route(
    first: number,
    low: number,
    high: number,
    ports: number,
    isIpv6: number,
    direction: Direction,
    sequence: number,
    flags: number,
  ): number {
    let found = first;
    if (this.#now.time >= this.#due) {
      this.#release();
      found = this.#flows.find(low, high, ports, isIpv6);
    }
    if (found === 0) return this.#open(low, high, ports, isIpv6);
    if ((flags & (SYN | ACK)) !== SYN) return found;
    const isSet = this.#flows.field(found, FLAGS) & (ISN_SET << direction);
    if (!isSet || this.#flows.field(found, ISN + direction) === sequence) return found;
    if (found > 0 && this.#isLateSyn(found - 1, direction, sequence)) {
      // Wireshark counts a new stream for it nevertheless.
      this.#connections.rows.ints[found - 1 + Row.STREAM] = ++this.#streams;
      return found;
    }
    if (found > 0) this.#tell(found - 1);
    this.#flows.remove(found);
    return this.#open(low, high, ports, isIpv6);
  }

  /** Whether a SYN was sent before all that the file holds of the connection so far: the file is out of order. */
  #isLateSyn(connection: number, direction: Direction, sequence: number): boolean {
    if (this.#now.time >= this.#connections.start(connection) || this.#connections.synDirection(connection) !== null) return false;
    const side = sideOf(connection, direction);
    const { ints } = this.#connections.rows;
    if (!(ints[side + STATE] & NEXT_KNOWN)) return true;
    const ahead = distance(ints[side + NEXT], sequence);
    return ahead > 0 && ahead <= MAX_LATE_BYTES;
  }

  #open(low: number, high: number, ports: number, isIpv6: number): number {
    if (this.#connections.rows.size >= this.#limits.open) this.#makeOpenRoom();
    if (this.#flows.size >= this.#limits.flows) this.#makeRoom();
    const connection = this.#flows.add(low, high, ports, isIpv6);
    const { ints, floats } = this.#connections.rows;
    ints[connection + Row.STREAM] = ++this.#streams;
    ints[connection + Row.FIRST_FRAME] = this.#now.frame;
    floats[(connection >> 1) + Time.START] = this.#now.time;
    return connection + 1;
  }

  /** Too many at a time: the one that has been silent for longest, of some, is told as it is. */
  #makeOpenRoom(): void {
    this.#finish(this.#flows.idlest(this.#now.frame));
    this.#warnings.add('open-limit', OPEN, this.#now.frame);
  }

  #makeRoom(): void {
    const reference = this.#flows.candidate(this.#now.frame);
    if (reference > 0) this.#tell(reference - 1);
    this.#flows.remove(reference);
    this.#warnings.add('flow-limit', FLOWS, this.#now.frame);
  }

  /** Takes notes of where the directions begin. */
  #learnStart(connection: number, direction: Direction, sequence: number, acknowledgment: number, flags: number): void {
    const { ints } = this.#connections.rows;
    const other = 1 - direction;
    let known = ints[connection + FLAGS] | (HEARD << direction);
    if (flags & SYN) {
      ints[connection + ISN + direction] = sequence;
      known |= (ISN_SET | FlowFlag.ISN_CERTAIN) << direction;
      known |= flags & ACK ? FlowFlag.ISN_CERTAIN << other : FlowFlag.SYN << direction;
    } else if (!(known & (ISN_SET << direction))) {
      ints[connection + ISN + direction] = advance(sequence, -1);
      known |= ISN_SET << direction;
    }
    if (flags & ACK && !(known & (ISN_SET << other))) {
      ints[connection + ISN + other] = advance(acknowledgment, -1);
      known |= ISN_SET << other;
    }
    ints[connection + FLAGS] = known;
  }

  #follow(connection: number): void {
    this.#connections.rows.ints[connection + FLAGS] |= FOLLOWED;
    this.#consumer.open(connection);
  }

  /** A payload that is not simply the next one, whole. */
  #disorder(connection: number, side: number, sequence: number, bytes: Uint8Array, start: number, end: number, length: number): void {
    if (end - start < length) this.#connections.rows.ints[connection + Row.TRUNCATED_FRAMES]++;
    if (end === start && length > 0) this.#warnings.add('payload-cut', PAYLOAD_CUT, this.#now.frame);
    this.#reassembly.segment(connection, side, sequence, bytes, start, end, length);
  }

  #beginAtSyn(connection: number, direction: Direction, side: number): void {
    const { ints } = this.#connections.rows;
    if (!(ints[connection + FLAGS] & (FlowFlag.ISN_CERTAIN << direction))) return;
    this.#reassembly.begin(side, advance(ints[connection + ISN + direction], 1));
    ints[side + STATE] |= SideState.FROM_START;
  }

  /** A FIN or RST of a side, whose stream ends at `sequence`. */
  #end(connection: number, side: number, kind: number, sequence: number, flags: number): void {
    const connections = this.#connections;
    const now = this.#now;
    const { ints, floats } = connections.rows;
    const before = ints[side + STATE];
    if (kind === RST_SEEN && !(before & RST_SEEN)) noteReset(connections, connection, side, sequence, flags);
    if (!(before & ENDS)) {
      ints[side + END_SEQUENCE] = sequence;
      ints[side + Side.END_FRAME] = now.frame;
      floats[(side >> 1) + SideTime.END] = now.time;
      ints[side + Side.END_ACKNOWLEDGES] = now.acknowledges;
      if (now.acknowledgesKnown) ints[side + STATE] |= SideState.END_ACK_KNOWN;
    }
    ints[side + STATE] |= kind;
    const hasPeerEnded = connections.hasEnded(peerOf(connection, side));
    if (before & RST_SEEN || (before & FIN_SEEN && hasPeerEnded)) return;
    const isClosed = hasPeerEnded || (kind === RST_SEEN && isResetInOrder(connections, side, sequence));
    this.#await(isClosed ? this.#closed : this.#halfClosed, connection);
  }

  #await(ring: Ring, connection: number): void {
    if (ring.isFull) {
      const wasOpen = this.#finishOldest(ring);
      if (wasOpen && ring === this.#halfClosed) this.#warnings.add('half-closed-limit', HALF_CLOSED, this.#now.frame);
    }
    ring.push(connection, this.#connections.stream(connection), this.#now.time);
    if (ring === this.#closed) this.#due = ring.oldestTime + LINGER_SECONDS + RELEASE_SECONDS;
  }

  /** Tells of the closed connections that have waited long enough. */
  #release(): void {
    while (!this.#closed.isEmpty && this.#now.time >= this.#closed.oldestTime + LINGER_SECONDS) this.#finishOldest(this.#closed);
    this.#due = this.#closed.isEmpty ? Number.POSITIVE_INFINITY : this.#closed.oldestTime + LINGER_SECONDS + RELEASE_SECONDS;
  }

  #finishOldest(ring: Ring): boolean {
    const connection = ring.oldestRow;
    const isSame = this.#connections.stream(connection) === ring.oldestStream;
    // A RST that was revoked closed nothing.
    const isStill = isSame && (ring === this.#halfClosed || isClosed(this.#connections, connection));
    ring.shift();
    if (isStill) this.#finish(connection);
    return isStill;
  }

  #finish(connection: number): void {
    this.#tell(connection);
    this.#flows.retire(connection);
  }

  /** Delivers what was held back and tells the consumer that this was all. */
  #tell(connection: number): void {
    const connections = this.#connections;
    if (!(connections.flags(connection) & FOLLOWED)) return;
    const [first, second] = [sideOf(connection, 0), sideOf(connection, 1)];
    if (connections.state(first) & QUEUED) this.#reassembly.flush(connection, first);
    if (connections.state(second) & QUEUED) this.#reassembly.flush(connection, second);
    this.#consumer.finish(connection);
  }

  /** Follows a connection no more, and tells nobody. */
  #forget(connection: number): void {
    for (const direction of [0, 1] as const) {
      const side = sideOf(connection, direction);
      if (this.#connections.state(side) & QUEUED) this.#reassembly.drop(side);
    }
    this.#flows.retire(connection);
  }
}
