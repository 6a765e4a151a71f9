import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fixtures } from './support/fixtures.js';

const load = (name: string) => import(/* @vite-ignore */ new URL(`../scripts/fuzz/${name}`, import.meta.url).href);
const { check } = await load('check.mjs');
const { mutate, Random } = await load('mutate.mjs');

const INPUTS = 40;
const TIMEOUT_MILLISECONDS = 60_000;

/** Inputs that closenotify failed at once: scripts/fuzz/run.mjs puts them there. */
const folder = `${fixtures}fuzz/`;
const kept = existsSync(folder) ? readdirSync(folder) : [];

const corpus = readdirSync(fixtures)
  .filter((name) => /\.(pcap|pcapng|gz)$/.test(name))
  .map((name) => new Uint8Array(readFileSync(fixtures + name)))
  .filter(({ length }) => length < 60_000);

describe('any bytes', () => {
  it(
    'give a report that fits its schema, or an error',
    async () => {
      const outcomes = { report: 0, error: 0 };
      for (let seed = 0; seed < INPUTS; seed++) {
        const random = new Random(seed);
        const outcome: 'report' | 'error' = await check(mutate(random, random.of(corpus), corpus), []);
        outcomes[outcome]++;
      }
      expect(outcomes.report).toBeGreaterThan(INPUTS / 2);
      expect(outcomes.error).toBeGreaterThan(0);
    },
    TIMEOUT_MILLISECONDS,
  );

  it.each(kept)('that closenotify failed at once: %s', async (name) => {
    expect(await check(new Uint8Array(readFileSync(folder + name)), [])).toMatch(/report|error/);
  });
});

describe('the changes', () => {
  it('are the same for the same seed, and others for another one', () => {
    const changed = (seed: number) => Buffer.from(mutate(new Random(seed), corpus[0], corpus)).toString('hex');
    expect(changed(1)).toBe(changed(1));
    expect(new Set(Array.from({ length: 50 }, (_, seed) => changed(seed))).size).toBe(50);
  });
});
