import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PacketWriter, type PacketWriterOptions } from '../../../src/capture/live/packet-writer.js';
import { concat, ramp } from '../build.js';
import { type Collected, chunks, collect } from '../collect.js';

const CAPACITY = 4096;
const START = Date.UTC(2026, 0, 2, 3, 4, 5);

beforeEach(() => void vi.useFakeTimers({ now: START, toFake: ['Date', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** A reader that has room for so many bytes; `Infinity` takes all. */
class Pipe {
  room = Number.POSITIVE_INFINITY;
  writes = 0;
  readonly parts: Uint8Array[] = [];
  readonly write = (bytes: Uint8Array): number => {
    this.writes++;
    const length = Math.min(bytes.length, this.room);
    this.room -= length;
    if (length > 0) this.parts.push(bytes.slice(0, length));
    return length;
  };

  read(): Promise<Collected> {
    vi.useRealTimers();
    return collect([chunks(concat(...this.parts))]);
  }
}

function open(options: Partial<PacketWriterOptions> = {}): { pipe: Pipe; writer: PacketWriter } {
  const pipe = new Pipe();
  const given = { linkType: 1, snapLength: 65_535, device: 'lo', filter: 'udp', write: pipe.write, capacity: CAPACITY };
  return { pipe, writer: new PacketWriter({ ...given, ...options }) };
}

describe('frames that are made a stream', () => {
  it('have the time at which they came', async () => {
    const { pipe, writer } = open();
    writer.frame(ramp(60), 60, false);
    vi.advanceTimersByTime(1234);
    writer.frame(ramp(100), 50, true);
    writer.flush();
    const { frames, sources } = await pipe.read();
    const at = START / 1000;
    expect(frames.map(({ seconds, nanoseconds }) => Math.round((seconds - at) * 1000 + nanoseconds / 1e6))).toEqual([0, 1234]);
    expect(frames.map(({ hex, originalLength }) => [hex.length / 2, originalLength])).toEqual([
      [60, 60],
      [50, 51],
    ]);
    expect(sources[0]).toMatchObject({ format: 'pcapng', linkTypes: ['Ethernet'], snapLength: 65_535, truncated: false });
  });

  it('begin with the headers, also without a frame', async () => {
    const { pipe, writer } = open({ linkType: 113 });
    expect(writer.flush()).toBe(true);
    expect((await pipe.read()).sources[0]).toMatchObject({ frames: 0, dropped: null });
  });

  it('wait for others at most 20 ms', () => {
    const { pipe, writer } = open({ capacity: 1024 * 1024 });
    writer.flush();
    writer.frame(ramp(60), 60, false);
    vi.advanceTimersByTime(19);
    writer.frame(ramp(60), 60, false);
    expect(pipe.writes).toBe(1);
    vi.advanceTimersByTime(1);
    writer.frame(ramp(60), 60, false);
    expect(pipe.writes).toBe(2);
    expect(writer.waiting).toBe(0);
  });

  it('are written when there are 64 KiB of them', () => {
    const { pipe, writer } = open({ capacity: 1024 * 1024 });
    writer.flush();
    for (let count = 0; count < 64; count++) writer.frame(ramp(1024), 1024, false);
    expect(pipe.writes).toBe(2);
  });

  it('are whole when the reader takes any part of what it is given', async () => {
    const { pipe, writer } = open({ capacity: 64 * 1024 });
    for (let count = 0; count < 200; count++) {
      writer.frame(ramp(60, count), 60, false);
      pipe.room = count % 150;
      writer.flush();
    }
    pipe.room = Number.POSITIVE_INFINITY;
    writer.flush();
    expect(writer.flush()).toBe(true);
    const { frames, warnings } = await pipe.read();
    expect(frames.map(({ hex }) => Number.parseInt(hex.slice(0, 2), 16))).toEqual(Array.from({ length: 200 }, (_, index) => index & 0xff));
    expect(warnings).toEqual([]);
  });

  it('are dropped and counted where the reader does not keep up', async () => {
    const { pipe, writer } = open();
    pipe.room = 0;
    for (let count = 0; count < 100; count++) writer.frame(ramp(500, count), 500, false);
    expect(writer.waiting).toBeLessThanOrEqual(CAPACITY);
    pipe.room = Number.POSITIVE_INFINITY;
    writer.tell();
    expect(writer.flush()).toBe(true);
    const { frames, sources } = await pipe.read();
    expect(frames).toHaveLength(7);
    expect(sources[0].dropped).toBe(93);
  });

  it('are not tried again for every one while the reader has no room', () => {
    const { pipe, writer } = open({ capacity: 1024 * 1024 });
    pipe.room = 0;
    writer.flush();
    for (let count = 0; count < 500; count++) writer.frame(ramp(1000), 1000, false);
    expect(pipe.writes).toBe(1);
    vi.advanceTimersByTime(1);
    writer.frame(ramp(1000), 1000, false);
    writer.frame(ramp(1000), 1000, false);
    expect(pipe.writes).toBe(2);
  });

  it('are counted every second while they come', async () => {
    const { pipe, writer } = open();
    for (let count = 0; count < 5; count++) {
      vi.advanceTimersByTime(999);
      writer.frame(ramp(10), 10, false);
      vi.advanceTimersByTime(1);
      writer.frame(ramp(10), 10, false);
    }
    writer.flush();
    const blocks = blockTypes(concat(...pipe.parts));
    expect(blocks.filter((type) => type === 5)).toHaveLength(5);
    expect((await pipe.read()).sources[0].dropped).toBe(0);
  });

  it('have counts even where these had no room for long', async () => {
    const { pipe, writer } = open({ capacity: 700 });
    pipe.room = 0;
    for (let count = 0; count < 50; count++) {
      writer.frame(ramp(40), 40, false);
      vi.advanceTimersByTime(100);
    }
    expect(writer.flush()).toBe(false);
    pipe.room = Number.POSITIVE_INFINITY;
    while (!writer.flush());
    const { frames, sources } = await pipe.read();
    expect(frames.length).toBeGreaterThan(2);
    expect(frames.length + (sources[0].dropped ?? 0)).toBe(50);
  });

  it('follow a clock that was set', async () => {
    const { pipe, writer } = open();
    writer.frame(ramp(10), 10, false);
    vi.setSystemTime(START + 3_600_000);
    vi.advanceTimersByTime(1001);
    writer.frame(ramp(10), 10, false);
    writer.frame(ramp(10), 10, false);
    writer.flush();
    const [first, , last] = (await pipe.read()).frames;
    expect(last.seconds - first.seconds).toBeGreaterThanOrEqual(3600);
  });
});

function blockTypes(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer);
  const types: number[] = [];
  for (let at = 0; at < bytes.length; at += view.getUint32(at + 4, true)) types.push(view.getUint32(at, true));
  return types;
}
