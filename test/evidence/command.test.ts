// The built command: standard input and other pipes, signals, secrets, and what cannot be written.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { main } from '../../src/cli/program.js';
import { collect, scratchDirectory } from '../capture/collect.js';
import { installedVersion } from '../differential/tshark.js';
import { run } from '../support/command.js';
import { fixtures } from '../support/fixtures.js';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const scratch = scratchDirectory();
const HAPROXY = `${fixtures}forum-haproxy.pcap`;
const NOTHING = `${fixtures}nginx-unclean-tls12.pcap`;
const TLS13 = 'tls13-jetty-legacy-stateful';
const isWindows = process.platform === 'win32';
/** In CI a missing tshark is a failure, so that the comparison cannot be skipped unnoticed. */
const isRequired = process.env.CI !== undefined;
const isInstalled = (await installedVersion()) !== null;

const closenotify = (...words: string[]) => run(process.execPath, [program, ...words]);
const bytes = readFileSync(HAPROXY);

interface Ended {
  status: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

/** Starts the command with an empty folder for temporary files, which must be empty in the end as well. */
function started(words: string[]): { child: ReturnType<typeof spawn>; ended: Promise<Ended>; temporary: string } {
  const temporary = scratch.path(`temporary-${Math.random()}`);
  mkdirSync(temporary);
  const child = spawn(process.execPath, [program, ...words], { env: { ...process.env, TMPDIR: temporary } });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (chunk) => (texts[name] += chunk));
  child.stdin.on('error', () => {});
  const ended = once(child, 'close').then(([status, signal]) => ({ status, signal, ...texts }));
  return { child, ended, temporary };
}

/** Until the process has read all but what a pipe holds: it hears signals then. */
function taken(child: ReturnType<typeof spawn>, input: Uint8Array): Promise<void> {
  return new Promise((done) => child.stdin?.write(input, () => done()));
}

async function framesOf(path: string): Promise<string[]> {
  return (await collect([path])).frames.map((frame) => JSON.stringify(frame));
}

const whole = scratch.path('whole.pcapng');
await closenotify(HAPROXY, '--evidence', whole);
const expected = await framesOf(whole);

it('there is evidence to compare with', () => expect(expected).toHaveLength(27));

describe('standard input', () => {
  it.concurrent('is read again from a temporary file, which is gone then', async () => {
    const path = scratch.path('stdin.pcapng');
    const { child, ended, temporary } = started(['-', '--format', 'json', '--evidence', path]);
    child.stdin?.end(bytes);
    const { status, stdout, stderr } = await ended;
    expect({ status, stderr, findings: JSON.parse(stdout).findings.length }).toEqual({ status: 0, stderr: '', findings: 1 });
    expect(await framesOf(path)).toEqual(expected);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it.skipIf(isWindows).concurrent.each([
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const)('that %s ends is evidence as far as it came', async (signal, status) => {
    const path = scratch.path(`${signal}.pcapng`);
    const { child, ended, temporary } = started(['-', '--evidence', path]);
    await taken(child, bytes);
    child.kill(signal);
    expect(await ended).toMatchObject({ status, stderr: '', stdout: expect.stringContaining('1 session invalidated') });
    expect(await framesOf(path)).toEqual(expected);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it.skipIf(isWindows).concurrent('leaves nothing behind when the process is killed', async () => {
    const path = scratch.path('killed.pcapng');
    const { child, ended, temporary } = started(['-', '--evidence', path]);
    await taken(child, bytes);
    child.kill('SIGKILL');
    expect(await ended).toMatchObject({ signal: 'SIGKILL' });
    expect([readdirSync(temporary), existsSync(path)]).toEqual([[], false]);
  });
});

it.skipIf(isWindows)('a pipe that has a name is read again as well', async () => {
  const fifo = scratch.path('fifo');
  await run('mkfifo', [fifo]);
  const path = scratch.path('fifo.pcapng');
  const { ended, temporary } = started([fifo, '--evidence', path]);
  createWriteStream(fifo).end(bytes);
  expect(await ended).toMatchObject({ status: 0, stderr: '' });
  expect(await framesOf(path)).toEqual(expected);
  expect(readdirSync(temporary)).toEqual([]);
});

describe('what cannot be written', () => {
  const copy = scratch.write('copy.pcap', bytes);

  it.each<[string, string[], string]>([
    ['the input', [copy, '--evidence', copy], 'is the input; the evidence would overwrite the capture'],
    ['the report', [copy, '--output', 'x.txt', '--evidence', './x.txt'], 'is where the report goes'],
    ['the key log', [copy, '--key-log', copy, '--evidence', copy], 'is the key log, which it would overwrite'],
    ['a directory', [copy, '--evidence', fixtures], 'is a directory'],
    ['in no directory', [copy, '--evidence', scratch.path('none/x.pcapng')], 'there is no directory'],
  ])('%s is refused', async (_, words, message) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const status = await main(words, { stdin: new PassThrough(), stdout, stderr, env: {} });
    const told = String(stderr.read());
    expect([status, stdout.read(), told.trim().split('\n').length]).toEqual([2, null, 1]);
    expect(told).toContain(message);
    expect(readFileSync(copy).equals(bytes)).toBe(true);
  });

  it.skipIf(!existsSync('/dev/full'))('is told after the report, with status 74', async () => {
    const { status, stdout, stderr } = await closenotify(HAPROXY, '--evidence', '/dev/full');
    expect({ status, stderr }).toEqual({
      status: 74,
      stderr: expect.stringMatching(/^closenotify: \/dev\/full: cannot be written: ENOSPC.*\n$/),
    });
    expect(stdout).toContain('1 session invalidated');
  });

  it.skipIf(isWindows)('is what a symbolic link leads to, and not the link', async () => {
    const target = scratch.write('target.pcapng', new Uint8Array(3));
    symlinkSync(target, scratch.path('link.pcapng'));
    await closenotify(HAPROXY, '--evidence', scratch.path('link.pcapng'));
    expect(await framesOf(target)).toEqual(expected);
  });
});

it('nothing to show is told, and an older file stays', async () => {
  const old = scratch.write('old.pcapng', new Uint8Array(3));
  const nothing = await closenotify(NOTHING, '--evidence', old);
  expect([nothing.status, nothing.stderr]).toEqual([0, 'closenotify: no finding: no evidence was written\n']);
  const other = await closenotify(HAPROXY, '--session', 'abcd', '--evidence', old);
  expect([other.status, other.stderr]).toEqual([0, 'closenotify: no such session: no evidence was written\n']);
  expect(readFileSync(old)).toHaveLength(3);
});

it('connections as they end are told beside it', async () => {
  const path = scratch.path('ndjson.pcapng');
  const { stdout } = await closenotify(HAPROXY, '--all', '--format', 'ndjson', '--evidence', path);
  const types = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).type);
  expect(types.join(' ')).toBe('connection connection connection finding server session session session summary');
  expect(await framesOf(path)).toEqual(expected);
});

it('a session that is no finding is shown with --session, with the report of old', async () => {
  const path = scratch.path('session.pcapng');
  const words = [`${fixtures}jetty-clean-tls12.pcap`, '--format', 'json'];
  const { sessions } = JSON.parse((await closenotify(...words, '--all')).stdout);
  const [session] = sessions.filter((one: { offers: unknown[] }) => one.offers.length > 0);
  const { stdout, stderr } = await closenotify(...words, '--session', session.id, '--evidence', path);
  expect([stderr, JSON.parse(stdout).sessions, JSON.parse(stdout).connections]).toEqual(['', [], []]);
  const alone = JSON.parse((await closenotify(path, '--format', 'json', '--all')).stdout);
  const told = alone.sessions.find((one: { id: string }) => one.id === session.id);
  const outcomes = (one: { offers: { outcome: string }[] }) => one.offers.map(({ outcome }) => outcome);
  expect(outcomes(told)).toEqual(outcomes(session));
  const streams = new Set([session.issued.stream, ...session.offers.map(({ stream }: { stream: number }) => stream)]);
  expect(alone.totals.tcpConnections).toBe(streams.size);
  const text = readFileSync(path).toString();
  expect(text).toContain(
    `frame ${session.issued.frame} of the capture: issues session ${session.id.slice(0, 8)}…: session ID ${session.id}`,
  );
  expect(text).toContain(`frame ${session.offers[0].frame} of the capture: offers session ${session.id.slice(0, 8)}…: resumed`);
  expect(text).toContain('end of the client (clean): connection of session');
});

describe('secrets', () => {
  const capture = `${fixtures}${TLS13}.pcap`;
  const keyLog = `${fixtures}keys/${TLS13}.keys`;
  const [withSecrets, without] = ['with.pcapng', 'without.pcapng'].map(scratch.path);
  /** Of another capture: nothing of it may be given away. */
  const more = scratch.write('more.keys', Buffer.concat([readFileSync(keyLog), readFileSync(`${fixtures}keys/q-full.keys`)]));

  it('are in the file only when they were asked for, and only those of its connections', async () => {
    const options = [capture, '--key-log', more, '--format', 'json'];
    const told = JSON.parse((await closenotify(...options, '--evidence', withSecrets, '--evidence-secrets')).stdout);
    await closenotify(...options, '--evidence', without);
    const label = 'SERVER_TRAFFIC_SECRET_0 ';
    expect(readFileSync(without).includes(label)).toBe(false);
    const randoms = (text: string) => new Set([...text.matchAll(/^[A-Z_0-9]+ ([0-9a-f]{64}) /gm)].map(([, random]) => random));
    expect(randoms(readFileSync(withSecrets).toString('latin1'))).toEqual(randoms(readFileSync(keyLog, 'latin1')));
    const alone = JSON.parse((await closenotify(withSecrets, '--format', 'json')).stdout);
    expect(alone.capture.decryptedConnections).toBe(told.capture.decryptedConnections);
    expect(alone.findings.map((f: { confidence: string }) => f.confidence)).toEqual(
      told.findings.map((f: { confidence: string }) => f.confidence),
    );
    const given = JSON.parse((await closenotify(without, '--key-log', keyLog, '--format', 'json')).stdout);
    expect(given.findings).toEqual(alone.findings);
  });

  it.skipIf(!isInstalled && !isRequired)('let tshark decrypt', async () => {
    const env = { WIRESHARK_CONFIG_DIR: scratch.path('none') };
    const tickets = async (path: string) => {
      const { stdout } = await run(
        'tshark',
        ['-n', '-r', path, '-Y', 'tls.handshake.type == 4', '-T', 'fields', '-e', 'frame.number'],
        env,
      );
      return stdout
        .trim()
        .split('\n')
        .filter((line) => line !== '').length;
    };
    expect([await tickets(without), (await tickets(withSecrets)) > 10]).toEqual([0, true]);
  });
});
