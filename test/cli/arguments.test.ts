import { describe, expect, it } from 'vitest';
import { type AnalyzeCommand, parseCommand } from '../../src/cli/arguments.js';
import { helpText } from '../../src/cli/help.js';
import { OPTIONS } from '../../src/cli/options.js';
import { nearest } from '../../src/cli/suggest.js';

const DEFAULTS: AnalyzeCommand = {
  inputs: ['a.pcap'],
  format: 'table',
  output: null,
  all: false,
  server: null,
  selection: {},
  failOnInvalidated: false,
  keyLog: null,
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
    ['--help', { kind: 'help' }],
    ['-h live --formt', { kind: 'help' }],
    ['--version', { kind: 'version' }],
    ['-V a.pcap', { kind: 'version' }],
    ['live eth0 --filter x --duration 5', { kind: 'unavailable', word: 'live' }],
    ['interfaces', { kind: 'unavailable', word: 'interfaces' }],
  ])('%j', (words, expected) => expect(parseCommand(words === '' ? [] : words.split(' '))).toEqual(expected));

  it.each([
    ['--formt json a', 'unknown option --formt; did you mean --format?'],
    ['--ouput=x a', 'unknown option --ouput; did you mean --output?'],
    ['--nonsense a', 'unknown option --nonsense; see closenotify --help'],
    ['-x a', 'unknown option -x; see closenotify --help'],
    ['--no-all a', 'unknown option --no-all; see closenotify --help'],
    ['--evidence x.pcapng a', '--evidence is not in this version'],
    ['--format html a', '--format html is not in this version; there are table, json, ndjson'],
    ['--format jsn a', '--format jsn: no such value; did you mean json?'],
    ['--format xml a', '--format xml: no such value; expected table, json, ndjson'],
    ['a --format', '--format needs a value: table, json, ndjson'],
    ['--format --all a', '--format needs a value: table, json, ndjson'],
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
    const help = helpText();
    for (const option of OPTIONS) expect(help).toContain(`--${option.name}`);
    expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});
