/** Outcomes and closes of connections, in a few words. */
import type { Connection, SideClose } from '../model.js';

/** What was declined became a full handshake. */
export function handshakeText(c: Connection): string {
  if (c.resumption !== 'declined') return c.handshake;
  return c.cause === null ? 'declined' : `declined: ${c.cause}`;
}

/** `unclean RST #9668`. */
export function closeText(close: SideClose): string {
  return [close.state, close.end?.toUpperCase() ?? '', close.frame === null ? '' : `#${close.frame}`]
    .filter((part) => part !== '')
    .join(' ');
}
