/** What tests need that capture for once: root, npm cap, and the built program. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadCap } from '../../../src/capture/live/load-cap.js';
import { run } from '../../support/command.js';

/** The child process as it is delivered: Node runs no TypeScript. */
export const CHILD = new URL('../../../dist/capture/live/cap-child.js', import.meta.url);

/** In CI, on Linux, what is missing is a failure, so that these tests cannot be skipped unnoticed. */
export const isRequired = process.env.CI !== undefined && process.platform === 'linux';

/** Why nothing can be captured here; null when it can. */
export async function obstacle(): Promise<string | null> {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.getuid?.() !== 0) return 'not root';
  if (!existsSync(fileURLToPath(CHILD))) return 'not built: npm run build';
  try {
    await loadCap();
  } catch (error) {
    return `npm cap cannot be loaded: ${error instanceof Error ? error.message : error}`;
  }
  if ((await run('ip', ['netns', 'list'])).status !== 0) return 'no network namespaces';
  return null;
}

/** The one child process of `parent` that captures. */
export function childOf(parent: number): number {
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const isChild = statusOf(Number(entry)).get('PPid') === String(parent);
      if (isChild && readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes('cap-child')) return Number(entry);
    } catch {
      // It has ended since it was listed.
    }
  }
  throw new Error('no process captures');
}

/** The fields of `/proc/PID/status`. */
export function statusOf(pid: number): Map<string, string> {
  const lines = readFileSync(`/proc/${pid}/status`, 'latin1').split('\n');
  return new Map(lines.map((line): [string, string] => [line.split(':')[0], line.slice(line.indexOf(':') + 1).trim()]));
}

export function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && statusOf(pid).get('State')?.startsWith('Z') !== true;
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Waits until something is so. */
export async function until(isSo: () => boolean | Promise<boolean>, milliseconds = 10_000): Promise<void> {
  for (const end = performance.now() + milliseconds; !(await isSo()); await sleep(10)) {
    if (performance.now() > end) throw new Error(`not so after ${milliseconds} ms: ${isSo}`);
  }
}
