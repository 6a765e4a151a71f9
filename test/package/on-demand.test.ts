import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import type { Analyzer } from '../../src/index.js';
import { fixtures } from '../support/fixtures.js';

// The built package by its own name, and by Node's own loader: that of the tests would load its modules a second time.
const require = createRequire(import.meta.url);
const closenotify: typeof import('closenotify') = require('closenotify');
const core: typeof import('closenotify/core') = require('closenotify/core');

const FORUM = `${fixtures}forum-haproxy.pcap`;

describe('the names of the package', () => {
  it('are these', () => {
    expect(Object.keys(closenotify).sort()).toEqual([
      'Analyzer',
      'ArgumentError',
      'CaptureError',
      'DEFAULT_LIMITS',
      'EvidenceError',
      'InputError',
      'KeyLogError',
      'LIVE_LIMITS',
      'analyze',
      'capture',
      'readConnections',
      'toHtml',
      'toJson',
      'toNdjson',
      'toTable',
      'writeEvidence',
    ]);
    expect(Object.keys(core).sort()).toEqual([
      'Analyzer',
      'ArgumentError',
      'DEFAULT_LIMITS',
      'InputError',
      'analyzeBytes',
      'toJson',
      'toNdjson',
    ]);
  });
});

describe('Analyzer', () => {
  it('is the class of closenotify/core', () => {
    const analyzer = new closenotify.Analyzer();
    expect(analyzer).toBeInstanceOf(closenotify.Analyzer);
    expect(analyzer).toBeInstanceOf(core.Analyzer);
    expect(analyzer.constructor.name).toBe('Analyzer');
    expect(analyzer.finish().totals.tcpConnections).toBe(0);
    expect(() => new closenotify.Analyzer({ keep: 'some' as never })).toThrow(core.ArgumentError);
  });

  it('can be extended', () => {
    class Counting extends closenotify.Analyzer {
      pushed = 0;
      override push(...frame: Parameters<Analyzer['push']>): void {
        this.pushed++;
        super.push(...frame);
      }
    }
    const analyzer = new Counting({});
    analyzer.push(new Uint8Array(60), 1, 0, 1);
    expect([analyzer.pushed, analyzer.frames, analyzer instanceof closenotify.Analyzer]).toEqual([1, 1, true]);
  });
});

describe('what is loaded on demand', () => {
  it('can be used by several at once', async () => {
    const analyses = [FORUM, `${fixtures}tls13-nginx-dsb.pcapng`, FORUM].map((path) => closenotify.analyze(path));
    const report = closenotify.capture({ input: FORUM });
    const [first, second, third] = await Promise.all(analyses);
    expect([first.totals.invalidatedSessions, second.capture.decryptedConnections > 0]).toEqual([1, true]);
    expect(third).toEqual(first);
    expect([...closenotify.toTable(first)].join('')).toMatch(/^1 session invalidated/);
    expect([...closenotify.toHtml(first)].join('')).toMatch(
      /^<!doctype html>[\s\S]*<h1>1 session invalidated after an unclean close<\/h1>/,
    );
    for await (const event of report) if (event.type === 'report') expect(event.report.totals).toEqual(first.totals);
  });

  it('listens at once to what emits frames', async () => {
    const parser = new EventEmitter();
    process.nextTick(() => {
      parser.emit('globalHeader', { snapshotLength: 65_535, linkLayerType: 1 });
      const header = { timestampSeconds: 1, timestampMicroseconds: 0, capturedLength: 60, originalLength: 60 };
      parser.emit('packetHeader', header);
      parser.emit('packet', { header, data: Buffer.alloc(60) });
      parser.emit('end');
    });
    expect((await closenotify.analyze(parser)).capture.sources).toMatchObject([{ frames: 1, bytes: 60 }]);
  });

  it('throws what it should', async () => {
    await expect(closenotify.analyze('/nowhere')).rejects.toBeInstanceOf(closenotify.InputError);
    await expect(closenotify.analyze([])).rejects.toBeInstanceOf(closenotify.ArgumentError);
    await expect(closenotify.analyze(FORUM, { keyLog: '/nowhere' })).rejects.toBeInstanceOf(closenotify.KeyLogError);
    await expect(closenotify.readConnections('/nowhere').next()).rejects.toBeInstanceOf(closenotify.InputError);
    expect(() => closenotify.capture({})).toThrow(closenotify.ArgumentError);
  });
});

describe('closenotify/core', () => {
  const bytes = readFileSync(FORUM);
  const webStream = () => new Blob([bytes]).stream();

  it.each<[string, () => Parameters<typeof core.analyzeBytes>[0]]>([
    ['bytes', () => bytes],
    ['a stream of the web', webStream],
    ['one that is no async iterable', () => ({ getReader: () => webStream().getReader() as never })],
  ])('analyzes %s as the package does', async (_, input) => {
    const { capture, ...rest } = await core.analyzeBytes(input(), { keep: 'all' });
    const { capture: expected, ...others } = await closenotify.analyze(FORUM, { keep: 'all' });
    expect(rest).toEqual(others);
    expect(capture.sources).toEqual([{ ...expected.sources[0], name: 'capture' }]);
  });

  it('says what to do with gzip, and what is no capture', async () => {
    const gzip = readFileSync(`${fixtures}q-gzip.pcap.gz`);
    await expect(core.analyzeBytes(gzip, { name: 'a.gz' })).rejects.toThrow(/^a\.gz: is gzip; decompress it first: /);
    await expect(core.analyzeBytes(new Uint8Array(0))).rejects.toMatchObject({ code: 'ERR_EMPTY' });
    const unzipped = new Blob([gzip]).stream().pipeThrough(new DecompressionStream('gzip'));
    expect((await core.analyzeBytes(unzipped as never)).totals.tlsConnections).toBeGreaterThan(0);
  });

  it('ends when it is aborted', async () => {
    const endless = (async function* () {
      yield bytes.subarray(0, 1000);
      await new Promise(() => {});
    })();
    const stopping = new AbortController();
    const analysis = core.analyzeBytes(endless, { signal: stopping.signal });
    stopping.abort(new Error('enough'));
    await expect(analysis).rejects.toThrow('enough');
  });
});
