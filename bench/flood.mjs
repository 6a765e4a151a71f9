#!/usr/bin/env node
// Hides honest connections in a flood, and asks closenotify for them: node bench/flood.mjs [syn|hello|reverse] [COUNT]
//
//   syn      SYNs of as many clients, which nobody answers
//   hello    connections that send a SYN and all but the last byte of a ClientHello
//   reverse  segments of a few connections, last byte first
//
// Prints time, memory, and whether the findings are those of the honest connections alone. Exit status 1 when they are not.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const HONEST = `${root}fixtures/jetty-unclean-tls12.pcap`;
const COUNTS = { syn: 10_000_000, hello: 1_000_000, reverse: 2_000_000 };

const kinds = process.argv[2] === undefined ? Object.keys(COUNTS) : [process.argv[2]];
if (kinds.some((kind) => !(kind in COUNTS))) {
  console.error('usage: flood.mjs [syn|hello|reverse] [COUNT]');
  process.exit(2);
}

const RECORD_HEADER_BYTES = 16;
const FILE_HEADER_BYTES = 24;
const CHUNK_BYTES = 1 << 20;

/** The honest frames, each with its record header. */
function honestRecords(file) {
  const records = [];
  for (let at = FILE_HEADER_BYTES; at < file.length; ) {
    const length = RECORD_HEADER_BYTES + file.readUInt32LE(at + 8);
    records.push(file.subarray(at, at + length));
    at += length;
  }
  return records;
}

const file = readFileSync(HONEST);
const honest = honestRecords(file);
const clientHello = honest
  .map((record) => record.subarray(RECORD_HEADER_BYTES))
  .find((frame) => frame.length > 120 && frame[66] === 22)
  .subarray(66);

/** Ethernet, IPv4 without options, TCP without options. */
const template = Buffer.from(
  '020000000002020000000001080045000000000040004006000000000000cb007101000001bb00000001000000005002040000000000',
  'hex',
);

/** @param {Buffer} into where the record goes @returns {number} its length */
function record(into, at, time, client, port, sequence, flags, payload) {
  const frame = at + RECORD_HEADER_BYTES;
  const length = template.length + payload.length;
  time.copy(into, at, 0, 8);
  into.writeUInt32LE(length, at + 8);
  into.writeUInt32LE(length, at + 12);
  template.copy(into, frame);
  payload.copy(into, frame + template.length);
  into.writeUInt16BE(length - 14, frame + 16);
  into.writeUInt32BE(client >>> 0, frame + 26);
  into.writeUInt16BE(port, frame + 34);
  into.writeUInt32BE(sequence >>> 0, frame + 38);
  into[frame + 47] = flags;
  return RECORD_HEADER_BYTES + length;
}

const SYN = 2;
const ACK = 16;
const NONE = Buffer.alloc(0);
const partOfHello = clientHello.subarray(0, clientHello.length - 1);
const SEGMENT = Buffer.alloc(100, 0x17);

/** Frames of one step of the flood. */
const steps = {
  syn: (into, at, time, i) => record(into, at, time, 0x0b000000 + (i >>> 4), 1024 + (i % 60_000), i, SYN, NONE),
  hello(into, at, time, i) {
    const client = 0x0b000000 + (i >>> 4);
    const port = 1024 + (i % 60_000);
    const length = record(into, at, time, client, port, 0, SYN, NONE);
    return length + record(into, at + length, time, client, port, 1, ACK, partOfHello);
  },
  reverse: (into, at, time, i) => record(into, at, time, 0x0b000000 + (i % 64), 1024, 0x40000000 - (i >>> 6) * 100, ACK, SEGMENT),
};

async function flood(kind, count) {
  const program = [`${root}dist/cli/main.js`, '--no-progress', '--format', 'json', '-'];
  const child = spawn(process.execPath, [
    '--import',
    `data:text/javascript,process.once("exit",()=>process._rawDebug("rss "+process.resourceUsage().maxRSS))`,
    ...program,
  ]);
  const output = collect(child.stdout);
  const errors = collect(child.stderr);
  const started = performance.now();
  child.stdin.write(file.subarray(0, FILE_HEADER_BYTES));
  let chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let at = 0;
  let frames = 0;
  const flush = async () => {
    if (!child.stdin.write(chunk.subarray(0, at))) await once(child.stdin, 'drain');
    chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    at = 0;
  };
  for (const [number, one] of honest.entries()) {
    for (let i = Math.floor((count * number) / honest.length); i < Math.floor((count * (number + 1)) / honest.length); i++) {
      at += steps[kind](chunk, at, one, i);
      frames++;
      if (at > CHUNK_BYTES - 4096) await flush();
    }
    one.copy(chunk, at);
    at += one.length;
  }
  await flush();
  child.stdin.end();
  await once(child, 'close');
  const seconds = (performance.now() - started) / 1000;
  return { report: JSON.parse(await output), rss: Number(/rss (\d+)/.exec(await errors)?.[1] ?? 0), seconds, frames };
}

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** What is claimed of the honest connections, without numbers of frames. */
function claims({ findings, servers }) {
  const server = servers.find(({ port }) => port !== 443);
  return JSON.stringify([
    findings.map(({ session, client, confidence, declineCount }) => [session.id, client, confidence, declineCount]),
    server && [server.verdict, server.evidence, server.handshakes],
  ]);
}

const alone = claims((await flood('syn', 0)).report);
for (const kind of kinds) {
  const { report, rss, seconds, frames } = await flood(kind, Number(process.argv[3] ?? COUNTS[kind]));
  const isRight = claims(report) === alone;
  if (!isRight) process.exitCode = 1;
  const warnings = report.capture.warnings.map(({ code, count }) => `${code} ${count}`).join(', ');
  const { tcpConnections, tlsConnections } = report.totals;
  console.log(
    `${kind}: ${frames} steps in ${seconds.toFixed(1)} s, ${Math.round(rss / 1024)} MiB; ${tcpConnections} TCP, ${tlsConnections} TLS connections; ${report.findings.length} findings, ${isRight ? 'right' : 'WRONG'}; ${warnings || 'no warnings'}`,
  );
}
