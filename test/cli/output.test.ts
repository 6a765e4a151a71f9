import { linkSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClosedOutput, fileOutput, OutputError, outputProblem, streamOutput } from '../../src/cli/output.js';
import { untilStopped } from '../../src/cli/standard-input.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'closenotify-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function* pieces(count: number): Generator<string> {
  for (let i = 0; i < count; i++) yield 'x'.repeat(1000);
}

describe('streamOutput', () => {
  it('waits for a slow reader', async () => {
    let received = 0;
    let most = 0;
    const slow = new Writable({
      highWaterMark: 1000,
      write(chunk, _encoding, done) {
        most = Math.max(most, slow.writableLength);
        received += chunk.length;
        setTimeout(done, 1);
      },
    });
    const output = streamOutput(slow);
    await output.write(pieces(1000));
    await output.end();
    expect(received).toBe(1_000_000);
    expect(most).toBeLessThan(140_000);
    expect(slow.listenerCount('error')).toBe(1);
    expect(slow.listenerCount('close')).toBe(0);
  });

  it.each([
    ['EPIPE', ClosedOutput],
    ['ENOSPC', OutputError],
  ])('%s is told apart', async (code, kind) => {
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error('write failed'), { code })) });
    const output = streamOutput(broken);
    const run = async () => {
      await output.write(pieces(1000));
      await output.end();
    };
    await expect(run()).rejects.toBeInstanceOf(kind);
  });
});

describe('fileOutput', () => {
  it('writes all', async () => {
    const path = join(directory, 'report.txt');
    const output = fileOutput(path);
    await output.write(['a', 'b']);
    await output.write(['c']);
    await output.end();
    expect(readFileSync(path, 'utf8')).toBe('abc');
  });

  it('touches nothing before the first write', () => {
    const path = join(directory, 'report.txt');
    writeFileSync(path, 'old');
    fileOutput(path);
    expect(readFileSync(path, 'utf8')).toBe('old');
  });

  it('tells what is wrong', async () => {
    const output = fileOutput(join(directory, 'none', 'report.txt'));
    const run = async () => {
      await output.write(['a']);
      await output.end();
    };
    await expect(run()).rejects.toBeInstanceOf(OutputError);
  });
});

describe('outputProblem', () => {
  it('refuses an input under any of its names', () => {
    const input = join(directory, 'a.pcap');
    writeFileSync(input, '');
    symlinkSync(input, join(directory, 'symbolic'));
    linkSync(input, join(directory, 'hard'));
    for (const name of ['a.pcap', 'symbolic', 'hard', '../'.concat(directory.split('/').at(-1) ?? '', '/a.pcap')]) {
      expect(outputProblem(join(directory, name), ['-', 'nosuch', input])).toContain('is the input');
    }
    expect(outputProblem(join(directory, 'other'), [input])).toBeNull();
  });

  it('refuses a directory, and a directory that is not there', () => {
    expect(outputProblem(directory, [])).toContain('is a directory');
    expect(outputProblem(join(directory, 'none', 'x'), [])).toContain('there is no directory');
  });
});

describe('untilStopped', () => {
  async function collect(source: PassThrough, signal: AbortSignal): Promise<string> {
    let text = '';
    for await (const chunk of untilStopped(source, signal)) text += Buffer.from(chunk).toString();
    return text;
  }

  it('ends with the stream', async () => {
    const source = new PassThrough();
    source.end('abc');
    expect(await collect(source, new AbortController().signal)).toBe('abc');
  });

  it('ends soon after the signal, with what still came', async () => {
    const source = new PassThrough();
    const controller = new AbortController();
    source.write('abc');
    setTimeout(() => controller.abort(), 10);
    setTimeout(() => source.write('def'), 30);
    expect(await collect(source, controller.signal)).toBe('abcdef');
    expect(source.destroyed).toBe(true);
  });

  it('passes on an error', async () => {
    const source = new PassThrough();
    setTimeout(() => source.destroy(new Error('broken')), 5);
    await expect(collect(source, new AbortController().signal)).rejects.toThrow('broken');
  });
});
