import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { load } from '../src/loading.js';

const folder = mkdtempSync(join(tmpdir(), 'closenotify-loading-'));
afterAll(() => rmSync(folder, { recursive: true }));
const base = pathToFileURL(join(folder, 'main.mjs')).href;
const later = async () => ({ from: 'later' });

function module(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return `./${name}`;
}

describe('a module that is loaded when it is needed', () => {
  it('is the one beside the base', async () => {
    expect(await load(base, module('there.mjs', "export const from = 'there';"), later)).toMatchObject({ from: 'there' });
  });

  it('is the other one where there is none: in a bundle, and among the sources', async () => {
    expect(await load(base, './missing.mjs', later)).toEqual({ from: 'later' });
    expect(await load(undefined as unknown as string, './missing.mjs', later)).toEqual({ from: 'later' });
  });

  it.each([
    ['fails', "throw new Error('broken');", 'broken'],
    ['lacks one that it imports', "import 'no-such-package';", 'no-such-package'],
  ])('is not replaced where it %s', async (_, text, message) => {
    await expect(load(base, module(`${message}.mjs`, text), later)).rejects.toThrow(message);
  });
});
