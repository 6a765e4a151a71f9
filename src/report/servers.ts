/** The servers of a report as rows of figures, each followed by what is known about it in words. */
import type { ServerReport, Tally } from '../model.js';
import { type GridColumn, type GridRow, grid } from './grid.js';
import type { Paint } from './paint.js';
import { counted, endpointText, figure, foreign, wrapLabelled } from './text.js';

/** Servers listed unless all were asked for. */
const MAX_SERVERS = 20;
/** Names of one server that are written out. */
const MAX_NAMES = 4;

const COLUMNS: readonly GridColumn[] = [
  { title: 'server' },
  { title: 'connections', align: 'right' },
  { title: 'full', align: 'right' },
  { title: 'resumed', align: 'right' },
  { title: 'declined', align: 'right' },
  { title: 'invalidated', align: 'right' },
];

/** Servers that lost sessions come first, then the busiest. */
export function* serverLines(servers: readonly ServerReport[], width: number, all: boolean, paint: Paint): Generator<string> {
  const ordered = [...servers].sort((a, b) => b.invalidatedSessions - a.invalidatedSessions || b.connections - a.connections);
  const shown = all ? ordered : ordered.slice(0, MAX_SERVERS);
  let next = 0;
  let heading = true;
  for (const lines of grid(COLUMNS, () => rows(shown), width)) {
    if (heading) {
      yield* lines.map((line) => paint('title', line));
      heading = false;
      continue;
    }
    yield* lines;
    yield* detailLines(shown[next++], width, paint);
  }
  const rest = ordered.length - shown.length;
  if (rest > 0) yield* wrapLabelled('', `… and ${counted(rest, 'more server')}: see them with --all or --format json`, width);
}

function* rows(servers: readonly ServerReport[]): Generator<GridRow> {
  for (const s of servers) {
    const { full, resumed, declined } = s.handshakes;
    yield [endpointText(s), figure(s.connections), figure(full), figure(resumed), figure(declined), figure(s.invalidatedSessions)];
  }
}

function* detailLines(server: ServerReport, width: number, paint: Paint): Generator<string> {
  const names = server.names.slice(0, MAX_NAMES).map((name) => foreign(name, width - 12));
  if (server.names.length > MAX_NAMES) names.push(`and ${server.names.length - MAX_NAMES} more`);
  if (names.length > 0) yield* wrapLabelled('  names    ', names.join(', '), width);
  const verdict = wrapLabelled('  verdict  ', verdictWords(server), width);
  yield* server.verdict === 'invalidates-on-unclean-close' ? verdict.map((line) => paint('alarm', line)) : verdict;
  const evidence = evidenceWords(server);
  if (evidence !== '') yield* wrapLabelled('  offers   ', evidence, width);
  const clients = clientWords(server);
  if (clients !== '') yield* wrapLabelled('  clients  ', clients, width);
  const cost = costWords(server);
  if (cost !== '') yield* wrapLabelled('  cost     ', cost, width);
  for (const advice of server.advice) yield* wrapLabelled('  advice   ', foreign(advice), width);
}

function verdictWords(server: ServerReport): string {
  const verdict = foreign(server.verdict).replaceAll('-', ' ');
  return server.pValue === null ? verdict : `${verdict} (p = ${server.pValue.toPrecision(2)})`;
}

/** `after a clean close 5 of 5 resumed; after an unclean RST 0 of 1`. */
function evidenceWords(server: ServerReport): string {
  const { afterClean, afterResetRace, afterUncleanFin, afterUncleanRst, whileOpen } = server.evidence;
  const parts = (
    [
      ['while open', whileOpen],
      ['after a clean close', afterClean],
      ['after a reset race', afterResetRace],
      ['after an unclean FIN', afterUncleanFin],
      ['after an unclean RST', afterUncleanRst],
    ] satisfies [string, Tally][]
  ).filter(([, t]) => t.resumed + t.declined > 0);
  const words = parts.map(([when, t]) => `${when} ${figure(t.resumed)} of ${figure(t.resumed + t.declined)} resumed`).join('; ');
  return server.inferredOffers === 0 || words === ''
    ? words
    : `${words} (of ${counted(server.inferredOffers, 'offer')} the issuer is inferred)`;
}

/** Kinds of clients that are written out. */
const MAX_CLIENTS = 3;

/** `t12d1209h1_d34a8e72043a_b39be8c56a14 closed 12 of 14 uncleanly`: which software it is that closes so. */
function clientWords(server: ServerReport): string {
  const unclean = server.clients.filter((kind) => kind.unclean > 0);
  const parts = unclean
    .slice(0, MAX_CLIENTS)
    .map((kind) => `${kind.ja4} closed ${figure(kind.unclean)} of ${figure(kind.connections)} uncleanly`);
  if (unclean.length > MAX_CLIENTS) parts.push(`and ${counted(unclean.length - MAX_CLIENTS, 'more kind')}`);
  return parts.length === 0 ? '' : `by JA4: ${parts.join('; ')}`;
}

function costWords(server: ServerReport): string {
  const parts: string[] = [];
  if (server.avoidableFullHandshakes > 0) parts.push(counted(server.avoidableFullHandshakes, 'avoidable full handshake'));
  const { mean, peak } = server.fullHandshakesPerSecond;
  if (peak > 0) parts.push(`full handshakes a second: ${mean.toPrecision(2)} on average, ${figure(peak)} at most`);
  const { full, resumed } = server.handshakeSeconds;
  const median = [full === null ? '' : `${milliseconds(full)} full`, resumed === null ? '' : `${milliseconds(resumed)} resumed`];
  if (full !== null || resumed !== null) parts.push(`median handshake ${median.filter((m) => m !== '').join(', ')}`);
  return parts.join('; ');
}

function milliseconds(seconds: number): string {
  return `${(seconds * 1000).toFixed(1)} ms`;
}
