import type { ReadProgress } from '../capture/read.js';

/** The parts of a terminal stream that the bar uses. */
interface ProgressStream {
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Progress {
  update(progress: ReadProgress): void;
  /** Erases the bar, for good. */
  end(): void;
}

/** Work shorter than this needs no bar. */
const DELAY_MS = 1000;
/** Time between two drawings. */
const INTERVAL_MS = 100;
const BAR_CELLS = 20;
const ERASE_LINE = '\r\x1b[K';

/** A bar on one line, drawn over and over. @param now milliseconds of a clock that never goes back */
export function progressBar(stream: ProgressStream, now: () => number = () => performance.now()): Progress {
  const start = now();
  let drawn: number | null = null;
  let over = false;
  return {
    update(progress) {
      const time = now();
      if (over || time - start < DELAY_MS || (drawn !== null && time - drawn < INTERVAL_MS)) return;
      drawn = time;
      stream.write(`\r${progressLine(progress, (time - start) / 1000).slice(0, (stream.columns ?? 80) - 1)}\x1b[K`);
    },
    end() {
      over = true;
      if (drawn !== null) stream.write(ERASE_LINE);
    },
  };
}

/** A bar that draws nothing. */
export const SILENT: Progress = { update: () => {}, end: () => {} };

/** `reading [#####...............]  25 %  512.0 MB, 1234567 frames, 410.3 MB/s`. */
export function progressLine({ bytesRead, totalBytes, frames }: ReadProgress, seconds: number): string {
  const megabytes = bytesRead / 1e6;
  const figures = `${megabytes.toFixed(1)} MB, ${frames} frames, ${(megabytes / seconds).toFixed(1)} MB/s`;
  if (totalBytes === null || totalBytes <= 0) return `reading ${figures}`;
  const part = Math.min(1, bytesRead / totalBytes);
  const cells = Math.floor(part * BAR_CELLS);
  const percent = String(Math.floor(part * 100)).padStart(3);
  return `reading [${'#'.repeat(cells)}${'.'.repeat(BAR_CELLS - cells)}] ${percent} %  ${figures}`;
}
