// Medians and ratios of the samples of two series.

/** @returns {{ median: number, min: number, max: number } | null} null without values */
function summarize(values) {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}

/** Wall time against a yardstick, round by round; per packet where one of them reads only the first packets of the capture. */
export function ratioTo(series, yardstick, packets) {
  if (!yardstick || series.failure || yardstick.failure) return null;
  const read = ({ command }) => Math.min(command.packets ?? packets, packets);
  const scale = read(yardstick) / read(series);
  return summarize(
    series.samples.flatMap((s, i) => (s && yardstick.samples[i] ? [(s.seconds / yardstick.samples[i].seconds) * scale] : [])),
  );
}

export function secondsOf(series) {
  return series.failure ? null : summarize(series.samples.flatMap((s) => (s ? [s.seconds] : [])));
}

/** The greatest peak of all rounds in MiB, or null. */
export function peakMib(series) {
  const peaks = series.samples.flatMap((s) => (s?.rssKib ? [s.rssKib / 1024] : []));
  return series.failure || peaks.length === 0 ? null : Math.max(...peaks);
}
