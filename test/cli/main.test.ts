/** The built command as a process. */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const COMMAND = 'dist/cli/main.js';
const HAPROXY = 'fixtures/forum-haproxy.pcap';
const DIRECT = 'fixtures/forum-direct.pcap';
const USAGE = 'Usage: closenotify [analyze] [OPTION]... FILE...|-\n';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'closenotify-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

/** @param input what standard input holds */
function run(words: readonly string[], input: Uint8Array | string = ''): Promise<Outcome> {
  return new Promise((resolve) => {
    const env = { ...process.env, NO_COLOR: '', FORCE_COLOR: undefined };
    const child = execFile(process.execPath, [COMMAND, ...words], { env, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

describe('without an analysis', () => {
  it('prints help and version', async () => {
    const help = await run(['--help']);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    expect(help.stdout.startsWith(USAGE)).toBe(true);
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(await run(['--version'])).toEqual({ status: 0, stdout: `closenotify ${version}\n`, stderr: '' });
  });

  it('shows the usage when nothing is given, and hints at the pipe', async () => {
    expect(await run([])).toEqual({ status: 2, stdout: '', stderr: `${USAGE}To read standard input: closenotify -\n` });
  });

  it('tells a wrong option in one line', async () => {
    const stderr = 'closenotify: unknown option --formt; did you mean --format?\n';
    expect(await run(['--formt', 'json', HAPROXY])).toEqual({ status: 2, stdout: '', stderr });
  });

  it.each([
    ['explian 1ab8 a.pcap', 'explian: no such file or command; did you mean explain?'],
    ['lives eth0', 'lives: no such file or command; did you mean live?'],
  ])('takes %j for a slip', async (words, message) => {
    expect(await run(words.split(' '))).toEqual({ status: 2, stdout: '', stderr: `closenotify: ${message}\n` });
  });

  it.each(['explain', 'live', 'interfaces', 'completion'])('has help for %s, with examples first', async (name) => {
    const { status, stdout } = await run([name, '--help']);
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Usage: closenotify ${name}.*\\n\\nExamples:\\n {2}`));
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('says why an interface cannot be captured on, and what to do', async () => {
    const { status, stdout, stderr } = await run(['live', 'nosuch0']);
    expect([status, stdout]).toEqual([4, '']);
    expect(stderr).toMatch(/^closenotify: (nosuch0: (there is no such interface|no permission)|live capture is not available)/);
  });

  it('lists the interfaces', async () => {
    const { status, stdout, stderr } = await run(['interfaces']);
    expect([0, 4]).toContain(status);
    expect(stdout).toMatch(/^lo0? +up/m);
    expect(stdout.includes('Nothing can be captured')).toBe(status === 4);
    expect(stderr).toBe('');
  });
});

describe('the forum captures', () => {
  it('finds the session', async () => {
    const { status, stdout, stderr } = await run([HAPROXY]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^1 session invalidated after an unclean close/);
    expect(stdout).toContain('session ID 1ab8368fcbcd6f63bcadd93cfeef6d563934463e9788c8303675715f6a4ee0e3');
    for (const row of [/#9583 +\+0\.000000 +port 46291/, /#9611 → #9616/, /#9668 .*RST/, /#9674 .*RST/, /#9721 → #9725 .*DECLINED/]) {
      expect(stdout).toMatch(row);
    }
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('flags nothing where the client said close_notify', async () => {
    const { status, stdout } = await run([DIRECT, '--fail-on', 'invalidated']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Nothing flagged: 4 TLS connections, 1 full handshake, 3 resumed, 0 declined\./);
  });

  it('exits with 1 when asked to', async () => expect((await run([HAPROXY, '--fail-on', 'invalidated'])).status).toBe(1));

  it('writes the same report as JSON from a file, from standard input, and into a file', async () => {
    const file = join(directory, 'report.json');
    const [fromFile, fromPipe, intoFile] = await Promise.all([
      run([HAPROXY, '--format', 'json', '--all']),
      run(['-', '--format', 'json', '--all'], readFileSync(HAPROXY)),
      run([HAPROXY, '--format', 'json', '--all', '--output', file]),
    ]);
    const report = JSON.parse(fromFile.stdout);
    expect(report.schema).toBe('closenotify/report/1');
    expect(report.connections).toHaveLength(3);
    const piped = JSON.parse(fromPipe.stdout);
    piped.capture.sources[0].name = report.capture.sources[0].name;
    expect(piped).toEqual(report);
    expect(intoFile).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(report);
  });

  it('writes NDJSON with the same connections', async () => {
    const [lines, whole] = await Promise.all([run([HAPROXY, '--format', 'ndjson', '--all']), run([HAPROXY, '--format', 'json', '--all'])]);
    const objects = lines.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(objects.at(-1).type).toBe('summary');
    const streams = objects.filter((o) => o.type === 'connection').map((o) => o.stream);
    expect(streams.sort()).toEqual(JSON.parse(whole.stdout).connections.map((c: { stream: number }) => c.stream));
  });

  it('writes the same page to standard output and into a file, with all connections in it', async () => {
    const file = join(directory, 'report.html');
    const [printed, written] = await Promise.all([
      run([HAPROXY, '--format', 'html']),
      run(['--all', '--format', 'html', '--output', file, HAPROXY]),
    ]);
    expect(written).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(printed).toEqual({ status: 0, stdout: readFileSync(file, 'utf8'), stderr: '' });
    expect(printed.stdout).toMatch(/^<!doctype html>[\s\S]*<h2 id="connections-name">Connections \(3\)<\/h2>[\s\S]*<\/html>\n$/);
  });

  it('narrows to a client and to a session', async () => {
    expect((await run([HAPROXY, '--session', '1ab8'])).stdout).toMatch(/^1 selected session invalidated/);
    expect((await run([HAPROXY, '--client', '192.0.2.0/24', '--fail-on', 'invalidated'])).status).toBe(0);
  });

  it('refuses to overwrite its input', async () => {
    const copy = join(directory, 'copy.pcap');
    writeFileSync(copy, readFileSync(HAPROXY));
    const outcome = await run([copy, '--output', copy]);
    expect(outcome).toMatchObject({ status: 2, stdout: '' });
    expect(readFileSync(copy).equals(readFileSync(HAPROXY))).toBe(true);
  });
});

describe('bad input', () => {
  const cases: [string, () => string][] = [
    ['no such file', () => join(directory, 'none.pcap')],
    ['a directory', () => directory],
    ['an empty file', () => written('empty.pcap', '')],
    ['a text file', () => written('notes.txt', 'Hello, this is no capture at all.\n')],
    ['a file of 20 bytes', () => written('short.pcap', readFileSync(HAPROXY).subarray(0, 20))],
  ];
  function written(name: string, content: string | Uint8Array): string {
    const path = join(directory, name);
    writeFileSync(path, content);
    return path;
  }

  it.each(cases)('%s: one line, exit 3', async (_name, make) => {
    const path = make();
    const { status, stderr } = await run([path]);
    expect(status).toBe(3);
    expect(stderr).toMatch(/^closenotify: [^\n]+\n$/);
    expect(stderr).toContain(path);
    expect(stderr).not.toMatch(/\n\s+at |please report/);
  });

  it('a cut file is reported as far as it goes, exit 3', async () => {
    const path = written('cut.pcap', readFileSync(HAPROXY).subarray(0, -10));
    const { status, stdout, stderr } = await run([path]);
    expect(status).toBe(3);
    expect(stdout).toMatch(/^1 session invalidated/);
    expect(stdout).toContain('DAMAGED');
    expect(stderr).toMatch(/^closenotify: [^\n]+\n$/);
  });

  it('an unreadable file beside a readable one', async () => {
    const { status, stdout } = await run([HAPROXY, join(directory, 'none.pcap')]);
    expect(status).toBe(3);
    expect(stdout).toMatch(/^1 session invalidated/);
  });
});

describe('as a process', () => {
  it('ends silently when the reader of its output goes away', async () => {
    const child = spawn(process.execPath, [COMMAND, HAPROXY, '--format', 'json', '--all'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect([status, stderr]).toEqual([0, '']);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s on standard input: the report of what came, then %i', async (signal, expected) => {
    const child = spawn(process.execPath, [COMMAND, '-', '--format', 'json'], { stdio: 'pipe' });
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    // More than a pipe holds: when all is written, the program reads, and has only the rest of a pipe to go.
    child.stdin.write(readFileSync(HAPROXY), () => setTimeout(() => child.kill(signal), 1000));
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect(status).toBe(expected);
    expect(JSON.parse(stdout).findings).toHaveLength(1);
  });
});
