// A capture of what happens meanwhile on the loopback interface.
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { analyze, InputError, type Totals } from 'closenotify';
import { Program, Unavailable } from './program.js';

const LOOPBACK = process.platform === 'darwin' ? 'lo0' : 'lo';
/** The command, as it is installed beside the library. */
const CLOSENOTIFY = fileURLToPath(new URL('dist/cli/main.js', import.meta.resolve('closenotify/package.json')));

const WAIT_MILLISECONDS = 10_000;
const STEP_MILLISECONDS = 100;

/**
 * Captures while something is done. What is captured comes up to a second late, and what has not come when a capture is stopped is lost.
 *
 * @param connections how many there will be: the capture goes on until it holds all of them with their ends
 */
export async function record<T>(file: string, port: number, connections: number, act: () => Promise<T>): Promise<T> {
  const capture = await start(file, `tcp port ${port}`);
  const result = await act();
  await untilComplete(file, connections);
  await capture.stop();
  return result;
}

async function start(file: string, filter: string): Promise<Program> {
  const isTcpdump = process.getuid?.() === 0 && spawnSync('tcpdump', ['--version']).error === undefined;
  const capture = isTcpdump ? startTcpdump(file, filter) : startClosenotify(file, filter);
  try {
    await capture.until(/listening on/);
  } catch (error) {
    throw error instanceof Unavailable ? new Unavailable(`cannot capture on ${LOOPBACK}: ${error.message}`) : error;
  }
  return capture;
}

/** As root it gives up its rights before it opens a file, so it is given an open one. */
function startTcpdump(file: string, filter: string): Program {
  const output = openSync(file, 'w');
  try {
    return new Program('tcpdump', ['-i', LOOPBACK, '-U', '-w', '-', filter], { output });
  } finally {
    closeSync(output);
  }
}

function startClosenotify(file: string, filter: string): Program {
  return new Program(process.execPath, [CLOSENOTIFY, 'live', LOOPBACK, '--filter', filter, '--write', file, '--format', 'json']);
}

async function untilComplete(file: string, connections: number): Promise<void> {
  for (const end = performance.now() + WAIT_MILLISECONDS; performance.now() < end; await setTimeout(STEP_MILLISECONDS)) {
    if (isComplete(await totalsOf(file), connections)) return;
  }
}

export function isComplete(totals: Totals | null, connections: number): boolean {
  return totals?.tlsConnections === connections && totals.closes.open === 0;
}

/** Null before anything was written. */
async function totalsOf(file: string): Promise<Totals | null> {
  try {
    return (await analyze(file)).totals;
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}
