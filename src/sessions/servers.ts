// What is counted per server while connections come in.
import type { HandshakeCounts } from '../model.js';
import type { ConnectionFacts } from '../tls/facts.js';

/** Names of one server that are listed. */
const MAX_NAMES = 20;

export function noHandshakes(): HandshakeCounts {
  return { full: 0, resumed: 0, declined: 0, notOffered: 0, failed: 0, incomplete: 0 };
}

/** Handshakes per second of capture time, in a bounded number of steps that double in length as the capture gets longer. */
export class HandshakeRate {
  readonly #limit: number;
  #step = 1;
  #origin = Number.NaN;
  #full: number[] = [];
  #resumed: number[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(time: number, isFull: boolean): void {
    if (Number.isNaN(this.#origin)) this.#origin = Math.floor(time);
    // Files out of order: what comes before the first connection is counted with it.
    let at = Math.max(0, Math.floor((time - this.#origin) / this.#step));
    while (at >= this.#limit) {
      this.#double();
      at = Math.floor((time - this.#origin) / this.#step);
    }
    const series = isFull ? this.#full : this.#resumed;
    while (this.#full.length <= at) this.#full.push(0);
    while (this.#resumed.length <= at) this.#resumed.push(0);
    series[at]++;
  }

  /** Full handshakes per second: mean over the time from the first to the last handshake, at least a second; and the series. */
  report(): { mean: number; peak: number; series: [time: number, full: number, resumed: number][] } {
    const seconds = Math.max(1, this.#full.length * this.#step);
    const total = this.#full.reduce((sum, n) => sum + n, 0);
    const peak = this.#full.reduce((most, n) => Math.max(most, n), 0) / this.#step;
    const series = this.#full.map((full, i): [number, number, number] => [
      this.#origin + i * this.#step,
      full / this.#step,
      this.#resumed[i] / this.#step,
    ]);
    return { mean: total / seconds, peak, series };
  }

  #double(): void {
    this.#full = inPairs(this.#full);
    this.#resumed = inPairs(this.#resumed);
    this.#step *= 2;
  }
}

function inPairs(series: readonly number[]): number[] {
  const half: number[] = [];
  for (let i = 0; i < series.length; i += 2) half.push(series[i] + (series[i + 1] ?? 0));
  return half;
}

/** One server (address and port) as connections to it end. */
export class ServerCounts {
  readonly address: string;
  readonly port: number;
  readonly names = new Set<string>();
  readonly handshakes = noHandshakes();
  readonly rate: HandshakeRate;
  connections = 0;
  #lastName: string | null = null;

  constructor(address: string, port: number, seriesPoints: number) {
    this.address = address;
    this.port = port;
    this.rate = new HandshakeRate(seriesPoints);
  }

  add(facts: ConnectionFacts): void {
    this.connections++;
    if (facts.serverName !== this.#lastName) this.#addName(facts.serverName);
    const { handshake, resumption } = facts;
    if (handshake === 'unknown') return;
    this.handshakes[handshake]++;
    if (handshake === 'full' && resumption === 'declined') this.handshakes.declined++;
    if (handshake === 'full' && resumption === 'not-offered') this.handshakes.notOffered++;
    if (handshake === 'full' || handshake === 'resumed')
      this.rate.add(facts.serverHello > 0 ? facts.serverHelloTime : facts.start, handshake === 'full');
  }

  #addName(name: string | null): void {
    this.#lastName = name;
    if (name !== null && this.names.size < MAX_NAMES) this.names.add(name);
  }
}
