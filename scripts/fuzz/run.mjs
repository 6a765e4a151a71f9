// Gives closenotify captures made wrong, in a process of its own, and keeps those at which it fails.
//
//   npm run build && npm run fuzz -- --minutes 30 --seed 1
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { mutate, Random } from './mutate.mjs';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string', default: '1' }, count: { type: 'string' } },
});
const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url));
const kept = `${fixtures}fuzz/`;

/** Larger fixtures are left out: small ones are changed more in less time. */
const MAX_FIXTURE_BYTES = 200_000;
/** Of a check, and for each megabyte of input on top. Shared machines stand still for a second now and then. */
const HANG_MILLISECONDS = 5000;
/** Of the process, after thousands of inputs: it is 150 to 250 MB where nothing leaks. */
const MAX_RSS_BYTES = 700e6;
/** Inputs for one process: what leaks shows in it, and what another input left behind is not looked for too long. */
const INPUTS_OF_A_CHILD = 20_000;

const names = [...readdirSync(fixtures), ...readdirSync(`${fixtures}cases`).map((name) => `cases/${name}`)];
const captures = names.filter((name) => /\.(pcap|pcapng|gz)$/.test(name)).map((name) => readFileSync(fixtures + name));
const corpus = captures.filter(({ length }) => length <= MAX_FIXTURE_BYTES).map((bytes) => new Uint8Array(bytes));
const keyLogs = readdirSync(`${fixtures}keys`).map((name) => new Uint8Array(readFileSync(`${fixtures}keys/${name}`)));

const until = Date.now() + Number(values.minutes) * 60_000;
const most = values.count === undefined ? Number.POSITIVE_INFINITY : Number(values.count);
const tally = { inputs: 0, reports: 0, errors: 0, failures: 0, bytes: 0, slowest: 0, largest: 0 };
let child = null;
let inputs = 0;

for (let seed = Number(values.seed) * 1_000_000; Date.now() < until && tally.inputs < most; seed++) {
  const random = new Random(seed);
  const bytes = mutate(random, random.of(corpus), corpus);
  // Keys of other captures fit nothing: one input in four gets them all.
  const logs = random.below(4) === 0 ? keyLogs.map((log) => (random.below(2) === 0 ? mutate(random, log, keyLogs) : log)) : [];
  const { outcome, milliseconds, rss } = await ask({ bytes, keyLogs: logs });
  tally.inputs++;
  tally.bytes += bytes.length;
  tally.slowest = Math.max(tally.slowest, milliseconds);
  tally.largest = Math.max(tally.largest, rss);
  if (outcome === 'report') tally.reports++;
  else if (outcome === 'error') tally.errors++;
  else keep(seed, bytes, outcome.error);
  if (rss > MAX_RSS_BYTES) keep(seed, bytes, `${Math.round(rss / 1e6)} MB of memory after ${inputs} inputs`);
  if (rss > MAX_RSS_BYTES || inputs >= INPUTS_OF_A_CHILD) child.kill();
  if (tally.inputs % 1000 === 0) tell();
}
child?.kill();
tell();
process.exitCode = tally.failures > 0 ? 1 : 0;

/** @returns what the child says, or how it failed to */
function ask(message) {
  if (child === null || !child.connected || child.killed) {
    child = fork(fileURLToPath(new URL('child.mjs', import.meta.url)), [], { serialization: 'advanced' });
    inputs = 0;
  }
  inputs++;
  const allowed = HANG_MILLISECONDS * (1 + message.bytes.length / 1e6);
  const asked = child;
  return new Promise((resolve) => {
    const failed = (error) => {
      clearTimeout(timer);
      asked.removeAllListeners();
      asked.kill('SIGKILL');
      resolve({ outcome: { error }, milliseconds: 0, rss: 0 });
    };
    const timer = setTimeout(() => failed(`no answer after ${Math.round(allowed)} ms`), allowed);
    asked.once('exit', (status, signal) => failed(`the process ended: ${signal ?? status}`));
    asked.once('message', (answer) => {
      clearTimeout(timer);
      asked.removeAllListeners('exit');
      resolve(answer);
    });
    asked.send(message, (error) => error && failed(String(error)));
  });
}

function keep(seed, bytes, error) {
  tally.failures++;
  if (!existsSync(kept)) mkdirSync(kept);
  const name = `${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.bin`;
  writeFileSync(kept + name, bytes);
  console.log(`seed ${seed}: fixtures/fuzz/${name}: ${error}`);
}

function tell() {
  const { inputs: tried, reports, errors, failures, bytes, slowest, largest } = tally;
  const figures = [`${reports} reports`, `${errors} clear errors`, `${failures} failures`, `${Math.round(bytes / 1e6)} MB`];
  console.log(`${tried} inputs: ${figures.join(', ')}; slowest ${Math.round(slowest)} ms, most memory ${Math.round(largest / 1e6)} MB`);
}
