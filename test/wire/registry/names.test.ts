import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { ALERTS } from '../../../src/wire/registry/alerts.js';
import { CIPHER_SUITES } from '../../../src/wire/registry/cipher-suites.js';
import {
  alertDescription,
  cipherSuiteName,
  extensionTypeName,
  handshakeTypeName,
  isGrease,
  versionName,
} from '../../../src/wire/registry/names.js';

describe('names', () => {
  it.each([
    [0x0300, 'SSLv3'],
    [0x0301, 'TLSv1.0'],
    [0x0302, 'TLSv1.1'],
    [0x0303, 'TLSv1.2'],
    [0x0304, 'TLSv1.3'],
    [0x0002, '0x0002'],
    [0x7e01, '0x7e01'],
    [0x7f1c, '0x7f1c'],
  ])('version %i', (value, name) => expect(versionName(value)).toBe(name));

  it.each([
    [0x0000, 'TLS_NULL_WITH_NULL_NULL'],
    [0x00ff, 'TLS_EMPTY_RENEGOTIATION_INFO_SCSV'],
    [0x1301, 'TLS_AES_128_GCM_SHA256'],
    [0x1306, 'TLS_AEGIS_256_SHA512'],
    [0xc02f, 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
    [0xd005, 'TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256'],
    [0x001c, '0x001c'],
    [0x0a0a, '0x0a0a'],
    [0xffff, '0xffff'],
  ])('cipher suite %i', (value, name) => expect(cipherSuiteName(value)).toBe(name));

  it.each([
    [0, 'close_notify'],
    [10, 'unexpected_message'],
    [21, 'decryption_failed'],
    [40, 'handshake_failure'],
    [50, 'decode_error'],
    [80, 'internal_error'],
    [100, 'no_renegotiation'],
    [121, 'ech_required'],
    [1, '0x01'],
    [255, '0xff'],
  ])('alert %i', (value, name) => expect(alertDescription(value)).toBe(name));

  it.each([
    [0, 'hello_request'],
    [2, 'server_hello'],
    [4, 'new_session_ticket'],
    [14, 'server_hello_done'],
    [7, '0x07'],
  ])('handshake type %i', (value, name) => expect(handshakeTypeName(value)).toBe(name));

  it.each([
    [0, 'server_name'],
    [10, 'supported_groups'],
    [35, 'session_ticket'],
    [41, 'pre_shared_key'],
    [0xff01, 'renegotiation_info'],
    [40, '0x0028'],
    [0xdada, '0xdada'],
  ])('extension %i', (value, name) => expect(extensionTypeName(value)).toBe(name));

  it('has every alert of RFC 5246 and RFC 8446', () => expect(ALERTS.size).toBeGreaterThanOrEqual(35));

  it('knows the 16 GREASE values', () => {
    const found = Array.from({ length: 0x10000 }, (_, value) => value).filter(isGrease);
    const expected = Array.from({ length: 16 }, (_, i) => 0x0a0a + i * 0x1010);
    expect(found).toEqual(expected);
  });
});

const values = spawnSync('tshark', ['-G', 'values'], { encoding: 'utf8', maxBuffer: 1 << 28 });

describe.skipIf(values.status !== 0)('the registries beside those of Wireshark', () => {
  const rows = (values.stdout ?? '').split('\n').map((line) => line.split('\t'));
  const valuesOf = (field: string) => new Map(rows.filter((row) => row[1] === field).map((row) => [Number(row[2]), row[3]]));

  it('has the same names of cipher suites', () => {
    const theirs = valuesOf('tls.handshake.ciphersuite');
    const both = [...CIPHER_SUITES].filter(([code]) => theirs.has(code));
    expect(both.length).toBeGreaterThan(340);
    expect(both).toEqual(both.map(([code]) => [code, theirs.get(code)]));
  });

  it('has the same names of alerts', () => {
    const theirs = valuesOf('tls.alert_message.desc');
    const both = [...ALERTS].filter(([code]) => theirs.has(code));
    expect(both.length).toBeGreaterThan(30);
    expect(both).toEqual(both.map(([code]) => [code, theirs.get(code)?.toLowerCase().replaceAll(' ', '_')]));
  });
});
