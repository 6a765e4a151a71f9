// `closenotify live -` with pipes that are silent, or hold no capture, and with files that are in the way
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { scratchDirectory } from '../capture/collect.js';
import { run } from '../support/command.js';
import { fixtures } from '../support/fixtures.js';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const UNCLEAN = `${fixtures}jetty-unclean-tls12.pcap`;
const scratch = scratchDirectory();

/** Runs a shell command in which `live` is `closenotify live -`, and says how long it took. */
async function shell(
  command: string,
  ...args: string[]
): Promise<{ status: number | null; stdout: string; stderr: string; seconds: number }> {
  const begin = performance.now();
  const script = `live() { "$NODE" "$PROGRAM" live - "$@"; }; ${command}`;
  const result = await run('/bin/bash', ['-c', script, 'bash', ...args], { NODE: process.execPath, PROGRAM: program });
  return { ...result, seconds: (performance.now() - begin) / 1000 };
}

describe('a pipe', () => {
  it('that is open and silent does not keep the process when its time is over', async () => {
    const { status, stdout, seconds } = await shell('live --duration 1 --format table < <(cat "$1"; exec sleep 20 2> /dev/null)', UNCLEAN);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^4 sessions invalidated/);
    expect(seconds).toBeLessThan(10);
  });

  it.each([
    ['without metrics', ''],
    ['with metrics', '--metrics 0'],
  ])('that holds no capture ends the process, %s', async (_, options) => {
    const { status, stderr, seconds } = await shell(`live ${options} < <(echo tcpdump: eth0: No such device exists; sleep 0.2)`);
    expect(status).toBe(3);
    expect(stderr).toContain('standard input: not a packet capture');
    expect(seconds).toBeLessThan(10);
  });

  it('whose reader wants no more ends the process', async () => {
    const { status, seconds } = await shell('live --metrics 0 < <(cat "$1"; exec sleep 20 2> /dev/null) | head -1', UNCLEAN);
    expect(status).toBe(0);
    expect(seconds).toBeLessThan(10);
  });

  it('cannot be written to its own file', async () => {
    const path = scratch.write('in.pcap', readFileSync(UNCLEAN));
    for (const option of ['--write', '--output']) {
      const { status, stderr } = await shell(`live ${option} "$1" < "$1"`, path);
      expect(status).toBe(2);
      expect(stderr).toContain('is the input');
      expect(readFileSync(path)).toEqual(readFileSync(UNCLEAN));
    }
  });

  it.each([
    ['--write out --output ./out', 'are the same file'],
    ['--write fifo', 'is a pipe'],
    ['--write - ', 'expected the name of a file'],
    ['--write x.pcapng', 'what is written is pcap'],
    ['--write no/such/folder.pcap', 'there is no directory'],
  ])('is not written with %s', async (options, message) => {
    const { status, stderr } = await shell(`cd "$1"; [ -p fifo ] || mkfifo fifo; live ${options} < "$2"`, scratch.path(''), UNCLEAN);
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  it('of frames that are not decoded says so', async () => {
    const bytes = readFileSync(UNCLEAN);
    bytes.writeUInt32LE(147, 20);
    const { status, stderr } = await shell('live --format json < "$1"', scratch.write('foreign.pcap', bytes));
    expect([status, stderr]).toEqual([3, expect.stringContaining('frames of linktype 147 are not decoded')]);
  });

  it('is written up to where there is room, and says so', async () => {
    const { status, stdout, stderr } = await shell('live --write /dev/full --format table < "$1"', UNCLEAN);
    expect(status).toBe(74);
    expect(stdout).toMatch(/^4 sessions invalidated/);
    expect(stderr).toContain('/dev/full: cannot be written any further');
  });

  it('with frames of several link types says what was not written', async () => {
    const raw = readFileSync(`${fixtures}q-rawip.pcap`);
    const both = scratch.path('both.pcapng');
    writeFileSync(scratch.path('raw.pcap'), raw);
    const merged = await run('mergecap', ['-w', both, UNCLEAN, scratch.path('raw.pcap')]);
    if (merged.status !== 0) return;
    const { stderr } = await shell('live --write "$2" --format json < "$1"', both, scratch.path('one.pcap'));
    expect(stderr).toMatch(/\d+ frames of another link type have no place in it/);
  });
});

describe('the process that captures', () => {
  it('does not open an inspector', async () => {
    const child = spawn(process.execPath, [fileURLToPath(new URL('../../dist/capture/live/cap-child.js', import.meta.url))]);
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    // More than a pipe holds: when all is written, the program is up, and waits for the rest of its options.
    await new Promise((resolve) => child.stdin.write(' '.repeat(1_000_000), resolve));
    child.kill('SIGUSR1');
    await new Promise((resolve) => setTimeout(resolve, 300));
    child.kill('SIGKILL');
    expect(stderr).not.toContain('Debugger listening');
  });
});
