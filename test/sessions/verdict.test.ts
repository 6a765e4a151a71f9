import { describe, expect, it } from 'vitest';
import type { ServerReport } from '../../src/model.js';
import { id } from '../tls/messages.js';
import { control, story, type Visit } from './visits.js';

/** Sessions that are offered once after a close. */
function offeredAfter(close: NonNullable<Visit['close']>, count: number, resumes: boolean, first: number): Visit[] {
  return Array.from({ length: count }, (_, i) => id((first + i).toString(16))).flatMap((issues, i): Visit[] => [
    { issues, close },
    { offers: issues, ...(resumes ? { resumes } : { issues: id((first + 0x40 + i).toString(16)) }) },
  ]);
}

function serverOf(visits: readonly Visit[]): ServerReport {
  return story(visits).report.servers[0];
}

describe('the verdict on a server', () => {
  const cases: [name: string, visits: Visit[], expected: Partial<ServerReport>][] = [
    [
      'invalidates on FIN and RST',
      [...control(3), ...offeredAfter('fin', 2, false, 0x10), ...offeredAfter('rst', 3, false, 0x20)],
      {
        verdict: 'invalidates-on-unclean-close',
        verdictText:
          'It declined 2 of 2 sessions after a FIN without close_notify, 3 of 3 after a RST without close_notify, and 0 of 3 after a clean close.',
        ends: { fin: 'invalidates', rst: 'invalidates', resetRace: 'unknown' },
        toSettle: null,
      },
    ],
    [
      'invalidates on FIN, not on RST',
      [...control(3), ...offeredAfter('fin', 2, false, 0x10), ...offeredAfter('rst', 3, true, 0x20)],
      { verdict: 'invalidates-on-unclean-close', ends: { fin: 'invalidates', rst: 'tolerates', resetRace: 'unknown' } },
    ],
    [
      'tolerates',
      [...offeredAfter('fin', 2, true, 0x10), ...offeredAfter('rst', 1, true, 0x20)],
      {
        verdict: 'tolerates-unclean-close',
        verdictText: 'It resumed 2 of 2 sessions after a FIN without close_notify, and 1 of 1 after a RST without close_notify.',
        ends: { fin: 'tolerates', rst: 'tolerates', resetRace: 'unknown' },
      },
    ],
    [
      'never resumes',
      offeredAfter('clean', 3, false, 0x10),
      {
        verdict: 'never-resumes',
        verdictText: 'It declined 3 of 3 sessions after a clean close.',
        ends: { fin: 'unknown', rst: 'unknown', resetRace: 'unknown' },
      },
    ],
    [
      'loses a race now and then, and says how often',
      [...offeredAfter('race', 3, false, 0x10), ...offeredAfter('race', 1, true, 0x20)],
      {
        verdict: 'mixed',
        verdictText:
          'It declined 3 of 4 sessions after a close_notify that a RST overtook. Most likely it is a matter of time whether it reads the close_notify before the RST.',
        ends: { fin: 'unknown', rst: 'unknown', resetRace: 'mixed' },
      },
    ],
    [
      'declines after unclean closes, and nobody knows whether it ever resumes',
      offeredAfter('rst', 4, false, 0x10),
      {
        verdict: 'inconclusive',
        ends: { fin: 'unknown', rst: 'unknown', resetRace: 'unknown' },
        toSettle:
          'Close one connection to it with close_notify, then offer that session again: if it is resumed, unclean closes cost the others.',
      },
    ],
    [
      'resumes, and no unclean close came before an offer',
      control(2),
      {
        verdict: 'inconclusive',
        toSettle: 'No session was offered after an unclean close: close one connection without close_notify, then offer its session again.',
      },
    ],
    [
      'is offered nothing that it issued',
      [{ issues: id('a1') }],
      { verdict: 'inconclusive', verdictText: 'No session that it issued was offered to it again.' },
    ],
  ];
  it.each(cases)('%s', (_, visits, expected) => expect(serverOf(visits)).toMatchObject(expected));

  it('is not that it invalidates where as many sessions die after clean closes', () => {
    const kept = Array.from({ length: 6 }, (_, i) => id((0x60 + i).toString(16)));
    const visits: Visit[] = [
      ...kept.map((issues): Visit => ({ issues })),
      ...offeredAfter('rst', 2, false, 0x10),
      { offers: kept[0], resumes: true },
      ...offeredAfter('clean', 3, false, 0x20),
      { offers: kept[1], resumes: true },
    ];
    expect(serverOf(visits).verdict).toBe('mixed');
  });

  it('compares each kind of close with the control', () => {
    const { comparisons, pValue, attributableFraction } = serverOf([
      ...control(5),
      ...offeredAfter('fin', 3, false, 0x10),
      ...offeredAfter('rst', 2, true, 0x20),
    ]);
    expect(comparisons.fin).toMatchObject({ exposed: { resumed: 0, declined: 3 }, control: { resumed: 5, declined: 0 } });
    // 1 of the 56 ways to choose 3 of 8.
    expect(comparisons.fin?.pValue).toBeCloseTo(1 / 56, 9);
    expect(comparisons.rst).toMatchObject({ pValue: 1, attributableFraction: null });
    expect(comparisons.resetRace).toBeNull();
    expect(pValue).toBe(comparisons.unclean?.pValue);
    expect(attributableFraction).toBe(1);
  });
});
