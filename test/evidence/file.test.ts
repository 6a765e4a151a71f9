import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { FrameInterface } from '../../src/capture/decoder.js';
import { readCapture } from '../../src/capture/read.js';
import { MAX_EVIDENCE_INTERFACES } from '../../src/limits.js';
import { EvidenceFile } from '../../src/report/evidence-capture/file.js';
import { Warnings } from '../../src/warnings.js';
import { ascii, concat, enhanced, interfaceBlock, option, PACKETS, type Packet, section } from '../capture/build.js';
import { chunks, collect, scratchDirectory, seen } from '../capture/collect.js';

const scratch = scratchDirectory();

/** Writes all frames of a capture. */
async function rewritten(capture: Uint8Array, comment = '', comments: (frame: number) => string[] = () => []): Promise<string> {
  const path = scratch.path(`${Math.random()}.pcapng`);
  const numbers = Uint32Array.from({ length: 1000 }, (_, i) => i + 1);
  const file = new EvidenceFile(path, 'a test', comment, [], { numbers, comments });
  const reading = readCapture([chunks(capture)], file, new Warnings(), { numberOf: file.numberOf });
  while (!(await reading.next()).done);
  file.end();
  return path;
}

/** The interfaces that a capture describes, in order. */
async function interfacesOf(path: string): Promise<FrameInterface[]> {
  const described: FrameInterface[] = [];
  const sink = { frame() {} };
  const reading = readCapture([path], sink, new Warnings(), { numberOf: (one) => described.push(one) });
  while (!(await reading.next()).done);
  return described;
}

describe('interfaces', () => {
  it.each([true, false])('keep link type, snap length, name, description and filter (little-endian: %j)', async (littleEndian) => {
    const options = concat(
      option(3, ascii('a description'), littleEndian),
      option(11, concat(Uint8Array.of(0), ascii('tcp')), littleEndian),
    );
    const parts = [
      section(littleEndian),
      interfaceBlock({ linkType: 1, snapLength: 1000, options, resolution: 9 }, littleEndian),
      interfaceBlock({ linkType: 113 }, littleEndian),
      interfaceBlock({ linkType: 228 }, littleEndian),
      enhanced(1, 1_700_000_000_000_001n, PACKETS[0], littleEndian),
      enhanced(0, 1_700_000_000_000_000_123n, PACKETS[1], littleEndian),
      // The same interface in another file, or another part of it, is one interface.
      section(!littleEndian),
      interfaceBlock({ linkType: 113 }, !littleEndian),
      enhanced(0, 1_700_000_001_000_000n, PACKETS[2], !littleEndian),
    ];
    const path = await rewritten(concat(...parts));
    const { frames } = await collect([path]);
    expect(frames.map(({ linkType, seconds, nanoseconds }) => [linkType, seconds, nanoseconds])).toEqual([
      [113, 1_700_000_000, 1000],
      [1, 1_700_000_000, 123],
      [113, 1_700_000_001, 0],
    ]);
    const texts = (await interfacesOf(path)).map(({ linkType, snapLength, options: given }) => [
      linkType,
      snapLength,
      ...given.map(([code, value]) => `${code} ${Buffer.from(value)}`),
    ]);
    expect(texts).toEqual([
      [113, null, '2 eth0'],
      [1, 1000, '2 eth0', '3 a description', '11 \0tcp'],
    ]);
  });

  it('have times of any year', async () => {
    const years: Packet[] = [0, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 33 + 5].map((seconds) => ({
      ...PACKETS[0],
      seconds,
      nanoseconds: 999_999_999,
    }));
    const blocks = years.map((packet) => enhanced(0, BigInt(packet.seconds) * 1_000_000_000n + 999_999_999n, packet));
    const path = await rewritten(concat(section(), interfaceBlock({ resolution: 9 }), ...blocks));
    expect((await collect([path])).frames).toEqual(seen(years));
    const old = concat(
      section(),
      interfaceBlock({ resolution: 9, options: option(14, new Uint8Array(8).fill(0xff)) }),
      enhanced(0, 5n, PACKETS[0]),
    );
    expect((await collect([await rewritten(old)])).frames).toMatchObject([{ seconds: -1, nanoseconds: 5 }]);
  });

  it('lose their names where there are too many', async () => {
    const named = Array.from({ length: MAX_EVIDENCE_INTERFACES + 50 }, (_, i) =>
      interfaceBlock({ options: option(3, ascii(`number ${i}`)) }),
    );
    const packets = named.map((_, i) => enhanced(i, 1_700_000_000_000_000n, PACKETS[0]));
    const path = await rewritten(concat(section(), ...named, ...packets.slice(0, 10), ...packets.slice(-900)));
    expect((await collect([path])).frames).toHaveLength(910);
    const described = await interfacesOf(path);
    expect(described.filter(({ options }) => options.length === 0)).toHaveLength(1);
  });
});

describe('comments', () => {
  it('of packets and of the section leave the frames as they are, and are cut between characters', async () => {
    const capture = concat(
      section(),
      interfaceBlock({ resolution: 9 }),
      ...PACKETS.map((packet) => enhanced(0, BigInt(packet.seconds) * 1_000_000_000n + BigInt(packet.nanoseconds), packet)),
    );
    const path = await rewritten(capture, 'é'.repeat(40_000), (frame) => (frame === 2 ? ['one', 'two ü'] : []));
    const { frames, warnings } = await collect([path]);
    expect([frames, warnings]).toEqual([seen(PACKETS), []]);
    const bytes = readFileSync(path);
    expect(bytes.includes('two ü')).toBe(true);
    expect(bytes.toString('utf8').match(/é/g)).toHaveLength(32_767);
  });
});
