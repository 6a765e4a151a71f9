/** Command-line words to a command. Pure: nothing is read and nothing is printed. */
import { escapeText } from '../bytes/escape.js';
import { parseAddressRange } from '../selection/address-range.js';
import { type Selection, sessionDigits } from '../selection/select.js';
import { INTERFACES_OPTIONS, LIVE_OPTIONS, OPTIONS, type OptionName } from './options.js';
import { parseHandshakeCost, parseServer } from './values.js';
import { parseWords } from './words.js';

export type Command =
  | { kind: 'help'; command: CommandName }
  | { kind: 'version' }
  | { kind: 'no-input' }
  | { kind: 'interfaces' }
  /** The words are looked at where the command is loaded. */
  | { kind: 'live' }
  /** `message`: one line that says what is wrong. */
  | { kind: 'wrong'; message: string }
  | { kind: 'analyze'; options: AnalyzeCommand };

export interface AnalyzeCommand {
  /** Paths; `-` is standard input. */
  inputs: string[];
  format: 'table' | 'json' | 'ndjson' | 'html';
  output: string | null;
  all: boolean;
  server: { address: string; port: number | null } | null;
  selection: Selection;
  failOnInvalidated: boolean;
  /** Path of a key log. */
  keyLog: string | null;
  /** Milliseconds. */
  handshakeCost: number | null;
  color: 'auto' | 'always' | 'never';
  progress: boolean;
}

export type CommandName = 'analyze' | 'live' | 'interfaces';

/** Fewest digits of `--session`: fewer would match by chance. */
const MIN_SESSION_DIGITS = 4;

/** @param words the words after the program's name */
export function parseCommand(words: readonly string[]): Command {
  const name = commandOf(words);
  if (name === 'live') return { kind: 'live' };
  if (name === 'interfaces') return interfacesCommand(words);
  const { positionals, values, problem } = parseWords(words, OPTIONS, LIVE_ONLY);
  if (values.has('help')) return { kind: 'help', command: name };
  if (problem !== null) return { kind: 'wrong', message: problem };
  if (values.has('version')) return { kind: 'version' };
  const inputs = positionals[0] === 'analyze' ? positionals.slice(1) : positionals;
  return analyzeCommand(inputs, values as Map<OptionName, string>);
}

function interfacesCommand(words: readonly string[]): Command {
  const { positionals, values, problem } = parseWords(words, INTERFACES_OPTIONS);
  if (values.has('help')) return { kind: 'help', command: 'interfaces' };
  if (problem !== null) return { kind: 'wrong', message: problem };
  if (values.has('version')) return { kind: 'version' };
  const [, further] = positionals;
  if (further === undefined) return { kind: 'interfaces' };
  return { kind: 'wrong', message: `interfaces takes no further words: ${escapeText(further)}` };
}

/** The first word that is no option says which command is meant, whatever options stand before it. */
function commandOf(words: readonly string[]): CommandName {
  const [first] = parseWords(words, [...OPTIONS, ...LIVE_OPTIONS]).positionals;
  return first === 'live' || first === 'interfaces' ? first : 'analyze';
}

const LIVE_ONLY: ReadonlyMap<string, string> = new Map(
  LIVE_OPTIONS.filter((live) => !OPTIONS.some(({ name }) => name === live.name)).map(({ name }) => [name, 'live']),
);

function analyzeCommand(inputs: string[], values: ReadonlyMap<OptionName, string>): Command {
  if (inputs.length === 0) return { kind: 'no-input' };
  if (inputs.filter((i) => i === '-').length > 1) return { kind: 'wrong', message: '- is given twice: standard input can be read once' };
  const server = parseServer(values.get('server'));
  if (typeof server === 'string') return { kind: 'wrong', message: server };
  const selection = parseSelection(values.get('client'), values.get('session'));
  if (typeof selection === 'string') return { kind: 'wrong', message: selection };
  const handshakeCost = parseHandshakeCost(values.get('handshake-cost'));
  if (typeof handshakeCost === 'string') return { kind: 'wrong', message: handshakeCost };
  const options: AnalyzeCommand = {
    inputs,
    format: (values.get('format') ?? 'table') as AnalyzeCommand['format'],
    output: values.get('output') ?? null,
    all: values.has('all'),
    server,
    selection,
    failOnInvalidated: values.has('fail-on'),
    keyLog: values.get('key-log') ?? null,
    handshakeCost,
    color: (values.get('color') ?? 'auto') as AnalyzeCommand['color'],
    progress: !values.has('no-progress'),
  };
  return { kind: 'analyze', options };
}

/** @returns what is wrong, or the selection */
function parseSelection(client: string | undefined, session: string | undefined): Selection | string {
  const selection: Selection = {};
  if (client !== undefined) {
    if (parseAddressRange(client) === null) {
      return `--client ${escapeText(client)}: expected an IP address or a range such as 10.0.0.0/8`;
    }
    selection.client = client;
  }
  if (session !== undefined) {
    const digits = sessionDigits(session);
    if (!/^[0-9a-f]+$/.test(digits)) return `--session ${escapeText(session)}: expected hexadecimal digits`;
    if (digits.length < MIN_SESSION_DIGITS) return `--session ${escapeText(session)}: expected at least ${MIN_SESSION_DIGITS} digits`;
    selection.session = digits;
  }
  return selection;
}
