import { load } from '../loading.js';
import type { Report } from '../model.js';
import { endpointText } from '../report/text.js';
import type { Terminal } from './terminal.js';
import type { WantedServer } from './values.js';

/** How a report is to be printed. */
export interface Printed {
  format: 'table' | 'json' | 'ndjson' | 'html';
  /** Null: standard output. */
  output: string | null;
  all: boolean;
  verbose: boolean;
  server: WantedServer | null;
  /** Only some of it is listed. */
  selected: boolean;
  color: 'auto' | 'always' | 'never';
}

/** Writers are loaded when they are needed: none costs the analysis time, and `table` alone is forty modules. */
export async function reportText(report: Report, command: Printed, { stdout, env }: Terminal): Promise<Iterable<string>> {
  if (command.format === 'json') return (await import('../report/json.js')).json(report);
  if (command.format === 'ndjson') return (await import('../report/ndjson.js')).ndjson({ ...report, connections: [] });
  const { server, selected } = command;
  const narrowed = {
    ...(server !== null && { server: server.port === null ? server.address : endpointText({ ...server, port: server.port }) }),
    selected,
  };
  if (command.format === 'html')
    return (await load(import.meta.url, '../report/html/html.js', () => import('../report/html/html.js'))).html(report, narrowed);
  const { table } = await load(import.meta.url, '../report/table.js', () => import('../report/table.js'));
  return table(report, {
    ...narrowed,
    all: command.all,
    verbose: command.verbose,
    width: command.output === null && stdout.isTTY ? (stdout.columns ?? 0) : 0,
    color: useColor(command, stdout.isTTY === true, env),
  });
}

/** FORCE_COLOR wins over NO_COLOR, as in Node. */
export function useColor(command: Pick<Printed, 'color' | 'output'>, isTerminal: boolean, env: Terminal['env']): boolean {
  if (command.color !== 'auto') return command.color === 'always';
  if (env.FORCE_COLOR !== undefined) return !['0', 'false'].includes(env.FORCE_COLOR);
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  return command.output === null && isTerminal && env.TERM !== 'dumb';
}
