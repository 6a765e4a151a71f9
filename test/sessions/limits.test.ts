import { describe, expect, it } from 'vitest';
import { Analyzer } from '../../src/analyzer.js';
import type { Limits } from '../../src/limits.js';
import { Capture, ethernet, type Link, START, warningsOf } from '../support/packets.js';
import { applicationData, fullHandshake, id } from '../tls/messages.js';
import { story, type Visit } from './visits.js';

/** `count` sessions that die of a RST, at so many servers. */
function killed(count: number, servers = 1): Visit[] {
  return Array.from({ length: count }, (_, i): Visit[] => {
    const session = id((0x10 + i).toString(16));
    const server = `198.51.100.${1 + (i % servers)}:443`;
    return [
      { issues: session, close: 'rst', server },
      { offers: session, issues: '', server },
    ];
  }).flat();
}

function limited(visits: readonly Visit[], limits: Partial<Limits>) {
  const { report } = story(visits, { limits });
  return { report, warnings: warningsOf(report), findings: report.findings.map((f) => f.session.id.slice(0, 2)) };
}

describe('connections are told of before the capture is over', () => {
  /** How many of 60 connections were told of by then. */
  function toldOf(close: (link: Link) => void, limits: Partial<Limits>): number {
    const capture = new Capture();
    for (let i = 0; i < 60; i++) {
      const link = capture.connect();
      fullHandshake(link);
      close(link);
    }
    let told = 0;
    const analyzer = new Analyzer({ limits, onConnection: () => told++ });
    for (const packet of capture.packets) analyzer.push(ethernet(packet), START, 0, 1);
    return told;
  }

  it.each([1, 2, 3, 5, 7, 8])('all but %i of which one side ended', (halfClosed) => {
    expect(toldOf(({ client }) => client.fin(), { halfClosed })).toBeGreaterThanOrEqual(60 - 2 * halfClosed);
  });

  it.each([1, 2, 3, 5, 7, 8])('all but %i that were closed', (lingering) => {
    expect(toldOf(({ client }) => client.reset(), { lingering })).toBeGreaterThanOrEqual(60 - 2 * lingering);
  });

  it('all that were closed more than a second ago', () => {
    const capture = new Capture();
    const told: number[] = [];
    const analyzer = new Analyzer({ onConnection: (connection) => told.push(connection.stream) });
    for (let i = 0; i < 5; i++) {
      const link = capture.connect();
      fullHandshake(link);
      link.client.reset();
      capture.wait(0.9);
    }
    for (const packet of capture.packets)
      analyzer.push(ethernet(packet), START + Math.floor(packet.at / 1000), (packet.at % 1000) * 1e6, 1);
    expect(told).toEqual([0, 1, 2]);
  });
});

describe('a limit that is reached is a warning, and the rest is right', () => {
  it('none of them within bounds', () => {
    const { report, warnings, findings } = limited(killed(5, 2), {});
    expect([warnings, findings]).toEqual([[], ['10', '11', '12', '13', '14']]);
    expect(report.servers.map((s) => s.invalidatedSessions)).toEqual([3, 2]);
  });

  it('sessions', () => {
    const { report, warnings, findings } = limited(killed(5), { sessions: 2 });
    expect([warnings, findings]).toEqual([['session-limit'], ['10', '11']]);
    expect(report.totals.handshakes).toMatchObject({ full: 10, declined: 5 });
  });

  it('uses', () => {
    const { report, warnings, findings } = limited(killed(5), { uses: 4 });
    expect([warnings, findings]).toEqual([['session-limit'], ['10', '11']]);
    expect(report.totals.handshakes).toMatchObject({ full: 10, declined: 5 });
  });

  it('uses of one session', () => {
    const session = id('a1');
    const visits: Visit[] = [
      { issues: session },
      ...Array.from({ length: 30 }, (): Visit => ({ offers: session, resumes: true })),
      { offers: session, resumes: true, close: 'rst' },
      { offers: session, issues: id('b2') },
    ];
    const { report, warnings, findings } = limited(visits, { usesPerSession: 4 });
    expect([warnings, findings]).toEqual([['session-use-limit'], ['a1']]);
    expect(report.findings[0]).toMatchObject({
      issued: { stream: 0 },
      issuedBeforeCapture: false,
      uncleanCloses: [{ stream: 31 }],
      declines: [{ stream: 32 }],
    });
    expect(report.totals.handshakes).toMatchObject({ full: 2, resumed: 31 });
  });

  it('servers', () => {
    const { report, warnings, findings } = limited(killed(6, 3), { servers: 1 });
    expect([warnings, findings]).toEqual([['server-limit'], ['10', '13']]);
    expect(report.servers).toHaveLength(1);
    expect(report.totals).toMatchObject({ tcpConnections: 12, tlsConnections: 12 });
    expect(report.connections).toHaveLength(12);
  });

  it('findings', () => {
    const { report, warnings, findings } = limited(killed(5), { findings: 2 });
    expect(warnings).toEqual(['finding-limit']);
    expect(findings).toHaveLength(2);
    expect(report.connections.filter((c) => c.cause === 'unclean-close')).toHaveLength(5);
  });

  it.each([1, 2, 3, 5, 64])('%i connections of which one side ended', (halfClosed) => {
    const visits = killed(6).map((visit): Visit => ({ ...visit, close: visit.issues === '' ? 'clean' : ({ client }) => client.fin() }));
    const { warnings, findings } = limited(visits, { halfClosed });
    expect(warnings).toEqual(halfClosed < 6 ? ['half-closed-limit'] : []);
    expect(findings).toEqual(['10', '11', '12', '13', '14', '15']);
  });

  it.each([1, 2, 3, 5, 7])('%i closed connections that linger', (lingering) => {
    const { report, warnings, findings } = limited(killed(6), { lingering });
    expect(warnings).toEqual([]);
    expect(findings).toEqual(['10', '11', '12', '13', '14', '15']);
    expect(report.connections).toHaveLength(12);
  });

  it.each([1, 2, 8])('%i connections in all', (flows) => {
    const { report, warnings, findings } = limited(killed(6), { flows });
    expect([warnings, findings]).toEqual([['flow-limit'], ['10', '11', '12', '13', '14', '15']]);
    expect(report.totals.tcpConnections).toBe(12);
  });

  it.each([1, 2, 8])('%i connections followed at a time', (open) => {
    const { report, warnings, findings } = limited(killed(6), { open });
    expect([warnings, findings]).toEqual([['open-limit'], ['10', '11', '12', '13', '14', '15']]);
    expect(report.connections).toHaveLength(12);
  });

  const names = [
    'addresses',
    'halfClosed',
    'lingering',
    'outOfOrderBytes',
    'totalOutOfOrderBytes',
    'handshakeBytes',
    'alerts',
    'sessions',
    'uses',
    'servers',
    'findings',
  ] as const;
  it.each(names)('%s of 0', (name) => {
    const { report } = limited(killed(3), { [name]: 0 });
    expect(report.totals.tcpConnections).toBe(6);
  });

  it('IPv6 addresses', () => {
    const visits = [1, 2, 3].flatMap((n): Visit[] => {
      const ends = { client: `[2001:db8::${n}]:50000`, server: '[2001:db8::443]:443' };
      return [{ issues: id(`a${n}`), ...ends }];
    });
    const { report, warnings } = limited(visits, { addresses: 3 });
    expect(warnings).toEqual(['address-limit']);
    expect(report.connections.map((c) => c.client.address)).toEqual(['2001:db8::1', '2001:db8::2']);
  });
});

describe('a flood of SYNs', () => {
  it('takes no room from connections that carry something', () => {
    const capture = new Capture();
    const link = capture.connect();
    fullHandshake(link);
    link.client.send(applicationData());
    const analyzer = new Analyzer({ limits: { open: 100, halfClosed: 64, lingering: 64, flows: 4096 } });
    const flood = ethernet(synPacket());
    for (const [number, packet] of capture.packets.entries()) {
      // More than there is room for, between any two packets once the ClientHello is there.
      for (let i = 0; number > 3 && i < 300; i++) {
        const frame = flood.slice();
        frame.set([11, packet.at & 0xff, i >> 8, i & 0xff], 26);
        analyzer.push(frame, START, 0, 1);
      }
      analyzer.push(ethernet(packet), START, 0, 1);
    }
    const report = analyzer.finish();
    expect(report.totals.handshakes).toMatchObject({ full: 1, incomplete: 0 });
    expect(warningsOf(report)).toContain('open-limit');
  });
});

function synPacket() {
  const capture = new Capture();
  capture.link().client.syn();
  return capture.packets[0];
}
