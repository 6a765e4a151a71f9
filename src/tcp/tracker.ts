// TCP segments to connections: RFC 9293. Stream numbers are those of Wireshark (packet-tcp.c): one for each pair of endpoints, and
// a new one for each SYN whose sequence number differs from where that direction began.
import type { Limits } from '../limits.js';
import type { Warnings } from '../warnings.js';
import { ACK, FIN, RST, SYN } from '../wire/tcp.js';
import type { AddressTable } from './address-table.js';
import { type Direction, DirectionField, DirectionState, Field, field, type Moment, type TcpConnections, Time } from './connections.js';
import { FLOW_START, Flow, FlowFlag, FlowTable } from './flow-table.js';
import { Reassembly, type StreamConsumer } from './reassembly.js';
import { Ring } from './ring.js';
import { advance, distance } from './sequence.js';

/** Seconds of packet time that a closed connection waits for packets that others overtook. */
const LINGER_SECONDS = 1;

export class TcpTracker {
  readonly connections: TcpConnections;
  readonly #now: Moment;
  readonly #addresses: AddressTable;
  readonly #consumer: StreamConsumer;
  readonly #limits: Limits;
  readonly #warnings: Warnings;
  readonly #reassembly: Reassembly;
  readonly #flows = new FlowTable();
  /** Connections of which at least one side ended; those of which nothing more is expected. */
  readonly #halfClosed: Ring;
  readonly #closed: Ring;
  /** Once the capture is over: the connections still to be told of. */
  #remaining: Int32Array | null = null;
  #streams = 0;
  #latest = 0;

  /** @param now frame number and time of the segment that is pushed; those of an earlier one while its payload, held back, is delivered */
  constructor(
    connections: TcpConnections,
    now: Moment,
    addresses: AddressTable,
    consumer: StreamConsumer,
    limits: Limits,
    warnings: Warnings,
  ) {
    this.connections = connections;
    this.#now = now;
    this.#addresses = addresses;
    this.#consumer = consumer;
    this.#limits = limits;
    this.#warnings = warnings;
    this.#reassembly = new Reassembly(connections, consumer, now, limits, warnings);
    this.#halfClosed = new Ring(limits.halfClosed);
    this.#closed = new Ring(limits.lingering);
  }

  /** TCP connections seen: one more than the last stream number. */
  get streams(): number {
    return this.#streams;
  }

  /**
   * One segment. Addresses are IPv4 addresses as int32, or numbers of {@link AddressTable}; sequence numbers int32.
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
    const flow =
      direction === 0
        ? this.#flow(source, destination, (sourcePort << 16) | destinationPort, isIpv6, direction, sequence, flags)
        : this.#flow(destination, source, (destinationPort << 16) | sourcePort, isIpv6, direction, sequence, flags);
    const flows = this.#flows.rows;
    const flowFlags = this.#learnStart(flow, direction, sequence, acknowledgment, flags);
    if (flowFlags & FlowFlag.DONE) return;
    let connection = flows.int(flow, Flow.CONNECTION) - 1;
    if (connection < 0) {
      if (length === 0 && !(flags & (FIN | RST))) return;
      connection = this.#follow(flow);
    }
    this.#segment(connection, direction, sequence, acknowledgment, flags, bytes, start, end, length);
    if (length > 0 && !this.#consumer.wants(connection)) this.#forget(connection, flow);
    if (this.#latest < this.#now.time) this.#latest = this.#now.time;
    while (!this.#closed.isEmpty && this.#latest - this.#closed.oldestTime > LINGER_SECONDS) this.#finishOldest(this.#closed);
  }

  /** The capture is over: tells of up to `count` of the connections that are still followed, by stream. False when none is left. */
  finish(count: number): boolean {
    const rows = this.connections.rows;
    if (!this.#remaining) {
      const open: number[] = [];
      for (let row = 0; row < rows.end; row++) if (rows.int(row, Field.FLOW) !== 0) open.push(row);
      this.#remaining = Int32Array.from(open.sort((a, b) => rows.int(a, Field.STREAM) - rows.int(b, Field.STREAM)));
    }
    const some = this.#remaining.subarray(0, count);
    for (const connection of some) this.#finish(connection);
    this.#remaining = this.#remaining.subarray(some.length);
    return this.#remaining.length > 0;
  }

  /** The sender of `direction`. */
  endpoint(connection: number, direction: Direction): { address: string; port: number } {
    const flow = this.connections.rows.int(connection, Field.FLOW) - 1;
    const isIpv6 = (this.#flows.rows.int(flow, Flow.FLAGS) & FlowFlag.IPV6) !== 0;
    return { address: this.#addresses.text(this.#flows.address(flow, direction), isIpv6), port: this.#flows.port(flow, direction) };
  }

  /** Which direction sent a SYN without ACK; null when the capture holds none. */
  synDirection(connection: number): Direction | null {
    const flags = this.#flows.rows.int(this.connections.rows.int(connection, Field.FLOW) - 1, Flow.FLAGS);
    if (flags & FlowFlag.SYN) return 0;
    return flags & (FlowFlag.SYN << 1) ? 1 : null;
  }

  /** Whether a side that did not send the first SYN sent anything. */
  hasAnswer(connection: number): boolean {
    const flags = this.#flows.rows.int(this.connections.rows.int(connection, Field.FLOW) - 1, Flow.FLAGS);
    const both = FlowFlag.HEARD | (FlowFlag.HEARD << 1);
    return (flags & both) === both;
  }

  #flow(low: number, high: number, ports: number, isIpv6: number, direction: Direction, sequence: number, flags: number): number {
    const found = this.#flows.find(low, high, ports, isIpv6);
    if (found < 0) return this.#openFlow(low, high, ports, isIpv6);
    if ((flags & (SYN | ACK)) !== SYN) return found;
    const rows = this.#flows.rows;
    const isSet = rows.int(found, Flow.FLAGS) & (FlowFlag.ISN_SET << direction);
    if (!isSet || rows.int(found, Flow.ISN + direction) === sequence) return found;
    return this.#reopenFlow(found, low, high, ports, isIpv6, direction, sequence);
  }

  /** A SYN that begins a new stream between known endpoints. */
  #reopenFlow(flow: number, low: number, high: number, ports: number, isIpv6: number, direction: Direction, sequence: number): number {
    const rows = this.#flows.rows;
    const flags = rows.int(flow, Flow.FLAGS);
    if (this.#now.time < rows.float(flow, FLOW_START) && !(flags & (FlowFlag.SYN | (FlowFlag.SYN << 1)))) {
      // Sent before all that the file holds of it so far: the file is out of order. Wireshark counts a new stream nevertheless.
      rows.setInt(flow, Flow.STREAM, ++this.#streams);
      rows.setInt(flow, Flow.ISN + direction, sequence);
      const connection = rows.int(flow, Flow.CONNECTION) - 1;
      if (connection >= 0) this.connections.rows.setInt(connection, Field.STREAM, this.#streams - 1);
      return flow;
    }
    const connection = rows.int(flow, Flow.CONNECTION) - 1;
    if (connection >= 0) this.#finish(connection);
    this.#flows.remove(flow);
    return this.#openFlow(low, high, ports, isIpv6);
  }

  #openFlow(low: number, high: number, ports: number, isIpv6: number): number {
    if (this.#flows.rows.size >= this.#limits.flows) this.#makeRoom();
    const flow = this.#flows.add(low, high, ports, isIpv6);
    const rows = this.#flows.rows;
    rows.setInt(flow, Flow.STREAM, ++this.#streams);
    rows.setInt(flow, Flow.FIRST_FRAME, this.#now.frame);
    rows.setFloat(flow, FLOW_START, this.#now.time);
    return flow;
  }

  #makeRoom(): void {
    const flow = this.#flows.candidate();
    const connection = this.#flows.rows.int(flow, Flow.CONNECTION) - 1;
    if (connection >= 0) this.#finish(connection);
    this.#flows.remove(flow);
    this.#warnings.add('flow-limit', `more than ${this.#limits.flows} connections: old ones were forgotten, stream numbers may differ from Wireshark's`, this.#now.frame);
  }

  /** Takes notes of where the directions begin. Returns the flow's flags. */
  #learnStart(flow: number, direction: Direction, sequence: number, acknowledgment: number, flags: number): number {
    const rows = this.#flows.rows;
    let known = rows.int(flow, Flow.FLAGS);
    const settled = FlowFlag.ISN_SET | (FlowFlag.ISN_SET << 1) | (FlowFlag.HEARD << direction);
    if ((known & settled) === settled && !(flags & SYN)) return known;
    known |= FlowFlag.HEARD << direction;
    const other = 1 - direction;
    if (flags & SYN) {
      rows.setInt(flow, Flow.ISN + direction, sequence);
      known |= (FlowFlag.ISN_SET | FlowFlag.ISN_CERTAIN) << direction;
      if (flags & ACK) known |= FlowFlag.ISN_CERTAIN << other;
      else known |= FlowFlag.SYN << direction;
    } else if (!(known & (FlowFlag.ISN_SET << direction))) {
      rows.setInt(flow, Flow.ISN + direction, advance(sequence, -1));
      known |= FlowFlag.ISN_SET << direction;
    }
    if (flags & ACK && !(known & (FlowFlag.ISN_SET << other))) {
      rows.setInt(flow, Flow.ISN + other, advance(acknowledgment, -1));
      known |= FlowFlag.ISN_SET << other;
    }
    rows.setInt(flow, Flow.FLAGS, known);
    return known;
  }

  #follow(flow: number): number {
    const rows = this.connections.rows;
    const flows = this.#flows.rows;
    const connection = rows.add();
    flows.setInt(flow, Flow.CONNECTION, connection + 1);
    rows.setInt(connection, Field.FLOW, flow + 1);
    rows.setInt(connection, Field.STREAM, flows.int(flow, Flow.STREAM) - 1);
    rows.setInt(connection, Field.FIRST_FRAME, flows.int(flow, Flow.FIRST_FRAME));
    rows.setFloat(connection, Time.START, flows.float(flow, FLOW_START));
    this.#consumer.open(connection);
    return connection;
  }

  #segment(
    connection: number,
    direction: Direction,
    sequence: number,
    acknowledgment: number,
    flags: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    length: number,
  ): void {
    const rows = this.connections.rows;
    rows.setInt(connection, Field.LAST_FRAME, this.#now.frame);
    rows.setFloat(connection, Time.LAST, Math.max(this.#now.time, rows.float(connection, Time.LAST)));
    const other: Direction = direction === 0 ? 1 : 0;
    if (flags & ACK) this.#acknowledge(connection, other, acknowledgment);
    this.#now.acknowledgesKnown = (this.connections.state(connection, other) & DirectionState.ACK_KNOWN) !== 0;
    this.#now.acknowledges = flags & ACK ? acknowledgment : this.connections.of(connection, other, DirectionField.ACKNOWLEDGED);
    const payload = flags & SYN ? advance(sequence, 1) : sequence;
    if (!(this.connections.state(connection, direction) & DirectionState.NEXT_KNOWN)) this.#beginAtSyn(connection, direction);
    if (length > 0 && !(flags & RST)) {
      if (end - start < length) rows.setInt(connection, Field.TRUNCATED_FRAMES, rows.int(connection, Field.TRUNCATED_FRAMES) + 1);
      this.#reassembly.segment(connection, direction, payload, bytes, start, end, length);
    }
    if (flags & RST) this.#end(connection, direction, DirectionState.RST, payload);
    else if (flags & FIN) this.#end(connection, direction, DirectionState.FIN, advance(payload, length));
  }

  #beginAtSyn(connection: number, direction: Direction): void {
    const flows = this.#flows.rows;
    const flow = this.connections.rows.int(connection, Field.FLOW) - 1;
    if (flows.int(flow, Flow.FLAGS) & (FlowFlag.ISN_CERTAIN << direction)) {
      this.#reassembly.begin(connection, direction, advance(flows.int(flow, Flow.ISN + direction), 1));
      this.connections.rows.setBits(connection, field(DirectionField.STATE, direction), DirectionState.FROM_START);
    }
  }

  #acknowledge(connection: number, direction: Direction, acknowledgment: number): void {
    const rows = this.connections.rows;
    const at = field(DirectionField.ACKNOWLEDGED, direction);
    if (!(this.connections.state(connection, direction) & DirectionState.ACK_KNOWN)) {
      rows.setBits(connection, field(DirectionField.STATE, direction), DirectionState.ACK_KNOWN);
      rows.setInt(connection, at, acknowledgment);
    } else if (distance(acknowledgment, rows.int(connection, at)) > 0) rows.setInt(connection, at, acknowledgment);
  }

  /** A FIN or RST of `direction`, whose stream ends at `sequence`. */
  #end(connection: number, direction: Direction, kind: number, sequence: number): void {
    const { connections } = this;
    const now = this.#now;
    const rows = connections.rows;
    const state = field(DirectionField.STATE, direction);
    const before = rows.int(connection, state);
    const other: Direction = direction === 0 ? 1 : 0;
    if (kind === DirectionState.RST && !(before & DirectionState.RST)) {
      rows.setInt(connection, field(DirectionField.RESET_ACKNOWLEDGED, direction), connections.of(connection, direction, DirectionField.ACKNOWLEDGED));
      if (before & DirectionState.ACK_KNOWN) rows.setBits(connection, state, DirectionState.RESET_ACK_KNOWN);
    }
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
    const isClosed = kind === DirectionState.RST || connections.hasEnded(connection, other);
    this.#await(isClosed ? this.#closed : this.#halfClosed, connection);
  }

  #await(ring: Ring, connection: number): void {
    if (ring.isFull) {
      const wasOpen = this.#finishOldest(ring);
      if (wasOpen && ring === this.#halfClosed) this.#warnings.add('half-closed-limit', `more than ${this.#limits.halfClosed} connections with one side closed: the oldest were told as they were`, this.#now.frame);
    }
    ring.push(connection, this.connections.rows.int(connection, Field.STREAM), this.#now.time);
  }

  #finishOldest(ring: Ring): boolean {
    const rows = this.connections.rows;
    const connection = ring.shift((row, stream) => rows.int(row, Field.FLOW) !== 0 && rows.int(row, Field.STREAM) === stream);
    if (connection < 0) return false;
    this.#finish(connection);
    return true;
  }

  /** Tells the consumer and forgets all but the stream number. */
  #finish(connection: number): void {
    for (const direction of [0, 1] as const) {
      if (this.connections.state(connection, direction) & DirectionState.QUEUED) this.#reassembly.flush(connection, direction);
    }
    this.#consumer.finish(connection);
    this.#forget(connection, this.connections.rows.int(connection, Field.FLOW) - 1);
  }

  #forget(connection: number, flow: number): void {
    for (const direction of [0, 1] as const) {
      if (this.connections.state(connection, direction) & DirectionState.QUEUED) this.#reassembly.drop(connection, direction);
    }
    this.#flows.rows.setInt(flow, Flow.CONNECTION, 0);
    this.#flows.rows.setBits(flow, Flow.FLAGS, FlowFlag.DONE);
    this.connections.rows.setInt(connection, Field.FLOW, 0);
    this.connections.rows.free(connection);
  }
}
