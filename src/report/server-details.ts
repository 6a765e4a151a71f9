/** What is known about one server, in words. */
import type { Cause, ClientKind, EndEffect, NonOfferingClient, ServerReport } from '../model.js';
import { evidenceLines, pText } from './evidence.js';
import type { Layout } from './layout.js';
import { counted, figure, foreign, utc, wrapLabelled } from './text.js';

/** Names of one server that are written out. */
const MAX_NAMES = 4;

/** Something is lost here, or may be. */
export function isInTrouble(server: ServerReport): boolean {
  return hasLost(server) || server.causes.length > 0 || server.nonOffering.length > 0;
}

function hasLost({ invalidatedSessions, suspectedSessions }: ServerReport): boolean {
  return invalidatedSessions + suspectedSessions > 0;
}

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
  if (isOpen(server) && server.toSettle !== null) yield* wrapLabelled('  to do    ', foreign(server.toSettle), width);
  const causes = causeWords(server);
  if (causes !== '') yield* wrapLabelled('  causes   ', causes, width);
  const habits = server.nonOffering.slice(0, MAX_CLIENTS).map(habitWords);
  const clients = [isBrief ? '' : clientWords(server), ...habits].filter((words) => words !== '');
  for (const [i, words] of clients.entries()) yield* wrapLabelled(i === 0 ? '  clients  ' : '           ', words, width);
  const cost = costWords(server, isBrief);
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

/** `invalidates on unclean close (FIN, not RST). It declined …` */
export function verdictWords(server: ServerReport): string {
  const verdict = foreign(server.verdict).replaceAll('-', ' ');
  return `${verdict}${endWords(server)}. ${foreign(server.verdictText)}`;
}

/** Which of the two ends it is, where that is known. */
function endWords({ ends, verdict }: ServerReport): string {
  if (verdict !== 'invalidates-on-unclean-close' && verdict !== 'tolerates-unclean-close') return '';
  const with_ = (effect: EndEffect) => (['fin', 'rst'] as const).filter((end) => ends[end] === effect).map((end) => end.toUpperCase());
  const [invalidates, tolerates] = [with_('invalidates'), with_('tolerates')];
  if (invalidates.length === 0) return ` (${tolerates.join(' and ')})`;
  return ` (${invalidates.join(' and ')}${tolerates.length > 0 ? `, not ${tolerates.join(' or ')}` : ''})`;
}

/** Whether something was declined that no other cause explains. */
function isOpen({ causes }: ServerReport): boolean {
  return causes.some(({ cause }) => OPEN_CAUSES.has(cause));
}

const OPEN_CAUSES: ReadonlySet<Cause> = new Set(['unclean-close', 'reset-race', 'undetermined']);

/** `2 expired (first #52 → #54; resumed up to 0.30 s, declined from 4.3 s on)`: what the declines are put down to. */
function causeWords({ causes }: ServerReport): string {
  const words = causes.map(({ cause, declines, first, limit, between }) => {
    const details = [`first #${first.clientHello} → #${first.serverHello}`];
    if (limit && cause === 'expired') details.push(`resumed up to ${seconds(limit.accepted)}, declined from ${seconds(limit.declined)} on`);
    if (limit && cause === 'evicted')
      details.push(`resumed with up to ${figure(limit.accepted)} sessions issued since, declined from ${figure(limit.declined)} on`);
    if (between) details.push(`between ${utc(between[0])} and ${utc(between[1])}`);
    return `${figure(declines)} ${cause} (${details.join('; ')})`;
  });
  return words.join(', ');
}

function seconds(time: number): string {
  return `${time < 10 ? time.toFixed(2) : Math.round(time)} s`;
}

/** A client that has sessions and does not offer them. */
function habitWords({ address, ja4, habit, chances, afterCleanServerClose, afterUncleanServerClose, pValue }: NonOfferingClient): string {
  const who = `${address}${ja4 === null ? '' : ` (${foreign(ja4)})`}`;
  if (habit === 'never-offers') return `no connection of ${who} offers a session: ${counted(chances.notOffered, 'chance')} missed`;
  const of = ({ offered, notOffered }: NonOfferingClient['chances']) => `${figure(offered)} of ${figure(offered + notOffered)}`;
  const chance = pValue === null ? '' : ` (Fisher's p ${pText(pValue)})`;
  return `${who} stops offering: ${of(afterUncleanServerClose)} after the server closed without close_notify, else ${of(afterCleanServerClose)}${chance}`;
}

/** Kinds of clients that are written out. */
const MAX_CLIENTS = 3;

/** `12 of 16 uncleanly, and 2 by close_notify and RST`. */
function badWords({ unclean, resetRace, connections }: ClientKind): string {
  const of = (count: number) => `${figure(count)} of ${figure(connections)}`;
  if (unclean === 0) return `${of(resetRace)} by close_notify and RST`;
  return `${of(unclean)} uncleanly${resetRace > 0 ? `, and ${figure(resetRace)} by close_notify and RST` : ''}`;
}

/** `t12d1209h1_d34a8e72043a_b39be8c56a14 closed 12 of 14 uncleanly`: which software it is that closes so. */
function clientWords(server: ServerReport): string {
  if (!hasLost(server)) return '';
  const bad = (kind: ClientKind) => kind.unclean + kind.resetRace;
  const kinds = server.clients.filter((kind) => bad(kind) > 0);
  const parts = kinds.slice(0, MAX_CLIENTS).map((kind) => `${foreign(kind.ja4)} closed ${badWords(kind)}`);
  if (kinds.length > MAX_CLIENTS) parts.push(`and ${counted(kinds.length - MAX_CLIENTS, 'more kind')}`);
  return parts.length === 0 ? '' : `by JA4: ${parts.join('; ')}`;
}

/** A mean over less says nothing. */
const MIN_SECONDS_OF_MEAN = 10;

function costWords(server: ServerReport, isBrief: boolean): string {
  const parts: string[] = [];
  const { avoidableFullHandshakes: avoidable, suspectedFullHandshakes: suspected, secondsLost, cpuSecondsLost } = server;
  if (avoidable > 0) parts.push(counted(avoidable, 'avoidable full handshake'));
  if (suspected > 0)
    parts.push(
      `${counted(suspected, avoidable > 0 ? 'more' : 'full handshake', avoidable > 0 ? 'more' : 'full handshakes')} suspected to be avoidable`,
    );
  if (avoidable > 0 && secondsLost !== null) parts.push(`${milliseconds(secondsLost)} of latency lost by these`);
  if (avoidable > 0 && cpuSecondsLost !== null) parts.push(`${milliseconds(cpuSecondsLost)} of processor time, by the cost that was given`);
  const { mean, peak, series } = server.fullHandshakesPerSecond;
  const isLong = series.length > 0 && series[series.length - 1][0] - series[0][0] >= MIN_SECONDS_OF_MEAN;
  if (peak > 0) parts.push(`full handshakes a second: ${isLong ? `${rate(mean)} on average, ` : ''}${rate(peak)} at most`);
  const { full, resumed } = server.handshakeSeconds;
  const median = [full === null ? '' : `${milliseconds(full)} full`, resumed === null ? '' : `${milliseconds(resumed)} resumed`];
  if (!isBrief && (full !== null || resumed !== null)) parts.push(`median handshake ${median.filter((m) => m !== '').join(', ')}`);
  return parts.join('; ');
}

export function rate(perSecond: number): string {
  return perSecond >= 10 ? figure(Math.round(perSecond)) : String(Number(perSecond.toPrecision(2)));
}

function milliseconds(seconds: number): string {
  return `${(seconds * 1000).toFixed(1)} ms`;
}
