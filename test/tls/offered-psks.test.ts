import { describe, expect, it } from 'vitest';
import { packPsks, unpackPsks } from '../../src/tls/connections.js';

describe('offered PSKs', () => {
  it.each([[[]], [[0]], [[1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]]])('are the same when they were packed (ages %j)', (ages) => {
    const psks = ages.map((obfuscatedAge, i) => ({ digest: Int32Array.from({ length: 8 }, (_, word) => (i << 28) | word), obfuscatedAge }));
    expect(unpackPsks(packPsks(psks))).toEqual(psks);
  });

  it('are one array', () => {
    const packed = packPsks([{ digest: new Int32Array(8).fill(7), obfuscatedAge: 1 }]);
    expect(packed.byteLength).toBe(36);
    expect(unpackPsks(packed)[0].digest.buffer).toBe(packed.buffer);
  });
});
