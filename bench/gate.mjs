#!/usr/bin/env node
// Has the analysis become slower? Processor time of an analysis against that of a fixed loop over the same bytes, in one process and in turns.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { analyzeBytes } from '../dist/core.js';
import { makeCapture } from './generate.mjs';

const ROUNDS = 9;
/** What the ratio was when it was last looked at; the gate is at twice that. */
const RECORDED = { handshakes: 4, bulk: 0.7, manyflows: 6 };
const FACTOR = 2;
const AMOUNTS = { connections: 4_000, bytes: 20_000_000, flows: 20_000, open: 2_000 };

const RECORD_HEADER_BYTES = 16;
const HEADERS_BYTES = 66;
const TABLE_SLOTS = 1 << 16;

/** Walks the records, hashes the headers of each packet and counts them in a table: what any analysis in JavaScript does at least. */
function yardstick(bytes) {
  const table = new Int32Array(TABLE_SLOTS);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 24;
  while (at < bytes.length) {
    const length = view.getUint32(at + 8, true);
    at += RECORD_HEADER_BYTES;
    let hash = 0;
    for (let i = at; i < at + Math.min(length, HEADERS_BYTES); i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
    table[(hash ^ (hash >>> 16)) & (TABLE_SLOTS - 1)]++;
    at += length;
  }
  return table.reduce((sum, count) => sum + count, 0);
}

/** Processor seconds of this process, all threads. */
async function costOf(work) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** The least of several ratios, each to the yardstick run next to it: what disturbs a machine only ever adds. */
async function ratioOf(bytes, packets) {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const loop = await costOf(() => {
      if (yardstick(bytes) !== packets) throw new Error('the yardstick counts other packets than the capture has');
    });
    const analysis = await costOf(() => analyzeBytes(bytes));
    least = Math.min(least, analysis / loop);
  }
  return least;
}

const directory = mkdtempSync(join(tmpdir(), 'closenotify-gate-'));
try {
  for (const [name, recorded] of Object.entries(RECORDED)) {
    const { path, truth } = makeCapture(name, { directory, ...AMOUNTS });
    const ratio = await ratioOf(readFileSync(path), truth.packets);
    process.stdout.write(`${name}: ${ratio.toFixed(2)} of the yardstick, at most ${(recorded * FACTOR).toFixed(2)}\n`);
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
