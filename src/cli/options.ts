/** The options of the command: one table that the parser and the help text are made of. */

export interface Option {
  readonly name: string;
  readonly short?: string;
  /** What the value is called; a switch has none. */
  readonly value?: string;
  /** The only values there are. */
  readonly choices?: readonly string[];
  readonly help: string;
}

export const OPTIONS = [
  { name: 'format', short: 'f', value: 'FORMAT', choices: ['table', 'json', 'ndjson'], help: 'table (default), json or ndjson' },
  { name: 'output', short: 'o', value: 'FILE', help: 'write the report to FILE (default: standard output)' },
  { name: 'all', short: 'a', help: 'every session and every connection, nothing folded' },
  { name: 'server', value: 'ADDR[:PORT]', help: 'judge only this server; IPv6 with port: [ADDR]:PORT' },
  { name: 'client', value: 'CIDR', help: 'list only these clients (verdicts still use all)' },
  { name: 'session', value: 'HEX', help: 'list only sessions that begin so (4 digits or more)' },
  { name: 'fail-on', value: 'WHAT', choices: ['invalidated'], help: 'invalidated: exit 1 on a finding not of low confidence' },
  { name: 'key-log', value: 'FILE', help: 'decrypt alerts and tickets with this TLS key log; else with the one that SSLKEYLOGFILE names' },
  { name: 'handshake-cost', value: 'MS', help: 'processor time of a full handshake, milliseconds, to tell what avoidable ones cost' },
  {
    name: 'color',
    value: 'WHEN',
    choices: ['auto', 'always', 'never'],
    help: 'auto (default; NO_COLOR, FORCE_COLOR), always, never',
  },
  { name: 'no-progress', help: 'no progress bar on standard error' },
  { name: 'help', short: 'h', help: 'this text' },
  { name: 'version', short: 'V', help: 'the version' },
] as const satisfies readonly Option[];

export type OptionName = (typeof OPTIONS)[number]['name'];

/** Options that a later version will have: named, so that they are not taken for a slip. */
export const FUTURE_OPTIONS: readonly string[] = ['evidence', 'filter', 'duration', 'metrics'];
/** The same for values of `--format`. */
export const FUTURE_FORMATS: readonly string[] = ['html'];
