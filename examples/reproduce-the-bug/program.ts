// Programs that run beside this one, and do not outlive it.
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';

const WAIT_MILLISECONDS = 20_000;

/** What this machine lacks: told in a line, exit status 4. */
export class Unavailable extends Error {}

export interface ProgramOptions {
  directory?: string;
  /** File descriptor of a file for its output. */
  output?: number;
}

export class Program {
  static readonly #running = new Set<Program>();
  static {
    // Nobody waits for their ends any more.
    process.once('exit', () => {
      for (const program of Program.#running) program.#child.kill('SIGKILL');
    });
  }

  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #hasEnded = false;
  #error: Error | null = null;
  #printed = '';
  #wake: () => void = () => {};

  constructor(name: string, args: readonly string[], { directory, output }: ProgramOptions = {}) {
    this.#name = name;
    const stdio: StdioOptions = ['ignore', output ?? 'pipe', 'pipe'];
    this.#child = spawn(name, args, { stdio, ...(directory !== undefined && { cwd: directory }) });
    Program.#running.add(this);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#printed += text;
        this.#wake();
      });
    }
    this.#child.once('error', (error) => {
      this.#error = error;
    });
    this.#ended = once(this.#child, 'close').catch(() => {});
    this.#ended.then(() => {
      this.#hasEnded = true;
      Program.#running.delete(this);
      this.#wake();
    });
  }

  /** What a program printed that runs to its end; throws when it fails. */
  static async run(name: string, args: readonly string[], options?: ProgramOptions): Promise<string> {
    const program = new Program(name, args, options);
    await program.#ended;
    if (program.#child.exitCode !== 0) throw program.#failure();
    return program.#printed;
  }

  /** Whatever still runs. */
  static async stopAll(): Promise<void> {
    await Promise.all([...Program.#running].map((program) => program.stop()));
  }

  /** Waits until it has printed something. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    const timer = setTimeout(() => this.#child.kill(), WAIT_MILLISECONDS);
    try {
      for (;;) {
        const found = pattern.exec(this.#printed);
        if (found) return found;
        if (this.#hasEnded) throw this.#failure();
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async stop(): Promise<void> {
    this.#child.kill();
    await this.#ended;
  }

  #failure(): Error {
    if (this.#error) {
      const isMissing = 'code' in this.#error && this.#error.code === 'ENOENT';
      return new Unavailable(isMissing ? `${this.#name} is not installed` : this.#error.message);
    }
    const how = this.#child.signalCode ?? `status ${this.#child.exitCode}`;
    return new Unavailable(`${this.#name} ended with ${how}: ${this.#printed.trim()}`);
  }
}
