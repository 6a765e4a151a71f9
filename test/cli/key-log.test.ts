/** Key logs, through the built command. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../../src/analyze.js';
import type { Report } from '../../src/model.js';

const CAPTURE = 'fixtures/tls13-jetty-legacy-stateful.pcap';
const KEYS = 'fixtures/keys/tls13-jetty-legacy-stateful.keys';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'closenotify-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

interface Outcome {
  status: number;
  report: Report | null;
  stderr: string;
}

function run(words: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const args = ['dist/cli/main.js', CAPTURE, '--format', 'json', '--all', ...words];
    execFile(process.execPath, args, { env: { ...process.env, ...env }, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), report: stdout === '' ? null : JSON.parse(stdout), stderr });
    });
  });
}

/** Where the closes were learnt from. */
function notifies(report: Report | null): Set<string> {
  return new Set(report?.connections.map((c) => c.close.client.closeNotify));
}

function codes(report: Report | null): string[] {
  return (report?.capture.warnings ?? []).map((w) => w.code);
}

describe('a key log', () => {
  it('makes alerts exact and links tickets', async () => {
    const { status, report, stderr } = await run(['--key-log', KEYS]);
    expect([status, stderr]).toEqual([0, '']);
    expect(notifies(report)).toEqual(new Set(['seen', 'absent']));
    expect(report?.sessions.filter((s) => s.kind === 'psk' && s.issuedInferred)).toEqual([]);
    expect(report?.findings).toHaveLength(6);
    expect(report?.findings.every((f) => !f.issuedInferred)).toBe(true);
    expect(codes(report)).toEqual([]);
  });

  it('is not needed', async () => {
    const { report } = await run([]);
    expect(notifies(report)).toEqual(new Set(['inferred', 'absent']));
    expect(report?.findings.every((f) => f.issuedInferred && f.confidence !== 'high')).toBe(true);
  });

  it('may be named by SSLKEYLOGFILE, which --key-log comes before', async () => {
    expect(notifies((await run([], { SSLKEYLOGFILE: KEYS })).report)).toContain('seen');
    expect(notifies((await run(['--key-log', KEYS], { SSLKEYLOGFILE: '/nowhere' })).report)).toContain('seen');
    const { status, report, stderr } = await run([], { SSLKEYLOGFILE: '/nowhere' });
    expect([status, notifies(report).has('seen')]).toEqual([0, false]);
    expect(stderr).toBe('closenotify: SSLKEYLOGFILE: /nowhere: no such key log; check the path; nothing is decrypted with it\n');
  });

  it.each([
    ['is not there', '/nowhere/keys', '/nowhere/keys: no such key log; check the path'],
    ['is a directory', 'fixtures', 'fixtures: is a directory; name the key log in it'],
  ])('that %s ends with 2', async (_, path, problem) => {
    expect(await run(['--key-log', path])).toEqual({ status: 2, report: null, stderr: `closenotify: ${problem}\n` });
  });

  it.each([
    ['of another capture', () => readFileSync('fixtures/keys/tls13-nginx.keys'), ['key-log-unused']],
    ['with nothing in it', () => '# nothing\n', ['key-log-empty']],
    ['that is none', () => 'not a key log\n'.repeat(3), ['key-log-line', 'key-log-empty']],
    ['with wrong secrets', () => readFileSync(KEYS, 'latin1').replaceAll(/[0-9a-f]{16}$/gm, 'f'.repeat(16)), ['decryption-failed']],
  ])('%s is told in a warning, and changes nothing', async (_, content, expected) => {
    const path = join(directory, 'keys');
    writeFileSync(path, content());
    const { status, report } = await run(['--key-log', path]);
    expect(status).toBe(0);
    expect(codes(report)).toEqual(expected);
    const { report: plain } = await run([]);
    expect(report?.findings).toEqual(plain?.findings);
  });

  it('may be given to the library as bytes, and several together', async () => {
    const lines = readFileSync(KEYS);
    const half = lines.indexOf('\n', lines.length / 2) + 1;
    const report = await analyze(CAPTURE, { keep: 'all', keyLog: [lines.subarray(0, half), lines.subarray(half)] });
    expect(notifies(report)).toEqual(new Set(['seen', 'absent']));
    await expect(analyze(CAPTURE, { keyLog: '/nowhere' })).rejects.toMatchObject({ name: 'KeyLogError', code: 'ERR_KEY_LOG' });
  });

  it('inside a pcapng is used as well', async () => {
    const report = await analyze('fixtures/tls13-nginx-dsb.pcapng', { keep: 'all' });
    expect(notifies(report)).toEqual(new Set(['seen', 'absent']));
  });
});
