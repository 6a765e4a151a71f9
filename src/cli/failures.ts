// What went wrong, as a line on standard error and an exit status.
import type { Writable } from 'node:stream';
import { escapeText } from '../bytes/escape.js';
import { InputError } from '../capture/input-error.js';
import { EXIT } from './exit-codes.js';
import { ClosedOutput, OutputError } from './output.js';

/** An error that is no fault of the input or the output is thrown on. */
export function statusOfError(error: unknown, stderr: Writable): number {
  if (error instanceof ClosedOutput) return EXIT.ok;
  if (error instanceof Error && error.name === 'EvidenceError') return fail(stderr, error.message, EXIT.output);
  if (error instanceof Error && error.name === 'KeyLogError') return fail(stderr, error.message, EXIT.usage);
  if (error instanceof InputError) return fail(stderr, error.message, EXIT.input);
  if (error instanceof OutputError) return fail(stderr, error.message, EXIT.output);
  throw error;
}

export function fail(stderr: Writable, message: string, code: number): number {
  say(stderr, message);
  return code;
}

export function say(stderr: Writable, message: string): void {
  stderr.write(`closenotify: ${escapeText(message, MAX_MESSAGE_CHARACTERS)}\n`);
}

const MAX_MESSAGE_CHARACTERS = 2000;
