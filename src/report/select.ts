import type { Connection, Finding, Report, Session } from '../model.js';
import { type AddressRange, parseAddressRange } from './address-range.js';

export interface Selection {
  /** Address or CIDR range of clients. */
  client?: string;
  /** First digits of a session's identifier, lower-case hex. */
  session?: string;
}

/**
 * The report with only the connections, sessions and findings of some clients or sessions. Totals, servers and verdicts stay
 * those of the whole capture. Sessions are matched to clients by the connections in the report.
 *
 * @throws RangeError when `client` is neither an address nor a range
 */
export function select(report: Report, selection: Selection): Report {
  if (selection.client === undefined && selection.session === undefined) return report;
  const range = rangeOf(selection);
  const streams = new Set(report.connections.filter((c) => isOf(c, range)).map((c) => c.stream));
  return {
    ...report,
    findings: report.findings.filter((f) => isSession(f.session.id, selection) && isFindingOf(f, range)),
    sessions: report.sessions.filter((s) => isSession(s.id, selection) && isSessionOf(s, selection, streams)),
    connections: selectConnections(report.connections, selection),
  };
}

/** The connections of a selection. */
export function selectConnections(connections: readonly Connection[], selection: Selection): Connection[] {
  const range = rangeOf(selection);
  return connections.filter((c) => isOf(c, range) && identifiers(c).some((id) => isSession(id, selection)));
}

/** The TCP peer, or the client that a PROXY header names. */
function isOf(c: Connection, range: AddressRange): boolean {
  return range(c.client.address) || (c.proxiedClient !== null && range(c.proxiedClient.address));
}

function rangeOf(selection: Selection): AddressRange {
  if (selection.client === undefined) return () => true;
  const range = parseAddressRange(selection.client);
  if (range === null) throw new RangeError(`not an address or a CIDR range: ${selection.client}`);
  return range;
}

function isSession(id: string, selection: Selection): boolean {
  return selection.session === undefined || id.startsWith(selection.session);
}

/** Every session that a connection touched; the empty one stands for the connection that touched none. */
function identifiers(c: Connection): string[] {
  const ids = [c.offered.sessionId, c.offered.ticket, ...c.offered.psk, c.issued.sessionId, ...c.issued.tickets];
  return ['', ...ids.filter((id) => id !== null)];
}

/** The client of a session may change: another connection of it may come from another address. */
function isFindingOf(finding: Finding, range: AddressRange): boolean {
  return [finding, ...finding.resumed, ...finding.uncleanCloses, ...finding.declines].some(({ client }) => range(client.address));
}

function isSessionOf(session: Session, selection: Selection, streams: ReadonlySet<number>): boolean {
  if (selection.client === undefined) return true;
  return (session.issued !== null && streams.has(session.issued.stream)) || session.offers.some((o) => streams.has(o.stream));
}
