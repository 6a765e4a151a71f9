import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { mayHoldSecrets, prepareInput } from '../../../src/capture/inputs.js';
import { linkTypeOfCap } from '../../../src/capture/live/cap-link-types.js';
import { CapReader, type CapSource } from '../../../src/capture/live/cap-source.js';
import { readCapture } from '../../../src/capture/read.js';
import { createWindow } from '../../../src/capture/reader.js';
import { Warnings } from '../../../src/warnings.js';
import { ramp } from '../build.js';

/** Emits as npm cap does: the frame is in the buffer, which the next one overwrites. */
class FakeCap extends EventEmitter {
  readonly buffer = Buffer.alloc(65_535);
  isClosed = false;

  send(data: Uint8Array, isCut = false): void {
    this.buffer.set(data);
    this.emit('packet', data.length, isCut);
  }

  close(): boolean {
    this.isClosed = true;
    return true;
  }

  source(linkType: number | string = 'ETHERNET'): CapSource {
    return { cap: this, buffer: this.buffer, linkType };
  }
}

interface Seen {
  data: number[];
  originalLength: number;
  time: number;
  linkType: number;
}

function sinkOf(seen: Seen[]) {
  return {
    frame(bytes: Uint8Array, at: number, length: number, originalLength: number, s: number, ns: number, linkType: number) {
      seen.push({ data: [...bytes.subarray(at, at + length)], originalLength, time: s + ns * 1e-9, linkType });
    },
  };
}

describe('an open cap as an input', () => {
  it('gives its frames from the call on, with the time at which they came', async () => {
    const cap = new FakeCap();
    const seen: Seen[] = [];
    const before = Date.now() / 1000;
    const reading = readCapture([cap.source()], sinkOf(seen), new Warnings());
    cap.send(ramp(60, 1));
    cap.send(ramp(40, 2), true);
    await reading.next();
    const waiting = reading.next();
    setTimeout(() => cap.send(ramp(20, 3)), 5);
    expect((await waiting).value).toMatchObject({ frames: 3, bytesRead: 120, totalBytes: null });
    expect(seen.map(({ data, originalLength }) => [data.length, data[0], originalLength])).toEqual([
      [60, 1, 60],
      [40, 2, 41],
      [20, 3, 20],
    ]);
    for (const { time, linkType } of seen) {
      expect(Math.abs(time - before)).toBeLessThan(2);
      expect(linkType).toBe(1);
    }
    await reading.return([]);
    expect(cap.isClosed).toBe(true);
    expect(cap.listenerCount('packet')).toBe(0);
  });

  it('ends with the reason of the signal, and is closed', async () => {
    const cap = new FakeCap();
    const reason = new Error('enough');
    const controller = new AbortController();
    const reading = readCapture([cap.source()], sinkOf([]), new Warnings(), { signal: controller.signal });
    const waiting = reading.next();
    setTimeout(() => controller.abort(reason), 5);
    await expect(waiting).rejects.toBe(reason);
    expect(cap.isClosed).toBe(true);
  });

  it('ends when its reader is closed, and tells what it was', async () => {
    const cap = new FakeCap();
    const reader = open(new CapReader(cap.source('LINKTYPE_LINUX_SLL')), []);
    cap.send(ramp(10));
    expect(await reader.step()).toBe(true);
    const waiting = reader.step();
    reader.close();
    expect(await waiting).toBe(false);
    cap.send(ramp(10));
    expect(reader.describe()).toEqual({
      name: 'cap',
      format: 'live',
      linkTypes: ['LINUX_SLL'],
      snapLength: 65_535,
      frames: 1,
      bytes: 10,
      dropped: 0,
      truncated: false,
    });
  });

  it('drops and counts what nobody takes', async () => {
    const cap = new FakeCap();
    const seen: Seen[] = [];
    const reader = open(new CapReader(cap.source(), 4096), seen);
    for (let count = 0; count < 100; count++) cap.send(ramp(500, count));
    await reader.step();
    for (let count = 100; count < 110; count++) cap.send(ramp(500, count));
    await reader.step();
    const { frames, dropped } = reader.describe();
    expect(frames).toBe(seen.length);
    expect((dropped ?? 0) + frames).toBe(110);
    expect(seen.map(({ data }) => data[0])).toEqual([0, 1, 2, 3, 4, 5, 6, ...seen.slice(7).map((_, index) => 100 + index)]);
    expect(seen.length).toBeGreaterThan(10);
  });

  it('delivers frames in order while others come', async () => {
    const cap = new FakeCap();
    const seen: Seen[] = [];
    const reader = open(new CapReader(cap.source(), 1000), seen);
    for (let count = 0; count < 256; count++) {
      cap.send(ramp(1 + ((count * 37) % 200), count));
      if (count % 2 === 1) await reader.step();
    }
    while (seen.length < 256) await reader.step();
    expect(seen.map(({ data }) => data[0])).toEqual(Array.from({ length: 256 }, (_, index) => index));
    expect(reader.describe().dropped).toBe(0);
  });

  it('holds no secrets', () => expect(mayHoldSecrets(new FakeCap().source())).toBe(false));

  it('must be what it says', () => {
    const cap = new FakeCap();
    for (const source of [
      { cap: {}, buffer: cap.buffer, linkType: 1 },
      { cap, buffer: 'x', linkType: 1 },
      { cap, buffer: cap.buffer, linkType: 'constructor' },
      { cap, buffer: cap.buffer },
    ]) {
      expect(() => prepareInput(source as unknown as CapSource)).toThrow(TypeError);
    }
    expect(cap.listenerCount('packet')).toBe(0);
  });
});

describe('link types as cap names them', () => {
  it.each([
    ['NULL', 0],
    ['ETHERNET', 1],
    ['IEEE802_11_RADIO', 127],
    ['LINKTYPE_LINUX_SLL', 113],
    ['RAW', 101],
    ['Unknown linktype 276', 276],
    ['Unknown linktype 11', 100],
    ['Unknown linktype', null],
    ['toString', null],
    ['', null],
  ])('%s', (name, number) => expect(linkTypeOfCap(name)).toBe(number));
});

function open(reader: CapReader, seen: Seen[]): CapReader {
  reader.begin({ window: createWindow(), sink: sinkOf(seen), warnings: new Warnings(), framesBefore: 0 });
  return reader;
}
