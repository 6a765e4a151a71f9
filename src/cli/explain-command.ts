/** `closenotify explain`: everything about one session or one connection. */
import { analyze } from '../analyze.js';
import type { CaptureInput } from '../capture/read.js';
import type { Report } from '../model.js';
import { endpointText } from '../report/text.js';
import { matching } from '../selection/matches.js';
import { keyLogOption } from './analyze-command.js';
import { damageOf } from './damage.js';
import { EXIT } from './exit-codes.js';
import type { ExplainCommand } from './explain-arguments.js';
import { fail, say, statusOfError } from './failures.js';
import { listen } from './interrupt.js';
import { fileOutput, outputProblem, streamOutput } from './output.js';
import { progressBar, SILENT } from './progress.js';
import { useColor } from './report-text.js';
import { untilStopped } from './standard-input.js';
import type { Terminal } from './terminal.js';

/** @returns the exit status */
export async function runExplain(command: ExplainCommand, terminal: Terminal): Promise<number> {
  const { stdout, stderr, env } = terminal;
  const problem = command.output === null ? null : outputProblem(command.output, command.inputs);
  if (problem !== null) return fail(stderr, problem, EXIT.usage);
  const progress = command.progress && stderr.isTTY && env.TERM !== 'dumb' ? progressBar(stderr) : SILENT;
  const interrupt = listen(() => progress.end());
  const output = command.output === null ? streamOutput(stdout) : fileOutput(command.output);
  try {
    const inputs = command.inputs.map((input): CaptureInput => {
      return input === '-' ? { name: 'standard input', stream: untilStopped(terminal.stdin, interrupt.signal) } : input;
    });
    const whole = await analyze(inputs, {
      keep: 'all',
      onProgress: progress.update,
      filter: { ...(command.server !== null && { server: command.server }) },
      ...(await keyLogOption(command, terminal)),
      // Standard input ends when the signal comes, and is reported; files are just left.
      ...(command.inputs.includes('-') ? {} : { signal: interrupt.signal }),
    });
    progress.end();
    const report = matching(whole, command.query);
    const isFound = report.connections.length > 0 || report.sessions.length > 0;
    if (isFound || command.format === 'json') {
      await output.write(await textOf(report, command, terminal));
      await output.end();
    }
    const damage = damageOf(report);
    for (const message of damage) say(stderr, message);
    if (!isFound) say(stderr, nothingWords(whole, command));
    return interrupt.status() ?? (damage.length > 0 ? EXIT.input : isFound ? EXIT.ok : EXIT.usage);
  } catch (error) {
    progress.end();
    return interrupt.status() ?? statusOfError(error, stderr);
  } finally {
    interrupt.release();
  }
}

async function textOf(report: Report, command: ExplainCommand, { stdout, env }: Terminal): Promise<Iterable<string>> {
  if (command.format === 'json') return (await import('../report/json.js')).json(report);
  const { explanation } = await import('../report/explanation.js');
  return explanation(report, command.query, {
    width: command.output === null && stdout.isTTY ? (stdout.columns ?? 0) : 0,
    all: command.all,
    color: useColor(command, stdout.isTTY === true, env),
  });
}

function nothingWords({ totals: { tcpConnections, tlsConnections } }: Report, { query, server, asked }: ExplainCommand): string {
  const where = server === null ? '' : ` to ${server.port === null ? server.address : endpointText({ ...server, port: server.port })}`;
  if ('digits' in query)
    return `no session ID, ticket or PSK of ${tlsConnections} TLS connections${where} begins with ${query.digits}; closenotify --all lists them`;
  return `${asked}: no TLS connection${where}; there are ${tlsConnections} among ${tcpConnections} TCP connections, and closenotify --all lists them`;
}
