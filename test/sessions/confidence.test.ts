import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/model.js';
import { id } from '../tls/messages.js';
import { control, story, type Visit } from './visits.js';

const A = id('a1');
const B = id('b2');
const killed: Visit[] = [
  { issues: A, close: 'rst' },
  { offers: A, issues: B },
];

/** A session that was issued before all others and is resumed after them: the server lost nothing that was older. */
function kept(visits: Visit[]): Visit[] {
  return [{ issues: id('00') }, ...visits, { offers: id('00'), resumes: true }];
}

function findingOf(visits: readonly Visit[]): Finding {
  const finding = story(visits).report.findings.find((f) => f.session.id === A);
  if (!finding) throw new Error('no finding');
  return finding;
}

describe('the confidence of a finding', () => {
  it('is high when the server keeps sessions after clean closes and nothing else fits', () => {
    expect(findingOf(kept([...control(4), ...killed, ...control(1, 0xd0)]))).toMatchObject({ confidence: 'high', rivals: [] });
  });

  const cases: [name: string, confidence: 'medium' | 'low', rival: string, visits: Visit[]][] = [
    ['medium without a control', 'medium', 'never-resumable', killed],
    ['medium with a control of one session', 'medium', 'other-node', kept([...control(1), ...killed])],
    ['medium when nothing older was kept: restarted', 'medium', 'restarted', [...control(4), ...killed]],
    [
      'medium when more was issued since than before any that was kept: evicted',
      'medium',
      'evicted',
      [...control(4), killed[0], { issues: id('f0') }, killed[1]],
    ],
    ['medium when it is older than all that was resumed', 'medium', 'expired', [...control(4), killed[0], { ...killed[1], after: 200 }]],
    ['low when it is older than usual timeouts as well', 'low', 'expired', [...control(4), killed[0], { ...killed[1], after: 500 }]],
    [
      'low when the server survived the same',
      'low',
      'other-node',
      kept([...control(4), { issues: id('e5'), close: 'rst' }, { offers: id('e5'), resumes: true }, ...killed]),
    ],
    [
      'low when it also declines after clean closes',
      'low',
      'other-node',
      kept([...control(4), { issues: id('e5') }, { offers: id('e5'), issues: id('e6') }, ...killed]),
    ],
    [
      'low when a protected alert of the server came first',
      'low',
      'fatal-alert',
      kept([...control(4), { issues: A, close: 'serverAlert' }, { offers: A, issues: B }]),
    ],
  ];
  it.each(cases)('is %s', (_, confidence, rival, visits) => {
    const finding = findingOf(visits);
    expect(finding.confidence).toBe(confidence);
    expect(finding.rivals).toContain(rival);
  });

  it('is low when only the server closed without close_notify, and no contrast accuses it', () => {
    const visits: Visit[] = [
      { issues: A, close: 'answeredBare' },
      { offers: A, issues: B },
    ];
    expect(findingOf(visits)).toMatchObject({ confidence: 'low', uncleanCloses: [{ by: 'server', end: 'fin' }] });
    expect(findingOf([...control(4), ...visits]).confidence).toBe('medium');
  });

  it('is not lowered by survivals of the same end of the other side', () => {
    const survived: Visit[] = [
      { issues: id('e5'), close: 'serverRst' },
      { offers: id('e5'), resumes: true },
    ];
    expect(findingOf(kept([...control(4), ...survived, ...killed, ...control(1, 0xd0)]))).toMatchObject({ confidence: 'high', rivals: [] });
  });

  it('is not lowered by survivals of the other kind of end', () => {
    const survived: Visit[] = [
      { issues: id('e5'), close: 'fin' },
      { offers: id('e5'), resumes: true },
    ];
    expect(findingOf(kept([...control(4), ...survived, ...killed, ...control(1, 0xd0)]))).toMatchObject({ confidence: 'high', rivals: [] });
  });

  it('that is low counts as no invalidated session', () => {
    const { report } = story(kept([...control(4), { issues: id('e5') }, { offers: id('e5'), issues: id('e6') }, ...killed]));
    expect(report.findings.some((f) => f.confidence === 'low')).toBe(true);
    expect(report.totals.invalidatedSessions).toBe(0);
    expect(report.servers[0]).toMatchObject({ invalidatedSessions: 0, avoidableFullHandshakes: 0 });
  });
});

describe('the evidence of a server', () => {
  const declined = (close: Visit['close'], session: string): Visit[] => [
    { issues: session, close: close ?? 'clean' },
    { offers: session, issues: B },
  ];
  const resumed = (close: Visit['close'], session: string): Visit[] => [
    { issues: session, close: close ?? 'clean' },
    { offers: session, resumes: true },
  ];

  const tallies: [name: string, key: string, close: Visit['close']][] = [
    ['clean closes', 'afterClean', 'clean'],
    ['a server that answers with a bare FIN', 'afterUncleanFin', 'answeredBare'],
    ['FIN without close_notify', 'afterUncleanFin', 'fin'],
    ['RST without close_notify', 'afterUncleanRst', 'rst'],
    ['reset races', 'afterResetRace', 'race'],
  ];
  it.each(tallies)('counts %s', (_, key, close) => {
    const evidence = (visits: Visit[]) => story(visits).report.servers[0].evidence as Record<string, object>;
    const none = { resumed: 0, declined: 0 };
    const all = { afterClean: none, afterResetRace: none, afterUncleanFin: none, afterUncleanRst: none, whileOpen: none };
    expect(evidence(resumed(close, A))).toEqual({ ...all, [key]: { resumed: 1, declined: 0 } });
    expect(evidence(declined(close, A))).toEqual({ ...all, [key]: { resumed: 0, declined: 1 } });
  });

  it('counts connections that are open: packets of theirs come later', () => {
    const visits: Visit[] = [
      { issues: A, holds: true },
      { offers: A, resumes: true },
    ];
    expect(story(visits).report.servers[0].evidence.whileOpen).toEqual({ resumed: 1, declined: 0 });
  });

  it('does not count connections whose end may be lost: no packet of theirs comes later', () => {
    const { evidence } = story(resumed('open', A)).report.servers[0];
    expect(Object.values(evidence).every((tally) => tally.resumed === 0)).toBe(true);
  });

  it('leaves out what has a decisive other cause', () => {
    const { evidence } = story([
      { offers: A, issues: B },
      { issues: id('e5'), hello: { serverName: 'a' } },
      { offers: id('e5'), issues: id('e6'), hello: { serverName: 'b' } },
    ]).report.servers[0];
    expect(Object.values(evidence).every((tally) => tally.declined === 0)).toBe(true);
  });

  const verdicts: [verdict: string, visits: Visit[]][] = [
    ['inconclusive', [{ issues: A }]],
    ['inconclusive', killed],
    ['invalidates-on-unclean-close', [...control(1), ...killed]],
    ['tolerates-unclean-close', [...control(1), ...resumed('rst', A), ...resumed('fin', B)]],
    ['inconclusive', [...declined('clean', A), ...declined('clean', id('e5'))]],
    ['never-resumes', [...declined('clean', A), ...declined('clean', id('e5')), ...declined('clean', id('e6'))]],
    ['mixed', [...control(1), ...killed, ...resumed('rst', id('e5'))]],
    ['mixed', [...control(1), ...killed, ...declined('clean', id('e5'))]],
  ];
  it.each(verdicts)('is %s', (verdict, visits) => {
    expect(story(visits).report.servers[0].verdict).toContain(verdict);
  });
});
