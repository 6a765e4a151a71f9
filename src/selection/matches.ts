import type { Connection, Endpoint, Report, Session } from '../model.js';

/** What is asked for: identifiers that begin with these hex digits, or one connection. */
export type Query = { digits: string } | { stream: number };

/**
 * Of a report with all sessions and connections what a query names: its sessions, their connections, findings and servers.
 * Totals stay those of the whole capture.
 */
export function matching(report: Report, query: Query): Report {
  const isMeant = (c: Connection) =>
    'stream' in query ? c.stream === query.stream : identifiers(c).some((id) => id.startsWith(query.digits));
  const meant = new Set(report.connections.filter(isMeant).map(({ stream }) => stream));
  const named = 'stream' in query ? [] : report.sessions.filter(({ id }) => id.startsWith(query.digits));
  // A ticket that replaced another one continues its session, and is none of its own.
  const sessions = named.length > 0 ? named : report.sessions.filter((s) => streamsOf(s).some((stream) => meant.has(stream)));
  const streams = new Set([...meant, ...sessions.flatMap(streamsOf)]);
  const connections = report.connections.filter(({ stream }) => streams.has(stream));
  const isOf = sameKey(sessions.map(({ kind, id, server }) => key(server, kind, id)));
  const isServer = sameKey([...sessions, ...connections].map(({ server }) => key(server)));
  return {
    ...report,
    servers: report.servers.filter((server) => isServer(key(server))),
    findings: report.findings.filter(({ server, session: { kind, id } }) => isOf(key(server, kind, id))),
    sessions,
    connections,
  };
}

/** The connections that issued it, offered it, or took it up. */
export function streamsOf({ issued, offers }: Session): number[] {
  return [...(issued === null ? [] : [issued.stream]), ...offers.map(({ stream }) => stream)];
}

/** All that a connection offered or issued. */
export function identifiers(c: Connection): string[] {
  const ids = [c.offered.sessionId, c.offered.ticket, ...c.offered.psk, c.issued.sessionId, ...c.issued.tickets];
  return ids.filter((id) => id !== null);
}

function key({ address, port }: Endpoint, ...more: string[]): string {
  return [address, port, ...more].join(' ');
}

function sameKey(keys: readonly string[]): (key: string) => boolean {
  const known = new Set(keys);
  return (candidate) => known.has(candidate);
}
