// What is known of files without reading them, and whether two names are of one: what is written must not take the place of what is read.
import { fstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Null where there is none, or where it may not be looked at. */
export function statsOf(path: string): Stats | null {
  return attempt(() => statSync(path));
}

/** Whether two names are of one file, which need not be there yet. */
export function isSameFile(one: string, other: string): boolean {
  const [a, b] = [statsOf(one), statsOf(other)];
  if (a === null || b === null) return a === null && b === null && placeOf(one) === placeOf(other);
  return isSame(a, b);
}

/** Whether a name is that of the file that is open as `fd`: 0 is standard input, 1 standard output. */
export function isOpenAs(name: string, fd: number): boolean {
  const [a, b] = [statsOf(name), attempt(() => fstatSync(fd))];
  return a !== null && b !== null && isSame(a, b);
}

function isSame(a: Stats, b: Stats): boolean {
  return a.isFile() && a.dev === b.dev && a.ino === b.ino;
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
