#!/usr/bin/env node
// Real servers and clients, a live capture of them, and what it told against what happened. See README.md.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compareConnections } from './connections.mjs';
import { clock, outcomeTable, round, row, SAMPLE_HEAD, Spread, sampleRow, seconds, table, trafficTable } from './figures.mjs';
import { Ledger } from './ledger.mjs';
import { backwards, family, processOf, scrape } from './observe.mjs';
import { compile, freePorts, readLines, startClients, startServers, stop } from './traffic.mjs';

const HELP = `node scripts/soak/run.mjs [options] [-- options of closenotify]

  --duration 2h      how long clients run: s, m, h or d (default: 1m)
  --rate N|max       connections a second (default: 250)
  --interface NAME   that closenotify listens on (default: lo)
  --every 5m         how often a line is told (default: 5m)
  --out FILE         everything as JSON, written again at each line
  --port N           the first of three ports of servers; metrics are ten above (default: 24433, or the next that are free)
  --program FILE     closenotify (default: dist/cli/main.js of this tree)
  --clients=OPTIONS  further options of tls-clients, as one word: --clients="--close clean=90,fin=10 --seed 7"
  --lifetime 300s    of a session at the servers
  --truth FILE       keep what tls-clients says
  --offline          capture with tcpdump, and analyze the file afterwards: each connection is compared
  --keep-capture F   the same, and the file is kept
  --no-capture       traffic alone
`;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const METRICS_OFFSET = 10;
const PORT_STEP = 20;
const SCRAPE_MILLISECONDS = 5000;
const READY_MILLISECONDS = 15_000;
const SETTLE_MILLISECONDS = 2000;
const REPORT_MILLISECONDS = 300_000;
const LEAST_SPAN_SECONDS = 1;
const DIAGNOSTIC_CHARACTERS = 20_000;
const BAD_LINES = 100;

/** What closenotify said so far. */
class Account {
  #ledger;
  events = { new: 0, changed: 0, withdrawn: 0 };
  told = 0;
  statistics = null;
  summary = null;
  reports = [];
  connections = [];
  lines = 0;
  badLines = [];
  delays = new Spread();
  delaysNow = new Spread();

  constructor(ledger) {
    this.#ledger = ledger;
  }

  read(line) {
    this.lines++;
    let value;
    try {
      value = JSON.parse(line);
    } catch {
      if (this.badLines.length < BAD_LINES) this.badLines.push(line.slice(0, 500));
      return;
    }
    if (value.type === 'finding') this.#finding(value.change, value.finding ?? value);
    else if (value.type === 'statistics') this.statistics = value.statistics ?? value;
    else if (value.type === 'connection') this.connections.push(value.connection ?? value);
    else if (value.type === 'server') this.reports.push(value);
    else if (value.type === 'summary') this.summary = value;
  }

  #finding(change, finding) {
    if (change !== undefined) this.events[change]++;
    if (change === 'new') {
      this.told++;
      const delay = Date.now() / 1000 - finding.declines.at(-1).time;
      this.delays.add(delay);
      this.delaysNow.add(delay);
    } else if (change === 'withdrawn') this.told--;
    this.#ledger.addFinding(change, finding);
  }
}

class Soak {
  #options;
  #directory = mkdtempSync(join(tmpdir(), 'closenotify-soak-'));
  #servers = [];
  #ledger;
  #account;
  #clients;
  #capture = null;
  #captureFile;
  #diagnostics = '';
  #begin = 0;
  #samples = [];
  #before = { elapsed: 0, made: 0, cpu: new Map() };
  #metrics = { latency: new Spread(), errors: [], last: null };
  #stopping = new AbortController();

  constructor(options) {
    this.#options = options;
    this.#captureFile = options['keep-capture'] ?? join(this.#directory, 'capture.pcap');
  }

  async run() {
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => this.#stopping.abort());
    try {
      await this.#start();
      await this.#watch();
      await this.#end();
    } finally {
      await Promise.all([this.#clients, this.#capture, ...this.#servers].map((one) => one && stop(one.child)));
      rmSync(this.#directory, { recursive: true, force: true });
    }
    return this.#conclude();
  }

  async #start() {
    this.#options.port = await freePorts(this.#options.port, [0, 1, 2, METRICS_OFFSET], PORT_STEP);
    const { port, lifetime, offline, rate, clients, duration, truth } = this.#options;
    compile(this.#directory);
    this.#servers = await startServers(this.#directory, { port, lifetime }, (at, line) => this.#ledger?.addServerLine(at, line));
    this.#ledger = new Ledger(this.#servers, lifetime, offline);
    this.#account = new Account(this.#ledger);
    this.#capture = this.#startCapture();
    await this.#untilReady();
    this.#begin = performance.now();
    const kept = [];
    const args = ['--rate', rate, '--duration', `${duration}`, ...clients.split(/\s+/).filter(Boolean)];
    if (truth) writeFileSync(truth, '');
    this.#clients = startClients(this.#directory, this.#servers, args, (line) => {
      this.#ledger.addConnection(line);
      if (truth) kept.push(line);
    });
    if (truth) {
      const flush = () => kept.length > 0 && writeFileSync(truth, `${kept.splice(0).join('\n')}\n`, { flag: 'a' });
      setInterval(flush, 1000).unref();
      this.#clients.logged.then(flush);
    }
  }

  #startCapture() {
    const { port, interface: name, program, offline, capture, extra } = this.#options;
    const filter = `tcp portrange ${port}-${port + 2}`;
    if (!capture) return null;
    const [command, args] = offline
      ? ['tcpdump', ['-i', name, '-B', '65536', '-w', this.#captureFile, filter]]
      : [
          process.execPath,
          [
            program,
            'live',
            name,
            '--filter',
            filter,
            '--metrics',
            `${port + METRICS_OFFSET}`,
            '--format',
            'ndjson',
            '--no-progress',
            ...extra,
          ],
        ];
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#diagnostics = (this.#diagnostics + text).slice(-DIAGNOSTIC_CHARACTERS);
    });
    child.on('exit', () => this.#stopping.abort());
    return { child, logged: readLines(child, (line) => this.#account.read(line)) };
  }

  /** The metrics answer as soon as packets are captured. */
  async #untilReady() {
    if (!this.#options.scrapes) return pause(SETTLE_MILLISECONDS);
    const deadline = performance.now() + READY_MILLISECONDS;
    while (performance.now() < deadline && !this.#stopping.signal.aborted) {
      const { values } = await scrape(this.#options.port + METRICS_OFFSET);
      if (values !== null) return pause(SETTLE_MILLISECONDS / 2);
      await pause(SCRAPE_MILLISECONDS / 50);
    }
    this.#diagnostics += `GET /metrics has no answer after ${READY_MILLISECONDS / 1000} s\n`;
  }

  async #watch() {
    process.stdout.write(`${table(SAMPLE_HEAD, [])}\n`);
    const exited = this.#clients.logged.then(() => this.#stopping.abort());
    const scraping = this.#options.scrapes ? this.#scrapeOften() : null;
    for (let next = this.#options.every; !this.#stopping.signal.aborted; next += this.#options.every) {
      await this.#sleep(next * 1000 - (performance.now() - this.#begin));
      this.#sample();
    }
    this.#clients.child.kill('SIGTERM');
    await Promise.all([exited, scraping]);
  }

  async #scrapeOften() {
    while (!this.#stopping.signal.aborted) {
      const metrics = await scrape(this.#options.port + METRICS_OFFSET);
      if (this.#stopping.signal.aborted) return;
      this.#metrics.latency.add(metrics.milliseconds);
      this.#metrics.errors.push(...metrics.errors);
      if (metrics.values) {
        if (this.#metrics.last) this.#metrics.errors.push(...backwards(this.#metrics.last, metrics));
        this.#metrics.last = metrics;
      }
      await this.#sleep(SCRAPE_MILLISECONDS);
    }
  }

  #sleep(milliseconds) {
    return pause(Math.max(0, milliseconds), undefined, { signal: this.#stopping.signal }).catch(() => {});
  }

  #sample() {
    const elapsed = (performance.now() - this.#begin) / 1000;
    const span = elapsed - this.#before.elapsed;
    if (span < LEAST_SPAN_SECONDS) return;
    const { made, declined } = this.#ledger;
    const cpu = new Map();
    const share = (member) => {
      cpu.set(member.pid, member.cpu);
      return (member.cpu - (this.#before.cpu.get(member.pid) ?? 0)) / span;
    };
    const processes = this.#capture ? family(this.#capture.child.pid).map((member) => ({ ...member, cpuShare: share(member) })) : [];
    const rig = [process.pid, this.#clients.child.pid, ...this.#servers.map(({ child }) => child.pid)].map(processOf).filter(Boolean);
    const { latency, errors, last } = this.#metrics;
    const sample = {
      elapsed: round(elapsed, 1),
      connections: made,
      rate: (made - this.#before.made) / span,
      declined,
      told: this.#account.told,
      events: { ...this.#account.events },
      delays: this.#account.delaysNow.summary(),
      statistics: this.#account.statistics,
      processes,
      rigCpuShare: rig.reduce((sum, member) => sum + share(member), 0),
      rig: rig.map(({ pid, rss, cpu }) => ({ pid, rss, cpu })),
      metrics: { latency: latency.summary(), errors, values: last && Object.fromEntries(last.values) },
    };
    this.#before = { elapsed, made, cpu };
    this.#account.delaysNow = new Spread();
    this.#metrics = { latency: new Spread(), errors: [], last };
    this.#samples.push(sample);
    process.stdout.write(`${row(sampleRow(sample))}\n`);
    for (const error of errors.slice(0, 3)) process.stdout.write(`\n/metrics: ${error}\n`);
    this.#write({ samples: this.#samples });
  }

  async #end() {
    await this.#clients.logged;
    await pause(SETTLE_MILLISECONDS);
    if (this.#capture) {
      const asked = performance.now();
      const { child, logged } = this.#capture;
      child.removeAllListeners('exit');
      await stop(child, 'SIGINT', REPORT_MILLISECONDS);
      await logged;
      this.#diagnostics += `exit ${child.exitCode ?? child.signalCode}, ${((performance.now() - asked) / 1000).toFixed(1)} s after SIGINT\n`;
    }
    if (this.#options.offline) {
      const args = ['--all', '--format', 'ndjson', '--no-progress', ...this.#options.extra, this.#captureFile];
      const child = spawn(process.execPath, [this.#options.program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
      await readLines(child, (line) => this.#account.read(line));
    }
    await Promise.all(this.#servers.map(({ child }) => stop(child)));
    await Promise.all(this.#servers.map(({ logged }) => logged));
  }

  #conclude() {
    const outcome = this.#ledger.outcome();
    const { summary, reports, events, delays, badLines, connections } = this.#account;
    const compared = this.#options.offline ? compareConnections(this.#ledger.connections, connections) : null;
    const result = {
      samples: this.#samples,
      truth: this.#ledger.servers,
      outcome,
      events,
      delays: delays.summary(),
      badLines,
      compared,
      totals: summary?.totals ?? null,
      warnings: summary?.capture?.warnings ?? null,
      servers: reports,
      diagnostics: this.#diagnostics,
    };
    this.#write(result);
    const parts = [
      ['Traffic, in truth', trafficTable(this.#ledger.servers)],
      ['Sessions: truth, and what was told', outcomeTable(outcome)],
      ['Events', JSON.stringify(events)],
      ['From decline to line, seconds', JSON.stringify(delays.summary())],
      ['Totals of the report', JSON.stringify(result.totals)],
      ['Warnings of the report', JSON.stringify(result.warnings)],
      ['Verdicts', reports.map((of) => `${of.port}: ${of.verdict}: ${of.verdictText}`).join('\n')],
      ['Examples', exampleLines(outcome)],
      ['Lines that are not JSON', badLines.join('\n')],
      ['Connections, one by one', compared && JSON.stringify(compared, null, 1)],
      ['Standard error', this.#diagnostics],
    ];
    for (const [title, text] of parts) if (text && text !== 'null') process.stdout.write(`\n## ${title}\n\n${text}\n`);
    const isWrong = outcome.some(({ wrong, wrongButRival }) => wrong.high + wrong.medium > wrongButRival);
    return isWrong || badLines.length > 0 || (this.#options.capture && summary === null) ? 1 : 0;
  }

  #write(result) {
    const { out, ...options } = this.#options;
    if (!out) return;
    const machine = { cpu: cpus()[0]?.model, cpus: cpus().length, memory: totalmem(), kernel: release(), node: process.version };
    writeFileSync(out, `${JSON.stringify({ options, machine, ...result }, null, 1)}\n`);
  }
}

function exampleLines(outcome) {
  const lines = outcome.flatMap(({ server, examples }) =>
    Object.entries(examples).flatMap(([what, list]) => list.map((text) => `${server}, ${what}: ${text}`)),
  );
  return lines.join('\n');
}

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      duration: { type: 'string', default: '1m' },
      rate: { type: 'string', default: '250' },
      interface: { type: 'string', default: 'lo' },
      every: { type: 'string', default: '5m' },
      out: { type: 'string' },
      port: { type: 'string', default: '24433' },
      program: { type: 'string', default: join(ROOT, 'dist/cli/main.js') },
      clients: { type: 'string', default: '' },
      lifetime: { type: 'string', default: '300s' },
      truth: { type: 'string' },
      offline: { type: 'boolean', default: false },
      'keep-capture': { type: 'string' },
      'no-capture': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return null;
  }
  const capture = !values['no-capture'];
  const offline = values.offline || values['keep-capture'] !== undefined;
  return {
    ...values,
    duration: seconds(values.duration),
    every: seconds(values.every),
    lifetime: seconds(values.lifetime),
    port: Number(values.port),
    capture,
    offline,
    scrapes: capture && !offline,
    extra: positionals,
  };
}

const options = readOptions();
if (options) {
  process.stdout.write(`${new Date().toISOString()} ${clock(options.duration)} at ${options.rate} connections a second\n\n`);
  process.exitCode = await new Soak(options).run();
}
