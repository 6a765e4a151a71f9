/** The first sentences of the table: what was found, in figures, and what could not be judged. */
import type { CaptureInfo, Finding, Report } from '../model.js';
import { counted, figure } from './text.js';

const MAX_PROTOCOLS = 5;
const MORE_OF_SELECTION = ' What there is of it: with --all, or by closenotify explain.';

interface Headline {
  alarm: boolean;
  sentences: string[];
}

/**
 * @param selected the report was narrowed to some clients or sessions: the figure is that of its findings
 * @param server the only one that was looked at; null for all
 */
export function headline(report: Report, selected: boolean, server: string | null): Headline {
  if (report.findings.length > 0) return { alarm: true, sentences: [found(report, selected), ...doubts(report)] };
  return { alarm: false, sentences: [nothing(report, selected, server), ...doubts(report)] };
}

function found(report: Report, selected: boolean): string {
  const suspected = report.findings.filter((f) => f.confidence === 'low').length;
  const invalidated = report.findings.length - suspected;
  const what = (n: number) => `${selected ? 'selected ' : ''}${n === 1 ? 'session' : 'sessions'}`;
  const sure = confidences(report.findings);
  const parts = [];
  if (invalidated > 0) parts.push(`${figure(invalidated)} ${what(invalidated)} invalidated after an unclean close`);
  if (suspected > 0 && invalidated > 0) parts.push(`${figure(suspected)} more suspected`);
  if (suspected > 0 && invalidated === 0)
    parts.push(`${figure(suspected)} ${what(suspected)} suspected to be invalidated after an unclean close`);
  return `${parts.join(', ')}: ${seen(report)}. Confidence: ${sure}.`;
}

function nothing(report: Report, selected: boolean, server: string | null): string {
  const { totals, capture } = report;
  const frames = capture.sources.reduce((sum, s) => sum + s.frames, 0);
  const flagged = selected ? 'Nothing flagged in the selection' : 'Nothing flagged';
  if (frames === 0) return `${flagged}: there are no frames to read.`;
  if (totals.tcpConnections === 0) return `${flagged}: no TCP connection in ${counted(frames, 'frame')}${othersText(capture)}.`;
  if (totals.tlsConnections === 0 && server !== null)
    return `${flagged}: no TLS connection to ${server}; without --server the report lists the servers.`;
  if (totals.tlsConnections === 0) return `${flagged}: no TLS in ${counted(totals.tcpConnections, 'TCP connection')}.`;
  const others = totals.handshakes.declined > 0 && !hasNoCloses(report) ? ' No decline was put down to an unclean close.' : '';
  return `${flagged}: ${seen(report)}.${selected ? MORE_OF_SELECTION : others}`;
}

/** What there is instead. */
function othersText({ otherFrames: { notIp, protocols } }: CaptureInfo): string {
  const parts = protocols.slice(0, MAX_PROTOCOLS).map(({ name, frames }) => `${figure(frames)} of ${name}`);
  if (notIp > 0) parts.push(`${figure(notIp)} without IP`);
  return parts.length > 0 ? ` (${parts.join(', ')}: not looked into)` : '';
}

function seen(report: Report): string {
  const { handshakes, tlsConnections } = report.totals;
  const parts = [
    counted(tlsConnections, 'TLS connection'),
    counted(handshakes.full, 'full handshake'),
    `${figure(handshakes.resumed)} resumed`,
    `${figure(handshakes.declined)} declined`,
  ];
  if (handshakes.failed > 0) parts.push(`${figure(handshakes.failed)} failed`);
  if (handshakes.incomplete > 0) parts.push(`${figure(handshakes.incomplete)} incomplete`);
  return parts.join(', ');
}

/** What the capture does not let anyone say: silence about it would read as "all is well". */
function doubts(report: Report): string[] {
  const { closes } = report.totals;
  const sides = Object.values(closes).reduce((sum, n) => sum + n, 0);
  const result: string[] = [];
  if (hasNoCloses(report))
    result.push('The capture holds no close of any connection: which sessions an unclean close cost cannot be told from it.');
  const { unreadOffers } = report.capture.quality;
  if (unreadOffers > 0) {
    const connections = counted(unreadOffers, 'connection');
    result.push(`What ${connections} offered cannot be told, or not all of it: the ClientHello is cut or missing.`);
  }
  if (closes.unknown > 0) {
    result.push(
      `${figure(closes.unknown)} of ${counted(sides, 'close')} (one for each side) cannot be judged: ${lacksPackets(report) ? 'their packets are missing, or encrypted and ambiguous' : 'they are encrypted and ambiguous'}.`,
    );
  }
  if (report.capture.sources.some((s) => s.truncated)) result.push('The input is damaged: only what comes before the damage is told here.');
  return result;
}

function lacksPackets({ capture: { quality } }: Report): boolean {
  const { missingBytes, midstreamConnections, oneWayConnections, unreadOffers } = quality;
  return missingBytes + midstreamConnections + oneWayConnections + unreadOffers > 0;
}

/** Connections, and not one FIN or RST: what a filter leaves that lets only payloads through. */
function hasNoCloses(report: Report): boolean {
  const { closes, tlsConnections } = report.totals;
  return tlsConnections > 0 && closes.open === 2 * tlsConnections;
}

function confidences(findings: readonly Finding[]): string {
  const levels = (['high', 'medium', 'low'] as const).map((level) => ({ level, n: findings.filter((f) => f.confidence === level).length }));
  const present = levels.filter((l) => l.n > 0);
  if (present.length === 1) return present[0].level;
  return present.map((l) => `${l.level} for ${figure(l.n)}`).join(', ');
}
