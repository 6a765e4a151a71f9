/** What is known about one server, below its row. */
import type { ServerReport } from '../model.js';
import { evidenceLines } from './evidence.js';
import type { Layout } from './layout.js';
import { causeWords, clientLines, costParts, hasLost, isInTrouble, settleWords, verdictWords } from './server-words.js';
import { foreign, wrapLabelled } from './text.js';

/** Names of one server that are written out. */
const MAX_NAMES = 4;

/** @param isTold in a summary: more than the verdict */
export function* detailLines(server: ServerReport, { prose: width, detail, paint }: Layout, isTold: boolean): Generator<string> {
  const isBrief = detail === 'summary';
  const isSilent = isBrief && !(isTold && isInTrouble(server));
  const names = server.names.slice(0, MAX_NAMES).map((name) => foreign(name, width - 12));
  if (server.names.length > MAX_NAMES) names.push(`and ${server.names.length - MAX_NAMES} more`);
  if (names.length > 0 && !isSilent) yield* wrapLabelled('  names    ', names.join(', '), width);
  const verdict = wrapLabelled('  verdict  ', verdictWords(server), width);
  yield* server.verdict === 'invalidates-on-unclean-close' ? verdict.map((line) => paint('alarm', line)) : verdict;
  if (isSilent) return;
  if (!isBrief || hasLost(server)) yield* evidenceLines(server, '  evidence ', width, isBrief);
  const settle = settleWords(server);
  if (settle !== '') yield* wrapLabelled('  to do    ', settle, width);
  const causes = causeWords(server).join(', ');
  if (causes !== '') yield* wrapLabelled('  causes   ', causes, width);
  for (const [i, words] of clientLines(server, isBrief).entries())
    yield* wrapLabelled(i === 0 ? '  clients  ' : '           ', words, width);
  const cost = costParts(server, isBrief).join('; ');
  if (cost !== '' && (!isBrief || hasLost(server))) yield* wrapLabelled('  cost     ', cost, width);
  let label = '  advice   ';
  for (const advice of server.advice) {
    yield* wrapLabelled(`${label}- `, foreign(isBrief ? firstSentence(advice) : advice), width);
    label = ' '.repeat(label.length);
  }
}

/** What is to be done; how it is called in known software comes behind it. */
function firstSentence(text: string): string {
  return /^[\s\S]*?\.(?= [A-Z])/.exec(text)?.[0] ?? text;
}
