// A project that has closenotify installed, with the examples compiled in it.
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';
import { isRequired } from '../capture/live/real.js';
import { type Run, run } from '../support/command.js';

export const root = fileURLToPath(new URL('../../', import.meta.url));
const TIMEOUT_MILLISECONDS = 60_000;

/** In CI what is missing is a failure: see {@link isRequired}. */
export function demand(reason: string | null): string | null {
  if (isRequired && reason !== null) throw new Error(reason);
  return reason;
}

/** Which of these programs is not there; null when all are. */
export async function missing(...commands: string[]): Promise<string | null> {
  for (const command of commands) {
    if ((await run('sh', ['-c', `command -v ${command}`])).status !== 0) return `${command} is not installed`;
  }
  return null;
}

/** The reason stands in the name of a test that is skipped for it. */
export function unless(reason: string | null): string {
  return reason === null ? '' : ` (skipped: ${reason})`;
}

export interface StartOptions {
  cwd?: string;
  env?: Record<string, string>;
}

/** For the tests of a file. */
export class Project {
  readonly directory = mkdtempSync(join(tmpdir(), 'closenotify-examples-'));
  readonly #running = new Set<Running>();

  constructor() {
    beforeAll(() => this.#build(), TIMEOUT_MILLISECONDS);
    afterAll(async () => {
      for (const running of this.#running) running.kill('SIGTERM');
      await Promise.all([...this.#running].map(({ ended }) => ended));
      rmSync(this.directory, { recursive: true, force: true });
    });
  }

  path(...names: string[]): string {
    return join(this.directory, ...names);
  }

  /** An empty directory in it. */
  newDirectory(name: string): string {
    const path = this.path(name);
    mkdirSync(path);
    return path;
  }

  /** Runs an example to its end. */
  example(name: string, args: readonly string[] = [], options?: StartOptions): Promise<Run> {
    return this.startExample(name, args, options).ended;
  }

  startExample(name: string, args: readonly string[] = [], options?: StartOptions): Running {
    return this.start(process.execPath, [this.path('build', `${name}.js`), ...args], options);
  }

  start(command: string, args: readonly string[], { cwd = this.directory, env }: StartOptions = {}): Running {
    const running = new Running(spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] }));
    this.#running.add(running);
    const forget = () => this.#running.delete(running);
    running.ended.then(forget, forget);
    return running;
  }

  async #build(): Promise<void> {
    mkdirSync(this.path('node_modules/.bin'), { recursive: true });
    symlinkSync(root, this.path('node_modules/closenotify'), 'dir');
    symlinkSync(join(root, 'node_modules/pcap-parser'), this.path('node_modules/pcap-parser'), 'dir');
    const command = `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'dist/cli/main.js')}' "$@"\n`;
    writeFileSync(this.path('node_modules/.bin/closenotify'), command, { mode: 0o755 });
    writeFileSync(this.path('package.json'), '{ "type": "module" }');
    cpSync(join(root, 'examples/ci-gate.sh'), this.path('ci-gate.sh'));
    mkdirSync(this.path('reproduce-the-bug'));
    cpSync(join(root, 'examples/reproduce-the-bug/Server.java'), this.path('reproduce-the-bug/Server.java'));
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const { status, stdout } = await run(process.execPath, [compiler, '-p', join(root, 'examples'), '--outDir', this.path('build')]);
    if (status !== 0) throw new Error(`the examples do not compile:\n${stdout}`);
  }
}

/** A program, with what it has printed. */
export class Running {
  readonly ended: Promise<Run>;
  readonly #process: ChildProcess;
  #stdout = '';
  #stderr = '';
  #hasEnded = false;
  #wake: () => void = () => {};

  constructor(process: ChildProcess) {
    this.#process = process;
    process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      this.#wake();
    });
    process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      this.#wake();
    });
    this.ended = new Promise((resolve, reject) => {
      process.once('error', reject);
      process.once('close', (status) => {
        this.#hasEnded = true;
        this.#wake();
        resolve({ status, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  /** Waits until something stands in its output or among its errors. */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#stdout) && !pattern.test(this.#stderr)) {
      if (this.#hasEnded) throw new Error(`it ended without ${pattern}: ${this.#stdout}${this.#stderr}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }
}
