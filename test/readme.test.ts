import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS, LIVE_LIMITS } from '../src/limits.js';
import { reportOf, run } from './support/command.js';
import { fixtures } from './support/fixtures.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const readme = readText('README.md');
const capturing = readText('docs/capturing.md');

function readText(name: string): string {
  return readFileSync(join(root, name), 'utf8');
}

/** The contents of all code blocks of one language. */
function blocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, block]) => block);
}

/** The cells of the rows of the table that begins with this heading. */
function table(text: string, heading: string): string[][] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith('|') && line.split('|')[1].trim() === heading);
  if (start < 0) throw new Error(`no table begins with ${heading}`);
  const length = lines.slice(start).findIndex((line) => !line.startsWith('|'));
  return lines.slice(start + 2, start + length).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

function names(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
}

/** Runs the built program as a reader of the README does: in the project's folder. */
async function output(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await run(process.execPath, [join(root, 'dist/cli/main.js'), ...args]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

describe('the README', () => {
  it('shows what the program prints', async () => {
    expect(blocks(readme, 'text')[0]).toBe(await output('fixtures/forum-haproxy.pcap'));
  });

  it('lists the options and exit statuses of --help', async () => {
    const help = await output('--help');
    const listed = help.slice(help.indexOf('Options:\n'), help.indexOf('\nA name like a command'));
    expect(blocks(readme, 'text')[1]).toBe(listed);
  });

  it('shows the comments of the evidence', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'closenotify-')), 'evidence.pcapng');
    await output('fixtures/forum-haproxy.pcap', '--evidence', path);
    const written = readFileSync(path);
    rmSync(dirname(path), { recursive: true });
    const comments = blocks(readme, 'text')[2]
      .trim()
      .split('\n')
      .map((line) => line.split('\t')[1]);
    expect(comments.filter((comment) => !written.includes(comment))).toEqual([]);
    expect(comments).toHaveLength(7);
  });

  it('lists the options of live', async () => {
    const help = await output('live', '--help');
    expect(blocks(readme, 'text')[3]).toBe(help.slice(help.indexOf('Options:\n'), help.indexOf('\nCtrl-C')));
  });

  it('names the usage of --help', async () => {
    const [usage] = (await output('--help')).split('\n');
    expect(readme).toContain(`\`${usage.replace('Usage: ', '')}\``);
  });

  it('names every key of the JSON report, and the states of a close', async () => {
    const report = JSON.parse(await output('fixtures/forum-haproxy.pcap', '--format', 'json'));
    expect(table(readme, 'key').flatMap(([key]) => names(key))).toEqual(Object.keys(report).sort(inOrderOf(table(readme, 'key'))));
    expect(table(readme, 'state').flatMap(([state]) => names(state))).toEqual(Object.keys(report.totals.closes));
  });

  it('names keys that findings and servers have', async () => {
    const report = JSON.parse(await output('fixtures/forum-haproxy.pcap', '--format', 'json'));
    for (const [key, held] of table(readme, 'key')) {
      const [first] = key === '`findings`' || key === '`servers`' ? report[names(key)[0]] : [null];
      if (first) expect(Object.keys(first)).toEqual(expect.arrayContaining(names(held)));
    }
  });

  it('has a library example that runs', async () => {
    const { status, stdout, stderr } = await run(process.execPath, ['--input-type=commonjs', '-e', blocks(readme, 'js')[0]]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^1ab8368f\w+ unclean-close medium declined in frame 9725\n$/);
  });
});

/** Compares by place in a table, so that only missing and surplus names make a difference. */
function inOrderOf(rows: string[][]): (a: string, b: string) => number {
  const order = rows.flatMap(([key]) => names(key));
  return (a, b) => order.indexOf(a) - order.indexOf(b);
}

/** Pages in a folder of the project, and in the folders in it; but for the API, whose links are checked where it is made. */
function markdownIn(folder: string): string[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return files
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    .filter((page) => page.endsWith('.md') && !page.startsWith('docs/api/'));
}

it('src/limits.ts says what the limits are', () => {
  const figures = (n: number) => n.toLocaleString('en-US');
  const told = [...readText('src/limits.ts').matchAll(/Default: ([\d,]+)(?:; live ([\d,]+))?\.\s*\*\/\n {2}(\w+): number;/g)];
  const expected = Object.entries(DEFAULT_LIMITS).map(([name, limit]) => {
    const live = LIVE_LIMITS[name as keyof typeof LIVE_LIMITS];
    return [name, figures(limit), live === limit ? undefined : figures(live)];
  });
  expect(told.map(([, limit, live, name]) => [name, limit, live]).sort()).toEqual(expected.sort());
});

it('docs/warnings.md lists each code of a warning', () => {
  const codes = [...readText('src/warning-codes.ts').matchAll(/^ {2}\| '([a-z-]+)'/gm)].map(([, code]) => code);
  const listed = [...readText('docs/warnings.md').matchAll(/^\| `([a-z-]+)`/gm)].map(([, code]) => code);
  expect(listed).toEqual(codes);
  expect(listed.length).toBeGreaterThan(30);
});

describe('what the pages in docs print', () => {
  const pairs = markdownIn('docs').flatMap((page) =>
    [...readText(page).matchAll(/```sh\n(npx closenotify [^\n|>]*fixtures\/[^\n|>]*)\n```\n\n```text\n([\s\S]*?)```/g)].map(
      ([, command, text]): [string, string, string] => [page, command, text],
    ),
  );

  it('is there', () => expect(pairs.length).toBeGreaterThan(2));

  it.each(pairs)('%s: %s', async (_, command, text) => {
    expect(await output(...command.split(' ').slice(2))).toContain(text);
  });
});

describe('the links', () => {
  const pages = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', ...markdownIn('docs'), ...markdownIn('examples')];

  it.each(pages)('of %s lead somewhere', (page) => {
    const links = [...readText(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link).filter((link) => !/^https?:/.test(link));
    const broken = links.filter((link) => !leadsSomewhere(page, link));
    expect(broken).toEqual([]);
  });
});

function leadsSomewhere(page: string, link: string): boolean {
  const [path, anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(root, target))) return false;
  return anchor === undefined || headings(readText(target)).includes(anchor);
}

/** Anchors as GitHub makes them. */
function headings(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

const hasTcpdump = (await run('tcpdump', ['--version'])).status === 0;
if (process.env.CI && !hasTcpdump) throw new Error('tcpdump is not installed');

describe.runIf(hasTcpdump)('the capture filters, applied to fixtures', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'closenotify-readme-'));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  /** Findings without their frame numbers, which a filter changes. */
  async function found(path: string): Promise<object[]> {
    const { findings } = await reportOf(path);
    return findings.map(({ session, uncleanCloses, declines, cause, confidence }) => ({
      id: session.id,
      closes: uncleanCloses.map(({ client, by, end }) => ({ client, by, end })),
      declines: declines.map(({ client, newSessionId }) => ({ client, newSessionId })),
      cause,
      confidence,
    }));
  }

  async function filtered(name: string, filter: string): Promise<string> {
    const path = join(scratch, `filtered-${name}`);
    const { status, stderr } = await run('tcpdump', ['-r', fixtures + name, '-w', path, filter]);
    expect(status, stderr).toBe(0);
    return path;
  }

  /** The expression of the tcpdump command that has `word` in it, as the shell would pass it on. */
  function expression(text: string, word: string, port: number): string {
    const commands = blocks(text, 'sh').flatMap((block) => [...block.matchAll(/-w capture\.pcap "([^"]*)"/g)].map(([, words]) => words));
    return commands
      .filter((words) => words.includes(word))[0]
      .replaceAll('\\\n', '')
      .replaceAll('$PORT', String(port));
  }

  async function portOf(name: string): Promise<number> {
    const { servers } = await reportOf(fixtures + name);
    return servers[0].port;
  }

  it('are the same in the README and its page', () => {
    expect(expression(readme, 'tcpflags', 443)).toBe(expression(capturing, 'tcpflags', 443));
  });

  it.each([
    ['jetty-unclean-tls12.pcap', 'tcpflags', 4],
    ['openssl-s_server-unclean-tls12.pcap', 'tcpflags', 2],
    ['haproxy-java.pcap', 'tcpflags', 13],
    ['q-ipv6.pcap', 'ip6', 3],
  ])('without the application data of the server keep the findings of %s', async (name, word, count) => {
    const filter = expression(word === 'ip6' ? capturing : readme, word, await portOf(name));
    const kept = await found(await filtered(name, filter));
    expect(kept).toHaveLength(count);
    expect(kept).toEqual(await found(fixtures + name));
  });

  it('need the word vlan where there are tags', async () => {
    const filter = expression(readme, 'tcpflags', await portOf('q-vlan.pcap'));
    expect(await found(await filtered('q-vlan.pcap', `vlan and (${filter})`))).toEqual(await found(`${fixtures}q-vlan.pcap`));
    expect((await reportOf(await filtered('q-vlan.pcap', filter))).totals.tcpConnections).toBe(0);
  });

  it('for handshake records alone hide every close', async () => {
    const [filter] = /tcp\[\(\(tcp\[12:1\] & 0xf0\) >> 2\):1\] = 0x16/.exec(readme) ?? [''];
    const report = await reportOf(await filtered('jetty-unclean-tls12.pcap', filter));
    expect(report.totals.handshakes.declined).toBeGreaterThan(0);
    expect(report.findings).toEqual([]);
    expect(report.totals.closes).toMatchObject({ clean: 0, unclean: 0, open: 2 * report.totals.tlsConnections });
  });
});
