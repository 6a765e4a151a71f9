import { describe, expect, it } from 'vitest';
import type { Range } from '../../src/wire/tls-extensions.js';
import { ClientHello, isHandshakeType, NewSessionTicket, ServerHello } from '../../src/wire/tls-handshake.js';
import { concat } from '../support/packets.js';
import { extension, HELLO_RETRY_RANDOM, u16 } from '../tls/messages.js';
import { bytesOf, embedded, joined, patched } from './rows.js';

const random = '0f'.repeat(32);
const sessionId = 'a1'.repeat(32);
const clientStart = `
  0303 ${random}
  20 ${sessionId}
  0004 c02f 009c   # cipher suites
  01 00
`;
const client = bytesOf(`${clientStart}
  0027                              # extensions
  0000 0008 0006 00 0003 612e62     # server_name a.b
  0017 0000                         # extended_master_secret
  0023 0004 7469636b                # session_ticket
  002b 0005 04 0304 0303            # supported_versions
  0010 0002 0000                    # application_layer_protocol_negotiation, empty`);
const serverStart = `
  0303 ${random}
  20 ${sessionId}
  c02f 00`;
const server = bytesOf(`${serverStart}
  000d                              # extensions
  0017 0000                         # extended_master_secret
  0010 0005 0003 02 6832            # application_layer_protocol_negotiation h2`);

function clientOf(bytes: Uint8Array, complete = true) {
  const hello = new ClientHello();
  const reading = hello.read(bytes, 0, bytes.length, complete);
  return { reading, hello };
}

function serverOf(bytes: Uint8Array, complete = true) {
  const hello = new ServerHello();
  const reading = hello.read(bytes, 0, bytes.length, complete);
  return { reading, hello };
}

function textOf(bytes: Uint8Array, range: Range): string | null {
  return range.length < 0 ? null : String.fromCharCode(...bytes.subarray(range.start, range.start + range.length));
}

describe('a ClientHello', () => {
  it('says what is offered', () => {
    const { reading, hello } = clientOf(client);
    expect(reading).toBe('done');
    expect(hello).toMatchObject({ version: 0x0303, sessionId: { start: 35, length: 32 }, offersTls13: true, extendedMasterSecret: true });
    expect(textOf(client, hello.serverName)).toBe('a.b');
    expect(textOf(client, hello.ticket)).toBe('tick');
    expect(hello.pskIdentities).toEqual([]);
  });

  it('may stand inside a larger buffer, and is not read beyond its end', () => {
    const bytes = embedded(client, 7, 100, 0xff);
    const hello = new ClientHello();
    expect(hello.read(bytes, 7, 7 + client.length, true)).toBe('done');
    expect(hello.sessionId).toEqual({ start: 42, length: 32 });
    expect(textOf(bytes, hello.serverName)).toBe('a.b');
  });

  it('leaves nothing behind for the next one', () => {
    const hello = new ClientHello();
    hello.read(client, 0, client.length, true);
    const plain = bytesOf(`0301 ${random} 00 0002 002f 01 00`);
    expect(hello.read(plain, 0, plain.length, true)).toBe('done');
    expect(hello).toMatchObject({ version: 0x0301, sessionId: { length: 0 }, offersTls13: false, extendedMasterSecret: false });
    expect([hello.serverName.length, hello.ticket.length]).toEqual([-1, -1]);
  });

  it('cut at any length is a prefix, or malformed when it is said to be whole', () => {
    for (const length of client.keys()) {
      const cut = client.slice(0, length);
      const { reading, hello } = clientOf(cut, false);
      expect(reading, `${length} bytes`).toBe('prefix');
      expect(hello.sessionId.length, `${length} bytes`).toBe(length >= 67 ? 32 : -1);
      const isWithoutExtensions = length === bytesOf(clientStart).length;
      expect(clientOf(cut).reading, `${length} bytes`).toBe(isWithoutExtensions ? 'done' : 'malformed');
    }
  });

  it.each([
    ['session ID of 33 bytes', { 34: '21' }, 'malformed'],
    ['session ID of 255 bytes', { 34: 'ff' }, 'malformed'],
    ['cipher suites to the end of the world', { 67: 'ffff' }, 'malformed'],
    ['compression methods beyond the end', { 73: 'ff' }, 'malformed'],
    ['extensions beyond the end', { 75: '0028' }, 'malformed'],
    ['extensions at their extreme', { 75: 'ffff' }, 'malformed'],
    ['extension beyond the block', { 79: 'ffff' }, 'malformed'],
    ['fewer extensions than bytes', { 75: '000c' }, 'done'],
  ])('%s', (_, changes, expected) => {
    expect(clientOf(patched(client, changes)).reading).toBe(expected);
  });

  it.each([
    ['server name', '0000 0008 0006 00 ffff 612e62', 'serverName'],
    ['supported versions', '002b 0005 ff 0304 0303', 'offersTls13'],
    ['PSK identities', '0029 0004 ffff 0000', 'pskIdentities'],
  ] as const)('a damaged %s does not hide what follows', (_, damaged, field) => {
    const extensions = bytesOf(`${damaged} 0023 0004 7469636b`);
    const bytes = joined(clientStart, u16(extensions.length), extensions);
    const { reading, hello } = clientOf(bytes);
    expect(reading).toBe('done');
    expect(textOf(bytes, hello.ticket)).toBe('tick');
    expect(hello[field]).toEqual({ serverName: { start: 0, length: -1 }, offersTls13: false, pskIdentities: [] }[field]);
  });

  it('tells an empty ticket extension from none', () => {
    expect(clientOf(bytesOf(`${clientStart} 0004 0023 0000`)).hello.ticket.length).toBe(0);
    expect(clientOf(bytesOf(`${clientStart} 0000`)).hello.ticket.length).toBe(-1);
  });

  it('takes the last of two extensions of one type', () => {
    const bytes = bytesOf(`${clientStart} 000a 0023 0001 61 0023 0001 62`);
    const { reading, hello } = clientOf(bytes);
    expect(reading).toBe('done');
    expect(textOf(bytes, hello.ticket)).toBe('b');
  });

  it('has room for one extension of almost 64 KiB', () => {
    const large = extension(21, new Uint8Array(0xffff - 8 - 4));
    const extensions = concat([large, extension(35, '7469636b')]);
    expect(extensions.length).toBe(0xffff);
    const bytes = concat([bytesOf(clientStart), u16(extensions.length), extensions]);
    const { reading, hello } = clientOf(bytes);
    expect(reading).toBe('done');
    expect(textOf(bytes, hello.ticket)).toBe('tick');
  });

  it.each([
    [255, 4],
    [256, -1],
    [16_000, -1],
  ])('reads 256 extensions: with %i before it, the ticket has length %i', (count, length) => {
    const extensions = concat([new Uint8Array(4 * count), extension(35, '7469636b')]);
    const bytes = concat([bytesOf(clientStart), u16(extensions.length), extensions]);
    expect(clientOf(bytes).hello.ticket.length).toBe(length);
  });
});

describe('a ServerHello', () => {
  it('says what was chosen', () => {
    const { reading, hello } = serverOf(server);
    expect(reading).toBe('done');
    expect(hello).toMatchObject({ version: 0x0303, cipherSuite: 0xc02f, sessionId: { start: 35, length: 32 }, extendedMasterSecret: true });
    expect(hello).toMatchObject({ helloRetryRequest: false, isTls13: false });
    expect(textOf(server, hello.alpn)).toBe('h2');
  });

  it('cut at any length is a prefix, or malformed when it is said to be whole', () => {
    for (const length of server.keys()) {
      const cut = server.slice(0, length);
      expect(serverOf(cut, false).reading, `${length} bytes`).toBe('prefix');
      const isWithoutExtensions = length === bytesOf(serverStart).length;
      expect(serverOf(cut).reading, `${length} bytes`).toBe(isWithoutExtensions ? 'done' : 'malformed');
    }
  });

  it.each([
    ['SSL 3.0', `0300 ${random} 00 0035 00`, 0x0300, false],
    ['TLS 1.3', `0303 ${random} 20 ${sessionId} 1301 00 0006 002b 0002 0304`, 0x0304, true],
    ['draft 28', `0303 ${random} 20 ${sessionId} 1301 00 0006 002b 0002 7f1c`, 0x7f1c, true],
    ['draft 18, without session_id', `7f12 ${random} 1301 0000`, 0x7f12, true],
    ['supported_versions of one byte', `0303 ${random} 00 1301 00 0005 002b 0001 03`, 0x0303, false],
  ])('%s', (_, rows, version, isTls13) => {
    const { reading, hello } = serverOf(bytesOf(rows));
    expect(reading).toBe('done');
    expect(hello).toMatchObject({ version, isTls13 });
  });

  it('asks for another ClientHello by its random', () => {
    const rows = `0303 ${HELLO_RETRY_RANDOM} 20 ${sessionId} 1301 00 0006 002b 0002 0304`;
    expect(serverOf(bytesOf(rows)).hello.helloRetryRequest).toBe(true);
    expect(serverOf(bytesOf(rows.replace('8c021e65', '8c021e66'))).hello.helloRetryRequest).toBe(false);
    expect(serverOf(bytesOf(rows).slice(0, 33), false).hello.helloRetryRequest).toBe(false);
  });

  it.each([
    ['session ID of 33 bytes', { 34: '21' }],
    ['extensions at their extreme', { 70: 'ffff' }],
    ['extension beyond the block', { 74: '0100' }],
  ])('%s is malformed', (_, changes) => {
    expect(serverOf(patched(server, changes)).reading).toBe('malformed');
  });

  it('has room for 64 KiB of extensions', () => {
    const extensions = concat([extension(0xff, new Uint8Array(0xffff - 8)), extension(23, '')]);
    const { reading, hello } = serverOf(concat([bytesOf(serverStart), u16(extensions.length), extensions]));
    expect({ reading, ems: hello.extendedMasterSecret }).toEqual({ reading: 'done', ems: true });
  });
});

describe('a NewSessionTicket', () => {
  it.each([
    ['ticket', '00000e10 0004 7469636b', 'done', 3600, { start: 6, length: 4 }],
    ['empty ticket', '00000000 0000', 'done', 0, { start: 6, length: 0 }],
    ['lifetime at its extreme', 'ffffffff 0001 61', 'done', 0xffffffff, { start: 6, length: 1 }],
    ['ticket beyond the end', '00000e10 0005 7469636b', 'malformed', 3600, { length: -1 }],
    ['length at its extreme', '00000e10 ffff', 'malformed', 3600, { length: -1 }],
    ['cut lifetime', '00000e', 'malformed', 0, { length: -1 }],
    ['nothing', '', 'malformed', 0, { length: -1 }],
  ])('%s', (_, rows, expected, lifetimeSeconds, range) => {
    const bytes = bytesOf(rows);
    const ticket = new NewSessionTicket();
    expect(ticket.read(bytes, 0, bytes.length)).toBe(expected);
    expect(ticket).toMatchObject({ lifetimeSeconds, ticket: range });
  });
});

describe('a NewSessionTicket of TLS 1.3', () => {
  it.each([
    ['ticket', '00001c20 01020304 02 aabb 0003 746963 0000', 'done', 7200, { start: 13, length: 3 }],
    ['no nonce', '00000001 01020304 00 0001 74 0000', 'done', 1, { start: 11, length: 1 }],
    ['nonce beyond the end', '00001c20 01020304 ff aabb', 'malformed', 7200, { length: -1 }],
    ['ticket beyond the end', '00001c20 01020304 00 0005 7469', 'malformed', 7200, { length: -1 }],
    ['nothing', '', 'malformed', 0, { length: -1 }],
  ])('%s', (_, rows, expected, lifetimeSeconds, range) => {
    const bytes = bytesOf(rows);
    const ticket = new NewSessionTicket();
    expect(ticket.readTls13(bytes, 0, bytes.length)).toBe(expected);
    expect(ticket).toMatchObject({ lifetimeSeconds, ticket: range });
  });
});

describe('the type of a handshake message', () => {
  it.each([0, 1, 2, 4, 5, 8, 11, 12, 13, 14, 15, 16, 20, 21, 22, 23, 24])('%i can be', (type) => expect(isHandshakeType(type)).toBe(true));
  it.each([3, 6, 10, 25, 31, 32, 33, 34, 43, 64, 255])('%i cannot be', (type) => expect(isHandshakeType(type)).toBe(false));
});
