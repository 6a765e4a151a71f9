import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../src/model.js';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

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

/** Runs the built command line. */
function closenotify(...args: string[]): Promise<Run> {
  return run(process.execPath, [program, ...args]);
}

/** The whole report of a capture file, as the command line prints it. */
async function reportText(path: string, options: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await closenotify(path, '--format', 'json', '--all', '--no-progress', ...options);
  if (stdout === '') throw new Error(`no report of ${path} (exit ${status}): ${stderr}`);
  return stdout;
}

export async function reportOf(path: string, ...options: string[]): Promise<Report> {
  return JSON.parse(await reportText(path, options));
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
