import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ja3, ja4 } from '../../src/wire/client-fingerprint.js';
import { fixtures } from '../support/fixtures.js';
import { clientHello } from './client-hellos.js';
import { bytesOf, joined } from './rows.js';

const hasTshark = spawnSync('tshark', ['--version']).status === 0;

// Ten different clients.
const CAPTURES = ['fatal-alerts', 'renegotiation', 'tls13-nginx', 'tls13-jetty-stock-stateful', 'nginx-unclean-tls12', 'forum-haproxy'];

it.for(CAPTURES)('Wireshark sees the same clients in %s', async (name, { skip }) => {
  skip(!hasTshark, 'tshark is not installed');
  const shown = await tshark(`${fixtures}${name}.pcap`);
  expect(shown.length).toBeGreaterThan(0);
  for (const { hello, expected } of shown) expect(ours(hello)).toEqual(expected);
});

it('Wireshark sees the same clients in hellos of all kinds', async ({ skip }) => {
  skip(!hasTshark, 'tshark is not installed');
  const hellos = fc.sample(offers, { numRuns: 300, seed: 1 }).map(clientHello);
  const folder = mkdtempSync(join(tmpdir(), 'closenotify-'));
  try {
    writeFileSync(join(folder, 'hellos.pcap'), pcap(hellos));
    const shown = await tshark(join(folder, 'hellos.pcap'));
    expect(shown.length).toBe(hellos.length);
    expect(shown.map(({ hello }) => ours(hello))).toEqual(shown.map(({ expected }) => expected));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Hellos with GREASE, in the lists that both tools take for valid. */
const grease = fc.integer({ min: 0, max: 15 }).map((i) => 0x0a0a + i * 0x1010);
const list = (value: fc.Arbitrary<number>, minLength = 0, maxLength = 20) => fc.array(fc.oneof(value, grease), { minLength, maxLength });
const offers = fc.record({
  version: fc.constantFrom(0x0300, 0x0301, 0x0302, 0x0303),
  suites: list(fc.nat(0xffff), 1, 40),
  types: fc.option(
    fc
      .tuple(fc.subarray([0, 10, 11, 13, 16, 43]), fc.subarray([18, 22, 23, 35, 0x0a0a, 0x2a2a, 0x7a7a, 0x4469, 0xff01]))
      .chain(([known, others]) => fc.shuffledSubarray([...known, ...others], { minLength: known.length + others.length }))
      .filter((types) => types.length > 0),
  ),
  groups: list(fc.nat(0xffff), 1),
  formats: fc.array(fc.nat(2), { minLength: 1, maxLength: 3 }),
  algorithms: list(fc.nat(0xffff), 1, 30),
  protocols: fc.array(fc.constantFrom('h2', 'http/1.1', 'http/1.0', 'imap', 'x', 'spdy/'), { minLength: 1, maxLength: 3 }),
  versions: fc.array(fc.oneof(fc.integer({ min: 0x0300, max: 0x0304 }), grease), { minLength: 1, maxLength: 6 }),
  bodies: fc.constant({ 65281: '00' }),
});

interface Seen {
  ja3: string;
  digest: string;
  ja4: string;
}

function ours(hello: Uint8Array): Seen {
  const { text = '', digest = '' } = ja3(hello, 0, hello.length) ?? {};
  return { ja3: text, digest, ja4: ja4(hello, 0, hello.length) ?? '' };
}

const FIELDS = [
  'tcp.payload',
  'tls.handshake.ja3_full',
  'tls.handshake.ja3',
  'tls.handshake.version',
  'tls.handshake.extensions.supported_version',
  'tls.handshake.ciphersuite',
  'tls.handshake.extension.type',
  'tls.handshake.sig_hash_alg',
  'tls.handshake.extensions_alpn_str',
];

/** The hellos that are alone in their segment, and what Wireshark says about them. */
async function tshark(path: string): Promise<{ hello: Uint8Array; expected: Seen }[]> {
  const options = ['-n', '-r', path, '-Y', 'tls.handshake.type == 1 && !tcp.reassembled.data', '-T', 'fields'];
  const { stdout } = await promisify(execFile)('tshark', [...options, ...FIELDS.flatMap((field) => ['-e', field])], { maxBuffer: 1 << 26 });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [payload, text, digest, ...parts] = line.split('\t');
      const [version, versions, suites, types, algorithms, names] = parts.map((part) => part.split(',').filter((value) => value !== ''));
      const bytes = bytesOf(payload);
      const length = (bytes[6] << 16) | (bytes[7] << 8) | bytes[8];
      const expected = { ja3: text, digest, ja4: ja4OfFields(version[0], versions, suites, types, algorithms, names[0] ?? '00') };
      return { hello: bytes.subarray(9, 9 + length), expected };
    });
}

/** JA4 of what Wireshark shows: versions, cipher suites and algorithms as `0x1301`, extensions as decimal numbers. */
function ja4OfFields(legacy: string, versions: string[], suites: string[], types: string[], algorithms: string[], name: string): string {
  const plain = (values: string[]) => values.map((value) => value.slice(2)).filter((value) => !/^(.a)\1$/.test(value));
  const numbers = plain(types.map((type) => `0x${Number(type).toString(16).padStart(4, '0')}`));
  const highest = types.includes('43') ? plain(versions).sort().at(-1) : legacy.slice(2);
  const mark = { '0304': '13', '0303': '12', '0302': '11', '0301': '10', '0300': 's3' }[highest ?? ''] ?? '00';
  const count = (values: string[]) => String(Math.min(99, values.length)).padStart(2, '0');
  const ends = `${name.at(0)}${name.at(-1)}`;
  const protocol = /^[0-9a-z]{2}$/i.test(ends) ? ends : `${hex(name).at(0)}${hex(name).at(-1)}`;
  const others = numbers.filter((type) => type !== '0000' && type !== '0010').sort();
  const signed = [others.join(), plain(algorithms).join()].filter((part) => part !== '').join('_');
  const head = `t${mark}${types.includes('0') ? 'd' : 'i'}${count(plain(suites))}${count(numbers)}${protocol}`;
  return `${head}_${digest12(plain(suites).sort().join())}_${digest12(signed)}`;
}

function hex(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex');
}

function digest12(text: string): string {
  return text === '' ? '0'.repeat(12) : createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** A capture file (draft-ietf-opsawg-pcap) of raw IPv4: each hello is the only segment of its connection. */
function pcap(hellos: readonly Uint8Array[]): Uint8Array {
  const u16 = (value: number) => Uint8Array.of(value >> 8, value & 0xff);
  const u32 = (value: number) => joined(u16(value >>> 16), u16(value & 0xffff));
  const packets = hellos.map((hello, i) => {
    const message = joined('01 00', u16(hello.length), hello);
    const segment = joined(u16(1024 + i), '01bb 00000001 00000001 5018 ffff 0000 0000', '16 0301', u16(message.length), message);
    const packet = joined('4500', u16(20 + segment.length), '0000 4000 40 06 0000 c0000201 c6336401', segment);
    return joined(u32(i), u32(0), u32(packet.length), u32(packet.length), packet);
  });
  return joined('a1b2c3d4 0002 0004 00000000 00000000 00040000', u32(101), ...packets);
}
