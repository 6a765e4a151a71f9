import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analyze.js';
import { json } from '../../src/report/json.js';
import { captures, fixtures } from '../support/fixtures.js';
import { FORUM } from './reports.js';

const root = new URL('../../', import.meta.url);
const published = readFileSync(fileURLToPath(new URL('schema/report.v1.json', root)), 'utf8');
const { reportSchema, schemaText } = await import(/* @vite-ignore */ new URL('scripts/generate-schema.mjs', root).href);

const fits = new Ajv({ strict: true, strictTuples: false, allErrors: true }).compile(JSON.parse(published));
/** Without keys that are not in the types. */
const fitsExactly = new Ajv({ strict: true, strictTuples: false }).compile({
  ...reportSchema(false),
  $id: 'urn:closenotify:report:1:exact',
});

async function printed(path: string): Promise<unknown> {
  return JSON.parse([...json(await analyze(path, { keep: 'all' }))].join(''));
}

describe('the JSON Schema', () => {
  it('is that of the types (npm run schema writes it)', () => expect(published).toBe(schemaText()));

  const all = [...captures().map(({ path }) => path), ...readdirSync(`${fixtures}cases`).map((name) => `${fixtures}cases/${name}`)];
  it.each(all.map((path) => path.slice(fixtures.length)))('holds for %s', async (name) => {
    const report = await printed(fixtures + name);
    expect(fits(report), JSON.stringify(fits.errors)).toBe(true);
    expect(fitsExactly(report), JSON.stringify(fitsExactly.errors)).toBe(true);
  });

  it.each<[string, object, RegExp]>([
    ['another schema', { schema: 'closenotify/report/2' }, /const/],
    ['half a frame', { findings: [{ ...FORUM.findings[0], issued: { stream: 0, frame: 1.5, time: 0 } }] }, /integer/],
    ['an unknown cause', { findings: [{ ...FORUM.findings[0], cause: 'bad-luck' }] }, /enum/],
    ['capitals in an identifier', { findings: [{ ...FORUM.findings[0], session: { kind: 'session-id', id: 'AB' } }] }, /pattern/],
    ['a key that is missing', { totals: undefined }, /required/],
  ])('refuses %s', (_, part, error) => {
    expect(fits(JSON.parse(JSON.stringify({ ...FORUM, ...part })))).toBe(false);
    expect(JSON.stringify(fits.errors)).toMatch(error);
  });

  it('lets later versions add keys', () => expect(fits({ ...FORUM, more: 1 })).toBe(true));
});
