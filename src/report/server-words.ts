/** What is known about a server, in words. */
import type { Cause, ClientKind, EndEffect, NonOfferingClient, ServerReport } from '../model.js';
import { pText } from './evidence-words.js';
import { counted, figure, foreign, rate, utc } from './text.js';

/** Servers that lost sessions come first, then the busiest. */
export function inOrderOfLoss(servers: readonly ServerReport[]): ServerReport[] {
  return [...servers].sort(
    (a, b) => b.invalidatedSessions - a.invalidatedSessions || b.suspectedSessions - a.suspectedSessions || b.connections - a.connections,
  );
}

/** Something is lost here, or may be. */
export function isInTrouble(server: ServerReport): boolean {
  return hasLost(server) || server.causes.length > 0 || server.nonOffering.length > 0;
}

export function hasLost({ invalidatedSessions, suspectedSessions }: ServerReport): boolean {
  return invalidatedSessions + suspectedSessions > 0;
}

/** `invalidates on unclean close (FIN, not RST). It declined …` */
export function verdictWords(server: ServerReport): string {
  return `${verdictTitle(server)}. ${foreign(server.verdictText)}`;
}

/** `invalidates on unclean close (FIN, not RST)` */
export function verdictTitle(server: ServerReport): string {
  return `${foreign(server.verdict).replaceAll('-', ' ')}${endWords(server)}`;
}

/** Which of the two ends it is, where that is known. */
function endWords({ ends, verdict }: ServerReport): string {
  if (verdict !== 'invalidates-on-unclean-close' && verdict !== 'tolerates-unclean-close') return '';
  const with_ = (effect: EndEffect) => (['fin', 'rst'] as const).filter((end) => ends[end] === effect).map((end) => end.toUpperCase());
  const [invalidates, tolerates] = [with_('invalidates'), with_('tolerates')];
  if (invalidates.length === 0) return ` (${tolerates.join(' and ')})`;
  return ` (${invalidates.join(' and ')}${tolerates.length > 0 ? `, not ${tolerates.join(' or ')}` : ''})`;
}

/** What would settle the verdict, where something was declined that no other cause explains; else empty. */
export function settleWords({ causes, toSettle }: ServerReport): string {
  return toSettle !== null && causes.some(({ cause }) => OPEN_CAUSES.has(cause)) ? foreign(toSettle) : '';
}

const OPEN_CAUSES: ReadonlySet<Cause> = new Set(['unclean-close', 'reset-race', 'undetermined']);

/** `2 expired (first #52 → #54; resumed up to 0.30 s, declined from 4.3 s on)`: what the declines are put down to. */
export function causeWords({ causes }: ServerReport): string[] {
  return causes.map(({ cause, declines, first, limit, between }) => {
    const details = [`first #${first.clientHello} → #${first.serverHello}`];
    if (limit && cause === 'expired') details.push(`resumed up to ${seconds(limit.accepted)}, declined from ${seconds(limit.declined)} on`);
    if (limit && cause === 'evicted')
      details.push(`resumed with up to ${figure(limit.accepted)} sessions issued since, declined from ${figure(limit.declined)} on`);
    if (between) details.push(`between ${utc(between[0])} and ${utc(between[1])}`);
    return `${figure(declines)} ${cause} (${details.join('; ')})`;
  });
}

function seconds(time: number): string {
  return `${time < 10 ? time.toFixed(2) : Math.round(time)} s`;
}

/**
 * Which clients close badly where that cost sessions, and which do not offer what they have.
 *
 * @param isBrief without the former
 */
export function clientLines(server: ServerReport, isBrief = false): string[] {
  return [isBrief ? '' : clientWords(server), ...server.nonOffering.slice(0, MAX_CLIENTS).map(habitWords)].filter((words) => words !== '');
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

/** What lost sessions cost, and how long handshakes take. @param isBrief without the latter */
export function costParts(server: ServerReport, isBrief = false): string[] {
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
  return parts;
}

function milliseconds(seconds: number): string {
  return `${(seconds * 1000).toFixed(1)} ms`;
}
