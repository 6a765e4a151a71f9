// The frames of some TCP connections: a second reading of the same capture, of which nothing else is wanted.
import { Rows } from './bytes/rows.js';
import type { FrameSink } from './capture/frame-sink.js';
import { type Limits, MAX_EVIDENCE_FRAMES } from './limits.js';
import { AddressTable } from './tcp/address-table.js';
import { type Moment, ROW_INTS, TcpConnections } from './tcp/connections.js';
import { Packets } from './tcp/packets.js';
import { type SegmentSink, TcpTracker } from './tcp/tracker.js';
import { WatchedFragments } from './tcp/watched-fragments.js';
import { TlsConnections } from './tls/connections.js';
import { RecordReader } from './tls/records.js';
import { Warnings } from './warnings.js';

/** Which connections: by `tcp.stream`, and by their first frames. */
export interface WantedStreams {
  streams: ReadonlySet<number>;
  /** A connection whose SYN stands behind other frames of it in the file has another number until then. */
  firstFrames: ReadonlySet<number>;
}

/**
 * Frames in, the numbers of those out that carry a segment of the wanted connections, also in fragments and tunnels. Streams are followed
 * as the analysis does, with the same limits, so that they get the same numbers.
 */
export class FrameSelection implements FrameSink {
  readonly #wanted: WantedStreams;
  readonly #limit: number;
  /** Wanted ones, and other numbers that they had for a time. */
  readonly #streams: Set<number>;
  /** Endpoints whose last stream is a wanted one: late packets come when it is not followed any more. */
  readonly #between = new Set<string>();
  readonly #now: Moment = { frame: 0, time: 0, acknowledges: 0, acknowledgesKnown: false };
  readonly #tracker: TcpTracker;
  readonly #fragments: WatchedFragments;
  readonly #packets: Packets;
  #known = 0;
  #numbers = new Uint32Array(1024);
  #count = 0;
  #isFull = false;

  constructor(wanted: WantedStreams, limits: Limits, limit = MAX_EVIDENCE_FRAMES) {
    this.#wanted = wanted;
    this.#limit = limit;
    this.#streams = new Set(wanted.streams);
    const warnings = new Warnings();
    const rows = new Rows(ROW_INTS, limits.open);
    const tcp = new TcpConnections(rows);
    const records = new RecordReader(tcp, new TlsConnections(rows, false), this.#now, limits, warnings, null, () => {});
    this.#tracker = new TcpTracker(tcp, this.#now, records, limits, warnings);
    this.#fragments = new WatchedFragments(limits.fragments, this.#now, warnings);
    const addresses = new AddressTable(limits.addresses);
    this.#packets = new Packets(this.#tap(), this.#now, addresses, limits, warnings, this.#fragments);
  }

  frame(
    bytes: Uint8Array,
    offset: number,
    capturedLength: number,
    originalLength: number,
    seconds: number,
    nanoseconds: number,
    linkType: number,
  ): void {
    this.#now.frame++;
    this.#now.time = seconds + nanoseconds * 1e-9;
    const wireEnd = offset + Math.max(originalLength, capturedLength);
    this.#packets.decode(bytes, offset, offset + capturedLength, wireEnd, linkType);
  }

  /** More frames belong to the connections than are told. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** The numbers of the frames, in order, each once. */
  numbers(): Uint32Array {
    const sorted = this.#numbers.slice(0, this.#count).sort();
    let kept = 0;
    for (const number of sorted) if (kept === 0 || sorted[kept - 1] !== number) sorted[kept++] = number;
    return sorted.subarray(0, kept);
  }

  /** Lets the tracker have each segment, and looks then to which stream it belonged. */
  #tap(): SegmentSink {
    return {
      segment: (...segment) => {
        this.#tracker.segment(...segment);
        const [isIpv6, source, destination, sourcePort, destinationPort] = segment;
        const isLow = source < destination || (source === destination && sourcePort <= destinationPort);
        const [low, high] = isLow ? [source, destination] : [destination, source];
        const ports = isLow ? (sourcePort << 16) | destinationPort : (destinationPort << 16) | sourcePort;
        if (this.#isWanted(low, high, ports, isIpv6)) this.#fragments.visit((frame) => this.#add(frame));
      },
    };
  }

  #isWanted(low: number, high: number, ports: number, isIpv6: number): boolean {
    const stream = this.#tracker.streamOf(low, high, ports, isIpv6);
    const isNew = this.#tracker.streams > this.#known;
    this.#known = this.#tracker.streams;
    const endpoints = () => `${low} ${high} ${ports} ${isIpv6}`;
    if (stream < 0 && !isNew) return this.#between.size > 0 && this.#between.has(endpoints());
    if (stream >= 0 && this.#wanted.firstFrames.has(this.#now.frame)) this.#streams.add(stream);
    const isWanted = this.#streams.has(stream);
    if (isWanted) this.#between.add(endpoints());
    else if (isNew && this.#between.size > 0) this.#between.delete(endpoints());
    return isWanted;
  }

  #add(frame: number): void {
    if (this.#count > 0 && this.#numbers[this.#count - 1] === frame) return;
    if (this.#count === this.#limit) {
      this.#isFull = true;
      return;
    }
    if (this.#count === this.#numbers.length) {
      const numbers = new Uint32Array(2 * this.#count);
      numbers.set(this.#numbers);
      this.#numbers = numbers;
    }
    this.#numbers[this.#count++] = frame;
  }
}
