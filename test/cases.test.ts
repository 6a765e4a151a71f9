import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { analyze } from '../src/analyze.js';
import type { Report } from '../src/model.js';
import { cases } from './cases.js';
import { control, story, type Visit } from './sessions/visits.js';
import { fixtures } from './support/fixtures.js';
import { id } from './tls/messages.js';

const folder = `${fixtures}cases/`;
/** More than the uses of one session that are kept. */
const FLOOD = 4200;

function claims({ connections, findings, servers, totals }: Report) {
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
  for (const { capture, holds, right, wrong } of cases) {
    const test = wrong === undefined ? it : it.fails;
    test(`${capture}: ${holds}${wrong === undefined ? '' : ` (still wrong: ${wrong})`}`, async () => {
      expect(claims(await analyze(`${folder}${capture}`, { keep: 'all' }))).toMatchObject(right);
    });
  }

  it('each file belongs to one case', () => {
    expect(cases.map(({ capture }) => capture).sort()).toEqual(readdirSync(folder).sort());
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
