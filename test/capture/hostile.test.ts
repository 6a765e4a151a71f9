import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { InputError } from '../../src/capture/input-error.js';
import { concat, interfaceBlock, microseconds, obsolete, PACKETS, pcap, pcapng, ramp, secrets, section, simple } from './build.js';
import { type Collected, chunks, collect } from './collect.js';

const SAMPLES = [
  pcap(PACKETS),
  pcap(PACKETS, { littleEndian: false }),
  pcapng(PACKETS),
  concat(pcapng(PACKETS, false), section(), interfaceBlock({ resolution: 0x94 }), simple(ramp(9)), secrets(1, ramp(9))),
  concat(section(), interfaceBlock({ snapLength: 96 }), obsolete(0, microseconds(PACKETS[0]), PACKETS[0])),
  gzipSync(pcap(PACKETS)),
];

async function outcome(bytes: Uint8Array, chunkLength: number): Promise<Omit<Collected, 'progress'> | string> {
  try {
    const { frames, sources, warnings } = await collect([chunks(bytes, chunkLength)], { onSecrets: () => {} });
    return { frames, sources, warnings };
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}

it('whatever bytes are changed, reading ends, the same way for all chunk lengths, and no frame is impossible', async () => {
  const change = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), value: fc.integer({ min: 0, max: 255 }) });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...SAMPLES),
      fc.array(change, { maxLength: 4 }),
      fc.integer({ min: 1, max: 40 }),
      async (sample, changes, chunkLength) => {
        const bytes = sample.slice();
        for (const { at, value } of changes) bytes[Math.floor(at * bytes.length)] = value;
        const whole = await outcome(bytes, bytes.length);
        const isGzip = bytes[0] === 0x1f;
        // Damaged compressed data lose what zlib had not yet given out, and that depends on the pieces it got.
        if (!isGzip) expect(await outcome(bytes, chunkLength)).toEqual(whole);
        if (typeof whole === 'string') return;
        for (const { hex, nanoseconds } of whole.frames) {
          expect(hex.length / 2).toBeLessThanOrEqual(262_144);
          expect(nanoseconds).toBeLessThan(1e9);
        }
        expect(whole.sources[0].frames).toBe(whole.frames.length);
        expect(whole.sources[0].truncated).toBe(whole.warnings.some(({ code }) => code === 'capture-cut' || code === 'capture-damaged'));
      },
    ),
    { numRuns: 1500 },
  );
});
