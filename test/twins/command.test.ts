// The built command, with a capture in pieces: on standard input, and in hundreds of rotated files.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/model.js';
import type { Packet } from '../capture/build.js';
import { scratchDirectory } from '../capture/collect.js';
import { reportOf, run } from '../support/command.js';
import { fixtures } from '../support/fixtures.js';
import { formats, gzip, writtenPart } from './formats.js';
import { told } from './told.js';
import { classicFixture, evenly, laterPackets, split, type Traffic, trafficOf } from './traffic.js';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const TLS13 = 'tls13-jetty-legacy-stateful';
const scratch = scratchDirectory();
/** After this a process reads its input. */
const STARTED_MILLISECONDS = 150;
/** Of the file header and the first records. */
const SLOW_BYTES = 60;
const FILES = 300;

describe('standard input', () => {
  /** Writes the first bytes when the program waits for them already: a pipe hands on together what it is given before. */
  async function piped(bytes: Uint8Array, length: number, options: readonly string[]): Promise<Report> {
    const child = spawn(process.execPath, [program, '-', '--format', 'json', '--all', ...options], { stdio: ['pipe', 'pipe', 'inherit'] });
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk) => output.push(chunk));
    const ended = once(child, 'close');
    for (let at = 0; at < bytes.length; at += length) {
      if (!child.stdin.write(bytes.subarray(at, at + length))) await once(child.stdin, 'drain');
      if (at === 0) await wait(STARTED_MILLISECONDS);
      else if (at < SLOW_BYTES) await wait(1);
    }
    child.stdin.end();
    await ended;
    return JSON.parse(Buffer.concat(output).toString());
  }

  it.each([
    { length: 1, name: 'renegotiation', encode: formats[1].write },
    { length: 7, name: 'q-cut', encode: formats[6].write },
    { length: 4097, name: 'forum-haproxy', encode: (traffic: Traffic) => gzip(formats[10].write(traffic)) },
    { length: 11, name: TLS13, encode: formats[0].write, keyLog: `${fixtures}keys/${TLS13}.keys` },
  ])('in chunks of $length bytes: $name', async ({ length, name, encode, keyLog }) => {
    const { path, bytes } = classicFixture(`${name}.pcap`);
    const options = keyLog === undefined ? [] : ['--key-log', keyLog];
    const [report, expected] = await Promise.all([piped(encode(trafficOf(bytes)), length, options), reportOf(path, ...options)]);
    expect(report.capture.sources[0].name).toBe('standard input');
    expect(told(report)).toEqual(told(expected));
  });
});

describe.skipIf(process.platform === 'win32')('rotated files', () => {
  /** What a process that reads one file needs is below it. */
  const MOST_OPEN_FILES = 64;
  /** So that anything that is kept of each file, or of its packets, shows. */
  const PADDING_BYTES = 80_000;
  /** Less than the files have; hundreds of names and gzips leave some garbage. */
  const MORE_MEGABYTES = 20;
  const folder = scratch.path('rotated');
  let whole: Outcome;

  interface Outcome {
    report: Report;
    megabytes: number;
  }

  /** Has the shell find the files; tells the most memory that the process ever had, with little room for garbage. */
  async function analysed(pattern: string): Promise<Outcome> {
    const peak = "process.on('exit', () => console.error('peak', process.resourceUsage().maxRSS))";
    // Not by `exec`: a process that was another program before has the memory of that in its peak.
    const command = `cd "$3" && ulimit -n ${MOST_OPEN_FILES}; "$0" --max-semi-space-size=1 --import "$1" "$2" ${pattern} --format json --all; exit $?`;
    const { status, stdout, stderr } = await run('sh', ['-c', command, process.execPath, `data:text/javascript,${peak}`, program, folder]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringMatching(/^peak \d+\n$/) });
    return { report: JSON.parse(stdout), megabytes: Number(stderr.slice(5)) / 1024 };
  }

  beforeAll(async () => {
    const { traffic, cuts } = padded(trafficOf(readFileSync(`${fixtures}merged.pcap`)));
    mkdirSync(folder);
    for (const [index, part] of split(traffic, cuts).entries()) {
      // The order of names is not that of time.
      scratch.write(`rotated/${(index * 7919) % 1000}.part`, writtenPart(part, index));
    }
    scratch.write('rotated/whole', formats[0].write(traffic));
    whole = await analysed('whole');
  });

  /** A long frame, of a protocol that nobody reads, at the end of each of the parts. */
  function padded(traffic: Traffic): { traffic: Traffic; cuts: number[] } {
    const later = new Set(evenly(laterPackets(traffic), FILES - 1));
    const packets: Packet[] = [];
    const cuts: number[] = [];
    for (const [index, packet] of traffic.packets.entries()) {
      if (later.has(index)) {
        packets.push({ ...traffic.packets[index - 1], data: new Uint8Array(PADDING_BYTES).fill(0xee), originalLength: PADDING_BYTES });
        cuts.push(packets.length);
      }
      packets.push(packet);
    }
    return { traffic: { ...traffic, packets }, cuts };
  }

  it(`are one capture: ${FILES} of them, with ${MOST_OPEN_FILES} open at most, in the memory of one`, async () => {
    const { report, megabytes } = await analysed('*.part');
    expect(report.capture.sources).toHaveLength(FILES);
    expect(new Set(report.capture.sources.map(({ format }) => format))).toEqual(new Set(['pcap', 'pcapng']));
    expect(told(report)).toEqual(told(whole.report));
    expect(report.findings.length).toBeGreaterThan(0);
    expect(megabytes - whole.megabytes).toBeLessThan(MORE_MEGABYTES);
  });
});
