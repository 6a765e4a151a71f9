// Whether two names are of one file: what is written must not take the place of what is read.
import { fstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Open files that have no name here. */
const STANDARD_INPUT = 0;

/** @param name of a file, which need not be there yet; `-` is what standard input is read from */
export function isSameFile(one: string, other: string): boolean {
  const [a, b] = [statOf(one), statOf(other)];
  if (a === null || b === null) return a === null && b === null && placeOf(one) === placeOf(other);
  return isSame(a, b);
}

/** Whether a file is what an open one is: 1 for standard output. */
export function isOpenAs(name: string, fd: number): boolean {
  const [a, b] = [statOf(name), attempt(() => fstatSync(fd))];
  return a !== null && b !== null && isSame(a, b);
}

function isSame(a: Stats, b: Stats): boolean {
  return a.isFile() && a.dev === b.dev && a.ino === b.ino;
}

function statOf(name: string): Stats | null {
  return attempt(() => (name === '-' ? fstatSync(STANDARD_INPUT) : statSync(name)));
}

/** Directories may have several names as well. */
function placeOf(name: string): string {
  return join(attempt(() => realpathSync(dirname(name))) ?? dirname(name), basename(name));
}

function attempt<T>(ask: () => T): T | null {
  try {
    return ask();
  } catch {
    return null;
  }
}
