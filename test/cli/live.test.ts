// `closenotify live` as it is delivered, on real interfaces with real TLS endpoints
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scratchDirectory } from '../capture/collect.js';
import { isRequired, obstacle, statusOf, until } from '../capture/live/real.js';
import { parseExposition } from '../report/exposition.js';
import { reportOf, run } from '../support/command.js';
import { fixtures } from '../support/fixtures.js';
import { type Ending, LiveServer, visit } from '../support/live-traffic.js';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const scratch = scratchDirectory();

async function hinderance(): Promise<string | null> {
  const reason = await obstacle();
  if (reason !== null) return reason;
  if ((await run('tcpdump', ['--version'])).status !== 0) return 'tcpdump is not installed';
  return (await run('openssl', ['version'])).status === 0 ? null : 'openssl is not installed';
}

const reason = await hinderance();

interface Line {
  [key: string]: unknown;
  type: string;
  /** When it came, Unix seconds. */
  at: number;
}

interface FindingLine extends Line {
  change: string;
  session: { kind: string; id: string };
  confidence: string;
  cause: string;
  culprit: { by: string; end: string; client: { port: number } };
  declines: { time: number; client: { port: number } }[];
}

/** A `closenotify live` that runs. */
class Live {
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  /** What NDJSON it has written. */
  readonly lines: Line[] = [];
  stdout = '';
  stderr = '';

  constructor(process: ChildProcess) {
    this.process = process;
    Live.all.push(this);
    process.stdout?.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.ended = new Promise((resolve) => process.once('close', resolve));
  }

  /** Whatever a test left behind. */
  static readonly all: Live[] = [];

  static async start(...words: string[]): Promise<Live> {
    const live = new Live(spawn(process.execPath, [program, 'live', ...words]));
    await live.listens();
    return live;
  }

  async listens(): Promise<void> {
    await until(() => this.stderr.includes('listening on') || this.process.exitCode !== null);
    expect(this.stderr).toContain('listening on');
  }

  get findings(): FindingLine[] {
    return this.lines.filter(({ type }) => type === 'finding') as FindingLine[];
  }

  /** Findings when they are told for the first time: one of them may change before the next is found. */
  get newFindings(): FindingLine[] {
    return this.findings.filter(({ change }) => change === 'new');
  }

  async stop(): Promise<number | null> {
    this.process.kill('SIGINT');
    return this.ended;
  }

  #take(text: string): void {
    const at = Date.now() / 1000;
    const before = this.stdout.lastIndexOf('\n') + 1;
    this.stdout += text;
    const whole = this.stdout.slice(before, this.stdout.lastIndexOf('\n') + 1);
    for (const line of whole.split('\n')) if (line.startsWith('{"type"')) this.lines.push({ ...JSON.parse(line), at });
  }
}

it.runIf(isRequired)('live capture can be tested', () => expect(reason).toBeNull());

describe.skipIf(reason !== null)(`closenotify live (skipped where nothing can be captured: ${reason ?? 'it can'})`, () => {
  let server: LiveServer;
  let filter: string;
  beforeAll(async () => {
    server = await LiveServer.start();
    filter = `tcp port ${server.port}`;
  });
  afterAll(() => {
    for (const { process } of Live.all) process.kill('SIGKILL');
    server.stop();
  });

  /** Connections one after the other, each with the session of the one before; the sessions that the server declined. */
  async function visits(...endings: Ending[]): Promise<string[]> {
    const declined: string[] = [];
    let before: { session: Buffer; sessionId: string } | null = null;
    for (const close of endings) {
      const present: Awaited<ReturnType<typeof visit>> = await visit(server.port, { close, ...(before && { session: before.session }) });
      if (before && !present.reused) declined.push(before.sessionId);
      before = present;
    }
    return declined;
  }

  const INCIDENT: readonly Ending[] = ['clean', 'clean', 'clean', 'clean', 'fin', 'clean', 'clean', 'fin', 'clean', 'rst', 'clean'];

  // The other tests run at the same time: what takes a second too long then is tried again.
  it('names each session that was lost, within a second of its decline', { retry: 2 }, async () => {
    const live = await Live.start('lo', '--filter', filter);
    const declined = await visits(...INCIDENT);
    expect(declined).toHaveLength(2);
    await until(() => live.newFindings.length >= 2);
    expect(await live.stop(), live.stderr).toBe(0);
    expect(live.newFindings.map(({ session }) => session.id)).toEqual(declined);
    for (const { at, declines } of live.newFindings) expect(at - declines[0].time).toBeLessThan(1);
    for (const { culprit, cause } of live.findings) {
      expect(culprit).toMatchObject({ by: 'client', end: 'fin' });
      expect(cause).toBe('unclean-close');
    }
    const summary = live.lines.at(-1) as Line & { totals: object; capture: { sources: object[] } };
    expect(summary).toMatchObject({ type: 'summary', totals: { tlsConnections: INCIDENT.length, invalidatedSessions: 2 } });
    expect(summary.capture.sources).toMatchObject([{ name: 'lo', format: 'live', linkTypes: ['Ethernet'], dropped: 0 }]);
  });

  // Without --immediate-mode libpcap keeps frames for up to a second, before the program can see them.
  const TCPDUMP = 'tcpdump -i lo --immediate-mode -U -w -';

  it('finds the same through a pipe from tcpdump, while the pipe is open', { retry: 2 }, async () => {
    const pipe = new Live(spawn('/bin/sh', ['-c', `${TCPDUMP} "$1" | "$2" "$3" live -`, 'sh', filter, process.execPath, program]));
    await pipe.listens();
    await until(() => pipe.stderr.includes('tcpdump: listening on lo'));
    const direct = await Live.start('lo', '--filter', filter);
    const declined = await visits(...INCIDENT);
    await until(() => pipe.newFindings.length >= 2 && direct.newFindings.length >= 2);
    expect(pipe.newFindings.map(({ session }) => session.id)).toEqual(declined);
    for (const { at, declines } of pipe.newFindings) expect(at - declines[0].time).toBeLessThan(1);
    await direct.stop();
    await run('pkill', ['-INT', '-f', `${TCPDUMP} ${filter}`]);
    expect(await pipe.ended, pipe.stderr).toBe(0);
    expect(lastOf(pipe)).toEqual(lastOf(direct));
  });

  /** What was told last of each session, without what differs between two captures of the same packets. */
  function lastOf({ findings }: Live): object[] {
    const last = new Map(findings.map((finding) => [finding.session.id, finding]));
    return [...last.values()].map(({ session, confidence, cause, culprit, declines }) => ({
      session,
      confidence,
      cause,
      culprit: { by: culprit.by, end: culprit.end, port: culprit.client.port },
      declines: declines.map(({ client }) => client.port),
    }));
  }

  it('writes the frames to a file that has the same findings', async () => {
    const path = scratch.path('written.pcap');
    const live = await Live.start('lo', '--filter', filter, '--format', 'json', '--write', path);
    await visits(...INCIDENT);
    expect(await live.stop()).toBe(0);
    const told = JSON.parse(live.stdout);
    const written = await reportOf(path);
    expect(written.findings).toEqual(told.findings);
    expect(written.findings).toHaveLength(2);
    expect(written.totals).toEqual(told.totals);
    expect(await run('tcpdump', ['-r', path, '-c', '1'])).toMatchObject({ status: 0 });
  });

  it('ends by time, with a report and the exit status that was asked for', async () => {
    const live = await Live.start('lo', '--filter', filter, '--duration', '2s', '--format', 'table', '--fail-on', 'invalidated');
    await visits('clean', 'clean', 'fin', 'clean');
    expect(await live.ended).toBe(1);
    expect(live.stdout).toMatch(/^1 session invalidated after an unclean close/);
    expect(live.stdout).toContain('lo: live, times of arrival, Ethernet');
  });

  it('reports when it is told to, and goes on', async () => {
    const live = await Live.start('lo', '--filter', filter);
    await visits('clean', 'fin', 'clean');
    await until(() => live.newFindings.length >= 1);
    live.process.kill('SIGUSR1');
    await until(() => live.lines.some(({ type }) => type === 'report'));
    expect(live.lines.find(({ type }) => type === 'report')).toMatchObject({
      totals: { tlsConnections: 3 },
      servers: [{}],
      findings: [{}],
    });
    await visits('clean', 'fin', 'clean');
    await until(() => live.newFindings.length >= 2);
    expect(await live.stop()).toBe(0);
    expect(live.lines.at(-1)).toMatchObject({ type: 'summary', totals: { tlsConnections: 6, invalidatedSessions: 2 } });
  });

  it('reports when its terminal goes away', async () => {
    const live = await Live.start('lo', '--filter', filter, '--format', 'json');
    live.process.kill('SIGHUP');
    expect(await live.ended).toBe(0);
    expect(JSON.parse(live.stdout)).toMatchObject({ schema: 'closenotify/report/1' });
    expect(live.stderr).toContain('no frame came');
  });

  it('tells of a pipe that is cut, and of a filter that is none', async () => {
    const path = scratch.write('cut.pcap', readFileSync(`${fixtures}jetty-unclean-tls12.pcap`).subarray(0, 20_000));
    const cut = new Live(spawn('/bin/sh', ['-c', '"$1" "$2" live - < "$3"', 'sh', process.execPath, program, path]));
    expect(await cut.ended).toBe(3);
    expect(cut.stderr).toContain('standard input: cut at byte');
    const wrong = new Live(spawn(process.execPath, [program, 'live', 'lo', '--filter', 'tcp prt 443']));
    expect(await wrong.ended).toBe(2);
    expect(wrong.stderr).toContain('the filter "tcp prt 443" cannot be used');
  });

  it('ends at once at the second signal', async () => {
    const live = await Live.start('lo', '--filter', filter);
    live.process.kill('SIGTERM');
    live.process.kill('SIGTERM');
    expect([0, 143]).toContain(await live.ended);
  });

  it('shows metrics that Prometheus can read', async () => {
    const live = await Live.start('lo', '--filter', filter, '--metrics', '0');
    const [, url] = /metrics at (\S+)/.exec(live.stderr) ?? [];
    await visits(...INCIDENT);
    const name = `127.0.0.1:${server.port}`;
    let families: ReturnType<typeof parseExposition>;
    const value = (name: string, labels: Record<string, string>) =>
      families.get(name)?.samples.find((s) => matches(s.labels, labels))?.value;
    // They follow the findings in the next round of judgement.
    await until(async () => {
      families = parseExposition(await (await fetch(url)).text());
      return value('closenotify_invalidated_sessions', { server: name }) === 2;
    });
    expect(value('closenotify_declined_offers', { server: name, cause: 'unclean-close' })).toBe(2);
    expect(value('closenotify_dropped_frames_total', {})).toBe(0);
    const health = await fetch(url.replace('/metrics', '/healthz'));
    expect([health.status, await health.text()]).toEqual([200, expect.stringContaining('ok')]);
    await live.stop();
  });

  function matches(labels: Readonly<Record<string, string>>, wanted: Record<string, string>): boolean {
    return Object.entries(wanted).every(([key, value]) => labels[key] === value);
  }

  it('is nobody once the interface is open, in both processes', async () => {
    const live = await Live.start('lo', '--filter', filter, '--user', 'nobody');
    const uid = (await run('id', ['-u', 'nobody'])).stdout.trim();
    const uids = (pid: number) => statusOf(pid).get('Uid')?.split('\t');
    expect(uids(live.process.pid as number)).toEqual([uid, uid, uid, uid]);
    await visits('clean', 'fin', 'clean');
    await until(() => live.findings.length > 0);
    expect(await live.stop()).toBe(0);
  });

  describe('when an interface goes down', () => {
    const NAMESPACE = `closenotify-live-${process.pid}`;
    const ip = async (...words: string[]) => expect(await run('ip', words)).toMatchObject({ status: 0 });
    beforeAll(async () => {
      await ip('netns', 'add', NAMESPACE);
      await ip('-n', NAMESPACE, 'link', 'add', 'cnv0', 'type', 'veth', 'peer', 'name', 'cnv1');
      await ip('-n', NAMESPACE, 'link', 'set', 'cnv0', 'up');
      await ip('-n', NAMESPACE, 'link', 'set', 'cnv1', 'up');
    });
    afterAll(() => ip('netns', 'del', NAMESPACE));

    async function startInside(...words: string[]): Promise<Live> {
      const args = ['netns', 'exec', NAMESPACE, process.execPath, program, 'live', 'cnv0', ...words];
      const live = new Live(spawn('ip', args, { cwd: scratch.path('') }));
      await live.listens();
      return live;
    }

    it('says so, reports, and exits with 4', async () => {
      const live = await startInside();
      await ip('-n', NAMESPACE, 'link', 'set', 'cnv0', 'down');
      expect(await live.ended).toBe(4);
      expect(live.stderr).toContain('closenotify: cnv0: the capture ended: the interface went down or was removed');
      expect(live.lines.at(-1)).toMatchObject({ type: 'summary' });
      await ip('-n', NAMESPACE, 'link', 'set', 'cnv0', 'up');
    });

    it('goes on with --restart once it is there again', async () => {
      const live = await startInside('--restart', '--metrics', '0');
      await ip('-n', NAMESPACE, 'link', 'set', 'cnv0', 'down');
      await until(() => live.stderr.includes('went down'));
      await ip('-n', NAMESPACE, 'link', 'set', 'cnv0', 'up');
      await until(() => live.stderr.includes('captures again'));
      expect(await live.stop()).toBe(0);
      const { capture } = live.lines.at(-1) as Line & { capture: object };
      expect(capture).toMatchObject({ sources: [{ name: 'cnv0', format: 'live' }], warnings: [{ code: 'capture-interrupted', count: 1 }] });
    });
  });

  it('leaves no more of a file than was asked for', async () => {
    const path = scratch.path('counted.pcap');
    const live = await Live.start('lo', '--filter', filter, '--count', '5', '--write', path, '--format', 'json');
    await visits('clean', 'clean');
    expect(await live.ended).toBe(0);
    expect(JSON.parse(live.stdout).capture.sources[0].frames).toBe(5);
    expect(statSync(path).size).toBeGreaterThan(24);
    expect((await reportOf(path)).capture.sources[0].frames).toBe(5);
    expect(readFileSync(path).readUInt32LE(0)).toBe(0xa1b23c4d);
  });
});
