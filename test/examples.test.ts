import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './support/command.js';
import { fixtures } from './support/fixtures.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const TIMEOUT_MILLISECONDS = 60_000;

/** A project that has closenotify installed, with the compiled examples in it. */
const project = mkdtempSync(join(tmpdir(), 'closenotify-examples-'));

beforeAll(async () => {
  mkdirSync(join(project, 'node_modules'));
  symlinkSync(root, join(project, 'node_modules/closenotify'), 'dir');
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = await run(process.execPath, [compiler, '-p', join(root, 'examples'), '--outDir', project]);
  if (status !== 0) throw new Error(`the examples do not compile:\n${stdout}`);
}, TIMEOUT_MILLISECONDS);

afterAll(() => rmSync(project, { recursive: true, force: true }));

function example(name: string, ...args: string[]) {
  return run(process.execPath, [join(project, `${name}.js`), ...args]);
}

describe('the examples', () => {
  it('are all listed in their README', () => {
    const readme = readFileSync(join(root, 'examples/README.md'), 'utf8');
    const files = readdirSync(join(root, 'examples')).filter((file) => file.endsWith('.ts'));
    expect(files.filter((file) => !readme.includes(`](${file})`))).toEqual([]);
  });

  it('analyze-file tells the story of a capture', async () => {
    const { status, stdout, stderr } = await example('analyze-file', `${fixtures}forum-haproxy.pcap`);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/: 3 TLS connections; sessions invalidated: 1\n/);
    expect(stdout).toMatch(/issued in frame 9583, RST by the client in frame 9668, RST by the client in frame 9674, declined in frame \d+/);
  });

  it('analyze-file prints one line where nothing is wrong', async () => {
    const { status, stdout } = await example('analyze-file', `${fixtures}forum-direct.pcap`);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^.*: 4 TLS connections; sessions invalidated: 0\n$/);
  });
});
