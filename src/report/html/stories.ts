/** The findings: some of each server told in full, all of them in a table. */
import type { Connection, Finding, Report } from '../../model.js';
import { storyOf, surestFirst } from '../alike.js';
import { eventsOf, fold } from '../story-events.js';
import { counted, endpointText, figure, foreign, since, utc } from '../text.js';
import { CAUSE_WORDS, KIND_WORDS, rivalWords } from '../words.js';
import { html, type Markup } from './markup.js';
import { storyChart } from './story-chart.js';

/** Stories of one server that are told in full, and of all together. */
const MAX_PER_SERVER = 20;
const MAX_STORIES = 60;
/** Of findings that are alike. */
const MAX_EQUAL = 3;

/** @returns the findings to tell in full, the surest first, by their places in the report */
export function chosenStories(findings: readonly Finding[]): number[] {
  const ofServer = new Map<string, number>();
  const equal = new Map<string, number>();
  const chosen: number[] = [];
  for (const [i, finding] of [...findings.entries()].sort(([, a], [, b]) => surestFirst(a, b))) {
    if (chosen.length >= MAX_STORIES) break;
    const server = endpointText(finding.server);
    const shape = storyOf(finding);
    const [told, same] = [ofServer.get(server) ?? 0, equal.get(shape) ?? 0];
    if (told >= MAX_PER_SERVER || same >= MAX_EQUAL) continue;
    ofServer.set(server, told + 1);
    equal.set(shape, same + 1);
    chosen.push(i);
  }
  return chosen;
}

/** @param chosen places of the findings that are told in full */
export function* stories(
  report: Report,
  chosen: readonly number[],
  connectionOf: (stream: number) => Connection | null,
): Generator<Markup> {
  const hidden = report.findings.length - chosen.length;
  if (hidden > 0)
    yield html`<p>${figure(chosen.length)} of ${counted(report.findings.length, 'session')} are told in full, ${MAX_EQUAL} at most of those that are alike (the same server, kind of session, close, cause and confidence). <a href="#all-findings">The table of all findings</a> has every one.</p>`;
  yield html`<p class="muted">In the pictures each connection has a lane, the client above its line and the server below. Time goes to the right; long pauses are shortened. Arrows lead from where the session was issued to where it was offered: solid if it was resumed, dashed if it was declined. A <em>bare</em> FIN or RST has no close_notify before it; the one in a ring most likely cost the session, or is suspected to where the confidence is low. CH and SH are ClientHello and ServerHello. Point at a mark, or go there with Tab and the arrow keys, for details.</p>`;
  for (const i of chosen) yield story(report.findings[i], i + 1, connectionOf);
}

function story(finding: Finding, number: number, connectionOf: (stream: number) => Connection | null): Markup {
  const { session, client, server, issued, confidence, cause, rivals } = finding;
  const origin = finding.issuedBeforeCapture ? 'first resumed' : 'issued';
  return html`<article class="story" id="finding-${number}" aria-labelledby="finding-${number}-name">
<h3 id="finding-${number}-name">[${number}] ${KIND_WORDS[session.kind]} <span class="mono">${foreign(session.id)}</span></h3>
<p class="muted"><span class="badge ${CONFIDENCE_STYLES[confidence]}">confidence ${confidence}</span> client ${client.address}, server ${endpointText(server)}; ${origin} ${utc(issued.time)}, where the seconds below begin</p>
<p>${finding.explanation === '' ? null : foreign(finding.explanation)}</p>
${storyChart(finding, number, connectionOf)}
${eventTable(finding, number)}
<dl class="facts"><dt>Cause</dt><dd>${cause}: ${CAUSE_WORDS[cause]}</dd>
<dt>Rivals</dt><dd>${rivals.length === 0 ? 'none' : rivals.map((rival) => html`<div>${rival}: ${rivalWords(rival)}</div>`)}</dd></dl>
<h4 id="finding-${number}-filter">Wireshark display filter for these frames</h4>
<div class="filter"><code>${finding.wiresharkFilter}</code><button type="button" class="screen" data-copy aria-describedby="finding-${number}-name">Copy filter</button></div>
</article>`;
}

const CONFIDENCE_STYLES: Readonly<Record<Finding['confidence'], string>> = { high: 'alarm', medium: 'alarm', low: 'warning' };

function eventTable(finding: Finding, number: number): Markup {
  const events = fold(eventsOf(finding), 'see them in the JSON report');
  const origin = finding.issued.time;
  const rows = events.map(
    ({ frames, time, client, what, style }) =>
      html`<tr${style === null ? null : html` class="${style}"`}><td class="keep">${frames}</td><td class="number">${Number.isNaN(time) ? '' : since(origin, time)}</td><td class="hide-small">${client}</td><td>${what}</td></tr>`,
  );
  return html`<table class="rows" aria-label="Events of story ${number}"><thead><tr><th scope="col">frames</th><th scope="col" class="number">seconds</th><th scope="col" class="hide-small">client</th><th scope="col">what happened</th></tr></thead><tbody>${rows}</tbody></table>`;
}
