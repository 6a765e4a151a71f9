import type { Connection, Report } from '../model.js';
import { jsonLine } from './json.js';

/**
 * The report as lines of JSON, each with its `type`: connections, findings, servers, sessions, and last the summary. The other
 * keys of a line are those of the element in the report.
 */
export function* ndjson(report: Report): Generator<string> {
  yield* ndjsonConnections(report.connections);
  for (const finding of report.findings) yield ndjsonLine('finding', finding);
  for (const server of report.servers) yield ndjsonLine('server', server);
  for (const session of report.sessions) yield ndjsonLine('session', session);
  yield ndjsonLine('summary', { schema: report.schema, capture: report.capture, totals: report.totals });
}

/** Connections alone, as they end. */
export function* ndjsonConnections(connections: Iterable<Connection>): Generator<string> {
  for (const connection of connections) yield ndjsonLine('connection', connection);
}

/** One line: the type, then the keys of an object, of which there must be one. */
export function ndjsonLine(type: string, fields: object): string {
  return `{"type":"${type}",${jsonLine(fields).slice(1)}\n`;
}
