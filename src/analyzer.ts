import { ArgumentError, checkFunction, checkNames } from './argument-error.js';
import { wellFormed } from './bytes/escape.js';
import { Rows } from './bytes/rows.js';
import { DEFAULT_LIMITS, type Limits } from './limits.js';
import type { TableSizes } from './live-model.js';
import type { CaptureSource, Connection, Finding, Report } from './model.js';
import type { EvidenceByKind } from './sessions/evidence-by-kind.js';
import type { Outcome, Wanted } from './sessions/judgement.js';
import { type Judgement, SessionLedger, toEnd } from './sessions/ledger.js';
import { AddressTable } from './tcp/address-table.js';
import { type Moment, ROW_INTS, TcpConnections } from './tcp/connections.js';
import { Packets } from './tcp/packets.js';
import { TcpTracker } from './tcp/tracker.js';
import { QualityCounts } from './tls/capture-quality.js';
import { TlsConnections } from './tls/connections.js';
import type { Decryption } from './tls/decryption.js';
import { describe } from './tls/describe.js';
import { ConnectionFacts } from './tls/facts.js';
import { RecordReader } from './tls/records.js';
import { Warnings } from './warnings.js';

/** Captures of several interfaces are a little out of order; more than this is another clock, or another file. */
const MAX_STEP_BACK_SECONDS = 1;
/** Share of the addresses that may be numbered before all are numbered anew, where that can be chosen. */
const FULL = 7 / 8;
const CLOCKS_DIFFER =
  'connections whose answers come before what they answer: clocks of the two directions differ, and verdicts on them are left open';
const ADDRESSES = 'too many IPv6 addresses: connections that were open then were told as they were';
const TIME_BACKWARDS =
  'frames are earlier than frames before them, by more than a second: for files that overlap in time, merge them first (mergecap -w all.pcap FILE...)';

/** A server, or all ports of one. */
export interface ServerAddress {
  /** An IP address. */
  address: string;
  /** 1 to 65535; default, and null: all of them. */
  port?: number | null | undefined;
}

/** Options of `Analyzer`. */
export interface AnalyzerOptions {
  /** `findings` (default) forgets what no finding needs; `all` keeps every connection and session for the report. */
  keep?: 'findings' | 'all' | undefined;
  /** What memory is bounded by; default: `DEFAULT_LIMITS`. Reaching one is a warning in the report. */
  limits?: Partial<Limits> | undefined;
  /** Only connections to this server are looked at. Its address is to be written as a report does (RFC 5952). */
  server?: ServerAddress | undefined;
  /** Processor time of one full handshake at the server, milliseconds, to estimate what avoidable ones cost. */
  handshakeCost?: number | undefined;
  /** Decrypts what there are secrets for. The analyzer itself runs without it. */
  decryption?: Decryption | undefined;
  /** Called with each connection as it ends. */
  onConnection?: ((connection: Connection) => void) | undefined;
}

/**
 * Frames in, a {@link Report} out. Synchronous; its only clock is the time of the frames.
 *
 * @example
 * const analyzer = new Analyzer();
 * analyzer.push(frame, seconds, nanoseconds, 1);
 * const report = analyzer.finish();
 */
export class Analyzer {
  /** @internal */
  readonly warnings = new Warnings();
  readonly #limits: Limits;
  readonly #options: AnalyzerOptions;
  readonly #addresses: AddressTable;
  readonly #now: Moment = { frame: 0, time: 0, acknowledges: 0, acknowledgesKnown: false };
  readonly #tcp: TcpConnections;
  readonly #tls: TlsConnections;
  readonly #facts = new ConnectionFacts();
  readonly #tracker: TcpTracker;
  readonly #packets: Packets;
  readonly #ledger: SessionLedger;
  readonly #kept: Connection[] = [];
  /** Of the last judgement that was not the last of all. */
  #evidence: readonly EvidenceByKind[] | null = null;
  #isFinished = false;
  #frames = 0;
  #decrypted = 0;
  readonly #quality = new QualityCounts();
  #bytes = 0;
  #firstTime = Number.POSITIVE_INFINITY;
  #lastTime = Number.NEGATIVE_INFINITY;

  /** @throws {@link ArgumentError} for an option that is none: a limit that is no whole number, or 0 where nothing works without one */
  constructor(options: AnalyzerOptions = {}) {
    checkOptions(options);
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    checkLimits(this.#limits);
    this.#addresses = new AddressTable(this.#limits.addresses);
    const rows = new Rows(ROW_INTS, this.#limits.open);
    this.#tcp = new TcpConnections(rows);
    this.#tls = new TlsConnections(rows, options.keep === 'all' || options.onConnection !== undefined);
    const records = new RecordReader(
      this.#tcp,
      this.#tls,
      this.#now,
      this.#limits,
      this.warnings,
      options.decryption ?? null,
      (connection) => this.#ended(connection),
    );
    this.#tracker = new TcpTracker(this.#tcp, this.#now, records, this.#limits, this.warnings);
    this.#packets = new Packets(this.#tracker, this.#now, this.#addresses, this.#limits, this.warnings);
    const ledger = {
      limits: this.#limits,
      keepAll: options.keep === 'all',
      handshakeCost: options.handshakeCost ?? null,
      fingerprintOf: (number: number) => this.#tls.fingerprints.text(number),
    };
    this.#ledger = new SessionLedger(ledger, this.warnings);
  }

  /** Frames seen. */
  get frames(): number {
    return this.#frames;
  }

  /**
   * One frame. Frames are numbered from 1 in the order in which they are pushed.
   *
   * @param frame the captured bytes; they are not kept
   * @param seconds Unix seconds, whole; `nanoseconds` 0 to 999 999 999
   * @param linkType number of the LINKTYPE_ registry, 1 for Ethernet (tcpdump.org/linktypes.html)
   * @param originalLength length on the wire in bytes, when the capture cut the frame
   * @throws {@link ArgumentError} for a time that is none, and after {@link finish}
   */
  push(frame: Uint8Array, seconds: number, nanoseconds: number, linkType: number, originalLength = frame.length): void {
    if (this.#isFinished) throw new ArgumentError('push: the analyzer has finished');
    if (!(Number.isInteger(seconds) && nanoseconds >= 0 && nanoseconds < 1e9)) {
      throw new ArgumentError(`push: expected whole Unix seconds and 0 to 999999999 nanoseconds, not ${seconds} and ${nanoseconds}`);
    }
    this.frame(frame, 0, frame.length, originalLength, seconds, nanoseconds, linkType);
  }

  /**
   * The same for a frame inside a larger buffer, unchecked: `bytes[offset … offset + capturedLength)`.
   *
   * @internal
   */
  frame(
    bytes: Uint8Array,
    offset: number,
    capturedLength: number,
    originalLength: number,
    seconds: number,
    nanoseconds: number,
    linkType: number,
  ): void {
    const time = seconds + nanoseconds * 1e-9;
    const now = this.#now;
    now.frame = ++this.#frames;
    now.time = time;
    this.#bytes += capturedLength;
    if (time < this.#firstTime) this.#firstTime = time;
    if (time > this.#lastTime) this.#lastTime = time;
    else if (time < this.#lastTime - MAX_STEP_BACK_SECONDS) this.warnings.add('time-backwards', TIME_BACKWARDS, this.#frames);
    const end = offset + capturedLength;
    const wireEnd = offset + Math.max(originalLength, capturedLength);
    this.#packets.decode(bytes, offset, end, wireEnd, linkType);
  }

  /**
   * No frame follows: ends up to `count` connections that are still open, each of which `onConnection` is told. False when none is
   * left. {@link finish} does the same for all of them at once.
   */
  flush(count: number): boolean {
    return this.#tracker.finish(count);
  }

  /**
   * The capture is over: the analyzer cannot be used any more.
   *
   * @param sources what the report says of where the frames came from
   */
  finish(sources: CaptureSource[] = []): Report {
    if (this.#isFinished) throw new ArgumentError('finish: the analyzer has finished');
    this.#isFinished = true;
    this.#packets.finish();
    this.#tracker.finish(Number.POSITIVE_INFINITY);
    return this.#report(this.#ledger.finish(), this.#kept, this.warnings, this.#quality, sources);
  }

  /** The report as if the capture ended here: open connections are in it as they are. The analyzer goes on. */
  report(sources: CaptureSource[] = []): Report {
    return toEnd(this.judge(null, sources));
  }

  /**
   * The same in steps: yields every few milliseconds, so that frames can be pushed meanwhile. They are not in the report.
   *
   * @internal
   * @param wanted which findings are to be listed: by their session, and by a text that changes when there is something new to tell; null
   *   for all
   */
  judge(wanted: Wanted | null, sources: CaptureSource[] = []): Generator<undefined, Report> {
    const warnings = this.warnings.clone();
    const ledger = this.#ledger.clone(warnings);
    const quality = this.#quality.clone();
    const kept = this.#kept.map((connection) => ({ ...connection }));
    const known = ledger.servers;
    for (const number of this.#tracker.open) {
      const facts = this.#openFacts(number);
      if (facts === null) continue;
      ledger.add(facts);
      quality.add(this.#tcp, number, facts);
      if (this.#options.keep === 'all') kept.push(describe(this.#tcp, this.#tls, number, facts));
    }
    const steps = ledger.judge(wanted);
    const conclude = (judged: Judgement) => {
      // Those of servers that only open connections are to may get other numbers when they are over.
      if (wanted !== null) this.#evidence = judged.evidence.slice(0, known);
      return this.#report(judged, kept, warnings, quality, sources);
    };
    return (function* () {
      return conclude(yield* steps);
    })();
  }

  /**
   * Findings among the sessions that were declined since this was last called, by the evidence of the last {@link judge}. It costs little,
   * however much is known.
   *
   * @internal
   * @param wanted as for `judge`
   */
  judgeRecent(wanted: Wanted): Finding[] {
    return this.#ledger.judgeRecent(this.#evidence ?? [], this.#visitOpen, wanted);
  }

  /** Visits the connections that are not over. */
  readonly #visitOpen = (visit: (facts: ConnectionFacts) => void): void => {
    for (const number of this.#tracker.open) {
      const facts = this.#openFacts(number);
      if (facts) visit(facts);
    }
  };

  /** What is known of an open connection; null where nobody wants to know. */
  #openFacts(number: number): ConnectionFacts | null {
    if (!this.#tls.isTls(number)) return null;
    const facts = this.#facts.read(this.#tcp, this.#tls, this.#addresses, number);
    return this.#isSelected(facts) ? facts : null;
  }

  /** For captures that go on: it is `time` (Unix seconds), although no frame came: tells of connections that waited for late packets long enough. */
  elapse(time: number): void {
    this.#tracker.elapse(time);
  }

  /** For captures that go on: tells of the connections without a packet since `openSince`, or `endedSince` where one side has ended, and follows them no more. */
  expire(openSince: number, endedSince: number): void {
    this.#tracker.expire(openSince, endedSince);
    if (this.#addresses.size < FULL * this.#limits.addresses) return;
    this.#tracker.forgetIpv6();
    this.#addresses.clear();
    this.warnings.add('address-limit', ADDRESSES, this.#frames);
  }

  /**
   * For captures that go on: forgets the sessions that were last used before `time`. Their findings stay in the report, and what they came to in its counts;
   * evidence and verdicts are of the others.
   *
   * @param settled is told of each finding whose session is forgotten
   */
  forget(time: number, settled: (finding: Pick<Finding, 'session' | 'server'>) => void = () => {}): void {
    const outcomes = this.#ledger.forget(time, this.#evidence, this.#visitOpen, settled);
    settle(this.#kept, outcomes);
    // Names have other numbers now.
    this.#evidence = null;
  }

  /** When the older half of the sessions was last used. */
  get medianUse(): number {
    return this.#ledger.medianUse;
  }

  /** TLS connections that are over and of which bytes are missing (`capture.incompleteConnections` of a report). */
  get incompleteConnections(): number {
    return this.#quality.incomplete;
  }

  /** How full the tables are that {@link Limits} keep small. */
  get sizes(): TableSizes {
    const { open: openConnections, remembered: rememberedConnections } = this.#tracker.sizes;
    const { sessions, uses: sessionUses } = this.#ledger.sizes;
    return { openConnections, rememberedConnections, sessions, sessionUses };
  }

  #report(judged: Judgement, kept: Connection[], warnings: Warnings, quality: QualityCounts, sources: CaptureSource[]): Report {
    const isEmpty = this.#frames === 0;
    settle(kept, judged.outcomes);
    return {
      schema: 'closenotify/report/1',
      capture: {
        sources: sources.map((source) => ({ ...source, name: wellFormed(source.name) })),
        firstTime: isEmpty ? null : this.#firstTime,
        lastTime: isEmpty ? null : this.#lastTime,
        decryptedConnections: this.#decrypted,
        incompleteConnections: quality.incomplete,
        quality: quality.report(),
        otherFrames: this.#packets.others.report(),
        warnings: warnings.list(),
      },
      totals: { tcpConnections: this.#tracker.streams, ...judged.totals },
      servers: judged.servers,
      findings: judged.findings,
      sessions: judged.sessions,
      connections: kept.sort((a, b) => a.stream - b.stream),
    };
  }

  #ended(number: number): void {
    const facts = this.#facts.read(this.#tcp, this.#tls, this.#addresses, number);
    if (!this.#isSelected(facts)) return;
    this.#ledger.add(facts);
    if (facts.skewSeconds !== 0) this.warnings.add('clocks-differ', CLOCKS_DIFFER, facts.serverHello);
    if (facts.isDecrypted) this.#decrypted++;
    this.#quality.add(this.#tcp, number, facts);
    const { keep, onConnection } = this.#options;
    if (keep !== 'all' && !onConnection) return;
    const connection = describe(this.#tcp, this.#tls, number, facts);
    if (keep === 'all') this.#kept.push(connection);
    onConnection?.(connection);
  }

  #isSelected(facts: ConnectionFacts): boolean {
    const wanted = this.#options.server;
    return !wanted || (wanted.address === facts.serverAddress && (wanted.port ?? facts.serverPort) === facts.serverPort);
  }
}

/** Writes what hindsight made of offers into the records of their connections. */
function settle(connections: readonly Connection[], outcomes: ReadonlyMap<number, Outcome>): void {
  for (const connection of connections) {
    const outcome = outcomes.get(connection.stream);
    if (!outcome) continue;
    connection.resumption = outcome.resumption;
    connection.cause = outcome.cause;
  }
}

const OPTIONS: Record<keyof AnalyzerOptions, true> = {
  keep: true,
  limits: true,
  server: true,
  handshakeCost: true,
  decryption: true,
  onConnection: true,
};

/** Nothing works without one of these. */
const AT_LEAST_ONE: ReadonlySet<string> = new Set(['flows', 'open', 'seriesPoints']);
/** The first one, the last acceptance, and the newest one are kept. */
const MIN_USES = 3;

/** Their numbers share an integer with what else there is to know of a session. */
const MAX_SERVERS = 1 << 24;
/** Tables have no more rows. */
const MAX_LIMIT = 2 ** 30;

function checkOptions(options: AnalyzerOptions): void {
  checkNames(options, OPTIONS);
  const { keep = 'findings', handshakeCost = 0, limits = {} } = options;
  if (typeof limits !== 'object' || limits === null) throw new ArgumentError(`limits: expected numbers by their names, not ${limits}`);
  checkFunction('onConnection', options.onConnection);
  if (keep !== 'findings' && keep !== 'all') throw new ArgumentError(`keep: expected 'findings' or 'all', not ${keep}`);
  if (!(handshakeCost >= 0 && Number.isFinite(handshakeCost))) {
    throw new ArgumentError(`handshakeCost: expected milliseconds, 0 or more, not ${handshakeCost}`);
  }
}

function checkLimits(limits: Limits): void {
  for (const [name, limit] of Object.entries(limits)) {
    if (!(name in DEFAULT_LIMITS)) throw new ArgumentError(`limits.${name}: there is no such limit`);
    const least = name === 'usesPerSession' ? MIN_USES : AT_LEAST_ONE.has(name) ? 1 : 0;
    if (!Number.isSafeInteger(limit) || limit < least || limit > MAX_LIMIT) {
      throw new ArgumentError(`limits.${name}: expected a whole number from ${least} to ${MAX_LIMIT}, not ${limit}`);
    }
  }
  if (limits.servers > MAX_SERVERS) throw new ArgumentError(`limits.servers: expected ${MAX_SERVERS} at most, not ${limits.servers}`);
}
