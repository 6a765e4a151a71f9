import { describe, expect, it } from 'vitest';
import type { NonOfferingClient } from '../../src/model.js';
import { alert, id } from '../tls/messages.js';
import { story, type Visit } from './visits.js';

const ids = (first: number, count: number) => Array.from({ length: count }, (_, i) => id((first + i).toString(16)));

/** Each connection gets a session, and does not offer the one before. */
const forgetful = (first: number, count: number, close?: Visit['close']): Visit[] =>
  ids(first, count).map((issues) => (close ? { issues, close } : { issues }));

function nonOffering(visits: readonly Visit[]): NonOfferingClient[] {
  return story(visits).report.servers[0].nonOffering;
}

describe('a client that does not offer its session', () => {
  it('never offers', () => {
    expect(nonOffering(forgetful(0x10, 4))).toMatchObject([
      { address: '192.0.2.1', habit: 'never-offers', chances: { offered: 0, notOffered: 3 }, pValue: null },
    ]);
  });

  const quiet: [name: string, visits: Visit[]][] = [
    ['had too few chances', forgetful(0x10, 3)],
    ['offers at times', [...forgetful(0x10, 4), { offers: id('10'), resumes: true }]],
    ['had no session', Array.from({ length: 5 }, (): Visit => ({ issues: '' }))],
    ['begins all connections before the first one is over', ids(0x10, 5).map((issues): Visit => ({ issues, holds: true }))],
    ['comes back after a timeout', ids(0x10, 5).map((issues): Visit => ({ issues, after: 400 }))],
    ['asks for another name each time', ids(0x10, 5).map((issues, i): Visit => ({ issues, hello: { serverName: `${i}.example` } }))],
    [
      'lost its sessions by fatal alerts',
      ids(0x10, 5).map(
        (issues): Visit => ({
          issues,
          close: ({ client, server }) => {
            server.send(alert('fatal', 'unexpected_message'));
            server.fin();
            client.fin();
          },
        }),
      ),
    ],
    ['is another address each time', ids(0x10, 5).map((issues, i): Visit => ({ issues, client: `192.0.2.${i + 1}:40000` }))],
  ];
  it.each(quiet)('is not named when it %s', (_, visits) => expect(nonOffering(visits)).toEqual([]));

  it('stops offering after the server closed first and without close_notify', () => {
    const visits = ids(0x10, 6).flatMap((issues): Visit[] => [{ issues }, { offers: issues, resumes: true, close: 'serverFin' }]);
    expect(nonOffering(visits)).toMatchObject([
      {
        habit: 'stops-after-unclean-server-close',
        afterUncleanServerClose: { offered: 0, notOffered: 5 },
        afterCleanServerClose: { offered: 6, notOffered: 0 },
      },
    ]);
  });

  it('is left alone where a clean close changes nothing', () => {
    const visits = ids(0x10, 4).flatMap((issues): Visit[] => [
      { issues, close: 'serverFin' },
      { offers: issues, resumes: true },
    ]);
    expect(nonOffering(visits)).toEqual([]);
  });
});
