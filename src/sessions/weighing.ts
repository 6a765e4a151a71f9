// What the offers of all sessions say about each server, in rounds: what is compared in one is learned in those before it.
import type { Clients } from './clients.js';
import { EvidenceByKind } from './evidence.js';
import type { SessionUses } from './session-uses.js';
import type { Offer, Teller } from './story.js';

/**
 * @param clients are told of all connections on the way
 * @returns by the number of the server
 */
export function weigh(sessions: SessionUses, servers: number, teller: Teller, clients: Clients): EvidenceByKind[] {
  const evidence = Array.from({ length: servers }, () => new EvidenceByKind());
  const { offered, declined } = numbersOf(sessions);
  // Where nothing was declined there is nothing to explain.
  const hasDeclines = new Uint8Array(servers);
  for (const session of declined) hasDeclines[sessions.server(session)] = 1;
  sessions.eachConnection((server, kind, use, offers, hasSession, isIssue) => {
    clients.add(server, use, offers, hasSession);
    if (hasDeclines[server] === 1) evidence[server].addConnection(kind, use, isIssue);
  });
  for (const server of evidence) server.sealConnections();
  const tell = (numbers: readonly number[], round: 'survey' | 'compare' | 'count') => {
    for (const session of numbers) {
      const visit: (offer: Offer) => void = evidence[sessions.server(session)][round];
      teller.tell(sessions.views, sessions.read(session), sessions.kind(session), sessions.lifetime(session), visit);
    }
  };
  tell(offered, 'survey');
  for (const server of evidence) server.sealOffers();
  tell(declined, 'compare');
  for (const server of evidence) server.conclude();
  tell(declined, 'count');
  return evidence;
}

/** The sessions that were offered, and those of them that were declined. */
function numbersOf(sessions: SessionUses): { offered: number[]; declined: number[] } {
  const offered: number[] = [];
  const declined: number[] = [];
  for (let session = sessions.after(-1); session >= 0; session = sessions.after(session)) {
    if (sessions.hasOffers(session)) offered.push(session);
    if (sessions.hasDeclines(session)) declined.push(session);
  }
  return { offered, declined };
}
