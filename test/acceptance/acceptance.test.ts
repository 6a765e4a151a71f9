import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/model.js';
import { mapConcurrently, reportOf } from '../support/command.js';
import { captures, fixtures as fixturesFolder, hasTruth, truthOf } from '../support/fixtures.js';
import { type Contradiction, compare, type Score, type Share } from './compare.js';

const MIN_FACTS = 0.98;
const MIN_CAUSES = 0.95;
const TIMEOUT_MILLISECONDS = 120_000;

/** Of those that were degraded on purpose (`q-`), the ones that still hold all that is needed. */
const WHOLE = [
  'full',
  'sll',
  'sll2',
  'ipv6',
  'vlan',
  'nano',
  'bigendian',
  'rawip',
  'gzip',
  'two-interfaces',
  'small-segments',
  'reorder-dup',
  'unsorted',
];

/** Sessions that nobody offered again cannot be seen to be lost. */
const NOT_OFFERED_AGAIN = new Set(['haproxy-java', 'haproxy-java-nosslreuse']);

/** Facts where the truth file itself is wrong. */
const EXCUSED: readonly { capture: string; subject: string; fact: string; reason: string }[] = [
  // The client's FIN comes first; the RST is its kernel's answer to the server's alert behind it. The end is the first of the two.
  { capture: 'haproxy-java', subject: 'F0-3', fact: 'client end', reason: 'FIN in frame 193, RST only in frame 195' },
  { capture: 'haproxy-java-stock', subject: 'F0-2', fact: 'client end', reason: 'FIN in frame 129, RST only in frame 131' },
  { capture: 'haproxy-java-nosslreuse', subject: 'F0-3', fact: 'client end', reason: 'FIN in frame 152, RST only in frame 154' },
];

/** A capture, and the same with the key log beside it. */
const fixtures = captures().flatMap((fixture) => {
  const keys = `${fixturesFolder}keys/${fixture.name}.keys`;
  return existsSync(keys)
    ? [
        { ...fixture, keys: null },
        { ...fixture, name: `${fixture.name} with keys`, keys },
      ]
    : [{ ...fixture, keys: null }];
});
const plainName = (name: string): string => name.replace(' with keys', '');
const reports = new Map<string, Report>();
const scores = new Map<string, Score>();

beforeAll(async () => {
  await mapConcurrently(fixtures, async (fixture) => {
    const report = await reportOf(fixture.path, ...(fixture.keys === null ? [] : ['--key-log', fixture.keys]));
    reports.set(fixture.name, report);
    scores.set(fixture.name, compare(report, truthOf({ ...fixture, name: plainName(fixture.name) })));
  });
}, TIMEOUT_MILLISECONDS);

function scoreOf(name: string): Score {
  const score = scores.get(name);
  if (!score) throw new Error(`no report of ${name}`);
  return score;
}

function isExcused(capture: string, { subject, fact }: Contradiction): boolean {
  return EXCUSED.some((e) => e.capture === plainName(capture) && e.subject === subject && e.fact === fact);
}

function sum(shares: readonly Share[]): Share {
  return shares.reduce((a, b) => ({ told: a.told + b.told, of: a.of + b.of }), { told: 0, of: 0 });
}

describe('the report and what the endpoints say', () => {
  it('has a truth for every capture', () => expect(captures().filter((fixture) => !hasTruth(fixture))).toEqual([]));

  it.each(fixtures.map((fixture) => fixture.name))('%s: no contradiction', (name) => {
    expect(scoreOf(name).contradictions.filter((contradiction) => !isExcused(name, contradiction))).toEqual([]);
  });

  it.each(EXCUSED)('$capture, $subject, $fact: the excuse is needed ($reason)', ({ capture, subject, fact }) => {
    expect(scoreOf(capture).contradictions).toContainEqual(expect.objectContaining({ subject, fact }));
  });
});

describe('coverage of complete captures', () => {
  const names = fixtures.map((fixture) => fixture.name);
  const complete = names.filter((name) => !name.startsWith('q-') || WHOLE.includes(plainName(name).slice(2)));

  it('is measured on many', () => expect(complete.length).toBeGreaterThanOrEqual(60));

  it(`facts: at least ${MIN_FACTS * 100} % in total`, () => {
    const { told, of } = sum(complete.map((name) => scoreOf(name).facts));
    expect(of).toBeGreaterThan(4000);
    expect(told / of).toBeGreaterThanOrEqual(MIN_FACTS);
  });

  it(`causes: at least ${MIN_CAUSES * 100} % in total`, () => {
    const { told, of } = sum(names.map((name) => scoreOf(name).causes));
    expect(of).toBeGreaterThan(60);
    expect(told / of).toBeGreaterThanOrEqual(MIN_CAUSES);
  });

  it.each(names.filter((name) => /^tls13-.*(with keys|-dsb)$/.test(name)))('%s: every fact', (name) => {
    const { told, of } = scoreOf(name).facts;
    expect(told).toBe(of);
  });

  it.each(complete.filter((name) => !NOT_OFFERED_AGAIN.has(plainName(name))))(
    '%s: every session that an unclean close killed is flagged',
    (name) => {
      const { told, of } = scoreOf(name).flagged;
      expect(told).toBe(of);
    },
  );
});

describe('the story of the forum thread', () => {
  it('through HAProxy: issued, resumed, both reset, declined', () => {
    const fixture = fixtures.find(({ name }) => name === 'forum-haproxy');
    const frames = fixture && truthOf(fixture).frames;
    if (!frames) throw new Error('the truth of forum-haproxy names no frames');
    const findings = reports.get('forum-haproxy')?.findings ?? [];
    expect(findings).toHaveLength(1);
    const [finding] = findings;
    expect({
      ServerHello_1: finding.issued.frame,
      ClientHello_2: finding.resumed[0]?.clientHello,
      ServerHello_2: finding.resumed[0]?.frame,
      resets: finding.uncleanCloses.map((close) => close.frame),
      ClientHello_3: finding.declines[0]?.clientHello,
    }).toEqual(frames);
    expect(finding.uncleanCloses.map(({ by, end, state }) => `${by} ${end} ${state}`)).toEqual(Array(2).fill('client rst unclean'));
  });

  it('direct: resumed three times, nothing flagged', () => {
    const report = reports.get('forum-direct');
    expect(report?.findings).toEqual([]);
    expect(report?.totals.handshakes.resumed).toBe(3);
  });
});
