/** The commands: what their help, their completion in shells, and the man page are made of. */
import { COMPLETION_OPTIONS, EXPLAIN_OPTIONS, INTERFACES_OPTIONS, LIVE_OPTIONS, OPTIONS, type Option } from './options.js';

export const COMMAND_NAMES = ['analyze', 'explain', 'live', 'interfaces', 'completion'] as const;
export type CommandName = (typeof COMMAND_NAMES)[number];

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export interface CommandInfo {
  readonly name: CommandName;
  /** After the program's name. */
  readonly usage: string;
  /** In a few words. */
  readonly summary: string;
  readonly examples: readonly string[];
  /** In paragraphs of one line each. */
  readonly purpose: readonly string[];
  readonly options: readonly Option[];
  /** The words that are no options, in order; the last one may come again. */
  readonly operands: readonly Operand[];
}

/** What a word is, for completion. */
export type Operand = 'file' | 'interface' | 'shell' | 'query';

export const COMMANDS: readonly CommandInfo[] = [
  {
    name: 'analyze',
    usage: '[analyze] [OPTION]... FILE...|-',
    summary: 'a report of capture files',
    examples: [
      'closenotify capture.pcapng',
      'closenotify --verbose --server 10.0.0.5:443 capture.pcap',
      'closenotify --all --format json capture.pcap > report.json',
      'tcpdump -i eth0 -U -w - tcp port 443 | closenotify -',
      'closenotify --fail-on invalidated trace.pcap.gz || echo "sessions were lost"',
    ],
    purpose: [
      'Reads packet captures and tells which TLS sessions a server invalidated after an unclean close (a FIN or RST without close_notify), in which frames, and how sure that is.',
      'FILE is pcap or pcapng, gzip included; several files are one capture, in the order of their first packets; - is standard input.',
    ],
    options: OPTIONS,
    operands: ['file'],
  },
  {
    name: 'explain',
    usage: 'explain [OPTION]... ID|stream:N FILE...|-',
    summary: 'everything about one session or one connection',
    examples: [
      'closenotify explain 1ab8368f capture.pcap',
      'closenotify explain 1a:b8:36:8f capture.pcap',
      'closenotify explain stream:12 capture.pcap',
      'closenotify explain 1ab8368f capture.pcap --format json',
    ],
    purpose: [
      'Tells all that happened to one session, event by event: the connections that issued, offered and resumed it, hellos, alerts and closes of both sides, why it was declined, and what the server does with sessions.',
      'ID is a session ID, or the SHA-256 of a ticket or PSK identity, as the report shows it: its first digits, 4 or more. stream:N is the connection that Wireshark calls tcp.stream N, with the sessions that it shares with others. Of 4 matches and more there is a list.',
      'Exit status: as of closenotify --help, and 2 where nothing in the capture matches.',
    ],
    options: EXPLAIN_OPTIONS,
    operands: ['query', 'file'],
  },
  {
    name: 'live',
    usage: 'live [OPTION]... INTERFACE|-',
    summary: 'the same while it happens',
    examples: [
      'closenotify live eth0',
      "closenotify live lo --filter 'tcp port 8443' --duration 10m --format json",
      'closenotify live eth0 --metrics 9464 > events.ndjson',
      'sudo tcpdump -i eth0 -U -w - tcp port 443 | closenotify live -',
      'ssh host sudo tcpdump -i eth0 -U -w - tcp port 443 | closenotify live -',
    ],
    purpose: [
      'The same while it happens: captures on an interface, or reads what tcpdump or dumpcap write to a pipe, and tells of each session that is lost within a second or so of its decline.',
    ],
    options: LIVE_OPTIONS,
    operands: ['interface'],
  },
  {
    name: 'interfaces',
    usage: 'interfaces',
    summary: 'what can be captured on, or why nothing can',
    examples: ['closenotify interfaces'],
    purpose: [
      'Lists the interfaces that closenotify live can capture on, or says why there is none, and what to do. Exit status: 0, or 4 where nothing can be captured.',
    ],
    options: INTERFACES_OPTIONS,
    operands: [],
  },
  {
    name: 'completion',
    usage: `completion ${SHELLS.join('|')}`,
    summary: 'a completion script for a shell',
    examples: [
      'source <(closenotify completion bash)',
      'closenotify completion zsh > "$' + '{fpath[1]}/_closenotify"',
      'closenotify completion fish > ~/.config/fish/completions/closenotify.fish',
    ],
    purpose: ['Prints what makes the shell complete commands, options, their values and files.'],
    options: COMPLETION_OPTIONS,
    operands: ['shell'],
  },
];

export function commandInfo(name: CommandName): CommandInfo {
  return COMMANDS.find((command) => command.name === name) as CommandInfo;
}

export function isCommandName(word: string | undefined): word is CommandName {
  return COMMAND_NAMES.some((name) => name === word);
}
