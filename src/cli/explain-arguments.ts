// Words to the options of `closenotify explain`. Pure: nothing is read and nothing is printed.
import { escapeText } from '../bytes/escape.js';
import type { Query } from '../selection/matches.js';
import { sessionDigits } from '../selection/select.js';
import { MIN_SESSION_DIGITS } from './arguments.js';
import { EXPLAIN_OPTIONS, type ExplainOptionName, LIVE_OPTIONS, OPTIONS } from './options.js';
import { parseServer, type WantedServer } from './values.js';
import { parseWords } from './words.js';

export interface ExplainCommand {
  query: Query;
  /** What it was given as. */
  asked: string;
  /** Paths; `-` is standard input. */
  inputs: string[];
  format: 'table' | 'json';
  output: string | null;
  all: boolean;
  server: WantedServer | null;
  /** Path of a key log. */
  keyLog: string | null;
  color: 'auto' | 'always' | 'never';
  progress: boolean;
}

export type ParsedExplain =
  | { kind: 'help' }
  | { kind: 'version' }
  /** `message`: one line that says what is wrong. */
  | { kind: 'wrong'; message: string }
  | { kind: 'explain'; options: ExplainCommand };

const OF_OTHERS: ReadonlyMap<string, string> = new Map(
  [...LIVE_OPTIONS.map(({ name }) => [name, 'live'] as const), ...OPTIONS.map(({ name }) => [name, 'analyze'] as const)].filter(
    ([name]) => !EXPLAIN_OPTIONS.some((option) => option.name === name),
  ),
);

/** @param words the words after the program's name */
export function parseExplain(words: readonly string[]): ParsedExplain {
  const { positionals, values: given, problem } = parseWords(words, EXPLAIN_OPTIONS, OF_OTHERS, 'closenotify explain --help');
  const values = given as ReadonlyMap<ExplainOptionName, string>;
  if (values.has('help')) return { kind: 'help' };
  if (problem !== null) return { kind: 'wrong', message: problem };
  if (values.has('version')) return { kind: 'version' };
  const [, asked, ...inputs] = positionals;
  if (asked === undefined) return { kind: 'wrong', message: `explain needs what to explain, and a capture: ${EXPECTED}` };
  const query = parseQuery(asked);
  if (typeof query === 'string') return { kind: 'wrong', message: query };
  if (inputs.length === 0)
    return { kind: 'wrong', message: `explain ${escapeText(asked)} needs a capture: a file, or - for standard input` };
  if (inputs.filter((i) => i === '-').length > 1) return { kind: 'wrong', message: '- is given twice: standard input can be read once' };
  const server = parseServer(values.get('server'));
  if (typeof server === 'string') return { kind: 'wrong', message: server };
  const options: ExplainCommand = {
    query,
    asked,
    inputs,
    format: (values.get('format') ?? 'table') as ExplainCommand['format'],
    output: values.get('output') ?? null,
    all: values.has('all'),
    server,
    keyLog: values.get('key-log') ?? null,
    color: (values.get('color') ?? 'auto') as ExplainCommand['color'],
    progress: !values.has('no-progress'),
  };
  return { kind: 'explain', options };
}

const EXPECTED = `the first digits (${MIN_SESSION_DIGITS} or more) of a session ID, or of the SHA-256 of a ticket or PSK, or stream:N`;

/** @returns what is wrong, or the query */
function parseQuery(text: string): Query | string {
  const [, number] = /^stream:(\d{1,10})$/.exec(text) ?? [];
  if (number !== undefined) return { stream: Number(number) };
  // As it is copied from a report that shows its beginning.
  const digits = sessionDigits(text.replace(/…$/, ''));
  if (/^[0-9a-f]+$/.test(digits) && digits.length >= MIN_SESSION_DIGITS) return { digits };
  return `explain ${escapeText(text)}: expected ${EXPECTED}`;
}
