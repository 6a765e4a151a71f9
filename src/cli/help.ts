/** What `--help` prints. */
import { wrap } from '../report/text.js';
import { COMMANDS, type CommandInfo, type CommandName, commandInfo } from './commands.js';
import type { Option } from './options.js';

export const USAGE = usageOf(commandInfo('analyze'));

/** Column in which the explanations of options begin. */
const HELP_COLUMN = 28;
const LINE_COLUMNS = 80;

export function helpText(name: CommandName = 'analyze'): string {
  const command = commandInfo(name);
  const others = name === 'analyze' ? COMMANDS.filter((c) => c !== command).map((c) => `       closenotify ${c.usage}`) : [];
  const sections = [
    [usageOf(command), ...others],
    ['Examples:', ...command.examples.map((example) => `  ${example}`)],
    ...command.purpose.map((paragraph) => wrap(paragraph, LINE_COLUMNS)),
    ['Options:', ...command.options.flatMap(optionLines)],
    ...(RESTS[name] ?? []),
  ];
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function usageOf({ usage }: CommandInfo): string {
  return `Usage: closenotify ${usage}`;
}

/** `-f, --format FORMAT`. */
export function optionWords({ name, short, value }: Option): string {
  return `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
}

function optionLines(option: Option): string[] {
  const left = `  ${option.short === undefined ? '    ' : ''}${optionWords(option)}`;
  const indent = ' '.repeat(HELP_COLUMN);
  const [first, ...more] = wrap(option.help, LINE_COLUMNS - HELP_COLUMN);
  const lines = left.length + 1 < HELP_COLUMN ? [left.padEnd(HELP_COLUMN) + first] : [left, indent + first];
  return [...lines, ...more.map((line) => indent + line)];
}

/** By exit status. */
export const EXIT_STATUS: readonly (readonly [status: string, meaning: string])[] = [
  ['0', 'fine'],
  ['1', '--fail-on was given, and it was found (also when the input was damaged)'],
  ['2', 'wrong usage'],
  ['3', 'an input is unreadable or damaged; what was readable is still reported'],
  ['4', 'live capture is not available'],
  ['70', 'a defect of closenotify; set CLOSENOTIFY_DEBUG=1 to see where'],
  ['74', 'the output could not be written'],
  ['130', 'SIGINT, 143 SIGTERM; standard input is then reported as far as it came'],
];

/** Sections behind the options. */
const RESTS: Partial<Record<CommandName, readonly (readonly string[])[]>> = {
  analyze: [
    ['Exit status:', ...EXIT_STATUS.map(([status, meaning]) => `  ${status.padEnd(5)}${meaning}`)],
    wrap(`A name like a command (${COMMANDS.map(({ name }) => name).join(', ')}) is a file when written ./live.`, LINE_COLUMNS),
  ],
  live: [
    wrap(
      'Ctrl-C (SIGINT), SIGTERM or SIGHUP: the report, and the end; a second time: the end at once. SIGUSR1: a report now (ndjson: one line of type report). A finding may later be told as changed, or as withdrawn.',
      LINE_COLUMNS,
    ),
    wrap(
      'Exit status: as of closenotify --help, and 0 (or 1 with --fail-on) also after Ctrl-C; 2 also where the filter is none; 4 where the interface cannot be opened, or went down (what was captured is still reported).',
      LINE_COLUMNS,
    ),
  ],
};
