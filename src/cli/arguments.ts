/** Command-line words to a command. Pure: nothing is read and nothing is printed. */
import { escapeText } from '../bytes/escape.js';
import { parseAddressRange } from '../selection/address-range.js';
import { type Selection, sessionDigits } from '../selection/select.js';
import { type CommandName, isCommandName, SHELLS, type Shell } from './commands.js';
import { COMPLETION_OPTIONS, EXPLAIN_OPTIONS, INTERFACES_OPTIONS, LIVE_OPTIONS, OPTIONS, type Option, type OptionName } from './options.js';
import { parseHandshakeCost, parseServer } from './values.js';
import { parseWords } from './words.js';

export type Command =
  | { kind: 'help'; command: CommandName }
  | { kind: 'version' }
  | { kind: 'no-input' }
  | { kind: 'interfaces' }
  | { kind: 'completion'; shell: Shell }
  /** The words are looked at where the command is loaded. */
  | { kind: 'live' | 'explain' }
  /** `message`: one line that says what is wrong. */
  | { kind: 'wrong'; message: string }
  | { kind: 'analyze'; options: AnalyzeCommand };

export interface AnalyzeCommand {
  /** Paths; `-` is standard input. */
  inputs: string[];
  format: 'table' | 'json' | 'ndjson' | 'html';
  output: string | null;
  all: boolean;
  verbose: boolean;
  server: { address: string; port: number | null } | null;
  selection: Selection;
  failOnInvalidated: boolean;
  /** What evidence is written to. */
  evidence: { path: string; secrets: boolean } | null;
  /** Path of a key log. */
  keyLog: string | null;
  /** Milliseconds. */
  handshakeCost: number | null;
  color: 'auto' | 'always' | 'never';
  progress: boolean;
}

/** Fewest digits of `--session`: fewer would match by chance. */
export const MIN_SESSION_DIGITS = 4;

/** @param words the words after the program's name */
export function parseCommand(words: readonly string[]): Command {
  const name = commandOf(words);
  if (name === 'live' || name === 'explain') return { kind: name };
  if (name === 'interfaces') return interfacesCommand(words);
  if (name === 'completion') return completionCommand(words);
  const { positionals, values, problem } = parseWords(words, OPTIONS, LIVE_ONLY);
  if (values.has('help')) return { kind: 'help', command: name };
  if (problem !== null) return { kind: 'wrong', message: problem };
  if (values.has('version')) return { kind: 'version' };
  const inputs = positionals[0] === 'analyze' ? positionals.slice(1) : positionals;
  return analyzeCommand(inputs, values as Map<OptionName, string>);
}

function interfacesCommand(words: readonly string[]): Command {
  const plain = plainCommand(words, 'interfaces', INTERFACES_OPTIONS);
  if (!Array.isArray(plain)) return plain;
  const [further] = plain;
  if (further === undefined) return { kind: 'interfaces' };
  return { kind: 'wrong', message: `interfaces takes no further words: ${escapeText(further)}` };
}

function completionCommand(words: readonly string[]): Command {
  const plain = plainCommand(words, 'completion', COMPLETION_OPTIONS);
  if (!Array.isArray(plain)) return plain;
  const [given, further] = plain;
  const shell = SHELLS.find((name) => name === given);
  if (shell !== undefined && further === undefined) return { kind: 'completion', shell };
  const what = further ?? given;
  return {
    kind: 'wrong',
    message: `completion needs one word: ${SHELLS.join(', ')}${what === undefined ? '' : `, not ${escapeText(what)}`}`,
  };
}

/** @returns the words behind the name of the command, where nothing else was asked for */
function plainCommand(words: readonly string[], command: CommandName, options: readonly Option[]): Command | string[] {
  const { positionals, values, problem } = parseWords(words, options, new Map(), `closenotify ${command} --help`);
  if (values.has('help')) return { kind: 'help', command };
  if (problem !== null) return { kind: 'wrong', message: problem };
  if (values.has('version')) return { kind: 'version' };
  return positionals.slice(1);
}

/** The first word that is no option says which command is meant, whatever options stand before it. */
function commandOf(words: readonly string[]): CommandName {
  const [first] = parseWords(words, [...OPTIONS, ...LIVE_OPTIONS, ...EXPLAIN_OPTIONS]).positionals;
  return isCommandName(first) ? first : 'analyze';
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
  const evidence = parseEvidence(values);
  if (typeof evidence === 'string') return { kind: 'wrong', message: evidence };
  const options: AnalyzeCommand = {
    inputs,
    format: (values.get('format') ?? 'table') as AnalyzeCommand['format'],
    output: values.get('output') ?? null,
    all: values.has('all'),
    verbose: values.has('verbose'),
    server,
    selection,
    failOnInvalidated: values.has('fail-on'),
    evidence,
    keyLog: values.get('key-log') ?? null,
    handshakeCost,
    color: (values.get('color') ?? 'auto') as AnalyzeCommand['color'],
    progress: !values.has('no-progress'),
  };
  return { kind: 'analyze', options };
}

/** @returns what is wrong, or where evidence goes */
function parseEvidence(values: ReadonlyMap<OptionName, string>): AnalyzeCommand['evidence'] | string {
  const path = values.get('evidence');
  const secrets = values.has('evidence-secrets');
  if (path === undefined) return secrets ? '--evidence-secrets needs --evidence FILE.pcapng' : null;
  if (path === '-') return '--evidence -: expected the name of a file';
  return { path, secrets };
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
