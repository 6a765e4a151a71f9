import { beforeEach, describe, expect, it } from 'vitest';
import { MAX_AHEAD, MAX_CLIENT_MESSAGE_BYTES, MAX_FAILURES, MAX_SERVER_MESSAGE_BYTES } from '../../src/decryption/limits.js';
import { ContentType } from '../../src/wire/tls-record.js';
import { give, message, opened, Sender13 } from './sender.js';

const { ALERT, APPLICATION_DATA, HANDSHAKE } = ContentType;
const SUITE = 0x1302;
const ALERT_TEXT = `${ALERT} 0100`;
const DATA_TEXT = `${APPLICATION_DATA} ${'da'.repeat(10)}`;

const SECRETS = {
  CLIENT_EARLY_TRAFFIC_SECRET: Buffer.alloc(48, 1),
  CLIENT_HANDSHAKE_TRAFFIC_SECRET: Buffer.alloc(48, 2),
  SERVER_HANDSHAKE_TRAFFIC_SECRET: Buffer.alloc(48, 3),
  CLIENT_TRAFFIC_SECRET_0: Buffer.alloc(48, 4),
  SERVER_TRAFFIC_SECRET_0: Buffer.alloc(48, 5),
};
type Label = keyof typeof SECRETS;

const ENCRYPTED_EXTENSIONS = message(8, 20);
const CERTIFICATE = message(11, 700);
const CERTIFICATE_VERIFY = message(15, 260);
const FINISHED = message(20, 48);
const NEW_SESSION_TICKET = message(4, 200);
const END_OF_EARLY_DATA = message(5, 0);
const KEY_UPDATE = message(24, 1);

/** A connection to a key log without some secrets, and what sends in it. */
function connection(...missing: Label[]) {
  const sender = (label: Label) => new Sender13(SUITE, SECRETS[label]);
  const known = Object.fromEntries(Object.entries(SECRETS).filter(([label]) => !missing.includes(label as Label)));
  return {
    ...opened(0x0304, SUITE, known),
    early: sender('CLIENT_EARLY_TRAFFIC_SECRET'),
    clientHandshake: sender('CLIENT_HANDSHAKE_TRAFFIC_SECRET'),
    serverHandshake: sender('SERVER_HANDSHAKE_TRAFFIC_SECRET'),
    client: sender('CLIENT_TRAFFIC_SECRET_0'),
    server: sender('SERVER_TRAFFIC_SECRET_0'),
  };
}

let c: ReturnType<typeof connection>;
beforeEach(() => {
  c = connection('CLIENT_EARLY_TRAFFIC_SECRET');
});

const fromClient = (body: Uint8Array) => give(c.decryptor, true, body);
const fromServer = (body: Uint8Array) => give(c.decryptor, false, body);
const hex = (bytes: Uint8Array) => `${HANDSHAKE} ${Buffer.from(bytes).toString('hex')}`;

/** Both sides are behind their Finished. */
function handshake(): void {
  expect(fromServer(c.serverHandshake.handshake(ENCRYPTED_EXTENSIONS, FINISHED))).not.toBeNull();
  expect(fromClient(c.clientHandshake.handshake(FINISHED))).toBe(hex(FINISHED));
}

describe('the end of the handshake', () => {
  it('is Finished, whichever way messages are cut into records', () => {
    const flight = Buffer.concat([ENCRYPTED_EXTENSIONS, CERTIFICATE, CERTIFICATE_VERIFY, FINISHED]);
    for (const step of [1, 3, 24, 700, flight.length - 1, flight.length]) {
      c = connection();
      for (let at = 0; at < flight.length; at += step) {
        const piece = flight.subarray(at, at + step);
        expect(c.decryptor.wants(false, APPLICATION_DATA, 16_000)).toBe(true);
        expect(fromServer(c.serverHandshake.handshake(piece))).toBe(hex(piece));
      }
      expect(c.decryptor.wants(false, APPLICATION_DATA, 16_000)).toBe(false);
      expect(fromServer(c.server.handshake(NEW_SESSION_TICKET))).toBe(hex(NEW_SESSION_TICKET));
      expect(fromServer(c.server.alert())).toBe(ALERT_TEXT);
    }
  });

  it('is seen by the first record behind it, if it is missing', () => {
    fromServer(c.serverHandshake.handshake(ENCRYPTED_EXTENSIONS));
    expect(fromServer(c.server.data())).toBe(DATA_TEXT);
    expect(c.decryptor.wants(false, APPLICATION_DATA, MAX_SERVER_MESSAGE_BYTES + 1)).toBe(false);
    expect(fromServer(c.server.alert())).toBe(ALERT_TEXT);
  });

  it('is seen by a later one, if nothing before it could be read', () => {
    for (let i = 0; i < 200; i++) c.decryptor.skip(false);
    c.server.sequence = 197;
    expect(fromServer(c.server.alert())).toBe(ALERT_TEXT);
    expect(c.decryption.failedRecords).toBe(0);
  });

  it('is behind a message that was cut off', () => {
    const certificate = message(11, 3000);
    fromServer(c.serverHandshake.handshake(certificate.subarray(0, 1000)));
    c.decryptor.skip(false);
    c.serverHandshake.sequence++;
    fromServer(c.serverHandshake.handshake(certificate.subarray(2000)));
    expect(fromServer(c.serverHandshake.handshake(FINISHED))).toBe(hex(FINISHED));
    expect(fromServer(c.server.alert())).toBe(ALERT_TEXT);
  });

  it('is no Finished of a later client authentication', () => {
    handshake();
    fromClient(c.client.handshake(CERTIFICATE, CERTIFICATE_VERIFY, FINISHED));
    expect(fromClient(c.client.alert())).toBe(ALERT_TEXT);
  });

  it('comes with alerts before it', () => {
    expect(fromClient(c.clientHandshake.alert())).toBe(ALERT_TEXT);
    expect(fromServer(c.serverHandshake.alert())).toBe(ALERT_TEXT);
  });
});

describe('padding', () => {
  it('is not part of the content', () => {
    handshake();
    expect(fromServer(c.server.seal(ALERT, Buffer.of(1, 0), 1000))).toBe(ALERT_TEXT);
    expect(fromServer(c.server.seal(APPLICATION_DATA, Buffer.alloc(3), 1))).toBe(`${APPLICATION_DATA} 000000`);
    expect(fromServer(c.server.seal(APPLICATION_DATA, Buffer.alloc(0), 5))).toBe(`${APPLICATION_DATA} `);
  });

  it('without content is none', () => {
    handshake();
    expect(fromServer(c.server.sealInner(Buffer.alloc(40)))).toBeNull();
    expect(fromServer(c.server.sealInner(Buffer.alloc(0)))).toBeNull();
    expect(fromServer(c.server.alert())).toBe(ALERT_TEXT);
    expect(c.decryption.failedRecords).toBe(2);
  });
});

describe('KeyUpdate', () => {
  it('changes the keys of its side only, each time', () => {
    handshake();
    for (let n = 0; n < 3; n++) {
      expect(fromClient(c.client.data())).toBe(DATA_TEXT);
      expect(fromClient(c.client.handshake(KEY_UPDATE))).toBe(hex(KEY_UPDATE));
      c.client = c.client.updated();
      c.decryptor.skip(true);
      c.client.sequence++;
    }
    expect(fromClient(c.client.alert())).toBe(ALERT_TEXT);
    expect(fromServer(c.server.alert())).toBe(ALERT_TEXT);
    expect(c.decryption.failedRecords).toBe(0);
  });

  it('that is missing is seen by the record behind it', () => {
    handshake();
    c.server = c.server.updated();
    expect(fromServer(c.server.data())).toBe(DATA_TEXT);
    expect(fromServer(c.server.alert())).toBe(ALERT_TEXT);
    c.server = c.server.updated().updated();
    expect(fromServer(c.server.alert())).toBeNull();
  });

  it('in two records', () => {
    handshake();
    fromServer(c.server.handshake(KEY_UPDATE.subarray(0, 2)));
    fromServer(c.server.handshake(KEY_UPDATE.subarray(2)));
    expect(fromServer(c.server.updated().alert())).toBe(ALERT_TEXT);
  });
});

describe('early data', () => {
  beforeEach(() => {
    c = connection();
  });

  it('ends with EndOfEarlyData', () => {
    expect(fromClient(c.early.data())).toBe(DATA_TEXT);
    c.decryptor.skip(true);
    c.early.sequence++;
    expect(fromClient(c.early.handshake(END_OF_EARLY_DATA))).toBe(hex(END_OF_EARLY_DATA));
    handshake();
    expect(fromClient(c.client.alert())).toBe(ALERT_TEXT);
    expect(c.decryption.failedRecords).toBe(0);
  });

  it.each([
    ['sent and read', 3, 0],
    ['skipped', 0, 3],
    ['skipped in great number', 0, 300],
    ['not even sent', 0, 0],
  ])('that was rejected, %s', (_, read, skipped) => {
    for (let i = 0; i < read; i++) fromClient(c.early.data());
    for (let i = 0; i < skipped; i++) c.decryptor.skip(true);
    handshake();
    expect(fromClient(c.client.alert())).toBe(ALERT_TEXT);
    expect(c.decryption.failedRecords).toBe(0);
  });

  it('before the ServerHello, of which nobody told', () => {
    c.early.sequence = 100;
    expect(fromClient(c.early.handshake(END_OF_EARLY_DATA))).toBeNull();
    handshake();
    expect(fromClient(c.client.alert())).toBe(ALERT_TEXT);
    expect(c.decryption.failedRecords).toBe(0);
  });

  it('without its secret', () => {
    c = connection('CLIENT_EARLY_TRAFFIC_SECRET');
    for (let i = 0; i < 20; i++) expect(fromClient(c.early.data())).toBeNull();
    for (let i = 0; i < 20; i++) c.decryptor.skip(true);
    handshake();
    expect(fromClient(c.client.alert())).toBe(ALERT_TEXT);
    expect(c.decryption.failedRecords).toBe(20);
  });
});

describe('missing records', () => {
  it.each([1, MAX_AHEAD])('%i of them', (missing) => {
    handshake();
    fromServer(c.server.data());
    c.server.sequence += missing;
    expect(fromServer(c.server.alert())).toBe(ALERT_TEXT);
    expect(fromServer(c.server.alert())).toBe(ALERT_TEXT);
  });

  it('are too many', () => {
    handshake();
    c.server.sequence += MAX_AHEAD + 1;
    expect(fromServer(c.server.alert())).toBeNull();
    expect(fromClient(c.client.alert())).toBe(ALERT_TEXT);
  });

  it('are no reason to open what was there before', () => {
    handshake();
    const first = c.server.data();
    expect(fromServer(first)).toBe(DATA_TEXT);
    expect(fromServer(first)).toBeNull();
  });
});

describe('what is wanted', () => {
  it.each([
    ['server', false, MAX_SERVER_MESSAGE_BYTES],
    ['client', true, MAX_CLIENT_MESSAGE_BYTES],
  ])('of the %s: everything in the handshake, then what is short', (_, client, longest) => {
    expect(c.decryptor.wants(client, APPLICATION_DATA, longest + 1)).toBe(true);
    handshake();
    expect(c.decryptor.wants(client, APPLICATION_DATA, longest)).toBe(true);
    expect(c.decryptor.wants(client, APPLICATION_DATA, longest + 1)).toBe(false);
    expect(c.decryptor.wants(client, HANDSHAKE, 100)).toBe(false);
    expect(c.decryptor.wants(client, ALERT, 20)).toBe(false);
  });

  it('is nothing without secrets', () => {
    c = connection('CLIENT_EARLY_TRAFFIC_SECRET', 'CLIENT_HANDSHAKE_TRAFFIC_SECRET', 'CLIENT_TRAFFIC_SECRET_0');
    expect(c.decryptor.wants(true, APPLICATION_DATA, 20)).toBe(false);
    expect(fromClient(c.client.alert())).toBeNull();
    expect(c.decryptor.wants(false, APPLICATION_DATA, 20)).toBe(true);
  });

  it('is nothing behind the handshake where only its secrets are known', () => {
    c = connection('SERVER_TRAFFIC_SECRET_0');
    expect(fromServer(c.serverHandshake.handshake(FINISHED))).toBe(hex(FINISHED));
    expect(c.decryptor.wants(false, APPLICATION_DATA, 20)).toBe(false);
    c.decryptor.skip(false);
    expect(fromServer(c.server.alert())).toBeNull();
  });

  it('is what follows the handshake where its secrets are unknown', () => {
    c = connection('CLIENT_EARLY_TRAFFIC_SECRET', 'CLIENT_HANDSHAKE_TRAFFIC_SECRET', 'SERVER_HANDSHAKE_TRAFFIC_SECRET');
    expect(fromClient(c.clientHandshake.handshake(FINISHED))).toBeNull();
    expect(fromClient(c.client.alert())).toBe(ALERT_TEXT);
    c.decryptor.skip(false);
    expect(fromServer(c.server.alert())).toBe(ALERT_TEXT);
  });

  it(`is nothing after ${MAX_FAILURES} failures in a row`, () => {
    handshake();
    for (let i = 1; i < MAX_FAILURES; i++) fromServer(Buffer.alloc(100, i));
    expect(c.decryptor.wants(false, APPLICATION_DATA, 20)).toBe(true);
    c.server.sequence = MAX_FAILURES - 1;
    expect(fromServer(c.server.alert())).toBe(ALERT_TEXT);
    for (let i = 0; i < MAX_FAILURES; i++) fromServer(Buffer.alloc(100, i));
    expect(c.decryptor.wants(false, APPLICATION_DATA, 20)).toBe(false);
    expect(c.decryptor.wants(true, APPLICATION_DATA, 20)).toBe(true);
    c.server.sequence += MAX_FAILURES;
    expect(fromServer(c.server.alert())).toBeNull();
    expect(c.decryption.failedRecords).toBe(2 * MAX_FAILURES);
  });
});

it('records of another content type are none', () => {
  handshake();
  expect(give(c.decryptor, false, c.server.alert(), ALERT)).toBeNull();
  expect(fromServer(c.server.alert())).toBe(ALERT_TEXT);
  expect(c.decryption.failedRecords).toBe(1);
});

it('the header is authenticated as it is', () => {
  handshake();
  expect(c.decryptor.decrypt(false, APPLICATION_DATA, 0x0301, c.server.alert())).toBeNull();
});
