// A fast program that answers wrong has won nothing: the report against what the generator knows.
import { spawn } from 'node:child_process';

const LIMIT_MILLISECONDS = 300_000;

/**
 * @returns {Promise<[name: string, expected: number, got: number | string][]>}
 */
export async function compareAnswers([program, ...args], truth) {
  const totals = await readTotals(program, args);
  const of = (value) => value ?? 'none';
  return [
    ['TLS connections', truth.connections, of(totals?.tlsConnections)],
    ...['full', 'resumed', 'declined', 'notOffered'].map((key) => [key, truth[key], of(totals?.handshakes?.[key])]),
    ['invalidated sessions', truth.invalidatedSessions, of(totals?.invalidatedSessions)],
  ];
}

/** `totals` of the JSON report; null when there is none. */
function readTotals(program, args) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'], timeout: LIMIT_MILLISECONDS });
    const pieces = [];
    child.stdout.on('data', (bytes) => pieces.push(bytes));
    child.on('error', () => resolve(null));
    child.on('close', () => {
      try {
        resolve(JSON.parse(Buffer.concat(pieces).toString()).totals ?? null);
      } catch {
        resolve(null);
      }
    });
  });
}
