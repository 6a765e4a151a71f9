import { createReadStream, type ReadStream, readFileSync } from 'node:fs';
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
    [{ limits: { flows: 0 } }, 'limits.flows: expected a whole number from 1 to 1073741824, not 0'],
    [{ limits: { flows: 2 ** 31 } }, 'limits.flows: expected a whole number from 1 to 1073741824, not 2147483648'],
    [{ limits: 5 as never }, 'limits: expected numbers by their names, not 5'],
    [{ kept: 'all' } as never, 'kept: there is no such option'],
    [{ keep: '\u001b[2J' as never }, "keep: expected 'findings' or 'all', not \\x1b[2J"],
    [{ limits: { sessions: 1.5 } }, 'limits.sessions: expected a whole number from 0 to 1073741824, not 1.5'],
  ])('%j', async (options, message) => {
    expect(() => new Analyzer(options)).toThrow(new ArgumentError(message));
    await expect(analyze(FORUM, options)).rejects.toMatchObject({ name: 'ArgumentError', code: 'ERR_ARGUMENT', message });
  });

  it.each<[NonNullable<AnalyzeOptions['filter']>, string]>([
    [{ client: '10.0.0.0/33' }, 'filter.client: expected an IP address or a range such as 10.0.0.0/8, not 10.0.0.0/33'],
    [null as never, 'filter: expected { server, client, session }, not null'],
    ['10.0.0.0/8' as never, 'filter: expected { server, client, session }, not 10.0.0.0/8'],
    [{ server: '10.0.0.5' as never }, 'filter.server: expected { address, port }, not 10.0.0.5'],
    [{ clients: 'x' } as never, 'clients: there is no such option'],
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
      new ArgumentError('an input must be a file of this machine: cannot read from https://example.org/a.pcap'),
    ));
});

describe('an input that fails', () => {
  it.skipIf(process.platform !== 'linux')('while it is told whether it may hold secrets is an InputError', async () => {
    await expect(analyze('/proc/self/mem')).rejects.toMatchObject({ name: 'InputError', code: 'ERR_READ' });
    const both = await analyze(['/proc/self/mem', FORUM]);
    expect([both.totals.invalidatedSessions, both.capture.warnings.map(({ code }) => code)]).toEqual([1, ['input-unreadable']]);
  });

  it('before it is read does not end the process', async () => {
    const missing = () => createReadStream('/nonexistent.pcap');
    await expect(analyze(missing())).rejects.toMatchObject({ name: 'InputError', code: 'ERR_NOT_FOUND' });
    await expect(analyze({ name: 'late', stream: missing() })).rejects.toMatchObject({ name: 'InputError' });
    const both = await analyze([FORUM, missing()]);
    expect(both.capture.warnings.map(({ code }) => code)).toEqual(['input-unreadable']);
  });

  it('with what is no text is told all the same', async () => {
    const failing = (reason: unknown) => ({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(reason), return: () => Promise.reject(new Error('again')) }),
    });
    for (const reason of [Object.create(null), { toString: null }, undefined])
      await expect(analyze(failing(reason) as never)).rejects.toMatchObject({ name: 'InputError', code: 'ERR_READ' });
  });
});

describe('inputs that nobody reads any more', () => {
  const stream = () => createReadStream(FORUM, { highWaterMark: 1024 });
  const stopped = AbortSignal.abort(new Error('enough'));

  it.each<[string, (inputs: ReadStream[]) => Promise<unknown>]>([
    ['aborted before', (inputs) => analyze(inputs, { signal: stopped })],
    ['without a key log', (inputs) => analyze(inputs, { keyLog: '/nowhere' })],
    ['beside one that is none', (inputs) => analyze([...inputs, 42 as never])],
    [
      'of which progress fails',
      (inputs) =>
        analyze(inputs, {
          onProgress: () => {
            throw new Error('enough');
          },
        }),
    ],
  ])('are closed: %s', async (_, analysis) => {
    const inputs = [stream(), stream(), stream()];
    await expect(analysis(inputs)).rejects.toThrow();
    for (const input of inputs) expect(input.destroyed).toBe(true);
  });

  it('are closed where a loop is left', async () => {
    const inputs = [stream(), stream()];
    for await (const { stream } of readConnections(inputs)) if (stream >= 0) break;
    expect(inputs.map(({ destroyed }) => destroyed)).toEqual([true, true]);
  });

  it('are cancelled where they stand still', async () => {
    let isCancelled = false;
    const stalled = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(readFileSync(FORUM)).subarray(0, 1000)),
      cancel: () => {
        isCancelled = true;
      },
    });
    await expect(analyze(stalled, { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ name: 'TimeoutError' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isCancelled).toBe(true);
  });
});

describe('readConnections', () => {
  it('hears its signal between connections', async () => {
    const stopping = new AbortController();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { stream } of readConnections(FORUM, { signal: stopping.signal })) {
        seen.push(stream);
        stopping.abort(new Error('enough'));
      }
    })();
    await expect(reading).rejects.toThrow('enough');
    expect(seen).toHaveLength(1);
  });

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

  it('finds what a client lost that a proxy names', async () => {
    const path = `${fixtures}proxy-protocol-v1.pcap`;
    const { connections, findings } = await analyze(path, { keep: 'all' });
    const client = connections.find(({ proxiedClient }) => proxiedClient !== null)?.proxiedClient?.address;
    const selected = await analyze(path, { filter: { client: client ?? '' } });
    expect(selected.connections).toEqual([]);
    const streams = new Set(connections.filter(({ proxiedClient }) => proxiedClient?.address === client).map(({ stream }) => stream));
    expect(selected.findings).toEqual(findings.filter((f) => [f.issued, ...f.declines].some(({ stream }) => streams.has(stream))));
  });
});
