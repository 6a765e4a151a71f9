#!/usr/bin/env node
// Makes the captures of the bench: real handshakes of the fixtures, multiplied. Deterministic for a seed.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeBulk } from './generator/bulk.mjs';
import { CaptureWriter } from './generator/capture-writer.mjs';
import { writeHandshakes } from './generator/handshakes.mjs';
import { writeManyFlows } from './generator/manyflows.mjs';
import { FIXTURES, loadFamilies } from './generator/templates.mjs';

const HELP = `node bench/generate.mjs [NAME…] [options]

NAME: handshakes, bulk, bulk-half, manyflows, manysessions (default: all). Each becomes DIR/NAME.pcap, with what is in it in DIR/NAME.json.

  --out DIR           default: bench/captures
  --size full|small   default: full (6.9 GB)
  --seed N            default: 1
  --connections N     of handshakes
  --bytes N           of the file bulk (bulk-half: half of it)
  --flows N --open N  of manyflows and manysessions: all, and at any moment
  --force             make them even when they are there with the same parameters
`;

const SIZES = {
  full: { connections: 130_000, bytes: 2_000_000_000, flows: 1_000_000, open: 100_000 },
  small: { connections: 3_000, bytes: 40_000_000, flows: 30_000, open: 3_000 },
};
const DEFAULT_SEED = 1;

/** @type {Record<string, { write: Function, pick: (size: typeof SIZES.full) => Record<string, number> }>} */
const CAPTURES = {
  handshakes: { write: writeHandshakes, pick: ({ connections }) => ({ connections }) },
  bulk: { write: writeBulk, pick: ({ bytes }) => ({ bytes }) },
  'bulk-half': { write: writeBulk, pick: ({ bytes }) => ({ bytes: Math.ceil(bytes / 2) }) },
  manyflows: { write: writeManyFlows, pick: ({ flows, open }) => ({ flows, open, group: 4 }) },
  manysessions: { write: writeManyFlows, pick: ({ flows, open }) => ({ flows, open, group: 1 }) },
};

export const NAMES = Object.keys(CAPTURES);
export const DEFAULT_DIRECTORY = fileURLToPath(new URL('captures', import.meta.url));
const FIXTURE_DIRECTORY = new URL('../fixtures/', import.meta.url);
const GENERATOR_DIRECTORY = new URL('generator/', import.meta.url);

/**
 * Makes one capture, unless it is there with the same parameters, fixtures and generator.
 *
 * @returns {{ path: string, truth: object, made: boolean }}
 */
export function makeCapture(name, { directory = DEFAULT_DIRECTORY, size = 'full', seed = DEFAULT_SEED, force = false, ...amounts } = {}) {
  const parameters = { ...CAPTURES[name].pick({ ...SIZES[size], ...amounts }), seed, generator: generatorDigest() };
  const path = join(directory, `${name}.pcap`);
  const known = force ? null : readTruth(path, parameters);
  if (known) return { path, truth: known, made: false };
  mkdirSync(directory, { recursive: true });
  const part = `${path}.part`;
  const writer = new CaptureWriter(part);
  const facts = CAPTURES[name].write(writer, loadFamilies(FIXTURE_DIRECTORY), parameters);
  writer.close();
  renameSync(part, path);
  const truth = { name, parameters, packets: writer.packets, capturedBytes: writer.capturedBytes, fileBytes: writer.fileBytes, ...facts };
  writeFileSync(truthPath(path), `${JSON.stringify(truth, null, 2)}\n`);
  return { path, truth, made: true };
}

/** What the capture holds, when it is whole and was made with these parameters; else null. */
function readTruth(path, parameters) {
  try {
    const truth = JSON.parse(readFileSync(truthPath(path), 'utf8'));
    const same = JSON.stringify(truth.parameters) === JSON.stringify(parameters);
    return same && statSync(path).size === truth.fileBytes ? truth : null;
  } catch {
    return null;
  }
}

const truthPath = (path) => path.replace(/\.pcap$/, '.json');

/** Changes when the generator or what it reads changes. */
function generatorDigest() {
  const hash = createHash('sha256');
  for (const file of readdirSync(GENERATOR_DIRECTORY).sort()) hash.update(readFileSync(new URL(file, GENERATOR_DIRECTORY)));
  for (const { file } of FIXTURES) hash.update(readFileSync(new URL(file, FIXTURE_DIRECTORY)));
  return hash.digest('hex').slice(0, 16);
}

function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      size: { type: 'string', default: 'full' },
      seed: { type: 'string' },
      connections: { type: 'string' },
      bytes: { type: 'string' },
      flows: { type: 'string' },
      open: { type: 'string' },
      force: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const { out, size, force, help, ...amounts } = values;
  if (help) return process.stdout.write(HELP);
  if (!(size in SIZES)) throw new Error(`--size ${size}: neither ${Object.keys(SIZES).join(' nor ')}`);
  const numbers = Object.fromEntries(Object.entries(amounts).map(([key, text]) => [key, readAmount(key, text)]));
  for (const name of positionals) if (!NAMES.includes(name)) throw new Error(`${name}: no such capture (${NAMES.join(', ')})`);
  for (const name of positionals.length > 0 ? positionals : NAMES) {
    const { path, truth, made } = makeCapture(name, { ...(out && { directory: resolve(out) }), size, force, ...numbers });
    process.stderr.write(`${made ? 'made' : 'kept'} ${path}: ${truth.packets} packets, ${truth.fileBytes} bytes\n`);
  }
}

function readAmount(key, text) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${key} ${text}: not a whole number above 0`);
  return value;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    main();
  } catch (error) {
    process.stderr.write(`generate: ${error.message}\n`);
    process.exitCode = 2;
  }
}
