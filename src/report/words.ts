/** What the enumerations of a report mean, in plain words. */
import type { Cause, Session, UncleanClose } from '../model.js';

/** Why a server declined a session: completes "the server declined it because …". */
export const CAUSE_WORDS: Record<Cause, string> = {
  incomplete: 'the handshake that issued it never completed',
  'fatal-alert': 'a fatal alert had struck a connection of the session',
  'parameters-changed': 'the client offered it with another version, cipher suite or server name',
  'never-resumable': 'the server never resumes',
  'other-node': 'another machine answered behind the same address',
  'ticket-reused': 'the ticket had been used before',
  restarted: 'the server restarted and lost its sessions',
  'key-rotated': 'the server changed its ticket keys',
  expired: 'it was too old',
  evicted: 'the server dropped it to make room',
  'unclean-close': 'a connection of the session was closed without close_notify',
  'reset-race': 'the client sent RST right behind its close_notify, which the server may never have read',
  'unknown-session': 'it was not issued within this capture',
  undetermined: 'of something that this capture does not show',
};

/** What else may explain a decline: nothing is said to have happened that only may have. */
export function rivalWords(rival: Cause): string {
  return rival === 'fatal-alert' ? "the server's encrypted alert, which came first, may have been fatal" : CAUSE_WORDS[rival];
}

export const KIND_WORDS: Record<Session['kind'], string> = {
  'session-id': 'session ID',
  ticket: 'ticket (SHA-256)',
  psk: 'PSK identity (SHA-256)',
};

/** `client RST without close_notify`. */
export function closeWords(close: Pick<UncleanClose, 'by' | 'end' | 'state'>): string {
  const end = close.end.toUpperCase();
  return close.state === 'reset-race'
    ? `${close.by} close_notify, then ${end} before it was acknowledged`
    : `${close.by} ${end} without close_notify`;
}
