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
    await readInSteps(fixture, analyzer, 25, () => take(judgedAgain(analyzer, told)));
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
});
