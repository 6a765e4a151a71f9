import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRequired, obstacle, sleep } from './capture/live/real.js';
import { run } from './support/command.js';
import { fixtures } from './support/fixtures.js';
import { LiveServer, visit } from './support/live-traffic.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const TIMEOUT_MILLISECONDS = 60_000;

const reason = (await obstacle()) ?? ((await run('openssl', ['version'])).status === 0 ? null : 'openssl is not installed');
if (isRequired && reason !== null) throw new Error(reason);

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

  it('live-capture says how an interface cannot be captured on', async () => {
    const { status, stderr } = await example('live-capture', 'nosuch0');
    expect(status).toBe(4);
    expect(stderr).not.toBe('');
  });

  it.skipIf(reason !== null)(
    `live-capture prints sessions as they are lost (skipped where nothing can be captured: ${reason})`,
    async () => {
      const server = await LiveServer.start();
      const running = example('live-capture', 'lo', `tcp port ${server.port}`, '4');
      await sleep(2000);
      const first = await visit(server.port, { close: 'fin' });
      const second = await visit(server.port, { session: first.session, close: 'clean' });
      const { status, stdout, stderr } = await running;
      await server.stop();
      expect({ status, stderr, reused: second.reused }).toEqual({ status: 0, stderr: '', reused: false });
      expect(stdout).toMatch(
        new RegExp(`^new: session ${first.sessionId.slice(0, 16)} of 127\\.0\\.0\\.1 port ${server.port}: unclean-close`),
      );
      expect(stdout).toMatch(/2 TLS connections; sessions invalidated: 1\n$/);
    },
  );

  it('analyze-file prints one line where nothing is wrong', async () => {
    const { status, stdout } = await example('analyze-file', `${fixtures}forum-direct.pcap`);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^.*: 4 TLS connections; sessions invalidated: 0\n$/);
  });
});
