import { describe, expect, it } from 'vitest';
import { progressBar, progressLine } from '../../src/cli/progress.js';

const HALF = { bytesRead: 50e6, totalBytes: 100e6, frames: 1234 };

describe('progressLine', () => {
  it.each([
    [HALF, 2, 'reading [##########..........]  50 %  50.0 MB, 1234 frames, 25.0 MB/s'],
    [{ ...HALF, bytesRead: 0 }, 2, 'reading [....................]   0 %  0.0 MB, 1234 frames, 0.0 MB/s'],
    [{ ...HALF, bytesRead: 101e6 }, 2, 'reading [####################] 100 %  101.0 MB, 1234 frames, 50.5 MB/s'],
    [{ ...HALF, totalBytes: null }, 2, 'reading 50.0 MB, 1234 frames, 25.0 MB/s'],
    [{ ...HALF, totalBytes: 0 }, 2, 'reading 50.0 MB, 1234 frames, 25.0 MB/s'],
  ])('%j', (progress, seconds, line) => expect(progressLine(progress, seconds)).toBe(line));
});

describe('progressBar', () => {
  function bar(columns = 80) {
    let time = 0;
    const written: string[] = [];
    const progress = progressBar({ columns, write: (text) => written.push(text) }, () => time);
    const at = (ms: number) => {
      time = ms;
      progress.update(HALF);
    };
    return { progress, written, at };
  }

  it('draws nothing in the first second', () => {
    const { progress, written, at } = bar();
    at(0);
    at(999);
    progress.end();
    expect(written).toEqual([]);
  });

  it('then draws at intervals, and erases itself', () => {
    const { progress, written, at } = bar();
    at(1000);
    at(1050);
    at(1099);
    at(1100);
    progress.end();
    at(2000);
    expect(written).toHaveLength(3);
    expect(written[0]).toMatch(/^\rreading \[#+\.+\]/);
    expect(written[2]).toBe('\r\x1b[K');
  });

  it('stays on one line of a narrow terminal', () => {
    const { written, at } = bar(20);
    at(1000);
    expect(written[0]).toBe(`\r${'reading [##########'.slice(0, 19)}\x1b[K`);
  });
});
