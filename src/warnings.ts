import { MAX_WARNINGS } from './limits.js';
import type { Warning } from './model.js';
import type { WarningCode } from './warning-codes.js';

/**
 * What was left out, guessed at or limited. Each kind (a code, and the subject where one code can strike several files) is
 * kept once with its first frame, and counted.
 */
export class Warnings {
  readonly #kinds = new Map<string, Warning>();
  #dropped = 0;

  /** Records `count` occurrences. The message of the first one is kept. */
  add(code: WarningCode, message: string, frame: number | null = null, subject = '', count = 1): void {
    const key = subject === '' ? code : `${code} ${subject}`;
    const known = this.#kinds.get(key);
    if (known) known.count += count;
    else if (this.#kinds.size < MAX_WARNINGS) this.#kinds.set(key, { code, message, count, frame });
    else this.#dropped += count;
  }

  clone(): Warnings {
    const copy = new Warnings();
    for (const [key, warning] of this.#kinds) copy.#kinds.set(key, { ...warning });
    copy.#dropped = this.#dropped;
    return copy;
  }

  list(): Warning[] {
    const all = [...this.#kinds.values()].map((w) => ({ ...w }));
    if (this.#dropped > 0)
      all.push({ code: 'warnings-dropped', message: `more than ${MAX_WARNINGS} kinds of warnings`, count: this.#dropped, frame: null });
    return all;
  }
}
