// Runs commands in turns and tells wall time and peak memory of the whole process.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * @typedef {{ seconds: number, rssKib: number | null }} Sample
 * @typedef {{ name: string, argv: string[], limitSeconds: number, once?: boolean, packets?: number }} Command
 *   once: only in the last round; packets: it reads this many packets instead of the whole capture
 * @typedef {{ command: Command, samples: (Sample | null)[], failure: string | null }} Series  one sample per round
 */

/**
 * A B C, A B C, …, so that a machine that slows down slows all alike. Round 0 warms caches up and is not kept.
 * A command that fails is not tried again.
 *
 * @param {Command[]} commands
 * @returns {Promise<Series[]>}
 */
export async function measureInTurns(commands, rounds, meter, progress) {
  const series = commands.map((command) => ({ command, samples: [], failure: null }));
  for (let round = 0; round <= rounds; round++) {
    for (const s of series) {
      const wanted = s.failure === null && (!s.command.once || round === rounds);
      progress(`round ${round} of ${rounds}: ${s.command.name}`);
      const result = wanted ? await runOnce(s.command, meter) : null;
      if (result?.failure) s.failure = result.failure;
      if (round > 0) s.samples.push(result?.failure ? null : result);
    }
  }
  return series;
}

/**
 * @param {{ kind: 'rusage' | 'time' | 'none', path: string }} meter `rusage`: the helper of this folder; `time`: GNU time;
 *   `none`: this process's clock, and no memory
 * @returns {Promise<Sample & { failure: string | null }>}
 */
async function runOnce({ argv, limitSeconds }, meter) {
  const directory = mkdtempSync(join(tmpdir(), 'closenotify-bench-'));
  const report = join(directory, 'report');
  const prefix = { rusage: [meter.path], time: [meter.path, '-o', report, '-f', '%M %x', '--'], none: [] }[meter.kind];
  try {
    const start = performance.now();
    const run = await spawnLimited([...prefix, ...argv], limitSeconds);
    const seconds = (performance.now() - start) / 1000;
    if (run.failure) return { seconds, rssKib: null, failure: run.failure };
    if (meter.kind === 'none') return { seconds, rssKib: null, failure: failureOf(run.code) };
    if (meter.kind === 'rusage') return readFields(run.report, ['seconds', 'rssKib', 'code']);
    // GNU time puts a line of its own in front when the command failed.
    return { seconds, ...readFields(readFileSync(report, 'utf8').trim().split('\n').at(-1), ['rssKib', 'code']) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function readFields(text, names) {
  const values = text.trim().split(' ').map(Number);
  const { code, ...sample } = Object.fromEntries(names.map((name, i) => [name, values[i]]));
  return { ...sample, failure: values.length === names.length ? failureOf(code) : 'no measurement' };
}

const failureOf = (code) => (code === 0 ? null : `exit ${code}`);

/** The command runs in a process group of its own, which is killed as a whole when its time is up or this process is told to end. */
function spawnLimited([file, ...args], limitSeconds) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { detached: true, stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
    let report = '';
    let late = false;
    const kill = () => {
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    };
    const interrupt = () => {
      kill();
      process.exit(130);
    };
    const timer = setTimeout(() => {
      late = true;
      kill();
    }, limitSeconds * 1000);
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
    const settle = (result) => {
      clearTimeout(timer);
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
      resolve({ report, ...result });
    };
    child.stdio[3].on('data', (bytes) => {
      report += bytes;
    });
    child.on('error', (error) => settle({ failure: error.code ?? error.message }));
    child.on('close', (code, signal) => settle({ code: code ?? signal, failure: late ? `over ${limitSeconds} s` : null }));
  });
}

/** @param text what was given as `--rounds` */
export function readRounds(text) {
  const rounds = Number(text);
  if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Error(`--rounds ${text}: not a whole number above 0`);
  return rounds;
}
