import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyLogDecryption } from '../../src/decryption/decryption.js';
import { KeyLog } from '../../src/decryption/key-log.js';
import { ContentType } from '../../src/wire/tls-record.js';
import { CLIENT_RANDOM, give, message, opened, SERVER_RANDOM, Sender12, Sender13, TLS_1_2 } from './sender.js';

const { APPLICATION_DATA, HANDSHAKE } = ContentType;
const TLS_1_3 = 0x0304;
const MASTER = { CLIENT_RANDOM: Buffer.alloc(48, 7) };
const TRAFFIC = { CLIENT_HANDSHAKE_TRAFFIC_SECRET: Buffer.alloc(48, 2), CLIENT_TRAFFIC_SECRET_0: Buffer.alloc(48, 4) };

function decryptionWith(secrets: Record<string, Uint8Array>): KeyLogDecryption {
  const log = new KeyLog();
  for (const [label, secret] of Object.entries(secrets)) {
    log.add(Buffer.from(`${label} ${CLIENT_RANDOM.toString('hex')} ${Buffer.from(secret).toString('hex')}\n`));
  }
  return new KeyLogDecryption(log);
}

function open(decryption: KeyLogDecryption, version: number, cipherSuite: number, clientRandom: Uint8Array = CLIENT_RANDOM) {
  return decryption.open({ version, cipherSuite, clientRandom, serverRandom: SERVER_RANDOM, encryptThenMac: false });
}

describe('opening a connection', () => {
  it.each<[string, Record<string, Uint8Array>, number, number, boolean, number]>([
    ['TLS 1.2', MASTER, TLS_1_2, 0xc02f, true, 0],
    ['TLS 1.3', TRAFFIC, TLS_1_3, 0x1302, true, 0],
    ['TLS 1.2 without a master secret', TRAFFIC, TLS_1_2, 0xc02f, false, 0],
    ['TLS 1.3 without traffic secrets', MASTER, TLS_1_3, 0x1301, false, 0],
    ['TLS 1.1', MASTER, 0x0302, 0x2f, false, 1],
    ['TLS 1.0', MASTER, 0x0301, 0x2f, false, 1],
    ['SSL 3.0', MASTER, 0x0300, 0x2f, false, 1],
    ['a draft of TLS 1.3', TRAFFIC, 0x7f1c, 0x1301, false, 1],
    ['DTLS 1.2', MASTER, 0xfefd, 0xc02f, false, 1],
    ['RC4', MASTER, TLS_1_2, 0x05, false, 1],
    ['3DES', MASTER, TLS_1_2, 0x0a, false, 1],
    ['Camellia', MASTER, TLS_1_2, 0xc07a, false, 1],
    ['no encryption', MASTER, TLS_1_2, 0x3b, false, 1],
    ['a suite of TLS 1.3 in TLS 1.2', MASTER, TLS_1_2, 0x1301, false, 1],
    ['a suite of TLS 1.2 in TLS 1.3', TRAFFIC, TLS_1_3, 0xc02f, false, 1],
    ['SM4', TRAFFIC, TLS_1_3, 0xc6, false, 1],
  ])('%s', (_, secrets, version, suite, expected, unsupported) => {
    const decryption = decryptionWith(secrets);
    expect(decryption.knows(CLIENT_RANDOM, 0)).toBe(true);
    expect(open(decryption, version, suite) !== null).toBe(expected);
    expect(decryption).toMatchObject({ connections: expected ? 1 : 0, unsupported, failedRecords: 0 });
  });

  it.each<[string, Uint8Array]>([
    ['of which nothing is known', SERVER_RANDOM],
    ['that is short', CLIENT_RANDOM.subarray(1)],
    ['that is empty', new Uint8Array(0)],
  ])('with a client random %s', (_, random) => {
    const decryption = decryptionWith(MASTER);
    expect(decryption.knows(random, 0)).toBe(false);
    expect(open(decryption, TLS_1_2, 0xc02f, random)).toBeNull();
    expect(open(decryption, 0x0301, 0x2f, random)).toBeNull();
    expect(decryption).toMatchObject({ connections: 0, unsupported: 0 });
  });

  it('counts all connections and records together', () => {
    const decryption = decryptionWith(MASTER);
    for (let i = 0; i < 3; i++) open(decryption, TLS_1_2, 0xc02f)?.decrypt(true, HANDSHAKE, TLS_1_2, Buffer.alloc(40));
    expect(decryption).toMatchObject({ connections: 3, unsupported: 0, failedRecords: 3 });
  });
});

/** A suite of each kind of protection. */
const SUITES: readonly [number, number, boolean][] = [
  [TLS_1_2, 0xc02f, false],
  [TLS_1_2, 0xc0ad, false],
  [TLS_1_2, 0xc0ae, false],
  [TLS_1_2, 0xcca8, false],
  [TLS_1_2, 0xc013, false],
  [TLS_1_2, 0xc013, true],
  [TLS_1_2, 0xc028, false],
  [TLS_1_2, 0xc028, true],
  [TLS_1_3, 0x1301, false],
  [TLS_1_3, 0x1303, false],
  [TLS_1_3, 0x1304, false],
  [TLS_1_3, 0x1305, false],
];

describe('hostile records', () => {
  const suites = fc.constantFrom(...SUITES);
  const sides = fc.boolean();
  const types = fc.oneof(fc.constantFrom(20, 21, 22, 23, 24), fc.integer());
  const versions = fc.oneof(fc.constantFrom(TLS_1_2, TLS_1_3), fc.integer());
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.integer({ min: 0, max: 70_000 }).map((length) => new Uint8Array(length)),
  );
  const steps = fc.array(fc.oneof(fc.record({ side: sides, type: types, version: versions, body: bodies }), fc.record({ side: sides })), {
    maxLength: 12,
  });

  it('never open and never throw', () => {
    fc.assert(
      fc.property(suites, steps, ([version, suite, encryptThenMac], list) => {
        const { decryptor, decryption } = opened(version, suite, { ...MASTER, ...TRAFFIC }, encryptThenMac);
        let given = 0;
        for (const step of list) {
          if (!('type' in step)) {
            decryptor.skip(step.side);
            continue;
          }
          given++;
          decryptor.wants(step.side, step.type, step.body.length);
          expect(decryptor.decrypt(step.side, step.type, step.version, step.body)).toBeNull();
        }
        expect(decryption.failedRecords).toBe(given);
      }),
      { numRuns: 200 },
    );
  });

  it('that were genuine open only as they were', () => {
    const finished = message(20, 12);
    fc.assert(
      fc.property(suites, fc.nat({ max: 200 }), fc.integer({ min: 0, max: 255 }), fc.nat({ max: 200 }), (chosen, at, change, cut) => {
        const [version, suite, encryptThenMac] = chosen;
        const record =
          version === TLS_1_2
            ? new Sender12(suite, MASTER.CLIENT_RANDOM, encryptThenMac).seal(HANDSHAKE, finished)
            : new Sender13(suite, TRAFFIC.CLIENT_HANDSHAKE_TRAFFIC_SECRET).handshake(finished);
        const changed = Buffer.from(record.subarray(0, Math.max(0, record.length - cut)));
        if (at < changed.length) changed[at] ^= change;
        const { decryptor } = opened(version, suite, { ...MASTER, ...TRAFFIC }, encryptThenMac);
        const plain = give(decryptor, true, changed, version === TLS_1_2 ? HANDSHAKE : APPLICATION_DATA);
        expect(plain).toBe(changed.equals(record) ? `${HANDSHAKE} ${finished.toString('hex')}` : null);
      }),
      { numRuns: 400 },
    );
  });
});
