import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { EndEffect, Verdict } from '../../src/model.js';
import { reportOf } from '../support/command.js';
import { captures, fixtures } from '../support/fixtures.js';

const INVALIDATES = 'invalidates-on-unclean-close';
const TOLERATES = 'tolerates-unclean-close';

/** What real servers do, as their endpoints and logs tell it; `unknown` where the capture holds no such offer. */
const SERVERS: readonly [capture: string, port: number, verdict: Verdict, fin: EndEffect, rst: EndEffect][] = [
  ['jetty-stock-unclean-tls12', 8445, TOLERATES, 'tolerates', 'tolerates'],
  ['jetty-unclean-tls12', 8444, INVALIDATES, 'invalidates', 'invalidates'],
  ['jetty-mixed', 8449, INVALIDATES, 'invalidates', 'invalidates'],
  ['merged', 8444, INVALIDATES, 'invalidates', 'invalidates'],
  ['java-sslsocket-requireclosenotify-tls12', 8447, INVALIDATES, 'invalidates', 'tolerates'],
  ['java-sslsocket-default-tls12', 8446, TOLERATES, 'tolerates', 'tolerates'],
  ['openssl-s_server-unclean-tls12', 8451, INVALIDATES, 'invalidates', 'tolerates'],
  ['starttls-smtp', 8480, INVALIDATES, 'tolerates', 'invalidates'],
  ['nginx-unclean-tls12', 8450, TOLERATES, 'tolerates', 'tolerates'],
  ['tickets-tls12', 8470, TOLERATES, 'tolerates', 'tolerates'],
  ['tickets-tls12-jetty-legacy', 8471, TOLERATES, 'tolerates', 'tolerates'],
  ['tls13-nginx with keys', 8473, TOLERATES, 'tolerates', 'tolerates'],
  ['tls13-jetty-legacy-stateful with keys', 8474, INVALIDATES, 'invalidates', 'invalidates'],
  ['tls13-jetty-legacy-stateful', 8474, INVALIDATES, 'invalidates', 'unknown'],
  ['tls13-jetty-legacy-stateless with keys', 8476, TOLERATES, 'tolerates', 'tolerates'],
  ['forum-haproxy', 9466, INVALIDATES, 'unknown', 'invalidates'],
];

/** Captures in which something else than an unclean close cost the sessions, however closes look. */
const INNOCENT = [
  'expiry-unclean-nginx',
  'lb-two-nginx',
  'restart-jetty',
  'tickets-tls12',
  'tickets-tls12-jetty-empty-ticket',
  'fatal-alert-on-session-jetty',
];

async function report(name: string) {
  const capture = captures().find((fixture) => fixture.name === name.replace(' with keys', ''));
  if (!capture) throw new Error(`no capture ${name}`);
  const keys = `${fixtures}keys/${capture.name}.keys`;
  if (name.endsWith(' with keys') && !existsSync(keys)) throw new Error(`no keys for ${name}`);
  return reportOf(capture.path, ...(name.endsWith(' with keys') ? ['--key-log', keys] : []));
}

describe('the verdict on a real server', () => {
  it.each(SERVERS)('%s', async (name, port, verdict, fin, rst) => {
    const server = (await report(name)).servers.find((s) => s.port === port);
    expect(server).toMatchObject({ verdict, ends: { fin, rst } });
  });

  it.each(INNOCENT)('%s is not accused', async (name) => {
    const { findings, servers } = await report(name);
    expect(findings.filter(({ confidence }) => confidence !== 'low')).toEqual([]);
    expect(servers.map(({ verdict }) => verdict)).not.toContain(INVALIDATES);
  });

  it('names the rate at which a RST that overtakes close_notify costs the session', async () => {
    const [server] = (await report('haproxy-java')).servers;
    expect(server).toMatchObject({
      verdict: 'mixed',
      evidence: { afterResetRace: { resumed: 3, declined: 13 } },
      ends: { resetRace: 'mixed' },
    });
    expect(server.verdictText).toContain('declined 13 of 16 sessions after a close_notify that a RST overtook');
  });

  it('names the proxy that never offers', async () => {
    const [server] = (await report('haproxy-java-nosslreuse')).servers;
    expect(server.nonOffering).toMatchObject([{ address: '10.9.0.1', habit: 'never-offers', chances: { offered: 0, notOffered: 11 } }]);
  });
});
