import { describe, expect, it } from 'vitest';
import { type AnalyzeCommand, parseCommand } from '../../src/cli/arguments.js';
import { helpText } from '../../src/cli/help.js';
import { type LiveCommand, parseLive } from '../../src/cli/live-arguments.js';
import { LIVE_OPTIONS, OPTIONS } from '../../src/cli/options.js';
import { nearest } from '../../src/cli/suggest.js';

const DEFAULTS: AnalyzeCommand = {
  inputs: ['a.pcap'],
  format: 'table',
  output: null,
  all: false,
  verbose: false,
  server: null,
  selection: {},
  failOnInvalidated: false,
  keyLog: null,
  evidence: null,
  handshakeCost: null,
  color: 'auto',
  progress: true,
};

describe('parseCommand', () => {
  it.each<[string, Partial<AnalyzeCommand>]>([
    ['a.pcap', {}],
    ['analyze a.pcap', {}],
    ['analyze analyze', { inputs: ['analyze'] }],
    ['./live', { inputs: ['./live'] }],
    ['a.pcap live', { inputs: ['a.pcap', 'live'] }],
    ['-- -odd.pcap', { inputs: ['-odd.pcap'] }],
    ['-', { inputs: ['-'] }],
    ['a.pcap - b.pcap', { inputs: ['a.pcap', '-', 'b.pcap'] }],
    ['a.pcap --format json', { format: 'json' }],
    ['--format=ndjson a.pcap', { format: 'ndjson' }],
    ['-f json -o out a.pcap', { format: 'json', output: 'out' }],
    ['--output - a.pcap', { output: '-' }],
    ['--all --no-progress a.pcap', { all: true, progress: false }],
    ['-v a.pcap', { verbose: true }],
    ['--color never a.pcap', { color: 'never' }],
    ['--fail-on invalidated a.pcap', { failOnInvalidated: true }],
    ['--key-log keys a.pcap', { keyLog: 'keys' }],
    ['--server 10.0.0.5 a.pcap', { server: { address: '10.0.0.5', port: null } }],
    ['--server 10.0.0.5:443 a.pcap', { server: { address: '10.0.0.5', port: 443 } }],
    ['--server 2001:DB8::0:1 a.pcap', { server: { address: '2001:db8::1', port: null } }],
    ['--server [fd00::1]:443 a.pcap', { server: { address: 'fd00::1', port: 443 } }],
    ['--server [fd00::1] a.pcap', { server: { address: 'fd00::1', port: null } }],
    ['--client 10.0.0.0/8 a.pcap', { selection: { client: '10.0.0.0/8' } }],
    ['--session 1A:B8:36 a.pcap', { selection: { session: '1ab836' } }],
    ['--client ::/0 --session abcd a.pcap', { selection: { client: '::/0', session: 'abcd' } }],
  ])('%s', (words, expected) => {
    expect(parseCommand(words.split(' '))).toEqual({ kind: 'analyze', options: { ...DEFAULTS, ...expected } });
  });

  it.each([
    ['', { kind: 'no-input' }],
    ['analyze', { kind: 'no-input' }],
    ['--all', { kind: 'no-input' }],
    ['--help', { kind: 'help', command: 'analyze' }],
    ['-h live --formt', { kind: 'live' }],
    ['interfaces --help', { kind: 'help', command: 'interfaces' }],
    ['--version', { kind: 'version' }],
    ['-V a.pcap', { kind: 'version' }],
    ['live eth0 --nonsense', { kind: 'live' }],
    ['--filter tcp live eth0', { kind: 'live' }],
    ['interfaces', { kind: 'interfaces' }],
    ['explain 1ab8 a.pcap', { kind: 'explain' }],
    ['-f json explain 1ab8 a.pcap', { kind: 'explain' }],
    ['completion bash', { kind: 'completion', shell: 'bash' }],
    ['completion --help', { kind: 'help', command: 'completion' }],
    ['completion -V', { kind: 'version' }],
  ])('%j', (words, expected) => expect(parseCommand(words === '' ? [] : words.split(' '))).toEqual(expected));

  it.each([
    ['--formt json a', 'unknown option --formt; did you mean --format?'],
    ['--ouput=x a', 'unknown option --ouput; did you mean --output?'],
    ['--nonsense a', 'unknown option --nonsense; see closenotify --help'],
    ['-x a', 'unknown option -x; see closenotify --help'],
    ['--no-all a', 'unknown option --no-all; see closenotify --help'],
    ['--evidence-secrets a', '--evidence-secrets needs --evidence FILE.pcapng'],
    ['--evidence - a', '--evidence -: expected the name of a file'],
    ['a --evidence', '--evidence needs a value: FILE.pcapng'],
    ['--format jsn a', '--format jsn: no such value; did you mean json?'],
    ['--format xml a', '--format xml: no such value; expected table, json, ndjson, html'],
    ['a --format', '--format needs a value: table, json, ndjson, html'],
    ['--format --all a', '--format needs a value: table, json, ndjson, html'],
    ['--output= a', '--output needs a value: FILE'],
    ['--all=yes a', '--all takes no value'],
    ['--fail-on found a', '--fail-on found: no such value; expected invalidated'],
    ['--color red a', '--color red: no such value; expected auto, always, never'],
    ['--server example.org a', '--server example.org: expected an IP address, ADDR:PORT or [IPv6]:PORT'],
    ['--server 10.0.0.5:0 a', '--server 10.0.0.5:0: expected'],
    ['--server 10.0.0.5:65536 a', '--server 10.0.0.5:65536: expected'],
    ['--server [10.0.0.5]:1 a', '--server [10.0.0.5]:1: expected'],
    ['--client 10.0.0.0/40 a', '--client 10.0.0.0/40: expected an IP address or a range such as 10.0.0.0/8'],
    ['--session xyz1 a', '--session xyz1: expected hexadecimal digits'],
    ['--session 1ab a', '--session 1ab: expected at least 4 digits'],
    ['a.pcap --duration 5', '--duration is an option of closenotify live'],
    ['interfaces eth0', 'interfaces takes no further words: eth0'],
    ['completion', 'completion needs one word: bash, zsh, fish'],
    ['completion csh', 'completion needs one word: bash, zsh, fish, not csh'],
    ['completion bash zsh', 'completion needs one word: bash, zsh, fish, not zsh'],
    ['- -', '- is given twice: standard input can be read once'],
    ['--\x1b[2J a', 'unknown option --\\x1b[2J; see'],
  ])('%j is wrong', (words, message) => {
    const command = parseCommand(words.split(' '));
    expect(command.kind).toBe('wrong');
    if (command.kind === 'wrong') {
      expect(command.message.startsWith(message), command.message).toBe(true);
      expect(command.message).not.toContain('\n');
    }
  });
});

const LIVE: LiveCommand = {
  source: 'eth0',
  filter: null,
  duration: null,
  count: null,
  format: null,
  output: null,
  all: false,
  verbose: false,
  write: null,
  metrics: null,
  restart: false,
  user: null,
  bufferBytes: null,
  remember: null,
  server: null,
  failOnInvalidated: false,
  handshakeCost: null,
  color: 'auto',
  view: true,
};

describe('parseLive', () => {
  it.each([
    ['live --formt -h', { kind: 'help' }],
    ['live -V', { kind: 'version' }],
  ])('%s', (words, expected) => expect(parseLive(words.split(' '))).toEqual(expected));

  it.each<[string, Partial<LiveCommand>]>([
    ['live eth0', {}],
    ['live -', { source: '-' }],
    ['--no-progress live eth0', { view: false }],
    ['live --filter tcp eth0', { filter: 'tcp' }],
    ['live eth0 --duration 90', { duration: 90 }],
    ['live eth0 -d 1h30m', { duration: 5400 }],
    ['live eth0 --duration 0.5s', { duration: 0.5 }],
    ['live eth0 --remember 2d', { remember: 172_800 }],
    ['live eth0 -c 100', { count: 100 }],
    ['live eth0 -f ndjson --all -o x', { format: 'ndjson', all: true, output: 'x' }],
    ['live eth0 --verbose', { verbose: true }],
    ['live eth0 -w x.pcap', { write: 'x.pcap' }],
    ['live eth0 --metrics 9464', { metrics: { host: '127.0.0.1', port: 9464 } }],
    ['live eth0 --metrics [::]:9464', { metrics: { host: '::', port: 9464 } }],
    ['live eth0 --restart', { restart: true }],
    ['live eth0 -Z nobody -B 16', { user: 'nobody', bufferBytes: 16 * 1024 * 1024 }],
    ['live eth0 --server 10.0.0.5:443 --handshake-cost 1.5', { server: { address: '10.0.0.5', port: 443 }, handshakeCost: 1.5 }],
  ])('%s', (words, expected) => {
    expect(parseLive(words.split(' '))).toEqual({ kind: 'live', options: { ...LIVE, ...expected } });
  });

  it.each([
    ['live', 'live needs an interface, or - for standard input; closenotify interfaces lists them'],
    ['live eth0 eth1', 'live takes one interface: eth1 is one word too many'],
    ['live - --filter tcp', '--filter is for interfaces; what comes through a pipe is captured by the program before it'],
    ['live eth0 --duration 5x', '--duration 5x: expected a time such as 60s, 10m, 2h or 1h30m, 24 days at most'],
    ['live eth0 --duration 1h30', '--duration 1h30: expected a time'],
    ['live eth0 --duration 0', '--duration 0: expected a time'],
    ['live eth0 --duration 25d', '--duration 25d: expected a time'],
    ['live eth0 --count 0', '--count 0: expected a whole number from 1'],
    ['live eth0 --buffer 4096', '--buffer 4096: expected a whole number from 1 to 2047'],
    ['live eth0 --metrics x', '--metrics x: the port is a number from 0 to 65535'],
    ['live eth0 --client 10.0.0.1', '--client is an option of closenotify analyze'],
    ['live eth0 --durtion 5', 'unknown option --durtion; did you mean --duration?'],
    ['live eth0 --server x', '--server x: expected an IP address'],
  ])('%j is wrong', (words, message) => {
    const command = parseLive(words.split(' '));
    expect(command.kind === 'wrong' && command.message.startsWith(message), JSON.stringify(command)).toBe(true);
  });
});

describe('nearest', () => {
  it.each([
    ['formt', 'format'],
    ['fromat', 'format'],
    ['outpt', 'output'],
    ['clr', null],
    ['colour', 'color'],
    ['progress', null],
    ['noprogress', 'no-progress'],
    ['sess', 'session'],
    ['x'.repeat(100_000), null],
    ['', null],
  ])('%s', (word, expected) => {
    expect(
      nearest(
        word,
        OPTIONS.map((o) => o.name),
      ),
    ).toBe(expected);
  });
});

describe('helpText', () => {
  it('names every option, in 80 columns', () => {
    for (const command of ['analyze', 'live', 'interfaces'] as const) {
      const help = helpText(command);
      const options = { analyze: OPTIONS, live: LIVE_OPTIONS, interfaces: [] }[command];
      for (const option of options) expect(help).toContain(`--${option.name}`);
      expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    }
  });
});
