// How right a report is about a simulated capture, and how much of the truth it tells.
import type { Cause, Finding, Report } from '../../src/model.js';
import { analyze } from '../support/packets.js';
import { className } from './policy.js';
import { type OfferTruth, type SessionTruth, simulate, type Truth } from './simulate.js';

export const CONFIDENCES = ['high', 'medium', 'low'] as const;
type Confidence = Finding['confidence'];

/** Findings of one confidence. */
export interface Precision {
  right: number;
  wrong: number;
}

/** Sessions that the server lost to an unclean close and then declined, by the confidence with which they were found. */
export interface Recall extends Record<Confidence, number> {
  missed: number;
}

/** A finding about a session that no unclean close had cost when it was declined. */
interface WrongFinding {
  seed: number;
  className: string;
  session: string;
  confidence: Confidence;
  /** Why the server really declined it, or `resumed`: no decline at all. */
  truth: Cause | 'resumed';
  cause: Cause;
  rivals: readonly Cause[];
}

export interface Evaluation {
  captures: number;
  connections: number;
  /** What the analyzer read wrongly where the capture is whole: whether an offer was accepted. */
  misread: number;
  precision: Record<Confidence, Precision>;
  wrong: WrongFinding[];
  /** Right findings that do not list the close that did it. */
  wrongClose: number;
  recall: Recall;
  /** The same of sessions that nothing else would have cost, and whose issue, close and decline the capture holds. */
  clearRecall: Recall;
  /** Clear ones of which there is no finding. */
  missed: { seed: number; className: string; session: string }[];
  byClass: Map<string, { precision: Record<Confidence, Precision>; recall: Recall; clearRecall: Recall }>;
  /** Captures by what the report says of the server, of those in which an unclean close was seen to cost a session and of the others. */
  verdicts: { invalidated: Map<string, number>; kept: Map<string, number> };
  /** Declines by what the model says of them, then by what the report says. */
  causes: Map<Cause, Map<Cause | 'none', number>>;
}

export function evaluate(seeds: Iterable<number>): Evaluation {
  const evaluation: Evaluation = {
    captures: 0,
    connections: 0,
    misread: 0,
    precision: noPrecision(),
    wrong: [],
    wrongClose: 0,
    recall: noRecall(),
    clearRecall: noRecall(),
    missed: [],
    byClass: new Map(),
    verdicts: { invalidated: new Map(), kept: new Map() },
    causes: new Map(),
  };
  for (const seed of seeds) {
    const { packets, truth } = simulate(seed);
    score(seed, analyze(packets), truth, evaluation);
  }
  return evaluation;
}

function score(seed: number, report: Report, truth: Truth, into: Evaluation): void {
  into.captures++;
  into.connections += report.connections.length;
  const offers = new Map(truth.offers.map((offer) => [offer.connection, offer]));
  for (const finding of report.findings) scoreFinding(seed, finding, offers, truth, into);
  scoreRecall(seed, report, truth, into);
  scoreCauses(report, truth, offers, into);
}

function scoreFinding(seed: number, finding: Finding, offers: ReadonlyMap<string, OfferTruth>, truth: Truth, into: Evaluation): void {
  const { client } = finding.declines[0];
  const decline = offers.get(`${client.address}:${client.port}`);
  const session = truth.sessions.get(finding.session.id);
  const isRight = decline !== undefined && session !== undefined && isInvalidated(session, decline);
  const of = classOf(truth, into);
  for (const { precision } of [into, of]) precision[finding.confidence][isRight ? 'right' : 'wrong']++;
  if (isRight) {
    const killer = session.loss?.connection;
    if (!finding.uncleanCloses.some((close) => `${close.client.address}:${close.client.port}` === killer)) into.wrongClose++;
    return;
  }
  into.wrong.push({
    seed,
    className: className(truth.policy),
    session: finding.session.id,
    confidence: finding.confidence,
    truth: decline?.reason ?? 'resumed',
    cause: finding.cause,
    rivals: finding.rivals,
  });
}

/** Whether an unclean close had cost the session when the server decided. */
function isInvalidated({ loss }: SessionTruth, offer: OfferTruth): boolean {
  return loss !== null && (loss.reason === 'unclean-close' || loss.reason === 'reset-race') && loss.at <= offer.at;
}

function scoreRecall(seed: number, report: Report, truth: Truth, into: Evaluation): void {
  const found = new Map(report.findings.map((finding) => [finding.session.id, finding.confidence]));
  const counted = new Map<string, boolean>();
  for (const offer of truth.offers) {
    const session = truth.sessions.get(offer.session);
    if (!offer.isVisible || session === undefined || !isInvalidated(session, offer)) continue;
    const isClear = session.isWhole && offer.isOnlyReason;
    counted.set(offer.session, isClear || counted.get(offer.session) === true);
  }
  const of = classOf(truth, into);
  const verdicts = counted.size > 0 ? into.verdicts.invalidated : into.verdicts.kept;
  for (const { verdict } of report.servers) count(verdicts, verdict);
  for (const [session, isClear] of counted) {
    const outcome = found.get(session) ?? 'missed';
    into.recall[outcome]++;
    of.recall[outcome]++;
    if (!isClear) continue;
    into.clearRecall[outcome]++;
    of.clearRecall[outcome]++;
    if (outcome === 'missed') into.missed.push({ seed, className: className(truth.policy), session });
  }
}

function scoreCauses(report: Report, truth: Truth, offers: ReadonlyMap<string, OfferTruth>, into: Evaluation): void {
  const isWhole = truth.damage.loss === 0 && truth.damage.before === 0 && truth.damage.after === 0;
  for (const { client, resumption, cause } of report.connections) {
    const offer = offers.get(`${client.address}:${client.port}`);
    if (!offer?.isVisible) continue;
    if (isWhole && resumption !== (offer.reason === null ? 'resumed' : 'declined')) into.misread++;
    if (offer.reason === null || resumption !== 'declined') continue;
    const row = into.causes.get(offer.reason) ?? new Map<Cause | 'none', number>();
    count(row, cause ?? 'none');
    into.causes.set(offer.reason, row);
  }
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function classOf({ policy }: Truth, { byClass }: Evaluation) {
  const name = className(policy);
  let found = byClass.get(name);
  if (!found) {
    found = { precision: noPrecision(), recall: noRecall(), clearRecall: noRecall() };
    byClass.set(name, found);
  }
  return found;
}

function noPrecision(): Record<Confidence, Precision> {
  const none = () => ({ right: 0, wrong: 0 });
  return { high: none(), medium: none(), low: none() };
}

function noRecall(): Recall {
  return { high: 0, medium: 0, low: 0, missed: 0 };
}
