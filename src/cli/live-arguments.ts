// Words to the options of `closenotify live`. Pure: nothing is read and nothing is printed.

import { escapeText } from '../bytes/escape.js';
import { type ListenAddress, parseListenAddress } from './listen-address.js';
import { LIVE_OPTIONS, type LiveOptionName, OPTIONS } from './options.js';
import { parseCount, parseHandshakeCost, parseServer, parseTime, type WantedServer } from './values.js';
import { parseWords } from './words.js';

export interface LiveCommand {
  /** Name of an interface; `-` is standard input. */
  source: string;
  filter: string | null;
  /** Seconds. */
  duration: number | null;
  /** Frames. */
  count: number | null;
  /** Null: as the output is a terminal or not. */
  format: 'table' | 'json' | 'ndjson' | null;
  output: string | null;
  /** Connections as well. */
  all: boolean;
  verbose: boolean;
  /** Path of a file for the frames. */
  write: string | null;
  metrics: ListenAddress | null;
  restart: boolean;
  user: string | null;
  bufferBytes: number | null;
  /** Seconds. */
  remember: number | null;
  server: WantedServer | null;
  failOnInvalidated: boolean;
  /** Milliseconds. */
  handshakeCost: number | null;
  color: 'auto' | 'always' | 'never';
  view: boolean;
}

const MAX_BUFFER_MIB = 2047;
/** What only makes sense where this program opens the interface. */
const OF_INTERFACES = ['filter', 'restart', 'user', 'buffer'] as const;

const ANALYZE_ONLY: ReadonlyMap<string, string> = new Map(
  OPTIONS.filter((option) => !LIVE_OPTIONS.some(({ name }) => name === option.name)).map(({ name }) => [name, 'analyze']),
);

export type ParsedLive =
  | { kind: 'help' }
  | { kind: 'version' }
  /** `message`: one line that says what is wrong. */
  | { kind: 'wrong'; message: string }
  | { kind: 'live'; options: LiveCommand };

/** @param words the words after the program's name */
export function parseLive(words: readonly string[]): ParsedLive {
  const { positionals, values: given, problem } = parseWords(words, LIVE_OPTIONS, ANALYZE_ONLY, 'closenotify live --help');
  const values = given as ReadonlyMap<LiveOptionName, string>;
  if (values.has('help')) return { kind: 'help' };
  if (problem !== null) return wrong(problem);
  if (values.has('version')) return { kind: 'version' };
  const [, source, further] = positionals;
  if (source === undefined) return wrong('live needs an interface, or - for standard input; closenotify interfaces lists them');
  if (further !== undefined) return wrong(`live takes one interface: ${escapeText(further)} is one word too many`);
  for (const option of source === '-' ? OF_INTERFACES : []) {
    if (values.has(option)) return wrong(`--${option} is for interfaces; what comes through a pipe is captured by the program before it`);
  }
  return options(source, values);
}

function options(source: string, values: ReadonlyMap<LiveOptionName, string>): ParsedLive {
  const duration = parseTime(values.get('duration'), 'duration');
  const remember = parseTime(values.get('remember'), 'remember');
  const count = parseCount(values.get('count'), 'count', Number.MAX_SAFE_INTEGER);
  const buffer = parseCount(values.get('buffer'), 'buffer', MAX_BUFFER_MIB);
  const server = parseServer(values.get('server'));
  const handshakeCost = parseHandshakeCost(values.get('handshake-cost'));
  const metrics = parseMetrics(values.get('metrics'));
  for (const value of [duration, remember, count, buffer, server, handshakeCost, metrics])
    if (typeof value === 'string') return wrong(value);
  const command: LiveCommand = {
    source,
    filter: values.get('filter') ?? null,
    duration: duration as number | null,
    count: count as number | null,
    format: (values.get('format') ?? null) as LiveCommand['format'],
    output: values.get('output') ?? null,
    all: values.has('all'),
    verbose: values.has('verbose'),
    write: values.get('write') ?? null,
    metrics: metrics as ListenAddress | null,
    restart: values.has('restart'),
    user: values.get('user') ?? null,
    bufferBytes: buffer === null ? null : (buffer as number) * 1024 * 1024,
    remember: remember as number | null,
    server: server as WantedServer | null,
    failOnInvalidated: values.has('fail-on'),
    handshakeCost: handshakeCost as number | null,
    color: (values.get('color') ?? 'auto') as LiveCommand['color'],
    view: !values.has('no-progress'),
  };
  return { kind: 'live', options: command };
}

function parseMetrics(text: string | undefined): ListenAddress | string | null {
  if (text === undefined) return null;
  const address = parseListenAddress(text);
  return typeof address === 'string' ? `--metrics ${escapeText(text)}: ${address}` : address;
}

function wrong(message: string): ParsedLive {
  return { kind: 'wrong', message };
}
