import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type AnalyzeOptions, analyze, readConnections } from '../src/analyze.js';
import { Analyzer, type AnalyzerOptions } from '../src/analyzer.js';
import { ArgumentError } from '../src/argument-error.js';
import type { Connection, Report } from '../src/model.js';
import { fixtures } from './support/fixtures.js';

const FORUM = `${fixtures}forum-haproxy.pcap`;
const TWO = `${fixtures}lb-two-nginx.pcap`;

describe('options that are none', () => {
  it.each<[AnalyzerOptions, string]>([
    [{ keep: 'some' as never }, "keep: expected 'findings' or 'all', not some"],
    [{ handshakeCost: -1 }, 'handshakeCost: expected milliseconds, 0 or more, not -1'],
    [{ handshakeCost: Number.NaN }, 'handshakeCost: expected milliseconds, 0 or more, not NaN'],
    [{ limits: { flow: 1 } as never }, 'limits.flow: there is no such limit'],
    [{ limits: { flows: 0 } }, 'limits.flows: expected a whole number from 1 on, not 0'],
    [{ limits: { sessions: 1.5 } }, 'limits.sessions: expected a whole number from 0 on, not 1.5'],
  ])('%j', async (options, message) => {
    expect(() => new Analyzer(options)).toThrow(new ArgumentError(message));
    await expect(analyze(FORUM, options)).rejects.toMatchObject({ name: 'ArgumentError', code: 'ERR_ARGUMENT', message });
  });

  it.each<[NonNullable<AnalyzeOptions['filter']>, string]>([
    [{ client: '10.0.0.0/33' }, 'filter.client: expected an IP address or a range such as 10.0.0.0/8, not 10.0.0.0/33'],
    [{ session: 'xy' }, 'filter.session: expected hexadecimal digits, not xy'],
    [{ server: { address: 'localhost' } }, 'filter.server.address: expected an IP address, not localhost'],
    [{ server: { address: '::1', port: 65_536 } }, 'filter.server.port: expected a port from 1 to 65535, not 65536'],
  ])('%j', async (filter, message) => {
    await expect(analyze(FORUM, { filter })).rejects.toThrow(new ArgumentError(message));
    await expect(readConnections(FORUM, { filter }).next()).rejects.toThrow(new ArgumentError(message));
  });
});

describe('an analyzer', () => {
  it.each([
    [Number.NaN, 0],
    [Number.POSITIVE_INFINITY, 0],
    [1, -1],
    [1, 1e9],
    [1, Number.NaN],
  ])('refuses the time %d s and %d ns', (seconds, nanoseconds) => {
    const analyzer = new Analyzer();
    expect(() => analyzer.push(new Uint8Array(60), seconds, nanoseconds, 1)).toThrow(ArgumentError);
    expect(analyzer.finish().capture).toMatchObject({ firstTime: null, lastTime: null });
  });

  it('is used once', () => {
    const analyzer = new Analyzer();
    analyzer.finish();
    expect(() => analyzer.finish()).toThrow(new ArgumentError('finish: the analyzer has finished'));
    expect(() => analyzer.push(new Uint8Array(60), 1, 0, 1)).toThrow(new ArgumentError('push: the analyzer has finished'));
  });
});

describe('inputs', () => {
  it('may be a file URL, or bytes', async () => {
    const expected = await analyze(FORUM);
    const url = await analyze(pathToFileURL(FORUM));
    expect(url).toEqual(expected);
    const bytes = await analyze(readFileSync(FORUM));
    expect({ ...bytes, capture: null }).toEqual({ ...expected, capture: null });
    expect(bytes.capture.sources[0].name).toBe('bytes');
    expect((await analyze(readFileSync(`${fixtures}tls13-nginx-dsb.pcapng`))).capture.decryptedConnections).toBeGreaterThan(0);
  });

  it('may not be another URL', async () =>
    expect(analyze(new URL('https://example.org/a.pcap'))).rejects.toThrow(
      new ArgumentError('an input must be a file: cannot read from https://example.org/a.pcap'),
    ));
});

describe('readConnections', () => {
  it('closes the input of which nobody wants more', async () => {
    const bytes = readFileSync(`${fixtures}merged.pcap`);
    let isClosed = false;
    const input = (async function* () {
      try {
        for (let at = 0; at < bytes.length; at += 4096) yield bytes.subarray(at, at + 4096);
      } finally {
        isClosed = true;
      }
    })();
    for await (const { stream } of readConnections(input)) {
      expect([stream, isClosed]).toEqual([expect.any(Number), false]);
      break;
    }
    expect(isClosed).toBe(true);
  });

  it('gives the report at its end, which tells of damage', async () => {
    const reports: Report[] = [];
    let count = 0;
    for await (const _ of readConnections(`${fixtures}q-cut.pcap`, { onReport: (report) => reports.push(report) })) count++;
    expect(reports.map(({ totals, capture }) => [totals.tlsConnections, capture.sources[0].truncated])).toEqual([[count, true]]);
  });
});

describe('filter', () => {
  const streams = async (filter: AnalyzeOptions['filter'], path = FORUM) => {
    const seen: Connection[] = [];
    for await (const connection of readConnections(path, { ...(filter && { filter }) })) seen.push(connection);
    return seen.map(({ stream }) => stream).sort();
  };

  it('looks at one server only', async () => {
    const all = await analyze(FORUM);
    expect((await analyze(FORUM, { filter: { server: { address: '10.0.0.5', port: 9466 } } })).totals).toEqual(all.totals);
    const none = await analyze(FORUM, { filter: { server: { address: '10.0.0.5', port: 443 } } });
    expect([none.totals.tlsConnections, none.servers]).toEqual([0, []]);
    expect(await streams({ server: { address: '10.0.0.5' } })).toEqual([0, 1, 2]);
  });

  it('takes an IPv6 address however it is written', async () => {
    const path = `${fixtures}q-ipv6.pcap`;
    const [{ address }] = (await analyze(path)).servers;
    const written = address.replace('::', ':0:').toUpperCase();
    const longer = written.split(':').length < 8 ? address.toUpperCase() : written;
    expect((await analyze(path, { filter: { server: { address: longer, port: null } } })).totals.tlsConnections).toBeGreaterThan(0);
  });

  it('tells of some clients and sessions, and leaves the verdict as it is', async () => {
    const all = await analyze(TWO, { keep: 'all' });
    const { client } = all.connections[0];
    const some = await analyze(TWO, { keep: 'all', filter: { client: client.address } });
    expect(some.servers).toEqual(all.servers);
    expect(some.connections).toEqual(all.connections.filter((c) => c.client.address === client.address));
    expect(await streams({ client: '192.0.2.0/24' })).toEqual([]);
    expect(await streams({ session: '1AB8:36' })).toEqual([0, 1, 2]);
    expect(await streams({ session: '50bb' })).toEqual([2]);
  });
});
