/** Hostile text through whole captures: whatever part of one it comes in, no output is steered, forged or blown up by it. */
import { describe, expect, it } from 'vitest';
import { analyzeBytes } from '../../src/analyze-bytes.js';
import { decodeText } from '../../src/bytes/escape.js';
import type { Report } from '../../src/model.js';
import { html as htmlOf } from '../../src/report/html/html.js';
import { json as jsonOf } from '../../src/report/json.js';
import { ndjson as ndjsonOf } from '../../src/report/ndjson.js';
import { table as tableOf } from '../../src/report/table.js';
import { columnsOf } from '../../src/report/text.js';
import { ascii, block, concat, enhanced, interfaceBlock, microseconds, option, secrets, section } from '../capture/build.js';
import { HOSTILE_BYTES, harmIn, harmInTable, illFormed } from '../support/hostile.js';
import { Capture, ethernet, type Link, SMALL, START } from '../support/packets.js';
import {
  certificate,
  changeCipherSpec,
  clientHello,
  clientKeyExchange,
  extension,
  finished,
  flight,
  fullHandshake,
  id,
  record,
  serverHello,
  serverHelloDone,
  u16,
} from '../tls/messages.js';

const NONE = new Uint8Array(0);
const MAX_NAME_CHARACTERS = 255;
const MAX_RECORD = 16_384;

/** Where the text of a capture may be. */
interface Places {
  serverName?: Uint8Array;
  alpn?: Uint8Array;
  /** What comes before TLS, by side. */
  preamble?: readonly (readonly [side: 'client' | 'server', text: Uint8Array])[];
  sectionOptions?: Uint8Array;
  interfaceOptions?: Uint8Array;
  packetOptions?: Uint8Array;
  /** Blocks behind the interface. */
  blocks?: Uint8Array;
  /** Of the source. */
  name?: string;
}

/** A session that is issued, dies of an unclean close, and is offered in vain; and one that lives on. */
function conversation({ serverName, alpn, preamble = [] }: Places): Capture {
  const capture = new Capture();
  const connect = (): Link => {
    const link = capture.connect();
    for (const [side, text] of preamble) link[side].send(text);
    return link;
  };
  const extensions = [
    ...(serverName === undefined ? [] : [serverNameExtension(serverName)]),
    ...(alpn === undefined ? [] : [alpnExtension(alpn)]),
  ];
  const answered = { extensions: alpn === undefined ? [] : [alpnExtension(alpn)] };
  const first = connect();
  // More than one record holds, that is: RFC 8446 5.1.
  const hello = clientHello({ extensions });
  for (let at = 0; at < hello.length; at += MAX_RECORD) first.client.send(record(22, hello.subarray(at, at + MAX_RECORD)));
  first.server.send(flight(serverHello({ sessionId: id('51'), ...answered }), certificate, serverHelloDone));
  first.client.send(flight(clientKeyExchange), changeCipherSpec, finished);
  first.server.send(changeCipherSpec, finished);
  first.client.fin();
  first.server.fin();
  const second = connect();
  fullHandshake(second, id('52'), { sessionId: id('51') }, {});
  second.client.reset();
  return capture;
}

function serverNameExtension(name: Uint8Array): Uint8Array {
  return extension(0, concat(u16(name.length + 3), Uint8Array.of(0), u16(name.length), name));
}

function alpnExtension(name: Uint8Array): Uint8Array {
  return extension(16, concat(u16(name.length + 1), Uint8Array.of(name.length), name));
}

function pcapng(places: Places): Uint8Array {
  const { sectionOptions = NONE, interfaceOptions = NONE, packetOptions = NONE, blocks = NONE } = places;
  const ofPackets = packetOptions.slice();
  const frames = conversation(places).packets.map((packet) => {
    const at = { seconds: START + Math.floor(packet.at / 1000), nanoseconds: (packet.at % 1000) * 1e6, data: ethernet(packet) };
    return enhanced(0, microseconds(at), at, true, ofPackets);
  });
  return concat(section(true, 1, sectionOptions.slice()), interfaceBlock({ options: interfaceOptions }), blocks, ...frames);
}

interface Outputs {
  report: Report;
  table: string;
  json: string;
  ndjson: string;
  html: string;
}

async function outputsOf(places: Places): Promise<Outputs> {
  const report = await analyzeBytes(pcapng(places), { keep: 'all', limits: SMALL, name: places.name ?? 'capture' });
  const table = [...tableOf(report, { all: true, width: 80 })].join('');
  return { report, table, json: [...jsonOf(report)].join(''), ndjson: [...ndjsonOf(report)].join(''), html: [...htmlOf(report)].join('') };
}

const MANY = Array.from({ length: 4 }, (_, i) => i + 1);
const LF = ascii('\n');

/** By place; `null` as its text is shown nowhere. */
const PLACES: readonly [place: string, places: (text: Uint8Array) => Places, shown: 'serverName' | 'alpn' | 'name' | null][] = [
  ['SNI', (serverName) => ({ serverName }), 'serverName'],
  ['ALPN', (alpn) => ({ alpn: alpn.subarray(0, 255) }), 'alpn'],
  ['the name of the source', (text) => ({ name: new TextDecoder().decode(text) }), 'name'],
  ['options of the section', (text) => ({ sectionOptions: concat(...MANY.map((code) => option(code, text))) }), null],
  ['options of the interface', (text) => ({ interfaceOptions: concat(...[1, 2, 3, 11, 12, 15].map((code) => option(code, text))) }), null],
  ['comments of packets', (text) => ({ packetOptions: option(1, text) }), null],
  ['name resolution', (text) => ({ blocks: block(4, option(1, concat(Uint8Array.of(192, 0, 2, 1), text, Uint8Array.of(0)))) }), null],
  ['custom blocks', (text) => ({ blocks: block(0x0bad, concat(new Uint8Array(4), text)) }), null],
  ['key log lines', (text) => ({ blocks: secrets(0x544c534b, concat(text, LF)) }), null],
  [
    'a PROXY header',
    (text) => ({ preamble: [['client', concat(ascii('PROXY UNKNOWN '), line(text).subarray(0, 80), ascii('\r\n'))]] }),
    null,
  ],
  ['SMTP before TLS', (text) => ({ preamble: smtp(line(text)) }), null],
  ['HTTP CONNECT', (text) => ({ preamble: connect(line(text)) }), null],
];

function line(text: Uint8Array): Uint8Array {
  return text.slice(0, 400).map((byte) => (byte === 0x0a || byte === 0x0d ? 0x1b : byte));
}

function smtp(text: Uint8Array): NonNullable<Places['preamble']> {
  const server = (reply: string) => ['server', concat(ascii(reply), text, ascii('\r\n'))] as const;
  const client = (command: string) => ['client', ascii(`${command}\r\n`)] as const;
  return [
    server('220 '),
    ['client', concat(ascii('EHLO '), text, ascii('\r\n'))],
    server('250 STARTTLS '),
    client('STARTTLS'),
    server('220 '),
  ];
}

function connect(text: Uint8Array): NonNullable<Places['preamble']> {
  const request = concat(ascii('CONNECT a:443 HTTP/1.1\r\nUser-Agent: '), text, ascii('\r\n\r\n'));
  return [
    ['client', request],
    ['server', concat(ascii('HTTP/1.1 200 '), text, ascii('\r\n\r\n'))],
  ];
}

const LONG: [string, Uint8Array] = ['60 000 bytes', new Uint8Array(60_000).fill(0x78)];
const TEXTS: readonly [string, Uint8Array][] = [...HOSTILE_BYTES, LONG];
/** Enough where nothing is shown. */
const SOME: readonly [string, Uint8Array][] = [HOSTILE_BYTES[0], HOSTILE_BYTES[2], HOSTILE_BYTES[10], LONG];
const FILTER = /^frame\.number in \{\d+(?:, \d+)*\}$/;
const CASES = PLACES.flatMap(([place, places, shown]) =>
  (shown === null ? SOME : TEXTS).map(([name, bytes]) => ({ place, name, places, bytes, shown })),
);

describe('hostile text', () => {
  it.each(CASES)('$name in $place', async ({ places, bytes, shown }) => {
    const { report, table, json, ndjson, html } = await outputsOf(places(bytes));
    for (const row of table.split('\n')) {
      expect(harmInTable(row)).toBeNull();
      expect(columnsOf(row), row).toBeLessThanOrEqual(80);
    }
    for (const row of html.replace(/<script>.*<\/script>/s, '').split('\n')) expect(harmInTable(row)).toBeNull();
    expect(html).not.toMatch(/<script>alert/);
    expect(html.length).toBeLessThan(100_000);
    for (const text of [json, ndjson]) {
      expect(harmIn(text)).toBeNull();
      expect(Buffer.from(text).toString()).toBe(text);
    }
    const lines = ndjson.trimEnd().split('\n');
    expect(lines.map((text) => JSON.parse(text).type)).toEqual([
      ...report.connections.map(() => 'connection'),
      ...report.findings.map(() => 'finding'),
      ...report.servers.map(() => 'server'),
      ...report.sessions.map(() => 'session'),
      'summary',
    ]);
    expect(JSON.parse(json)).toEqual(report);
    expect(illFormed(json)).toEqual([]);
    expect(report.findings).toHaveLength(1);
    expect(report.findings[0].wiresharkFilter).toMatch(FILTER);
    expect(table.length).toBeLessThan(10_000);
    const [connection] = report.connections;
    if (shown === 'serverName') expect(connection.serverName).toBe(decodeText(bytes, 0, bytes.length, MAX_NAME_CHARACTERS));
    if (shown === 'alpn') expect(connection.alpn).toBe(decodeText(bytes, 0, Math.min(255, bytes.length), MAX_NAME_CHARACTERS));
    if (shown !== 'name') expect(json.length).toBeLessThan(20_000);
  });

  it.each(PLACES.filter(([, , shown]) => shown === null))('of %s nothing is told', async (_place, places) => {
    const [plain, hostile] = await Promise.all([ascii('plain'), ascii('"\x1b[2J\\')].map((text) => outputsOf(places(text))));
    expect(hostile.table.replace(/\d[\d,.]* (bytes|kB)/g, '')).toBe(plain.table.replace(/\d[\d,.]* (bytes|kB)/g, ''));
    expect(harmIn(hostile.json)).toBeNull();
    expect(hostile.json).not.toContain('[2J');
  });
});

describe('a name that is too long', () => {
  it.each<[what: string, name: Uint8Array, told: string]>([
    ['is told whole up to its limit', ascii('x'.repeat(255)), 'x'.repeat(255)],
    ['ends in an ellipsis', ascii('x'.repeat(256)), `${'x'.repeat(255)}…`],
    ['is cut between characters', new TextEncoder().encode(`${'x'.repeat(254)}🦊`), `${'x'.repeat(254)}…`],
    ['is measured in characters, not bytes', new TextEncoder().encode('é'.repeat(255)), 'é'.repeat(255)],
    ['is cut between escapes', new Uint8Array(255).fill(0xff), `${'\\xff'.repeat(63)}…`],
  ])('%s', async (_what, serverName, told) => {
    const { report } = await outputsOf({ serverName });
    expect(report.connections[0].serverName).toBe(told);
    expect(report.servers[0].names).toEqual([told]);
  });
});

describe('the name of a source', () => {
  it('has its lone surrogates written out', async () => {
    const { report, json } = await outputsOf({ name: 'a\ud800b🦊\udc00' });
    expect(report.capture.sources[0].name).toBe('a\\u{d800}b🦊\\u{dc00}');
    expect(illFormed(json)).toEqual([]);
  });
});
