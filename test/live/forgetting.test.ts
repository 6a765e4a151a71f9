// Sessions that are forgotten while a capture goes on, and those that must not be
import { describe, expect, it } from 'vitest';
import { Analyzer, type AnalyzerOptions } from '../../src/analyzer.js';
import { readCapture } from '../../src/capture/read.js';
import { ToldFindings } from '../../src/live/findings.js';
import type { FindingEvent } from '../../src/live-model.js';
import type { Report } from '../../src/model.js';
import { closes } from '../sessions/visits.js';
import { Random } from '../simulation/random.js';
import { simulate } from '../simulation/simulate.js';
import { fixtures } from '../support/fixtures.js';
import { Capture, type Link, pushed } from '../support/packets.js';
import { abbreviatedHandshake, exchange, fullHandshake, id } from '../tls/messages.js';

const SEEDS = 40;

/** What must not depend on what was forgotten. */
function counts({ totals, findings, servers }: Report): object {
  return {
    totals,
    findings: findings
      .map(({ session, confidence, declineCount, explanation }) => [session.id, confidence, declineCount, explanation])
      .sort(),
    servers: servers.map(({ causes, handshakes, avoidableFullHandshakes, invalidatedSessions, suspectedSessions }) => ({
      causes: Object.fromEntries(causes.map(({ cause, declines }) => [cause, declines])),
      handshakes,
      avoidableFullHandshakes,
      invalidatedSessions,
      suspectedSessions,
    })),
  };
}

describe('forgetting', () => {
  it('what is not there changes nothing, however sessions are listed', () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const { packets } = simulate(seed);
      const random = new Random(seed * 13 + 5);
      const limits = random.chance(0.4) ? { usesPerSession: random.integer(3, 6) } : {};
      const options: AnalyzerOptions = { limits, keep: 'all' };
      const forgetful = pushed(packets, options, (analyzer) => {
        if (random.chance(0.01)) analyzer.forget(Number.NEGATIVE_INFINITY);
      });
      expect(forgetful.finish(), `seed ${seed}`).toEqual(pushed(packets, options).finish());
    }
  });

  it('all that is over keeps what it came to', () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const { packets } = simulate(seed);
      const [whole, forgetful] = [pushed(packets, {}), pushed(packets, {})];
      for (const analyzer of [whole, forgetful]) analyzer.expire(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
      let settled = 0;
      for (let i = 0; i < 2; i++) forgetful.forget(Number.POSITIVE_INFINITY, () => settled++);
      const report = whole.finish();
      expect(settled, `seed ${seed}`).toBe(report.findings.length);
      expect(counts(forgetful.finish()), `seed ${seed}`).toEqual(counts(report));
    }
  });

  it('spares a session that an open connection offered', () => {
    const capture = new Capture();
    const visit = (issues: string, offers: string | null, close: keyof typeof closes): Link => {
      const link = capture.connect();
      fullHandshake(link, issues, offers === null ? {} : { sessionId: offers });
      exchange(link);
      closes[close](link);
      return link;
    };
    visit(id('bb'), null, 'rst');
    capture.wait(5);
    const link = visit(id('dd'), id('bb'), 'open');
    capture.wait(7200);
    exchange(link);
    closes.clean(link);
    const open = capture.packets.length - 8;
    let frames = 0;
    const report = pushed(capture.packets, {}, (analyzer) => {
      if (++frames === open) analyzer.forget(Number.POSITIVE_INFINITY);
    }).finish();
    expect(report.findings.map(({ session }) => session.id)).toEqual([id('bb')]);
  });

  it('finds what is old also among what stands for tickets that cannot be seen', async () => {
    const analyzer = new Analyzer();
    const reading = readCapture([`${fixtures}tls13-nginx.pcap`], analyzer, analyzer.warnings);
    while (!(await reading.next()).done);
    analyzer.expire(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    expect(analyzer.sizes.sessions).toBeGreaterThan(0);
    expect(Number.isFinite(analyzer.medianUse)).toBe(true);
    analyzer.forget(Number.POSITIVE_INFINITY);
    expect(analyzer.sizes.sessions).toBe(0);
  });
});

describe('a finding of one port that all ports together withdraw', () => {
  it('is told and withdrawn once', () => {
    const capture = new Capture();
    const visit = (server: string, issues: string | null, offers: string | null, close: keyof typeof closes): Link => {
      const link = capture.connect({ server });
      if (issues === null) abbreviatedHandshake(link, offers as string);
      else fullHandshake(link, issues, offers === null ? {} : { sessionId: offers });
      exchange(link);
      closes[close](link);
      return link;
    };
    const [control, data] = ['198.51.100.1:21', '198.51.100.1:5000'];
    visit(control, id('bb'), null, 'clean');
    capture.wait(2);
    visit(data, null, id('bb'), 'rst');
    capture.wait(2);
    const link = visit(data, id('dd'), id('bb'), 'open');
    for (let i = 0; i < 20; i++) {
      capture.wait(1);
      exchange(link);
    }
    const told = new ToldFindings();
    const events: string[] = [];
    const take = (news: readonly FindingEvent[]) => {
      for (const { change, finding } of news) events.push(`${change} ${finding.server.port}`);
    };
    let frames = 0;
    pushed(capture.packets, {}, (analyzer) => {
      take(analyzer.judgeRecent(told.wantsNew).map((finding) => ({ type: 'finding', change: 'new', finding })));
      if (++frames % 3 > 0) return;
      told.begin();
      const judging = analyzer.judge(told.wants);
      for (let step = judging.next(); ; step = judging.next()) {
        if (!step.done) continue;
        take(told.news(step.value));
        return;
      }
    });
    expect(events.filter((event) => event.startsWith('new')).length).toBeLessThanOrEqual(2);
    expect(events.filter((event) => event.startsWith('withdrawn')).length).toBeLessThanOrEqual(1);
  });
});
