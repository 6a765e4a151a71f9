// Captures whose pattern accuses unclean closes, or acquits them, at first sight only.
import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/model.js';
import { analyze, Capture, LARGE, type Link } from '../support/packets.js';
import { processorTime } from '../support/processor-time.js';
import { abbreviatedHandshake, alert, fullHandshake, protectedAlert } from '../tls/messages.js';
import { closes, control, story, type Visit } from './visits.js';

function hex(number: number, series: number): string {
  return (series.toString(16).padStart(2, '0') + number.toString(16).padStart(6, '0')).repeat(8);
}

const resumes = (offers: string, more: Visit = {}): Visit => ({ offers, resumes: true, ...more });
const declines = (offers: string, issues: string, more: Visit = {}): Visit => ({ offers, issues, ...more });
const times = (count: number, visits: (i: number) => Visit[]): Visit[] => Array.from({ length: count }, (_, i) => visits(i)).flat();

function confidences(report: Report): string[] {
  return [...new Set(report.findings.map(({ confidence }) => confidence))];
}

describe('what looks like an unclean close', () => {
  it('may be a timeout of unused sessions: the ages of sessions in use rule out nothing', () => {
    const visits: Visit[] = [
      { issues: hex(1, 1) },
      ...times(6, (k) => [
        { issues: hex(k, 2), close: 'rst' },
        ...times(5, () => [resumes(hex(1, 1), { after: 1 })]),
        declines(hex(k, 2), hex(k, 3)),
      ]),
    ];
    const { report } = story(visits);
    expect(confidences(report)).toEqual(['medium']);
    for (const { rivals } of report.findings) expect(rivals).toContain('expired');
  });

  it('may be a server that goes down again and again, whose clients answer its FIN in kind', () => {
    const dying: Visit['close'] = ({ client, server }) => {
      server.fin();
      client.fin();
      server.acknowledge();
    };
    const visits = times(5, (k) => [
      ...times(12, (i) => [{ issues: hex(20 * k + i, 1) }]),
      ...times(12, (i) => [resumes(hex(20 * k + i, 1))]),
      ...(k === 4 ? [] : times(6, (i) => [{ issues: hex(100 * k + i, 2), close: dying }])),
      ...(k === 4 ? [] : times(6, (i) => [declines(hex(100 * k + i, 2), hex(100 * k + i, 3), { after: 0.05 })])),
    ]);
    const { report } = story(visits);
    expect(report.findings).toEqual([]);
    expect(report.servers[0].causes).toMatchObject([{ cause: 'restarted', declines: 24 }]);
  });

  it('may be another machine for another server name', () => {
    const shop = { hello: { serverName: 'shop.example' } };
    const old = { hello: { serverName: 'old.example' } };
    const visits: Visit[] = [
      { issues: hex(99, 1), ...shop },
      { issues: hex(0, 2), close: 'rst', ...old },
      ...times(8, (i) => [
        resumes(hex(99, 1), shop),
        declines(hex(i, 2), hex(i + 1, 2), { close: 'rst', ...old }),
        resumes(hex(99, 1), shop),
      ]),
    ];
    const { report } = story(visits);
    expect(confidences(report)).toEqual(['medium']);
    for (const { rivals, explanation } of report.findings) {
      expect(rivals).toContain('never-resumable');
      expect(explanation).toContain('No session of the same server name was resumed');
    }
  });

  it('is none where the server answers close_notify with a bare FIN: nothing was cut off', () => {
    const visits = times(5, (i) => [{ issues: hex(i, 1), close: 'answeredBare' as const }, resumes(hex(i, 1), { close: 'answeredBare' })]);
    const [server] = story(visits).report.servers;
    expect(server).toMatchObject({ verdict: 'inconclusive', ends: { fin: 'unknown' }, bareAnswers: { resumed: 5, declined: 0 } });
    expect(server.verdictText).toBe('It resumed 5 of 5 sessions after a close_notify that it answered with a bare end.');
  });

  it('is none where the close that it answers with a bare FIN may have been one with close_notify', () => {
    const unclear = ({ client, server }: Link) => {
      client.lose(protectedAlert);
      client.fin();
      server.fin();
      client.acknowledge();
    };
    const visits = times(5, (i) => [{ issues: hex(i, 1), close: unclear }, resumes(hex(i, 1), { close: unclear })]);
    const { report } = story(visits);
    expect(report.connections[0].close).toMatchObject({ client: { state: 'unknown' }, server: { state: 'unclean', end: 'fin' } });
    expect(report.servers[0]).toMatchObject({
      verdict: 'inconclusive',
      ends: { fin: 'unknown' },
      bareAnswers: { resumed: 0, declined: 0 },
    });
    expect(report.servers[0].verdictText).toBe('It resumed 5 of 5 sessions after a bare end beside a close that cannot be judged.');
  });

  it('costs sessions all the same where the server ended first, or where the client cannot be judged', () => {
    const lost = ({ client, server }: Link) => {
      client.lose(protectedAlert);
      client.fin();
      server.fin();
      client.acknowledge();
    };
    for (const close of ['serverFin' as const, lost]) {
      const dies = (how: Visit['close'], series: number) =>
        times(3, (i) => [{ issues: hex(i, series), ...(how && { close: how }) }, declines(hex(i, series), hex(i, series + 1))]);
      const { report } = story([...dies(close, 1), ...dies('rst', 5)]);
      expect(report.servers[0].verdict).toBe('inconclusive');
      expect(report.findings.length).toBeGreaterThanOrEqual(3);
    }
  });

  it('is outlived where the server ended first', () => {
    const visits = times(5, (i) => [{ issues: hex(i, 1), close: 'serverFin' as const }, resumes(hex(i, 1), { close: 'serverFin' })]);
    expect(story(visits).report.servers[0].verdict).toBe('tolerates-unclean-close');
  });

  it.each([
    ['server', ({ client, server }: Link) => [server.fin(), client.acknowledge(), client.fin(), server.acknowledge()]],
    ['server', ({ client, server }: Link) => [server.fin(), client.acknowledge(), client.reset()]],
    ['client', ({ client, server }: Link) => [client.fin(), server.acknowledge(), server.fin(), client.acknowledge()]],
  ] as const)('is that of the %s where both sides end so, and it is the first', (by, close) => {
    const visits = times(5, (i) => [
      { issues: hex(i, 1), close: (link: Link) => void close(link) },
      declines(hex(i, 1), hex(i, 2)),
      resumes(hex(9, 9)),
    ]);
    const { report } = story([{ issues: hex(9, 9) }, ...control(5), ...visits]);
    expect(report.findings.map(({ culprit, confidence }) => [culprit.by, confidence])).toEqual(
      Array.from({ length: 5 }, () => [by, 'high']),
    );
  });

  it('is not the cause where everything died in one moment', () => {
    const visits = [...times(3, (i) => [{ issues: hex(i, 1) }]), ...times(3, (i) => [declines(hex(i, 1), hex(i, 2))])];
    expect(story(visits).report.servers[0].verdict).toBe('inconclusive');
  });
});

describe('names behind one address', () => {
  const named = (serverName: string, more: Visit = {}): Visit => ({ hello: { serverName }, ...more });

  /** Sessions of `a` that are resumed after 3 s; sessions of `other` that are resumed at once after clean closes, and declined after 3 s, after bare ends. */
  const shorterLife = (other: string) =>
    times(6, (i) => [
      { issues: hex(i, 1), ...named('a') },
      { issues: hex(i, 3), ...named(other) },
      resumes(hex(i, 3), named(other)),
      { issues: hex(i, 5), ...named(other, { close: 'fin' }) },
      resumes(hex(i, 1), named('a', { after: 3 })),
      declines(hex(i, 5), hex(i, 6), named(other)),
    ]);

  /** A session of `a` that lives all the time; those of `other` are lost at one moment. */
  const ownRestart = (other: string) => [
    { issues: hex(0, 1), ...named('a') },
    ...control(4).map((visit) => ({ ...visit, ...named(other) })),
    ...times(16, (i) => [{ issues: hex(i, 3), ...named('a') }, resumes(hex(i, 3), named('a'))]),
    ...times(4, (i) => [{ issues: hex(i, 5), ...named(other, { close: 'fin' }) }]),
    ...times(4, (i) => [declines(hex(i, 5), hex(i, 6), named(other))]),
    resumes(hex(0, 1), named('a')),
  ];

  it.each([
    ['a lifetime', shorterLife],
    ['a machine', ownRestart],
  ])('may each have %s of their own: one says nothing of the sessions of another', (_, visits) => {
    expect(confidences(story(visits('a')).report)).toEqual(['high']);
    const { report } = story(visits('b'));
    expect(confidences(report)).not.toContain('high');
    for (const { rivals } of report.findings) expect(rivals).not.toEqual([]);
  });
});

describe('many declines', () => {
  it('hide no restart: they are compared by an even sample', () => {
    const visits: Visit[] = [
      ...control(12),
      ...times(9000, (i) => [{ issues: hex(i, 1), close: 'fin' }, declines(hex(i, 1), hex(i, 2))]),
      ...times(20, (i) => [{ issues: hex(i, 4), close: 'rst' }]),
      ...times(20, (i) => [declines(hex(i, 4), hex(i, 5))]),
    ];
    const { report } = story(visits, { limits: LARGE });
    const of = (end: 'fin' | 'rst') => new Set(report.findings.filter((f) => f.culprit.end === end).map((f) => f.confidence));
    expect(of('fin')).toEqual(new Set(['high']));
    expect(of('rst')).toEqual(new Set(['medium']));
  }, 60_000);

  it('at a server that never resumes are judged in no time', () => {
    const visits = times(3000, (i) => [{ issues: hex(i, 1) }, declines(hex(i, 1), hex(i, 2))]);
    const time = processorTime(() => {
      const { report } = story(visits);
      expect(report.servers[0]).toMatchObject({ verdict: 'never-resumes', causes: [{ cause: 'never-resumable', declines: 3000 }] });
    });
    expect(time).toBeLessThan(10_000);
  });
});

describe('what looks innocent', () => {
  it('is not, where the client closed after its ClientHello: an acceptance says nothing about that', () => {
    const capture = new Capture();
    for (let k = 0; k < 6; k++) {
      const issuing = capture.connect();
      fullHandshake(issuing, hex(k, 1));
      const other = capture.connect();
      // Captured at the client: its RST leaves while the answer is on its way.
      delayAnswer(other, capture, () => issuing.client.reset());
      abbreviatedHandshake(other, hex(k, 1));
      closes.clean(other);
      const later = capture.connect();
      fullHandshake(later, hex(k, 3), { sessionId: hex(k, 1) });
      closes.clean(later);
    }
    for (let k = 0; k < 5; k++) {
      const first = capture.connect();
      fullHandshake(first, hex(k, 5));
      closes.clean(first);
      const second = capture.connect();
      abbreviatedHandshake(second, hex(k, 5));
      closes.clean(second);
    }
    const report = analyze(capture.packets);
    expect(report.servers[0]).toMatchObject({ verdict: 'invalidates-on-unclean-close', ends: { rst: 'invalidates' } });
    expect(report.findings).toHaveLength(6);
  });

  it('is not, where the server answers the FIN of the client with a RST: it is the FIN that counts', () => {
    const both: Visit['close'] = ({ client, server }) => {
      client.fin();
      server.reset();
    };
    const visits = [...control(5), ...times(8, (i) => [{ issues: hex(i, 1), close: both }, declines(hex(i, 1), hex(i, 2))])];
    const [server] = story(visits).report.servers;
    expect(server).toMatchObject({ verdict: 'invalidates-on-unclean-close', evidence: { afterUncleanFin: { resumed: 0, declined: 8 } } });
  });

  it('is not, where a fatal alert was survived before the RST', () => {
    const alerted: Visit['close'] = ({ client, server }) => {
      client.send(alert('fatal', 'unexpected_message'));
      client.fin();
      server.fin();
      client.acknowledge();
    };
    const A = hex(1, 2);
    const visits = [
      ...control(4, 0xd0),
      { issues: A },
      resumes(A, { close: alerted }),
      resumes(A, { close: 'rst' }),
      declines(A, hex(1, 3)),
    ];
    expect(story(visits).report.findings).toMatchObject([{ session: { id: A }, cause: 'unclean-close' }]);
  });
});

describe('advice', () => {
  it('is for the side whose close counts, also where the other one answers in kind', () => {
    const visits = [...control(4), ...times(4, (i) => [{ issues: hex(i, 1), close: 'fin' as const }, declines(hex(i, 1), hex(i, 2))])];
    const { report } = story(visits);
    expect(report.findings.map(({ culprit }) => culprit.by)).toEqual(Array(4).fill('client'));
    expect(report.servers[0].advice[0]).toMatch(/^Make the client send close_notify .* 4 closes by FIN/);
  });
});

describe('figures', () => {
  it('count every decline of a session, however many are listed', () => {
    const dead = hex(1, 2);
    const visits: Visit[] = [...control(4), { issues: dead, close: 'rst' }, ...times(1200, (i) => [declines(dead, hex(i, 3))])];
    const { report } = story(visits);
    expect(report.findings).toMatchObject([{ declineCount: 1200 }]);
    expect(report.findings[0].declines).toHaveLength(1000);
    expect(report.servers[0]).toMatchObject({ avoidableFullHandshakes: 1200, causes: [{ cause: 'unclean-close', declines: 1200 }] });
  });
});

/** The server's next packet comes 0.2 s later, after something else. */
function delayAnswer({ server }: Link, capture: Capture, before: () => void): void {
  const send = server.send.bind(server);
  server.send = (...payloads: Uint8Array[]) => {
    server.send = send;
    before();
    capture.wait(0.2);
    return send(...payloads);
  };
}
