/** Hostile text in words, environment and file names: what the command line prints is safe, on one line, and says what is wrong. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCommand } from '../../src/cli/arguments.js';
import { parseExplain } from '../../src/cli/explain-arguments.js';
import { parseLive } from '../../src/cli/live-arguments.js';
import { EXPLAIN_OPTIONS, LIVE_OPTIONS, OPTIONS } from '../../src/cli/options.js';
import { main } from '../../src/cli/program.js';
import { type Run, run } from '../support/command.js';
import { HOSTILE_BYTES, harmIn, illFormed } from '../support/hostile.js';

const COMMAND = 'dist/cli/main.js';
const CAPTURE = 'fixtures/q-full.pcap';
/** As Node decodes words; no word holds a NUL. */
const WORDS = HOSTILE_BYTES.map(([, bytes]) => new TextDecoder().decode(bytes).replaceAll('\0', ''));
const TEXTS = [...WORDS, 'x'.repeat(100_000), '\u202e'.repeat(100_000)];
/** All that a file name can hold at once. */
const NAME = `${'\x1b]0;t\x07\x1b[2J\n\r\u009b31m\u202eb\u2028c\u200b\u00add'.replaceAll('/', '')}"$(id)'.pcap`;
const MAX_MESSAGE = 700;
/** Node takes a word of short options apart in time that grows with its square. */
const MAX_LETTERS = 1000;

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'closenotify-'));
  copyFileSync(CAPTURE, join(directory, NAME));
});
afterAll(() => rmSync(directory, { recursive: true }));

const closenotify = (words: readonly string[], env: Record<string, string> = {}): Promise<Run> =>
  run(process.execPath, [COMMAND, ...words], { SSLKEYLOGFILE: '', ...env });

function expectLine(message: string): void {
  expect(harmIn(message)).toBeNull();
  expect(message).not.toContain('\n');
  expect(message.length).toBeLessThan(MAX_MESSAGE);
}

function messageOf(command: { kind: string; message?: string }): string {
  return command.kind === 'wrong' ? (command.message ?? '') : '';
}

describe('a word that is wrong is told safely', () => {
  const valued = (options: readonly { name: string; value?: string }[]) => options.filter(({ value }) => value !== undefined);

  it.each(valued(OPTIONS))('--$name', ({ name }) => {
    for (const text of TEXTS) expectLine(messageOf(parseCommand(['a.pcap', `--${name}=${text}`])));
  });

  it.each(valued(LIVE_OPTIONS))('live --$name', ({ name }) => {
    for (const text of TEXTS) expectLine(messageOf(parseLive(['live', 'eth0', `--${name}=${text}`])));
  });

  it.each(valued(EXPLAIN_OPTIONS))('explain --$name', ({ name }) => {
    for (const text of TEXTS) expectLine(messageOf(parseExplain(['explain', '1ab8', 'a.pcap', `--${name}=${text}`])));
  });

  it.each<[string, (text: string) => { kind: string; message?: string }]>([
    ['an option', (text) => parseCommand(['a.pcap', `--${text}`])],
    ['a short option', (text) => parseCommand(['a.pcap', `-${text.slice(0, MAX_LETTERS)}`])],
    ['a value of a switch', (text) => parseCommand(['a.pcap', `--all=${text}`])],
    ['an option of live', (text) => parseLive(['live', 'eth0', `--${text}`])],
    ['a second interface', (text) => parseLive(['live', 'eth0', text])],
    ['what is to be explained', (text) => parseExplain(['explain', text, 'a.pcap'])],
    ['a capture to explain', (text) => parseExplain(['explain', '1ab', text])],
    ['a shell', (text) => parseCommand(['completion', text])],
    ['a word for interfaces', (text) => parseCommand(['interfaces', text])],
  ])('%s', (_what, parse) => {
    for (const text of TEXTS) expectLine(messageOf(parse(text)));
  });

  it.each(['server', 'client', 'session'])('--%s takes none of them', (name) => {
    for (const text of TEXTS) expect(messageOf(parseCommand(['a.pcap', `--${name}=${text}`]))).toContain(`--${name} `);
  });
});

describe('a capture with a hostile name', () => {
  it.each(['table', 'json', 'ndjson'])('is reported as %s', async (format) => {
    const path = join(directory, NAME);
    const { status, stdout, stderr } = await closenotify([path, '--format', format]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const line of stdout.split('\n')) expect(harmIn(line)).toBeNull();
    if (format === 'json') {
      expect(JSON.parse(stdout).capture.sources[0].name).toBe(path);
      expect(illFormed(stdout)).toEqual([]);
    }
  });
});

const LONG = 'long/'.repeat(700);
const MESSAGES: readonly [what: string, words: (path: string) => string[], env: (path: string) => Record<string, string>, says: string][] =
  [
    ['no capture', (path) => [`${path}x`], () => ({}), 'no such file; check the path'],
    ['no place for the report', (path) => [CAPTURE, '--output', `${path}x/${LONG}y`], () => ({}), 'there is no directory '],
    ['the report over the capture', (path) => [path, '--output', path], () => ({}), 'the report would overwrite the capture'],
    ['no key log', (path) => [CAPTURE, '--key-log', `${path}x`], () => ({}), 'no such key log; check the path'],
    [
      'no key log in the environment',
      () => [CAPTURE, '-f', 'json'],
      (path) => ({ SSLKEYLOGFILE: `${path}x` }),
      'nothing is decrypted with it',
    ],
    ['no interface', (path) => ['live', path, '--count', '1', '--write', `${path}x/y`], () => ({}), '--write '],
  ];

describe('of a hostile name is told what is wrong with it', () => {
  it.each(MESSAGES)('%s', async (_what, words, env, says) => {
    const path = join(directory, NAME);
    const { stderr } = await closenotify(words(path), env(path));
    expect(stderr).toContain(says);
    if (says !== '') expectLine(stderr.trimEnd());
  });

  it('bytes that are no UTF-8', async () => {
    const script = `exec "$0" "$1" "$2/$(printf 'x\\377.pcap')"`;
    const { status, stderr } = await run('/bin/sh', ['-c', script, process.execPath, COMMAND, directory]);
    expect(status).toBe(3);
    expect(stderr).toContain('a name that is not UTF-8 cannot be opened: give the file as standard input');
    expectLine(stderr.trimEnd());
  });
});

describe('a defect', () => {
  it('is told safely, with its stack', async () => {
    const stdout = {
      on() {
        throw new Error('odd\x1b[2J\nname\u202e');
      },
    } as unknown as Writable;
    const stderr = new PassThrough();
    const status = await main(['--help'], { stdin: new PassThrough(), stdout, stderr, env: { CLOSENOTIFY_DEBUG: '1' } });
    const text = String(stderr.read());
    expect(status).toBe(70);
    expect(text).toContain('Error: odd\\x1b[2J\\x0aname\\u{202e}\n');
    expect(text).toContain('    at ');
    expect(harmIn(text)).toBeNull();
  });
});
