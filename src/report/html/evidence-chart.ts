/** The offers behind the verdict: how many of them were declined after each kind of close, and how sure that share is. */
import type { ServerReport } from '../../model.js';
import { wilson } from '../../sessions/statistics.js';
import { comparisonWords, type EvidenceRow, evidenceRows, leftOutWords, size } from '../evidence-words.js';
import { figure } from '../text.js';
import { html, type Markup } from './markup.js';

export function evidenceChart(server: ServerReport): Markup {
  const rows = evidenceRows(server);
  const leftOut = leftOutWords(server);
  const words = comparisonWords(server);
  const notes = leftOut === '' ? words : [`Not counted: ${leftOut}.`, ...words];
  return html`${rows.length === 0 ? html`<p>No offer of a session that counts.</p>` : chart(rows)}${notes.length === 0 ? null : html`<ul>${notes.map((note) => html`<li>${note}</li>`)}</ul>`}`;
}

function chart(rows: readonly EvidenceRow[]): Markup {
  return html`<table class="evidence"><thead><tr><th scope="col">Close before the offer</th><th scope="col" class="number">resumed</th><th scope="col" class="number">declined</th><th scope="col" class="hide-small">declined of all, 95 % interval</th><th scope="col" class="share">share declined<span class="ends" aria-hidden="true"><span>0</span><span>50</span><span>100 %</span></span></th></tr></thead>
<tbody>${rows.map(row)}</tbody></table>`;
}

/** The interval is that of E. B. Wilson; it is told of what was seen, not of what a server does by design. */
function row({ words, isPart, tally }: EvidenceRow): Markup {
  const { value, low, high } = wilson(tally);
  const percent = (share: number) => Math.round(share * 100);
  const at = (share: number) => (share * 100).toFixed(1);
  const text = `${figure(tally.declined)} of ${figure(size(tally))}: ${percent(value)} % (${percent(low)} to ${percent(high)} %)`;
  return html`<tr${isPart ? html` class="part"` : null}><th scope="row">${words}</th><td class="number">${figure(tally.resumed)}</td><td class="number">${figure(tally.declined)}</td><td class="hide-small">${text}</td>
<td class="share"><svg viewBox="0 0 100 22" preserveAspectRatio="none" role="img" aria-label="${text}"><line class="axis" x1="0" y1="11" x2="100" y2="11"/><line class="axis" x1="50" y1="3" x2="50" y2="19"/><line class="range" x1="${at(low)}" y1="11" x2="${at(high)}" y2="11"/><line class="range" x1="${at(low)}" y1="6" x2="${at(low)}" y2="16"/><line class="range" x1="${at(high)}" y1="6" x2="${at(high)}" y2="16"/><line class="value${tally.declined === 0 ? ' none' : ''}" x1="${at(value)}" y1="4" x2="${at(value)}" y2="18"/></svg></td></tr>`;
}
