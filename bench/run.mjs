#!/usr/bin/env node
// npm run bench: whole processes, in turns, against a libpcap loop and the peers that are installed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DEFAULT_DIRECTORY, makeCapture } from './generate.mjs';
import { compareAnswers } from './runner/answers.mjs';
import { peakMib, ratioTo } from './runner/figures.mjs';
import { judge } from './runner/goals.mjs';
import { describeMachine, progress } from './runner/machine.mjs';
import { measureInTurns, readRounds } from './runner/measure.mjs';
import { captureTable, markdown, memoryTable } from './runner/tables.mjs';
import { CLOSENOTIFY, closenotifyCommand, commandsFor, findTools } from './runner/tools.mjs';

const HELP = `npm run bench -- [options]

  --only NAME         handshakes, bulk or manyflows (default: all three)
  --rounds N          that count, after one that warms up (default: 5)
  --size full|small   small: a quick look; too small to judge by, start-up decides (default: full)
  --json FILE         every sample, as JSON
`;
const CAPTURES = ['handshakes', 'bulk', 'manyflows'];
const MEMORY_ROUNDS = 2;

async function main() {
  const options = readOptions();
  if (!options) return;
  const directory = options.size === 'full' ? DEFAULT_DIRECTORY : join(DEFAULT_DIRECTORY, options.size);
  const tools = findTools(join(DEFAULT_DIRECTORY, 'bin'));
  const results = {};
  process.stdout.write(`${describeMachine(tools)}\n`);
  for (const name of options.captures) {
    results[name] = await benchCapture(name, { ...options, directory, tools });
    progress('');
    process.stdout.write(`\n${results[name].text}\n`);
  }
  if (options.size === 'full') {
    const figures = Object.fromEntries(Object.entries(results).map(([name, result]) => [name, result.figures]));
    process.stdout.write(`\n## Goals\n\n${markdown(['goal', 'limit', 'measured', ''], judge(figures))}\n`);
  }
  if (options.json) writeFileSync(options.json, `${JSON.stringify(results, (key, value) => (key === 'text' ? undefined : value), 2)}\n`);
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      size: { type: 'string', default: 'full' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return null;
  }
  const rounds = readRounds(values.rounds);
  if (values.size !== 'full' && values.size !== 'small') throw new Error(`--size ${values.size}: neither full nor small`);
  if (values.only !== undefined && !CAPTURES.includes(values.only))
    throw new Error(`--only ${values.only}: none of ${CAPTURES.join(', ')}`);
  return { rounds, size: values.size, json: values.json, captures: values.only ? [values.only] : CAPTURES };
}

async function benchCapture(name, { directory, size, rounds, tools }) {
  progress(`${name}: making the capture`);
  const { path, truth } = makeCapture(name, { directory, size });
  const series = await measureInTurns(commandsFor(name, path, tools), rounds, tools.meter, (text) => progress(`${name}, ${text}`));
  const named = (title) => series.find((s) => s.command.name === title);
  const loop = named('libpcap loop') ?? named('read() loop');
  const subject = named(CLOSENOTIFY);
  const figures = {
    loop: ratioTo(subject, named('libpcap loop'), truth.packets)?.median ?? null,
    rss: peakMib(subject),
    tshark: ratioTo(named('tshark') ?? { failure: 'none' }, subject, truth.packets)?.median ?? null,
  };
  const parts = [`## ${name}: ${truth.packets} packets, ${truth.fileBytes} bytes, ${truth.connections} connections`];
  parts.push(captureTable(series, truth.packets, loop, subject));
  if (!subject.failure) parts.push(await answersText(path, truth));
  if (name === 'bulk') {
    const growth = await measureGrowth(path, { directory, size, tools });
    figures.growth = growth.mib;
    parts.push(growth.text);
  }
  if (name === 'manyflows') {
    const sessions = await measureSessions(path, { directory, size, tools });
    figures.sessions = sessions.mib;
    parts.push(sessions.text);
  }
  return { truth, series, figures, text: parts.join('\n\n') };
}

async function answersText(path, truth) {
  progress(`${truth.name}: comparing the answers`);
  const answers = await compareAnswers(closenotifyCommand(path, '--format', 'json').argv, truth);
  const wrong = answers.filter(([, expected, got]) => expected !== got);
  if (wrong.length === 0)
    return `Answers: as the generator knows them (${answers.map(([name, expected]) => `${name} ${expected}`).join(', ')}).`;
  return `Answers that differ from what the generator knows:\n\n${markdown(['', 'generated', 'reported'], wrong)}`;
}

/** Peak memory on the capture and on one of half its size. */
async function measureGrowth(path, machine) {
  const [small, large] = await measureBoth('bulk-half', path, machine);
  const text = `Memory and the size of the capture:\n\n${memoryTable(['peak RSS MiB', 'half the capture', 'all of it'], [[CLOSENOTIFY, small, large]])}`;
  return { mib: small === null || large === null ? null : large - small, text };
}

/** Peak memory on the capture and on one of which each flow has a session of its own. */
async function measureSessions(path, machine) {
  const [own, shared] = await measureBoth('manysessions', path, machine);
  const text = `Memory and sessions:\n\n${memoryTable(['peak RSS MiB', 'a session for several flows', 'one for each'], [[CLOSENOTIFY, shared, own]])}`;
  return { mib: own, text };
}

/** Peak memory on another capture, and on the one at `path`. */
async function measureBoth(name, path, { directory, size, tools }) {
  progress(`${name}: making the capture`);
  const other = makeCapture(name, { directory, size });
  const commands = [other.path, path].map((file) => closenotifyCommand(file));
  const series = await measureInTurns(commands, MEMORY_ROUNDS, tools.meter, (text) => progress(`${name}, memory, ${text}`));
  return series.map(peakMib);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 2;
}
