/** One finding, told in the order in which a person finds it in Wireshark. */
import { escapeText } from '../bytes/escape.js';
import type { Cause, Endpoint, Finding, Ref } from '../model.js';
import type { Layout } from './layout.js';
import { counted, endpointText, figure, foreign, since, utc, wrapLabelled } from './text.js';
import { CAUSE_WORDS, closeWords, KIND_WORDS, rivalWords } from './words.js';

interface Event {
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
export const INDENT = '    ';

/** @param number counts the findings of a report from 1 */
export function* storyLines(finding: Finding, number: number, layout: Layout): Generator<string> {
  const { width, prose, paint } = layout;
  const label = `[${number}] `;
  const identity = wrapLabelled(label, `${KIND_WORDS[finding.session.kind]} ${foreign(finding.session.id)}`, width);
  yield* identity.map((line) => paint('title', line));
  const where = `client ${finding.client.address}, server ${endpointText(finding.server)}`;
  yield* wrapLabelled(INDENT, where, width);
  const origin = finding.issuedBeforeCapture ? 'first resumed' : 'issued';
  yield* wrapLabelled(INDENT, `${origin} ${utc(finding.issued.time)}, where the seconds below begin`, width);
  yield '';
  yield* eventLines(finding, layout);
  yield '';
  yield* reasonLines(
    finding,
    finding.rivals.map((rival) => ({ rival, fits: 1 })),
    1,
    prose,
  );
  yield '';
  yield `${INDENT}Wireshark display filter for these frames:`;
  yield* filterLines(escapeText(finding.wiresharkFilter, Number.POSITIVE_INFINITY), width);
}

/** Laid out by hand: the columns are few and plain, and there may be thousands of stories. */
function* eventLines(finding: Finding, { width, detail, paint }: Layout): Generator<string> {
  const events = fold(eventsOf(finding), detail === 'all');
  const origin = finding.issued.time;
  const rows = events.map((e) => [e.frames, Number.isNaN(e.time) ? '' : since(origin, e.time), e.client]);
  const widths = TITLES.map((title, i) => rows.reduce((most, row) => Math.max(most, row[i].length), title.length));
  const left = (cells: readonly string[]) => `${INDENT}${cells.map((cell, i) => cell.padStart(widths[i])).join('  ')}  `;
  yield paint('faint', `${left(TITLES)}what happened`);
  for (const [i, { what, style }] of events.entries()) {
    for (const line of wrapLabelled(left(rows[i]), what, width)) yield style === null ? line : paint(style, line);
  }
}

const TITLES: readonly string[] = ['frames', 'seconds', 'client'];

function eventsOf(finding: Finding): Event[] {
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
  return [first, ...rest];
}

function event(at: Pick<Ref, 'time' | 'frame'>, shown: string, client: string, what: string, style: Event['style']): Event {
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

function fold(events: Event[], all: boolean): Event[] {
  const dropped = events.length - FIRST_EVENTS - LAST_EVENTS;
  if (all || dropped <= 1) return events;
  const what = `… ${counted(dropped, 'more event')}: see them with --all or --format json`;
  const gap: Event = { time: Number.NaN, frame: 0, frames: '', client: '', what, style: null };
  return [...events.slice(0, FIRST_EVENTS), gap, ...events.slice(-LAST_EVENTS)];
}

/**
 * How sure it is, and why.
 *
 * @param rivals what else may be the cause, and of how many findings
 * @param count of findings that are told by this one
 */
export function* reasonLines(
  finding: Finding,
  rivals: readonly { rival: Cause; fits: number }[],
  count: number,
  width: number,
): Generator<string> {
  const { cause, confidence, explanation } = finding;
  yield* wrapLabelled(`${INDENT}Confidence  `, confidence, width);
  yield* wrapLabelled(`${INDENT}Cause       `, `${cause}: ${CAUSE_WORDS[cause]}`, width);
  let label = `${INDENT}Rivals      `;
  for (const { rival, fits } of rivals) {
    yield* wrapLabelled(label, `${rival}${fits < count ? ` (${figure(fits)} of ${figure(count)})` : ''}: ${rivalWords(rival)}`, width);
    label = ' '.repeat(label.length);
  }
  if (rivals.length === 0) yield `${label}none`;
  if (explanation !== '')
    yield* wrapLabelled(`${INDENT}Why         `, `${count > 1 ? 'Of the first: ' : ''}${foreign(explanation)}`, width);
}

/**
 * The filter on lines of its own, without an indent, so that it can be copied. It is broken at blanks and after commas outside
 * quotes only: Wireshark and tshark take a line break for a blank. A word longer than the line stays whole.
 */
export function filterLines(filter: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of filter.match(/(?:"(?:[^"\\]|\\.)*"|[^\s,])+,?|,/g) ?? []) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (line !== '' && joined.length > width) {
      lines.push(line);
      line = word;
    } else line = joined;
  }
  return [...lines, line];
}

/** A ticket may be issued in any handshake; those of TLS 1.3 are encrypted, and where it was is inferred without keys. */
function issuedWords({ session, issuedInferred }: Finding): string {
  if (issuedInferred) return 'most likely issued here';
  return session.kind === 'psk' ? 'issued' : 'issued in a full handshake';
}

function freshWords({ session }: Finding): string {
  return session.kind === 'psk' ? 'full handshake' : 'no new ID seen';
}
