// The same evidence from every form of input: formats, gzip, split files, streams, tunnels, fragments.
import { createReadStream, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/argument-error.js';
import type { CaptureInput } from '../../src/capture/read.js';
import { type EvidenceOptions, writeEvidence } from '../../src/evidence.js';
import type { Report } from '../../src/model.js';
import { type Packet, pcap } from '../capture/build.js';
import { chunks, collect, type SeenFrame, scratchDirectory } from '../capture/collect.js';
import { encapsulations, fragments, packetOf } from '../support/encapsulate.js';
import { fixtures } from '../support/fixtures.js';
import { formats, gzip, writtenPart } from '../twins/formats.js';
import { SMALL_TABLES } from '../twins/reading.js';
import { evenly, laterPackets, split, type Traffic, trafficOf } from '../twins/traffic.js';
import { originalNumbers } from './told.js';

const scratch = scratchDirectory();
const JETTY = `${fixtures}jetty-unclean-tls12.pcap`;
const jetty = trafficOf(readFileSync(JETTY));

/** The frames of the evidence, and what was found. */
async function evidenceOf(
  input: CaptureInput | readonly CaptureInput[],
  options: EvidenceOptions = {},
): Promise<{ frames: SeenFrame[]; report: Report; path: string; notes: string[] }> {
  const path = scratch.path(`${Math.random()}.pcapng`);
  const { report, frames, notes } = await writeEvidence(input, path, { limits: SMALL_TABLES, ...options });
  const read = frames > 0 ? (await collect([path])).frames : [];
  expect(read.length).toBe(frames);
  return { frames: read, report, path, notes };
}

/** Frames of traffic that has more in it than evidence: other protocols between its packets. */
function withNoise(traffic: Traffic): Traffic {
  const packets = traffic.packets.flatMap((packet, i): Packet[] => {
    return i % 3 === 0 ? [packet, { ...packet, data: new Uint8Array(60).fill(0xee), originalLength: 60 }] : [packet];
  });
  return { ...traffic, packets };
}

const noisy = withNoise(jetty);
const { frames: expected, report: told } = await evidenceOf(scratch.write('noisy.pcap', formats[2].write(noisy)));
const withoutSources = (report: Report) => ({ ...report, capture: null });

it('leaves out what belongs to no connection', () => {
  expect(told.findings).toHaveLength(4);
  expect(expected.length).toBe(jetty.packets.length);
  expect(expected.length).toBeLessThan(noisy.packets.length);
});

describe('the same evidence', () => {
  it.each(formats.filter((format) => format.holds(noisy)))('of $what', async ({ write }) => {
    const { frames, report } = await evidenceOf(scratch.write(`${Math.random()}.cap`, write(noisy)));
    expect(frames).toEqual(expected);
    expect(withoutSources(report)).toEqual(withoutSources(told));
  });

  it('of bytes, a gzip of them, and streams', async () => {
    const bytes = formats[2].write(noisy);
    const path = scratch.write('stream.pcap.gz', gzip(bytes));
    for (const input of [
      bytes,
      gzip(bytes),
      chunks(bytes, 4097),
      { name: 'a name', stream: chunks(gzip(bytes), 99) },
      createReadStream(path),
    ]) {
      expect((await evidenceOf(input)).frames).toEqual(expected);
    }
  });

  it('of files that follow each other, of any form and in any order', async () => {
    const parts = split(noisy, evenly(laterPackets(noisy), 5)).map((part, i) => scratch.write(`part${i}`, writtenPart(part, i)));
    expect((await evidenceOf(parts.reverse())).frames).toEqual(expected);
  });

  it.each(encapsulations)('in $name', async ({ wrap, linkType }) => {
    const small = withNoise(trafficOf(readFileSync(`${fixtures}q-full.pcap`)));
    const isNoise = ({ data }: Packet) => data[12] === 0xee;
    const packets = small.packets.map((packet) => {
      const data = isNoise(packet) ? packet.data : wrap(packet.data, packetOf(packet.data));
      return { ...packet, data, originalLength: data.length };
    });
    const path = scratch.write(`${Math.random()}.pcap`, pcap(packets, { linkType, magic: 0xa1b23c4d }));
    const { frames, path: written } = await evidenceOf(path);
    expect(frames).toHaveLength(small.packets.filter((packet) => !isNoise(packet)).length);
    expect(new Set(frames.map((frame) => frame.linkType))).toEqual(new Set([linkType]));
    await originalNumbers([path], written);
  });

  it('in fragments, which come before what completes them and between others', async () => {
    const vxlan = encapsulations.find(({ name }) => name === 'VXLAN');
    const pieces = jetty.packets.map((packet, i) => {
      const outer = vxlan?.wrap(packet.data, packetOf(packet.data)) ?? packet.data;
      const inner = fragments(packetOf(packet.data), 64, i + 1).map((piece) => vxlan?.wrap(piece, packetOf(piece)) ?? piece);
      const all =
        i % 2 === 0 ? fragments(packetOf(outer), 96, i + 1) : inner.flatMap((piece, k) => fragments(packetOf(piece), 48, i * 64 + k + 1));
      // The last one of each comes behind the first of the next.
      return all.map((data, k) => ({
        data,
        seconds: packet.seconds,
        nanoseconds: packet.nanoseconds,
        at: k === all.length - 1 ? i + 0.9 : i,
      }));
    });
    const packets = pieces.flat().sort((a, b) => a.at - b.at);
    const lone = fragments(packetOf(jetty.packets[0].data), 24, 65_000)[0];
    const path = scratch.write('fragments.pcap', pcap([{ ...packets[0], data: lone }, ...packets], { magic: 0xa1b23c4d }));
    const { frames, report } = await evidenceOf(path);
    expect(report.findings).toHaveLength(4);
    expect(frames.map(({ hex }) => hex)).toEqual(packets.map(({ data }) => Buffer.from(data).toString('hex')));
  });
});

describe('input that cannot be read again', () => {
  it('is refused when it emits its frames', async () => {
    const emitter = { on: () => emitter } as never;
    await expect(writeEvidence(emitter, scratch.path('x'))).rejects.toThrow(ArgumentError);
  });
});
