/** The servers of a report as rows of figures, each followed by what is known about it in words. */
import type { ServerReport } from '../model.js';
import { type GridColumn, type GridRow, grid } from './grid.js';
import type { Layout } from './layout.js';
import { detailLines } from './server-details.js';
import { inOrderOfLoss, isInTrouble } from './server-words.js';
import { counted, elide, endpointText, figure, foreign, rate, wrapLabelled } from './text.js';

/** Servers listed unless all were asked for. */
const MAX_SERVERS = 20;
/** Servers of which a summary tells more than the verdict. */
const MAX_TOLD = 3;
const MAX_NAME_COLUMNS = 40;

interface ServerColumn extends GridColumn {
  /** Columns of the terminal from which on there is room for it. */
  from: number;
  cell: (server: ServerReport) => string;
}

const COLUMNS: readonly ServerColumn[] = [
  { title: 'server', from: 0, cell: endpointText },
  { title: 'connections', align: 'right', from: 0, cell: (s) => figure(s.connections) },
  { title: 'full', align: 'right', from: 0, cell: (s) => figure(s.handshakes.full) },
  { title: 'resumed', align: 'right', from: 0, cell: (s) => figure(s.handshakes.resumed) },
  { title: 'declined', align: 'right', from: 0, cell: (s) => figure(s.handshakes.declined) },
  { title: 'invalidated', align: 'right', from: 0, cell: (s) => figure(s.invalidatedSessions) },
  { title: 'suspected', align: 'right', from: 0, cell: (s) => figure(s.suspectedSessions) },
  { title: 'avoidable full', align: 'right', from: 110, cell: (s) => figure(s.avoidableFullHandshakes) },
  { title: 'most full a second', align: 'right', from: 130, cell: (s) => rate(s.fullHandshakesPerSecond.peak) },
  { title: 'first name', from: 160, cell: (s) => (s.names.length > 0 ? elide(foreign(s.names[0]), MAX_NAME_COLUMNS) : '-') },
];

export function* serverLines(servers: readonly ServerReport[], layout: Layout): Generator<string> {
  const { width, prose, detail, paint } = layout;
  const ordered = inOrderOfLoss(servers);
  const shown = detail === 'all' ? ordered : ordered.slice(0, MAX_SERVERS);
  const columns = COLUMNS.filter(({ from }) => width >= from);
  const rows = () => shown.map((server): GridRow => columns.map(({ cell }) => cell(server)));
  let next = 0;
  let told = 0;
  let heading = true;
  for (const lines of grid(columns, rows, width)) {
    if (heading) {
      yield* lines.map((line) => paint('title', line));
      heading = false;
      continue;
    }
    yield* lines;
    const server = shown[next++];
    yield* detailLines(server, layout, told < MAX_TOLD);
    if (isInTrouble(server)) told++;
  }
  const rest = ordered.length - shown.length;
  if (rest > 0) yield* wrapLabelled('', `… and ${counted(rest, 'more server')}: see them with --all or --format json`, prose);
}
