// Alerts that were decrypted: this project and tshark must see the same ones.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/model.js';
import { ALERTS } from '../../src/wire/registry/alerts.js';
import { mapConcurrently, reportOf, run } from '../support/command.js';
import { captures, fixtures } from '../support/fixtures.js';
import { isInstalled } from './tshark.js';

const TIMEOUT_MILLISECONDS = 120_000;

const installed = await isInstalled();
const configuration = mkdtempSync(join(tmpdir(), 'closenotify-tshark-'));
const NUMBERS = new Map([...ALERTS].map(([number, name]) => [name, number]));

/** Captures with a key log beside them, or inside. */
const decrypted = captures()
  .map(({ name, path }) => ({ name, path, keys: `${fixtures}keys/${name}.keys` }))
  .map((capture) => ({ ...capture, keys: existsSync(capture.keys) ? capture.keys : null }))
  .filter(({ name, keys }) => keys !== null || name.endsWith('-dsb'));

const told = new Map<string, string[]>();
const seen = new Map<string, string[]>();

afterAll(() => rmSync(configuration, { recursive: true, force: true }));

describe.skipIf(!installed)('alerts with keys (skipped where tshark is not installed)', () => {
  beforeAll(async () => {
    await mapConcurrently(decrypted, async ({ name, path, keys }) => {
      told.set(name, alertsOf(await reportOf(path, ...(keys === null ? [] : ['--key-log', keys]))));
      seen.set(name, await alertsOfTshark(path, keys));
    });
  }, TIMEOUT_MILLISECONDS);

  it('are many', () => expect([...seen.values()].flat().length).toBeGreaterThan(200));

  it.each(decrypted.map(({ name }) => name))('%s', (name) => expect(told.get(name)).toEqual(seen.get(name)));
});

/** `frame level description`, numbers of the registry, of every alert that can be read. */
function alertsOf(report: Report): string[] {
  const readable = report.connections.flatMap((c) => c.alerts).filter((alert) => alert.level !== null);
  return inOrder(readable.map((a) => `${a.frame} ${a.level === 'fatal' ? 2 : 1} ${NUMBERS.get(a.description ?? '') ?? a.description}`));
}

async function alertsOfTshark(path: string, keys: string | null): Promise<string[]> {
  const fields = ['frame.number', 'tls.alert_message.level', 'tls.alert_message.desc'].flatMap((field) => ['-e', field]);
  const secrets = keys === null ? [] : ['-o', `tls.keylog_file:${keys}`];
  const args = ['-n', '-r', path, ...secrets, '-Y', 'tls.alert_message.level', '-T', 'fields', '-E', 'separator=/t', ...fields];
  const { stdout } = await run('tshark', args, { WIRESHARK_CONFIG_DIR: configuration });
  return inOrder(
    stdout
      .split('\n')
      .filter((line) => line !== '')
      .flatMap((line) => {
        const [frame, levels, descriptions] = line.split('\t');
        return levels.split(',').map((level, i) => `${frame} ${level} ${descriptions.split(',')[i]}`);
      }),
  );
}

function inOrder(alerts: string[]): string[] {
  return alerts.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
}
