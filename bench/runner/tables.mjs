// The results as Markdown.
import { peakMib, ratioTo, secondsOf } from './figures.mjs';

const NONE = '–';

/** One row per command: seconds, memory, and time against the two that matter. */
export function captureTable(series, packets, yardstick, subject) {
  const rows = series.map((s) => {
    if (s.failure) return [s.command.name, `FAILED (${s.failure})`, NONE, NONE, NONE];
    const seconds = secondsOf(s);
    return [
      s.command.name,
      seconds ? seconds.median.toFixed(3) : NONE,
      whole(peakMib(s)),
      range(ratioTo(s, yardstick, packets)),
      range(ratioTo(s, subject, packets)),
    ];
  });
  const title = (of) => (of ? `wall / ${of.command.name}` : 'wall / –');
  return markdown(['command', 'wall s', 'peak RSS MiB', title(yardstick), title(subject)], rows);
}

/** @param {[string, ...(number | null)[]][]} rows */
export function memoryTable(header, rows) {
  return markdown(
    header,
    rows.map(([name, ...mib]) => [name, ...mib.map(whole)]),
  );
}

/** Rows of text; the columns after the first stand to the right. */
export function markdown(header, rows) {
  const rule = header.map((_, i) => (i === 0 ? '---' : '--:'));
  return [header, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function whole(value) {
  return value === null ? NONE : value.toFixed(0);
}

function range(summary) {
  if (!summary) return NONE;
  const digits = summary.median < 100 ? 2 : 0;
  const [median, min, max] = [summary.median, summary.min, summary.max].map((n) => n.toFixed(digits));
  return min === max ? median : `${median} [${min}-${max}]`;
}
