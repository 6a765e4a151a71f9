// A capture that goes on: the events of it while it does, and the report at its end.

import { Analyzer, type AnalyzerOptions } from '../analyzer.js';
import { ArgumentError, checkNames, checkSignal } from '../argument-error.js';
import type { FrameSink } from '../capture/frame-sink.js';
import { hearErrors } from '../capture/inputs.js';
import type { CaptureError } from '../capture/live/capture-error.js';
import { type CaptureInput, readCapture } from '../capture/read.js';
import { LIVE_LIMITS, type Limits } from '../limits.js';
import type { CaptureEvent, LiveStatistics } from '../live-model.js';
import type { CaptureSource, Connection, Report } from '../model.js';
import { checkedServer } from '../selection/server-address.js';
import { Alarm } from './alarm.js';
import { LiveFrames } from './frames.js';
import { Judging } from './judging.js';

/** Options of `capture`. */
export interface CaptureOptions extends Omit<AnalyzerOptions, 'keep' | 'onConnection' | 'decryption' | 'limits'> {
  /** What memory is bounded by; default: `LIVE_LIMITS`. Reaching one is a warning in the report. */
  limits?: Partial<Limits> | undefined;
  /** Name of an interface: npm `cap` captures on it, in a process of its own. */
  device?: string | undefined;
  /** With `device`: which of its frames are captured, as for tcpdump. Default: `tcp`. */
  filter?: string | undefined;
  /** Instead of `device`: what tcpdump or dumpcap write, while they write it; or a `cap` Cap that was opened. */
  input?: CaptureInput | undefined;
  /** With `device`, where this process is root: the user that the capturing process becomes as soon as the interface is open. */
  user?: string | undefined;
  /** With `device`: bytes that the kernel keeps of frames that were not taken yet. */
  bufferBytes?: number | undefined;
  /** With `device`: goes on when the interface went down, as soon as it is there again. */
  restart?: boolean | undefined;
  /** The capture is over after so many seconds, 24 days at most. */
  duration?: number | undefined;
  /** The capture is over after so many frames. */
  count?: number | undefined;
  /** Aborting it ends the capture as its end does: the last event, the report, still comes. */
  signal?: AbortSignal | undefined;
  /** Without events of connections it costs less. Default: true. */
  connections?: boolean | undefined;
  /** Seconds that a session is remembered that nobody uses. Default: 3600. */
  remember?: number | undefined;
  /** Is given every frame before it is analyzed. */
  copy?: FrameSink | undefined;
  /** Is called once the interface is open, before the first frame; awaited. */
  onOpen?: (() => void | Promise<void>) | undefined;
}

const ONLY_WITH_DEVICE = ['filter', 'user', 'bufferBytes', 'restart'] as const;
const OPTIONS: Record<keyof CaptureOptions, true> = {
  device: true,
  filter: true,
  input: true,
  user: true,
  bufferBytes: true,
  restart: true,
  duration: true,
  count: true,
  signal: true,
  connections: true,
  remember: true,
  copy: true,
  onOpen: true,
  limits: true,
  server: true,
  handshakeCost: true,
};

const DEFAULT_FILTER = 'tcp';
/** Timers of Node end at 2^31 milliseconds. */
const MAX_DURATION = 24 * 86_400;
const REMEMBERED_SECONDS = 3600;
/** A connection without a packet for so long is told as it is, and not followed any more; the same where one side has ended. */
const IDLE_SECONDS = 3600;
const HALF_CLOSED_SECONDS = 300;
/** How often connections and sessions are looked through for old ones, and statistics are told: milliseconds. */
const SWEEP_MILLISECONDS = 10_000;
const STATISTICS_MILLISECONDS = 1000;
const RESTART_MILLISECONDS = 1000;
const MAX_WAIT_MILLISECONDS = 250;

/** What the public `capture` does. */
export function capture(options: CaptureOptions): Capture {
  return new Capture(options);
}

/** A capture that goes on, or is over: an async iterable of its events, which can be gone through once. */
export class Capture implements AsyncIterable<CaptureEvent> {
  readonly #options: CaptureOptions;
  readonly #analyzer: Analyzer;
  readonly #frames: LiveFrames;
  readonly #judging: Judging;
  readonly #alarm = new Alarm();
  readonly #ended: Connection[] = [];
  /** What was read before the present source was opened, and what is read of that. */
  #sourcesBefore: CaptureSource[] = [];
  #present: () => CaptureSource[] = () => [];
  #end: () => void = () => {};
  #isStopped = false;
  #interrupted: CaptureError | null = null;
  #isBegun = false;
  #sweepAt = 0;
  #statisticsAt = 0;

  /** @internal */
  constructor(options: CaptureOptions) {
    if ((options.device === undefined) === (options.input === undefined)) throw new ArgumentError('give either a device or an input');
    for (const name of ONLY_WITH_DEVICE) {
      if (options.device === undefined && options[name] !== undefined && options[name] !== false)
        throw new ArgumentError(`${name}: only for a device`);
    }
    checkNames(options, OPTIONS);
    checkSignal(options.signal);
    const { duration, count, filter, remember = REMEMBERED_SECONDS } = options;
    if (options.device !== undefined && typeof options.device !== 'string')
      throw new ArgumentError(`device: expected the name of an interface, not ${options.device}`);
    if (filter !== undefined && typeof filter !== 'string') throw new ArgumentError(`filter: expected text as for tcpdump, not ${filter}`);
    if (!(remember > 0 && Number.isFinite(remember))) throw new ArgumentError(`remember: expected seconds, more than 0, not ${remember}`);
    if (duration !== undefined && !(duration > 0 && duration <= MAX_DURATION)) {
      throw new ArgumentError(`duration: expected seconds, more than 0 and at most ${MAX_DURATION}, not ${duration}`);
    }
    if (count !== undefined && !(Number.isSafeInteger(count) && count > 0)) {
      throw new ArgumentError(`count: expected a whole number of frames from 1 on, not ${count}`);
    }
    this.#options = options;
    const limits = { ...LIVE_LIMITS, ...options.limits };
    const { handshakeCost, connections = true } = options;
    const server = checkedServer(options.server, 'server');
    hearErrors(options.input);
    this.#analyzer = new Analyzer({
      limits,
      server,
      handshakeCost,
      onConnection: connections ? (connection) => this.#ended.push(connection) : undefined,
    });
    const isOwnClock = options.device !== undefined;
    this.#frames = new LiveFrames(this.#analyzer, options.copy ?? null, options.count ?? Number.POSITIVE_INFINITY, isOwnClock);
    this.#judging = new Judging(this.#analyzer, limits);
  }

  /** Ends the capture: what was captured is still read, and the report comes. */
  stop(): void {
    this.#isStopped = true;
    this.#end();
    this.#alarm.ring();
  }

  /** The report as if the capture ended now. */
  report(): Report {
    return this.#analyzer.report(this.#sources());
  }

  /** The report of the last judgement, which is at most some seconds old, with those findings only that were news then; null before the first one. */
  get latest(): Report | null {
    return this.#judging.latest;
  }

  /** Why nothing is captured at the moment, until `restart` succeeds; else null. */
  get interrupted(): CaptureError | null {
    return this.#interrupted;
  }

  /** As of now; totals are those of the last judgement. */
  get statistics(): LiveStatistics {
    const sources = this.#sources();
    const told = sources.filter(({ dropped }) => dropped !== null);
    return {
      at: Date.now() / 1000,
      interrupted: this.#interrupted?.message ?? null,
      time: this.#frames.time,
      frames: this.#analyzer.frames,
      bytes: this.#frames.bytes,
      dropped: told.length === 0 ? null : told.reduce((sum, { dropped }) => sum + (dropped ?? 0), 0),
      incompleteConnections: this.#analyzer.incompleteConnections,
      lagSeconds: this.#frames.lagSeconds,
      tables: this.#analyzer.sizes,
      totals: (this.#judging.latest ?? this.report()).totals,
    };
  }

  /** The events, as they happen; ending the loop ends the capture. */
  async *[Symbol.asyncIterator](): AsyncGenerator<CaptureEvent, void> {
    if (this.#isBegun) throw new ArgumentError('a capture can be gone through once');
    this.#isBegun = true;
    const { signal, duration } = this.#options;
    const stop = () => this.stop();
    const timer = duration === undefined ? null : setTimeout(stop, duration * 1000);
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop, { once: true });
    let failure: CaptureError | null = null;
    try {
      failure = yield* this.#capture();
      for (let isMore = true; isMore; yield* this.#connections()) isMore = this.#analyzer.flush(BATCH);
      yield* this.#judging.last(() => this.#sources());
      yield { type: 'report', report: this.#analyzer.finish(this.#sources()) };
    } finally {
      if (timer) clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      this.stop();
    }
    if (failure) throw failure;
  }

  /** @returns why it ended, unless it was stopped or its input ended */
  async *#capture(): AsyncGenerator<CaptureEvent, CaptureError | null> {
    const { device, input, restart = false } = this.#options;
    if (device === undefined) {
      const stopping = new AbortController();
      this.#end = () => stopping.abort();
      await this.#options.onOpen?.();
      if (!this.#isStopped) yield* this.#read(input as CaptureInput, stopping);
      return null;
    }
    const { openDevice } = await import('../capture/live/capture-process.js');
    const { filter = DEFAULT_FILTER, user, bufferBytes } = this.#options;
    const wanted = { device, filter, ...(user !== undefined && { user }), ...(bufferBytes !== undefined && { bufferBytes }) };
    for (let isFirst = true; !this.#isStopped; isFirst = false) {
      const opened = await openDevice(wanted).catch((error: CaptureError) => {
        if (isFirst || !restart) throw error;
        return null;
      });
      if (opened === null) {
        yield* this.#pause();
        continue;
      }
      this.#interrupted = null;
      this.#end = () => opened.stop();
      if (isFirst) await this.#options.onOpen?.();
      if (this.#isStopped) opened.stop();
      yield* this.#read({ name: device, stream: opened.stream }, new AbortController());
      const end = await opened.ended;
      if (end.reason === 'stopped') return null;
      if (!restart) return end.error;
      this.#interrupted = end.error;
      this.#analyzer.warnings.add('capture-interrupted', end.error.message, this.#analyzer.frames || null);
      yield* this.#pause();
    }
    return null;
  }

  /** Waits for an interface that went down, with an eye on the time. */
  async *#pause(): AsyncGenerator<CaptureEvent, void> {
    this.#end = () => {};
    const until = performance.now() + RESTART_MILLISECONDS;
    for (let now = performance.now(); now < until && !this.#isStopped; now = performance.now()) {
      yield* this.#turn(now);
      await this.#alarm.wait(Math.min(MAX_WAIT_MILLISECONDS, until - now));
    }
  }

  /** @param stopping ends an input that does not end by itself, also when nobody wants further events */
  async *#read(input: CaptureInput, stopping: AbortController): AsyncGenerator<CaptureEvent, void> {
    const { signal } = stopping;
    const reading = readCapture([input], this.#frames, this.#analyzer.warnings, { signal });
    try {
      let step = this.#next(reading);
      for (;;) {
        if (step.result === null) await this.#alarm.wait(this.#judging.isBusy ? 0 : MAX_WAIT_MILLISECONDS);
        const now = performance.now();
        if (step.error !== null) {
          if (signal.aborted) break;
          throw step.error;
        }
        if (step.result !== null) {
          this.#frames.read(now);
          if (step.result.done) {
            const sources = step.result.value;
            this.#present = () => sources;
            break;
          }
          this.#present = step.result.value.sources;
          if (this.#frames.isFull) this.stop();
          step = this.#next(reading);
        }
        yield* this.#turn(now);
      }
    } finally {
      // A read that is pending would have to end first.
      stopping.abort();
      await reading.return([]);
      this.#sourcesBefore = joined(this.#sources());
      this.#present = () => [];
    }
  }

  /** The next step of reading: its fields are filled in, and the alarm rings, when it is done. */
  #next<T, R>(reading: AsyncGenerator<T, R>): { result: IteratorResult<T, R> | null; error: unknown } {
    const step: { result: IteratorResult<T, R> | null; error: unknown } = { result: null, error: null };
    reading.next().then(
      (result) => {
        step.result = result;
        this.#alarm.ring();
      },
      (error) => {
        step.error = error ?? new Error('reading failed');
        this.#alarm.ring();
      },
    );
    return step;
  }

  /** What is to be done between frames. */
  *#turn(now: number): Generator<CaptureEvent, void> {
    yield* this.#connections();
    const time = this.#frames.presentTime(now);
    if (now >= this.#sweepAt && time !== null && !this.#judging.isBusy) {
      this.#sweepAt = now + SWEEP_MILLISECONDS;
      this.#analyzer.expire(time - IDLE_SECONDS, time - HALF_CLOSED_SECONDS);
      this.#judging.forget(time - (this.#options.remember ?? REMEMBERED_SECONDS));
    }
    yield* this.#judging.turn(now, () => this.#sources());
    if (now >= this.#statisticsAt) {
      this.#statisticsAt = now + STATISTICS_MILLISECONDS;
      if (time !== null) this.#analyzer.elapse(time);
      yield { type: 'statistics', statistics: this.statistics };
    }
  }

  *#connections(): Generator<CaptureEvent, void> {
    for (const connection of this.#ended.splice(0)) yield { type: 'connection', connection };
  }

  #sources(): CaptureSource[] {
    const isLive = this.#options.device !== undefined;
    const present = this.#present().map((source) =>
      isLive ? { ...source, format: 'live' as const, dropped: source.dropped ?? 0 } : source,
    );
    const all = [...this.#sourcesBefore, ...present];
    const last = all.at(-1);
    if (last === undefined || !this.#frames.isFull) return all;
    // What was read beyond the wanted number is no part of the capture.
    const surplus = all.reduce((sum, { frames }) => sum + frames, 0) - this.#analyzer.frames;
    const bytes = last.bytes + this.#frames.bytes - all.reduce((sum, source) => sum + source.bytes, 0);
    return [...all.slice(0, -1), { ...last, frames: last.frames - surplus, bytes }];
  }
}

/** Connections that are ended at a time when the capture is over. */
const BATCH = 1000;

/** An interface is one source, however often it was opened. */
function joined(sources: readonly CaptureSource[]): CaptureSource[] {
  if (sources.length < 2) return [...sources];
  const total = (value: (source: CaptureSource) => number) => sources.reduce((sum, source) => sum + value(source), 0);
  const linkTypes = [...new Set(sources.flatMap((source) => source.linkTypes))];
  const [first] = sources;
  return [
    {
      ...first,
      linkTypes,
      frames: total(({ frames }) => frames),
      bytes: total(({ bytes }) => bytes),
      dropped: total(({ dropped }) => dropped ?? 0),
    },
  ];
}
