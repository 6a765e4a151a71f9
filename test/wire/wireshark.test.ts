import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decode, type Frame, good, odd } from './frames.js';

const hasTshark = spawnSync('tshark', ['--version']).status === 0;

const all = [...good, ...odd].filter((frame) => frame.differs === undefined);
const linkTypes = [...new Set(all.map((frame) => frame.linkType))];

describe.skipIf(!hasTshark)('Wireshark sees the same', () => {
  it.each(linkTypes)('link type %i', (linkType) => {
    const frames = all.filter((frame) => frame.linkType === linkType);
    const shown = tshark(linkType, frames);
    const ours = frames.map((frame) => {
      const { bytes, wireLength = bytes.length } = frame;
      const { counts, length } = decode(linkType, bytes, 0, bytes.length, wireLength);
      return { name: frame.name, counts, length };
    });
    const theirs = frames.map(({ name }, i) => ({
      name,
      counts: shown[i].stream !== '',
      // Of a header that it calls bogus, Wireshark shows a length none the less.
      length: ours[i].length === null || shown[i].length === '' ? ours[i].length : Number(shown[i].length),
    }));
    expect(ours).toEqual(theirs);
  });
});

function tshark(linkType: number, frames: Frame[]): { stream: string; length: string }[] {
  const folder = mkdtempSync(join(tmpdir(), 'closenotify-'));
  const file = join(folder, 'frames.pcap');
  try {
    writeFileSync(file, pcap(linkType, frames));
    const fields = ['-T', 'fields', '-E', 'separator=|', '-e', 'frame.number', '-e', 'tcp.stream', '-e', 'tcp.len'];
    const { stdout } = spawnSync('tshark', ['-n', '-r', file, ...fields], { encoding: 'utf8' });
    const lines = stdout.trimEnd().split('\n');
    if (lines.length !== frames.length) throw new Error(`tshark shows ${lines.length} of ${frames.length} frames`);
    return lines.map((line) => ({ stream: line.split('|')[1], length: line.split('|')[2] }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A capture file (draft-ietf-opsawg-pcap): little-endian, microseconds. */
function pcap(linkType: number, frames: Frame[]): Buffer {
  const words = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer);
  const parts = [words(0xa1b2c3d4, 0x00040002, 0, 0, 262144, linkType)];
  for (const [i, { bytes, wireLength = bytes.length }] of frames.entries()) {
    parts.push(words(1, i, bytes.length, wireLength), Buffer.from(bytes));
  }
  return Buffer.concat(parts);
}
