/** Findings that are alike as one entry: how many, of whom, from when to when, and three of them as examples. */
import type { Finding } from '../model.js';
import { type Alike, examplesOf, tally } from './alike.js';
import { compactGrid } from './compact-grid.js';
import type { Layout } from './layout.js';
import { filterLines, INDENT, reasonLines } from './story.js';
import { columnsOf, counted, elide, endpointText, figure, foreign, utc, wrapLabelled } from './text.js';
import { closeWords } from './words.js';

/** Addresses of clients that are written out. */
const MAX_CLIENTS = 3;
/** Digits of an identifier that are left at least: enough for `explain` and `--session`. */
const MIN_ID_DIGITS = 8;

/** @param number of the first of them: its place in the report, from 1 */
export function* foldedLines(group: Alike, number: number, layout: Layout): Generator<string> {
  const { width, prose, paint } = layout;
  const [first] = group.findings;
  const count = group.findings.length;
  const what = `${counted(count, NOUNS[first.session.kind])}${count > 1 ? ' alike' : ''}: ${closeWords(first.culprit)}, then declined`;
  yield* wrapLabelled(`[${number}] `, what, prose).map((line) => paint('alarm', line));
  yield* wrapLabelled(INDENT, whoseWords(group), prose);
  yield* wrapLabelled(INDENT, whenWords(group), prose);
  yield '';
  const examples = examplesOf(group);
  const [titles, ...rows] = exampleGrid(examples, width - INDENT.length);
  yield paint('faint', INDENT + titles);
  yield* rows.map((row) => INDENT + row);
  yield '';
  const rivals = tally(group.findings.flatMap((finding) => finding.rivals)).map(([rival, fits]) => ({ rival, fits }));
  yield* reasonLines(first, rivals, count, prose);
  yield '';
  yield `${INDENT}Wireshark display filter for the ${examples.length === 1 ? 'example' : 'examples'}:`;
  yield* filterLines(filterOf(examples), width);
}

const NOUNS: Record<Finding['session']['kind'], string> = { 'session-id': 'session ID', ticket: 'ticket', psk: 'PSK' };

function whoseWords({ findings }: Alike): string {
  const clients = tally(findings.map(({ client }) => client.address));
  const named = clients.slice(0, MAX_CLIENTS).map(([address, n]) => (clients.length === 1 ? address : `${address} (${figure(n)})`));
  if (clients.length > MAX_CLIENTS) named.push(`and ${counted(clients.length - MAX_CLIENTS, 'more')}`.replace(/mores$/, 'more'));
  const whose = clients.length === 1 ? `client ${named[0]}` : `${counted(clients.length, 'client')}: ${named.join(', ')}`;
  return `server ${endpointText(findings[0].server)}; ${whose}`;
}

function whenWords({ findings }: Alike): string {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let declines = 0;
  for (const finding of findings) {
    first = Math.min(first, finding.declines[0].time);
    last = Math.max(last, finding.declines[0].time);
    declines += finding.declineCount;
  }
  const offers = `offered in vain ${declines === 1 ? 'once' : `${figure(declines)} times`}`;
  return first === last ? `${offers}, ${utc(first)}` : `${offers}, first ${utc(first)}, last ${utc(last)}`;
}

function exampleGrid(examples: readonly Finding[], width: number): string[] {
  const cells = {
    client: examples.map(({ client }) => endpointText(client)),
    issued: examples.map(({ issued, issuedInferred }) => `${issuedInferred ? '~' : ''}#${issued.frame}`),
    closed: examples.map(({ culprit }) => `#${culprit.frame}`),
    declined: examples.map(({ declines: [first] }) => `#${first.clientHello} → #${first.serverHello}`),
  };
  const titles = { client: 'client', issued: 'issued', closed: 'closed', declined: 'offered → declined' };
  const taken = (['client', 'issued', 'closed', 'declined'] as const).reduce(
    (sum, name) => sum + 2 + Math.max(columnsOf(titles[name]), ...cells[name].map(columnsOf)),
    0,
  );
  const room = Math.max(MIN_ID_DIGITS + 1, width - taken);
  const ids = examples.map(({ session }) => elide(foreign(session.id), room));
  return compactGrid(
    [
      { title: 'session', align: 'left', rank: 0, cells: ids },
      { title: titles.client, align: 'left', rank: 0, cells: cells.client },
      { title: titles.issued, align: 'right', rank: 2, cells: cells.issued },
      { title: titles.closed, align: 'right', rank: 1, cells: cells.closed },
      { title: titles.declined, align: 'right', rank: 0, cells: cells.declined },
    ],
    width,
  );
}

/** A row for each group: how many, where, by which close, how sure, and the first one. */
export function* rowLines(groups: readonly Alike[], { width, paint }: Layout): Generator<string> {
  const firsts = groups.map(({ findings: [first] }) => first);
  const of = (text: (finding: Finding) => string) => firsts.map(text);
  const [titles, ...rows] = compactGrid(
    [
      { title: 'others', align: 'right', rank: 0, cells: groups.map(({ findings }) => figure(findings.length)) },
      { title: 'server', align: 'left', rank: 0, cells: of(({ server }) => endpointText(server)) },
      { title: 'close', align: 'left', rank: 0, cells: of(({ culprit }) => shortCloseWords(culprit)) },
      { title: 'confidence', align: 'left', rank: 1, cells: of(({ confidence }) => confidence) },
      { title: 'first', align: 'left', rank: 0, cells: of(({ session }) => elide(foreign(session.id), MIN_ID_DIGITS + 1)) },
      { title: 'client', align: 'left', rank: 3, cells: of(({ client }) => endpointText(client)) },
      { title: 'closed', align: 'right', rank: 2, cells: of(({ culprit }) => `#${culprit.frame}`) },
      { title: 'offered → declined', align: 'right', rank: 0, cells: of(({ declines: [d] }) => `#${d.clientHello} → #${d.serverHello}`) },
    ],
    width,
  );
  yield '';
  yield paint('title', titles);
  yield* rows;
}

function shortCloseWords({ by, end, state }: Finding['culprit']): string {
  return `${by} ${state === 'reset-race' ? state : end.toUpperCase()}`;
}

/** The frames that stand above it. */
function filterOf(examples: readonly Finding[]): string {
  const frames = new Set(
    examples.flatMap(({ issued, culprit, declines: [first] }) => [issued.frame, culprit.frame, first.clientHello, first.serverHello]),
  );
  frames.delete(0);
  return `frame.number in {${[...frames].sort((a, b) => a - b).join(', ')}}`;
}
