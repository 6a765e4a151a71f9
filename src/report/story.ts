/** One finding, told in the order in which a person finds it in Wireshark. */
import { escapeText } from '../bytes/escape.js';
import type { Cause, Finding } from '../model.js';
import type { Layout } from './layout.js';
import { eventsOf, fold } from './story-events.js';
import { endpointText, figure, foreign, since, utc, wrapLabelled } from './text.js';
import { CAUSE_WORDS, KIND_WORDS, rivalWords } from './words.js';

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
  const told = eventsOf(finding);
  const events = detail === 'all' ? told : fold(told, 'see them with --all or --format json');
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
