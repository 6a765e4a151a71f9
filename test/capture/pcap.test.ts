import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/capture/input-error.js';
import { concat, MODIFIED, NANOSECONDS, PACKETS, type Packet, type PcapOptions, pcap, pcapHeader, pcapRecord, ramp, u32 } from './build.js';
import { chunks, collect, seen } from './collect.js';

const TWINS: { what: string; options: PcapOptions }[] = [
  { what: 'little-endian', options: { littleEndian: true } },
  { what: 'big-endian', options: { littleEndian: false } },
  { what: 'little-endian with nanoseconds', options: { littleEndian: true, magic: NANOSECONDS } },
  { what: 'big-endian with nanoseconds', options: { littleEndian: false, magic: NANOSECONDS } },
  { what: 'little-endian with longer record headers', options: { littleEndian: true, magic: MODIFIED } },
  { what: 'big-endian with longer record headers', options: { littleEndian: false, magic: MODIFIED } },
];

describe('pcap', () => {
  it.each(TWINS)('$what gives the same frames', async ({ options }) => {
    const { frames, sources, warnings } = await collect([chunks(pcap(PACKETS, options))]);
    expect(frames).toEqual(seen(PACKETS));
    expect(warnings).toEqual([]);
    expect(sources).toEqual([
      {
        name: 'stream',
        format: 'pcap',
        linkTypes: ['Ethernet'],
        snapLength: 262_144,
        frames: 3,
        bytes: 122,
        dropped: null,
        truncated: false,
      },
    ]);
  });

  it.each([1, 2, 3, 7, 16, 1000])('gives the same frames from chunks of %i bytes', async (length) => {
    expect((await collect([chunks(pcap(PACKETS), length)])).frames).toEqual(seen(PACKETS));
  });

  it('keeps nanoseconds', async () => {
    const packets = [{ seconds: 1, nanoseconds: 123_456_789, data: ramp(4) }];
    expect((await collect([chunks(pcap(packets, { magic: NANOSECONDS }))])).frames[0].nanoseconds).toBe(123_456_789);
  });

  it('carries a fraction of more than a second over', async () => {
    const packets = [{ seconds: 5, nanoseconds: 2_500_000_000, data: ramp(4) }];
    expect((await collect([chunks(pcap(packets))])).frames[0]).toMatchObject({ seconds: 7, nanoseconds: 500_000_000 });
  });

  it('takes the link type from the low 16 bits of its field', async () => {
    const { frames, sources } = await collect([chunks(pcap(PACKETS, { linkType: 0x24000071 }))]);
    expect(frames[0].linkType).toBe(0x71);
    expect(sources[0].linkTypes).toEqual(['LINUX_SLL']);
  });

  it.each([
    { field: 0, snapLength: null },
    { field: 96, snapLength: 96 },
    { field: 262_144, snapLength: 262_144 },
    { field: 262_145, snapLength: null },
    { field: 0xffffffff, snapLength: null },
  ])('reads a snap length of $field as $snapLength', async ({ field, snapLength }) => {
    expect((await collect([chunks(pcap([], { snapLength: field }))])).sources[0].snapLength).toBe(snapLength);
  });

  it('accepts packets longer than the snap length, up to 262144 bytes, and longer than they were', async () => {
    const packets = [
      { seconds: 1, nanoseconds: 0, data: ramp(262_144) },
      { seconds: 2, nanoseconds: 0, data: ramp(60), originalLength: 10 },
      { seconds: 3, nanoseconds: 0, data: ramp(262_144) },
    ];
    const { frames, warnings } = await collect([chunks(pcap(packets, { snapLength: 65_535 }))]);
    expect(frames).toEqual(seen(packets));
    expect(warnings).toEqual([]);
  });

  it('reads frames of no bytes, and files of no frames', async () => {
    const packets = [{ seconds: 1, nanoseconds: 0, data: ramp(0), originalLength: 60 }];
    expect((await collect([chunks(pcap(packets))])).frames).toEqual(seen(packets));
    expect((await collect([chunks(pcap([]))])).sources[0]).toMatchObject({ frames: 0, bytes: 0, truncated: false });
  });
});

describe('damaged pcap', () => {
  it('delivers at every length what is complete, and says where the file is cut', async () => {
    const whole = pcap(PACKETS);
    const ends = [24, 24 + 16 + 60, 24 + 16 + 60 + 16 + 61, whole.length];
    for (let length = 0; length < whole.length; length++) {
      const cut = whole.subarray(0, length);
      if (length < 24) {
        await expect(collect([chunks(cut, 5)]), `${length} bytes`).rejects.toBeInstanceOf(InputError);
        continue;
      }
      const { frames, sources, warnings } = await collect([chunks(cut, 5)]);
      const complete = ends.filter((end) => end <= length).length - 1;
      expect(frames, `${length} bytes`).toEqual(seen(PACKETS).slice(0, complete));
      expect(sources[0].truncated, `${length} bytes`).toBe(!ends.includes(length));
      expect(warnings.map(({ code, frame }) => ({ code, frame }))).toEqual(
        ends.includes(length) ? [] : [{ code: 'capture-cut', frame: complete || null }],
      );
    }
  });

  it.each([
    { what: 'header', length: 24 + 76 + 10, message: 'a packet header of 16 bytes, 10 of them there' },
    { what: 'data', length: 24 + 76 + 16 + 11, message: 'a packet of 61 bytes, 11 of them there' },
  ])('names frame and byte of a cut in the $what', async ({ length, message }) => {
    const { warnings } = await collect([{ name: 'a.pcap', stream: chunks(pcap(PACKETS).subarray(0, length)) }]);
    expect(warnings).toEqual([
      {
        code: 'capture-cut',
        message: `a.pcap: cut at byte 100, after frame 1: the file ends in ${message}; all before it was read`,
        count: 1,
        frame: 1,
      },
    ]);
  });

  it.each(TWINS)('stops where a second file was joined to it: $what', async ({ options }) => {
    const { frames, warnings } = await collect([chunks(concat(pcap(PACKETS), pcap(PACKETS, options)))]);
    expect(frames).toEqual(seen(PACKETS));
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining('merge them by mergecap')]);
  });

  it.each([262_145, 0x7fffffff, 0xffffffff])('stops before a packet of %i bytes', async (length) => {
    const bad = concat(u32(1, true), u32(2, true), u32(length, true), u32(60, true), ramp(500));
    const { frames, sources, warnings } = await collect([chunks(concat(pcapHeader(), pcapRecord(PACKETS[0]), bad))]);
    expect(frames).toEqual(seen(PACKETS.slice(0, 1)));
    expect(sources[0]).toMatchObject({ truncated: true, frames: 1 });
    const problem = `a packet of ${length} bytes, at most 262144 expected`;
    expect(warnings).toMatchObject([
      { code: 'capture-damaged', frame: 1, message: `stream: damaged at byte 100, after frame 1: ${problem}; all before it was read` },
    ]);
  });

  it('counts bytes from the beginning of the file, however much was read before', async () => {
    const packets: Packet[] = Array.from({ length: 1000 }, (_, index) => ({ seconds: index, nanoseconds: 0, data: ramp(2000) }));
    const whole = pcap(packets);
    const { frames, warnings } = await collect([chunks(whole.subarray(0, whole.length - 1), 70_000)]);
    expect(frames).toHaveLength(999);
    expect(warnings[0].message).toContain(`at byte ${24 + 999 * 2016}, after frame 999`);
  });
});
