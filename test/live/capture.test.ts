import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analyze.js';
import { type Capture, type CaptureOptions, capture } from '../../src/live/capture.js';
import type { CaptureEvent } from '../../src/live-model.js';
import type { Finding, Report } from '../../src/model.js';
import { fixtures } from '../support/fixtures.js';

type Identity = Pick<Finding, 'session'>;

const UNCLEAN = `${fixtures}jetty-unclean-tls12.pcap`;
const CHUNK_BYTES = 4096;

/** The bytes of a capture, in pieces with time between them. */
async function* pieces(path: string, pauseMilliseconds = 0): AsyncGenerator<Uint8Array> {
  const bytes = readFileSync(path);
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    yield bytes.subarray(at, at + CHUNK_BYTES);
    await pause(pauseMilliseconds);
  }
}

/** The same, and then nothing for ever. */
async function* unending(path: string): AsyncGenerator<Uint8Array> {
  yield* pieces(path);
  await new Promise(() => {});
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function eventsOf(running: Capture): Promise<CaptureEvent[]> {
  const events: CaptureEvent[] = [];
  for await (const event of running) events.push(event);
  return events;
}

function reportOf(events: readonly CaptureEvent[]): Report {
  const last = events.at(-1);
  if (last?.type !== 'report') throw new Error(`the last event is ${last?.type}`);
  return last.report;
}

describe('capture()', () => {
  it('ends with the report that the file has', async () => {
    const events = await eventsOf(capture({ input: { name: UNCLEAN, stream: pieces(UNCLEAN) } }));
    expect(reportOf(events)).toEqual(await analyze(UNCLEAN));
    expect(events.filter(({ type }) => type === 'report')).toHaveLength(1);
  });

  it('tells of every connection and every finding', async () => {
    const events = await eventsOf(capture({ input: pieces(UNCLEAN) }));
    const report = reportOf(events);
    expect(events.filter(({ type }) => type === 'connection')).toHaveLength(report.totals.tlsConnections);
    const last = new Map(events.flatMap((event) => (event.type === 'finding' ? [[event.finding.session.id, event.finding]] : [])));
    const byId = (a: Identity, b: Identity) => a.session.id.localeCompare(b.session.id);
    expect([...last.values()].sort(byId)).toEqual([...report.findings].sort(byId));
    const found = events.flatMap((event) => (event.type === 'finding' && event.change === 'new' ? [event.finding.session.id] : []));
    expect(found.sort()).toEqual(report.findings.map(({ session }) => session.id).sort());
    expect(found.length).toBeGreaterThan(0);
  });

  it('tells of findings while the capture goes on, and of no connection that nobody wants', async () => {
    const running = capture({ input: unending(UNCLEAN), connections: false });
    const seen = new Set<string>();
    for await (const event of running) {
      seen.add(event.type);
      if (event.type === 'finding') running.stop();
    }
    expect([...seen].sort()).toEqual(['finding', 'report', 'statistics']);
  });

  it('counts what was read', async () => {
    const running = capture({ input: pieces(UNCLEAN, 1) });
    const events = await eventsOf(running);
    const { sources } = reportOf(events).capture;
    const statistics = events.flatMap((event) => (event.type === 'statistics' ? [event.statistics] : []));
    expect(statistics[0]).toMatchObject({ dropped: null });
    expect(running.statistics).toMatchObject({ frames: sources[0].frames, bytes: sources[0].bytes, dropped: null });
    expect(running.statistics.tables.sessions).toBeGreaterThan(0);
    expect(running.statistics.lagSeconds).toBeGreaterThanOrEqual(0);
  });

  it('reports now, and goes on', async () => {
    const running = capture({ input: pieces(UNCLEAN, 1) });
    const frames: number[] = [];
    for await (const event of running) {
      if (event.type === 'connection') frames.push(running.report().capture.sources[0].frames);
    }
    expect(frames[0]).toBeLessThan(frames.at(-1) ?? 0);
  });

  it('ends after so many frames', async () => {
    expect(reportOf(await eventsOf(capture({ input: unending(UNCLEAN), count: 50 }))).capture.lastTime).toBe(
      (await analyze(await firstFrames(50))).capture.lastTime,
    );
  });

  it('ends after a time', async () => {
    const begin = performance.now();
    await eventsOf(capture({ input: unending(UNCLEAN), duration: 0.3 }));
    expect(performance.now() - begin).toBeGreaterThan(250);
  });

  it.each<[string, (controller: AbortController) => void]>([
    ['while next() is pending', (controller) => setTimeout(() => controller.abort(), 100)],
    ['before it began', (controller) => controller.abort()],
  ])('ends with a report when the signal is aborted %s', async (_, abort) => {
    const controller = new AbortController();
    abort(controller);
    expect(reportOf(await eventsOf(capture({ input: unending(UNCLEAN), signal: controller.signal }))).schema).toBe('closenotify/report/1');
  });

  it('closes its input when nobody wants more', async () => {
    let isClosed = false;
    async function* stream(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          yield* pieces(UNCLEAN);
          await pause(1);
        }
      } finally {
        isClosed = true;
      }
    }
    for await (const event of capture({ input: stream() })) if (event.type === 'connection') break;
    await pause(50);
    expect(isClosed).toBe(true);
  });

  it('does not wait for an input that has nothing more when nobody wants more', async () => {
    for await (const event of capture({ input: unending(UNCLEAN) })) if (event.type === 'finding') break;
  });

  it('gives every frame to the copy', async () => {
    let frames = 0;
    const events = await eventsOf(capture({ input: pieces(UNCLEAN), copy: { frame: () => frames++ } }));
    expect(frames).toBe(reportOf(events).capture.sources[0].frames);
  });

  it('fails where the input is no capture', async () => {
    async function* text(): AsyncGenerator<Uint8Array> {
      yield new TextEncoder().encode('tcpdump: eth0: No such device exists\n');
    }
    await expect(eventsOf(capture({ input: { name: 'a pipe', stream: text() } }))).rejects.toThrow(/a pipe: not a packet capture/);
  });

  it.each<[string, CaptureOptions]>([
    ['nothing to capture on', {}],
    ['two of them', { device: 'lo', input: 'x' }],
  ])('throws with %s', (_, options) => {
    expect(() => capture(options)).toThrow(TypeError);
  });

  it('can be gone through once', async () => {
    const running = capture({ input: pieces(UNCLEAN) });
    await eventsOf(running);
    await expect(eventsOf(running)).rejects.toThrow(/once/);
  });
});

/** The first frames of the capture, as one of its own. */
async function firstFrames(count: number): Promise<AsyncIterable<Uint8Array>> {
  const bytes = readFileSync(UNCLEAN);
  let end = 24;
  for (let i = 0; i < count; i++) end += 16 + bytes.readUInt32LE(end + 8);
  return (async function* () {
    yield bytes.subarray(0, end);
  })();
}
