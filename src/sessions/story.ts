// What happened to one session, in order, and what each offer of it says about the closes before it.
import type { Cause } from '../model.js';
import type { Use, UseClose } from './uses.js';

/** The worst that happened to a session since the server last showed that it had it. */
export type Exposure = 'open' | 'clean' | 'reset-race' | 'unclean-fin' | 'unclean-rst' | 'aborted' | 'unknown';

/** One side of a connection closing in a way that may have cost the session. */
export interface Culprit {
  use: Use;
  by: 'client' | 'server';
  end: 'fin' | 'rst';
  state: 'unclean' | 'reset-race';
  frame: number;
  time: number;
}

/** Whether `a` came before `b`: by time, and at the same time by frame. */
export function isBefore(aTime: number, aFrame: number, bTime: number, bFrame: number): boolean {
  return aTime < bTime || (aTime === bTime && aFrame < bFrame);
}

/** The uses of a session in the order of the server's answers. */
export function inOrder(uses: Use[]): Use[] {
  return uses.sort((a, b) => a.answerTime - b.answerTime || answerFrame(a) - answerFrame(b));
}

export function answerFrame(use: Use): number {
  return use.serverHello ?? use.clientHello;
}

/** The last use before `uses[index]` by which the server showed that it had the session; null when there is none. */
export function lastProof(uses: readonly Use[], index: number): Use | null {
  for (let i = index - 1; i >= 0; i--) if (uses[i].role === 'resumed' || uses[i].role === 'issued') return uses[i];
  return null;
}

/**
 * The closes that count against the offer `uses[index]`: of connections that issued or resumed the session, after the server last
 * showed that it had it and before it answered.
 */
export function culprits(uses: readonly Use[], index: number): Culprit[] {
  const offer = uses[index];
  const proof = lastProof(uses, index);
  const found: Culprit[] = [];
  for (const use of uses) {
    if (use === offer || (use.role !== 'issued' && use.role !== 'resumed')) continue;
    for (const culprit of culpritsOf(use)) {
      const isEarly = isBefore(culprit.time, culprit.frame, offer.answerTime, answerFrame(offer));
      const isSurvived = proof !== null && isBefore(culprit.time, culprit.frame, proof.answerTime, answerFrame(proof));
      if (isEarly && !isSurvived) found.push(culprit);
    }
  }
  return found.sort((a, b) => a.time - b.time || a.frame - b.frame);
}

/**
 * The client's side decides, because it is what the server sees; a server that ends without close_notify matters where it did so
 * first. (A server that answers close_notify with a bare FIN, as nginx does, has received all that it needs.)
 */
function culpritsOf(use: Use): Culprit[] {
  const { client, server, serverFirst } = use.close;
  const found: Culprit[] = [];
  const add = (by: 'client' | 'server', close: UseClose) => {
    if (close.end !== null && (close.state === 'unclean' || close.state === 'reset-race')) {
      found.push({ use, by, end: close.end, state: close.state, frame: close.frame, time: close.time });
    }
  };
  add('client', client);
  if (serverFirst || client.state === 'unclean') add('server', server);
  return found;
}

export function exposure(uses: readonly Use[], index: number): Exposure {
  const found = culprits(uses, index);
  const unclean = found.filter((c) => c.state === 'unclean').at(-1);
  if (unclean) return unclean.end === 'fin' ? 'unclean-fin' : 'unclean-rst';
  if (found.length > 0) return 'reset-race';
  return quietExposure(uses, index);
}

/** The exposure of an offer without culprits. */
function quietExposure(uses: readonly Use[], index: number): Exposure {
  const offer = uses[index];
  const states = new Set<Exposure>();
  for (const use of uses) {
    if (use === offer || (use.role !== 'issued' && use.role !== 'resumed')) continue;
    if (!isBefore(use.answerTime, answerFrame(use), offer.answerTime, answerFrame(offer))) continue;
    const { client, server } = use.close;
    const ended = [client, server].filter((c) => c.end !== null && isBefore(c.time, c.frame, offer.answerTime, answerFrame(offer)));
    if (ended.length === 0) states.add(client.state === 'unknown' && client.end === null ? 'unknown' : 'open');
    else if (ended.some((c) => c.state === 'aborted')) states.add('aborted');
    else if (ended.includes(client) ? client.state === 'unknown' : server.state === 'unknown') states.add('unknown');
    else states.add('clean');
  }
  for (const state of ['aborted', 'unknown', 'open', 'clean'] as const) if (states.has(state)) return state;
  return 'unknown';
}

/** A cause that needs no comparison with other sessions; null when there is none. */
export function decisiveCause(uses: readonly Use[], index: number): Cause | null {
  const offer = uses[index];
  const earlier = uses.slice(0, index).filter((use) => use.role === 'issued' || use.role === 'resumed');
  if (earlier.length === 0) return 'unknown-session';
  const issue = earlier.find((use) => use.role === 'issued');
  if (issue && !issue.completed && earlier.every((use) => use === issue)) return 'incomplete';
  if (earlier.some((use) => use.fatalAlert)) return 'fatal-alert';
  if (hasChangedParameters(issue ?? earlier[0], offer)) return 'parameters-changed';
  if (uses.slice(index + 1).some((use) => use.role === 'resumed')) return 'other-node';
  return null;
}

/** Version (RFC 5246 7.4.1.2), server name (RFC 6066 3) or extended master secret differ from the session's. */
function hasChangedParameters(session: Use, offer: Use): boolean {
  if (session.version !== null && offer.version !== null && session.version !== offer.version) return true;
  if (session.serverName !== null && offer.serverName !== null && session.serverName !== offer.serverName) return true;
  return session.role === 'issued' && session.clientHello > 0 && hasChangedMasterSecret(session, offer);
}

/** RFC 7627 5.3: a session keeps to the kind of master secret that it began with. */
function hasChangedMasterSecret(session: Use, offer: Use): boolean {
  const wasExtended = session.clientEms && session.serverEms;
  return wasExtended ? !offer.clientEms : offer.clientEms && offer.serverEms;
}
