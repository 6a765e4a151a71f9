import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { escapeText } from '../../src/bytes/escape.js';
import type { LiveStatistics } from '../../src/live-model.js';
import type { Report, ServerReport } from '../../src/model.js';
import { createMetrics, MAX_NAMED_SERVERS, type Metrics } from '../../src/report/metrics.js';
import { parseExposition } from './exposition.js';
import { closes, counts, EMPTY, HOSTILE_TEXTS, MIXED, server } from './reports.js';

const STATISTICS: LiveStatistics = {
  time: 1795189146.5,
  frames: 317,
  bytes: 45_112,
  dropped: 0,
  at: 0,
  interrupted: null,
  incompleteConnections: 0,
  lagSeconds: 0.012,
  tables: { openConnections: 3, rememberedConnections: 17, sessions: 11, sessionUses: 17 },
  totals: MIXED.totals,
};

/** The clock stands until it is set. */
async function metricsAt(): Promise<{ metrics: Metrics; clock: { seconds: number } }> {
  const clock = { seconds: 1000 };
  return { metrics: await createMetrics(() => clock.seconds), clock };
}

async function textOf(report: Report, statistics: Partial<LiveStatistics> = {}): Promise<string> {
  const { metrics } = await metricsAt();
  metrics.update(report, { ...STATISTICS, totals: report.totals, ...statistics });
  return await metrics.text();
}

/** Values of one metric by the values of its labels, joined. */
function values(text: string, name: string): Record<string, number> {
  const family = parseExposition(text).get(`closenotify_${name}`);
  if (!family) throw new Error(`no ${name}`);
  return Object.fromEntries(family.samples.map(({ labels, value }) => [Object.values(labels).join(' '), value]));
}

function only(...servers: ServerReport[]): Report {
  return { ...EMPTY, servers };
}

describe('the metrics of a report', () => {
  it('has the figures of the capture', async () => {
    const text = await textOf(MIXED);
    expect(values(text, 'frames_total')).toEqual({ '': 317 });
    expect(values(text, 'captured_bytes_total')).toEqual({ '': 45_112 });
    expect(values(text, 'dropped_frames_total')).toEqual({ '': 0 });
    expect(values(text, 'analysis_lag_seconds')).toEqual({ '': 0.012 });
    expect(values(text, 'last_frame_timestamp_seconds')).toEqual({ '': 1795189146.5 });
    expect(values(text, 'tcp_connections_total')).toEqual({ '': 17 });
    expect(values(text, 'tls_connections_total')).toEqual({ '': 17 });
    expect(values(text, 'closes_total')).toEqual({ clean: 24, unclean: 10, 'reset-race': 0, aborted: 0, unknown: 0 });
    expect(values(text, 'table_entries')).toEqual({
      'open-connections': 3,
      'remembered-connections': 17,
      sessions: 11,
      'session-uses': 17,
    });
  });

  it('has the figures of the servers', async () => {
    const text = await textOf(MIXED);
    const at = '10.9.0.1:8449';
    expect(values(text, 'handshakes_total')).toEqual({
      [`${at} full`]: 11,
      [`${at} resumed`]: 6,
      [`${at} failed`]: 0,
    });
    expect(values(text, 'incomplete_handshakes')).toEqual({ [at]: 0 });
    expect(values(text, 'resumptions_total')).toEqual({ [`${at} resumed`]: 6, [`${at} declined`]: 5, [`${at} not-offered`]: 6 });
    expect(values(text, 'declined_offers')).toEqual({ [`${at} unclean-close`]: 4, [`${at} expired`]: 1, [`${at} restarted`]: 1 });
    expect(values(text, 'invalidated_sessions')).toEqual({ [at]: 3 });
    expect(values(text, 'suspected_sessions')).toEqual({ [at]: 0 });
    expect(values(text, 'avoidable_full_handshakes')).toEqual({ [at]: 5 });
    expect(values(text, 'handshake_median_seconds')).toEqual({ [`${at} full`]: 0.0124, [`${at} resumed`]: 0.0031 });
  });

  it('names its version and its process', async () => {
    const text = await textOf(EMPTY);
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(values(text, 'build_info')).toEqual({ [version]: 1 });
    const families = parseExposition(text);
    expect(families.get('process_cpu_seconds_total')?.samples[0].value).toBeGreaterThan(0);
    expect(families.get('process_resident_memory_bytes')?.samples[0].value).toBeGreaterThan(1e6);
    const start = families.get('process_start_time_seconds')?.samples[0].value ?? 0;
    expect(Math.abs(start - (Date.now() / 1000 - process.uptime()))).toBeLessThan(5);
  });

  it('writes IPv6 in brackets, and no name from a packet', async () => {
    const text = await textOf(only(server({ address: '2001:db8::1', port: 443, names: ['secret.example.org'], connections: 1 })));
    expect(Object.keys(values(text, 'invalidated_sessions'))).toEqual(['[2001:db8::1]:443']);
    expect(text).not.toContain('secret');
  });

  it('leaves out what is not known', async () => {
    const text = await textOf(only(server({ connections: 1 })), { dropped: null, lagSeconds: null, time: null });
    for (const name of ['dropped_frames_total', 'analysis_lag_seconds', 'last_frame_timestamp_seconds', 'handshake_median_seconds']) {
      expect(values(text, name), name).toEqual({});
    }
  });

  it('has no sample of the capture before the first update', async () => {
    const { metrics } = await metricsAt();
    const families = parseExposition(await metrics.text());
    const filled = [...families.values()].filter(({ samples }) => samples.length > 0).map(({ name }) => name);
    expect(filled.sort()).toEqual([
      'closenotify_build_info',
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'process_start_time_seconds',
    ]);
  });

  it('takes away what is no longer known', async () => {
    const { metrics } = await metricsAt();
    metrics.update(MIXED, STATISTICS);
    metrics.update(MIXED, { ...STATISTICS, dropped: null, lagSeconds: null });
    const text = await metrics.text();
    expect(values(text, 'dropped_frames_total')).toEqual({});
    expect(values(text, 'analysis_lag_seconds')).toEqual({});
    metrics.update(MIXED, { ...STATISTICS, dropped: 7 });
    expect(values(await metrics.text(), 'dropped_frames_total')).toEqual({ '': 7 });
  });

  it('adds up warnings of one code', async () => {
    const warning = { code: 'link-type', message: 'one', count: 2, frame: 1 };
    const capture = {
      ...EMPTY.capture,
      warnings: [warning, { ...warning, message: 'other', count: 3 }, { ...warning, code: 'open-limit' }],
    };
    expect(values(await textOf({ ...EMPTY, capture }), 'warnings_total')).toEqual({ 'link-type': 5, 'open-limit': 2 });
  });

  it.each(HOSTILE_TEXTS.map((text) => [JSON.stringify(text).slice(0, 40), text]))('escapes %s in labels', async (_, text) => {
    const report = only(server({ address: text, connections: 1 }), server({ address: `"\\\n${text}`, connections: 1 }));
    const family = parseExposition(await textOf(report)).get('closenotify_invalidated_sessions');
    const at = (address: string) => (address.includes(':') ? `[${address}]:443` : `${address}:443`);
    const labels = family?.samples.map((sample) => sample.labels.server) ?? [];
    expect(labels).toEqual([escapeText(at(text)), escapeText(at(`"\\\n${text}`))]);
    for (const label of labels) expect(label).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  it('tells in HELP what is bounded and what may fall', async () => {
    const families = parseExposition(await textOf(MIXED));
    for (const { name, help, samples } of families.values()) {
      if (samples.some(({ labels }) => 'server' in labels)) expect(help, name).toContain(`first ${MAX_NAMED_SERVERS} `);
    }
    expect(families.get('closenotify_invalidated_sessions')).toMatchObject({ type: 'gauge', help: expect.stringContaining('may fall') });
  });

  const PROMTOOL = 'promtool';
  const isMissing = spawnSync(PROMTOOL, ['--version']).error !== undefined;
  it.skipIf(isMissing)('is what promtool accepts, without a hint (skipped without promtool, Debian package prometheus)', async () => {
    const { status, stdout, stderr } = spawnSync(PROMTOOL, ['check', 'metrics'], { input: await textOf(MIXED), encoding: 'utf8' });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});

describe('counters', () => {
  it('take the newest total', async () => {
    const { metrics } = await metricsAt();
    metrics.update(MIXED, STATISTICS);
    metrics.update(MIXED, { ...STATISTICS, frames: 400 });
    expect(values(await metrics.text(), 'frames_total')).toEqual({ '': 400 });
  });

  it('never fall', async () => {
    const { metrics } = await metricsAt();
    const at = (full: number) => only(server({ connections: full, handshakes: counts({ full }) }));
    const seen: number[] = [];
    for (const full of [5, 3, 4, 6, 0, 6, 9]) {
      metrics.update(at(full), { ...STATISTICS, totals: { ...EMPTY.totals, closes: closes({ clean: full }) } });
      seen.push(values(await metrics.text(), 'handshakes_total')['10.0.0.5:443 full']);
    }
    expect(seen).toEqual([5, 5, 5, 6, 6, 6, 9]);
    expect(values(await metrics.text(), 'closes_total').clean).toBe(9);
  });
});

describe('gauges of findings', () => {
  it('fall when a finding is withdrawn', async () => {
    const { metrics } = await metricsAt();
    metrics.update(MIXED, STATISTICS);
    metrics.update(only({ ...MIXED.servers[0], invalidatedSessions: 1, causes: MIXED.servers[0].causes.slice(1, 2) }), STATISTICS);
    const text = await metrics.text();
    expect(values(text, 'invalidated_sessions')).toEqual({ '10.9.0.1:8449': 1 });
    expect(values(text, 'declined_offers')).toEqual({
      '10.9.0.1:8449 unclean-close': 0,
      '10.9.0.1:8449 expired': 1,
      '10.9.0.1:8449 restarted': 0,
    });
  });
});

describe('the rate of full handshakes', () => {
  const at = (full: number) => only(server({ connections: full, handshakes: counts({ full }) }));
  const rate = async (metrics: Metrics) => values(await metrics.text(), 'full_handshakes_per_second')['10.0.0.5:443'];

  it('is over the last 30 seconds', async () => {
    const { metrics, clock } = await metricsAt();
    metrics.update(at(100), STATISTICS);
    expect(await rate(metrics)).toBeUndefined();
    for (let second = 1; second <= 60; second++) {
      clock.seconds++;
      metrics.update(at(100 + 3 * second), STATISTICS);
      expect(await rate(metrics)).toBeCloseTo(3);
    }
    for (let second = 1; second <= 30; second++) {
      clock.seconds++;
      metrics.update(at(280), STATISTICS);
    }
    expect(await rate(metrics)).toBe(0);
  });

  it('counts a new server from the update before', async () => {
    const { metrics, clock } = await metricsAt();
    metrics.update(EMPTY, STATISTICS);
    clock.seconds += 10;
    metrics.update(at(50), STATISTICS);
    expect(await rate(metrics)).toBe(5);
  });

  it('is over the time between updates that are rare', async () => {
    const { metrics, clock } = await metricsAt();
    metrics.update(at(0), STATISTICS);
    clock.seconds += 300;
    metrics.update(at(600), STATISTICS);
    clock.seconds += 300;
    metrics.update(at(900), STATISTICS);
    expect(await rate(metrics)).toBe(1);
  });
});

describe('the bound on servers', () => {
  const thousand = (full: number) =>
    Array.from({ length: 1000 }, (_, i) =>
      server({ address: `10.1.${i >> 8}.${i & 255}`, connections: i + 1, handshakes: counts({ full }), invalidatedSessions: 1 }),
    );

  it('names the busiest, and sums the others', async () => {
    const text = await textOf(only(...thousand(2)));
    const invalidated = values(text, 'invalidated_sessions');
    expect(Object.keys(invalidated)).toHaveLength(MAX_NAMED_SERVERS + 1);
    expect(invalidated.other).toBe(1000 - MAX_NAMED_SERVERS);
    expect(invalidated['10.1.3.231:443']).toBe(1);
    expect(invalidated).not.toHaveProperty('10.1.0.0:443');
    expect(values(text, 'handshakes_total')['other full']).toBe(2 * (1000 - MAX_NAMED_SERVERS));
    expect(Object.keys(values(text, 'handshake_median_seconds'))).toEqual([]);
    expect(text.split('\n').length).toBeLessThan(5000);
  });

  it('keeps names, and gives no new ones when all are taken', async () => {
    const { metrics } = await metricsAt();
    const servers = thousand(2);
    metrics.update(only(...servers.slice(0, 10)), STATISTICS);
    metrics.update(only(...servers), STATISTICS);
    const names = Object.keys(values(await metrics.text(), 'invalidated_sessions')).sort();
    expect(names).toHaveLength(MAX_NAMED_SERVERS + 1);
    expect(names).toContain('10.1.0.0:443');
    servers[500].connections = 1e6;
    metrics.update(only(...servers), STATISTICS);
    expect(Object.keys(values(await metrics.text(), 'invalidated_sessions')).sort()).toEqual(names);
  });
});

describe('the text', () => {
  it('is of a registry of its own', async () => {
    const [one, two] = [await metricsAt(), await metricsAt()];
    one.metrics.update(MIXED, STATISTICS);
    expect(values(await two.metrics.text(), 'frames_total')).toEqual({});
    const { register } = await import('prom-client');
    expect(register.getMetricsAsArray()).toEqual([]);
  });
});
