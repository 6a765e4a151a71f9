/** Command-line words to a command. Pure: nothing is read and nothing is printed. */
import { parseArgs } from 'node:util';
import { escapeText } from '../bytes/escape.js';
import { canonicalAddress, parseAddressRange } from '../report/address-range.js';
import type { Selection } from '../report/select.js';
import { FUTURE_FORMATS, FUTURE_OPTIONS, OPTIONS, type Option, type OptionName } from './options.js';
import { nearest } from './suggest.js';

export type Command =
  | { kind: 'help' }
  | { kind: 'version' }
  | { kind: 'no-input' }
  | { kind: 'unavailable'; word: LiveWord }
  /** `message`: one line that says what is wrong. */
  | { kind: 'wrong'; message: string }
  | { kind: 'analyze'; options: AnalyzeCommand };

export interface AnalyzeCommand {
  /** Paths; `-` is standard input. */
  inputs: string[];
  format: 'table' | 'json' | 'ndjson';
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

export type LiveWord = 'live' | 'interfaces';

/** Fewest digits of `--session`: fewer would match by chance. */
const MIN_SESSION_DIGITS = 4;

/** @param words the words after the program's name */
export function parseCommand(words: readonly string[]): Command {
  const { tokens } = parseArgs({ args: [...words], options: parserOptions(), strict: false, allowPositionals: true, tokens: true });
  const positionals = tokens.flatMap((t) => (t.kind === 'positional' ? [t.value] : []));
  const options = tokens.filter((t) => t.kind === 'option');
  if (options.some((t) => t.name === 'help')) return { kind: 'help' };
  if (positionals[0] === 'live' || positionals[0] === 'interfaces') return { kind: 'unavailable', word: positionals[0] };
  const values = new Map<string, string>();
  for (const token of options) {
    const problem = problemOf(token);
    if (problem !== null) return { kind: 'wrong', message: problem };
    values.set(token.name, token.value ?? '');
  }
  if (values.has('version')) return { kind: 'version' };
  const inputs = positionals[0] === 'analyze' ? positionals.slice(1) : positionals;
  return analyzeCommand(inputs, values as Map<OptionName, string>);
}

type OptionToken = { name: string; rawName: string; value?: string | undefined; inlineValue?: boolean | undefined };

function parserOptions(): Record<string, { type: 'string' | 'boolean'; short?: string }> {
  const all: readonly Option[] = OPTIONS;
  return Object.fromEntries(
    all.map((o) => [o.name, { type: o.value === undefined ? 'boolean' : 'string', ...(o.short === undefined ? {} : { short: o.short }) }]),
  );
}

function problemOf(token: OptionToken): string | null {
  const all: readonly Option[] = OPTIONS;
  const option = all.find((o) => o.name === token.name);
  if (option === undefined) return unknownOption(token);
  if (option.value === undefined) return token.value === undefined ? null : `--${option.name} takes no value`;
  // parseArgs takes the next word even when that is an option.
  const swallowed = token.inlineValue === false && token.value !== undefined && /^-./.test(token.value);
  if (token.value === undefined || token.value === '' || swallowed) {
    return `--${option.name} needs a value: ${option.choices?.join(', ') ?? option.value}`;
  }
  return option.choices === undefined ? null : wrongChoice(option.name, token.value, option.choices);
}

function unknownOption(token: OptionToken): string {
  if (FUTURE_OPTIONS.includes(token.name)) return `--${token.name} is not in this version`;
  const near = nearest(
    token.name,
    OPTIONS.map((o) => o.name),
  );
  const hint = near === null || token.name.length < 2 ? 'see closenotify --help' : `did you mean --${near}?`;
  return `unknown option ${escapeText(token.rawName)}; ${hint}`;
}

function wrongChoice(name: string, value: string, choices: readonly string[]): string | null {
  if (choices.includes(value)) return null;
  if (name === 'format' && FUTURE_FORMATS.includes(value))
    return `--format ${value} is not in this version; there are ${choices.join(', ')}`;
  const near = nearest(value, choices);
  const hint = near === null ? `expected ${choices.join(', ')}` : `did you mean ${near}?`;
  return `--${name} ${escapeText(value)}: no such value; ${hint}`;
}

function analyzeCommand(inputs: string[], values: ReadonlyMap<OptionName, string>): Command {
  if (inputs.length === 0) return { kind: 'no-input' };
  if (inputs.filter((i) => i === '-').length > 1) return { kind: 'wrong', message: '- is given twice: standard input can be read once' };
  const server = values.get('server');
  const endpoint = server === undefined ? null : parseServer(server);
  if (server !== undefined && endpoint === null) {
    return { kind: 'wrong', message: `--server ${escapeText(server)}: expected an IP address, ADDR:PORT or [IPv6]:PORT` };
  }
  const selection = parseSelection(values.get('client'), values.get('session'));
  if (typeof selection === 'string') return { kind: 'wrong', message: selection };
  const handshakeCost = values.get('handshake-cost') ?? null;
  if (handshakeCost !== null && !/^\d{1,6}(\.\d{1,6})?$/.test(handshakeCost)) {
    return { kind: 'wrong', message: `--handshake-cost ${escapeText(handshakeCost)}: expected milliseconds, 0 to 999999, such as 1.5` };
  }
  const options: AnalyzeCommand = {
    inputs,
    format: (values.get('format') ?? 'table') as AnalyzeCommand['format'],
    output: values.get('output') ?? null,
    all: values.has('all'),
    server: endpoint,
    selection,
    failOnInvalidated: values.has('fail-on'),
    keyLog: values.get('key-log') ?? null,
    handshakeCost: handshakeCost === null ? null : Number(handshakeCost),
    color: (values.get('color') ?? 'auto') as AnalyzeCommand['color'],
    progress: !values.has('no-progress'),
  };
  return { kind: 'analyze', options };
}

/** `10.0.0.5`, `10.0.0.5:443`, `fd00::5`, `[fd00::5]`, `[fd00::5]:443`. */
function parseServer(text: string): AnalyzeCommand['server'] {
  const bracketed = /^\[([^\]]*)\](?::(\d{1,5}))?$/.exec(text);
  const dotted = /^([\d.]+):(\d{1,5})$/.exec(text);
  const [, host, port] = bracketed ?? dotted ?? [text, text, undefined];
  const address = canonicalAddress(host);
  const number = port === undefined ? null : Number(port);
  if (address === null || (bracketed !== null && !address.includes(':')) || (number !== null && (number < 1 || number > 65_535)))
    return null;
  return { address, port: number };
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
    // Wireshark copies identifiers with colons.
    const digits = session.replaceAll(':', '').toLowerCase();
    if (!/^[0-9a-f]+$/.test(digits)) return `--session ${escapeText(session)}: expected hexadecimal digits`;
    if (digits.length < MIN_SESSION_DIGITS) return `--session ${escapeText(session)}: expected at least ${MIN_SESSION_DIGITS} digits`;
    selection.session = digits;
  }
  return selection;
}
