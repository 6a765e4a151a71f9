import { describe, expect, it } from 'vitest';
import { block, concat, enhanced, interfaceBlock, microseconds, option, PACKETS, ramp, section, u16, u32 } from './build.js';
import { chunks, collect, seen } from './collect.js';

const [PACKET] = PACKETS;
const RECEIVED = 4;
const INTERFACE_DROPPED = 5;
const SYSTEM_DROPPED = 7;
const UNKNOWN_COUNT = 0xffff_ffff_ffff_ffffn;

describe.each([true, false])('interface statistics of pcapng (little-endian: %s)', (littleEndian) => {
  const head = concat(section(littleEndian), interfaceBlock({}, littleEndian), interfaceBlock({}, littleEndian));
  const packet = enhanced(0, microseconds(PACKET), PACKET, littleEndian);

  const told: [what: string, blocks: Uint8Array[], dropped: number | null][] = [
    ['nothing without a block', [], null],
    ['nothing of a block without these counts', [statistics(0, [[RECEIVED, 9n]])], null],
    ['what the interface dropped', [statistics(0, [[INTERFACE_DROPPED, 3n]])], 3],
    [
      'what the interface and the system dropped',
      [
        statistics(0, [
          [INTERFACE_DROPPED, 3n],
          [SYSTEM_DROPPED, 4n],
        ]),
      ],
      7,
    ],
    ['counts of 64 bits', [statistics(0, [[SYSTEM_DROPPED, 0x1_0000_0002n]])], 0x1_0000_0002],
    ['the newest count', [statistics(0, [[SYSTEM_DROPPED, 4n]]), statistics(0, [[SYSTEM_DROPPED, 6n]])], 6],
    ['zero', [statistics(0, [[SYSTEM_DROPPED, 0n]])], 0],
    ['the sum over interfaces', [statistics(0, [[SYSTEM_DROPPED, 4n]]), statistics(1, [[SYSTEM_DROPPED, 5n]])], 9],
    [
      'the sum over sections',
      [statistics(0, [[SYSTEM_DROPPED, 4n]]), head, statistics(0, [[SYSTEM_DROPPED, 2n]]), statistics(0, [[SYSTEM_DROPPED, 3n]])],
      7,
    ],
    ['no count that its writer did not have', [statistics(0, [[SYSTEM_DROPPED, UNKNOWN_COUNT]])], null],
    ['nothing of an interface that is not described', [statistics(2, [[SYSTEM_DROPPED, 4n]])], null],
    ['nothing of a block that is too short', [block(5, ramp(8), littleEndian), block(5, ramp(0), littleEndian)], null],
    ['what stands before an option beyond the end', [statistics(0, [[SYSTEM_DROPPED, 4n]], beyond())], 4],
    ['no count of another length', [statistics(0, [], option(SYSTEM_DROPPED, ramp(4), littleEndian))], null],
    ['nothing behind the last option', [statistics(0, [[0, 1n]], option(SYSTEM_DROPPED, ramp(8), littleEndian))], null],
  ];

  it.each(told)('tell %s', async (_, blocks, dropped) => {
    const { sources, frames, warnings } = await collect([chunks(concat(head, packet, ...blocks, packet))]);
    expect(sources[0]).toMatchObject({ dropped, truncated: false });
    expect(frames).toEqual(seen([PACKET, PACKET]));
    expect(warnings).toEqual([]);
  });

  it('tell the same in chunks of any length', async () => {
    const bytes = concat(head, packet, statistics(1, [[SYSTEM_DROPPED, 5n]]));
    for (let length = 1; length < 40; length++) expect((await collect([chunks(bytes, length)])).sources[0].dropped).toBe(5);
  });

  /** Interface, time, options. */
  function statistics(number: number, counts: [code: number, value: bigint][], more: Uint8Array = new Uint8Array(0)): Uint8Array {
    const options = counts.map(([code, value]) => option(code, u64(value), littleEndian));
    return block(5, concat(u32(number, littleEndian), ramp(8), ...options, more), littleEndian);
  }

  function beyond(): Uint8Array {
    return concat(u16(INTERFACE_DROPPED, littleEndian), u16(0xfff0, littleEndian), ramp(8));
  }

  function u64(value: bigint): Uint8Array {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, value, littleEndian);
    return bytes;
  }
});
