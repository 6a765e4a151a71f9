import { describe, expect, it } from 'vitest';
import {
  enhancedPacketBytes,
  interfaceDescription,
  STATISTICS_BLOCK_BYTES,
  sectionHeader,
  writeEnhancedPacket,
  writeInterfaceStatistics,
} from '../../src/capture/pcapng-writer.js';
import { run } from '../support/command.js';
import { concat, PACKETS, type Packet, ramp } from './build.js';
import { chunks, collect, scratchDirectory, seen } from './collect.js';

const scratch = scratchDirectory();
/** In CI a missing capinfos is a failure, so that the comparison cannot be skipped unnoticed. */
const isRequired = process.env.CI !== undefined;
const isInstalled = (await run('capinfos', ['--version'])).status === 0;

const HEAD = concat(sectionHeader('a test'), interfaceDescription({ linkType: 1, snapLength: 65_535, name: 'eth0', filter: 'tcp' }));
const ODD: Packet[] = [
  ...PACKETS,
  // Nothing is left of the frame; a time that carries into the upper half; the last one whose nanoseconds fit.
  { seconds: 1_700_000_002, nanoseconds: 1, data: ramp(0), originalLength: 77 },
  { seconds: 0, nanoseconds: 0, data: ramp(2) },
  { seconds: 4, nanoseconds: 294_967_295, data: ramp(3) },
  { seconds: 4, nanoseconds: 294_967_296, data: ramp(4) },
  { seconds: 4_294_967_295, nanoseconds: 999_999_999, data: ramp(65_535) },
];

describe('pcapng that was written', () => {
  it('reads as the frames it was made of', async () => {
    const { frames, sources, warnings } = await collect([chunks(concat(HEAD, ...ODD.map((packet) => packetBlock(packet))))]);
    expect(frames).toEqual(seen(ODD));
    expect(warnings).toEqual([]);
    expect(sources).toMatchObject([{ format: 'pcapng', linkTypes: ['Ethernet'], snapLength: 65_535, dropped: null }]);
  });

  it('is the same in memory that was used before', () => {
    for (const packet of ODD) expect(packetBlock(packet, 0xee)).toEqual(packetBlock(packet));
  });

  it('takes the beginning of a longer buffer', () => {
    const bytes = new Uint8Array(enhancedPacketBytes(5));
    writeEnhancedPacket(bytes, new DataView(bytes.buffer), 0, 1, 2, ramp(64), 5, 9);
    expect(bytes).toEqual(packetBlock({ seconds: 1, nanoseconds: 2, data: ramp(5), originalLength: 9 }));
  });

  it.each([0, 7, 2 ** 32 + 5])('tells of %i dropped frames', async (dropped) => {
    const { sources } = await collect([chunks(concat(HEAD, packetBlock(PACKETS[0]), statisticsBlock(dropped)))]);
    expect(sources[0].dropped).toBe(dropped);
  });

  it('says nothing of a name, a filter and a limit that there are not', async () => {
    const bytes = concat(sectionHeader(''), interfaceDescription({ linkType: 113, snapLength: null }), packetBlock(PACKETS[0]));
    const { frames, sources } = await collect([chunks(bytes)]);
    expect(frames).toEqual(seen([PACKETS[0]], 113));
    expect(sources[0]).toMatchObject({ linkTypes: ['LINUX_SLL'], snapLength: null });
  });

  it('cuts options that are longer than an option can be', async () => {
    const description = interfaceDescription({ linkType: 1, snapLength: null, name: 'ä'.repeat(40_000), filter: 'x'.repeat(70_000) });
    expect((await collect([chunks(concat(sectionHeader('x'), description, packetBlock(PACKETS[1])))])).frames).toEqual(seen([PACKETS[1]]));
  });
});

it.runIf(isRequired)('capinfos is installed', () => expect(isInstalled).toBe(true));

describe.skipIf(!isInstalled)('pcapng that was written, and Wireshark (skipped where it is not installed)', () => {
  const packets = ODD.filter(({ seconds }) => seconds < 2 ** 31);
  const file = scratch.write('written.pcapng', concat(HEAD, ...packets.map((packet) => packetBlock(packet)), statisticsBlock(3)));

  it('capinfos reads it all', async () => {
    const { status, stdout, stderr } = await run('capinfos', ['-c', '-I', '-E', '-l', '-T', '-M', file]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('written.pcapng');
    const { stdout: long } = await run('capinfos', [file]);
    for (const text of ['Name = eth0', 'Capture length = 65535', 'Time precision = nanoseconds', 'Filter string = tcp', 'a test']) {
      expect(long).toContain(text);
    }
    expect(long).toMatch(new RegExp(`Number of packets = ${packets.length}`));
  });

  it('tshark reads the same times and lengths', async () => {
    const fields = ['frame.time_epoch', 'frame.cap_len', 'frame.len'].flatMap((field) => ['-e', field]);
    const { status, stdout } = await run('tshark', ['-n', '-r', file, '-T', 'fields', ...fields]);
    const lines = packets.map(({ seconds, nanoseconds, data, originalLength = data.length }) =>
      [`${seconds}.${String(nanoseconds).padStart(9, '0')}`, data.length, originalLength].join('\t'),
    );
    expect({ status, lines: stdout.trim().split('\n') }).toEqual({ status: 0, lines });
  });
});

function packetBlock({ seconds, nanoseconds, data, originalLength = data.length }: Packet, fill = 0): Uint8Array {
  const bytes = new Uint8Array(enhancedPacketBytes(data.length)).fill(fill);
  writeEnhancedPacket(bytes, new DataView(bytes.buffer), 0, seconds, nanoseconds, data, data.length, originalLength);
  return bytes;
}

function statisticsBlock(dropped: number): Uint8Array {
  const bytes = new Uint8Array(STATISTICS_BLOCK_BYTES);
  writeInterfaceStatistics(new DataView(bytes.buffer), 0, 1_700_000_005, 0, { accepted: dropped + 1, dropped, delivered: 1 });
  return bytes;
}
