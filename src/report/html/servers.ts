/** The servers: what the verdict on each is, and what stands behind it. */
import type { Report, ServerReport } from '../../model.js';
import { causeWords, clientLines, costParts, inOrderOfLoss, settleWords, verdictTitle } from '../server-words.js';
import { counted, elide, endpointText, figure, foreign } from '../text.js';
import { evidenceChart } from './evidence-chart.js';
import { html, type Markup } from './markup.js';
import { rateChart } from './rate-chart.js';

/** Servers told in full; all are in a table where there are more. */
const MAX_SERVERS = 20;
/** Names of one server that are written out, and their lengths. */
const MAX_NAMES = 4;
const MAX_NAME_COLUMNS = 80;

export function chosenServers(report: Report): ServerReport[] {
  return inOrderOfLoss(report.servers).slice(0, MAX_SERVERS);
}

/** The verdict on each server in a sentence. */
export function verdicts(servers: readonly ServerReport[], all: number): Markup {
  return html`<ul class="verdicts" aria-label="The verdict on each server">${servers.map(verdict)}</ul>
${all > servers.length ? html`<p>${counted(all - servers.length, 'more server')}: see <a href="#all-servers">the table of all servers</a>.</p>` : null}`;
}

function verdict(server: ServerReport, index: number): Markup {
  const style = STYLES[server.verdict];
  const names = nameWords(server);
  const toSettle = settleWords(server);
  return html`<li class="is-${style}"><p class="who"><a href="#server-${index + 1}">${endpointText(server)}</a>${names === '' ? null : html`<span class="muted">${names}</span>`}<span class="badge ${style}">${verdictTitle(server)}</span></p>
<p>${foreign(server.verdictText)}</p>${toSettle === '' ? null : html`<p class="muted">To settle it: ${toSettle}</p>`}</li>`;
}

const STYLES: Readonly<Record<ServerReport['verdict'], string>> = {
  'invalidates-on-unclean-close': 'alarm',
  'tolerates-unclean-close': 'good',
  'never-resumes': 'warning',
  mixed: 'warning',
  inconclusive: 'muted',
};

/** @param declines times of the declines of a server */
export function serverSection(server: ServerReport, index: number, declines: readonly number[]): Markup {
  const id = `server-${index + 1}`;
  const names = nameWords(server);
  const chart = rateChart(server, declines);
  return html`<section id="${id}" aria-labelledby="${id}-name"><h2 id="${id}-name">Server ${endpointText(server)}</h2>
${names === '' ? null : html`<p class="muted">Names that clients asked for: ${names}</p>`}
${figures(server)}
${chart === null ? null : html`<h3>Handshakes over time</h3>${chart}`}
<h3>Evidence: offers of sessions, by the close that came before</h3>
${evidenceChart(server)}
${list('Why sessions were declined', causeWords(server))}
${list('Clients', clientLines(server))}
${list('Cost', costParts(server))}
${list(
  'Advice',
  server.advice.map((advice) => foreign(advice)),
)}
</section>`;
}

function figures(server: ServerReport): Markup {
  const { handshakes, connections, invalidatedSessions, suspectedSessions, avoidableFullHandshakes } = server;
  const shown: [string, number][] = [
    ['TLS connections', connections],
    ['full handshakes', handshakes.full],
    ['resumed', handshakes.resumed],
    ['declined offers', handshakes.declined],
    ['sessions invalidated', invalidatedSessions],
    ['sessions suspected', suspectedSessions],
    ['avoidable handshakes', avoidableFullHandshakes],
  ];
  return html`<dl class="figures">${shown.map(([name, count]) => html`<div><dt>${name}</dt><dd>${figure(count)}</dd></div>`)}</dl>`;
}

export function nameWords({ names }: ServerReport): string {
  const shown = names.slice(0, MAX_NAMES).map((name) => elide(foreign(name), MAX_NAME_COLUMNS));
  if (names.length > MAX_NAMES) shown.push(`and ${names.length - MAX_NAMES} more`);
  return shown.join(', ');
}

function list(title: string, items: readonly string[]): Markup | null {
  if (items.length === 0) return null;
  return html`<h3>${title}</h3><ul>${items.map((item) => html`<li>${item}</li>`)}</ul>`;
}
