import { existsSync } from 'node:fs';
import { escapeText } from '../bytes/escape.js';
import { COMMAND_NAMES } from './commands.js';
import { nearest } from './suggest.js';

/** What to say where the first word is no file, and nearly a command; null where it is neither or both. */
export function slipOf([first = '']: readonly string[]): string | null {
  if (!/^[a-z]+$/.test(first) || existsSync(first)) return null;
  const near = nearest(first, COMMAND_NAMES);
  return near === null ? null : `${escapeText(first)}: no such file or command; did you mean ${near}?`;
}
