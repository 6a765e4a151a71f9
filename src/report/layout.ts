import type { Paint } from './paint.js';

/** How a report is laid out. */
export interface Layout {
  /** Columns of the longest line. */
  width: number;
  /** Columns of sentences, which nobody reads across a wide screen. */
  prose: number;
  /** `summary`: what is alike is folded. `verbose`: all that is known of servers and findings. `all`: and nothing left out. */
  detail: 'summary' | 'verbose' | 'all';
  paint: Paint;
}

const MIN_WIDTH = 80;
const MAX_WIDTH = 240;
const MAX_PROSE = 120;

/** @param columns of the terminal; what is no number counts as 80 */
export function layoutOf(columns: number | undefined, detail: Layout['detail'], paint: Paint): Layout {
  const width = Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, Math.floor(columns ?? 0) || MIN_WIDTH));
  return { width, prose: Math.min(width, MAX_PROSE), detail, paint };
}
