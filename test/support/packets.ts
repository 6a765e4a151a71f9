// Packets of conversations, written as the two sides speak; sequence and acknowledgment numbers come by themselves.
import { Analyzer, type AnalyzerOptions } from '../../src/analyzer.js';
import type { Connection, Endpoint, Report } from '../../src/model.js';
import { TcpFlag } from '../../src/wire/tcp.js';

const { ACK, FIN, RST, SYN } = TcpFlag;

export interface Packet {
  from: Endpoint;
  to: Endpoint;
  sequence: number;
  acknowledgment: number;
  flags: number;
  payload: Uint8Array;
  /** Milliseconds since {@link START}, whole. */
  at: number;
}

/** Unix seconds of the first packet. */
export const START = 1_700_000_000;
/** A millisecond passes from packet to packet. */
const STEP = 1;
const NONE = new Uint8Array(0);
const ETHERNET_ADDRESSES = Uint8Array.of(2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1);
/** Of a frame. */
const IP = 14;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const TCP_BYTES = 20;
/** Room for the captures of tests: reserving the usual room, and giving it back, takes longer than reading them. */
export const SMALL = { open: 1024, halfClosed: 1024, lingering: 1024, flows: 8192, sessions: 8192, uses: 8192 };
/** The same where there are tens of thousands of connections. */
export const LARGE = { flows: 1 << 16, sessions: 1 << 16, uses: 1 << 16 };

export interface LinkOptions {
  client?: string;
  server?: string;
  /** Initial sequence numbers. */
  clientIsn?: number;
  serverIsn?: number;
}

/** Packets in the order of the file: packet `i` is frame `i + 1`. */
export class Capture {
  readonly packets: Packet[] = [];
  at = 0;
  #links = 0;

  wait(seconds: number): void {
    this.at += Math.round(seconds * 1000);
  }

  /** Two sides that have not spoken yet. Ports of clients count up from 40001. */
  link(options: LinkOptions = {}): Link {
    const port = 40001 + this.#links++;
    const client = new Speaker(this, endpoint(options.client ?? `192.0.2.1:${port}`), options.clientIsn ?? 1_000);
    const server = new Speaker(this, endpoint(options.server ?? '198.51.100.1:443'), options.serverIsn ?? 700_000);
    client.peer = server;
    server.peer = client;
    return { capture: this, client, server };
  }

  /** The same after SYN, SYN + ACK and ACK. */
  connect(options: LinkOptions = {}): Link {
    const link = this.link(options);
    link.client.syn();
    link.server.syn(ACK);
    link.client.acknowledge();
    return link;
  }

  /** The same in mid connection: no SYN is in the capture. */
  midstream(options: LinkOptions = {}): Link {
    const link = this.link(options);
    link.client.next++;
    link.server.next++;
    return link;
  }

  /** Time in a report of frame `number`. */
  timeOf(number: number): number {
    return timeOf(this.packets[number - 1].at);
  }
}

export interface Link {
  capture: Capture;
  client: Speaker;
  server: Speaker;
}

/** One side. What sends a packet returns its frame number. */
class Speaker {
  readonly #capture: Capture;
  readonly self: Endpoint;
  peer: Speaker = this;
  /** Sequence number of the next byte. */
  next: number;

  constructor(capture: Capture, self: Endpoint, isn: number) {
    this.#capture = capture;
    this.self = self;
    this.next = isn;
  }

  /** A packet with any fields; it does not count for {@link next}. */
  emit(flags: number, payload: Uint8Array = NONE, fields: Partial<Packet> = {}): number {
    const acknowledgment = flags & ACK ? this.peer.next : 0;
    const at = this.#capture.at;
    this.#capture.at += STEP;
    return this.#capture.packets.push({
      from: this.self,
      to: this.peer.self,
      sequence: this.next,
      acknowledgment,
      flags,
      payload,
      at,
      ...fields,
    });
  }

  syn(flags = 0): number {
    const frame = this.emit(SYN | flags);
    this.next++;
    return frame;
  }

  send(...parts: Uint8Array[]): number {
    const payload = payloadOf(parts);
    const frame = this.emit(ACK, payload);
    this.next += payload.length;
    return frame;
  }

  acknowledge(fields: Partial<Packet> = {}): number {
    return this.emit(ACK, NONE, fields);
  }

  fin(...parts: Uint8Array[]): number {
    const payload = payloadOf(parts);
    const frame = this.emit(FIN | ACK, payload);
    this.next += payload.length + 1;
    return frame;
  }

  reset(): number {
    return this.emit(RST | ACK);
  }

  /** Sends what the capture does not hold. */
  lose(...parts: Uint8Array[]): void {
    this.next += concat(parts).length;
  }
}

export interface ReadOptions extends AnalyzerOptions {
  /** Bytes kept of each frame. */
  snapLength?: number;
}

/** Everything that is found in the packets. */
export function analyze(
  packets: readonly Packet[],
  { snapLength = Number.POSITIVE_INFINITY, limits, ...options }: ReadOptions = {},
): Report {
  const analyzer = new Analyzer({ keep: 'all', ...options, limits: { ...SMALL, ...limits } });
  for (const packet of packets) {
    const frame = ethernet(packet);
    const seconds = Math.floor(packet.at / 1000);
    const captured = frame.length > snapLength ? frame.subarray(0, snapLength) : frame;
    analyzer.push(captured, START + seconds, (packet.at - seconds * 1000) * 1e6, 1, frame.length);
  }
  return analyzer.finish();
}

/** Pushes packets, and calls `after` with the analyzer after each of them. */
export function pushed(
  packets: readonly Packet[],
  { limits, ...options }: AnalyzerOptions = {},
  after: (analyzer: Analyzer) => void = () => {},
): Analyzer {
  const analyzer = new Analyzer({ ...options, limits: { ...SMALL, ...limits } });
  for (const packet of packets) {
    analyzer.push(ethernet(packet), START + Math.floor(packet.at / 1000), (packet.at % 1000) * 1e6, 1);
    after(analyzer);
  }
  return analyzer;
}

/** The only connection of the packets. */
export function only(packets: readonly Packet[], options?: ReadOptions): Connection {
  const { connections } = analyze(packets, options);
  if (connections.length !== 1) throw new Error(`${connections.length} connections`);
  return connections[0];
}

export function warningsOf(report: Report): string[] {
  return report.capture.warnings.map((warning) => warning.code).sort();
}

/** An Ethernet frame, without the padding of short ones. */
export function ethernet({ from, to, sequence, acknowledgment, flags, payload }: Packet): Uint8Array {
  const source = addressBytes(from.address);
  const isIpv4 = source.length === 4;
  const transport = IP + (isIpv4 ? IPV4_BYTES : IPV6_BYTES);
  const frame = new Uint8Array(transport + TCP_BYTES + payload.length);
  const view = new DataView(frame.buffer);
  frame.set(ETHERNET_ADDRESSES);
  view.setUint16(12, isIpv4 ? 0x0800 : 0x86dd);
  if (isIpv4) {
    view.setUint16(IP, 0x4500);
    view.setUint16(IP + 2, frame.length - IP);
    view.setUint16(IP + 8, (64 << 8) | 6); // hop limit, TCP
  } else {
    view.setUint8(IP, 0x60);
    view.setUint16(IP + 4, frame.length - IP - IPV6_BYTES);
    view.setUint16(IP + 6, (6 << 8) | 64); // TCP, hop limit
  }
  frame.set(source, transport - 2 * source.length);
  frame.set(addressBytes(to.address), transport - source.length);
  view.setUint16(transport, from.port);
  view.setUint16(transport + 2, to.port);
  view.setUint32(transport + 4, sequence);
  view.setUint32(transport + 8, acknowledgment);
  view.setUint16(transport + 12, 0x5000 | flags);
  view.setUint16(transport + 14, 65_535); // window
  frame.set(payload, transport + TCP_BYTES);
  return frame;
}

/** Nobody writes to a payload: one of one part needs no copy. */
function payloadOf(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 0 ? NONE : parts.length === 1 ? parts[0] : concat(parts);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function timeOf(at: number): number {
  return START + Math.floor(at / 1000) + (at % 1000) * 1e6 * 1e-9;
}

/** `192.0.2.1:443`, `[2001:db8::1]:443`. */
function endpoint(text: string): Endpoint {
  const colon = text.lastIndexOf(':');
  return { address: text.slice(0, colon).replace(/[[\]]/g, ''), port: Number(text.slice(colon + 1)) };
}

/** Addresses of tests are few. */
const known = new Map<string, Uint8Array>();

function addressBytes(text: string): Uint8Array {
  let bytes = known.get(text);
  if (!bytes) {
    bytes = parseAddress(text);
    known.set(text, bytes);
  }
  return bytes;
}

function parseAddress(text: string): Uint8Array {
  if (text.includes('.')) return Uint8Array.from(text.split('.'), Number);
  const [before, after = ''] = text.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const groups = [...before, ...new Array(8 - before.length - after.length).fill('0'), ...after];
  return Uint8Array.from(groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]));
}
