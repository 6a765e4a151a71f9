import { execFileSync, spawn } from 'node:child_process';
import { createReadStream, readdirSync } from 'node:fs';
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { FrameSink } from '../../src/capture/frame-sink.js';
import { type CaptureInput, readCapture } from '../../src/capture/read.js';
import { Warnings } from '../../src/warnings.js';
import { PACKETS, type Packet, pcap, pcapng, ramp } from './build.js';
import { chunks, collect, scratchDirectory, seen } from './collect.js';

const IGNORE = { frame() {} };
const scratch = scratchDirectory();

function at(seconds: number, nanoseconds = 0): Packet {
  return { seconds, nanoseconds, data: ramp(20, seconds) };
}

async function collectNothing(path: string, sink: FrameSink, signal: AbortSignal): Promise<void> {
  for await (const _ of readCapture([path], sink, new Warnings(), { signal }));
}

function manyPackets(count: number): Packet[] {
  return Array.from({ length: count }, (_, index) => at(index));
}

describe('several files', () => {
  it('are one capture in the order of their first packets', async () => {
    const files = [at(30), at(10), at(20, 5000), at(20)].map((packet, index) => scratch.write(`part${index}`, pcap([packet])));
    const { frames, sources } = await collect(files);
    expect(frames.map(({ seconds, nanoseconds }) => [seconds, nanoseconds])).toEqual([
      [10, 0],
      [20, 0],
      [20, 5000],
      [30, 0],
    ]);
    expect(sources.map(({ name }) => name)).toEqual([1, 3, 2, 0].map((index) => files[index]));
  });

  it('keep their places when they have no first packet, and their order when it is the same', async () => {
    const late = scratch.write('late', pcap([at(30)]));
    const empty = scratch.write('none', pcap([]));
    const early = scratch.write('early', pcapng([at(10)]));
    const same = scratch.write('same', pcap([at(10)]));
    const { sources } = await collect([late, empty, { name: 'stream', stream: chunks(pcap([at(1)])) }, early, same]);
    expect(sources.map(({ name }) => name)).toEqual([early, empty, 'stream', same, late]);
  });

  it('are opened one at a time', async () => {
    const files = Array.from({ length: 300 }, (_, index) => scratch.write(`many${index}`, pcap([at(1000 - index)])));
    let most = 0;
    let frames = 0;
    const before = readdirSync('/proc/self/fd').length;
    const sink = {
      frame() {
        frames++;
        most = Math.max(most, readdirSync('/proc/self/fd').length - before);
      },
    };
    for await (const _ of readCapture(files, sink, new Warnings()));
    expect(frames).toBe(300);
    expect(most).toBeLessThan(3);
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });
});

describe('progress', () => {
  it('counts bytes and frames over all files, and knows their size', async () => {
    const files = [scratch.write('one', pcap(PACKETS)), scratch.write('two', pcap(PACKETS))];
    const { progress } = await collect(files);
    const size = pcap(PACKETS).length;
    expect(progress[0]).toEqual({ bytesRead: size, totalBytes: 2 * size, frames: 3 });
    expect(progress.at(-1)).toEqual({ bytesRead: 2 * size, totalBytes: 2 * size, frames: 6 });
  });

  it('has no size for a stream', async () => {
    expect((await collect([chunks(pcap(PACKETS))])).progress.at(-1)).toMatchObject({ totalBytes: null, frames: 3 });
  });

  it('comes after each window, so that a reader can stop early', async () => {
    const path = scratch.write('long', pcap(manyPackets(60_000)));
    let frames = 0;
    const open = readdirSync('/proc/self/fd').length;
    for await (const progress of readCapture([path], { frame: () => frames++ }, new Warnings())) {
      expect(progress.frames).toBe(frames);
      break;
    }
    expect(frames).toBeGreaterThan(10_000);
    expect(frames).toBeLessThan(20_000);
    expect(readdirSync('/proc/self/fd').length).toBe(open);
  });
});

describe('streams', () => {
  const streams: { what: string; stream: () => CaptureInput; name: () => string }[] = [
    { what: 'a Node stream', stream: () => createReadStream(scratch.write('s', pcap(PACKETS))), name: () => scratch.path('s') },
    {
      what: 'a web stream',
      stream: () => Readable.toWeb(Readable.from([pcap(PACKETS)])) as AsyncIterable<Uint8Array>,
      name: () => 'stream',
    },
    { what: 'a stream with a name', stream: () => ({ name: 'stdin', stream: chunks(pcap(PACKETS), 50) }), name: () => 'stdin' },
  ];
  it.each(streams)('can be $what', async ({ stream, name }) => {
    const { frames, sources } = await collect([stream()]);
    expect(frames).toEqual(seen(PACKETS));
    expect(sources[0].name).toBe(name());
  });

  it('may give chunks larger than the window, and empty ones', async () => {
    const packets = manyPackets(50_000);
    const bytes = pcap(packets);
    async function* uneven() {
      yield bytes.subarray(0, 10);
      yield new Uint8Array(0);
      yield bytes.subarray(10);
      yield new Uint8Array(0);
    }
    expect((await collect([uneven()])).frames).toEqual(seen(packets));
  });

  it('that fail later have delivered what came before', async () => {
    async function* failing() {
      yield pcap(PACKETS);
      throw new Error('connection reset');
    }
    const { frames, sources, warnings } = await collect([failing()]);
    expect(frames).toHaveLength(3);
    expect(sources[0].truncated).toBe(true);
    expect(warnings).toMatchObject([{ code: 'capture-cut', message: expect.stringContaining('reading failed: connection reset') }]);
  });

  it('are closed when the reader stops', async () => {
    let closed = false;
    async function* endless() {
      try {
        yield pcap([]);
        for (;;) yield pcap(PACKETS).subarray(24);
      } finally {
        closed = true;
      }
    }
    for await (const { frames } of readCapture([endless()], IGNORE, new Warnings())) if (frames > 10) break;
    expect(closed).toBe(true);
  });

  it('errors of the sink come through', async () => {
    const sink = {
      frame() {
        throw new Error('mine');
      },
    };
    await expect(readCapture([chunks(pcap(PACKETS))], sink, new Warnings()).next()).rejects.toThrow('mine');
  });
});

describe('abort', () => {
  const never = {
    async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
      yield pcap(PACKETS);
      await new Promise(() => {});
    },
  };

  it.each([
    { what: 'a generator that never goes on', input: () => never },
    { what: 'a Node stream that gives nothing', input: () => new PassThrough() },
    { what: 'a web stream that gives nothing', input: () => new ReadableStream<Uint8Array>() as AsyncIterable<Uint8Array> },
  ])('ends a pending read of $what', async ({ input }) => {
    const controller = new AbortController();
    const reading = collect([input()], { signal: controller.signal });
    const started = performance.now();
    setTimeout(() => controller.abort(new Error('enough')), 20);
    await expect(reading).rejects.toThrow('enough');
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('destroys the Node stream that was read', async () => {
    const controller = new AbortController();
    const stream = new PassThrough();
    const reading = collect([stream], { signal: controller.signal });
    setTimeout(() => controller.abort(), 5);
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    expect(stream.destroyed).toBe(true);
  });

  it('before the start reads nothing', async () => {
    await expect(collect([scratch.write('x', pcap(PACKETS))], { signal: AbortSignal.abort(new Error('early')) })).rejects.toThrow('early');
  });

  it('between windows of a file ends it', async () => {
    const controller = new AbortController();
    const reading = readCapture([scratch.write('l', pcap(manyPackets(60_000)))], IGNORE, new Warnings(), { signal: controller.signal });
    await reading.next();
    controller.abort(new Error('stop'));
    await expect(reading.next()).rejects.toThrow('stop');
  });

  it('by a timer works while a file is read: the event loop has its turns', async () => {
    const path = scratch.write('turns', pcap(manyPackets(100_000)));
    const slow = {
      frame() {
        for (const until = performance.now() + 0.003; performance.now() < until; );
      },
    };
    await expect(collectNothing(path, slow, AbortSignal.timeout(100))).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});

describe.skipIf(process.platform === 'win32')('named pipes', () => {
  it('are read without a size, like files', async () => {
    const pipe = scratch.path('pipe');
    execFileSync('mkfifo', [pipe]);
    const packets = manyPackets(20_000);
    const writer = spawn('sh', ['-c', 'sleep 0.1; cat "$1" > "$2"', 'sh', scratch.write('source', pcap(packets)), pipe]);
    const { frames, sources, progress } = await collect([pipe]);
    writer.kill();
    expect(frames).toEqual(seen(packets));
    expect(sources[0].name).toBe(pipe);
    expect(progress.at(-1)).toMatchObject({ totalBytes: null, frames: 20_000 });
  });

  it('that nobody writes to can be given up', async () => {
    const pipe = scratch.path('silent');
    execFileSync('mkfifo', [pipe]);
    await expect(collect([pipe], { signal: AbortSignal.timeout(30) })).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});
