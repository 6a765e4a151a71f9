/** The command line: decides what is asked for, and loads the analysis only when there is something to analyze. */
import { fstatSync, readFileSync } from 'node:fs';
import { escapeText } from '../bytes/escape.js';
import { load } from '../loading.js';
import { parseCommand } from './arguments.js';
import { EXIT } from './exit-codes.js';
import { helpText, USAGE } from './help.js';
import type { Terminal } from './terminal.js';

/**
 * @param words the words after the program's name
 * @returns the exit status
 */
export async function main(words: readonly string[], terminal: Terminal): Promise<number> {
  const { stdout, stderr, env } = terminal;
  try {
    const command = parseCommand(words);
    switch (command.kind) {
      case 'help':
        return await print(stdout, helpText(command.command));
      case 'version':
        return await print(stdout, versionText());
      case 'wrong':
        return wrong(command.message, terminal);
      case 'no-input':
        stderr.write(`${USAGE}\n${hasPipedInput() ? PIPE_HINT : HELP_HINT}\n`);
        return EXIT.usage;
      case 'live':
        return await live(words, terminal);
      case 'explain':
        return await explain(words, terminal);
      case 'completion': {
        const { completionScript } = await import('./completion/script.js');
        return await print(stdout, completionScript(command.shell));
      }
      case 'interfaces': {
        const { runInterfaces } = await import('./interfaces-command.js');
        return await runInterfaces(terminal);
      }
      case 'analyze': {
        const { runAnalyze } = await load(import.meta.url, './analyze-command.js', () => import('./analyze-command.js'));
        return await runAnalyze(command.options, terminal);
      }
    }
  } catch (error) {
    stderr.write(defectText(error, env.CLOSENOTIFY_DEBUG === '1'));
    return EXIT.internal;
  }
}

async function live(words: readonly string[], terminal: Terminal): Promise<number> {
  const { parseLive } = await import('./live-arguments.js');
  const command = parseLive(words);
  switch (command.kind) {
    case 'help':
      return print(terminal.stdout, helpText('live'));
    case 'version':
      return print(terminal.stdout, versionText());
    case 'wrong':
      return wrong(command.message, terminal);
    case 'live': {
      const { runLive } = await load(import.meta.url, './live-command.js', () => import('./live-command.js'));
      return runLive(command.options, terminal);
    }
  }
}

async function explain(words: readonly string[], terminal: Terminal): Promise<number> {
  const { parseExplain } = await import('./explain-arguments.js');
  const command = parseExplain(words);
  switch (command.kind) {
    case 'help':
      return print(terminal.stdout, helpText('explain'));
    case 'version':
      return print(terminal.stdout, versionText());
    case 'wrong':
      return wrong(command.message, terminal);
    case 'explain': {
      const { runExplain } = await load(import.meta.url, './explain-command.js', () => import('./explain-command.js'));
      return runExplain(command.options, terminal);
    }
  }
}

function wrong(message: string, { stderr }: Terminal): number {
  stderr.write(`closenotify: ${message}\n`);
  return EXIT.usage;
}

const HELP_HINT = 'closenotify --help lists the options.';
const PIPE_HINT = 'To read standard input: closenotify -';

/** A pipe that closed early is no error here either. */
async function print(stdout: Terminal['stdout'], text: string): Promise<number> {
  await new Promise<void>((done) => {
    stdout.on('error', () => done());
    stdout.write(text, () => done());
  });
  return EXIT.ok;
}

function versionText(): string {
  return `closenotify ${JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version}\n`;
}

function hasPipedInput(): boolean {
  try {
    const input = fstatSync(0);
    return input.isFIFO() || input.isFile() || input.isSocket();
  } catch {
    return false;
  }
}

function defectText(error: unknown, debug: boolean): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const lines = debug && error instanceof Error ? (error.stack ?? '').split('\n') : [];
  const stack = lines.map((line) => `${escapeText(line)}\n`).join('');
  return `closenotify: a defect of closenotify, please report it: ${escapeText(text)}\n${stack}`;
}
