// What is written must not take the place of what is read, by whatever name either is called.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeEvidence } from '../../src/evidence.js';
import { fixtures } from '../support/fixtures.js';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const CAPTURE = readFileSync(`${fixtures}jetty-unclean-tls12.pcap`);
const KEYS = readFileSync(`${fixtures}keys/jetty-unclean-tls12.keys`);

let directory: string;
const at = (name: string) => join(directory, name);
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'closenotify-overwriting-'));
  copyFileSync(`${fixtures}jetty-unclean-tls12.pcap`, at('a.pcap'));
  copyFileSync(`${fixtures}keys/jetty-unclean-tls12.keys`, at('k.txt'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('the command refuses', () => {
  it.each([
    ['evidence over standard input', '--evidence a.pcap - < a.pcap', 'is the input'],
    ['a report over standard input', '--output a.pcap - < a.pcap', 'is the input'],
    ['an explanation over standard input', 'explain stream:0 - --output a.pcap < a.pcap', 'is the input'],
    ['evidence over the key log', '--key-log k.txt --evidence k.txt a.pcap', 'is the key log'],
    ['evidence over the key log of the environment', '--evidence k.txt a.pcap', 'is the key log'],
    ['a report over the key log', '--key-log k.txt --output k.txt a.pcap', 'is the key log'],
    ['evidence over the report', '--evidence out.txt a.pcap > out.txt', 'is where the report goes'],
  ])('%s', (_, words, reason) => {
    const env = { ...process.env, SSLKEYLOGFILE: 'k.txt' };
    const { status, stderr } = spawnSync('sh', ['-c', `"$0" "$1" ${words}`, process.execPath, CLI], {
      cwd: directory,
      env,
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([2, expect.stringContaining(reason)]);
    expect([readFileSync(at('a.pcap')).equals(CAPTURE), readFileSync(at('k.txt')).equals(KEYS)]).toEqual([true, true]);
  });
});

it('so does the library', async () => {
  await expect(writeEvidence(at('a.pcap'), at('a.pcap'))).rejects.toThrow('is an input');
  await expect(writeEvidence(pathToFileURL(at('a.pcap')), at('a.pcap'))).rejects.toThrow('is an input');
  await expect(writeEvidence(at('a.pcap'), at('k.txt'), { keyLog: at('k.txt') })).rejects.toThrow('the key log');
  expect(readFileSync(at('a.pcap')).equals(CAPTURE)).toBe(true);
});

it('evidence may have a name as long as there are', async () => {
  const path = at(`${'x'.repeat(244)}.pcapng`);
  await Promise.all([writeEvidence(at('a.pcap'), path), writeEvidence(at('a.pcap'), at('b.pcapng'))]);
  expect(readFileSync(path).equals(readFileSync(at('b.pcapng')))).toBe(true);
});

it('completion of interfaces in bash does not run what is in a name', () => {
  writeFileSync(at('ls'), '#!/bin/sh\nprintf "%s\\n" \'$(touch pwned)\' eth0\n');
  chmodSync(at('ls'), 0o755);
  const script = execFileSync(process.execPath, [CLI, 'completion', 'bash'], { encoding: 'utf8' });
  const ask = `COMP_WORDS=(closenotify live ""); COMP_CWORD=2; _closenotify; printf "%s\\n" "\${COMPREPLY[@]}"`;
  const env = { ...process.env, PATH: `${directory}:${process.env.PATH}` };
  const told = execFileSync('bash', ['-c', `${script}\n${ask}`], { cwd: directory, env, encoding: 'utf8' });
  expect(told.trim().split('\n')).toContain('\\$\\(touch\\ pwned\\)');
  expect(told).toContain('eth0');
  expect(existsSync(at('pwned'))).toBe(false);
});
