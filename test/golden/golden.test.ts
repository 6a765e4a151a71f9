import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/model.js';
import { mapConcurrently, reportOf } from '../support/command.js';
import { captures, type Fixture, fixtures as folder } from '../support/fixtures.js';

/** `UPDATE_GOLDEN=1` writes the reports anew instead of comparing; read the difference before committing it. */
const update = process.env.UPDATE_GOLDEN === '1';
const TIMEOUT_MILLISECONDS = 120_000;

const golden = `${folder}golden/`;
const fixtures = captures();
const reports = new Map<string, Report>();

beforeAll(async () => {
  await mapConcurrently(fixtures, async (fixture) => {
    const report = withoutFolders(await reportOf(fixture.path));
    reports.set(fixture.name, report);
    if (update) write(fixture, report);
  });
}, TIMEOUT_MILLISECONDS);

/** Golden reports do not depend on where the project lies. */
function withoutFolders(report: Report): Report {
  const capture = structuredClone(report.capture);
  for (const source of capture.sources) source.name = basename(source.name);
  for (const warning of capture.warnings) warning.message = warning.message.replaceAll(folder, '');
  return { ...report, capture };
}

function write(fixture: Fixture, report: Report): void {
  mkdirSync(golden, { recursive: true });
  writeFileSync(`${golden}${fixture.name}.json`, `${JSON.stringify(report, null, 1)}\n`);
}

describe('golden reports', () => {
  it.each(fixtures.map((fixture) => fixture.name))('%s', (name) => {
    expect(reports.get(name)).toEqual(JSON.parse(readFileSync(`${golden}${name}.json`, 'utf8')));
  });

  it('belong to a capture each', () => {
    expect(readdirSync(golden).sort()).toEqual(fixtures.map((fixture) => `${fixture.name}.json`).sort());
  });
});
