import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InputError } from '../../src/capture/input-error.js';
import { type Analyzer, runAnalyze } from '../../src/cli/analyze-command.js';
import { parseCommand } from '../../src/cli/arguments.js';
import type { Report } from '../../src/model.js';
import { Selector } from '../../src/selection/select.js';
import { EMPTY, FORUM, HOSTILE_TEXTS } from '../report/reports.js';

type Options = NonNullable<Parameters<Analyzer['analyze']>[1]>;

const DAMAGED: Report = {
  ...EMPTY,
  capture: {
    ...EMPTY.capture,
    sources: [{ ...FORUM.capture.sources[0], name: 'a.pcap', truncated: true }],
    warnings: [{ code: 'capture-cut', message: 'a.pcap: ends in the middle of packet 7', count: 1, frame: 7 }],
  },
};

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'closenotify-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
  options: Options | null;
}

interface Setting {
  tty?: boolean;
  env?: Record<string, string>;
  fail?: unknown;
}

/** Runs the command with an analysis that returns `report`. */
async function run(words: string[], report: Report, { tty = false, env = {}, fail }: Setting = {}): Promise<Outcome> {
  const stdout = Object.assign(new PassThrough(), { isTTY: tty, columns: 100 });
  const stderr = Object.assign(new PassThrough(), { isTTY: tty, columns: 100 });
  const texts = { stdout: '', stderr: '' };
  stdout.on('data', (chunk) => {
    texts.stdout += chunk;
  });
  stderr.on('data', (chunk) => {
    texts.stderr += chunk;
  });
  let seen: Options | null = null;
  const analyzer: Analyzer = {
    async analyze(_inputs, options) {
      seen = options ?? null;
      if (fail !== undefined) throw fail;
      return new Selector(options?.filter ?? {}).report(report);
    },
    async *follow(_inputs, options) {
      seen = options ?? null;
      const selected = new Selector(options?.filter ?? {}).report(report);
      for (const c of selected.connections) yield [c];
      return { ...selected, connections: [] };
    },
  };
  const command = parseCommand(words);
  if (command.kind !== 'analyze') throw new Error(`not a command to run: ${JSON.stringify(command)}`);
  const status = await runAnalyze(command.options, { stdin: new PassThrough(), stdout, stderr, env }, analyzer);
  return { status, ...texts, options: seen };
}

describe('exit status', () => {
  it.each<[string, string[], Report, number]>([
    ['fine', ['a.pcap'], EMPTY, 0],
    ['found, not asked for', ['a.pcap'], FORUM, 0],
    ['found', ['a.pcap', '--fail-on', 'invalidated'], FORUM, 1],
    ['not found', ['a.pcap', '--fail-on', 'invalidated'], EMPTY, 0],
    ['found, but not selected', ['a.pcap', '--fail-on', 'invalidated', '--client', '192.0.2.1'], FORUM, 0],
    ['damaged', ['a.pcap'], DAMAGED, 3],
    ['damaged and found', ['a.pcap', '--fail-on', 'invalidated'], { ...FORUM, capture: DAMAGED.capture }, 1],
  ])('%s', async (_name, words, report, status) => expect((await run(words, report)).status).toBe(status));

  it('of a gate is 0 for a capture without TLS, which is told', async () => {
    const gate = await run(['a.pcap', '--fail-on', 'invalidated'], EMPTY);
    expect([gate.status, gate.stderr]).toEqual([0, 'closenotify: no TLS connection is in the capture: --fail-on had nothing to judge\n']);
    expect((await run(['a.pcap'], EMPTY)).stderr).toBe('');
  });

  it('is 3 for an input error, told in one line', async () => {
    const fail = new InputError('ERR_NOT_FOUND', 'a.pcap', 'no such file; check the path');
    expect(await run(['a.pcap'], EMPTY, { fail })).toMatchObject({
      status: 3,
      stdout: '',
      stderr: 'closenotify: a.pcap: no such file; check the path\n',
    });
  });

  it('lets a defect through', async () => expect(run(['a.pcap'], EMPTY, { fail: new TypeError('x') })).rejects.toThrow(TypeError));

  it('is 2 when the output is the input, and the input stays', async () => {
    const file = join(directory, 'a.pcap');
    writeFileSync(file, 'capture');
    const outcome = await run([file, '--output', file], FORUM);
    expect(outcome).toMatchObject({ status: 2, stdout: '', options: null });
    expect(readFileSync(file, 'utf8')).toBe('capture');
  });
});

describe('output', () => {
  it('goes to a file, and nowhere else', async () => {
    const file = join(directory, 'report.json');
    expect(await run(['a.pcap', '--format', 'json', '--output', file], FORUM)).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(FORUM);
  });

  it('of a failed analysis leaves an older file alone', async () => {
    const file = join(directory, 'report.json');
    writeFileSync(file, 'old');
    await run(['a.pcap', '--output', file], FORUM, { fail: new InputError('ERR_EMPTY', 'a.pcap', 'is empty') });
    expect(readFileSync(file, 'utf8')).toBe('old');
  });

  it('tells damage on standard error, the report on standard output', async () => {
    const outcome = await run(['a.pcap'], DAMAGED);
    expect(outcome.stderr).toBe('closenotify: a.pcap: ends in the middle of packet 7\n');
    expect(outcome.stdout).toContain('capture-cut');
    const nameless = { ...DAMAGED, capture: { ...DAMAGED.capture, warnings: [] } };
    expect((await run(['a.pcap'], nameless)).stderr).toBe('closenotify: a.pcap: damaged: not read to its end\n');
  });

  it.each(HOSTILE_TEXTS)('never steers the terminal by what a message holds: %#', async (text) => {
    const capture = { ...DAMAGED.capture, warnings: [{ code: 'capture-cut', message: text, count: 1, frame: 1 }] };
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect((await run(['a.pcap'], { ...DAMAGED, capture })).stderr).toMatch(/^[^\x00-\x1f\x7f-\x9f]*\n$/);
  });

  it('streams connections as NDJSON, each once, and the selection holds', async () => {
    const types = async (...more: string[]) => {
      const { stdout } = await run(['a.pcap', '--format', 'ndjson', ...more], FORUM);
      return stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).type)
        .join(' ');
    };
    expect(await types('--all')).toBe('connection connection connection finding server session summary');
    expect(await types('--all', '--client', '192.0.2.1')).toBe('server summary');
    expect(await types('--all', '--session', 'ffff')).toBe('server summary');
  });

  it('says "selected" where it is', async () => {
    expect((await run(['a.pcap', '--session', '1ab8'], FORUM)).stdout).toMatch(/^1 selected session invalidated/);
  });
});

describe('what is asked of the analysis', () => {
  it.each<[string[], Partial<Options>]>([
    [['a.pcap'], { keep: 'findings' }],
    [['a.pcap', '--all'], { keep: 'all' }],
    [['a.pcap', '--server', '10.0.0.5:443'], { filter: { server: { address: '10.0.0.5', port: 443 } } }],
  ])('%j', async (words, expected) => expect((await run(words, EMPTY)).options).toMatchObject(expected));

  it('files stop at a signal, standard input ends', async () => {
    expect((await run(['a.pcap'], EMPTY)).options?.signal).toBeInstanceOf(AbortSignal);
    expect((await run(['-'], EMPTY)).options?.signal).toBeUndefined();
  });
});

describe('color', () => {
  it.each<[string[], Setting, boolean]>([
    [[], {}, false],
    [[], { tty: true }, true],
    [[], { tty: true, env: { NO_COLOR: '1' } }, false],
    [[], { tty: true, env: { NO_COLOR: '' } }, true],
    [[], { tty: true, env: { TERM: 'dumb' } }, false],
    [[], { env: { FORCE_COLOR: '1' } }, true],
    [[], { tty: true, env: { FORCE_COLOR: '0' } }, false],
    [[], { env: { FORCE_COLOR: '1', NO_COLOR: '1' } }, true],
    [['--color', 'always'], { env: { NO_COLOR: '1' } }, true],
    [['--color', 'never'], { tty: true, env: { FORCE_COLOR: '1' } }, false],
    [['--format', 'json', '--color', 'always'], {}, false],
  ])('%j %j: %s', async (words, setting, colored) => {
    expect((await run(['a.pcap', ...words], FORUM, setting)).stdout.includes('\x1b[')).toBe(colored);
  });
});
