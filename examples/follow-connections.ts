// Prints each connection that its client ended without close_notify as a line of JSON: node follow-connections.js [--all] FILE...|-
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InputError, type Report, readConnections } from 'closenotify';

const words = process.argv.slice(2);
const files = words.filter((word) => word !== '--all');
if (files.length === 0) {
  console.error('usage: follow-connections [--all] FILE...|-');
  process.exit(2);
}

async function* lines(isAll: boolean): AsyncGenerator<string> {
  const inputs = files.map((file) => (file === '-' ? { name: 'standard input', stream: process.stdin } : file));
  for await (const connection of readConnections(inputs, { onReport: tellDamage })) {
    if (isAll || connection.close.client.state === 'unclean') yield `${asciiJson(connection)}\n`;
  }
}

/** Names come from packets: what is no ASCII is written as it stands in JSON, and steers no terminal. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function tellDamage({ capture }: Report): void {
  for (const { message } of capture.warnings) console.error(message);
  if (capture.sources.some(({ truncated }) => truncated)) process.exitCode = 3;
}

try {
  await pipeline(Readable.from(lines(words.includes('--all'))), process.stdout);
} catch (error) {
  // Whoever reads the lines may stop before the last one, as head does.
  const isClosed = error instanceof Error && 'code' in error && error.code === 'EPIPE';
  if (error instanceof InputError) console.error(error.message);
  else if (!isClosed) throw error;
  process.exitCode = isClosed ? 0 : 3;
}
