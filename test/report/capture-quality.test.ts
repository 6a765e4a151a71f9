import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analyze.js';
import { table } from '../../src/report/table.js';
import { fixtures } from '../support/fixtures.js';
import { NOTHING_LACKS } from './reports.js';

describe('what a capture lacks', () => {
  it.each<[string, object, RegExp]>([
    ['q-full', {}, /^(?!.*TLS connections? (with|seen|begun|not))/s],
    ['q-client-side-only', { oneWayConnections: 12 }, /12 TLS connections seen in one direction only; capture where both ways pass/],
    ['q-midstream', { midstreamConnections: 1 }, /1 TLS connection begun before the capture/],
    [
      'q-article-filter',
      { missingBytes: 72, midstreamConnections: 12, neverEndedConnections: 12 },
      /12 TLS connections not ended within the capture/,
    ],
    [
      'q-drop5',
      { missingBytes: 360, unreadOffers: 1 },
      /What 1 connection offered cannot be told.*6 TLS connections with bytes missing \(360 bytes\): lost by the capture, or left\s+out by a filter/s,
    ],
  ])('%s', async (name, lacks, words) => {
    const report = await analyze(`${fixtures}${name}.pcap`);
    expect(report.capture.quality).toEqual({ ...NOTHING_LACKS, ...lacks });
    expect([...table(report)].join('')).toMatch(words);
  });

  it('by a snap length is told as that', async () => {
    const report = await analyze(`${fixtures}q-snaplen96.pcap`);
    expect(report.capture.quality.truncatedFrames).toBeGreaterThan(50);
    expect([...table(report)].join('')).toMatch(
      /What 12 connections offered cannot be told.*with bytes missing \(11\.9 kB\): \d+\s+frames\s+cut\s+short;\s+capture\s+whole\s+packets/s,
    );
  });
});
