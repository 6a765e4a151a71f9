/** What `--help` prints. */
import { OPTIONS, type Option } from './options.js';

export const USAGE = 'Usage: closenotify [analyze] [OPTION]... FILE...|-';

/** Column in which the explanations of options begin. */
const HELP_COLUMN = 28;
const LINE_COLUMNS = 80;

export function helpText(): string {
  return [USAGE, '', PURPOSE, '', 'Options:', ...OPTIONS.flatMap(optionLines), '', `${REST}\n`].join('\n');
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
