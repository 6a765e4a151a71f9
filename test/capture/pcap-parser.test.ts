import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { readCapture } from '../../src/capture/read.js';
import { Warnings } from '../../src/warnings.js';
import { parse } from '../support/pcap-parser.js';
import { concat, NANOSECONDS, PACKETS, type Packet, pcap, ramp, u32 } from './build.js';
import { collect, scratchDirectory, seen } from './collect.js';

const scratch = scratchDirectory();
const MANY: Packet[] = Array.from({ length: 20_000 }, (_, index) => ({ seconds: index, nanoseconds: 1000, data: ramp(100, index) }));

describe('a pcap-parser object', () => {
  it.each([true, false])('is a source as it is (little-endian: %s)', async (littleEndian) => {
    const path = scratch.write('small', pcap(PACKETS, { littleEndian, linkType: 0x24000001, snapLength: 96 }));
    const { frames, sources, warnings } = await collect([parse(path)]);
    expect(frames).toEqual(seen(PACKETS));
    expect(warnings).toEqual([]);
    expect(sources).toEqual([
      { name: path, format: 'pcap', linkTypes: ['Ethernet'], snapLength: 96, frames: 3, bytes: 122, dropped: null, truncated: false },
    ]);
  });

  it('is read whole, paused while its packets wait', async () => {
    const parser = parse(scratch.write('many', pcap(MANY)));
    const frames: number[] = [];
    const counts: number[] = [];
    const sink = { frame: (...values: unknown[]) => void frames.push(values[4] as number) };
    for await (const progress of readCapture([parser], sink, new Warnings())) {
      if (counts.length < 3) await new Promise((resolve) => setTimeout(resolve, 30));
      counts.push(progress.frames);
    }
    // A stream of a file gives 64 KiB at once.
    expect(Math.max(...counts.slice(0, 4).map((count, index) => count - (counts[index - 1] ?? 0)))).toBeLessThan(1200);
    expect(frames).toEqual(MANY.map(({ seconds }) => seconds));
  });

  it('may wait before it is read: it is listened to from the call on', async () => {
    const frames: unknown[] = [];
    const reading = readCapture(
      [parse(scratch.write('wait', pcap(PACKETS)))],
      { frame: (...values) => frames.push(values) },
      new Warnings(),
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    for await (const _ of reading);
    expect(frames).toHaveLength(3);
  });

  it('can be any emitter of the same events', async () => {
    const emitter = new EventEmitter();
    const reading = collect([emitter]);
    emitter.emit('globalHeader', { snapshotLength: 0, linkLayerType: 101 });
    const header = { timestampSeconds: 1, timestampMicroseconds: 2, capturedLength: 3, originalLength: 4 };
    emitter.emit('packet', { header, data: ramp(3) });
    setTimeout(() => emitter.emit('end'), 5);
    const { frames, sources } = await reading;
    expect(frames).toEqual([{ hex: '000102', originalLength: 4, seconds: 1, nanoseconds: 2000, linkType: 101 }]);
    expect(sources).toMatchObject([{ name: 'pcap-parser', linkTypes: ['RAW'], snapLength: null }]);
  });

  it.each([
    { what: 'header', length: 110, problem: 'a packet header of 16 bytes, 10 of them there' },
    { what: 'data', length: 127, problem: 'a packet of 61 bytes, 11 of them there' },
    { what: 'data, before the first of them', length: 116, problem: 'a packet of 61 bytes, 0 of them there' },
  ])('cut in the $what has delivered what came before', async ({ length, problem }) => {
    const path = scratch.write('cut', pcap(PACKETS).subarray(0, length));
    const { frames, sources, warnings } = await collect([parse(path)]);
    expect(frames).toEqual(seen(PACKETS.slice(0, 1)));
    expect(sources[0].truncated).toBe(true);
    const message = `${path}: cut at byte 100, after frame 1: the file ends in ${problem}; all before it was read`;
    expect(warnings).toEqual([{ code: 'capture-cut', message, count: 1, frame: 1 }]);
  });

  it('stops at a packet that is too long, instead of collecting it', async () => {
    const bad = concat(u32(1, true), u32(2, true), u32(0x7fffffff, true), u32(60, true), ramp(200_000));
    const parser = parse(Readable.from([Buffer.from(concat(pcap(PACKETS), bad))]));
    const { frames, warnings } = await collect([parser]);
    expect(frames).toEqual(seen(PACKETS));
    expect(warnings).toMatchObject([
      { code: 'capture-damaged', frame: 3, message: expect.stringContaining('a packet of 2147483647 bytes') },
    ]);
    expect(parser.stream.destroyed).toBe(true);
  });

  it.each([
    { what: 'no file', input: () => scratch.path('none'), code: 'ERR_NOT_FOUND', message: 'no such file' },
    { what: 'an empty file', input: () => scratch.write('0', ramp(0)), code: 'ERR_EMPTY', message: 'is empty' },
    {
      what: '20 bytes',
      input: () => scratch.write('20', pcap([]).subarray(0, 20)),
      code: 'ERR_NOT_A_CAPTURE',
      message: 'cut in its first header: 20 bytes',
    },
    {
      what: 'nanoseconds',
      input: () => scratch.write('ns', pcap(PACKETS, { magic: NANOSECONDS })),
      code: 'ERR_NOT_A_CAPTURE',
      message: 'unknown magic number: 4d3cb2a1; pcap-parser reads pcap with microseconds only, give the path instead',
    },
  ])('of $what is refused', async ({ input, code, message }) => {
    await expect(collect([parse(input())])).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('that has read its input before is refused, not waited for', async () => {
    const parser = parse(scratch.write('over', pcap(PACKETS)));
    await new Promise((resolve) => parser.on('end', resolve));
    await expect(collect([parser])).rejects.toMatchObject({ code: 'ERR_READ', message: expect.stringContaining('already read') });
  });

  it('that emits packets of another kind is refused', async () => {
    const emitter = new EventEmitter();
    const reading = collect([emitter]);
    emitter.emit('packet', 60, false);
    await expect(reading).rejects.toMatchObject({ code: 'ERR_READ', message: expect.stringContaining('not those of pcap-parser') });
  });

  it('that stays silent can be given up', async () => {
    const parser = parse(new Readable({ read() {} }));
    await expect(collect([parser], { signal: AbortSignal.timeout(30) })).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(parser.stream.destroyed).toBe(true);
  });
});
