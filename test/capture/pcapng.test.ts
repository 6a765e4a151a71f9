import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/capture/input-error.js';
import {
  block,
  concat,
  enhanced,
  interfaceBlock,
  microseconds,
  obsolete,
  option,
  PACKETS,
  pcapng,
  ramp,
  secrets,
  section,
  simple,
  u16,
  u32,
} from './build.js';
import { type Collected, chunks, collect, seen } from './collect.js';

const [FIRST, SECOND, THIRD] = PACKETS;
const HEAD = concat(section(), interfaceBlock());
const NAME_RESOLUTION = block(4, ramp(40));
const STATISTICS = block(5, ramp(24));
const CUSTOM = block(0xbad, ramp(33));
const UNKNOWN = block(0x0a0d0d0b, ramp(8));
const TLS_KEY_LOG = 0x544c534b;

function enhancedNow(packet = FIRST, number = 0, littleEndian = true): Uint8Array {
  return enhanced(number, microseconds(packet), packet, littleEndian);
}

function read(...parts: Uint8Array[]): Promise<Collected> {
  return collect([chunks(concat(...parts))]);
}

describe('pcapng', () => {
  it.each([true, false])('gives the frames of its pcap twin (little-endian: %s)', async (littleEndian) => {
    const { frames, sources, warnings } = await read(pcapng(PACKETS, littleEndian));
    expect(frames).toEqual(seen(PACKETS));
    expect(warnings).toEqual([]);
    expect(sources).toEqual([
      {
        name: 'stream',
        format: 'pcapng',
        linkTypes: ['Ethernet'],
        snapLength: null,
        frames: 3,
        bytes: 122,
        dropped: null,
        truncated: false,
      },
    ]);
  });

  it.each([1, 2, 3, 7, 16, 1000])('gives the same frames from chunks of %i bytes', async (length) => {
    expect((await collect([chunks(pcapng(PACKETS), length)])).frames).toEqual(seen(PACKETS));
  });

  it('reads sections of either byte order, each with interfaces of its own', async () => {
    const second = concat(section(false), interfaceBlock({ linkType: 101 }, false), enhancedNow(SECOND, 0, false));
    const { frames, sources } = await read(HEAD, enhancedNow(), second, HEAD, enhancedNow(THIRD));
    expect(frames).toEqual([...seen([FIRST]), ...seen([SECOND], 101), ...seen([THIRD])]);
    expect(sources[0].linkTypes).toEqual(['Ethernet', 'RAW']);
  });

  it('reads interfaces with their own link types, resolutions and snap lengths', async () => {
    const interfaces = [interfaceBlock({ linkType: 276, snapLength: 96 }), interfaceBlock({ resolution: 9, snapLength: 128 })];
    const inNanoseconds = enhanced(1, 1_700_000_000_123_456_789n, FIRST);
    const { frames, sources } = await read(section(), ...interfaces, inNanoseconds, enhancedNow(FIRST, 0));
    expect(frames.map(({ linkType, nanoseconds }) => [linkType, nanoseconds])).toEqual([
      [1, 123_456_789],
      [276, 123_456_000],
    ]);
    expect(sources[0]).toMatchObject({ linkTypes: ['Ethernet', 'LINUX_SLL2'], snapLength: 128 });
  });

  it.each([true, false])('adds if_tsoffset, which is signed (little-endian: %s)', async (littleEndian) => {
    const minus10 = littleEndian ? [u32(0xfffffff6, true), u32(0xffffffff, true)] : [u32(0xffffffff, false), u32(0xfffffff6, false)];
    const described = interfaceBlock({ options: option(14, concat(...minus10), littleEndian) }, littleEndian);
    const { frames } = await read(section(littleEndian), described, enhancedNow(FIRST, 0, littleEndian));
    expect(frames[0].seconds).toBe(FIRST.seconds - 10);
  });

  it('passes blocks that it has no use for', async () => {
    const blocks = [NAME_RESOLUTION, STATISTICS, CUSTOM, UNKNOWN];
    const { frames, warnings } = await read(HEAD, ...blocks, enhancedNow(), ...blocks);
    expect(frames).toEqual(seen([FIRST]));
    expect(warnings).toEqual([]);
  });

  it('reads the obsolete packet block', async () => {
    expect((await read(HEAD, obsolete(0, microseconds(SECOND), SECOND))).frames).toEqual(seen([SECOND]));
  });

  it('gives simple packets the time of the frame before, and says so once', async () => {
    const { frames, warnings } = await read(HEAD, enhancedNow(), simple(SECOND.data), simple(THIRD.data, 9000));
    const { seconds, nanoseconds } = FIRST;
    expect(frames).toEqual(
      seen([
        FIRST,
        { ...SECOND, originalLength: 61, seconds, nanoseconds },
        { ...THIRD, data: concat(THIRD.data, ramp(3).fill(0)), originalLength: 9000, seconds, nanoseconds },
      ]),
    );
    expect(warnings).toMatchObject([{ code: 'frame-without-time', count: 2, frame: 1 }]);
  });

  it('cuts simple packets at the snap length of the first interface', async () => {
    const { frames } = await read(section(), interfaceBlock({ snapLength: 5 }), interfaceBlock({ snapLength: 50 }), simple(ramp(5), 60));
    expect(frames).toMatchObject([{ hex: '0001020304', originalLength: 60 }]);
  });

  it('hands out decryption secrets', async () => {
    const got: [number, string][] = [];
    const onSecrets = (type: number, bytes: Uint8Array) => got.push([type, Buffer.from(bytes).toString('latin1')]);
    const bytes = concat(section(), secrets(TLS_KEY_LOG, ramp(5, 0x61)), interfaceBlock(), enhancedNow(), secrets(7, ramp(0)));
    const { frames } = await collect([chunks(bytes)], { onSecrets });
    expect(got).toEqual([
      [TLS_KEY_LOG, 'abcde'],
      [7, ''],
    ]);
    expect(frames).toHaveLength(1);
    expect((await collect([chunks(bytes)])).warnings).toEqual([]);
  });
});

describe('pcapng blocks larger than the window', () => {
  const LARGE = 1_500_000;

  it.each([1_000_000, 100_003])('are passed, or taken as far as needed, in chunks of %i bytes', async (length) => {
    const got: Uint8Array[] = [];
    const options = option(1, ramp(60_000));
    const comments = concat(...Array.from({ length: 20 }, () => options));
    const keys = ramp(LARGE, 3);
    const bytes = concat(
      section(true, 1, comments),
      interfaceBlock(),
      block(0xbad, ramp(LARGE)),
      enhanced(0, microseconds(FIRST), FIRST, true, comments),
      secrets(TLS_KEY_LOG, keys),
      enhancedNow(SECOND),
    );
    const { frames, warnings } = await collect([chunks(bytes, length)], { onSecrets: (_type, data) => got.push(data) });
    expect(frames).toEqual(seen([FIRST, SECOND]));
    expect(warnings).toEqual([]);
    expect(got).toHaveLength(1);
    expect(Buffer.compare(got[0], keys)).toBe(0);
  });

  it('are cut and damaged like others', async () => {
    const large = block(0xbad, ramp(LARGE));
    const cut = await read(HEAD, enhancedNow(), large.subarray(0, LARGE - 100));
    expect(cut.warnings).toMatchObject([{ code: 'capture-cut', frame: 1 }]);
    expect(cut.warnings[0].message).toContain(`the file ends in a block of ${LARGE + 12} bytes, 112 of them not there`);
    large.fill(0xff, LARGE + 8);
    const damaged = await read(HEAD, enhancedNow(), large, enhancedNow(SECOND));
    expect(damaged.frames).toEqual(seen([FIRST]));
    expect(damaged.warnings).toMatchObject([{ code: 'capture-damaged', frame: 1 }]);
  });

  it('leaves out secrets beyond 16 MiB with a warning', async () => {
    const got: Uint8Array[] = [];
    const bytes = concat(HEAD, secrets(TLS_KEY_LOG, new Uint8Array(16 * 1024 * 1024 + 4)), enhancedNow());
    const { frames, warnings } = await collect([chunks(bytes, 100_000)], { onSecrets: (_type, data) => got.push(data) });
    expect(frames).toHaveLength(1);
    expect(got).toEqual([]);
    expect(warnings).toMatchObject([{ code: 'secrets-too-long' }]);
  });

  it('does not allocate what a block only claims', async () => {
    const claim = concat(u32(10, true), u32(0xfffffff0, true), u32(TLS_KEY_LOG, true), u32(0xffffff00, true));
    const { warnings } = await collect([chunks(concat(HEAD, claim))], { onSecrets: () => {} });
    expect(warnings.map(({ code }) => code)).toEqual(['secrets-too-long', 'capture-cut']);
  });
});

describe('damaged pcapng', () => {
  it('delivers at every length what is complete', async () => {
    const parts = [section(), interfaceBlock(), enhancedNow(), STATISTICS, enhancedNow(SECOND), simple(ramp(9))];
    const whole = concat(...parts);
    let end = 0;
    const ends = parts.map((part) => {
      end += part.length;
      return end;
    });
    for (let length = 0; length < whole.length; length++) {
      const reading = collect([chunks(whole.subarray(0, length), 9)]);
      if (length < ends[0]) {
        await expect(reading, `${length} bytes`).rejects.toBeInstanceOf(InputError);
        continue;
      }
      const { frames, sources, warnings } = await reading;
      const complete = [ends[2], ends[4], ends[5]].filter((frameEnd) => frameEnd <= length).length;
      expect(frames, `${length} bytes`).toEqual(seen(PACKETS).slice(0, complete));
      expect(sources[0].truncated, `${length} bytes`).toBe(!ends.includes(length));
      expect(warnings.map(({ code }) => code)).toEqual(ends.includes(length) ? [] : ['capture-cut']);
    }
  });

  const packetFields = (number: number, captured: number) => concat(...[number, 0, 0, captured, captured].map((value) => u32(value, true)));
  it.each([
    { what: 'a block length of 0', bad: concat(u32(6, true), u32(0, true)), problem: 'a block of 0 bytes' },
    { what: 'a block length of 8', bad: concat(u32(6, true), u32(8, true)), problem: 'a block of 8 bytes' },
    { what: 'an odd block length', bad: concat(u32(6, true), u32(33, true)), problem: 'a block of 33 bytes' },
    { what: 'another length at the end', bad: concat(CUSTOM.subarray(0, -4), u32(44, true)), problem: '48 expected at the end' },
    { what: 'an unknown interface', bad: enhancedNow(FIRST, 1), problem: 'a packet of interface 1, the section describes 1' },
    { what: 'a packet beyond its block', bad: block(6, packetFields(0, 60)), problem: 'a packet of 60 bytes in a block of 32' },
    { what: 'a packet too long', bad: block(6, packetFields(0, 262_145)), problem: 'a packet of 262145 bytes' },
    { what: 'a packet block without header', bad: block(6, ramp(16)), problem: 'too short for its own header' },
    { what: 'a simple packet block without header', bad: block(3, ramp(0)), problem: 'too short for its own header' },
    { what: 'a simple packet too long', bad: simple(ramp(262_148)), problem: 'a packet of 262148 bytes' },
    { what: 'an interface description without body', bad: block(1, ramp(4)), problem: 'options go beyond its end' },
    {
      what: 'interface options beyond their block',
      bad: block(1, concat(ramp(8), u16(9, true), u16(500, true), ramp(4))),
      problem: 'options go beyond its end',
    },
    {
      what: 'secrets beyond their block',
      bad: block(10, concat(u32(1, true), u32(500, true))),
      problem: 'decryption secrets of 500 bytes',
    },
    { what: 'a secrets block without header', bad: block(10, ramp(4)), problem: 'too short for its own header' },
    { what: 'a section of version 2', bad: section(true, 2), problem: 'pcapng version 2, version 1 expected' },
    { what: 'a section without magic', bad: concat(section().subarray(0, 8), ramp(20)), problem: 'byte-order magic' },
    { what: 'a section header too short', bad: block(0x0a0d0d0a, u32(0x1a2b3c4d, true)), problem: 'a section header of 16 bytes' },
    { what: 'an interface description of a megabyte', bad: interfaceBlock({ options: ramp(1e6).fill(1) }), problem: 'too long' },
    { what: 'a simple packet of a megabyte', bad: simple(ramp(1e6)), problem: 'too long' },
  ])('stops at $what', async ({ bad, problem }) => {
    const { frames, sources, warnings } = await read(HEAD, enhancedNow(), bad, enhancedNow(SECOND), ramp(16));
    expect(frames).toEqual(seen([FIRST]));
    expect(sources[0].truncated).toBe(true);
    expect(warnings).toMatchObject([{ code: 'capture-damaged', frame: 1 }]);
    expect(warnings[0].message).toContain(`at byte ${HEAD.length + enhancedNow().length}, after frame 1: `);
    expect(warnings[0].message).toContain(problem);
  });

  it('stops at a simple packet of a section without interface', async () => {
    const { frames, warnings } = await read(section(), simple(ramp(4)));
    expect(frames).toEqual([]);
    expect(warnings).toMatchObject([{ code: 'capture-damaged', frame: null }]);
  });

  it('stops at more interfaces than anyone has', async () => {
    const many = concat(...Array.from({ length: 65_537 }, () => block(1, new Uint8Array(8))));
    const { warnings } = await read(section(), many);
    expect(warnings[0].message).toContain('more than 65536 interfaces');
  });
});
