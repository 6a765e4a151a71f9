// The examples that read files, and what their README says
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixtures } from '../support/fixtures.js';
import { demand, missing, Project, root, unless } from './project.js';

const readme = readFileSync(join(root, 'examples/README.md'), 'utf8');

const NO_PROGRAM = { status: 2, stdout: '', stderr: expect.stringMatching(/^usage: /) };

/** The commands of the README that stand with their output: `$ command`, its further lines after `\`, and what it prints. */
const commands = [...readme.matchAll(/^```console\n(.*?)^```$/gms)]
  .flatMap(([, block]) => block.split(/^\$ /m).slice(1))
  .map((text) => {
    const [, command, output] = /^((?:.*\\\n)*.*\n)([\s\S]*)$/.exec(text) ?? [];
    return { command: command.trim(), output };
  });

const noJq = demand(await missing('jq'));
const noTcpdump = demand(await missing('tcpdump'));

const project = new Project();

/** Why this command cannot be run. */
function hindrance(command: string): string | null {
  return (/\bjq\b/.test(command) ? noJq : null) ?? (/\btcpdump\b/.test(command) ? noTcpdump : null);
}

/** Runs a line as it would be typed in the project's folder. */
function shell(line: string) {
  const command = line.replaceAll('npx closenotify', 'node dist/cli/main.js').replaceAll('examples/build/', `${project.path('build')}/`);
  const env = { LC_ALL: 'C', PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  return project.start('bash', ['-o', 'pipefail', '-c', command], { cwd: root, env }).ended;
}

describe('the README of the examples', () => {
  it('lists them all', () => {
    const files = ['', 'reproduce-the-bug/'].flatMap((folder) =>
      readdirSync(join(root, 'examples', folder))
        .filter((file) => /\.(ts|sh|java)$/.test(file) && !/\.d\.ts$/.test(file))
        .map((file) => folder + file),
    );
    // Parts of an example are not listed.
    const parts = ['client', 'program', 'recording', 'server'].map((name) => `reproduce-the-bug/${name}.ts`);
    expect(files.filter((file) => !readme.includes(`](${file})`)).sort()).toEqual(parts);
  });

  it('has commands with their output', () => {
    expect(commands.map(({ command }) => command.split(' ')[0])).toEqual(['node', 'node', 'node', 'npx', 'npx', 'tcpdump']);
  });

  for (const { command, output } of commands) {
    const reason = hindrance(command);
    const name = `says what is printed by ${command.split('\n')[0]}${unless(reason)}`;
    it.skipIf(reason !== null)(name, async () => expect(await shell(command)).toMatchObject({ status: 0, stdout: output }));
  }
});

describe('analyze-file', () => {
  it('tells the story of a capture', async () => {
    const { status, stdout, stderr } = await project.example('analyze-file', [`${fixtures}forum-haproxy.pcap`]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/: 3 TLS connections; sessions invalidated: 1\n/);
    expect(stdout).toMatch(/issued in frame 9583, RST by the client in frame 9668, RST by the client in frame 9674, declined in frame \d+/);
  });

  it('prints one line where nothing is wrong', async () => {
    const { status, stdout } = await project.example('analyze-file', [`${fixtures}forum-direct.pcap`]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^.*: 4 TLS connections; sessions invalidated: 0\n$/);
  });

  it('tells of damage, and of what was read before it', async () => {
    const { status, stdout, stderr } = await project.example('analyze-file', [`${fixtures}q-cut.pcap`]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringMatching(/^[^\n]* cut at byte [^\n]*\n$/) });
    expect(stdout).toMatch(/sessions invalidated: 2\n/);
  });
});

describe('follow-connections', () => {
  it('prints all connections when it is asked to, also of standard input', async () => {
    const { status, stdout, stderr } = await shell('cat fixtures/q-gzip.pcap.gz | node examples/build/follow-connections.js --all -');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ stream }) => stream).sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, stream) => stream));
  });

  it('tells of damage', async () => {
    const { status, stderr } = await shell('node examples/build/follow-connections.js fixtures/q-cut.pcap > /dev/null');
    expect({ status, stderr }).toEqual({ status: 3, stderr: expect.stringMatching(/q-cut\.pcap: cut at byte/) });
  });

  it('ends where nobody wants further lines', async () => {
    const { status, stdout, stderr } = await shell('node examples/build/follow-connections.js --all fixtures/*.pcap | head -n 1');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ stream: expect.any(Number) });
  });

  it('says how it is used', async () => expect(await project.example('follow-connections', ['--all'])).toEqual(NO_PROGRAM));
});

describe('own-packets', () => {
  it.skipIf(noTcpdump !== null)(`reads other link types${unless(noTcpdump)}`, async () => {
    const { status, stdout } = await shell(
      'tcpdump -r fixtures/q-sll.pcap -n -tt -xx 2> /dev/null | node examples/build/own-packets.js 113',
    );
    expect(status).toBe(0);
    expect(stdout).toMatch(/^228 frames, 12 TLS connections; sessions invalidated: 3\n/m);
  });

  it('says how it is used', async () => expect(await project.example('own-packets', ['Ethernet'])).toEqual(NO_PROGRAM));
});

describe('pcap-parser', () => {
  it('says what it cannot read', async () => {
    const { status, stderr } = await project.example('pcap-parser', [`${fixtures}tls13-nginx-dsb.pcapng`]);
    expect({ status, stderr }).toEqual({ status: 3, stderr: expect.stringMatching(/^[^\n]*unknown magic number[^\n]*\n$/) });
  });

  it('says how it is used', async () => expect(await project.example('pcap-parser')).toEqual(NO_PROGRAM));
});

describe.each(['analyze-file', 'follow-connections', 'pcap-parser'])('%s', (name) => {
  it('says that a file is not there', async () => {
    const { status, stderr } = await project.example(name, ['nosuch.pcap']);
    expect({ status, stderr }).toEqual({ status: 3, stderr: 'nosuch.pcap: no such file; check the path\n' });
  });
});
