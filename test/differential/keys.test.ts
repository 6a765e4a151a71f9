// The same with key logs: alerts and tickets that were decrypted.
import { beforeAll, describe, expect, it } from 'vitest';
import { mapConcurrently } from '../support/command.js';
import { type Comparison, compare, differences, subjects } from './compare.js';
import { installedVersion } from './tshark.js';

const TIMEOUT_MILLISECONDS = 120_000;

const isInstalled = (await installedVersion()) !== null;
/** Captures with secrets inside are read with them by the test of all captures. */
const withKeys = subjects().filter(({ keys }) => keys !== null);
const comparisons = new Map<string, Comparison>();

describe.skipIf(!isInstalled)('decrypted by key log (skipped where tshark is not installed)', () => {
  beforeAll(async () => {
    await mapConcurrently(withKeys, async ({ capture, path, keys }) => comparisons.set(capture, await compare(path, keys)));
  }, TIMEOUT_MILLISECONDS);

  it.each(withKeys.map(({ capture }) => capture))('%s', (capture) => {
    const comparison = comparisons.get(capture);
    expect(comparison && differences(comparison)).toEqual([]);
  });

  it('are many alerts, which nearly all can be read', () => {
    const alerts = valuesOf('alerts');
    const unreadable = alerts.filter((alert) => alert.endsWith('encrypted'));
    expect(alerts.length - unreadable.length).toBeGreaterThan(350);
    expect(unreadable.length).toBeLessThan(alerts.length / 20);
  });

  it('are many tickets', () => expect(valuesOf('issuedTickets').length).toBeGreaterThan(60));
});

function valuesOf(fact: 'alerts' | 'issuedTickets'): string[] {
  const facts = [...comparisons.values()].flatMap(({ connections }) => [...connections.values()].map(({ theirs }) => theirs[fact]));
  return facts.filter((text) => text !== '-').flatMap((text) => text.split(', '));
}
