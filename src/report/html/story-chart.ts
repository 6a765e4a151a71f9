/** The story of a session as a picture: a lane for each connection, and arrows from where it was issued to where it was offered. */
import type { Connection, Finding } from '../../model.js';
import { counted, elide, endpointText, since } from '../text.js';
import { html, type Markup } from './markup.js';
import { LANE_HEIGHT, type Layout, layoutOf, type Placed } from './story-layout.js';
import { lanesOf, type Mark } from './story-marks.js';

/** Lanes drawn from the beginning of a story, and from its end. */
const FIRST_LANES = 5;
const LAST_LANES = 5;

/** @param number of the finding in this page */
export function storyChart(finding: Finding, number: number, connectionOf: (stream: number) => Connection | null): Markup {
  const all = lanesOf(finding, connectionOf).filter(({ marks }) => marks.length > 0);
  const hidden = Math.max(0, all.length - FIRST_LANES - LAST_LANES);
  const lanes = hidden === 0 ? all : [...all.slice(0, FIRST_LANES), ...all.slice(-LAST_LANES)];
  const layout = layoutOf(lanes);
  const origin = finding.issued.time;
  const label = `Story ${number}: ${counted(lanes.length, 'connection')} over time. Arrow keys move from mark to mark.`;
  const { width, height } = layout;
  return html`<figure><div class="scroll"><svg class="lanes" width="${width.toFixed(0)}" height="${height}" viewBox="0 0 ${width.toFixed(0)} ${height}" role="group" aria-label="${label}" data-marks>
${layout.lanes.map(({ y }) => html`<rect class="band" x="0" y="${y - LANE_HEIGHT / 2 + 2}" width="${width.toFixed(0)}" height="${LANE_HEIGHT - 4}" rx="4"/>`)}
${layout.ticks.map(({ x, time }) => html`<line class="tick" x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="18" y2="${height}"/><text class="axis-text" x="${x.toFixed(1)}" y="12">${tickText(time - origin)}</text>`)}
${layout.lanes.map((lane) => laneOf(lane, finding))}
${arrowsOf(layout, finding)}
${layout.marks.map((placed, i) => markOf(placed, i, finding))}
</svg></div>
${hidden === 0 ? null : html`<figcaption>${counted(hidden, 'more connection')} between the first ${FIRST_LANES} and the last ${LAST_LANES}: not drawn.</figcaption>`}</figure>`;
}

/** `0.452 s`, `1.2 ms`. */
function tickText(seconds: number): string {
  if (seconds === 0) return '0 s';
  return Math.abs(seconds) < 0.1 ? `${(seconds * 1000).toFixed(1)} ms` : `${seconds.toFixed(seconds < 100 ? 3 : 1)} s`;
}

function laneOf({ lane, y, from, to }: Layout['lanes'][number], { client }: Finding): Markup {
  const who = lane.client.address === client.address ? `port ${lane.client.port}` : endpointText(lane.client);
  return html`<text class="name" x="10" y="${y - 3}">stream ${lane.stream}</text><text class="client-name" x="10" y="${y + 12}">${elide(who, NAME_COLUMNS)}</text><line class="life" x1="${from.toFixed(1)}" x2="${to.toFixed(1)}" y1="${y}" y2="${y}"/>`;
}

/** What fits before the first mark. */
const NAME_COLUMNS = 18;

/** From the ServerHello that issued the session, or first took it, to each offer. */
function arrowsOf({ marks }: Layout, { issued }: Finding): Markup[] {
  const origin = marks.find(({ mark }) => mark.stream === issued.stream && mark.frame === issued.frame && mark.kind === 'answer');
  if (origin === undefined) return [];
  const offers = marks.filter(({ mark }) => mark.word === 'offer' && mark.stream !== issued.stream);
  return offers.map((offer) => {
    const answer = marks.find(({ mark }) => mark.stream === offer.mark.stream && mark.kind === 'answer');
    return arrow(origin, offer, answer?.mark.style ?? null);
  });
}

/** Down from the issuing mark, and along the lane of the offer, where nothing was yet. */
function arrow(from: Placed, to: Placed, style: Mark['style']): Markup {
  const name = style === 'alarm' ? 'alarm' : 'good';
  const x0 = from.x + (style === 'alarm' ? 3 : -3);
  const x1 = to.x - 8;
  const isDown = to.y > from.y;
  const y0 = from.y + (isDown ? LABEL_DEPTH : -LABEL_DEPTH);
  const corner = isDown ? -CORNER : CORNER;
  const path = `M${x0.toFixed(1)} ${y0}V${to.y + corner}q0 ${-corner} ${CORNER} ${-corner}H${x1.toFixed(1)}`;
  return html`<path class="offer ${name}" d="${path}"/><path class="head ${name}" d="M${(x1 + 2).toFixed(1)} ${to.y}l-8 -4v8z"/>`;
}

/** From the middle of a mark of a server to below its label. */
const LABEL_DEPTH = 37;
const CORNER = 7;

function markOf({ mark, x, y }: Placed, index: number, { issued: { time: origin }, confidence }: Finding): Markup {
  const isAbove = mark.side === 'client';
  const words = isAbove ? [y - 24, y - 12] : [y + 20, y + 32];
  const why = mark.isCulprit ? `. This close ${confidence === 'low' ? 'is suspected to have' : 'most likely'} cost the session` : '';
  const label = `frame ${mark.frame}, ${since(origin, mark.time)} s, stream ${mark.stream}: ${mark.detail}${why}`;
  const half = Math.max(16, 3.6 * Math.max(mark.word.length, String(mark.frame).length + 1));
  const top = isAbove ? y - 34 : y - 8;
  return html`<g class="mark${mark.style === null ? '' : ` ${mark.style}`}" role="img" tabindex="${index === 0 ? 0 : -1}" aria-label="${label}"><rect class="hit" x="${(x - half).toFixed(1)}" y="${top}" width="${(2 * half).toFixed(1)}" height="42" rx="4"/>${mark.isCulprit ? html`<circle class="ring" cx="${x.toFixed(1)}" cy="${y}" r="10"/>` : null}<g transform="translate(${x.toFixed(1)} ${y})">${SHAPES[mark.style === 'alarm' && mark.kind === 'answer' ? 'declined' : mark.kind]}</g><text class="word" x="${x.toFixed(1)}" y="${words[0]}">${mark.word}</text><text x="${x.toFixed(1)}" y="${words[1]}">#${mark.frame}</text></g>`;
}

/** Told apart without colours. */
const SHAPES: Readonly<Record<Mark['kind'] | 'declined', Markup>> = {
  hello: html`<path d="M-5 -5L6 0L-5 5Z"/>`,
  answer: html`<circle class="solid" r="5"/>`,
  declined: html`<path class="solid" d="M-6 -6H6V6H-6Z"/><path class="cross" d="M-3 -3L3 3M3 -3L-3 3"/>`,
  notify: html`<path d="M-4 6V-6H6L3 -3L6 0H-4"/>`,
  fin: html`<path d="M-6 -5H6L0 6Z"/>`,
  rst: html`<path d="M-5 -5L5 5M5 -5L-5 5"/>`,
  alert: html`<path d="M0 -6L6 5H-6Z"/>`,
};
