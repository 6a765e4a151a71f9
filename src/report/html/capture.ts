/** What was read, and what it lacks. */
import type { CloseState, Report } from '../../model.js';
import { lackWords, sourceText, warningText } from '../capture-words.js';
import { counted, figure, utc } from '../text.js';
import { html, type Markup } from './markup.js';

const CLOSES: readonly [state: CloseState, meaning: string][] = [
  ['clean', 'close_notify, then the end'],
  ['unclean', 'the end, and certainly no close_notify before it'],
  ['reset-race', 'close_notify, then RST before the peer had acknowledged it'],
  ['aborted', 'a fatal alert, then the end'],
  ['open', 'no end in the capture'],
  ['unknown', 'the capture lacks what is needed to say'],
];

export function captureSection({ capture, totals }: Report): Markup {
  const { sources, firstTime, lastTime, decryptedConnections, warnings } = capture;
  const lacks = lackWords(capture);
  return html`<section id="capture" aria-labelledby="capture-name"><h2 id="capture-name">Capture</h2>
<ul>${sources.length === 0 ? html`<li>Nothing was read.</li>` : sources.map((source) => html`<li>${sourceText(source)}</li>`)}</ul>
${firstTime === null || lastTime === null ? null : html`<p>${utc(firstTime)} to ${utc(lastTime)} (${(lastTime - firstTime).toFixed(3)} s). Frame and stream numbers are those of Wireshark.</p>`}
${decryptedConnections > 0 ? html`<p>Keys: ${figure(decryptedConnections)} of ${counted(totals.tlsConnections, 'TLS connection')} decrypted.</p>` : null}
<h3>Quality</h3>
${lacks.length === 0 ? html`<p>Nothing is missing of the TLS connections.</p>` : html`<ul>${lacks.map((words) => html`<li>${words}</li>`)}</ul>`}
${warnings.length === 0 ? null : html`<h3>Warnings</h3><ul>${warnings.map((warning) => html`<li>${warningText(warning)}</li>`)}</ul>`}
<h3>How connections were closed</h3>
<table class="rows" aria-label="Closes, one for each side of a connection"><thead><tr><th scope="col">close of a side</th><th scope="col" class="number">count</th><th scope="col">meaning</th></tr></thead>
<tbody>${CLOSES.map(([state, meaning]) => html`<tr><td>${state}</td><td class="number">${figure(totals.closes[state])}</td><td>${meaning}</td></tr>`)}</tbody></table>
</section>`;
}
