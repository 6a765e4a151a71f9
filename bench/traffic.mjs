#!/usr/bin/env node
// npm run bench:traffic -- DIR: the table of goals, on the captures of real traffic that bench/traffic/make-captures.sh makes.
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DEFAULT_DIRECTORY } from './generate.mjs';
import { peakMib, ratioTo } from './runner/figures.mjs';
import { describeMachine, progress } from './runner/machine.mjs';
import { measureInTurns, readRounds } from './runner/measure.mjs';
import { markdown } from './runner/tables.mjs';
import { CLI, closenotifyCommand, findTools, toolCommands } from './runner/tools.mjs';

const HELP = `npm run bench:traffic -- DIR [options]

DIR: where bench/traffic/make-captures.sh put handshakes, bulk, mixed and manyflows (as root; 4 GB, a minute).

  --rounds N    that count, after one that warms up (default: 5)
  --no-tshark   leave tshark out, which takes most of the time
  --json FILE   figures and samples, as JSON
`;

const MIB = 2 ** 20;
const HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const CAPTURES = ['bulk', 'mixed', 'handshakes', 'manyflows'];

/** What is compared with what. `least`: at least so much; else at most. */
const GOALS = [
  { text: 'bulk, table: wall / libpcap loop', of: ['bulk', 'closenotify', 'loop'], must: 1.25, aim: 1.05 },
  { text: 'bulk, table: wall / read()', of: ['bulk', 'closenotify', 'read'], must: 1.9, aim: 1.6 },
  { text: 'mixed, table: wall / libpcap loop', of: ['mixed', 'closenotify', 'loop'], must: 2.3, aim: 1.8 },
  { text: 'handshakes, table: wall / libpcap loop', of: ['handshakes', 'closenotify', 'loop'], must: 4, aim: 3 },
  { text: 'handshakes, NDJSON of every connection: wall / libpcap loop', of: ['handshakes', 'ndjson', 'loop'], must: 7, aim: 5 },
  { text: 'manyflows, table: wall / libpcap loop', of: ['manyflows', 'closenotify', 'loop'], must: 7, aim: 4.5 },
  { text: 'handshakes: tshark / closenotify', of: ['handshakes', 'tshark', 'closenotify'], must: 40, aim: 70, least: true },
  { text: 'mixed: tshark / closenotify', of: ['mixed', 'tshark', 'closenotify'], must: 40, aim: 70, least: true },
  { text: 'mixed: ssldump / closenotify', of: ['mixed', 'ssldump', 'closenotify'], must: 1.5, aim: 2.2, least: true },
  { text: 'bulk: ssldump / closenotify', of: ['bulk', 'ssldump', 'closenotify'], must: 3, aim: 4.4, least: true },
  ...CAPTURES.map((capture) => ({
    text: `${capture}: npm pcap-parser / closenotify`,
    of: [capture, 'pcap-parser', 'closenotify'],
    must: 2,
    aim: 3,
    least: true,
  })),
];

/** Commands for one capture. ssldump's time grows with the square of the connections: only where there are few. */
function commandsFor(name, path, tools, withTshark) {
  const peers = ['loop', 'read', 'pcap-parser'];
  if (name === 'bulk' || name === 'mixed') peers.push('ssldump');
  if (withTshark && (name === 'handshakes' || name === 'mixed')) peers.push('tshark');
  return {
    ...toolCommands(path, tools, peers),
    closenotify: closenotifyCommand(path),
    ...(name === 'handshakes' && { ndjson: closenotifyCommand(path, '--all', '--format', 'ndjson') }),
  };
}

/** Series by the short names of the commands. */
async function measure(commands, label, { rounds, tools }) {
  const series = await measureInTurns(Object.values(commands), rounds, tools.meter, (text) => progress(`${label}, ${text}`));
  return Object.fromEntries(Object.keys(commands).map((name, i) => [name, series[i]]));
}

/** The first packets of a classic capture as a file of its own. */
function head(path, packets, out) {
  const file = openSync(path, 'r');
  const header = Buffer.alloc(RECORD_HEADER_BYTES);
  let end = HEADER_BYTES;
  for (let i = 0; i < packets && readSync(file, header, 0, RECORD_HEADER_BYTES, end) === RECORD_HEADER_BYTES; i++)
    end += RECORD_HEADER_BYTES + header.readUInt32LE(8);
  closeSync(file);
  copyFileSync(path, out);
  truncateSync(out, end);
  return out;
}

/** Goals that compare closenotify with itself: memory, growth, start-up. */
async function measureItself(directory, results, options) {
  const scratch = mkdtempSync(join(tmpdir(), 'closenotify-bench-'));
  try {
    const capture = (name) => join(directory, `${name}.pcap`);
    const part = (name, packets) => head(capture(name), packets, join(scratch, `${name}-${packets}.pcap`));
    const commands = {
      half: closenotifyCommand(part('handshakes', 500_000)),
      whole: closenotifyCommand(part('handshakes', 1_000_000)),
      small: closenotifyCommand(part('bulk', 500_000)),
      large: closenotifyCommand(capture('bulk')),
      none: closenotifyCommand(part('manyflows', 100)),
      version: { ...closenotifyCommand(''), argv: [process.execPath, CLI, '--version'] },
      node: { name: 'node -e 0', argv: [process.execPath, '-e', '0'], limitSeconds: 60 },
    };
    const series = await measure(commands, 'itself', options);
    const mib = (name) => peakMib(series[name]) ?? Number.NaN;
    const flows = results.manyflows.truth.tcp_flows;
    return {
      series,
      figures: [
        {
          text: 'manyflows: memory for each flow, bytes',
          value: ((peakMib(results.manyflows.series.closenotify) - mib('none')) * MIB) / flows,
          must: 250,
          aim: 100,
        },
        { text: 'bulk: peak RSS, MiB', value: mib('large'), must: 90, aim: 60 },
        { text: 'bulk: growth of it from 0.5 million packets to all, MiB', value: mib('large') - mib('small'), must: 5, aim: 1 },
        { text: 'handshakes: time of 1,000,000 packets / of 500,000', ...summary(series.whole, series.half), must: 2.1, aim: 2 },
        { text: 'start-up: closenotify --version / node -e 0', ...summary(series.version, series.node), must: 1.5, aim: 1.2 },
      ],
    };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Median, least and greatest ratio of the wall times. */
function summary(series, yardstick, packets = 1) {
  const ratio = series && yardstick ? ratioTo(series, yardstick, packets) : null;
  return ratio ? { value: ratio.median, min: ratio.min, max: ratio.max } : { value: null };
}

function row({ text, value, min, max, must, aim, least }) {
  if (value === null || Number.isNaN(value)) return [text, '–', String(must), String(aim), 'not measured'];
  const holds = (limit) => (least ? value >= limit : value <= limit);
  const range = min === undefined ? '' : ` [${min.toFixed(2)}-${max.toFixed(2)}]`;
  return [
    text,
    `${value.toFixed(2)}${range}`,
    `${least ? '≥' : '≤'} ${must}`,
    String(aim),
    holds(aim) ? 'aim' : holds(must) ? 'must' : 'MISSED',
  ];
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      'no-tshark': { type: 'boolean' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help || positionals.length !== 1) {
    process.stdout.write(HELP);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const [directory] = positionals;
  for (const name of CAPTURES) if (!existsSync(join(directory, `${name}.pcap`))) throw new Error(`${name}.pcap is not in ${directory}`);
  const tools = findTools(join(DEFAULT_DIRECTORY, 'bin'));
  const options = { rounds: readRounds(values.rounds), tools };
  process.stdout.write(`${describeMachine(tools)}\n\n`);
  const results = {};
  for (const name of CAPTURES) {
    const path = join(directory, `${name}.pcap`);
    const truth = JSON.parse(readFileSync(join(directory, `${name}.json`), 'utf8'));
    results[name] = { truth, series: await measure(commandsFor(name, path, tools, !values['no-tshark']), name, options) };
  }
  const ratios = GOALS.map((goal) => {
    const [capture, subject, yardstick] = goal.of;
    const { series, truth } = results[capture];
    return { ...goal, ...summary(series[subject], series[yardstick], truth.packets) };
  });
  const itself = await measureItself(directory, results, options);
  progress('');
  const figures = [...ratios, ...itself.figures];
  process.stdout.write(`${markdown(['goal', 'measured', 'must', 'aim', 'met'], figures.map(row))}\n`);
  if (values.json) writeFileSync(values.json, `${JSON.stringify({ figures, captures: results, itself: itself.series }, null, 2)}\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 2;
}
