/** Where a report is written: a file or standard output, no faster than it is taken. */
import { once } from 'node:events';
import { createWriteStream, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { escapeText } from '../bytes/escape.js';
import { isOpenAs, isSameFile, statsOf } from '../capture/file-stats.js';
import { errorText } from '../capture/input-error.js';

/** The reader of the output went away (EPIPE): there is no one left to tell. */
export class ClosedOutput extends Error {}

/** The output could not be written; the message is one line. */
export class OutputError extends Error {}

export interface Output {
  /** Creates what is written to, where that is not there yet. */
  open(): void;
  write(pieces: Iterable<string>): Promise<void>;
  /** Waits until all is written. */
  end(): Promise<void>;
}

/** Small pieces are joined to this many characters before they are written. */
const CHUNK_CHARACTERS = 64 * 1024;

/** Standard output, which is not closed. */
export function streamOutput(stream: Writable): Output {
  return writer(stream, 'standard output', async () => {});
}

/** A file, created or overwritten with the first write, so that a failed analysis leaves an older report alone. */
export function fileOutput(path: string): Output {
  let inner: Output | null = null;
  const open = (): Output => {
    if (inner === null) {
      const stream = createWriteStream(path, { fd: created(path) });
      inner = writer(stream, path, async () => {
        stream.end();
        if (!stream.closed) await once(stream, 'close').catch(() => {});
      });
    }
    return inner;
  };
  return { open, write: (pieces) => open().write(pieces), end: () => open().end() };
}

/** At once, and not when the stream comes to it: rights may be given up next. */
function created(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    throw new OutputError(`${escapeText(path)}: cannot be written: ${errorText(error)}`);
  }
}

const STANDARD_INPUT = 0;

/** Why a file cannot be the output, in one line; null when it can. Inputs, standard input among them, are compared by device and inode, not by name. */
export function outputProblem(path: string, inputs: readonly string[], option = '--output', what = 'the report'): string | null {
  const target = statsOf(path);
  const shown = `${option} ${escapeText(path)}`;
  if (target?.isDirectory()) return `${shown}: is a directory`;
  if (target === null && !statsOf(dirname(path))?.isDirectory()) return `${shown}: there is no directory ${escapeText(dirname(path))}`;
  const isRead = (input: string) => (input === '-' ? isOpenAs(path, STANDARD_INPUT) : isSameFile(path, input));
  return inputs.some(isRead) ? `${shown}: is the input; ${what} would overwrite the capture` : null;
}

function writer(stream: Writable, name: string, finish: () => Promise<void>): Output {
  let failure: Error | null = null;
  const note = (error: NodeJS.ErrnoException) => {
    failure ??=
      error.code === 'EPIPE' ? new ClosedOutput() : new OutputError(`${escapeText(name)}: cannot be written: ${errorText(error)}`);
  };
  stream.on('error', note);
  const check = () => {
    if (failure !== null) throw failure;
  };
  const flush = async (text: string) => {
    check();
    await new Promise<void>((done) =>
      stream.write(text, (error) => {
        if (error) note(error);
        done();
      }),
    );
    check();
  };
  return {
    open() {},
    async write(pieces) {
      let text = '';
      for (const piece of pieces) {
        text += piece;
        if (text.length < CHUNK_CHARACTERS) continue;
        await flush(text);
        text = '';
      }
      if (text !== '') await flush(text);
    },
    async end() {
      check();
      await finish();
      check();
    },
  };
}
