import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const GENERATE = fileURLToPath(new URL('../../bench/generate.mjs', import.meta.url));
const AMOUNTS = ['--connections', '400', '--bytes', '24000000', '--flows', '2000', '--open', '200'];
const NAMES = ['handshakes', 'bulk', 'bulk-half', 'manyflows', 'manysessions'];
const TCP = { fin: 0x01, syn: 0x02, rst: 0x04, ack: 0x10 };

const directory = mkdtempSync(join(tmpdir(), 'closenotify-generate-'));
const again = join(directory, 'again');

beforeAll(() => {
  generate(...AMOUNTS);
});

afterAll(() => rmSync(directory, { recursive: true }));

function generate(...options: string[]): string {
  return execFileSync(process.execPath, [GENERATE, '--out', directory, ...options], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

const digest = (folder: string, name: string) =>
  createHash('sha256')
    .update(readFileSync(join(folder, `${name}.pcap`)))
    .digest('hex');

describe('determinism', () => {
  it('makes the same bytes for a seed, and others for another', () => {
    execFileSync(process.execPath, [GENERATE, '--out', again, ...AMOUNTS], { stdio: 'ignore' });
    const first = NAMES.map((name) => digest(directory, name));
    expect(NAMES.map((name) => digest(again, name))).toEqual(first);
    execFileSync(process.execPath, [GENERATE, '--out', again, ...AMOUNTS, '--seed', '2'], { stdio: 'ignore' });
    for (const [i, name] of NAMES.entries()) expect(digest(again, name)).not.toBe(first[i]);
  });
});

describe('reuse', () => {
  const run = (...options: string[]) =>
    spawnSync(process.execPath, [GENERATE, 'handshakes', '--out', directory, ...options], { encoding: 'utf8' }).stderr.split(' ')[0];

  it('keeps a whole capture with the same parameters, and no other', () => {
    expect(run('--connections', '400')).toBe('kept');
    expect(run('--connections', '400', '--force')).toBe('made');
    expect(run('--connections', '401')).toBe('made');
    expect(run('--connections', '400')).toBe('made');
    truncateSync(join(directory, 'handshakes.pcap'), 1000);
    expect(run('--connections', '400')).toBe('made');
  });
});

describe('usage', () => {
  it.each([
    [['nosuch'], 'nosuch: no such capture'],
    [['--connections', '0'], '--connections 0: not a whole number above 0'],
    [['--size', 'huge'], '--size huge: neither full nor small'],
    [['--wrong'], "Unknown option '--wrong'"],
  ])('%j ends with status 2', (options, message) => {
    const { status, stderr } = spawnSync(process.execPath, [GENERATE, ...options], { encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stderr).toContain(`generate: ${message}`);
    expect(stderr).not.toContain('    at ');
  });
});

describe.each(NAMES)('%s', (name) => {
  let capture: Capture;
  let truth: Truth;

  beforeAll(() => {
    capture = readCapture(join(directory, `${name}.pcap`));
    truth = JSON.parse(readFileSync(join(directory, `${name}.json`), 'utf8'));
  });

  it('is a whole capture in the order of time, with right IPv4 checksums and no gap in any stream', () => {
    expect(capture.faults).toEqual([]);
    expect(capture.packets).toBe(truth.packets);
    expect(capture.fileBytes).toBe(truth.fileBytes);
  });

  it('holds the connections, handshakes and closes that its truth tells', () => {
    const outcomes = capture.streams.map(outcomeOf);
    const count = (outcome: string) => outcomes.filter((o) => o === outcome).length;
    expect(outcomes.length).toBe(truth.connections);
    expect(count('resumed')).toBe(truth.resumed);
    expect(count('declined')).toBe(truth.declined);
    expect(count('not-offered')).toBe(truth.notOffered);
    expect(truth.full).toBe(truth.declined + truth.notOffered);
    const kinds: Record<string, number> = Object.fromEntries(Object.keys(truth.closes).map((kind) => [kind, 0]));
    for (const stream of capture.streams) kinds[closeOf(stream, name.startsWith('many'))]++;
    expect(kinds).toEqual(truth.closes);
  });

  it('offers only sessions of the same server that were issued and whose connection has ended', () => {
    for (const stream of capture.streams) {
      if (stream.offered === '') continue;
      const issuer = capture.streams.find((s) => s.accepted === stream.offered && s.offered !== stream.offered);
      expect(issuer?.server).toBe(stream.server);
      expect(issuer?.clientEnd?.frame).toBeLessThan(stream.helloFrame);
    }
  });

  it('carries whole TLS records in both directions', () => {
    for (const { sent } of capture.streams) {
      for (const pieces of [sent.client, sent.server]) expect(readRecords(Buffer.concat(pieces)).left).toBe(0);
    }
  });
});

it('drops a session after a close without close_notify only, and declines it when it is offered', () => {
  const { streams } = readCapture(join(directory, 'handshakes.pcap'));
  const declined = streams.filter((s) => outcomeOf(s) === 'declined');
  expect(declined.length).toBeGreaterThan(0);
  for (const { offered, helloFrame } of declined) {
    const before = streams.filter((s) => s.accepted === offered && s.helloFrame < helloFrame);
    expect(before.filter((s) => closeOf(s, false).endsWith('WithoutCloseNotify')).length).toBe(1);
  }
});

it('issues a session to each flow of manysessions, and to some of manyflows', () => {
  const sessionsOf = (name: string) => new Set(readCapture(join(directory, `${name}.pcap`)).streams.map((s) => s.accepted)).size;
  expect(sessionsOf('manysessions')).toBe(2000);
  expect(sessionsOf('manyflows')).toBeLessThan(1500);
});

interface Truth {
  packets: number;
  fileBytes: number;
  connections: number;
  full: number;
  resumed: number;
  declined: number;
  notOffered: number;
  closes: Record<string, number>;
}

interface Stream {
  server: string;
  offered: string;
  accepted: string;
  helloFrame: number;
  next: { client: number; server: number };
  sent: { client: Buffer[]; server: Buffer[] };
  clientEnd: { frame: number; kind: 'fin' | 'rst' } | null;
}

interface Capture {
  packets: number;
  fileBytes: number;
  streams: Stream[];
  faults: string[];
}

/** A reader of its own, that knows only what the generator writes: little-endian microseconds, Ethernet, IPv4 without options, no loss. */
function readCapture(path: string): Capture {
  const file = readFileSync(path);
  const streams = new Map<string, Stream>();
  const faults: string[] = [];
  let packets = 0;
  let last = 0;
  for (let at = 24; at < file.length; ) {
    const time = file.readUInt32LE(at) * 1e6 + file.readUInt32LE(at + 4);
    const length = file.readUInt32LE(at + 8);
    packets++;
    if (time < last) faults.push(`frame ${packets} is earlier than the one before`);
    last = time;
    const fault = readFrame(file.subarray(at + 16, at + 16 + length), packets, streams);
    if (fault) faults.push(`frame ${packets}: ${fault}`);
    at += 16 + length;
  }
  return { packets, fileBytes: file.length, streams: [...streams.values()], faults };
}

function readFrame(frame: Buffer, number: number, streams: Map<string, Stream>): string | null {
  const ip = frame.subarray(14);
  if (ip.length !== ip.readUInt16BE(2)) return 'frame and IP lengths differ';
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += ip.readUInt16BE(i);
  if ((sum & 0xffff) + (sum >>> 16) !== 0xffff) return 'IPv4 checksum';
  const tcp = ip.subarray(20);
  const fromClient = tcp.readUInt16BE(2) === 443;
  const [from, to] = [ip.subarray(12, 16).join('.'), ip.subarray(16, 20).join('.')];
  const key = fromClient ? `${from}:${tcp.readUInt16BE(0)} ${to}` : `${to}:${tcp.readUInt16BE(2)} ${from}`;
  const flags = tcp[13] ?? 0;
  const seq = tcp.readUInt32BE(4);
  if (flags === TCP.syn) {
    if (streams.has(key)) return 'the same ports again';
    streams.set(key, {
      server: to,
      offered: '',
      accepted: '',
      helloFrame: 0,
      next: { client: seq, server: 0 },
      sent: { client: [], server: [] },
      clientEnd: null,
    });
  }
  const stream = streams.get(key);
  if (!stream) return 'no SYN';
  return readSegment(
    stream,
    fromClient ? 'client' : 'server',
    flags,
    seq,
    tcp.readUInt32BE(8),
    tcp.subarray(((tcp[12] ?? 0) >> 4) * 4),
    number,
  );
}

function readSegment(
  stream: Stream,
  side: 'client' | 'server',
  flags: number,
  seq: number,
  ack: number,
  payload: Buffer,
  frame: number,
): string | null {
  const peer = side === 'client' ? 'server' : 'client';
  if (side === 'server' && flags & TCP.syn) stream.next.server = seq;
  if (seq !== stream.next[side]) return `sequence number ${seq}, expected ${stream.next[side]}`;
  if (flags & TCP.ack && ((stream.next[peer] - ack) | 0) < 0) return 'acknowledges what was not sent';
  stream.next[side] = (seq + payload.length + (flags & (TCP.syn | TCP.fin) ? 1 : 0)) >>> 0;
  if (payload.length > 0) stream.sent[side].push(payload);
  if (payload[0] === 22 && payload[5] === (side === 'client' ? 1 : 2) && stream.sent[side].length === 1) {
    const sessionId = payload.subarray(44, 44 + (payload[43] ?? 0)).toString('hex');
    if (side === 'client') [stream.offered, stream.helloFrame] = [sessionId, frame];
    else stream.accepted = sessionId;
  }
  if (side === 'client' && flags & (TCP.fin | TCP.rst)) stream.clientEnd ??= { frame, kind: flags & TCP.rst ? 'rst' : 'fin' };
  return null;
}

function outcomeOf({ offered, accepted }: Stream): string {
  if (offered === '') return 'not-offered';
  return offered === accepted ? 'resumed' : 'declined';
}

function closeOf({ sent, clientEnd }: Stream, endsOnly: boolean): string {
  if (endsOnly) return clientEnd?.kind ?? 'none';
  const alerts = (pieces: Buffer[]) => readRecords(Buffer.concat(pieces)).types.includes(21);
  if (alerts(sent.client)) return alerts(sent.server) ? 'closeNotifyBoth' : 'closeNotifyClientOnly';
  return `${clientEnd?.kind ?? 'none'}WithoutCloseNotify`;
}

/** `left`: bytes behind the last whole record, or behind one that is none. */
function readRecords(bytes: Buffer): { types: number[]; left: number } {
  const types: number[] = [];
  let at = 0;
  while (at + 5 <= bytes.length) {
    const type = bytes[at] ?? 0;
    const end = at + 5 + bytes.readUInt16BE(at + 3);
    if (type < 20 || type > 23 || bytes[at + 1] !== 3 || end > bytes.length) break;
    types.push(type);
    at = end;
  }
  return { types, left: bytes.length - at };
}
