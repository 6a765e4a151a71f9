// Shows the bug, and that close_notify is the cure, on a real server: what an incident report would show, before and after.
// node reproduce.js [--server openssl|java] [--connections N] [--keep DIR]
// Exit status: 0 it was shown; 1 it was not; 2 usage; 4 something is missing on this machine.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { analyze, InputError, type Report, toTable } from 'closenotify';
import { type Ending, visit } from './client.js';
import { Program, Unavailable } from './program.js';
import { isComplete, record } from './recording.js';
import { ADDRESS, SERVERS, type ServerKind, startServer } from './server.js';

interface Options {
  server: ServerKind;
  connections: number;
  /** Where the captures stay. */
  keep: string | null;
}

interface Phase {
  file: string;
  report: Report;
  /** What the client itself saw. */
  resumed: number;
}

class Interrupted extends Error {
  readonly status: number;

  constructor(status: number) {
    super('interrupted');
    this.status = status;
  }
}

// Not by process.exitCode: what waits for something when this is interrupted need not go on.
process.exit(await main());

async function main(): Promise<number> {
  const options = readOptions();
  if (options === null) return 2;
  const directory = mkdtempSync(join(tmpdir(), 'closenotify-reproduce-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  try {
    return await Promise.race([reproduce(options, directory), interruption()]);
  } catch (error) {
    if (error instanceof Interrupted) return error.status;
    if (!(error instanceof Unavailable || error instanceof InputError)) throw error;
    console.error(error.message);
    return error instanceof Unavailable ? 4 : 1;
  } finally {
    await Program.stopAll();
  }
}

function readOptions(): Options | null {
  const usage = `usage: reproduce [--server ${SERVERS.join('|')}] [--connections N] [--keep DIR]`;
  try {
    const { values } = parseArgs({
      options: {
        server: { type: 'string', default: 'openssl' },
        connections: { type: 'string', default: '6' },
        keep: { type: 'string' },
      },
    });
    const server = SERVERS.find((kind) => kind === values.server);
    const connections = Number(values.connections);
    if (server === undefined) throw new Error(`--server: expected ${SERVERS.join(' or ')}`);
    // One to issue a session, one to offer it in vain, and one more to see it as a rule.
    if (!(Number.isInteger(connections) && connections >= 3 && connections <= 1000)) throw new Error('--connections: expected 3 to 1000');
    return { server, connections, keep: values.keep ?? null };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${usage}`);
    return null;
  }
}

/** Ctrl-C reaches the programs that were started as well: their ends are no failures then. */
function interruption(): Promise<never> {
  return new Promise((_, reject) => {
    process.once('SIGINT', () => reject(new Interrupted(130)));
    process.once('SIGTERM', () => reject(new Interrupted(143)));
  });
}

async function reproduce({ server, connections, keep }: Options, directory: string): Promise<number> {
  if (keep !== null) mkdirSync(keep, { recursive: true });
  const port = await startServer(server, directory);
  const phase = async (name: string, ending: Ending): Promise<Phase> => {
    const file = join(keep ?? directory, `${name}.pcap`);
    const resumed = await record(file, port, connections, () => visit(ADDRESS, port, connections, ending));
    const report = await analyze(file);
    process.stdout.write([...toTable(report)].join(''));
    return { file, report, resumed };
  };
  console.log(`== Before the fix: ${connections} connections to ${server}, each ended with FIN and without close_notify\n`);
  const before = await phase('before', 'fin');
  console.log(`\n== After the fix: ${connections} connections, close_notify before each FIN\n`);
  const after = await phase('after', 'close_notify');
  console.log(`\n== Before and after\n\n${comparison(before, after)}\n`);
  const { servers, findings } = await analyze([before.file, after.file]);
  for (const { verdictText } of servers) console.log(`Both captures as one: ${verdictText}`);
  if (findings.length > 0)
    console.log(`Confidence of its findings: ${[...new Set(findings.map(({ confidence }) => confidence))].join(', ')}`);
  if (keep !== null) console.log(`Captures: ${before.file}, ${after.file}`);
  const problems = problemsOf(before, after, connections);
  for (const problem of problems) console.error(`\nnot shown: ${problem}`);
  return problems.length === 0 ? 0 : 1;
}

function comparison(before: Phase, after: Phase): string {
  const row = (name: string, value: (phase: Phase) => string | number) =>
    `${name.padEnd(30)}${String(value(before)).padStart(8)}${String(value(after)).padStart(8)}`;
  return [
    row('', (phase) => (phase === before ? 'before' : 'after')),
    row('TLS connections', ({ report }) => report.totals.tlsConnections),
    row('full handshakes', ({ report }) => report.totals.handshakes.full),
    row('resumed', ({ report }) => report.totals.handshakes.resumed),
    row('resumed, as the client says', ({ resumed }) => resumed),
    row('sessions invalidated', ({ report }) => report.totals.invalidatedSessions),
    row('share of full handshakes', ({ report }) => share(report)),
  ].join('\n');
}

function share({ totals: { handshakes, tlsConnections } }: Report): string {
  return tlsConnections === 0 ? '-' : `${Math.round((100 * handshakes.full) / tlsConnections)} %`;
}

/** Why this run does not show what it should. */
function problemsOf(before: Phase, after: Phase, connections: number): string[] {
  const problems: string[] = [];
  if (before.report.totals.invalidatedSessions === 0)
    problems.push('before: no session was lost, so this server keeps sessions after FIN without close_notify');
  if (after.report.totals.invalidatedSessions > 0) problems.push('after: sessions were lost although the client said close_notify');
  if (after.resumed === 0) problems.push('after: the server resumed nothing, so it may have no sessions at all');
  for (const [name, { report, resumed }] of Object.entries({ before, after })) {
    if (!isComplete(report.totals, connections)) problems.push(`${name}: the capture does not hold all connections with their ends`);
    const told = report.totals.handshakes.resumed;
    if (told !== resumed) problems.push(`${name}: the client resumed ${resumed} sessions, and the capture shows ${told}`);
  }
  return problems;
}
