import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../src/bytes/hex.js';
import { Meaning, type Protocol, recognise, UNIT_HEAD_BYTES } from '../../src/wire/starttls.js';

/** Text as it is, or hex after `#`. */
function bytesOf(text: string): Uint8Array {
  return text.startsWith('#') ? (fromHex(text.slice(1).replace(/\s/g, '')) ?? new Uint8Array(0)) : new TextEncoder().encode(text);
}

/** Where the bytes lie in the middle of others, which could go on with them. */
function placed(bytes: Uint8Array): [bytes: Uint8Array, start: number, end: number] {
  const buffer = new Uint8Array(bytes.length + 20).fill(0x0a);
  buffer.set(bytes, 10);
  return [buffer, 10, 10 + bytes.length];
}

function recognised(bytes: Uint8Array): string | null {
  const opening = recognise(...placed(bytes));
  return opening === null || opening === 'incomplete' ? opening : `${opening.protocol.name} ${opening.isClient ? 'client' : 'server'}`;
}

const greeting = `#4a0000000a${'382e302e3333'}000b00000064764840492d434a00ffffff0200ffdf15${'00'.repeat(10)}2a34647c635a776b345e5d3a00`;
const startTls = '#301d02010177188016312e332e362e312e342e312e313436362e3230303337';
const sslRequest = `#2000000185ae7f000000000121${'00'.repeat(23)}`;

const openings: [text: string, expected: string][] = [
  ['220 lab.example ESMTP\r\n', 'SMTP server'],
  ['220-lab.example\r\n', 'SMTP server'],
  ['EHLO client.example\r\n', 'SMTP client'],
  ['helo client.example\r\n', 'SMTP client'],
  ['LHLO mail.example.com\r\n', 'SMTP client'],
  ['AUTH TLS\r\n', 'SMTP client'],
  ['auth ssl\r\n', 'SMTP client'],
  ['STARTTLS\r\n', 'SMTP client'],
  ['* OK [CAPABILITY IMAP4rev2] ready\r\n', 'IMAP server'],
  ['a001 capability\r\n', 'IMAP client'],
  ['. STARTTLS\r\n', 'IMAP client'],
  ['+OK POP3 ready\r\n', 'POP3 server'],
  ['CAPA\r\n', 'POP3 client'],
  ['STLS\r\n', 'POP3 client'],
  ["<?xml version='1.0'?>", 'XMPP client'],
  ["<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>", 'XMPP client'],
  ['CONNECT lab.example:443 HTTP/1.1\r\n', 'HTTP client'],
  [startTls, 'LDAP client'],
  ['#30840000000c020101600702010304008000', 'LDAP client'],
  ['#300c02010178070a010004000400', 'LDAP server'],
  ['#0000000804d2162f', 'PostgreSQL client'],
  ['#0000000804d21630', 'PostgreSQL client'],
  [greeting, 'MySQL server'],
  ['#360000000a352e352e322d6d3200', 'MySQL server'],
  [sslRequest, 'MySQL client'],
];

const unknown: string[] = [
  'GET / HTTP/1.1\r\n',
  'HTTP/1.1 200 OK\r\n',
  'SSH-2.0-OpenSSH_9.6 Debian\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n',
  '221 bye\r\n',
  '2200 x',
  '* BYE\r\n',
  '* PREAUTH\r\n',
  'a1 LOGIN x y\r\n',
  '<html>',
  '*1\r\n$4\r\nPING\r\n',
  '#0000000804d2162e', // a CancelRequest
  '#000000530003000075736572', // a StartupMessage
  '#4a0000010a382e30', // the second packet
  '#4a00000009382e30', // protocol version 9
  '#0f0000000a382e30', // too short
  '#014000000a382e30', // too long
  `#20000001 05a6 ${'00'.repeat(30)}`, // without CLIENT_SSL
  '#30000201', // an LDAP message that is empty
  '#300302010160', // shorter than what it holds
  '#308002010160', // indefinite length
  '#3006020101040600', // SNMP
  '#160301009501',
  '#fffd18fffd20',
  '#030000130ee000000000000100080003000000', // X.224
];

describe('the protocol is told', () => {
  it.each(openings)('by %j', (text, expected) => expect(recognised(bytesOf(text))).toBe(expected));

  it.each(openings)('once enough is there, and not taken for none before: %j', (text, expected) => {
    const bytes = bytesOf(text);
    const seen = Array.from(bytes, (_, at) => recognised(bytes.subarray(0, at + 1)));
    const needed = seen.indexOf(expected);
    expect(needed).toBeGreaterThanOrEqual(0);
    expect(needed).toBeLessThan(UNIT_HEAD_BYTES);
    expect(new Set(seen.slice(needed))).toEqual(new Set([expected]));
    // Any word may be an IMAP tag, which is not waited for.
    if (expected !== 'IMAP client') expect(seen.slice(0, needed).every((outcome) => outcome === 'incomplete')).toBe(true);
  });

  it.each(unknown)('not by %j', (text) => expect(recognised(bytesOf(text))).toBe(null));

  it('by nothing at random', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 60 }), (bytes) => {
        const isLikely = bytes[0] === 0 || bytes[0] === 0x30 || (bytes[2] === 0 && bytes[3] <= 1) || bytes.indexOf(0x20) > 0;
        if (!isLikely) expect(recognised(bytes)).toBe(null);
      }),
      { numRuns: 300 },
    );
  });
});

/** The protocol that begins like this. */
function protocolOf(opening: string): Protocol {
  const found = recognise(...placed(bytesOf(opening)));
  if (found === null || found === 'incomplete') throw new Error(opening);
  return found.protocol;
}

const protocols = {
  SMTP: protocolOf('220 '),
  IMAP: protocolOf('* OK'),
  POP3: protocolOf('+OK'),
  XMPP: protocolOf('<?xml'),
  HTTP: protocolOf('CONNECT '),
  LDAP: protocolOf(startTls),
  PostgreSQL: protocolOf('#0000000804d2162f'),
  MySQL: protocolOf(greeting),
};

type Row = [protocol: keyof typeof protocols, side: 'client' | 'server', unit: string, meaning: keyof typeof Meaning];

const units: Row[] = [
  ['SMTP', 'client', 'STARTTLS\r\n', 'REQUEST'],
  ['SMTP', 'client', 'StartTLS\n', 'REQUEST'],
  ['SMTP', 'client', 'AUTH TLS\r\n', 'REQUEST'],
  ['SMTP', 'client', 'auth tls-p\r\n', 'REQUEST'],
  ['SMTP', 'client', 'AUTH SSL\r\n', 'REQUEST'],
  ['SMTP', 'client', 'AUTH PLAIN AGEAYg==\r\n', 'NOTHING'],
  ['SMTP', 'client', 'STARTTLSX\r\n', 'NOTHING'],
  ['SMTP', 'client', 'MAIL FROM:<STARTTLS@lab.example>\r\n', 'NOTHING'],
  ['SMTP', 'client', ' STARTTLS\r\n', 'NOTHING'],
  ['SMTP', 'client', 'DATA\r\n', 'ENDS'],
  ['SMTP', 'client', 'bdat 5 last\r\n', 'ENDS'],
  ['SMTP', 'server', '220 go ahead\r\n', 'GO_AHEAD'],
  ['SMTP', 'server', '220\r\n', 'GO_AHEAD'],
  ['SMTP', 'server', '220-go\r\n', 'NOTHING'],
  ['SMTP', 'server', '234 AUTH TLS OK\r\n', 'GO_AHEAD'],
  ['SMTP', 'server', '250 STARTTLS\r\n', 'ANSWER'],
  ['SMTP', 'server', '250-STARTTLS\r\n', 'NOTHING'],
  ['SMTP', 'server', '454 TLS not available\r\n', 'ANSWER'],
  ['SMTP', 'server', '354 go\r\n', 'ENDS'],
  ['SMTP', 'server', ' AUTH TLS\r\n', 'NOTHING'],
  ['SMTP', 'server', '22\n', 'NOTHING'],
  ['IMAP', 'client', 'a1 STARTTLS\r\n', 'REQUEST'],
  ['IMAP', 'client', '. starttls\r\n', 'REQUEST'],
  ['IMAP', 'client', 'a1 LOGIN STARTTLS x\r\n', 'NOTHING'],
  ['IMAP', 'client', 'STARTTLS\r\n', 'NOTHING'],
  ['IMAP', 'client', 'a2 SELECT INBOX\r\n', 'ENDS'],
  ['IMAP', 'server', 'a1 OK Begin TLS negotiation now\r\n', 'GO_AHEAD'],
  ['IMAP', 'server', 'a1 BAD STARTTLS\r\n', 'ANSWER'],
  ['IMAP', 'server', '* OK ready\r\n', 'NOTHING'],
  ['IMAP', 'server', '+ OK\r\n', 'NOTHING'],
  ['POP3', 'client', 'stls\r\n', 'REQUEST'],
  ['POP3', 'client', 'USER STLS\r\n', 'NOTHING'],
  ['POP3', 'client', 'RETR 1\r\n', 'ENDS'],
  ['POP3', 'server', '+OK Begin TLS\r\n', 'GO_AHEAD'],
  ['POP3', 'server', '-ERR no\r\n', 'ANSWER'],
  ['POP3', 'server', 'STLS\r\n', 'NOTHING'],
  ['XMPP', 'client', "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", 'REQUEST'],
  ['XMPP', 'client', '\n <starttls>', 'REQUEST'],
  ['XMPP', 'client', '<starttls2/>', 'NOTHING'],
  ['XMPP', 'client', 'text <starttls/>', 'NOTHING'],
  ['XMPP', 'client', '<stream:features>', 'SERVER'],
  ['XMPP', 'client', "<auth mechanism='PLAIN'>", 'ENDS'],
  ['XMPP', 'server', "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", 'GO_AHEAD'],
  ['XMPP', 'server', '<starttls>', 'NOTHING'],
  ['XMPP', 'server', '</proceed>', 'NOTHING'],
  ['XMPP', 'server', '<failure/>', 'ANSWER'],
  ['HTTP', 'client', 'CONNECT lab.example:443 HTTP/1.1\r\n', 'REQUEST'],
  ['HTTP', 'client', 'Host: lab.example\r\n', 'NOTHING'],
  ['HTTP', 'server', 'HTTP/1.1 200 Connection established\r\n', 'GO_AHEAD'],
  ['HTTP', 'server', 'HTTP/1.0 204\r\n', 'GO_AHEAD'],
  ['HTTP', 'server', 'HTTP/1.1 100 Continue\r\n', 'NOTHING'],
  ['HTTP', 'server', 'HTTP/1.1 407 Proxy Authentication Required\r\n', 'ANSWER'],
  ['HTTP', 'server', 'HTTP/1.1\n', 'NOTHING'],
  ['HTTP', 'server', '\r\n', 'NOTHING'],
  ['LDAP', 'client', startTls, 'REQUEST'],
  ['LDAP', 'client', '#308400000024 020400000002 778400000018 8016312e332e362e312e342e312e313436362e3230303337', 'REQUEST'],
  ['LDAP', 'client', '#300c020101600702010304008000', 'NOTHING'],
  ['LDAP', 'client', '#301d02010177188016312e332e362e312e342e312e313436362e3230303338', 'NOTHING'],
  ['LDAP', 'server', '#300c02010178070a010004000400', 'GO_AHEAD'],
  ['LDAP', 'server', '#302402010178 1f 0a010004000400 8a16312e332e362e312e342e312e313436362e3230303337', 'GO_AHEAD'],
  ['LDAP', 'server', '#300c02010178070a013404000400', 'ANSWER'],
  ['LDAP', 'server', '#300c02010161070a010004000400', 'ANSWER'],
  ['PostgreSQL', 'client', '#0000000804d2162f', 'REQUEST'],
  ['PostgreSQL', 'client', '#0000000804d21630', 'NOTHING'],
  ['PostgreSQL', 'client', '#0000005300030000', 'ENDS'],
  ['PostgreSQL', 'server', 'S', 'GO_AHEAD'],
  ['PostgreSQL', 'server', 'N', 'ANSWER'],
  ['PostgreSQL', 'server', 'E', 'ENDS'],
  ['PostgreSQL', 'server', 'G', 'ENDS'],
  ['MySQL', 'client', sslRequest, 'BEGINS'],
  ['MySQL', 'client', `#2000000105a60300${'00'.repeat(28)}`, 'ENDS'],
  ['MySQL', 'client', `#5400000105ae0300${'00'.repeat(80)}`, 'ENDS'],
];

describe('a unit', () => {
  it.each(units)('of %s by the %s: %j means %s', (name, side, text, meaning) => {
    const [bytes, start, end] = placed(bytesOf(text));
    const isClient = side === 'client';
    const names = Object.keys(Meaning) as (keyof typeof Meaning)[];
    const found = protocols[name][side](bytes, start, end);
    expect(protocols[name].unitBytes(bytes, start, end, isClient)).toBe(end - start);
    expect(names.find((key) => Meaning[key] === found)).toBe(meaning);
  });

  it.each(units)('of %s by the %s has its length from few bytes: %j', (name, side, text) => {
    const bytes = bytesOf(text);
    for (let length = 1; length < bytes.length; length++) {
      const unitBytes = protocols[name].unitBytes(...placed(bytes.subarray(0, length)), side === 'client');
      expect([0, protocols[name].unitBytes(...placed(bytes), side === 'client')]).toContain(unitBytes);
    }
  });

  it.each([
    ['LDAP', '#16030100'],
    ['LDAP', '#3080020101'],
    ['LDAP', '#308501000000000201'],
    ['PostgreSQL', '#5100000004'],
  ] as const)('of %s is not %s', (name, text) => {
    expect(protocols[name].unitBytes(...placed(bytesOf(text)), true)).toBeLessThan(0);
  });

  it('is read from any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.boolean(), (bytes, isClient) => {
        for (const protocol of Object.values(protocols)) {
          const [buffer, start, end] = placed(bytes);
          expect(Number.isSafeInteger(protocol.unitBytes(buffer, start, end, isClient))).toBe(true);
          const meaning = isClient ? protocol.client(buffer, start, end) : protocol.server(buffer, start, end);
          expect(Object.values(Meaning)).toContain(meaning);
        }
      }),
      { numRuns: 300 },
    );
  });
});
