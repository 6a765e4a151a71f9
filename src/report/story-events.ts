/** What happened to the session of a finding, in the words of a story. */
import type { Endpoint, Finding, Ref } from '../model.js';
import { counted, endpointText, foreign } from './text.js';
import { closeWords } from './words.js';

/** Something that happened to a session. */
export interface StoryEvent {
  time: number;
  /** For the order of events at the same time. */
  frame: number;
  frames: string;
  client: string;
  what: string;
  style: 'alarm' | 'warning' | null;
}

/** Events of one session that are told unless all were asked for: the first ones and the last ones. */
const FIRST_EVENTS = 8;
const LAST_EVENTS = 12;
/** Digits of a new session ID: enough for `--session`. */
const NEW_ID_DIGITS = 8;

/** Everything that happened to the session of a finding, in order. */
export function eventsOf(finding: Finding): StoryEvent[] {
  const { issued, issuedBeforeCapture } = finding;
  const client = (at: { client: Endpoint }) => clientText(at.client, finding.client);
  const origin = issuedBeforeCapture ? 'resumed; issued before the capture' : issuedWords(finding);
  const first = event(issued, `#${issued.frame}`, client(finding), origin, null);
  const rest = [
    ...finding.resumed
      .slice(issuedBeforeCapture ? 1 : 0)
      .map((r) => event(r, frames(r.clientHello, r.frame), client(r), 'offered, resumed', null)),
    ...finding.uncleanCloses.map((c) => event(c, `#${c.frame}`, client(c), closeWords(c), 'warning')),
    ...finding.declines.map((d) => {
      const fresh = d.newSessionId === null ? freshWords(finding) : `new ID ${shortId(d.newSessionId)}`;
      return event(
        { time: d.time, frame: d.serverHello },
        frames(d.clientHello, d.serverHello),
        client(d),
        `offered, DECLINED: ${fresh}`,
        'alarm',
      );
    }),
  ];
  rest.sort((a, b) => a.time - b.time || a.frame - b.frame);
  const unlisted = finding.declineCount - finding.declines.length;
  return unlisted > 0
    ? [first, ...rest, gap(`… and ${counted(unlisted, 'more decline')}, which the report counts and does not list`)]
    : [first, ...rest];
}

function event(at: Pick<Ref, 'time' | 'frame'>, shown: string, client: string, what: string, style: StoryEvent['style']): StoryEvent {
  return { time: at.time, frame: at.frame, frames: shown, client, what, style };
}

function shortId(id: string): string {
  return id.length > NEW_ID_DIGITS ? `${foreign(id.slice(0, NEW_ID_DIGITS))}…` : foreign(id);
}

/** `#9611 → #9616`: the offer and the answer. */
function frames(clientHello: number, serverHello: number): string {
  return `#${clientHello} → #${serverHello}`;
}

/** The port alone where the address is that of the whole story. */
function clientText(endpoint: Endpoint, known: Endpoint): string {
  return endpoint.address === known.address ? `port ${endpoint.port}` : endpointText(endpoint);
}

/** The first events and the last ones. @param where the others can be seen */
export function fold(events: readonly StoryEvent[], where: string): readonly StoryEvent[] {
  const dropped = events.length - FIRST_EVENTS - LAST_EVENTS;
  if (dropped <= 1) return events;
  const left = gap(`… ${counted(dropped, 'more event')}: ${where}`);
  return [...events.slice(0, FIRST_EVENTS), left, ...events.slice(-LAST_EVENTS)];
}

function gap(what: string): StoryEvent {
  return { time: Number.NaN, frame: 0, frames: '', client: '', what, style: null };
}

/** A ticket may be issued in any handshake; those of TLS 1.3 are encrypted, and where it was is inferred without keys. */
function issuedWords({ session, issuedInferred }: Finding): string {
  if (issuedInferred) return 'most likely issued here';
  return session.kind === 'psk' ? 'issued' : 'issued in a full handshake';
}

function freshWords({ session }: Finding): string {
  return session.kind === 'psk' ? 'full handshake' : 'no new ID seen';
}
