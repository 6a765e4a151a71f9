import { describe, expect, it } from 'vitest';
import { MAX_AHEAD, MAX_FAILURES } from '../../src/decryption/limits.js';
import { ContentType } from '../../src/wire/tls-record.js';
import { give, message, opened, Sender12, TLS_1_2 } from './sender.js';

const { ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE, HEARTBEAT } = ContentType;
const MASTER_SECRET = Buffer.alloc(48, 7);
const ALERT_TEXT = `${ALERT} 0100`;
const AES_128_GCM = 0xc02f;
const AES_128_CBC_SHA = 0xc013;

const PROTECTIONS: readonly [string, number, boolean][] = [
  ['AES-128-GCM', AES_128_GCM, false],
  ['AES-256-CCM', 0xc0ad, false],
  ['AES-128-CCM_8', 0xc0ae, false],
  ['ChaCha20-Poly1305', 0xcca8, false],
  ['AES-128-CBC, SHA-1, MAC then encrypt', AES_128_CBC_SHA, false],
  ['AES-128-CBC, SHA-1, encrypt then MAC', AES_128_CBC_SHA, true],
  ['AES-256-CBC, SHA-384, MAC then encrypt', 0xc028, false],
  ['AES-256-CBC, SHA-384, encrypt then MAC', 0xc028, true],
];

function connection(suite: number, encryptThenMac = false) {
  return {
    ...opened(TLS_1_2, suite, { CLIENT_RANDOM: MASTER_SECRET }, encryptThenMac),
    client: new Sender12(suite, MASTER_SECRET, encryptThenMac),
  };
}

describe.each(PROTECTIONS)('%s', (_, suite, encryptThenMac) => {
  it('opens what is sent, with records between that are skipped', () => {
    const { decryptor, decryption, client } = connection(suite, encryptThenMac);
    const finished = message(20, 12);
    expect(give(decryptor, true, client.seal(HANDSHAKE, finished), HANDSHAKE)).toBe(`${HANDSHAKE} ${finished.toString('hex')}`);
    for (let i = 0; i < 1000; i++) decryptor.skip(true);
    client.sequence += 1000;
    expect(give(decryptor, true, client.alert(), ALERT)).toBe(ALERT_TEXT);
    expect(give(decryptor, true, client.seal(APPLICATION_DATA, Buffer.alloc(0)), APPLICATION_DATA)).toBe(`${APPLICATION_DATA} `);
    const long = Buffer.alloc(1 << 14, 1);
    expect(give(decryptor, true, client.seal(APPLICATION_DATA, long), APPLICATION_DATA)?.length).toBe(3 + 2 * long.length);
    expect(decryption.failedRecords).toBe(0);
  });

  it('opens nothing that was changed, shortened, said to be something else or sent by the other side', () => {
    const { decryptor, decryption, client } = connection(suite, encryptThenMac);
    const record = client.seal(HANDSHAKE, message(20, 12));
    for (let at = 0; at < record.length; at++) {
      const changed = Buffer.from(record);
      changed[at] ^= 0x40;
      const { decryptor } = connection(suite, encryptThenMac);
      expect(give(decryptor, true, changed, HANDSHAKE)).toBeNull();
      expect(give(decryptor, true, record.subarray(0, at), HANDSHAKE)).toBeNull();
    }
    expect(give(decryptor, true, record, ALERT)).toBeNull();
    expect(decryptor.decrypt(true, HANDSHAKE, 0x0302, record)).toBeNull();
    expect(give(decryptor, false, record, HANDSHAKE)).toBeNull();
    expect(decryption.failedRecords).toBe(3);
  });

  it('finds its way when a few records are missing', () => {
    const { decryptor, client } = connection(suite, encryptThenMac);
    client.sequence = MAX_AHEAD;
    expect(give(decryptor, true, client.alert(), ALERT)).toBe(ALERT_TEXT);
    expect(give(decryptor, true, client.alert(), ALERT)).toBe(ALERT_TEXT);
    client.sequence += MAX_AHEAD + 1;
    expect(give(decryptor, true, client.alert(), ALERT)).toBeNull();
  });

  it('counts a record that does not open', () => {
    const { decryptor, decryption, client } = connection(suite, encryptThenMac);
    for (let i = 0; i < MAX_FAILURES - 1; i++) give(decryptor, true, Buffer.alloc(160, i), ALERT);
    client.sequence = MAX_FAILURES - 1;
    expect(give(decryptor, true, client.alert(), ALERT)).toBe(ALERT_TEXT);
    expect(decryption.failedRecords).toBe(MAX_FAILURES - 1);
  });
});

describe('CBC', () => {
  const rows = [false, true].map((encryptThenMac) => [encryptThenMac ? 'encrypt then MAC' : 'MAC then encrypt', encryptThenMac] as const);

  it.each(rows)('%s: padding may be up to 255 bytes, each of them the length', (_, encryptThenMac) => {
    const { decryptor, client } = connection(AES_128_CBC_SHA, encryptThenMac);
    // Contents that leave room for a padding of 255 bytes, its length included 256.
    const content = Buffer.alloc(encryptThenMac ? 32 : 12, 2);
    const long = Buffer.alloc(256, 255);
    expect(give(decryptor, true, client.seal(HANDSHAKE, content, long), HANDSHAKE)).toBe(`${HANDSHAKE} ${content.toString('hex')}`);
    for (const wrong of [0, 100, 254]) {
      const padding = Buffer.from(long);
      padding[wrong] = 0;
      expect(give(decryptor, true, client.seal(HANDSHAKE, content, padding), HANDSHAKE)).toBeNull();
    }
    const beyond = Buffer.alloc(16, 255);
    expect(give(decryptor, true, client.seal(HANDSHAKE, content, beyond), HANDSHAKE)).toBeNull();
    expect(give(decryptor, true, client.alert(), ALERT)).toBe(ALERT_TEXT);
  });

  it.each(rows)('%s: the other order does not authenticate', (_, encryptThenMac) => {
    const { decryptor } = connection(AES_128_CBC_SHA, encryptThenMac);
    const client = new Sender12(AES_128_CBC_SHA, MASTER_SECRET, !encryptThenMac);
    expect(give(decryptor, true, client.alert(), ALERT)).toBeNull();
  });
});

describe('what is wanted', () => {
  it.each([
    [HANDSHAKE, true],
    [ALERT, true],
    [APPLICATION_DATA, false],
    [CHANGE_CIPHER_SPEC, false],
    [HEARTBEAT, false],
  ])('of content type %i: %s', (contentType, expected) => {
    const { decryptor } = connection(AES_128_GCM);
    for (const fromClient of [true, false]) expect(decryptor.wants(fromClient, contentType, 40)).toBe(expected);
  });

  it(`is nothing after ${MAX_FAILURES} failures in a row`, () => {
    const { decryptor, client } = connection(AES_128_GCM);
    for (let i = 0; i < MAX_FAILURES; i++) give(decryptor, true, Buffer.alloc(40), ALERT);
    expect(decryptor.wants(true, ALERT, 40)).toBe(false);
    expect(decryptor.wants(false, ALERT, 40)).toBe(true);
    client.sequence = MAX_FAILURES;
    expect(give(decryptor, true, client.alert(), ALERT)).toBeNull();
  });
});
