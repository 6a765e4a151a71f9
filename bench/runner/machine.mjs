// What the bench runs on, and what it says while it runs.
import { cpus, release, totalmem, type } from 'node:os';

/** Heading of the results: the machine, and what is missing on it. */
export function describeMachine({ meter, loop, built }) {
  const memory = meter.kind === 'none' ? 'Peak memory cannot be measured: no C compiler and no GNU time.' : '';
  const yardstick = loop ? '' : 'No libpcap loop: no C compiler, or no libpcap headers.';
  const subject = built ? '' : 'closenotify is not built: npm run build';
  const [cpu] = cpus();
  const machine = `${cpu?.model ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}, Node ${process.versions.node}.`;
  return ['# Bench', '', machine, memory, yardstick, subject].filter((line, i) => line !== '' || i === 1).join('\n');
}

let shown = false;

/** One line on a terminal's standard error; '' takes it away. */
export function progress(text) {
  if (!process.stderr.isTTY) return;
  if (text !== '' || shown) process.stderr.write(`\r\x1b[K${text}`);
  shown = text !== '';
}
