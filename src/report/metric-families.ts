/** Families of series in a registry of the `prom-client` package, set to totals. */
import type { Counter, Gauge, Registry } from 'prom-client';

type Labels = Record<string, string>;
/** Null: there is no such value at present. */
export type Row = [labels: Labels, value: number | null];
export type Setter = (rows: readonly Row[]) => void;

export class Families {
  readonly #client: typeof import('prom-client');
  readonly #registers: Registry[];

  constructor(client: typeof import('prom-client'), registry: Registry) {
    this.#client = client;
    this.#registers = [registry];
  }

  /** Takes totals. One that is smaller than before leaves the counter as it is: to Prometheus a fall is a restart. */
  readonly counter = (name: string, help: string, ...labelNames: string[]): Setter => {
    const counter: Counter = new this.#client.Counter({ name: `closenotify_${name}`, help, labelNames, registers: this.#registers });
    const known = new Map<string, number>();
    // A value comes with the first row, not before.
    if (labelNames.length === 0) counter.remove();
    return (rows) => {
      for (const [labels, total] of rows) {
        const key = JSON.stringify(labels);
        if (total === null) {
          counter.remove(labels);
          known.delete(key);
          continue;
        }
        const before = known.get(key) ?? 0;
        counter.inc(labels, Math.max(0, total - before));
        known.set(key, Math.max(before, total));
      }
    };
  };

  /** A series that is not among the rows is 0. */
  readonly gauge = (name: string, help: string, ...labelNames: string[]): Setter => {
    const gauge: Gauge = new this.#client.Gauge({ name: `closenotify_${name}`, help, labelNames, registers: this.#registers });
    const known = new Map<string, Labels>();
    if (labelNames.length === 0) gauge.remove();
    return (rows) => {
      for (const labels of known.values()) gauge.set(labels, 0);
      for (const [labels, value] of rows) {
        const key = JSON.stringify(labels);
        if (value === null) {
          gauge.remove(labels);
          known.delete(key);
        } else {
          gauge.set(labels, value);
          known.set(key, labels);
        }
      }
    };
  };

  /** A figure of this process, read when it is asked for. Its name has no prefix: dashboards know these names. */
  process(kind: 'Counter' | 'Gauge', name: string, help: string, read: () => number): void {
    const config = { name: `process_${name}`, help, registers: this.#registers };
    if (kind === 'Gauge') {
      const gauge: Gauge = new this.#client.Gauge({ ...config, collect: () => gauge.set(read()) });
    } else {
      const counter: Counter = new this.#client.Counter({
        ...config,
        collect() {
          counter.reset();
          counter.inc(read());
        },
      });
    }
  }
}

export function describeProcess(families: Families): void {
  const start = Date.now() / 1000 - process.uptime();
  families.process('Counter', 'cpu_seconds_total', 'Processor time of this process, user and system.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  families.process('Gauge', 'resident_memory_bytes', 'Resident memory of this process.', () => process.memoryUsage.rss());
  families.process('Gauge', 'start_time_seconds', 'When this process started, Unix seconds.', () => start);
}
