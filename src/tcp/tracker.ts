// TCP segments to connections: RFC 9293. Stream numbers are those of Wireshark (packet-tcp.c): one for each pair of endpoints, and
// a new one for each SYN whose sequence number differs from where that direction began.
import type { Limits } from '../limits.js';
import type { Warnings } from '../warnings.js';
import { ACK, FIN, RST, SYN } from '../wire/tcp.js';
import {
  type Direction,
  DirectionField,
  DirectionState,
  Field,
  Flow,
  FlowFlag,
  field,
  type Moment,
  type TcpConnections,
  Time,
} from './connections.js';
import { FlowTable } from './flow-table.js';
import { Reassembly, type StreamConsumer } from './reassembly.js';
import { isResetInOrder, noteReset, revokeReset } from './resets.js';
import { Ring } from './ring.js';
import { advance, distance } from './sequence.js';

/** Seconds of packet time that a closed connection waits for packets that others overtook. */
const LINGER_SECONDS = 1;
const HALF_CLOSED = 'too many connections with only one side closed: the oldest were told as they were, without their last packets';
const OPEN = 'too many connections open at a time: old ones were told as they were';
const FLOWS = "too many connections: old ones were forgotten, stream numbers may differ from Wireshark's";

const ENDS = DirectionState.FIN | DirectionState.RST;
const BOTH_STARTS = FlowFlag.ISN_SET | (FlowFlag.ISN_SET << 1);
/** State bits that tell whether the next payload can be taken as it comes. */
const IN_ORDER = DirectionState.NEXT_KNOWN | DirectionState.QUEUED;

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
    this.#flows = new FlowTable(connections);
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
    if (this.#now.time >= this.#due) this.#release();
    let reference = this.#flows.find(low, high, ports, isIpv6);
    if (reference <= 0 || flags & SYN) reference = this.#route(reference, low, high, ports, isIpv6, direction, sequence, flags);
    if (reference < 0) return;
    const connection = reference - 1;
    const page = this.#connections.rows.ints;
    const at = this.#connections.rows.at(connection);
    const own = at + field(0, direction);
    const settled = BOTH_STARTS | (FlowFlag.HEARD << direction);
    if ((page[at + Flow.FLAGS] & settled) !== settled || flags & SYN)
      this.#learnStart(connection, direction, sequence, acknowledgment, flags);
    page[at + Field.LAST_FRAME] = this.#now.frame;
    this.#connections.rows.setFloat(connection, Time.LAST, this.#now.time);
    this.#acknowledge(page, at + field(0, direction === 0 ? 1 : 0), acknowledgment, flags);
    if (length === 0 && !(flags & (FIN | RST))) return;
    if (!(page[at + Flow.FLAGS] & FlowFlag.FOLLOWED)) this.#follow(connection);
    const payload = flags & SYN ? advance(sequence, 1) : sequence;
    if (!(flags & RST) && (page[own + DirectionField.STATE] & ENDS) === DirectionState.RST) {
      const isBeyond = distance(advance(payload, length), page[own + DirectionField.END_SEQUENCE]) > 0;
      if (isBeyond) revokeReset(this.#connections, connection, direction);
    }
    const state = page[own + DirectionField.STATE];
    if (!(state & DirectionState.NEXT_KNOWN)) this.#beginAtSyn(connection, direction);
    if (length > 0 && !(flags & RST)) {
      const isNext = (state & IN_ORDER) === DirectionState.NEXT_KNOWN && payload === page[own + DirectionField.NEXT];
      if (isNext && end - start === length) {
        page[own + DirectionField.NEXT] = advance(payload, length);
        this.#consumer.data(connection, direction, bytes, start, end);
      } else this.#disorder(connection, direction, payload, bytes, start, end, length);
      if (!this.#consumer.wants(connection)) {
        this.#forget(connection);
        return;
      }
    }
    if (flags & RST) this.#end(connection, direction, DirectionState.RST, payload, flags);
    else if (flags & FIN) this.#end(connection, direction, DirectionState.FIN, advance(payload, length), flags);
  }

  /** The capture is over: tells of up to `count` of the connections that are still followed, by stream. False when none is left. */
  finish(count: number): boolean {
    const connections = this.#connections;
    if (!this.#remaining) {
      const open: number[] = [];
      for (let row = 0; row < connections.rows.end; row++) if (connections.isOpen(row)) open.push(row);
      this.#remaining = Int32Array.from(open.sort((a, b) => connections.stream(a) - connections.stream(b)));
    }
    const some = this.#remaining.subarray(0, count);
    for (const connection of some) this.#tell(connection);
    this.#remaining = this.#remaining.subarray(some.length);
    return this.#remaining.length > 0;
  }

  /** The reference that a segment belongs to, where that is not simply the one found: opens a connection where need be. */
  #route(
    found: number,
    low: number,
    high: number,
    ports: number,
    isIpv6: number,
    direction: Direction,
    sequence: number,
    flags: number,
  ): number {
    if (found === 0) return this.#open(low, high, ports, isIpv6);
    if ((flags & (SYN | ACK)) !== SYN) return found;
    const isSet = this.#flows.field(found, Flow.FLAGS) & (FlowFlag.ISN_SET << direction);
    if (!isSet || this.#flows.field(found, Flow.ISN + direction) === sequence) return found;
    if (found > 0 && this.#isLateSyn(found - 1)) {
      // Wireshark counts a new stream for it nevertheless.
      this.#connections.rows.setInt(found - 1, Flow.STREAM, ++this.#streams);
      return found;
    }
    if (found > 0) this.#tell(found - 1);
    this.#flows.remove(found);
    return this.#open(low, high, ports, isIpv6);
  }

  /** Whether a SYN was sent before all that the file holds of the connection so far: the file is out of order. */
  #isLateSyn(connection: number): boolean {
    return this.#now.time < this.#connections.rows.float(connection, Time.START) && this.#connections.synDirection(connection) === null;
  }

  #open(low: number, high: number, ports: number, isIpv6: number): number {
    if (this.#connections.rows.size >= this.#limits.open) this.#makeOpenRoom();
    if (this.#flows.size >= this.#limits.flows) this.#makeRoom();
    const connection = this.#flows.add(low, high, ports, isIpv6);
    const { rows } = this.#connections;
    rows.setInt(connection, Flow.STREAM, ++this.#streams);
    rows.setInt(connection, Field.FIRST_FRAME, this.#now.frame);
    rows.setFloat(connection, Time.START, this.#now.time);
    return connection + 1;
  }

  /** Too many at a time: the one that began first, of some, is told as it is. */
  #makeOpenRoom(): void {
    this.#finish(this.#flows.oldest());
    this.#warnings.add('open-limit', OPEN, this.#now.frame);
  }

  #makeRoom(): void {
    const reference = this.#flows.candidate();
    if (reference > 0) this.#tell(reference - 1);
    this.#flows.remove(reference);
    this.#warnings.add('flow-limit', FLOWS, this.#now.frame);
  }

  /** Takes notes of where the directions begin. */
  #learnStart(connection: number, direction: Direction, sequence: number, acknowledgment: number, flags: number): void {
    const { rows } = this.#connections;
    const other = 1 - direction;
    let known = rows.int(connection, Flow.FLAGS) | (FlowFlag.HEARD << direction);
    if (flags & SYN) {
      rows.setInt(connection, Flow.ISN + direction, sequence);
      known |= (FlowFlag.ISN_SET | FlowFlag.ISN_CERTAIN) << direction;
      known |= flags & ACK ? FlowFlag.ISN_CERTAIN << other : FlowFlag.SYN << direction;
    } else if (!(known & (FlowFlag.ISN_SET << direction))) {
      rows.setInt(connection, Flow.ISN + direction, advance(sequence, -1));
      known |= FlowFlag.ISN_SET << direction;
    }
    if (flags & ACK && !(known & (FlowFlag.ISN_SET << other))) {
      rows.setInt(connection, Flow.ISN + other, advance(acknowledgment, -1));
      known |= FlowFlag.ISN_SET << other;
    }
    rows.setInt(connection, Flow.FLAGS, known);
  }

  #follow(connection: number): void {
    this.#connections.rows.setBits(connection, Flow.FLAGS, FlowFlag.FOLLOWED);
    this.#consumer.open(connection);
  }

  /** A payload that is not simply the next one, whole. */
  #disorder(
    connection: number,
    direction: Direction,
    sequence: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    length: number,
  ): void {
    const { rows } = this.#connections;
    if (end - start < length) rows.setInt(connection, Field.TRUNCATED_FRAMES, rows.int(connection, Field.TRUNCATED_FRAMES) + 1);
    this.#reassembly.segment(connection, direction, sequence, bytes, start, end, length);
  }

  #beginAtSyn(connection: number, direction: Direction): void {
    const { rows } = this.#connections;
    if (!(rows.int(connection, Flow.FLAGS) & (FlowFlag.ISN_CERTAIN << direction))) return;
    this.#reassembly.begin(connection, direction, advance(rows.int(connection, Flow.ISN + direction), 1));
    rows.setBits(connection, field(DirectionField.STATE, direction), DirectionState.FROM_START);
  }

  /** Takes notes of the acknowledgment for the direction whose fields begin at `peer`, and for the segment itself. */
  #acknowledge(page: Int32Array, peer: number, acknowledgment: number, flags: number): void {
    const now = this.#now;
    const isKnown = (page[peer + DirectionField.STATE] & DirectionState.ACK_KNOWN) !== 0;
    const before = page[peer + DirectionField.ACKNOWLEDGED];
    now.acknowledgesKnown = isKnown || (flags & ACK) !== 0;
    now.acknowledges = flags & ACK ? acknowledgment : before;
    if (!(flags & ACK) || (isKnown && distance(acknowledgment, before) <= 0)) return;
    page[peer + DirectionField.ACKNOWLEDGED] = acknowledgment;
    page[peer + DirectionField.STATE] |= DirectionState.ACK_KNOWN;
  }

  /** A FIN or RST of `direction`, whose stream ends at `sequence`. */
  #end(connection: number, direction: Direction, kind: number, sequence: number, flags: number): void {
    const connections = this.#connections;
    const now = this.#now;
    const { rows } = connections;
    const state = field(DirectionField.STATE, direction);
    const before = rows.int(connection, state);
    const other: Direction = direction === 0 ? 1 : 0;
    if (kind === DirectionState.RST && !(before & DirectionState.RST)) noteReset(connections, connection, direction, sequence, flags);
    if (!(before & (DirectionState.FIN | DirectionState.RST))) {
      rows.setInt(connection, field(DirectionField.END_SEQUENCE, direction), sequence);
      rows.setInt(connection, field(DirectionField.END_FRAME, direction), now.frame);
      rows.setFloat(connection, Time.END + direction, now.time);
      rows.setInt(connection, field(DirectionField.END_ACKNOWLEDGES, direction), now.acknowledges);
      if (now.acknowledgesKnown) rows.setBits(connection, state, DirectionState.END_ACK_KNOWN);
    }
    rows.setBits(connection, state, kind);
    const wasClosed = before & DirectionState.RST || (before & DirectionState.FIN && connections.hasEnded(connection, other));
    if (wasClosed) return;
    const isReset = kind === DirectionState.RST && isResetInOrder(connections, connection, direction, sequence);
    const isClosed = isReset || connections.hasEnded(connection, other);
    this.#await(isClosed ? this.#closed : this.#halfClosed, connection);
  }

  #await(ring: Ring, connection: number): void {
    if (ring.isFull) {
      const wasOpen = this.#finishOldest(ring);
      if (wasOpen && ring === this.#halfClosed) this.#warnings.add('half-closed-limit', HALF_CLOSED, this.#now.frame);
    }
    ring.push(connection, this.#connections.stream(connection), this.#now.time);
    if (ring === this.#closed) this.#due = ring.oldestTime + LINGER_SECONDS;
  }

  /** Tells of the closed connections that have waited long enough. */
  #release(): void {
    while (!this.#closed.isEmpty && this.#now.time >= this.#closed.oldestTime + LINGER_SECONDS) this.#finishOldest(this.#closed);
    this.#due = this.#closed.isEmpty ? Number.POSITIVE_INFINITY : this.#closed.oldestTime + LINGER_SECONDS;
  }

  #finishOldest(ring: Ring): boolean {
    const connection = ring.oldestRow;
    const isStill = this.#connections.stream(connection) === ring.oldestStream;
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
    if (!(this.#connections.flags(connection) & FlowFlag.FOLLOWED)) return;
    if (this.#connections.state(connection, 0) & DirectionState.QUEUED) this.#reassembly.flush(connection, 0);
    if (this.#connections.state(connection, 1) & DirectionState.QUEUED) this.#reassembly.flush(connection, 1);
    this.#consumer.finish(connection);
  }

  /** Follows a connection no more, and tells nobody. */
  #forget(connection: number): void {
    if (this.#connections.state(connection, 0) & DirectionState.QUEUED) this.#reassembly.drop(connection, 0);
    if (this.#connections.state(connection, 1) & DirectionState.QUEUED) this.#reassembly.drop(connection, 1);
    this.#flows.retire(connection);
  }
}
