import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { analyze } from '../src/analyze.js';
import { DEFAULT_LIMITS } from '../src/limits.js';
import { cases } from './cases.js';
import { helloCases } from './hello-cases.js';
import { openCases } from './open-cases.js';
import { control, story, type Visit } from './sessions/visits.js';
import { fixtures } from './support/fixtures.js';
import { id } from './tls/messages.js';

const folder = `${fixtures}cases/`;
/** More than the uses of one session that are kept. */
const FLOOD = DEFAULT_LIMITS.usesPerSession + 100;

async function claims(capture: string) {
  const { connections, findings, servers, totals } = await analyze(`${folder}${capture}`, { keep: 'all' });
  return {
    connections: Object.fromEntries(connections.map((connection) => [connection.stream, connection])),
    findings,
    confident: findings.filter((finding) => finding.confidence !== 'low'),
    explanation: findings.map((finding) => finding.explanation).join('\n'),
    servers,
    totals,
  };
}

describe('a capture that was misread once:', () => {
  it.each([...cases, ...helloCases])('$capture: $holds', async ({ capture, right }) => {
    expect(await claims(capture)).toMatchObject(right);
  });

  for (const { capture, holds, right, wrong } of openCases)
    it.fails(`${capture}: ${holds} (still wrong: ${wrong})`, async () => {
      expect(await claims(capture)).toMatchObject(right);
    });

  it('has a case', () => {
    const captures = new Set([...cases, ...helloCases, ...openCases].map(({ capture }) => capture));
    expect([...captures].sort()).toEqual(readdirSync(folder).sort());
  });

  it.each([0, 3])('a session survives its unclean close and is declined for ever later, %i clean sessions beside it', (clean) => {
    const session = id('a1');
    const flood = Array.from({ length: FLOOD }, (): Visit => ({ offers: session, issues: '' }));
    const before: Visit[] = [
      { issues: session, close: 'fin' },
      { offers: session, resumes: true },
    ];
    const { report } = story([...control(clean), ...before, ...flood]);
    expect(report.totals.handshakes).toMatchObject({ resumed: clean + 1, declined: FLOOD });
    expect(report.findings).toEqual([]);
  });
});
