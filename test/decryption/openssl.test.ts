// What OpenSSL protects: every cipher, every record.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyLogDecryption } from '../../src/decryption/decryption.js';
import { ContentType } from '../../src/wire/tls-record.js';
import { type Conversation, keyLogOf, OpensslServer, opensslVersion, type Program, protectedRecords, TLS13_SUITES } from './openssl.js';
import { text } from './sender.js';

const { ALERT, APPLICATION_DATA, HANDSHAKE } = ContentType;
const CLOSE_NOTIFY = `${ALERT} 0100`;
const KEY_UPDATE = /^22 180000010[01]$/;

const version = opensslVersion();
const skip = version === null || !version.startsWith('OpenSSL 3');
const reason = skip ? ' (skipped: OpenSSL 3 is not installed)' : '';

type Wanted = 'wanted' | 'all';

/** The plaintexts of each side: of all protected records, or of those that are wanted. */
function decrypted(conversation: Conversation, which: Wanted, wrongKeys = false) {
  const decryption = new KeyLogDecryption(keyLogOf(conversation, wrongKeys));
  const { negotiated } = conversation;
  expect(decryption.knows(negotiated.clientRandom, 0)).toBe(true);
  const decryptor = decryption.open(negotiated);
  if (decryptor === null) throw new Error('not opened');
  const side = (fromClient: boolean) => {
    const plain: (string | null)[] = [];
    for (const record of protectedRecords(fromClient ? conversation.client : conversation.server, negotiated.version)) {
      const { contentType, body } = record;
      if (which === 'all' || decryptor.wants(fromClient, contentType, body.length)) {
        plain.push(text(decryptor.decrypt(fromClient, contentType, record.version, body)));
      } else decryptor.skip(fromClient);
    }
    return plain;
  };
  return { client: side(true), server: side(false), failedRecords: decryption.failedRecords };
}

function data(content: string): string {
  return `${APPLICATION_DATA} ${Buffer.from(content).toString('hex')}`;
}

/** Says hello, waits for the answer, and leaves. */
async function exchange(client: Program): Promise<void> {
  client.write('hello\n');
  await client.until(/olleh/);
  client.write('Q\n');
}

describe.skipIf(skip)(`OpenSSL, one record after the other${reason}`, () => {
  let server: OpensslServer;
  beforeAll(async () => {
    server = await OpensslServer.start('-rev', '-psk', '0123456789abcdef');
  });
  afterAll(() => server.stop());

  const cbc: [string, number][] = [
    ['AES128-SHA', 0x2f],
    ['ECDHE-RSA-AES256-SHA', 0xc014],
    ['AES128-SHA256', 0x3c],
    ['ECDHE-ECDSA-AES128-SHA256', 0xc023],
    ['ECDHE-RSA-AES256-SHA384', 0xc028],
  ];
  it.each<[string, number, string, boolean]>([
    ...cbc.map(([name, suite]): [string, number, string, boolean] => [name, suite, 'encrypt-then-MAC', true]),
    ...cbc.map(([name, suite]): [string, number, string, boolean] => [name, suite, 'MAC-then-encrypt', false]),
    ['AES128-GCM-SHA256', 0x9c, 'RSA', false],
    ['ECDHE-RSA-AES128-GCM-SHA256', 0xc02f, 'ECDHE', false],
    ['ECDHE-ECDSA-AES256-GCM-SHA384', 0xc02c, 'ECDHE', false],
    ['DHE-RSA-AES256-GCM-SHA384', 0x9f, 'DHE', false],
    ['PSK-AES128-GCM-SHA256', 0xa8, 'PSK', false],
    ['ECDHE-RSA-CHACHA20-POLY1305', 0xcca8, 'ECDHE', false],
    ['ECDHE-ECDSA-AES128-CCM', 0xc0ac, 'ECDHE', false],
    ['AES256-CCM', 0xc09d, 'RSA', false],
    ['ECDHE-ECDSA-AES128-CCM8', 0xc0ae, 'ECDHE', false],
    ['AES256-CCM8', 0xc0a1, 'RSA', false],
  ])('TLS 1.2, %s (%i), %s', async (cipher, cipherSuite, how, encryptThenMac) => {
    const args = ['-tls1_2', '-cipher', `${cipher}:@SECLEVEL=0`];
    if (how === 'MAC-then-encrypt') args.push('-no_etm');
    if (how === 'PSK') args.push('-psk', '0123456789abcdef');
    const conversation = await server.talk(args, exchange);
    expect(conversation.negotiated).toMatchObject({ version: 0x0303, cipherSuite, encryptThenMac });
    const wanted = decrypted(conversation, 'wanted');
    for (const side of [wanted.client, wanted.server]) {
      expect(side).toHaveLength(2);
      expect(side[0]).toMatch(/^22 1400000c[0-9a-f]{24}$/);
      expect(side[1]).toBe(CLOSE_NOTIFY);
    }
    const all = decrypted(conversation, 'all');
    expect(all.client).toEqual([wanted.client[0], data('hello\n'), CLOSE_NOTIFY]);
    expect(all.server).toEqual([wanted.server[0], data('olleh\n'), CLOSE_NOTIFY]);
    expect(wanted.failedRecords + all.failedRecords).toBe(0);
    const wrong = decrypted(conversation, 'wanted', true);
    expect(wrong).toEqual({ client: [null, null], server: [null, null], failedRecords: 4 });
  });

  it.each(TLS13_SUITES.map((name, i) => [name, 0x1301 + i] as const))('TLS 1.3, %s', async (name, cipherSuite) => {
    const conversation = await server.talk(['-tls1_3', '-ciphersuites', name], exchange);
    expect(conversation.negotiated).toMatchObject({ version: 0x0304, cipherSuite });
    const { client, server: fromServer, failedRecords } = decrypted(conversation, 'wanted');
    expect(failedRecords).toBe(0);
    const length = cipherSuite === 0x1302 ? 48 : 32;
    const finished = new RegExp(`^${HANDSHAKE} 140000${length.toString(16)}[0-9a-f]{${2 * length}}$`);
    expect(client).toEqual([expect.stringMatching(finished), data('hello\n'), CLOSE_NOTIFY]);
    const ticket = expect.stringMatching(/^22 040000/);
    expect(fromServer.map((plain) => plain?.slice(0, 5))).toEqual([
      ...['22 08', '22 0b', '22 0f', '22 14'], // EncryptedExtensions, Certificate, CertificateVerify, Finished
      ...['22 04', '22 04'], // NewSessionTicket
      ...['23 6f', '21 01'],
    ]);
    expect(fromServer.slice(3)).toEqual([expect.stringMatching(finished), ticket, ticket, data('olleh\n'), CLOSE_NOTIFY]);
    const wrong = decrypted(conversation, 'wanted', true);
    expect([...wrong.client, ...wrong.server].every((plain) => plain === null)).toBe(true);
    expect(wrong.failedRecords).toBe(11);
  });
});

describe.skipIf(skip)(`OpenSSL, what changes keys in TLS 1.3${reason}`, () => {
  let server: OpensslServer;
  const session = () => join(server.directory, 'session.pem');
  const earlyData = () => join(server.directory, 'early.txt');
  const EARLY = 'sent early\n';

  beforeAll(async () => {
    // A client that does not offer P-384 at once is asked to: the server cannot take its early data then.
    server = await OpensslServer.start('-tls1_3', '-early_data', '-groups', 'P-384', '-num_tickets', '1');
    writeFileSync(earlyData(), EARLY);
  });
  afterAll(() => server.stop());

  async function leave(client: Program): Promise<void> {
    client.write('Q\n');
  }

  it('KeyUpdate of both sides, after a HelloRetryRequest', async () => {
    const conversation = await server.talk([], async (client) => {
      client.write('one\n');
      await server.program.until(/^one$/m);
      client.write('K\n');
      await client.until(/^KEYUPDATE$/m);
      client.write('two\n');
      await server.program.until(/^two$/m);
      server.program.write('three\n');
      await client.until(/^three$/m);
      client.write('k\n');
      await client.until(/^KEYUPDATE$/m);
      client.write('four\n');
      await server.program.until(/^four$/m);
      server.program.write('five\n');
      await client.until(/^five$/m);
      client.write('Q\n');
    });
    expect(conversation.helloRetryRequest).toBe(true);
    const { client, server: fromServer, failedRecords } = decrypted(conversation, 'wanted');
    const keyUpdate = expect.stringMatching(KEY_UPDATE);
    expect(client.slice(1)).toEqual([data('one\n'), keyUpdate, data('two\n'), keyUpdate, data('four\n'), CLOSE_NOTIFY]);
    const ticket = expect.stringMatching(/^22 040000/);
    expect(fromServer.slice(4)).toEqual([ticket, keyUpdate, data('three\n'), data('five\n'), CLOSE_NOTIFY]);
    expect(failedRecords).toBe(0);
  });

  async function resumed(...args: string[]): Promise<Conversation> {
    await server.talk(['-groups', 'P-384', '-sess_out', session()], async (client) => {
      client.write('ticket?\n');
      await server.program.until(/^ticket\?$/m);
      server.program.write('it came before this\n');
      await client.until(/came before this/);
      client.write('Q\n');
    });
    return server.talk(['-sess_in', session(), '-early_data', earlyData(), ...args], leave);
  }

  it('early data', async () => {
    const conversation = await resumed('-groups', 'P-384');
    expect(conversation.helloRetryRequest).toBe(false);
    const { client, failedRecords } = decrypted(conversation, 'wanted');
    expect(client).toEqual([data(EARLY), '22 05000000', expect.stringMatching(/^22 14/), CLOSE_NOTIFY]);
    expect(failedRecords).toBe(0);
  });

  it('early data that is rejected', async () => {
    const conversation = await resumed();
    expect(conversation.helloRetryRequest).toBe(true);
    const { client, failedRecords } = decrypted(conversation, 'wanted');
    expect(client).toEqual([data(EARLY), expect.stringMatching(/^22 14/), CLOSE_NOTIFY]);
    expect(failedRecords).toBe(0);
  });
});
