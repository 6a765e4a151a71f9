/** A live capture as Prometheus metrics. The library that writes them is loaded when they are asked for. */
import { readFile } from 'node:fs/promises';
import { escapeText } from '../bytes/escape.js';
import type { LiveStatistics } from '../live-model.js';
import type { Report, ServerReport, Totals } from '../model.js';
import { describeProcess, Families, type Row } from './metric-families.js';
import { endpointText } from './text.js';

export interface Metrics {
  /** Of the text: the exposition format of Prometheus, version 0.0.4. */
  readonly contentType: string;
  /** Takes what was counted since the capture began. */
  update(report: Report, statistics: LiveStatistics): void;
  text(): Promise<string>;
}

/** Servers with series of their own. */
export const MAX_NAMED_SERVERS = 200;
/** Stands for all servers that have none. */
const OTHER = 'other';
/** Rates are over this time, or over that between two updates where these are rarer. */
const RATE_SECONDS = 30;

/** @param now seconds of a clock that never goes back */
export async function createMetrics(now: () => number = () => performance.now() / 1000): Promise<Metrics> {
  const client = await import('prom-client');
  const registry = new client.Registry();
  const families = new Families(client, registry);
  const series = describe(families);
  describeProcess(families);
  families.gauge('build_info', 'Always 1; the label is the version of closenotify.', 'version')([[{ version: await version() }, 1]]);
  const names = new ServerNames();
  const rates = new Map<string, Rate>();
  let before: number | null = null;
  return {
    contentType: registry.contentType,
    update(report, statistics) {
      const time = now();
      updateCapture(series, report, statistics);
      updateServers(series, names.group(report.servers), (server, full) => {
        const rate = rates.get(server) ?? new Rate(before);
        rates.set(server, rate);
        return rate.next(time, full);
      });
      before = time;
    },
    text: () => registry.metrics(),
  };
}

const BY_SERVER = `By server (address and port): the first ${MAX_NAMED_SERVERS} have series of their own (of several new ones the busiest); further ones are "${OTHER}" together.`;
const NOT_OTHER = `By server (address and port), for the first ${MAX_NAMED_SERVERS} only.`;
const HINDSIGHT = 'Later packets may explain a decline otherwise, so that this may fall: a gauge.';

type Series = ReturnType<typeof describe>;

/** The metrics, each as a function that takes its present values. */
function describe({ counter, gauge }: Families) {
  return {
    frames: counter('frames_total', 'Frames captured.'),
    bytes: counter('captured_bytes_total', 'Bytes captured, of each frame those within the snap length.'),
    capturing: gauge('capturing', '1 while frames can come, 0 while the interface is down.'),
    dropped: counter(
      'dropped_frames_total',
      'Frames lost before they could be read, as far as the source says; npm cap does not know what the kernel dropped. Absent where the source does not say.',
    ),
    incompleteConnections: counter(
      'incomplete_connections_total',
      'TLS connections that are over and of which bytes are missing: frames were lost, or cut.',
    ),
    lag: gauge('analysis_lag_seconds', 'How far the analysis is behind the arrival of frames. Absent where that is not known.'),
    lastFrame: gauge('last_frame_timestamp_seconds', 'Time of the newest frame, Unix seconds. Absent before the first one.'),
    tables: gauge('table_entries', 'Entries of the tables whose size is limited to bound memory.', 'table'),
    warnings: counter('warnings_total', 'What was left out, guessed at or limited, by the code of the warning.', 'code'),
    tcp: counter('tcp_connections_total', 'TCP connections.'),
    tls: counter('tls_connections_total', 'TCP connections that carried TLS.'),
    closes: counter('closes_total', 'Closes of the sides of TLS connections, two for each connection at most, by state.', 'state'),
    handshakes: counter('handshakes_total', `TLS handshakes by outcome: full, resumed, failed. ${BY_SERVER}`, 'server', 'outcome'),
    incomplete: gauge(
      'incomplete_handshakes',
      `TLS handshakes that are under way, or never ended. A gauge: some end later. ${BY_SERVER}`,
      'server',
    ),
    resumptions: counter(
      'resumptions_total',
      `Completed TLS handshakes by what became of resumption: a session was resumed; or it was declined, or none was offered, and the handshake was full. ${BY_SERVER}`,
      'server',
      'outcome',
    ),
    causes: gauge('declined_offers', `Offers of sessions that the server declined, by cause. ${HINDSIGHT} ${BY_SERVER}`, 'server', 'cause'),
    invalidated: gauge(
      'invalidated_sessions',
      `Sessions that the server dropped after an unclean close, since the capture began. ${HINDSIGHT} ${BY_SERVER}`,
      'server',
    ),
    suspected: gauge(
      'suspected_sessions',
      `Further sessions of which it is only suspected that the server dropped them after an unclean close. ${HINDSIGHT} ${BY_SERVER}`,
      'server',
    ),
    avoidable: gauge(
      'avoidable_full_handshakes',
      `Full handshakes that the invalidated sessions would have saved, since the capture began. ${HINDSIGHT} ${BY_SERVER}`,
      'server',
    ),
    fullRate: gauge(
      'full_handshakes_per_second',
      `Full handshakes a second, over the last ${RATE_SECONDS} seconds, or since the update before where that is longer. ${BY_SERVER}`,
      'server',
    ),
    median: gauge(
      'handshake_median_seconds',
      `Median time of a handshake since the capture began, by outcome. Absent where none was timed. ${NOT_OTHER}`,
      'server',
      'outcome',
    ),
  };
}

function updateCapture(series: Series, report: Report, statistics: LiveStatistics): void {
  const { tables, totals } = statistics;
  series.frames([[{}, statistics.frames]]);
  series.bytes([[{}, statistics.bytes]]);
  series.capturing([[{}, statistics.interrupted === null ? 1 : 0]]);
  series.dropped([[{}, statistics.dropped]]);
  series.incompleteConnections([[{}, statistics.incompleteConnections]]);
  series.lag([[{}, statistics.lagSeconds]]);
  series.lastFrame([[{}, statistics.time]]);
  series.tables([
    [{ table: 'open-connections' }, tables.openConnections],
    [{ table: 'remembered-connections' }, tables.rememberedConnections],
    [{ table: 'sessions' }, tables.sessions],
    [{ table: 'session-uses' }, tables.sessionUses],
  ]);
  const warnings = new Map<string, number>();
  for (const { code, count } of report.capture.warnings) warnings.set(code, (warnings.get(code) ?? 0) + count);
  series.warnings([...warnings].map(([code, count]) => [{ code }, count]));
  series.tcp([[{}, totals.tcpConnections]]);
  series.tls([[{}, totals.tlsConnections]]);
  series.closes(CLOSE_STATES.map((state) => [{ state }, totals.closes[state]]));
}

/** Not `open`: what is open now may close later. */
const CLOSE_STATES: readonly (keyof Totals['closes'])[] = ['clean', 'unclean', 'reset-race', 'aborted', 'unknown'];

function updateServers(series: Series, groups: readonly ServerGroup[], rate: (server: string, full: number) => number | null): void {
  const rows = (values: (group: ServerGroup) => Row[]) => groups.flatMap(values);
  /** One row for each server. */
  const sums = (value: (server: ServerReport) => number) => groups.map(({ name, members }): Row => [{ server: name }, sum(members, value)]);
  /** A row for each server and outcome. */
  const outcomes = (values: Record<string, (server: ServerReport) => number>) =>
    rows(({ name, members }) => Object.entries(values).map(([outcome, value]): Row => [{ server: name, outcome }, sum(members, value)]));
  series.handshakes(
    outcomes({
      full: ({ handshakes }) => handshakes.full,
      resumed: ({ handshakes }) => handshakes.resumed,
      failed: ({ handshakes }) => handshakes.failed,
    }),
  );
  series.incomplete(sums(({ handshakes }) => handshakes.incomplete));
  series.resumptions(
    outcomes({
      resumed: ({ handshakes }) => handshakes.resumed,
      declined: ({ handshakes }) => handshakes.declined,
      'not-offered': ({ handshakes }) => handshakes.notOffered,
    }),
  );
  series.causes(
    rows(({ name, members }) => {
      const causes = new Map<string, number>();
      for (const { cause, declines } of members.flatMap((server) => server.causes)) causes.set(cause, (causes.get(cause) ?? 0) + declines);
      return [...causes].map(([cause, declines]): Row => [{ server: name, cause }, declines]);
    }),
  );
  series.invalidated(sums((server) => server.invalidatedSessions));
  series.suspected(sums((server) => server.suspectedSessions));
  series.avoidable(sums((server) => server.avoidableFullHandshakes));
  series.fullRate(
    groups.map(({ name, members }) => [
      { server: name },
      rate(
        name,
        sum(members, ({ handshakes }) => handshakes.full),
      ),
    ]),
  );
  series.median(
    rows(({ name, members }) =>
      name === OTHER
        ? []
        : (['full', 'resumed'] as const).map((outcome) => [{ server: name, outcome }, members[0].handshakeSeconds[outcome]]),
    ),
  );
}

function sum(servers: readonly ServerReport[], value: (server: ServerReport) => number): number {
  return servers.reduce((total, server) => total + value(server), 0);
}

/** One server, or all that have no series of their own. */
interface ServerGroup {
  name: string;
  members: readonly ServerReport[];
}

/** Who has a name keeps it, and who is among the others stays there: no series jumps. */
class ServerNames {
  readonly #named = new Set<string>();

  group(servers: readonly ServerReport[]): ServerGroup[] {
    if (this.#named.size < MAX_NAMED_SERVERS) {
      for (const server of [...servers].sort((a, b) => b.connections - a.connections)) {
        if (this.#named.size < MAX_NAMED_SERVERS) this.#named.add(nameOf(server));
      }
    }
    const groups: ServerGroup[] = [];
    const others: ServerReport[] = [];
    for (const server of servers) {
      const name = nameOf(server);
      if (this.#named.has(name)) groups.push({ name, members: [server] });
      else others.push(server);
    }
    if (others.length > 0) groups.push({ name: OTHER, members: others });
    return groups;
  }
}

function nameOf(server: ServerReport): string {
  return escapeText(endpointText(server));
}

/** How fast a total grows. */
class Rate {
  /** All but the first one are younger than the time that the rate is over. */
  readonly #samples: [time: number, total: number][];

  /** @param before when it was still 0; null where nobody knows */
  constructor(before: number | null) {
    this.#samples = before === null ? [] : [[before, 0]];
  }

  next(time: number, total: number): number | null {
    const samples = this.#samples;
    samples.push([time, total]);
    while (samples.length > 2 && time - samples[1][0] >= RATE_SECONDS) samples.shift();
    const [from, least] = samples[0];
    return time > from ? Math.max(0, total - least) / (time - from) : null;
  }
}

async function version(): Promise<string> {
  return JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')).version;
}
