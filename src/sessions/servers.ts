// What is counted per server while connections come in.
import { MAX_FINGERPRINTS } from '../limits.js';
import type { ClientKind, Fingerprint, HandshakeCounts } from '../model.js';
import type { ConnectionFacts } from '../tls/facts.js';
import { Median } from './median.js';

/** Share of connections whose times contradict each other from which on it is the clocks, and not a packet that came out of order. */
const MIN_SKEWED = 0.1;
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
  /** Full and resumed handshakes by step; steps without any are left out. */
  #steps = new Map<number, [full: number, resumed: number]>();
  #last = 0;
  /** The step that is counted for, and its counts so far. */
  #present = -1;
  #full = 0;
  #resumed = 0;

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
    if (at !== this.#present) this.#go(at);
    if (isFull) this.#full++;
    else this.#resumed++;
    if (at > this.#last) this.#last = at;
  }

  clone(): HandshakeRate {
    const copy = new HandshakeRate(this.#limit);
    copy.#step = this.#step;
    copy.#origin = this.#origin;
    copy.#steps = new Map([...this.#steps].map(([at, counts]) => [at, [...counts]]));
    copy.#last = this.#last;
    copy.#present = this.#present;
    copy.#full = this.#full;
    copy.#resumed = this.#resumed;
    return copy;
  }

  /** Full handshakes per second: mean over the time from the first to the last handshake, at least a second; and the series. */
  report(): { mean: number; peak: number; series: [time: number, full: number, resumed: number][] } {
    this.#keep();
    let total = 0;
    let peak = 0;
    const series: [time: number, full: number, resumed: number][] = [];
    for (const [at, [full, resumed]] of [...this.#steps].sort(([a], [b]) => a - b)) {
      total += full;
      peak = Math.max(peak, full / this.#step);
      series.push([this.#origin + at * this.#step, full / this.#step, resumed / this.#step]);
    }
    return { mean: total / Math.max(1, (this.#last + 1) * this.#step), peak, series };
  }

  /** Counts for another step from now on; mostly for the next one. */
  #go(at: number): void {
    this.#keep();
    [this.#full, this.#resumed] = this.#steps.get(at) ?? [0, 0];
    this.#present = at;
  }

  #keep(): void {
    if (this.#present >= 0) this.#steps.set(this.#present, [this.#full, this.#resumed]);
    this.#present = -1;
  }

  #double(): void {
    this.#keep();
    const steps = new Map<number, [full: number, resumed: number]>();
    for (const [at, [full, resumed]] of this.#steps) {
      const counts = steps.get(at >> 1);
      if (counts) {
        counts[0] += full;
        counts[1] += resumed;
      } else steps.set(at >> 1, [full, resumed]);
    }
    this.#steps = steps;
    this.#last >>= 1;
    this.#step *= 2;
  }
}

/** How clients with one fingerprint close. */
interface KindCounts {
  connections: number;
  clean: number;
  unclean: number;
  resetRace: number;
}

/** Kinds of clients that are listed of one server. */
const MAX_LISTED_KINDS = 100;

/** One server (address and port) as connections to it end. */
export class ServerCounts {
  readonly address: string;
  readonly port: number;
  readonly names: Set<string>;
  readonly handshakes: HandshakeCounts;
  readonly rate: HandshakeRate;
  connections: number;
  /** The greatest amount by which times of its connections contradict each other, see ConnectionFacts.skewSeconds, and how many do. */
  #skewSeconds: number;
  #skewed: number;
  readonly #fullSeconds: Median;
  readonly #resumedSeconds: Median;
  #lastName: string | null = null;
  /** By the number of the fingerprint. */
  readonly #kinds: Map<number, KindCounts>;
  #lastKind: KindCounts | null = null;
  #lastFingerprint = 0;

  /** @param original what it is to be a copy of */
  constructor(address: string, port: number, seriesPoints: number, original: ServerCounts | null = null) {
    this.address = address;
    this.port = port;
    this.names = new Set(original?.names);
    this.handshakes = { ...(original?.handshakes ?? noHandshakes()) };
    this.rate = original?.rate.clone() ?? new HandshakeRate(seriesPoints);
    this.connections = original?.connections ?? 0;
    this.#skewSeconds = original ? original.#skewSeconds : 0;
    this.#skewed = original ? original.#skewed : 0;
    this.#fullSeconds = original ? original.#fullSeconds.clone() : new Median();
    this.#resumedSeconds = original ? original.#resumedSeconds.clone() : new Median();
    this.#kinds = new Map([...(original ? original.#kinds : [])].map(([number, counts]) => [number, { ...counts }]));
  }

  clone(): ServerCounts {
    return new ServerCounts(this.address, this.port, 0, this);
  }

  add(facts: ConnectionFacts): void {
    this.connections++;
    if (facts.skewSeconds !== 0) this.#addSkew(facts.skewSeconds);
    if (facts.serverName !== this.#lastName) this.#addName(facts.serverName);
    if (facts.fingerprint > 0) this.#addKind(facts);
    const { handshake, resumption } = facts;
    const { handshakes } = this;
    if (handshake === 'full') {
      handshakes.full++;
      if (resumption === 'declined') handshakes.declined++;
      if (resumption === 'not-offered') handshakes.notOffered++;
    } else if (handshake === 'resumed') handshakes.resumed++;
    else {
      if (handshake !== 'unknown') handshakes[handshake]++;
      return;
    }
    if (facts.handshakeSeconds >= 0) (handshake === 'full' ? this.#fullSeconds : this.#resumedSeconds).add(facts.handshakeSeconds);
    this.rate.add(facts.serverHello > 0 ? facts.serverHelloTime : facts.start, handshake === 'full');
  }

  /** Medians. */
  get handshakeSeconds(): { full: number | null; resumed: number | null } {
    return { full: this.#fullSeconds.value, resumed: this.#resumedSeconds.value };
  }

  /** By how much the clocks of its two directions differ, seconds, as far as the times show; 0 where few of its connections say so. */
  get skewSeconds(): number {
    const { full, resumed } = this.handshakes;
    return this.#skewed >= MIN_SKEWED * (full + resumed) ? this.#skewSeconds : 0;
  }

  #addSkew(seconds: number): void {
    this.#skewed++;
    if (Math.abs(seconds) > Math.abs(this.#skewSeconds)) this.#skewSeconds = seconds;
  }

  #addName(name: string | null): void {
    this.#lastName = name;
    if (name !== null && this.names.size < MAX_NAMES) this.names.add(name);
  }

  /** @param fingerprintOf the texts of a number */
  clients(fingerprintOf: (number: number) => Fingerprint | null): ClientKind[] {
    const kinds = new Map<string, ClientKind>();
    for (const [number, counts] of this.#kinds) {
      const fingerprint = fingerprintOf(number);
      if (fingerprint === null) continue;
      const { ja3, ja4 } = fingerprint;
      const known = kinds.get(ja4);
      if (!known) {
        kinds.set(ja4, { ja4, ja3, ...counts });
        continue;
      }
      known.ja3 = null;
      for (const key of ['connections', 'clean', 'unclean', 'resetRace'] as const) known[key] += counts[key];
    }
    return [...kinds.values()].sort((a, b) => b.unclean - a.unclean || b.connections - a.connections).slice(0, MAX_LISTED_KINDS);
  }

  #addKind({ fingerprint, client }: ConnectionFacts): void {
    if (fingerprint !== this.#lastFingerprint || this.#lastKind === null) {
      let kind = this.#kinds.get(fingerprint);
      if (!kind) {
        if (this.#kinds.size >= MAX_FINGERPRINTS) return;
        kind = { connections: 0, clean: 0, unclean: 0, resetRace: 0 };
        this.#kinds.set(fingerprint, kind);
      }
      this.#lastKind = kind;
      this.#lastFingerprint = fingerprint;
    }
    const kind = this.#lastKind;
    kind.connections++;
    if (client.state === 'clean') kind.clean++;
    else if (client.state === 'unclean') kind.unclean++;
    else if (client.state === 'reset-race') kind.resetRace++;
  }
}
