import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { concat, PACKETS, type Packet, pcap, pcapng, ramp } from './build.js';
import { chunks, collect, scratchDirectory, seen } from './collect.js';

/** More than a window when decompressed, and more than a few pieces when compressed. */
const MANY: Packet[] = Array.from({ length: 600 }, (_, index) => ({
  seconds: index,
  nanoseconds: 0,
  data: ramp(1400).map((byte, at) => Math.imul(byte + index * 7919 + at, 2_654_435_761) >>> 24),
}));

describe('gzip', () => {
  const scratch = scratchDirectory();

  it.each([
    { what: 'pcap', bytes: pcap(PACKETS) },
    { what: 'pcapng', bytes: pcapng(PACKETS) },
  ])('is told by its first bytes and holds $what', async ({ what, bytes }) => {
    const { frames, sources, progress } = await collect([scratch.write('no-suffix', gzipSync(bytes))]);
    expect(frames).toEqual(seen(PACKETS));
    expect(sources).toMatchObject([{ format: what, truncated: false }]);
    expect(progress.at(-1)).toEqual({ bytesRead: gzipSync(bytes).length, totalBytes: gzipSync(bytes).length, frames: 3 });
  });

  it.each([1, 2, 3, 7, 16, 1000])('gives the same frames from chunks of %i bytes, also of several members', async (length) => {
    const bytes = pcap(PACKETS);
    const members = [bytes.subarray(0, 30), bytes.subarray(30, 31), bytes.subarray(31)].map((part) => gzipSync(part));
    expect((await collect([chunks(concat(...members), length)])).frames).toEqual(seen(PACKETS));
  });

  it('reads what is larger than all buffers', async () => {
    const { frames, warnings } = await collect([scratch.write('large.gz', gzipSync(pcap(MANY)))]);
    expect(frames).toEqual(seen(MANY));
    expect(warnings).toEqual([]);
  });

  it('delivers all that a cut leaves readable', async () => {
    const whole = gzipSync(pcap(MANY), { level: 0 });
    for (const length of [200, 5_000, 16_384, 100_000, 300_001, whole.length - 1]) {
      const { frames, sources, warnings } = await collect([scratch.write('cut.gz', whole.subarray(0, length))]);
      // Stored, not compressed: 10 bytes of header, and 5 for each block of at most 65 535 bytes.
      const readable = length - 10 - 5 * Math.ceil((length - 10) / 65_540);
      expect(frames.length, `${length} bytes`).toBe(Math.min(600, Math.floor((readable - 24) / 1416)));
      expect(frames).toEqual(seen(MANY.slice(0, frames.length)));
      expect(sources[0].truncated).toBe(true);
      expect(warnings).toMatchObject([{ code: 'capture-cut', frame: frames.length || null }]);
      expect(warnings[0].message).toContain('of what is in the gzip');
    }
  });

  it('delivers what comes before damage of the compressed data', async () => {
    const bytes = gzipSync(pcap(MANY));
    bytes.fill(0xff, bytes.length - 1000);
    const { frames, sources, warnings } = await collect([chunks(bytes)]);
    expect(frames.length).toBeGreaterThan(500);
    expect(frames).toEqual(seen(MANY.slice(0, frames.length)));
    expect(sources[0].truncated).toBe(true);
    expect(warnings).toMatchObject([{ code: 'capture-damaged' }]);
  });

  it.each([0.1, 0.3, 0.6, 0.9])('loses at most an eighth of what comes before damage, %d of the way', async (share) => {
    const packets = MANY.map((packet) => ({ ...packet, data: packet.data.map((byte) => byte & 0x3f) }));
    const bytes = gzipSync(pcap(packets), { level: 1 });
    const damaged = Math.floor(bytes.length * share);
    bytes.fill(0xff, damaged, damaged + 2000);
    const wanted = Math.floor(packets.length * share * (7 / 8)) - 5;
    for (const input of [scratch.write('damaged.gz', bytes), chunks(bytes, 1000)]) {
      const { frames, sources } = await collect([input]);
      expect(frames.slice(0, wanted)).toEqual(seen(packets.slice(0, wanted)));
      expect(sources[0].truncated).toBe(true);
    }
  });

  it.each([
    { what: 'zeros', rest: new Uint8Array(600) },
    { what: 'other bytes', rest: new Uint8Array(40_000).fill(0x41) },
  ])('comes to an end when $what follow', async ({ rest }) => {
    const { frames } = await collect([chunks(concat(gzipSync(pcap(PACKETS)), new Uint8Array(600), rest), 100)]);
    expect(frames).toEqual(seen(PACKETS));
  });

  it('reports the damage in what it holds by the bytes of that', async () => {
    const { warnings } = await collect([chunks(gzipSync(pcap(PACKETS).subarray(0, 110)))]);
    expect(warnings[0].message).toBe(
      'stream: cut at byte 100 of what is in the gzip, after frame 1: ' +
        'the file ends in a packet header of 16 bytes, 10 of them there; all before it was read',
    );
  });

  it.each([
    { what: 'nothing', inside: new Uint8Array(0), code: 'ERR_EMPTY', message: 'in the gzip: is empty' },
    { what: 'text', inside: ramp(20, 0x61), code: 'ERR_NOT_A_CAPTURE', message: 'in the gzip: not a packet capture: it begins with 61 62' },
    { what: 'a gzip', inside: gzipSync(pcap(PACKETS)), code: 'ERR_NOT_A_CAPTURE', message: 'in the gzip: not a packet capture' },
  ])('that holds $what is refused', async ({ inside, code, message }) => {
    await expect(collect([chunks(gzipSync(inside))])).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('cut before its first packet header is refused', async () => {
    const cut = gzipSync(pcap(PACKETS)).subarray(0, 8);
    await expect(collect([chunks(cut)])).rejects.toMatchObject({
      code: 'ERR_READ',
      message: expect.stringMatching(/gzip data end too early/),
    });
  });

  it.each([
    ['an error', new Error('gone')],
    ['an empty text', ''],
    ['nothing', undefined],
  ])('of a stream that fails with %s is told as far as it came', async (_, reason) => {
    const bytes = gzipSync(pcap(MANY));
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, bytes.length / 2);
      throw reason;
    }
    const { frames, sources, warnings } = await collect([failing()]);
    expect(frames.length).toBeGreaterThan(100);
    expect(sources[0].truncated).toBe(true);
    expect(warnings).toMatchObject([{ code: 'capture-cut' }]);
  });
});
