/** Completion scripts, in the shells that are there, and the man page: both are made of the tables of options. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS, SHELLS, type Shell } from '../../src/cli/commands.js';
import { completionScript } from '../../src/cli/completion/script.js';
import { run } from '../support/command.js';

let directory: string;
const path = (shell: Shell) => join(directory, `completion.${shell}`);
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'closenotify-'));
  for (const shell of SHELLS) writeFileSync(path(shell), completionScript(shell));
});
afterAll(() => rmSync(directory, { recursive: true }));

const installed = new Set<Shell>();
for (const shell of SHELLS) if ((await run(shell, ['--version'])).status === 0) installed.add(shell);

describe.each(SHELLS)('%s', (shell) => {
  it('has each command and each option', () => {
    const script = completionScript(shell);
    for (const { name, options } of COMMANDS) {
      expect(script).toContain(name);
      for (const option of options) expect(script).toContain(shell === 'fish' ? `-l ${option.name}` : `--${option.name}`);
    }
  });

  it.runIf(installed.has(shell))('takes its script', async () => {
    const check = shell === 'fish' ? '--no-execute' : '-n';
    expect(await run(shell, [check, path(shell)])).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});

/** Words of a line, of which the last one is to be completed, and what is offered; `…` stands for more. */
const CASES: readonly [words: string[], offered: string[]][] = [
  [['liv'], ['live']],
  [['e'], ['explain', 'examples']],
  [['--fo'], ['--format']],
  [
    ['--format', ''],
    ['html', 'json', 'ndjson', 'table'],
  ],
  [['-f', 'n'], ['ndjson']],
  [
    ['--color', 'a'],
    ['always', 'auto'],
  ],
  [['--server', ''], []],
  [['fixtures/forum'], ['fixtures/forum-direct.pcap', 'fixtures/forum-haproxy.pcap']],
  [['--output', 'fixtures/forum-h'], ['fixtures/forum-haproxy.pcap']],
  [['live', '--met'], ['--metrics']],
  [['live', '--ke'], []],
  [
    ['explain', '--format', ''],
    ['json', 'table'],
  ],
  [['explain', '1ab8', 'fixtures/forum-d'], ['fixtures/forum-direct.pcap']],
  [['--all', 'explain', '--verb'], []],
  [
    ['completion', ''],
    ['bash', 'fish', 'zsh'],
  ],
  [['interfaces', '--v'], ['--version']],
];

const sorted = (words: readonly string[]) => words.map((word) => word.replace(/\/$/, '')).sort();

describe.runIf(installed.has('bash'))('in bash', () => {
  it('completes', async () => {
    const script = [
      `source '${path('bash')}'`,
      ...CASES.map(([words]) => {
        const all = ['closenotify', ...words].map((word) => `'${word}'`).join(' ');
        return `COMP_WORDS=(${all}); COMP_CWORD=${words.length}; COMPREPLY=(); _closenotify; echo "\${COMPREPLY[*]}"`;
      }),
      `COMP_WORDS=(closenotify --format = j); COMP_CWORD=3; _closenotify; echo "\${COMPREPLY[*]}"`,
    ].join('\n');
    const { stdout, stderr } = await run('bash', ['--norc', '-c', script]);
    expect(stderr).toBe('');
    const offered = stdout.split('\n').map((line) => sorted(line.split(' ').filter((word) => word !== '')));
    expect(offered.slice(0, -1)).toEqual([...CASES.map(([, words]) => sorted(words)), ['json']]);
  });
});

describe.runIf(installed.has('fish'))('in fish', () => {
  it('completes', async () => {
    const script = [`source '${path('fish')}'`, ...CASES.map(([words]) => `echo (complete -C 'closenotify ${words.join(' ')}' | cut -f1)`)];
    const { stdout } = await run('fish', ['-N', '-c', script.join('\n')], { HOME: directory });
    const offered = stdout.split('\n').map((line) => sorted(line.split(' ').filter((word) => word !== '')));
    expect(offered.slice(0, -1)).toEqual(CASES.map(([, words]) => sorted(words)));
  });
});

describe('the man page', () => {
  it('is the one that the tables make: npm run man', async () => {
    const { stdout } = await run(process.execPath, ['scripts/generate-man.mjs', '-']);
    expect(readFileSync('man/closenotify.1', 'utf8')).toBe(stdout);
  });
});
