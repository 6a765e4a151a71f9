import { describe, expect, it } from 'vitest';
import type { Cause, Report } from '../../src/model.js';
import { id } from '../tls/messages.js';
import { control, story, type Visit } from './visits.js';

const A = id('a1');
const B = id('b2');
const fresh = (first: number, count: number) =>
  Array.from({ length: count }, (_, i) => (first + i).toString(16).padStart(2, '0').repeat(32));

/** Sessions that are issued one after the other and, after a while, offered again in the same order. */
function later(ids: readonly string[], between: number, resumes: boolean, close: Visit['close'] = 'clean'): Visit[] {
  return [
    ...ids.map((issues): Visit => ({ issues, close })),
    ...ids.map(
      (offers, i): Visit => ({
        offers,
        ...(resumes ? { resumes } : { issues: id((0x90 + i).toString(16)) }),
        after: i === 0 ? between : 0,
      }),
    ),
  ];
}

/** Causes of the declined offers, in order. */
function causes(report: Report): (Cause | null)[] {
  return report.connections.filter((connection) => connection.resumption === 'declined').map((connection) => connection.cause);
}

describe('a decline that no close explains', () => {
  const cases: [name: string, visits: Visit[], expected: Cause[]][] = [
    ['far beyond all ages: expired', [...control(3), ...later([A], 60, false)], ['expired']],
    ['a little beyond all ages, once: nobody knows', [...later([B], 50, true), ...later([A], 60, false)], ['undetermined']],
    [
      'a little beyond all ages, three times: expired',
      [...later(fresh(0x40, 6), 50, true), ...later(fresh(0x10, 3), 60, false)],
      ['expired', 'expired', 'expired'],
    ],
    ['younger than a second: not expired', [...control(3), ...later([A], 0.5, false)], ['undetermined']],
    [
      'those with many issued since, while those with few are kept: evicted',
      [
        ...fresh(0x10, 6).map((issues): Visit => ({ issues })),
        { offers: fresh(0x10, 6)[5], resumes: true },
        { offers: fresh(0x10, 6)[4], resumes: true },
        { offers: fresh(0x10, 6)[0], issues: id('70') },
        { offers: fresh(0x10, 6)[1], issues: id('71') },
        { offers: id('70'), resumes: true },
      ],
      ['evicted', 'evicted'],
    ],
    [
      'all older ones, while a younger one is kept: restarted',
      [
        ...fresh(0x10, 3).map((issues): Visit => ({ issues })),
        ...fresh(0x10, 3).map((offers): Visit => ({ offers, resumes: true })),
        { offers: fresh(0x10, 3)[0], issues: A, after: 0.3 },
        { offers: fresh(0x10, 3)[1], issues: B },
        { offers: A, resumes: true },
        { offers: B, resumes: true },
      ],
      ['restarted', 'restarted'],
    ],
    [
      'now and then: several nodes',
      [
        ...fresh(0x10, 6).map((issues): Visit => ({ issues })),
        ...fresh(0x20, 3).map((issues): Visit => ({ issues })),
        { offers: fresh(0x10, 6)[0], resumes: true },
        { offers: fresh(0x20, 3)[0], issues: id('71') },
        { offers: fresh(0x10, 6)[1], resumes: true },
        { offers: fresh(0x20, 3)[1], issues: id('72') },
        { offers: fresh(0x10, 6)[2], resumes: true },
        { offers: fresh(0x20, 3)[2], issues: id('73') },
        { offers: fresh(0x10, 6)[3], resumes: true },
      ],
      ['other-node', 'other-node', 'other-node'],
    ],
  ];
  it.each(cases)('%s', (_, visits, expected) => expect(causes(story(visits).report)).toEqual(expected));

  it('that has expired is no finding, although an unclean close came before it', () => {
    const survivor: Visit[] = [
      { issues: B, close: 'fin' },
      { offers: B, resumes: true, close: 'fin' },
    ];
    const { report } = story([
      ...survivor,
      { issues: A, close: 'rst' },
      { offers: B, issues: id('70'), after: 60 },
      { offers: A, issues: id('71') },
    ]);
    expect(causes(report)).toEqual(['expired', 'expired']);
    expect(report.findings).toEqual([]);
  });

  it('does not hide that unclean closes cost sessions as well', () => {
    const killed = fresh(0x20, 4).flatMap((issues, i): Visit[] => [
      { issues, close: 'rst' },
      { offers: issues, issues: id((0x80 + i).toString(16)) },
    ]);
    const { report } = story([...control(4), ...killed, ...later([A], 60, false)]);
    expect(report.servers[0]).toMatchObject({
      verdict: 'invalidates-on-unclean-close',
      causes: [
        { cause: 'unclean-close', declines: 4 },
        { cause: 'expired', declines: 1, between: null },
      ],
    });
  });
});

describe('a server', () => {
  it('that drops its connections and then knows no older session has restarted', () => {
    const ids = fresh(0x10, 4);
    const { report } = story([
      ...ids.slice(2).map((issues): Visit => ({ issues })),
      ...ids.slice(2).map((offers): Visit => ({ offers, resumes: true })),
      ...ids.slice(0, 2).map((issues): Visit => ({ issues, close: 'serverRst' })),
      { offers: ids[0], issues: A, after: 0.3 },
      { offers: ids[1], issues: B },
      { offers: A, resumes: true },
    ]);
    expect(causes(report)).toEqual(['restarted', 'restarted']);
  });
});
