// Has the analysis become twice as slow as it was? See bench/gate.mjs, which runs in a process of its own: the processor time of tests that
// run beside it is none of it.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const gate = fileURLToPath(new URL('../../bench/gate.mjs', import.meta.url));

it('analyzes at no more than twice the recorded cost', { timeout: 60_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [gate]);
  const lines = stdout.trim().split('\n');
  expect(lines).toHaveLength(3);
  for (const line of lines) {
    const [, ratio, limit] = line.match(/^\w+: ([\d.]+) of the yardstick, at most ([\d.]+)$/) ?? [];
    expect(Number(ratio), line).toBeGreaterThan(0);
    expect(Number(ratio), line).toBeLessThanOrEqual(Number(limit));
  }
});
