import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyLog, SecretKind } from '../../src/decryption/key-log.js';

const RANDOM = 'a1'.repeat(32);
const OTHER = 'b2'.repeat(32);
const MASTER = '3c'.repeat(48);
const TRAFFIC = '4d'.repeat(32);
const LONG_TRAFFIC = '5e'.repeat(48);
/** Every capture that may hold secrets has a log of its own. */
const MOST_BYTES_OF_AN_EMPTY_LOG = 1 << 20;

function logOf(...texts: string[]): KeyLog {
  const log = new KeyLog();
  for (const text of texts) log.add(Buffer.from(text, 'latin1'));
  return log;
}

function secret(log: KeyLog, random: string, kind: SecretKind): string | null {
  const bytes = log.secret(log.find(Buffer.from(random, 'hex'), 0), kind);
  return bytes === null ? null : Buffer.from(bytes).toString('hex');
}

function counts({ linesUsed, linesNotUnderstood, linesOverLimit }: KeyLog): number[] {
  return [linesUsed, linesNotUnderstood, linesOverLimit];
}

describe('labels', () => {
  it.each([
    ['CLIENT_RANDOM', SecretKind.MASTER, MASTER],
    ['CLIENT_EARLY_TRAFFIC_SECRET', SecretKind.CLIENT_EARLY_TRAFFIC, TRAFFIC],
    ['CLIENT_HANDSHAKE_TRAFFIC_SECRET', SecretKind.CLIENT_HANDSHAKE_TRAFFIC, TRAFFIC],
    ['SERVER_HANDSHAKE_TRAFFIC_SECRET', SecretKind.SERVER_HANDSHAKE_TRAFFIC, LONG_TRAFFIC],
    ['CLIENT_TRAFFIC_SECRET_0', SecretKind.CLIENT_APPLICATION_TRAFFIC, LONG_TRAFFIC],
    ['SERVER_TRAFFIC_SECRET_0', SecretKind.SERVER_APPLICATION_TRAFFIC, TRAFFIC],
  ])('%s is kept', (label, kind, value) => {
    const log = logOf(`${label} ${RANDOM} ${value}\n`);
    for (const other of Object.values(SecretKind)) expect(secret(log, RANDOM, other)).toBe(other === kind ? value : null);
    expect(counts(log)).toEqual([1, 0, 0]);
  });

  it.each([
    'EXPORTER_SECRET',
    'EARLY_EXPORTER_SECRET',
    'PMS_CLIENT_RANDOM',
    'ECH_SECRET',
    'ECH_CONFIG',
    'CLIENT_TRAFFIC_SECRET_1',
    'SERVER_TRAFFIC_SECRET_N',
    'QUIC_CLIENT_TRAFFIC_SECRET_0',
    'SOMETHING_NEW',
  ])('%s protects no records, or follows from others', (label) => {
    const log = logOf(`${label} ${RANDOM} ${TRAFFIC}\n`);
    expect(log.size).toBe(0);
    expect(counts(log)).toEqual([0, 0, 0]);
  });

  it('RSA has part of an encrypted secret instead of the client random', () => {
    expect(counts(logOf(`RSA 0123456789abcdef ${MASTER}\n`))).toEqual([0, 0, 0]);
  });
});

describe('lines', () => {
  const line = `CLIENT_RANDOM ${RANDOM} ${MASTER}`;

  it.each<[string, string, number, number]>([
    ['empty', '', 0, 0],
    ['a newline', '\n', 0, 0],
    ['blank lines', '\r\n  \n\t\r\n', 0, 0],
    ['a comment', '# SSL/TLS secrets log file\n', 0, 0],
    ['LF', `${line}\n`, 1, 0],
    ['CR LF', `${line}\r\n`, 1, 0],
    ['no newline at the end', line, 1, 0],
    ['white space at the end', `${line} \t\n`, 1, 0],
    ['upper case hex', `CLIENT_RANDOM ${RANDOM.toUpperCase()} ${MASTER.toUpperCase()}\n`, 1, 0],
    ['the same line twice', `${line}\n${line}\n`, 2, 0],
    ['a comment that names a secret', `#${line}\n`, 0, 0],
    ['a comment of megabytes', `#${'x'.repeat(3 << 20)}\n${line}`, 1, 0],
    ['a line of megabytes', `${'x'.repeat(3 << 20)}\n${line}`, 1, 1],
    ['hex of megabytes', `CLIENT_RANDOM ${RANDOM} ${'0'.repeat(3 << 20)}\n`, 0, 1],
    ['blanks of megabytes', `${' '.repeat(3 << 20)}\n${line}`, 1, 1],
    ['a label alone', 'CLIENT_RANDOM\n', 0, 1],
    ['no secret', `CLIENT_RANDOM ${RANDOM}\n`, 0, 1],
    ['one more word', `${line} 00\n`, 0, 1],
    ['a label in lower case', `client_random ${RANDOM} ${MASTER}\n`, 0, 1],
    ['a blank before it', ` ${line}\n`, 0, 1],
    ['a NUL before it', `\0${line}\n`, 0, 1],
    ['a NUL behind it', `${line}\0\n`, 0, 1],
    ['NULs', '\0'.repeat(1000), 0, 1],
    ['CR alone', `${line}\r${line}`, 0, 1],
    ['a short client random', `CLIENT_RANDOM ${RANDOM.slice(2)} ${MASTER}\n`, 0, 1],
    ['a long client random', `CLIENT_RANDOM ${RANDOM}00 ${MASTER}\n`, 0, 1],
    ['half a byte of client random', `CLIENT_RANDOM ${RANDOM.slice(1)} ${MASTER}\n`, 0, 1],
    ['a short master secret', `CLIENT_RANDOM ${RANDOM} ${TRAFFIC}\n`, 0, 1],
    ['half a byte of secret', `CLIENT_RANDOM ${RANDOM} ${MASTER}0\n`, 0, 1],
    ['a traffic secret of no hash', `CLIENT_TRAFFIC_SECRET_0 ${RANDOM} ${TRAFFIC}00\n`, 0, 1],
    ['a letter that is no digit', `CLIENT_RANDOM ${RANDOM} ${MASTER.slice(1)}g\n`, 0, 1],
    ['bytes above 127', `CLIENT_RANDOM ${RANDOM} ${MASTER.slice(1)}\xff\n`, 0, 1],
    ['junk among lines', `\x16\x03\x01\n${line}\n\xfe\xff\n`, 1, 2],
  ])('%s', (_, text, used, notUnderstood) => {
    const log = logOf(text);
    expect(counts(log)).toEqual([used, notUnderstood, 0]);
    expect(secret(log, RANDOM, SecretKind.MASTER)).toBe(used > 0 ? MASTER : null);
  });

  it('of several logs are kept together, the later secret counts', () => {
    const log = logOf(
      `CLIENT_HANDSHAKE_TRAFFIC_SECRET ${RANDOM} ${TRAFFIC}`,
      `CLIENT_HANDSHAKE_TRAFFIC_SECRET ${OTHER} ${LONG_TRAFFIC}\n`,
      `SERVER_TRAFFIC_SECRET_0 ${RANDOM} ${LONG_TRAFFIC}`,
      `CLIENT_HANDSHAKE_TRAFFIC_SECRET ${OTHER} ${TRAFFIC}\n`,
    );
    expect(log.size).toBe(2);
    expect(counts(log)).toEqual([4, 0, 0]);
    expect(secret(log, RANDOM, SecretKind.CLIENT_HANDSHAKE_TRAFFIC)).toBe(TRAFFIC);
    expect(secret(log, RANDOM, SecretKind.SERVER_APPLICATION_TRAFFIC)).toBe(LONG_TRAFFIC);
    expect(secret(log, OTHER, SecretKind.CLIENT_HANDSHAKE_TRAFFIC)).toBe(TRAFFIC);
  });

  it('are read from a part of a buffer', () => {
    const whole = Buffer.from(`junk\n${line}\njunk`);
    const log = new KeyLog();
    log.add(new Uint8Array(whole.buffer, whole.byteOffset + 5, line.length));
    expect(counts(log)).toEqual([1, 0, 0]);
  });

  it('of any bytes never throw', () => {
    const words = fc.constantFrom('CLIENT_RANDOM', ' ', '\n', '\r\n', '\0', '#', RANDOM, OTHER, MASTER, TRAFFIC, 'CLIENT_TRAFFIC_SECRET_0');
    const junk = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
    fc.assert(
      fc.property(fc.array(fc.oneof(words, junk), { maxLength: 40 }), (parts) => {
        const text = parts.join('');
        const log = logOf(text);
        expect(log.linesUsed + log.linesNotUnderstood).toBeLessThanOrEqual(text.split('\n').length);
        expect(log.size).toBeLessThanOrEqual(log.linesUsed);
      }),
    );
  });
});

describe('client randoms', () => {
  const line = (n: number) => `CLIENT_TRAFFIC_SECRET_0 ${n.toString(16).padStart(64, '0')} ${TRAFFIC}\n`;

  it('are found at an offset, and not across the end', () => {
    const log = logOf(`CLIENT_RANDOM ${RANDOM} ${MASTER}\n`);
    const bytes = Buffer.concat([Buffer.alloc(6), Buffer.from(RANDOM, 'hex')]);
    expect(log.knows(bytes, 6)).toBe(true);
    expect(log.knows(bytes, 5)).toBe(false);
    expect(log.knows(bytes, 7)).toBe(false);
    expect(log.knows(bytes, -1)).toBe(false);
    expect(log.knows(Buffer.from(OTHER, 'hex'), 0)).toBe(false);
    expect(log.knows(new Uint8Array(0), 0)).toBe(false);
  });

  it('are unknown to an empty log', () => {
    expect(new KeyLog().knows(Buffer.from(RANDOM, 'hex'), 0)).toBe(false);
  });

  it('cost next to nothing where there are none', () => {
    const before = process.memoryUsage().arrayBuffers;
    const log = new KeyLog();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MOST_BYTES_OF_AN_EMPTY_LOG);
    expect(log.size).toBe(0);
  });

  it('are kept up to the limit; secrets of those that are kept still count', () => {
    const log = new KeyLog(3);
    log.add(Buffer.from([1, 2, 3, 4, 5, 2].map(line).join('')));
    log.add(Buffer.from(`SERVER_TRAFFIC_SECRET_0 ${'3'.padStart(64, '0')} ${TRAFFIC}`));
    expect(log.size).toBe(3);
    expect(counts(log)).toEqual([5, 0, 2]);
    expect(secret(log, '3'.padStart(64, '0'), SecretKind.SERVER_APPLICATION_TRAFFIC)).toBe(TRAFFIC);
    expect(log.knows(Buffer.from('4'.padStart(64, '0'), 'hex'), 0)).toBe(false);
  });

  it('keep their secrets while the table grows', () => {
    const log = new KeyLog();
    const numbers = Array.from({ length: 10_000 }, (_, n) => n);
    log.add(Buffer.from(numbers.map((n) => `CLIENT_TRAFFIC_SECRET_0 ${hex(n)} ${hex(n + 1)}\n`).join('')));
    expect(log.size).toBe(numbers.length);
    expect(numbers.every((n) => secret(log, hex(n), SecretKind.CLIENT_APPLICATION_TRAFFIC) === hex(n + 1))).toBe(true);
  });

  function hex(n: number): string {
    return n.toString(16).padStart(64, '0');
  }
});
