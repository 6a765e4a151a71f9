// Words to options, by a table of them.
import { parseArgs } from 'node:util';
import { escapeText } from '../bytes/escape.js';
import type { Option } from './options.js';
import { nearest } from './suggest.js';

export interface ParsedWords {
  /** What is no option, in order. */
  positionals: string[];
  /** By the name of the option; a switch has ''. */
  values: ReadonlyMap<string, string>;
  /** One line on what is wrong with the options; null when nothing is. */
  problem: string | null;
}

/** @param elsewhere options of other commands, by which command has them */
export function parseWords(
  words: readonly string[],
  options: readonly Option[],
  elsewhere: ReadonlyMap<string, string> = new Map(),
  help = 'closenotify --help',
): ParsedWords {
  const { tokens } = parseArgs({ args: [...words], options: parserOptions(options), strict: false, allowPositionals: true, tokens: true });
  const positionals = tokens.flatMap((t) => (t.kind === 'positional' ? [t.value] : []));
  const given = tokens.filter((t) => t.kind === 'option');
  if (given.some((t) => t.name === 'help')) return { positionals, values: new Map([['help', '']]), problem: null };
  const values = new Map<string, string>();
  for (const token of given) {
    const problem = problemOf(token, options, elsewhere, help);
    if (problem !== null) return { positionals, values, problem };
    values.set(token.name, token.value ?? '');
  }
  return { positionals, values, problem: null };
}

type OptionToken = { name: string; rawName: string; value?: string | undefined; inlineValue?: boolean | undefined };

function parserOptions(all: readonly Option[]): Record<string, { type: 'string' | 'boolean'; short?: string }> {
  return Object.fromEntries(
    all.map((o) => [o.name, { type: o.value === undefined ? 'boolean' : 'string', ...(o.short === undefined ? {} : { short: o.short }) }]),
  );
}

function problemOf(token: OptionToken, all: readonly Option[], elsewhere: ReadonlyMap<string, string>, help: string): string | null {
  const option = all.find((o) => o.name === token.name);
  if (option === undefined) return unknownOption(token, all, elsewhere, help);
  if (option.value === undefined) return token.value === undefined ? null : `--${option.name} takes no value`;
  // parseArgs takes the next word even when that is an option.
  const swallowed = token.inlineValue === false && token.value !== undefined && /^-./.test(token.value);
  if (token.value === undefined || token.value === '' || swallowed) {
    return `--${option.name} needs a value: ${option.choices?.join(', ') ?? option.value}`;
  }
  return option.choices === undefined ? null : wrongChoice(option.name, token.value, option.choices);
}

function unknownOption(token: OptionToken, all: readonly Option[], elsewhere: ReadonlyMap<string, string>, help: string): string {
  const other = elsewhere.get(token.name);
  if (other !== undefined) return `--${token.name} is an option of closenotify ${other}`;
  const near = nearest(
    token.name,
    all.map((o) => o.name),
  );
  const hint = near === null || token.name.length < 2 ? `see ${help}` : `did you mean --${near}?`;
  return `unknown option ${escapeText(token.rawName)}; ${hint}`;
}

function wrongChoice(name: string, value: string, choices: readonly string[]): string | null {
  if (choices.includes(value)) return null;
  const near = nearest(value, choices);
  const hint = near === null ? `expected ${choices.join(', ')}` : `did you mean ${near}?`;
  return `--${name} ${escapeText(value)}: no such value; ${hint}`;
}
