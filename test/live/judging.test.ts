import { describe, expect, it } from 'vitest';
import { Analyzer } from '../../src/analyzer.js';
import type { FrameSink } from '../../src/capture/frame-sink.js';
import { readCapture } from '../../src/capture/read.js';
import { ToldFindings } from '../../src/live/findings.js';
import type { FindingEvent } from '../../src/live-model.js';
import type { Finding, Report } from '../../src/model.js';
import { Warnings } from '../../src/warnings.js';
import { captures, type Fixture, fixtures as folder } from '../support/fixtures.js';

const fixtures = captures().map((fixture): [name: string, fixture: Fixture] => [fixture.name, fixture]);

/** Reads a fixture, and calls `between` after every `step` frames. */
async function readInSteps({ path }: Pick<Fixture, 'path'>, analyzer: Analyzer, step: number, between: () => void): Promise<void> {
  const sink: FrameSink = {
    frame(...frame) {
      analyzer.frame(...frame);
      if (analyzer.frames % step === 0) between();
    },
  };
  const reading = readCapture([path], sink, new Warnings());
  while (!(await reading.next()).done);
}

function judgedAgain(analyzer: Analyzer, told: ToldFindings): FindingEvent[] {
  told.begin();
  const judging = analyzer.judge(told.wants);
  for (;;) {
    const { done, value } = judging.next();
    if (done) return told.news(value);
  }
}

const essence = (finding: Finding) => [keyOf(finding), finding.cause, finding.confidence, finding.declineCount];

const keyOf = ({ session, server }: FindingEvent['finding']) => `${server.address}:${server.port} ${session.kind} ${session.id}`;

describe('reports while frames come', () => {
  it.each(fixtures)('%s: leave the last report as it is', async (_, fixture) => {
    const alone = new Analyzer({ keep: 'all' });
    await readInSteps(fixture, alone, Number.POSITIVE_INFINITY, () => {});
    const analyzer = new Analyzer({ keep: 'all' });
    const before: Report[] = [];
    await readInSteps(fixture, analyzer, 40, () => before.push(analyzer.report()));
    const last = analyzer.report();
    const finished = analyzer.finish();
    expect(finished).toEqual(alone.finish());
    // What waits for a lost segment is read when the capture ends.
    const isWhole = finished.connections.every(({ quality }) => quality.missingBytes === 0);
    if (isWhole) expect(last).toEqual({ ...finished, connections: last.connections });
    expect(last.findings.map(essence)).toEqual(finished.findings.map(essence));
  });

  it.each(fixtures)('%s: what was told comes to the findings of the last report', async (_, fixture) => {
    const analyzer = new Analyzer();
    const told = new ToldFindings();
    const state = new Map<string, unknown>();
    const take = (events: readonly FindingEvent[]) => {
      for (const event of events) {
        const key = keyOf(event.finding);
        expect(state.has(key), `${event.change} ${key}`).toBe(event.change !== 'new');
        if (event.change === 'withdrawn') state.delete(key);
        else state.set(key, event.finding);
      }
    };
    let steps = 0;
    await readInSteps(fixture, analyzer, 10, () => {
      take(analyzer.judgeRecent(told.wantsNew).map((finding) => ({ type: 'finding', change: 'new', finding })));
      if (++steps % 4 === 0) take(judgedAgain(analyzer, told));
    });
    take(judgedAgain(analyzer, told));
    const { findings } = analyzer.finish();
    expect([...state.keys()].sort()).toEqual(findings.map(keyOf).sort());
    for (const finding of findings) {
      const { confidence, cause, declineCount } = finding;
      expect(state.get(keyOf(finding))).toMatchObject({ confidence, cause, declineCount });
    }
  });

  it('lists open connections as they are', async () => {
    const analyzer = new Analyzer({ keep: 'all' });
    let open = 0;
    await readInSteps({ path: `${folder}jetty-unclean-tls12.pcap` }, analyzer, 10, () => {
      const { connections, totals } = analyzer.report();
      expect(connections).toHaveLength(totals.tlsConnections);
      open += connections.filter(({ close }) => close.client.state === 'open').length;
    });
    expect(open).toBeGreaterThan(0);
  });

  it.each([
    ['jetty-unclean-tls12', 4],
    ['openssl-s_server-unclean-tls12', 2],
    ['haproxy-java', 13],
  ])('%s: what is new is told at once, by what was known before', async (name, count) => {
    const analyzer = new Analyzer();
    const told = new ToldFindings();
    const found: [id: string, declined: number, told: number][] = [];
    await readInSteps({ path: `${folder}${name}.pcap` }, analyzer, 1, () => {
      for (const { session, declines } of analyzer.judgeRecent(told.wantsNew))
        found.push([session.id, declines[0].serverHello, analyzer.frames]);
    });
    const { findings } = analyzer.finish();
    expect(findings).toHaveLength(count);
    expect(found.map(([id]) => id).sort()).toEqual(findings.map(({ session }) => session.id).sort());
    for (const [, declined, frame] of found) expect(frame - declined).toBeLessThan(20);
  });
});

describe('forgetting', () => {
  it('keeps counts and findings of what is forgotten', async () => {
    const alone = new Analyzer();
    await readInSteps({ path: `${folder}jetty-mixed.pcap` }, alone, Number.POSITIVE_INFINITY, () => {});
    const whole = alone.finish();
    const analyzer = new Analyzer();
    const told = new ToldFindings();
    const settled: string[] = [];
    await readInSteps({ path: `${folder}jetty-mixed.pcap` }, analyzer, Number.POSITIVE_INFINITY, () => {});
    judgedAgain(analyzer, told);
    analyzer.expire(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    analyzer.forget(Number.POSITIVE_INFINITY, ({ session }) => settled.push(session.id));
    expect(analyzer.sizes).toMatchObject({ sessions: 0, sessionUses: 0 });
    const { totals, findings, servers } = analyzer.finish();
    expect(settled.sort()).toEqual(whole.findings.map(({ session }) => session.id).sort());
    expect(findings).toEqual(whole.findings);
    expect(totals).toEqual(whole.totals);
    expect(servers.map(({ causes, handshakes, avoidableFullHandshakes }) => [causes, handshakes, avoidableFullHandshakes])).toEqual(
      whole.servers.map(({ causes, handshakes, avoidableFullHandshakes }) => [causes, handshakes, avoidableFullHandshakes]),
    );
  });

  it('goes on with what was used since', async () => {
    const whole = new Analyzer();
    await readInSteps({ path: `${folder}jetty-unclean-tls12.pcap` }, whole, Number.POSITIVE_INFINITY, () => {});
    const analyzer = new Analyzer();
    await readInSteps({ path: `${folder}jetty-unclean-tls12.pcap` }, analyzer, 20, () => analyzer.forget(0));
    expect(analyzer.finish()).toEqual(whole.finish());
  });
});
