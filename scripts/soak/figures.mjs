// Figures and tables of the soak.

/** Numbers of which quantiles are wanted. */
export class Spread {
  #values = [];
  #isSorted = true;

  add(value) {
    this.#values.push(value);
    this.#isSorted = false;
  }

  /** Count, median, 99th percentile and maximum; null of none. */
  summary() {
    const values = this.#values;
    if (values.length === 0) return null;
    if (!this.#isSorted) values.sort((a, b) => a - b);
    this.#isSorted = true;
    const at = (share) => round(values[Math.min(values.length - 1, Math.floor(values.length * share))], 4);
    return { count: values.length, median: at(0.5), p99: at(0.99), max: at(1) };
  }
}

export function round(value, digits) {
  return Number(value.toFixed(digits));
}

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `90s`, `5m`, `2h`, `1d` in seconds. */
export function seconds(text) {
  const [, count, unit] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  if (count === undefined) throw new Error(`${text}: not like 90s, 5m, 2h or 1d`);
  return Number(count) * UNITS[unit];
}

export function clock(elapsed) {
  const two = (value) => `${Math.floor(value)}`.padStart(2, '0');
  return `${two(elapsed / 3600)}:${two((elapsed / 60) % 60)}:${two(elapsed % 60)}`;
}

export function row(cells) {
  return `| ${cells.join(' | ')} |`;
}

export function table(head, rows) {
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
}

const mib = (kib) => (kib === undefined ? '-' : (kib / 1024).toFixed(0));
const percent = (share) => (share === undefined ? '-' : (100 * share).toFixed(0));

export const SAMPLE_HEAD = [
  'elapsed',
  'connections',
  'seen',
  'per s',
  'declined',
  'told',
  'delay p50/p99/max s',
  'RSS MiB parent/child',
  'peak MiB',
  'CPU % parent/child',
  'rig CPU %',
  'frames',
  'dropped',
  'lag s',
  'open/remembered/sessions/uses',
  '/metrics ms p50/max',
];

export function sampleRow(sample) {
  const { processes, statistics, delays, metrics } = sample;
  const tables = statistics?.tables;
  return [
    clock(sample.elapsed),
    sample.connections,
    statistics?.totals?.tcpConnections ?? '-',
    sample.rate.toFixed(0),
    sample.declined,
    sample.told,
    delays ? `${delays.median}/${delays.p99}/${delays.max}` : '-',
    processes.map(({ rss }) => mib(rss)).join('/') || '-',
    processes.map(({ highWater }) => mib(highWater)).join('/') || '-',
    processes.map(({ cpuShare }) => percent(cpuShare)).join('/') || '-',
    percent(sample.rigCpuShare),
    statistics?.frames ?? '-',
    statistics?.dropped ?? '-',
    statistics?.lagSeconds?.toFixed(3) ?? '-',
    tables ? Object.values(tables).join('/') : '-',
    metrics.latency ? `${metrics.latency.median}/${metrics.latency.max}${metrics.errors.length > 0 ? ' ERRORS' : ''}` : '-',
  ];
}

export function outcomeTable(rows) {
  const head = [
    'server',
    'sessions declined',
    'after an unclean close',
    'lost by FIN/RST',
    'otherwise',
    'found high/medium/low',
    'missed',
    'wrong high/medium/low',
    'wrong: closed cleanly/expired/other reason/not declined',
    'of these expired, a rival',
    'wrong culprit',
    'withdrawn rightly/wrongly',
    'in the final report',
  ];
  const three = ({ high, medium, low }) => `${high}/${medium}/${low}`;
  const lines = rows.map((of) => [
    of.server,
    of.declined,
    of.declinedAfterUnclean,
    `${of.lostByFin}/${of.lostByRst}`,
    of.lostOtherwise,
    three(of.found),
    of.missed,
    three(of.wrong),
    Object.values(of.wrongBecause).join('/'),
    of.wrongButRival,
    of.wrongCulprit,
    `${of.withdrawnRightly}/${of.withdrawnWrongly}`,
    of.reported,
  ]);
  return table(head, lines);
}

export function trafficTable(servers) {
  const kinds = [...new Set(servers.flatMap(({ closes }) => Object.keys(closes)))].sort();
  const head = ['server', 'loses sessions after', 'connections', 'full', 'resumed', 'declined', 'failed', ...kinds];
  const lines = servers.map((of) => [
    `${of.name} (${of.port})`,
    of.loses.join(', ') || 'nothing',
    of.connections,
    of.full,
    of.resumed,
    of.declined,
    of.failed,
    ...kinds.map((kind) => of.closes[kind] ?? 0),
  ]);
  return table(head, lines);
}
