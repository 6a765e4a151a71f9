/** The options of the commands: tables that the parser and the help text are made of. */

export interface Option {
  readonly name: string;
  readonly short?: string;
  /** What the value is called; a switch has none. */
  readonly value?: string;
  /** The only values there are. */
  readonly choices?: readonly string[];
  readonly help: string;
}

const SERVER = { name: 'server', value: 'ADDR[:PORT]', help: 'judge only this server; IPv6 with port: [ADDR]:PORT' } as const;
const FAIL_ON = {
  name: 'fail-on',
  value: 'WHAT',
  choices: ['invalidated'],
  help: 'invalidated: exit 1 on a finding not of low confidence',
} as const;
const HANDSHAKE_COST = {
  name: 'handshake-cost',
  value: 'MS',
  help: 'processor time of a full handshake, milliseconds, to tell what avoidable ones cost',
} as const;
const COLOR = {
  name: 'color',
  value: 'WHEN',
  choices: ['auto', 'always', 'never'],
  help: 'auto (default; NO_COLOR, FORCE_COLOR), always, never',
} as const;
const KEY_LOG = {
  name: 'key-log',
  value: 'FILE',
  help: 'decrypt alerts and tickets with this TLS key log; else with the one that SSLKEYLOGFILE names',
} as const;
const NO_PROGRESS = { name: 'no-progress', help: 'no progress bar on standard error' } as const;
const VERBOSE = { name: 'verbose', short: 'v', help: 'each finding, and all figures; else a summary' } as const;
const HELP = { name: 'help', short: 'h', help: 'this text' } as const;
const VERSION = { name: 'version', short: 'V', help: 'the version' } as const;

/** Of `analyze`, which need not be named. */
export const OPTIONS = [
  {
    name: 'format',
    short: 'f',
    value: 'FORMAT',
    choices: ['table', 'json', 'ndjson', 'html'],
    help: 'table (default), json, ndjson, or html: a page with everything in it',
  },
  { name: 'output', short: 'o', value: 'FILE', help: 'write the report to FILE (default: standard output)' },
  { name: 'all', short: 'a', help: 'every session and every connection, nothing folded' },
  VERBOSE,
  SERVER,
  { name: 'client', value: 'CIDR', help: 'list only these clients (verdicts still use all)' },
  { name: 'session', value: 'HEX', help: 'list only sessions that begin so (4 digits or more)' },
  {
    name: 'evidence',
    value: 'FILE.pcapng',
    help: 'write only the frames behind the findings, commented, for Wireshark (with --session: behind those sessions); the input is read again for it, a pipe from a temporary file in TMPDIR (4 GiB at most)',
  },
  { name: 'evidence-secrets', help: 'and the TLS secrets of their connections, from the key log: whoever gets the file can decrypt them' },
  FAIL_ON,
  KEY_LOG,
  HANDSHAKE_COST,
  COLOR,
  NO_PROGRESS,
  HELP,
  VERSION,
] as const satisfies readonly Option[];

export const INTERFACES_OPTIONS = [HELP, VERSION] as const satisfies readonly Option[];

export const LIVE_OPTIONS = [
  { name: 'filter', value: 'BPF', help: 'what is captured, as for tcpdump (default: tcp)' },
  { name: 'duration', short: 'd', value: 'TIME', help: 'end after this time: 60s, 10m, 2h, 1h30m' },
  { name: 'count', short: 'c', value: 'N', help: 'end after N frames' },
  {
    name: 'format',
    short: 'f',
    value: 'FORMAT',
    choices: ['table', 'json', 'ndjson'],
    help: 'table (default on a terminal): a view while it runs, and the report; ndjson (default elsewhere): events as they come; json: the report',
  },
  { name: 'output', short: 'o', value: 'FILE', help: 'write events or the report to FILE (default: standard output)' },
  { name: 'all', short: 'a', help: 'ndjson: an event for each connection, too' },
  VERBOSE,
  { name: 'write', short: 'w', value: 'FILE.pcap', help: 'write the frames to a file as well' },
  { name: 'metrics', value: '[HOST:]PORT', help: 'Prometheus metrics at /metrics, health at /healthz (default host: 127.0.0.1)' },
  { name: 'restart', help: 'go on when the interface went down, as soon as it is up again' },
  { name: 'user', short: 'Z', value: 'NAME', help: 'become this user as soon as the interface is open (only root can)' },
  { name: 'buffer', short: 'B', value: 'MIB', help: 'kernel memory for frames that were not taken yet (default: 64)' },
  { name: 'remember', value: 'TIME', help: 'forget sessions that nobody used for this time (default: 1h)' },
  SERVER,
  FAIL_ON,
  HANDSHAKE_COST,
  COLOR,
  { name: 'no-progress', help: 'no view on the terminal: the report at the end' },
  HELP,
  VERSION,
] as const satisfies readonly Option[];

export const EXPLAIN_OPTIONS = [
  { name: 'format', short: 'f', value: 'FORMAT', choices: ['table', 'json'], help: 'table (default), or json: a report of what matches' },
  { name: 'output', short: 'o', value: 'FILE', help: 'write to FILE (default: standard output)' },
  { name: 'all', short: 'a', help: 'every event of every match, nothing folded' },
  SERVER,
  KEY_LOG,
  COLOR,
  NO_PROGRESS,
  HELP,
  VERSION,
] as const satisfies readonly Option[];

export const COMPLETION_OPTIONS = [HELP, VERSION] as const satisfies readonly Option[];

export type OptionName = (typeof OPTIONS)[number]['name'];
export type ExplainOptionName = (typeof EXPLAIN_OPTIONS)[number]['name'];
export type LiveOptionName = (typeof LIVE_OPTIONS)[number]['name'];
