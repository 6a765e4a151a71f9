// What can be measured on this machine: the yardsticks that can be built, and the peers that are installed.
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const PCAP_PARSER_LOOP = fileURLToPath(new URL('../pcap-parser-loop.mjs', import.meta.url));
const COMPILER = process.env.CC ?? 'cc';

const LIMIT_SECONDS = 300;
const TSHARK_FIRST_PACKETS = 200_000;

/** Compiles a program of this folder; null without a compiler, or without the library. */
function build(name, directory, libraries = []) {
  const out = join(directory, name);
  const source = fileURLToPath(new URL(`../${name}.c`, import.meta.url));
  try {
    mkdirSync(directory, { recursive: true });
    execFileSync(COMPILER, ['-O2', '-o', out, source, ...libraries], { stdio: 'ignore' });
    return out;
  } catch {
    return null;
  }
}

/** Path of an installed program, or null. */
function find(program) {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return join(directory, program);
    } catch {
      // not in this one
    }
  }
  return null;
}

/** @returns what measures, and what is measured against */
export function findTools(directory) {
  const rusage = build('rusage', directory);
  const gnuTime = process.platform === 'linux' ? find('time') : null;
  return {
    meter: rusage ? { kind: 'rusage', path: rusage } : gnuTime ? { kind: 'time', path: gnuTime } : { kind: 'none', path: '' },
    loop: build('pcaploop', directory, ['-lpcap']),
    read: build('readonly', directory),
    tshark: find('tshark'),
    ssldump: find('ssldump'),
    tcptrace: find('tcptrace'),
    built: existsSync(CLI),
  };
}

export const CLOSENOTIFY = 'closenotify';

/** The command line that is shipped. */
export function closenotifyCommand(path, ...options) {
  return {
    name: [CLOSENOTIFY, ...options].join(' '),
    argv: [process.execPath, CLI, path, '--no-progress', ...options],
    limitSeconds: LIMIT_SECONDS,
  };
}

/**
 * The commands for one capture, the yardstick first. Peers are left out where they would not come to an end in useful time:
 * ssldump's time grows with the square of the connections, tcptrace keeps 8 KiB for each, and tshark reads about 50 000 packets a second.
 */
export function commandsFor(name, path, tools) {
  const command = (title, program, argv, rest = {}) =>
    program ? [{ name: title, argv: [program, ...argv], limitSeconds: LIMIT_SECONDS, ...rest }] : [];
  const tsharkFields = ['-Y', 'tls.handshake', '-T', 'fields', '-e', 'tcp.stream', '-e', 'tls.handshake.session_id'];
  const first = name === 'handshakes' ? {} : { packets: TSHARK_FIRST_PACKETS };
  const tsharkTitle = name === 'handshakes' ? 'tshark' : `tshark, first ${TSHARK_FIRST_PACKETS} packets`;
  const cut = name === 'handshakes' ? [] : ['-c', String(TSHARK_FIRST_PACKETS)];
  return [
    ...command('libpcap loop', tools.loop, [path]),
    ...command('read() loop', tools.read, [path]),
    closenotifyCommand(path),
    closenotifyCommand(path, '--format', 'ndjson'),
    ...command('npm pcap-parser', process.execPath, [PCAP_PARSER_LOOP, path]),
    ...(name === 'manyflows' ? [] : command('tcptrace', tools.tcptrace, ['-n', path])),
    ...(name === 'bulk' ? command('ssldump', tools.ssldump, ['-n', '-r', path]) : []),
    ...command(tsharkTitle, tools.tshark, ['-r', path, ...cut, ...tsharkFields], { once: true, ...first }),
  ];
}
