// The examples that capture, with real TLS endpoints on the loopback interface. They wait for much, so they run side by side.
import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { obstacle } from '../capture/live/real.js';
import { reportOf, run } from '../support/command.js';
import { LiveServer, visit } from '../support/live-traffic.js';
import { demand, missing, Project, unless } from './project.js';

const REPRODUCE = 'reproduce-the-bug/reproduce';

const noLive = demand((await obstacle()) ?? (await missing('openssl')));
const noTcpdump = demand(process.getuid?.() === 0 ? await missing('tcpdump', 'openssl') : 'not root');
const noJava = demand(noTcpdump ?? (await missing('javac')));

const project = new Project();

async function withServer<T>(act: (server: LiveServer) => Promise<T>): Promise<T> {
  const server = await LiveServer.start();
  try {
    return await act(server);
  } finally {
    await server.stop();
  }
}

describe.concurrent('live-capture', () => {
  it('says how an interface cannot be captured on', async () => {
    const { status, stderr } = await project.example('live-capture', ['nosuch0']);
    expect(status).toBe(4);
    expect(stderr).not.toBe('');
  });

  it.skipIf(noLive !== null)(`prints sessions as they are lost${unless(noLive)}`, () =>
    withServer(async ({ port }) => {
      const running = project.startExample('live-capture', ['lo', `tcp port ${port}`]);
      await running.until(/^listening on lo/);
      const first = await visit(port, { close: 'fin' });
      const second = await visit(port, { session: first.session, close: 'clean' });
      await running.until(/^new: /);
      running.kill('SIGINT');
      const { status, stdout } = await running.ended;
      expect({ status, reused: second.reused }).toEqual({ status: 0, reused: false });
      expect(stdout).toMatch(new RegExp(`^new: session ${first.sessionId.slice(0, 16)} of 127\\.0\\.0\\.1 port ${port}: unclean-close`));
      expect(stdout).toMatch(/2 TLS connections; sessions invalidated: 1\n$/);
    }),
  );
});

describe.concurrent('ci-gate', () => {
  /** With a capture of its own. */
  async function gate(name: string, port: number, command: readonly string[], env: Record<string, string> = {}) {
    const capture = project.path(`${name}.pcap`);
    const args = [project.path('ci-gate.sh'), `tcp port ${port}`, ...command];
    return { capture, ...(await project.start('bash', args, { env: { CAPTURE: capture, ...env } }).ended) };
  }

  /** A command that makes three connections; each offers the session of the one before. */
  function visits(port: number, ending: string): string[] {
    const script = `import { visit } from './build/reproduce-the-bug/client.js'; await visit('127.0.0.1', ${port}, 3, '${ending}');`;
    return [process.execPath, '--input-type=module', '--eval', script];
  }

  it.skipIf(noTcpdump !== null)(`exits with 1 when sessions were lost${unless(noTcpdump)}`, () =>
    withServer(async ({ port }) => {
      const { status, stdout, stderr, capture } = await gate('lost', port, visits(port, 'fin'));
      expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('ci-gate: failed: sessions were lost') });
      expect(stdout).toMatch(/^2 sessions invalidated after an unclean close: 3 TLS connections/);
      expect((await reportOf(capture)).totals.closes).toMatchObject({ unclean: 3, open: 0 });
    }),
  );

  it.skipIf(noTcpdump !== null)(`exits with 0 when none was${unless(noTcpdump)}`, () =>
    withServer(async ({ port }) => {
      const { status, stderr } = await gate('none', port, visits(port, 'close_notify'));
      expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('no session was lost in 3 TLS connections') });
    }),
  );

  it.skipIf(noTcpdump !== null)(`exits with 3 when nothing was tested${unless(noTcpdump)}`, async () => {
    const { status, stderr } = await gate('nothing', 9, ['true']);
    expect({ status, stderr }).toEqual({ status: 3, stderr: expect.stringContaining('holds no TLS connection') });
  });

  it.skipIf(noTcpdump !== null)(`exits as the command did when that failed${unless(noTcpdump)}`, async () => {
    const { status, stderr } = await gate('failed', 9, ['sh', '-c', 'exit 7']);
    expect({ status, stderr }).toEqual({ status: 7, stderr: expect.stringContaining('the command itself failed with status 7') });
  });

  it('exits with 4 when nothing can be captured', async () => {
    const { status, stderr } = await gate('nosuch', 9, ['true'], { INTERFACE: 'nosuch0' });
    expect({ status, stderr }).toEqual({ status: 4, stderr: expect.stringContaining('ci-gate: tcpdump cannot capture: ') });
  });

  it('says how it is used', async () => {
    const { status, stderr } = await gate('usage', 9, []);
    expect({ status, stderr }).toEqual({ status: 2, stderr: 'ci-gate: usage: ci-gate.sh FILTER COMMAND [ARGUMENT]...\n' });
  });
});

describe.concurrent('reproduce', () => {
  const BUG_AND_CURE = {
    'TLS connections': ['6', '6'],
    'full handshakes': ['6', '1'],
    resumed: ['0', '5'],
    'resumed, as the client says': ['0', '5'],
    'sessions invalidated': ['5', '0'],
    'share of full handshakes': ['100 %', '17 %'],
  };

  /** With a directory of its own for temporary files, to see what it leaves behind. */
  function scratch(name: string): { temporary: string; env: Record<string, string> } {
    const temporary = project.newDirectory(`tmp-${name}`);
    return { temporary, env: { TMPDIR: temporary } };
  }

  /** The figures of the last table: before, after. */
  function comparison(stdout: string): Record<string, string[]> {
    const rows = stdout.slice(stdout.indexOf('== Before and after')).matchAll(/^(\w.*?) {2,}(\d+(?: %)?) +(\d+(?: %)?)$/gm);
    return Object.fromEntries([...rows].map(([, name, before, after]) => [name, [before, after]]));
  }

  it.skipIf(noJava !== null)(`shows the bug and its cure with java${unless(noJava)}`, () => isShown('java'));
  it.skipIf(noTcpdump !== null)(`shows the bug and its cure with openssl${unless(noTcpdump)}`, () => isShown('openssl'));

  async function isShown(server: string): Promise<void> {
    const { temporary, env } = scratch(server);
    const keep = project.path('kept', server);
    const { status, stdout, stderr } = await project.example(REPRODUCE, ['--server', server, '--keep', keep], { env });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^5 sessions invalidated after an unclean close: 6 TLS connections, 6 full/m);
    expect(stdout).toMatch(/^Nothing flagged: 6 TLS connections, 1 full handshake, 5 resumed/m);
    expect(comparison(stdout)).toEqual(BUG_AND_CURE);
    expect(stdout).toMatch(/^Confidence of its findings: high$/m);
    expect((await reportOf(join(keep, 'before.pcap'))).totals).toMatchObject({ invalidatedSessions: 5, tcpConnections: 6 });
    expect((await reportOf(join(keep, 'after.pcap'))).totals).toMatchObject({ invalidatedSessions: 0, tcpConnections: 6 });
    expect(readdirSync(temporary)).toEqual([]);
  }

  it.skipIf(noLive !== null)(
    `without tcpdump captures by itself, and says so when the server keeps its sessions${unless(noLive)}`,
    async () => {
      const { env } = scratch('own');
      const path = project.newDirectory('other-openssl');
      const openssl = (await run('sh', ['-c', 'command -v openssl'])).stdout.trim();
      const script = `#!/bin/sh\n[ "$1" != s_server ] || set -- "$@" -ignore_unexpected_eof\nexec '${openssl}' "$@"\n`;
      writeFileSync(join(path, 'openssl'), script, { mode: 0o755 });
      const { status, stdout, stderr } = await project.example(REPRODUCE, [], { env: { ...env, PATH: path } });
      expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/^\nnot shown: before: no session was lost.*\n$/) });
      expect(comparison(stdout)).toMatchObject({ 'TLS connections': ['6', '6'], resumed: ['5', '5'], 'sessions invalidated': ['0', '0'] });
    },
  );

  it.skipIf(noTcpdump !== null)(`leaves nothing behind when it is interrupted${unless(noTcpdump)}`, async () => {
    const { temporary, env } = scratch('interrupted');
    const running = project.startExample(REPRODUCE, ['--connections', '1000'], { env });
    await running.until(/Before the fix/);
    expect(processesIn(temporary)).not.toEqual([]);
    running.kill('SIGINT');
    expect(await running.ended).toMatchObject({ status: 130, stderr: '' });
    expect(readdirSync(temporary)).toEqual([]);
    expect(processesIn(temporary)).toEqual([]);
  });

  it('says what is missing', async () => {
    const result = await project.example(REPRODUCE, [], { env: { PATH: project.newDirectory('nothing') } });
    expect(result).toEqual({ status: 4, stdout: '', stderr: 'openssl is not installed\n' });
  });

  it.each([[['--server', 'nginx']], [['--connections', '2']], [['--nosuch']]])('says how it is used, not with %j', async (args) => {
    const { status, stderr } = await project.example(REPRODUCE, args);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('usage: reproduce ') });
  });
});

/** Processes that run in a directory, by their numbers. */
function processesIn(directory: string): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/cwd`).startsWith(directory);
    } catch {
      // It has ended since it was listed.
      return false;
    }
  });
}
