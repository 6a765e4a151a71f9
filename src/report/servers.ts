/** The servers of a report as rows of figures, each followed by what is known about it in words. */
import type { ServerReport } from '../model.js';
import { evidenceLines } from './evidence.js';
import { type GridColumn, type GridRow, grid } from './grid.js';
import type { Paint } from './paint.js';
import { causeWords, clientLines, costParts, inOrderOfLoss, settleWords, verdictWords } from './server-words.js';
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
  { title: 'suspected', align: 'right' },
];

export function* serverLines(servers: readonly ServerReport[], width: number, all: boolean, paint: Paint): Generator<string> {
  const ordered = inOrderOfLoss(servers);
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
    yield [
      endpointText(s),
      figure(s.connections),
      figure(full),
      figure(resumed),
      figure(declined),
      figure(s.invalidatedSessions),
      figure(s.suspectedSessions),
    ];
  }
}

function* detailLines(server: ServerReport, width: number, paint: Paint): Generator<string> {
  const names = server.names.slice(0, MAX_NAMES).map((name) => foreign(name, width - 12));
  if (server.names.length > MAX_NAMES) names.push(`and ${server.names.length - MAX_NAMES} more`);
  if (names.length > 0) yield* wrapLabelled('  names    ', names.join(', '), width);
  const verdict = wrapLabelled('  verdict  ', verdictWords(server), width);
  yield* server.verdict === 'invalidates-on-unclean-close' ? verdict.map((line) => paint('alarm', line)) : verdict;
  yield* evidenceLines(server, '  evidence ', width);
  const toSettle = settleWords(server);
  if (toSettle !== '') yield* wrapLabelled('  to do    ', toSettle, width);
  const causes = causeWords(server);
  if (causes.length > 0) yield* wrapLabelled('  causes   ', causes.join(', '), width);
  for (const [i, words] of clientLines(server).entries()) yield* wrapLabelled(i === 0 ? '  clients  ' : '           ', words, width);
  const cost = costParts(server).join('; ');
  if (cost !== '') yield* wrapLabelled('  cost     ', cost, width);
  let label = '  advice   ';
  for (const advice of server.advice) {
    yield* wrapLabelled(`${label}- `, foreign(advice), width);
    label = ' '.repeat(label.length);
  }
}
