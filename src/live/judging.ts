// Judging while frames come: again and again, in steps, and no more often than it can be afforded.
import type { Analyzer } from '../analyzer.js';
import type { FindingEvent } from '../live-model.js';
import type { CaptureSource, Report } from '../model.js';
import { ToldFindings } from './findings.js';

/** Milliseconds from one look at what is new to the next: how late a finding is told at least. */
const PAUSE = 250;
/** Of the time that a judgement took: what passes before the next one. */
const PAUSE_FACTOR = 4;
/** Milliseconds of judging before frames are looked at again. */
const TURN = 10;
/** Share of a table that may be full before the older half of the sessions is forgotten. */
const FULL = 7 / 8;

/** Milliseconds as `performance.now()`: when something may be done again, by how long it took. */
class Pause {
  due = 0;

  begin(): void {
    this.due = Number.POSITIVE_INFINITY;
  }

  end(spent: number): void {
    this.due = performance.now() + Math.max(PAUSE, PAUSE_FACTOR * spent);
  }
}

/**
 * New declines are judged at once, by the evidence that there was; everything that is known is judged again from time to time, with new
 * evidence, by which findings are corrected.
 */
export class Judging {
  readonly #analyzer: Analyzer;
  readonly #told = new ToldFindings();
  readonly #limits: { sessions: number; uses: number };
  readonly #recent = new Pause();
  readonly #all = new Pause();
  #steps: Generator<undefined, Report> | null = null;
  /** Milliseconds that the present judgement took so far. */
  #spent = 0;
  #recentFrames = -1;
  #allFrames = -1;
  /** The last judgement, with the findings only that were news. */
  latest: Report | null = null;

  constructor(analyzer: Analyzer, limits: { sessions: number; uses: number }) {
    this.#analyzer = analyzer;
    this.#limits = limits;
  }

  get isBusy(): boolean {
    return this.#steps !== null;
  }

  /**
   * Judges for a few milliseconds, where it is time to.
   *
   * @param now milliseconds, as `performance.now()`
   * @param sources for the report
   * @returns what is news
   */
  turn(now: number, sources: () => CaptureSource[]): readonly FindingEvent[] {
    const { frames } = this.#analyzer;
    const news = now >= this.#recent.due && frames !== this.#recentFrames ? this.#judgeRecent(now) : [];
    if (now >= this.#all.due && frames !== this.#allFrames) this.#begin(sources);
    return this.#steps === null ? news : [...news, ...this.#go(this.#steps)];
  }

  /** Judges to the end what is known now: what is news at the end of a capture. */
  last(sources: () => CaptureSource[]): readonly FindingEvent[] {
    const news = [...this.#end()];
    this.#begin(sources);
    news.push(...this.#end());
    return news;
  }

  /** Forgets old sessions, where there are many, or the tables are nearly full. @param before those last used then are old in any case */
  forget(before: number): void {
    if (this.isBusy) return;
    const { sessions, sessionUses } = this.#analyzer.sizes;
    const isFull = sessions > FULL * this.#limits.sessions || sessionUses > FULL * this.#limits.uses;
    const median = this.#analyzer.medianUse;
    if (isFull || median < before) this.#told.forget(this.#analyzer, Math.max(before, median));
  }

  #judgeRecent(now: number): FindingEvent[] {
    this.#recentFrames = this.#analyzer.frames;
    const findings = this.#analyzer.judgeRecent(this.#told.wantsNew);
    this.#recent.end(performance.now() - now);
    return findings.map((finding) => ({ type: 'finding', change: 'new', finding }));
  }

  #begin(sources: () => CaptureSource[]): void {
    this.#all.begin();
    this.#allFrames = this.#analyzer.frames;
    this.#told.begin();
    this.#spent = 0;
    this.#steps = this.#analyzer.judge(this.#told.wants, sources());
  }

  #end(): readonly FindingEvent[] {
    let news: readonly FindingEvent[] = [];
    while (this.#steps !== null) news = this.#go(this.#steps);
    return news;
  }

  #go(steps: Generator<undefined, Report>): readonly FindingEvent[] {
    const begin = performance.now();
    for (;;) {
      const step = steps.next();
      const now = performance.now();
      if (!step.done && now - begin < TURN) continue;
      this.#spent += now - begin;
      if (!step.done) return [];
      this.#steps = null;
      this.#all.end(this.#spent);
      this.latest = step.value;
      return this.#told.news(step.value);
    }
  }
}
