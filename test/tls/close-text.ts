import type { Connection, SideClose } from '../../src/model.js';
import { Capture, type Link, only, type ReadOptions } from '../support/packets.js';
import { exchange, fullHandshake } from './messages.js';

/** `clean fin inferred | unclean rst absent | first client`: state, end and close_notify of client and server. */
export function closeText({ close }: Connection): string {
  return `${sideText(close.client)} | ${sideText(close.server)} | first ${close.first ?? '-'}`;
}

/** How a connection closed on which `speak` comes after a full handshake and an exchange of data. */
export function closeAfter(speak: (link: Link) => void, options?: ReadOptions): string {
  const capture = new Capture();
  const link = capture.connect();
  fullHandshake(link);
  exchange(link);
  speak(link);
  return closeText(only(capture.packets, options));
}

function sideText({ state, end, closeNotify }: SideClose): string {
  return `${state} ${end ?? '-'} ${closeNotify}`;
}
