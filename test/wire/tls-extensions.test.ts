import { describe, expect, it } from 'vitest';
import { Cursor } from '../../src/bytes/cursor.js';
import {
  isTls13,
  offersTls13,
  type Range,
  readFirstProtocol,
  readPskIdentities,
  readPskModes,
  readServerName,
} from '../../src/wire/tls-extensions.js';
import { bytesOf } from './rows.js';

function cursorOf(rows: string): Cursor {
  const bytes = bytesOf(rows);
  return new Cursor(bytes, 0, bytes.length);
}

function rangeBy(read: (body: Cursor, into: Range) => void, rows: string): Range | null {
  const range = { start: 0, length: -1 };
  read(cursorOf(rows), range);
  return range.length < 0 ? null : range;
}

describe('server_name', () => {
  it.each([
    ['one host name', '0006 00 0003 612e62', { start: 5, length: 3 }],
    ['host name behind another type', '000a 07 0001 ff 00 0003 612e62', { start: 9, length: 3 }],
    ['two host names: the first', '0008 00 0001 61 00 0001 62', { start: 5, length: 1 }],
    ['empty host name', '0003 00 0000', { start: 5, length: 0 }],
    ['empty list', '0000', null],
    ['no body, as servers answer', '', null],
    ['list longer than the body', '0007 00 0003 612e62', null],
    ['name longer than the list', '0006 00 0004 612e62', null],
    ['length at its extreme', 'ffff 00 ffff 61', null],
    ['half a list length', '00', null],
  ])('%s', (_, rows, expected) => {
    expect(rangeBy(readServerName, rows)).toEqual(expected);
  });
});

describe('application_layer_protocol_negotiation', () => {
  it.each([
    ['one name', '0003 02 6832', { start: 3, length: 2 }],
    ['two names: the first', '0005 02 6832 01 61', { start: 3, length: 2 }],
    ['empty name', '0001 00', null],
    ['empty list', '0000', null],
    ['name longer than the list', '0003 03 6832', null],
    ['length at its extreme', 'ffff ff 68', null],
  ])('%s', (_, rows, expected) => {
    expect(rangeBy(readFirstProtocol, rows)).toEqual(expected);
  });
});

describe('supported_versions', () => {
  it.each([
    ['TLS 1.3 first', '04 0304 0303', true],
    ['TLS 1.3 last', '04 0303 0304', true],
    ['GREASE beside it', '04 1a1a 0304', true],
    ['draft 28', '02 7f1c', true],
    ['TLS 1.2 only', '04 0303 0302', false],
    ['GREASE only', '02 fafa', false],
    ['empty', '00', false],
    ['no body', '', false],
    ['list longer than the body', '06 0304 0303', false],
    ['odd length', '03 0303 03', false],
  ])('%s', (_, rows, expected) => {
    expect(offersTls13(cursorOf(rows))).toBe(expected);
  });

  it.each([
    [0x0304, true],
    [0x7f00, true],
    [0x7f1c, true],
    [0x7e01, true],
    [0xfb1a, true],
    [0x0303, false],
    [0x0305, false],
    [0x7a7a, false],
  ])('%i stands for TLS 1.3: %s', (version, expected) => {
    expect(isTls13(version)).toBe(expected);
  });
});

describe('pre_shared_key', () => {
  it.each([
    ['one identity', '0009 0003 616263 00000001', [{ start: 4, length: 3, obfuscatedAge: 1 }]],
    [
      'two identities',
      '0010 0003 616263 00000001 0001 64 00000002',
      [
        { start: 4, length: 3, obfuscatedAge: 1 },
        { start: 13, length: 1, obfuscatedAge: 2 },
      ],
    ],
    ['binders behind it', '0009 0003 616263 00000001 0021 20', [{ start: 4, length: 3, obfuscatedAge: 1 }]],
    ['no identity', '0000', []],
    ['no body', '', []],
    ['identity longer than the list', '0009 0004 616263 00000001', []],
    ['second one cut', '000b 0003 616263 00000001 0001', [{ start: 4, length: 3, obfuscatedAge: 1 }]],
    ['length at its extreme', 'ffff ffff', []],
  ])('%s', (_, rows, expected) => {
    expect(readPskIdentities(cursorOf(rows))).toEqual(expected);
  });

  it('reads a thousand identities', () => {
    const identities = '0001 61 00000000'.repeat(1000);
    expect(readPskIdentities(cursorOf(`1b58 ${identities}`))).toHaveLength(1000);
  });
});

describe('psk_key_exchange_modes', () => {
  it.each([
    ['psk_dhe_ke', '01 01', 2],
    ['both', '02 00 01', 3],
    ['an unknown one', '02 01 40', 2],
    ['none', '00', 0],
    ['a list beyond the end', '05 01', 0],
    ['no body', '', 0],
  ])('%s', (_, rows, expected) => expect(readPskModes(cursorOf(rows))).toBe(expected));
});
