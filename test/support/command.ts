import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../src/model.js';

const program = fileURLToPath(new URL('../../dist/cli/program.js', import.meta.url));

/** Output of the largest report of a fixture is far below this. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const TIMEOUT_MILLISECONDS = 60_000;

export interface Run {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program without a shell and never throws: `status` is null when it was killed or could not start. */
export function run(command: string, args: readonly string[], env?: Record<string, string>): Promise<Run> {
  const options = { maxBuffer: MAX_OUTPUT_BYTES, timeout: TIMEOUT_MILLISECONDS, env: { ...process.env, ...env } };
  return new Promise((settle) => {
    execFile(command, [...args], options, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      settle({ status, stdout, stderr: stderr || (error?.message ?? '') });
    });
  });
}

/** Runs what the built command line runs, in this process: a hundred reports would mostly be a hundred starts. */
async function closenotify(...args: string[]): Promise<Run> {
  const { main } = createRequire(import.meta.url)(program) as typeof import('../../src/cli/program.js');
  const [stdout, stderr] = [new Collected(), new Collected()];
  const status = await main(args, { stdin: process.stdin, stdout, stderr, env: process.env });
  return { status, stdout: stdout.text, stderr: stderr.text };
}

class Collected extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** The whole report of a capture file, as the command line prints it. */
export async function reportOf(path: string, ...options: string[]): Promise<Report> {
  const { status, stdout, stderr } = await closenotify(path, '--format', 'json', '--all', '--no-progress', ...options);
  if (stdout === '') throw new Error(`no report of ${path} (exit ${status}): ${stderr}`);
  return JSON.parse(stdout);
}

/** Maps a list with at most `limit` tasks at a time. */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  task: (item: T) => Promise<R>,
  limit = Math.min(2, availableParallelism()),
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await task(items[index]);
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}
