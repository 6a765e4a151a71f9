// What the offers of all sessions say about each server, in rounds: what is compared in one is learned in those before it.
import type { Clients } from './clients.js';
import { EvidenceByKind } from './evidence-by-kind.js';
import type { SessionUses } from './session-uses.js';
import type { Offer, Teller } from './story.js';

/** Sessions, or connections, that are looked at before something else may go on. */
export const SLICE = 2048;

/**
 * Yields now and then, so that something else may go on.
 *
 * @param clients are told of all connections on the way
 * @returns by the number of the server
 */
export function* weigh(
  sessions: SessionUses,
  servers: number,
  teller: Teller,
  clients: Clients,
): Generator<undefined, readonly EvidenceByKind[]> {
  const evidence = Array.from({ length: servers }, () => new EvidenceByKind());
  /** That of the session that is told of: one visitor serves for all servers. */
  let present: EvidenceByKind;
  const { offered, declined } = numbersOf(sessions);
  // Where nothing was declined there is nothing to explain.
  const hasDeclines = new Uint8Array(servers);
  for (const session of declined) hasDeclines[sessions.server(session)] = 1;
  for (let from = -1; ; yield) {
    from = sessions.eachConnection(from, SLICE, (server, kind, use, offers, hasSession, isIssue) => {
      clients.add(server, use, offers, hasSession);
      if (hasDeclines[server] === 1) evidence[server].addConnection(kind, use, isIssue);
    });
    if (from < 0) break;
  }
  for (const server of evidence) server.sealConnections();
  yield* tell(offered, (offer) => present.survey(offer));
  for (const server of evidence) server.sealOffers();
  yield* tell(declined, (offer) => present.compare(offer));
  for (const server of evidence) server.conclude();
  yield* tell(declined, (offer) => present.count(offer));
  return evidence;

  function* tell(numbers: readonly number[], visit: (offer: Offer) => void): Generator<undefined, void> {
    for (let from = 0; from < numbers.length; from += SLICE, yield) tellSome(numbers, from, visit);
  }

  function tellSome(numbers: readonly number[], from: number, visit: (offer: Offer) => void): void {
    const end = Math.min(from + SLICE, numbers.length);
    for (let i = from; i < end; i++) {
      const session = numbers[i];
      present = evidence[sessions.server(session)];
      teller.tell(sessions.views, sessions.read(session), sessions.kind(session), sessions.lifetime(session), visit);
    }
  }
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
