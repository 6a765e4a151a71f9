import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Run, run } from '../support/command.js';
import { fixtures } from '../support/fixtures.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const compiler = join(root, 'node_modules/typescript/bin/tsc');
const FIXTURE = `${fixtures}forum-haproxy.pcap`;
const TIMEOUT_MILLISECONDS = 120_000;

/** What a user pays for: kB to download, kB on the disk, and packages. cap is optional, and counts nowhere here. */
const MAX_PACKED_BYTES = 410_000;
const MAX_UNPACKED_BYTES = 1_450_000;
const MAX_PACKAGES = 22;
/** Importing the package: modules, and its processor time by that of the start of Node itself, in the fastest of some runs: machines differ. */
const MAX_MODULES = 40;
const MAX_IMPORT = 0.25;
const MAX_RUNS = 20;

interface Packed {
  filename: string;
  size: number;
  unpackedSize: number;
  files: { path: string; mode: number }[];
}

const project = mkdtempSync(join(tmpdir(), 'closenotify-installed-'));
afterAll(() => rmSync(project, { recursive: true, force: true }));

let packed: Packed;
/** Why it could not be installed: there is no registry to take its dependencies from. */
let obstacle: string | null = null;

beforeAll(() => {
  packed = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], { cwd: root, encoding: 'utf8' }),
  )[0];
  writeFileSync(join(project, 'package.json'), '{ "name": "empty", "version": "1.0.0", "private": true }');
  const tarball = join(project, packed.filename);
  try {
    execFileSync('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--omit=optional', tarball], {
      cwd: project,
      stdio: 'pipe',
    });
  } catch (error) {
    obstacle = String((error as { stderr?: unknown }).stderr ?? error);
    if (process.env.CI !== undefined || !/ENOTFOUND|ENOTCACHED|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT/.test(obstacle)) throw new Error(obstacle);
  }
}, TIMEOUT_MILLISECONDS);

/** A test of the installed package; skipped, with the reason, where nothing can be installed. */
function installed(name: string, test: () => Promise<void>): void {
  it(name, { timeout: TIMEOUT_MILLISECONDS }, async (context) => {
    if (obstacle !== null) context.skip(`nothing can be installed here: ${obstacle.split('\n')[0]}`);
    await test();
  });
}

/** Writes a program into the project, and runs it there. */
function program(name: string, text: string, ...options: string[]): Promise<Run> {
  writeFileSync(join(project, name), text);
  return run(process.execPath, [...options, join(project, name)]);
}

/** A block of code of the README, by its first line. */
function readmeCode(first: string): string {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const block = [...readme.matchAll(/```(?:ts|js)\n([\s\S]*?)```/g)].find(([, code]) => code.startsWith(first));
  if (!block) throw new Error(`the README has no code that begins with ${first}`);
  return block[1].replaceAll("'fixtures/", `'${fixtures}`);
}

const TS = readmeCode("import { analyze, type Report } from 'closenotify'");
const JS = readmeCode("const { analyze } = require('closenotify')");
const FINDING = /^1ab8368f\w* unclean-close medium declined in frame 9725\n$/;

describe('the package', () => {
  it('has these files: a module and its types for each source, the schema, the man page, and the texts', () => {
    const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) => /(?<!\.d)\.ts$/.test(file));
    const modules = sources.flatMap((file) => ['.js', '.d.ts'].map((end) => `dist/${file.replaceAll('\\', '/').replace(/\.ts$/, end)}`));
    const texts = ['CHANGELOG.md', 'LICENSE', 'README.md', 'man/closenotify.1', 'package.json', 'schema/report.v1.json'];
    expect(packed.files.map(({ path }) => path).sort()).toEqual([...modules, ...texts].sort());
  });

  it('is small', () => {
    expect(packed.size).toBeLessThan(MAX_PACKED_BYTES);
    expect(packed.unpackedSize).toBeLessThan(MAX_UNPACKED_BYTES);
  });

  it('needs few packages', () => {
    const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
    const needed = Object.entries<{ dev?: boolean; optional?: boolean; devOptional?: boolean; license?: string }>(packages).filter(
      ([path, { dev, optional, devOptional }]) => path !== '' && !dev && !optional && !devOptional,
    );
    expect(needed.length).toBeLessThanOrEqual(MAX_PACKAGES);
    const licences = new Set(needed.map(([, { license }]) => license));
    expect([...licences].sort()).toEqual(['Apache-2.0', 'BSD-3-Clause', 'MIT']);
  });
});

describe('installed into an empty project, it works', () => {
  installed('by import', async () => {
    const { stdout, stderr } = await program('a.mjs', TS.replace('analyze, type Report', 'analyze').replace(': Report', ''));
    expect({ stdout, stderr }).toEqual({ stdout: expect.stringMatching(FINDING), stderr: '' });
  });

  installed('by require', async () => {
    const { stdout, stderr } = await program('b.cjs', JS);
    expect({ stdout, stderr }).toEqual({ stdout: expect.stringMatching(FINDING), stderr: '' });
  });

  installed('by both at once, with the same classes', async () => {
    const { stdout } = await program(
      'c.mjs',
      `import { createRequire } from 'node:module';
      import { Analyzer, InputError } from 'closenotify';
      import * as core from 'closenotify/core';
      const required = createRequire(import.meta.url)('closenotify');
      console.log(required.InputError === InputError, new required.Analyzer() instanceof core.Analyzer, new Analyzer() instanceof required.Analyzer);`,
    );
    expect(stdout).toBe('true true true\n');
  });

  it.each([
    ['node16', 'node16'],
    ['preserve', 'bundler'],
  ])(
    'from TypeScript, module %s, moduleResolution %s, types of dependencies checked',
    { timeout: TIMEOUT_MILLISECONDS },
    async (module, moduleResolution) => {
      if (obstacle !== null) return;
      writeFileSync(
        join(project, 'd.mts'),
        `${TS}\nimport { Analyzer } from 'closenotify/core';\nnew Analyzer().finish() satisfies Report;\nconst signal = undefined as AbortSignal | undefined;\nawait analyze('x', { signal, filter: { client: undefined } }).catch(() => {});\n`,
      );
      const options = [
        '--strict',
        '--noUncheckedIndexedAccess',
        '--exactOptionalPropertyTypes',
        '--noEmit',
        '--target',
        'es2023',
        '--lib',
        'es2023,dom',
        '--types',
        '',
        '--skipLibCheck',
        'false',
      ];
      const args = ['--ignoreConfig', '--module', module, '--moduleResolution', moduleResolution, ...options, join(project, 'd.mts')];
      const { stdout, status } = await run(process.execPath, [compiler, ...args]);
      expect({ stdout, status }).toEqual({ stdout: '', status: 0 });
    },
  );

  installed('as a command', async () => {
    const { stdout, status } = await run(join(project, 'node_modules/.bin/closenotify'), [FIXTURE]);
    expect({ status, first: stdout.split('\n')[0] }).toEqual({ status: 0, first: expect.stringMatching(/^1 session invalidated/) });
  });

  installed('and its schema can be imported', async () => {
    const { stdout } = await program('e.cjs', "console.log(require('closenotify/schema/report.v1.json').title)");
    expect(stdout).toBe('closenotify report\n');
  });

  installed('and importing it loads next to nothing', async () => {
    const hook = `export async function load(url, context, next) { process._rawDebug(url); return next(url, context); }`;
    writeFileSync(
      join(project, 'hook.mjs'),
      `import { register } from 'node:module'; register('data:text/javascript,${encodeURIComponent(hook)}');`,
    );
    const { stderr } = await program('f.mjs', "import 'closenotify';", '--import', join(project, 'hook.mjs'));
    const loaded = stderr.split('\n').filter((line) => line.includes('/node_modules/'));
    expect(loaded.length).toBeGreaterThan(0);
    expect(loaded.length).toBeLessThanOrEqual(MAX_MODULES);
    expect(loaded.join('\n')).not.toMatch(/node_modules\/(?!closenotify\/)/);
    const timed = `const total = () => { const { user, system } = process.cpuUsage(); return user + system; };
      const start = total(); await import('closenotify'); console.log((total() - start) / start);`;
    let fastest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < MAX_RUNS && fastest >= MAX_IMPORT; i++) {
      fastest = Math.min(fastest, Number((await program('g.mjs', timed)).stdout));
    }
    expect(fastest).toBeLessThan(MAX_IMPORT);
  });
});
