/** Full and resumed handshakes a second over the time of the capture, and where sessions were declined. */
import type { ServerReport } from '../../model.js';
import { counted, figure, rate, utc } from '../text.js';
import { html, type Markup } from './markup.js';

/** A piece of time: the greatest rates in it, and how often sessions were declined. */
interface Bin {
  from: number;
  full: number;
  resumed: number;
  declined: number;
}

/** More could not be told apart on a telephone. */
const MAX_BINS = 120;
/** Points of a series, unless the limits were changed. */
const MAX_POINTS = 600;
const WIDTH = 1000;
const HEIGHT = 100;

/** @param declines times of the declines of this server */
export function rateChart({ fullHandshakesPerSecond, handshakes }: ServerReport, declines: readonly number[]): Markup | null {
  const { series, peak } = fullHandshakesPerSecond;
  if (series.length === 0) return null;
  const first = series[0][0];
  const step = stepOf(series[series.length - 1][0] - first);
  const steps = Math.round((series[series.length - 1][0] - first) / step) + 1;
  const perBin = Math.ceil(steps / MAX_BINS);
  const bins = binsOf(series, declines, first, step * perBin, Math.ceil(steps / perBin));
  const most = niceCeiling(Math.max(...bins.map(({ full, resumed }) => Math.max(full, resumed))));
  const total = bins.reduce((sum, { declined }) => sum + declined, 0);
  const seconds = step * perBin;
  const length = seconds * bins.length;
  const label = `Handshakes a second: at most ${rate(peak)} full; ${counted(total, 'decline')}. Arrow keys move through the time.`;
  return html`<figure>
<ul class="legend">${legend('series-full', 'full handshakes')}${legend('series-resumed', 'resumed')}${legend('series-declined', 'declined: full although a session was offered')}</ul>
<div class="plot"><div class="up" aria-hidden="true"><span>${rate(most)}/s</span><span>${rate(most / 2)}</span><span>0</span></div>
<div class="area"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="group" aria-label="${label}" data-marks>
<path class="grid" d="M0 50H1000M0 0.5H1000"/>
<path class="series-full" d="${stepPath(bins, most, ({ full }) => full, true)}"/>
<path class="series-resumed" d="${stepPath(bins, most, ({ resumed }) => resumed, false)}"/>
${bins.map((bin, i) => (bin.declined === 0 ? null : html`<path class="series-declined" d="M${x(i + 0.5, bins)} ${HEIGHT}v${declineHeight(bin.declined / seconds / most)}"/>`))}
${bins.map((bin, i) => html`<rect class="bin" role="img" tabindex="${i === 0 ? 0 : -1}" x="${x(i, bins)}" y="0" width="${x(1, bins)}" height="${HEIGHT}" aria-label="${binWords(bin, first, seconds, step)}"/>`)}
</svg></div>
<div class="along" aria-hidden="true"><span>0 s</span><span>${lengthText(length / 2)}</span><span>${lengthText(length)}</span></div></div>
<figcaption>Handshakes a second, seen from the wire (HAProxy calls the full ones SslBackendKeyRate); 0 s is ${utc(first)}. A line for declines stands in the middle of its step, as high as they were frequent${total < handshakes.declined ? `; ${counted(handshakes.declined - total, 'decline')} of connections that are not in this report ${handshakes.declined - total === 1 ? 'is' : 'are'} not shown` : ''}.${seconds > step ? ` Each step shows the greatest rate in ${lengthText(seconds)}.` : ''}</figcaption>
</figure>`;
}

/** What is seldom must be seen as well. @param share of the height of the chart */
function declineHeight(share: number): string {
  return Math.min(-MIN_DECLINE, -HEIGHT * share).toFixed(1);
}

const MIN_DECLINE = 7;

function binsOf(
  series: ServerReport['fullHandshakesPerSecond']['series'],
  declines: readonly number[],
  first: number,
  seconds: number,
  count: number,
): Bin[] {
  const bins = Array.from({ length: count }, (_, i): Bin => ({ from: first + i * seconds, full: 0, resumed: 0, declined: 0 }));
  const at = (time: number) => bins[Math.min(count - 1, Math.max(0, Math.floor((time - first) / seconds)))];
  for (const [time, full, resumed] of series) {
    const bin = at(time);
    bin.full = Math.max(bin.full, full);
    bin.resumed = Math.max(bin.resumed, resumed);
  }
  for (const time of declines) at(time).declined++;
  return bins;
}

/** Seconds of a step: they double where there would be too many. */
function stepOf(length: number): number {
  let step = 1;
  while (length / step >= MAX_POINTS) step *= 2;
  return step;
}

function stepPath(bins: readonly Bin[], most: number, value: (bin: Bin) => number, isArea: boolean): string {
  const y = (bin: Bin) => (HEIGHT * (1 - value(bin) / most)).toFixed(1);
  const steps = bins.map((bin, i) => `V${y(bin)}H${x(i + 1, bins)}`).join('');
  return isArea ? `M0 ${HEIGHT}${steps}V${HEIGHT}Z` : `M0 ${y(bins[0])}${steps}`;
}

function x(at: number, bins: readonly Bin[]): string {
  return ((WIDTH * at) / bins.length).toFixed(2);
}

/** The next of 1, 2, 4, 5, 6, 8, 10, 20, … */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, Number.MIN_VALUE)));
  return power * (NICE.find((n) => n * power >= value) ?? 10);
}

const NICE: readonly number[] = [1, 2, 4, 5, 6, 8, 10];

function binWords({ from, full, resumed, declined }: Bin, first: number, seconds: number, step: number): string {
  const offset = Math.round(from - first);
  const most = seconds > step ? 'at most ' : '';
  return `${figure(offset)} to ${figure(offset + seconds)} s: ${most}${rate(full)} full and ${most}${rate(resumed)} resumed a second; ${figure(declined)} declined`;
}

function lengthText(seconds: number): string {
  if (seconds < 120) return `${Number(seconds.toFixed(1))} s`;
  return seconds < 7200 ? `${Number((seconds / 60).toFixed(1))} min` : `${Number((seconds / 3600).toFixed(1))} h`;
}

function legend(series: string, words: string): Markup {
  const sign = series === 'series-full' ? 'M0 12V4H22V12' : series === 'series-resumed' ? 'M0 7H22' : 'M11 13V1';
  return html`<li><svg width="22" height="14" viewBox="0 0 22 14" aria-hidden="true"><path class="${series}" d="${sign}"/></svg>${words}</li>`;
}
