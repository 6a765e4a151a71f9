/** What happened on connections: hellos, alerts and closes, in order of time, told of one session. */
import type { Connection, Offer, Session, Side, SideClose } from '../model.js';
import type { Layout } from './layout.js';
import { INDENT } from './story.js';
import { counted, foreign, since, wrapLabelled } from './text.js';
import { CAUSE_WORDS } from './words.js';

export interface TimelineEvent {
  time: number;
  frame: number;
  stream: number;
  from: Side;
  what: string;
  style: 'alarm' | 'warning' | 'good' | null;
}

/** Events that are told unless all were asked for: the first ones and the last ones. */
const FIRST_EVENTS = 30;
const LAST_EVENTS = 30;
/** Digits of another session: enough for `explain`. */
const OTHER_DIGITS = 8;

/** What all connections have in common is told once. */
interface Common {
  words: string;
  hasAgreed: boolean;
  hasName: boolean;
}

export function commonOf(connections: readonly Connection[]): Common {
  const of = (text: (c: Connection) => string) => new Set(connections.map(text).filter((words) => words !== ''));
  const agreed = of(agreedWords);
  const names = of(nameOf);
  const words = [...(agreed.size === 1 ? agreed : []), ...(names.size === 1 ? [`name ${[...names][0]}`] : [])];
  return { words: words.join(', '), hasAgreed: agreed.size === 1, hasName: names.size === 1 };
}

function agreedWords(c: Connection): string {
  return [c.version, c.cipherSuite].flatMap((word) => (word === null ? [] : [foreign(word)])).join(', ');
}

function nameOf({ serverName }: Connection): string {
  return serverName === null ? '' : foreign(serverName, MAX_NAME_COLUMNS);
}

/** @param session the one that it is about; null: the connections themselves */
export function timelineOf(connections: readonly Connection[], session: Session | null, common: Common): TimelineEvent[] {
  const offers = new Map(session?.offers.map((offer) => [offer.stream, offer]));
  const events = connections.flatMap((c) => eventsOf(c, session, offers.get(c.stream) ?? null, common));
  return events.sort((a, b) => a.time - b.time || a.frame - b.frame);
}

function eventsOf(c: Connection, session: Session | null, offer: Offer | null, common: Common): TimelineEvent[] {
  const { frames, times } = c;
  const at = (frame: number | null, time: number | null, from: Side, what: string, style: TimelineEvent['style'] = null) =>
    frame === null || time === null ? [] : [{ frame, time, stream: c.stream, from, what, style }];
  const style = isTaken(c, offer) ? 'good' : isDeclined(c, offer) ? 'alarm' : null;
  return [
    ...at(
      frames.clientHello,
      times.clientHello,
      'client',
      `ClientHello: ${offerWords(c, session, offer)}${common.hasName ? '' : bracketed(nameOf(c))}`,
    ),
    ...at(
      frames.serverHello,
      times.serverHello,
      'server',
      `ServerHello: ${answerWords(c, session, offer)}${common.hasAgreed ? '' : bracketed(agreedWords(c))}`,
      style,
    ),
    ...c.alerts.flatMap((alert) => at(alert.frame, alert.time, alert.from, alertWords(alert), alert.level === 'fatal' ? 'warning' : null)),
    ...(['client', 'server'] as const).flatMap((side) => {
      const close = c.close[side];
      return at(close.frame, close.time, side, endWords(close, c.close.first === side), isBad(close) ? 'warning' : null);
    }),
  ];
}

function isTaken(c: Connection, offer: Offer | null): boolean {
  return offer === null ? c.resumption === 'resumed' : offer.outcome === 'resumed';
}

function isDeclined(c: Connection, offer: Offer | null): boolean {
  return offer === null ? c.resumption === 'declined' : offer.outcome === 'declined';
}

function offerWords(c: Connection, session: Session | null, offer: Offer | null): string {
  const answer = c.frames.serverHello === null ? '; no ServerHello in the capture' : '';
  if (offer !== null) return `offers it${answer}`;
  if (c.resumption === 'not-offered') return `offers no session${answer}`;
  const { psk, ticket, sessionId } = c.offered;
  const [kind, id] =
    psk.length > 0 ? ['PSK', psk[c.selectedPsk ?? 0] ?? psk[0]] : ticket !== null ? ['ticket', ticket] : ['session ID', sessionId];
  const isKnown = c.resumption !== 'unknown';
  if (id === null) return `${isKnown ? 'offers no session' : 'what it offers is not known'}${answer}`;
  return `${isKnown ? '' : 'may '}offer${isKnown ? 's' : ''} ${session === null ? '' : 'another session: '}${kind} ${shortId(id)}${answer}`;
}

const MAX_NAME_COLUMNS = 60;

function bracketed(text: string): string {
  return text === '' ? '' : ` (${text})`;
}

function answerWords(c: Connection, session: Session | null, offer: Offer | null): string {
  const parts: string[] = [];
  if (isTaken(c, offer)) parts.push('RESUMED');
  else if (isDeclined(c, offer)) parts.push(`DECLINED, full handshake${causeWords(offer?.cause ?? c.cause)}`);
  else parts.push(HANDSHAKE_WORDS[c.handshake]);
  if (c.handshake === 'failed' && (isTaken(c, offer) || isDeclined(c, offer))) parts.push('; the handshake failed');
  const issued = issuedWords(c, session);
  return parts.join('') + (issued === '' ? '' : `; issues ${issued}`);
}

function causeWords(cause: Connection['cause']): string {
  return cause === null ? '' : ` (${cause})`;
}

const HANDSHAKE_WORDS: Record<Connection['handshake'], string> = {
  full: 'full handshake',
  resumed: 'resumed',
  failed: 'the handshake failed',
  incomplete: 'the capture ends before the handshake does',
  unknown: 'what came of it cannot be told',
};

function issuedWords(c: Connection, session: Session | null): string {
  if (session !== null && session.issued?.stream === c.stream) return session.issuedInferred ? 'it, most likely (inferred)' : 'it';
  const { sessionId, tickets } = c.issued;
  const parts = [];
  if (sessionId !== null && c.handshake !== 'resumed') parts.push(`session ID ${shortId(sessionId)}`);
  if (tickets.length > 0) parts.push(tickets.length === 1 ? `ticket ${shortId(tickets[0])}` : counted(tickets.length, 'ticket'));
  return parts.join(' and ');
}

function alertWords({ level, description, encrypted }: Connection['alerts'][number]): string {
  if (description === null) return 'encrypted alert';
  return `alert${level === null ? '' : ` ${level}`} ${foreign(description)}${encrypted ? ' (decrypted)' : ''}`;
}

function isBad({ state }: SideClose): boolean {
  return state === 'unclean' || state === 'reset-race' || state === 'aborted';
}

/** `RST without close_notify: unclean; closed first`. */
function endWords({ state, closeNotify, end }: SideClose, isFirst: boolean): string {
  const how: Record<SideClose['state'], string> = {
    clean: `after close_notify${closeNotify === 'inferred' ? ' (inferred)' : ''}: clean`,
    unclean: 'without close_notify: unclean',
    'reset-race': 'behind close_notify, before that was acknowledged: reset-race',
    aborted: 'after a fatal alert: aborted',
    open: '',
    unknown: 'and whether close_notify came before it cannot be told',
  };
  return `${(end ?? 'end').toUpperCase()} ${how[state]}${isFirst ? '; this side closed first' : ''}`;
}

function shortId(id: string): string {
  return id.length > OTHER_DIGITS ? `${foreign(id.slice(0, OTHER_DIGITS))}…` : foreign(id);
}

/** @param origin time that the seconds are counted from */
export function* timelineLines(events: readonly TimelineEvent[], origin: number, { width, detail, paint }: Layout): Generator<string> {
  const shown = detail === 'all' ? events : foldEvents(events);
  const cells = shown.map((e) => (e === null ? ['', '', '', ''] : [`#${e.frame}`, since(origin, e.time), String(e.stream), e.from]));
  const widths = TITLES.map((title, i) => cells.reduce((most, row) => Math.max(most, row[i].length), title.length));
  const left = (row: readonly string[]) => `${INDENT}${row.map((cell, i) => cell.padStart(widths[i])).join('  ')}  `;
  yield paint('faint', `${left(TITLES)}what happened`);
  for (const [i, event] of shown.entries()) {
    const what = event?.what ?? `… ${counted(events.length - shown.length + 1, 'more event')}: see them with --all`;
    for (const line of wrapLabelled(left(cells[i]), what, width)) yield event?.style ? paint(event.style, line) : line;
  }
}

const TITLES: readonly string[] = ['frame', 'seconds', 'stream', 'by'];

/** Null stands for those that are left out. */
function foldEvents(events: readonly TimelineEvent[]): (TimelineEvent | null)[] {
  if (events.length <= FIRST_EVENTS + LAST_EVENTS + 1) return [...events];
  return [...events.slice(0, FIRST_EVENTS), null, ...events.slice(-LAST_EVENTS)];
}

/** Why a session was declined, where it is no finding: `expired (frame 54): it was too old`. */
export function declineWords({ offers }: Session): string[] {
  const first = new Map<string, { text: string; count: number }>();
  for (const { cause, frame } of offers) {
    if (cause === null) continue;
    const known = first.get(cause);
    if (known) known.count++;
    else first.set(cause, { text: `${cause}, first in frame #${frame}: ${CAUSE_WORDS[cause]}`, count: 1 });
  }
  return [...first.values()].map(({ text, count }) => (count > 1 ? `${text} (${counted(count, 'decline')})` : text));
}
