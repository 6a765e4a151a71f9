// What can be measured on this machine: the yardsticks that can be built, and the peers that are installed.
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const PCAP_PARSER_LOOP = fileURLToPath(new URL('../pcap-parser-loop.mjs', import.meta.url));
const COMPILER = process.env.CC ?? 'cc';

const LIMIT_SECONDS = 300;
const TSHARK_FIRST_PACKETS = 200_000;
const TSHARK_FIELDS = ['-Y', 'tls.handshake', '-T', 'fields', '-e', 'tcp.stream', '-e', 'tls.handshake.session_id'];
const PEERS = ['loop', 'read', 'pcap-parser', 'tcptrace', 'ssldump', 'tshark'];

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

/** @typedef {'loop' | 'read' | 'pcap-parser' | 'tcptrace' | 'ssldump' | 'tshark'} Peer */

/** Commands of the yardsticks and peers on one capture; those that are not there are left out. @param {Peer[]} peers */
export function toolCommands(path, tools, peers) {
  const known = {
    loop: { name: 'libpcap loop', argv: [tools.loop, path] },
    read: { name: 'read() loop', argv: [tools.read, path] },
    'pcap-parser': { name: 'npm pcap-parser', argv: [process.execPath, PCAP_PARSER_LOOP, path] },
    tcptrace: { name: 'tcptrace', argv: [tools.tcptrace, '-n', path] },
    ssldump: { name: 'ssldump', argv: [tools.ssldump, '-n', '-r', path] },
    tshark: { name: 'tshark', argv: [tools.tshark, '-r', path, ...TSHARK_FIELDS] },
  };
  const found = peers.filter((peer) => known[peer].argv[0]);
  return Object.fromEntries(found.map((peer) => [peer, { limitSeconds: LIMIT_SECONDS, ...known[peer] }]));
}

/**
 * The commands for one capture of the generator, the yardstick first. Peers are left out where they would not come to an end in useful time:
 * ssldump's time grows with the square of the connections, tcptrace keeps 8 KiB for each, and tshark reads about 50 000 packets a second.
 */
export function commandsFor(name, path, tools) {
  const { loop, read, 'pcap-parser': parser, tcptrace, ssldump, tshark } = toolCommands(path, tools, [...PEERS]);
  const isCut = name !== 'handshakes';
  const cut = isCut && { name: `tshark, first ${TSHARK_FIRST_PACKETS} packets`, packets: TSHARK_FIRST_PACKETS };
  const once = tshark && { ...tshark, ...cut, argv: [...tshark.argv, ...(isCut ? ['-c', String(TSHARK_FIRST_PACKETS)] : [])], once: true };
  return [
    loop,
    read,
    closenotifyCommand(path),
    closenotifyCommand(path, '--format', 'ndjson'),
    parser,
    name === 'manyflows' ? undefined : tcptrace,
    name === 'bulk' ? ssldump : undefined,
    once,
  ].filter((command) => command !== undefined);
}
