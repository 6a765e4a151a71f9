/** What `--help` prints. */
import type { CommandName } from './arguments.js';
import { LIVE_OPTIONS, OPTIONS, type Option } from './options.js';

export const USAGE = 'Usage: closenotify [analyze] [OPTION]... FILE...|-';
const OTHER_USAGES = ['       closenotify live [OPTION]... INTERFACE|-', '       closenotify interfaces'];

/** Column in which the explanations of options begin. */
const HELP_COLUMN = 28;
const LINE_COLUMNS = 80;

export function helpText(command: CommandName = 'analyze'): string {
  if (command === 'interfaces') return INTERFACES;
  if (command === 'live') return [LIVE_PURPOSE, '', 'Options:', ...LIVE_OPTIONS.flatMap(optionLines), '', `${LIVE_REST}\n`].join('\n');
  return [USAGE, ...OTHER_USAGES, '', PURPOSE, '', 'Options:', ...OPTIONS.flatMap(optionLines), '', `${REST}\n`].join('\n');
}

function optionLines(option: Option): string[] {
  const short = option.short === undefined ? '    ' : `-${option.short}, `;
  const left = `  ${short}--${option.name}${option.value === undefined ? '' : ` ${option.value}`}`;
  const indent = ' '.repeat(HELP_COLUMN);
  const lines: string[] = [];
  let line = left.length + 1 < HELP_COLUMN ? left.padEnd(HELP_COLUMN) : '';
  if (line === '') {
    lines.push(left);
    line = indent;
  }
  let empty = true;
  for (const word of option.help.split(' ')) {
    if (!empty && line.length + 1 + word.length > LINE_COLUMNS) {
      lines.push(line);
      line = indent + word;
    } else line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}

const PURPOSE = `Reads packet captures and tells which TLS sessions a server invalidated after
an unclean close (a FIN or RST without close_notify), in which frames, and how
sure that is.

  closenotify capture.pcapng
  closenotify --all --format json capture.pcap > report.json
  tcpdump -i eth0 -U -w - tcp port 443 | closenotify -
  closenotify --fail-on invalidated trace.pcap.gz || echo "sessions were lost"
  closenotify live eth0

FILE is pcap or pcapng, gzip included; several files are one capture, in the
order of their first packets; - is standard input.`;

const REST = `Exit status:
  0    fine
  1    --fail-on was given, and it was found (also when the input was damaged)
  2    wrong usage
  3    an input is unreadable or damaged; what was readable is still reported
  4    live capture is not available
  70   a defect of closenotify; set CLOSENOTIFY_DEBUG=1 to see where
  74   the output could not be written
  130  SIGINT, 143 SIGTERM; standard input is then reported as far as it came

A name like a command (live, interfaces, analyze) is a file when written ./live.`;

const LIVE_PURPOSE = `Usage: closenotify live [OPTION]... INTERFACE|-

The same while it happens: captures on an interface, or reads what tcpdump or
dumpcap write to a pipe, and tells of each session that is lost within a second
or so of its decline.

  closenotify live eth0
  closenotify live lo --filter 'tcp port 8443' --duration 10m --format json
  closenotify live eth0 --metrics 9464 > events.ndjson
  sudo tcpdump -i eth0 -U -w - tcp port 443 | closenotify live -
  ssh host sudo tcpdump -i eth0 -U -w - tcp port 443 | closenotify live -`;

const LIVE_REST = `Ctrl-C (SIGINT), SIGTERM or SIGHUP: the report, and the end; a second time:
the end at once. SIGUSR1: a report now (ndjson: one line of type report). A
finding may later be told as changed, or as withdrawn.

Exit status: as of closenotify --help, and 0 (or 1 with --fail-on) also after
Ctrl-C; 2 also where the filter is none; 4 where the interface cannot be opened,
or went down (what was captured is still reported).`;

const INTERFACES = `Usage: closenotify interfaces

Lists the interfaces that closenotify live can capture on, or says why there is
none, and what to do. Exit status: 0, or 4 where nothing can be captured.
`;
