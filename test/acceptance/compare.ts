import type { Cause, CloseNotify, Connection, Handshake, Report } from '../../src/model.js';
import type { TrueConnection, Truth } from '../support/truth.js';
import { pair } from './pair.js';

/** How much of a truth a report told, and where it said what the truth denies. */
export interface Score {
  contradictions: Contradiction[];
  /** Per connection: version, session ID, full or resumed, close_notify, FIN or RST, who closed first. */
  facts: Share;
  /** Sessions really invalidated by an unclean close, and offered again, that the findings name. */
  flagged: Share;
  /** Declines for another reason whose cause is right. */
  causes: Share;
}

export interface Share {
  told: number;
  of: number;
}

export interface Contradiction {
  /** Name of a connection of the truth, or a session. */
  subject: string;
  fact: string;
  truth: unknown;
  report: unknown;
}

/** Compares a report of all connections (`--all`) with what the endpoints reported. Saying nothing is no contradiction. */
export function compare(report: Report, truth: Truth): Score {
  const score: Score = { contradictions: [], facts: { told: 0, of: 0 }, flagged: { told: 0, of: 0 }, causes: { told: 0, of: 0 } };
  const partners = pair(report.connections, truth.connections);
  const byName = new Map<string, Connection>();
  for (const happened of truth.connections) {
    if (happened.handshake === 'failed') continue;
    const told = partners.get(happened);
    if (told) byName.set(happened.name, told);
    compareConnection(happened, told, truth, score);
  }
  compareFindings(report, truth, score);
  compareCauses(byName, truth, score);
  return score;
}

function compareConnection(happened: TrueConnection, told: Connection | undefined, truth: Truth, score: Score): void {
  /** `said` is what the report claims, null or undefined where it claims nothing. */
  const fact = (name: string, real: unknown, said: unknown): void => {
    score.facts.of++;
    if (said === real) score.facts.told++;
    else if (said !== null && said !== undefined)
      score.contradictions.push({ subject: happened.name, fact: name, truth: real, report: said });
  };
  if (typeof happened.resumed === 'boolean') fact('resumed', happened.resumed, told && RESUMED[told.handshake]);
  if (happened.tlsVersion) fact('version', happened.tlsVersion, told?.version);
  if (hasSessionId(happened, truth)) fact('session ID', happened.sessionId, told && sessionIdOf(told));
  const sent = sentCloseNotify(happened);
  if (typeof sent === 'boolean') fact('client close_notify', sent, told && SENT[told.close.client.closeNotify]);
  if (happened.frontClient) return;
  if (happened.clientTcpEnd) fact('client end', happened.clientTcpEnd, told?.close.client.end);
  if (happened.firstToClose) fact('first to close', happened.firstToClose.split(' ')[0], told?.close.first);
}

const RESUMED: Partial<Record<Handshake, boolean>> = { full: false, resumed: true };
const SENT: Partial<Record<CloseNotify, boolean>> = { seen: true, inferred: true, absent: false };

/** Beside a ticket or a PSK the session ID is no identity of a session. */
function hasSessionId(happened: TrueConnection, truth: Truth): boolean {
  return (
    !!happened.sessionId && happened.tlsVersion !== 'TLSv1.3' && happened.offered?.kind !== 'ticket' && !truth.capture.includes('ticket')
  );
}

function sessionIdOf(told: Connection): string | null {
  return told.handshake === 'resumed' ? told.offered.sessionId : told.issued.sessionId;
}

/** What was on the wire, where the records could be opened; else what the client says it did. */
function sentCloseNotify(happened: TrueConnection): boolean | undefined {
  const sent = happened.decryptedWithServerKeys?.client;
  return sent ? sent.includes('alert close_notify') : happened.clientSentCloseNotify;
}

function compareFindings(report: Report, truth: Truth, score: Score): void {
  const { invalidatedAfterUncleanClose, invalidatedCloseNotifyLostToReset = [], wirePattern = [] } = truth.expected;
  const invalidated = new Set([...invalidatedAfterUncleanClose, ...invalidatedCloseNotifyLostToReset]);
  const looksLike = new Set(wirePattern.map((pattern) => pattern.sessionId));
  const found = new Map(report.findings.map((finding) => [finding.session.id, finding]));
  for (const id of declinedSessions(truth)) {
    if (!invalidated.has(id)) continue;
    score.flagged.of++;
    if (found.has(id)) score.flagged.told++;
  }
  for (const [id, { confidence }] of found) {
    if (invalidated.has(id)) continue;
    // The pattern is on the wire, the cause was another: excused where the report says itself that it is unsure.
    if (looksLike.has(id) && confidence === 'low') continue;
    score.contradictions.push({ subject: id, fact: 'invalidated by an unclean close', truth: false, report: `flagged, ${confidence}` });
  }
}

function declinedSessions(truth: Truth): Set<string> {
  const offers = truth.connections.filter((c) => c.resumed === false).map((c) => c.offered?.ticketSha256 ?? c.offered?.sessionId);
  return new Set(offers.filter((id) => id !== undefined));
}

const CAUSES: readonly [reason: RegExp, right: readonly Cause[]][] = [
  [/^expired/, ['expired']],
  [/^evicted/, ['evicted']],
  [/^fatal alert/, ['fatal-alert']],
  [/^other node/, ['other-node']],
  [/^server restarted/, ['restarted']],
  [/^ticket key rotated/, ['key-rotated']],
  [/never made the session resumable/, ['never-resumable']],
  [/^ticket already used/, ['ticket-reused']],
  [/^close_notify lost to RST/, ['reset-race', 'unclean-close']],
];

function compareCauses(byName: ReadonlyMap<string, Connection>, truth: Truth, score: Score): void {
  for (const { connection, reason } of truth.expected.declinedForOtherReason) {
    const right = CAUSES.find(([pattern]) => pattern.test(reason))?.[1];
    if (!right) throw new Error(`the truth of ${truth.capture} names an unknown reason: ${reason}`);
    score.causes.of++;
    const cause = byName.get(connection)?.cause;
    if (cause && right.includes(cause)) score.causes.told++;
  }
}
