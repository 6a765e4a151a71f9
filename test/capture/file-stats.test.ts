import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isSameFile } from '../../src/capture/file-stats.js';

const directory = mkdtempSync(join(tmpdir(), 'closenotify-same-'));
const at = (name: string) => join(directory, name);
afterAll(() => rmSync(directory, { recursive: true }));

describe('two names are of one file', () => {
  mkdirSync(at('real'));
  symlinkSync(at('real'), at('link'));
  writeFileSync(at('real/a'), 'a');
  linkSync(at('real/a'), at('hard'));
  symlinkSync(at('real/a'), at('soft'));
  it.each([
    ['the same name', 'real/a', 'real/a', true],
    ['a hard link', 'real/a', 'hard', true],
    ['a symbolic link', 'real/a', 'soft', true],
    ['a directory of two names', 'link/a', 'real/a', true],
    ['a file that is not there yet, in a directory of two names', 'link/new', 'real/new', true],
    ['another file', 'real/a', 'real/new', false],
    ['a directory', 'real', 'real', false],
  ])('%s', (_, one, other, expected) => {
    expect(isSameFile(at(one), at(other))).toBe(expected);
  });
});
