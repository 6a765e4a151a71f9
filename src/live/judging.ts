// Judging while frames come: again and again, in steps, and no more often than it can be afforded.
import type { Analyzer } from '../analyzer.js';
import type { FindingEvent } from '../live-model.js';
import type { CaptureSource, Report } from '../model.js';
import { ToldFindings } from './findings.js';

/** Milliseconds from one judgement to the next at least: how late a finding is told when there is little to judge. */
const PAUSE = 250;
/** Of the time that a judgement took: what passes before the next one. */
const PAUSE_FACTOR = 4;
/** Milliseconds of judging before frames are looked at again. */
const TURN = 10;
/** Share of a table that may be full before the older half of the sessions is forgotten. */
const FULL = 7 / 8;

export class Judging {
  readonly #analyzer: Analyzer;
  readonly #told = new ToldFindings();
  readonly #limits: { sessions: number; uses: number };
  #steps: Generator<undefined, Report> | null = null;
  /** Milliseconds that the present judgement took so far. */
  #spent = 0;
  /** When the next one may begin. */
  #due = 0;
  #judgedFrames = -1;
  /** The last judgement, with the findings only that were news. */
  latest: Report | null = null;

  constructor(analyzer: Analyzer, limits: { sessions: number; uses: number }) {
    this.#analyzer = analyzer;
    this.#limits = limits;
  }

  get isBusy(): boolean {
    return this.#steps !== null;
  }

  /** When there is something to do next: milliseconds as `performance.now()`. */
  get due(): number {
    return this.#due;
  }

  /**
   * Judges for a few milliseconds, where it is time to.
   *
   * @param now milliseconds, as `performance.now()`
   * @returns what is news, once a judgement is complete
   */
  turn(now: number, sources: () => CaptureSource[]): readonly FindingEvent[] {
    if (this.#steps === null) {
      if (now < this.#due) return [];
      this.#due = now + PAUSE;
      if (this.#analyzer.frames === this.#judgedFrames) return [];
      this.#judgedFrames = this.#analyzer.frames;
      this.#told.begin();
      this.#spent = 0;
      this.#steps = this.#analyzer.judge(this.#told.wants, sources());
    }
    return this.#go(this.#steps);
  }

  /** Judges to the end what is known now: what is news at the end of a capture. */
  last(sources: () => CaptureSource[]): readonly FindingEvent[] {
    const news = [...this.#end()];
    this.#due = 0;
    this.#judgedFrames = -1;
    news.push(...this.turn(performance.now(), sources), ...this.#end());
    return news;
  }

  #end(): readonly FindingEvent[] {
    let news: readonly FindingEvent[] = [];
    while (this.#steps !== null) news = this.#go(this.#steps);
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

  #go(steps: Generator<undefined, Report>): readonly FindingEvent[] {
    const begin = performance.now();
    for (;;) {
      const step = steps.next();
      const now = performance.now();
      if (step.done) {
        this.#steps = null;
        this.#spent += now - begin;
        this.#due = now + Math.max(PAUSE, PAUSE_FACTOR * this.#spent);
        this.latest = step.value;
        return this.#told.news(step.value);
      }
      if (now - begin < TURN) continue;
      this.#spent += now - begin;
      return [];
    }
  }
}
