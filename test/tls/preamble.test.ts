import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../src/bytes/hex.js';
import type { Direction } from '../../src/tcp/connections.js';
import { LOST, OTHER, type PreambleLimits, Preambles, WAITING } from '../../src/tls/preamble.js';
import { processorTime } from '../support/processor-time.js';

/** Text as it is, each character a byte, or hex after `#`. */
function bytesOf(text: string): Uint8Array {
  if (!text.startsWith('#')) return Uint8Array.from(text, (character) => character.charCodeAt(0));
  return fromHex(text.slice(1).replace(/\s/g, '')) ?? new Uint8Array(0);
}

function concat(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** starttls-smtp.pcap, frames 11 and 12: what they begin with. */
const clientHello = bytesOf('#160301009501000091030342cc7bfeb0ec458645d515b97a085a30a4b7df2fc2771c5a4de1aca5b53bea19000006c02fc02b00ff');
const serverHello = bytesOf('#160303005d02000059030343d4c57c908f511f8f1b4631d1088c62c22083e58abe5c5ca9e396987c96d96e20f5e78864cd791ec1');
const alert = bytesOf('#15030100020228');

type Side = 'C' | 'S';
type Payload = [side: Side, bytes: Uint8Array];
type Turn = [side: Side, text: string];

/** The client's packets go in this direction. */
const CLIENT: Direction = 1;

/** Where TLS begins in the stream of a side, or what became of it. */
type Beginning = number | 'not followed' | 'waiting' | 'other' | 'lost';

const NUMBER = 700;

/** What the reader of records does. A payload without bytes stands for missing ones. */
function play(payloads: readonly Payload[], preambles = new Preambles()): [client: Beginning, server: Beginning] {
  const found: Record<Side, Beginning> = { C: 'waiting', S: 'waiting' };
  const offset: Record<Side, number> = { C: 0, S: 0 };
  let isOpen = false;
  for (const [side, payload] of payloads) {
    const direction = side === 'C' ? CLIENT : 0;
    // Bytes around a payload, which are none of it, could be the beginning of TLS.
    const buffer = new Uint8Array(payload.length + 40);
    for (let at = 0; at < buffer.length; at++) buffer[at] = clientHello[at % 20];
    buffer.set(payload, 20);
    const [start, end] = [20, 20 + payload.length];
    if (!isOpen && payload.length > 0) {
      if (!preambles.mayBegin(buffer, start, end)) return ['not followed', 'not followed'];
      preambles.open(NUMBER);
      isOpen = true;
    }
    if (found[side] !== 'waiting') continue;
    if (payload.length === 0) {
      preambles.gap(NUMBER, direction);
      continue;
    }
    const outcome = preambles.read(NUMBER, direction, buffer, start, end);
    if (outcome >= 0) {
      expect(outcome).toBeGreaterThanOrEqual(start);
      expect(outcome).toBeLessThan(end);
      found[side] = offset[side] + outcome - start;
    } else if (outcome !== WAITING) found[side] = outcome === OTHER ? 'other' : 'lost';
    offset[side] += payload.length;
  }
  return [found.C, found.S];
}

/** The turns, and the hellos after them. */
function payloadsOf(turns: readonly Turn[]): Payload[] {
  return [...turns.map(([side, text]): Payload => [side, bytesOf(text)]), ['C', clientHello], ['S', serverHello]];
}

/** Bytes that each side says before its hello. */
function lengths(turns: readonly Turn[]): [client: number, server: number] {
  const sum = (wanted: Side) => turns.filter(([side]) => side === wanted).reduce((sum, [, text]) => sum + bytesOf(text).length, 0);
  return [sum('C'), sum('S')];
}

const proxyV1 = '#50524f585920544350342031302e392e302e3130312031302e392e302e3120343230323720383438320d0a';
const proxyV2 = '#0d0a0d0a000d0a515549540a2111000c0a0900650a090001a6f12124';
const mysqlGreeting = `#4a0000000a382e302e3333000b00000064764840492d434a00ffffff0200ffdf15${'00'.repeat(10)}2a34647c635a776b345e5d3a00${'63616368696e675f736861325f70617373776f7264'}00`;
const stream = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'";
const xmppTls = "xmlns='urn:ietf:params:xml:ns:xmpp-tls'";

const conversations: [name: string, turns: Turn[]][] = [
  [
    'SMTP, starttls-smtp.pcap',
    [
      ['S', '#323230206c61622e6578616d706c652045534d54500d0a'],
      ['C', '#45484c4f20636c69656e742e6578616d706c650d0a'],
      ['S', '#3235302d6c61622e6578616d706c650d0a323530205354415254544c530d0a'],
      ['C', '#5354415254544c530d0a'],
      ['S', '#32323020676f2061686561640d0a'],
    ],
  ],
  [
    'SMTP with long replies',
    [
      ['S', `220-lab.example ESMTP\r\n220-${'x'.repeat(500)}\r\n220 ready\r\n`],
      ['C', 'ehlo client.example\r\n'],
      ['S', '250-lab.example\r\n250-SIZE 1000000\r\n250-STARTTLS\r\n250 HELP\r\n'],
      ['C', 'StartTLS\r\n'],
      ['S', '220-one\r\n220 two\r\n'],
    ],
  ],
  [
    'SMTP with commands sent together',
    [
      ['S', '220 lab.example\r\n'],
      ['C', 'EHLO client.example\r\nSTARTTLS\r\n'],
      ['S', '250-lab.example\r\n250 STARTTLS\r\n220 go\r\n'],
    ],
  ],
  [
    'SMTP after a command that was refused',
    [
      ['S', '220 lab.example\r\n'],
      ['C', 'EHLO client.example\r\n'],
      ['S', '250 STARTTLS\r\n'],
      ['C', 'MAIL FROM:<a@lab.example>\r\n'],
      ['S', '530 Must issue a STARTTLS command first\r\n'],
      ['C', 'STARTTLS\r\n'],
      ['S', '220 go\r\n'],
    ],
  ],
  [
    'LMTP',
    [
      ['S', '220 lab.example LMTP\r\n'],
      ['C', 'LHLO mail.example.com\r\n'],
      ['S', '250-lab.example\r\n250 STARTTLS\r\n'],
      ['C', 'STARTTLS\r\n'],
      ['S', '220 go\r\n'],
    ],
  ],
  [
    'IMAP',
    [
      ['S', '* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\r\n'],
      ['C', 'a001 CAPABILITY\r\n'],
      ['S', '* CAPABILITY IMAP4rev1 STARTTLS\r\na001 OK done\r\n'],
      ['C', 'a002 STARTTLS\r\n'],
      ['S', 'a002 OK Begin TLS negotiation now\r\n'],
    ],
  ],
  [
    'POP3',
    [
      ['S', '+OK POP3 ready\r\n'],
      ['C', 'CAPA\r\n'],
      ['S', '+OK Capability list follows\r\nSTLS\r\nUSER\r\n.\r\n'],
      ['C', 'STLS\r\n'],
      ['S', '+OK Begin TLS negotiation\r\n'],
    ],
  ],
  [
    'FTP',
    [
      ['S', '220-FTP\r\n any text\r\n220 ready\r\n'],
      ['C', 'FEAT\r\n'],
      ['S', '211-Features:\r\n AUTH TLS\r\n211 End\r\n'],
      ['C', 'AUTH TLS\r\n'],
      ['S', '234 AUTH TLS successful\r\n'],
    ],
  ],
  [
    'FTP that tries SSL after TLS',
    [
      ['S', '220 ready\r\n'],
      ['C', 'AUTH TLS\r\n'],
      ['S', '504 unknown\r\n'],
      ['C', 'AUTH SSL\r\n'],
      ['S', '234 ok\r\n'],
    ],
  ],
  [
    'XMPP',
    [
      ['C', `<?xml version='1.0'?>${stream} to='lab.example'>`],
      ['S', `<?xml version='1.0'?>${stream} from='lab.example' id='1'>`],
      ['S', `<stream:features><starttls ${xmppTls}><required/></starttls></stream:features>`],
      ['C', `<starttls ${xmppTls}/>`],
      ['S', `<proceed ${xmppTls}/>`],
    ],
  ],
  [
    'XMPP with empty elements in two tags',
    [
      ['C', `${stream} to='lab.example'>`],
      ['S', `${stream} from='lab.example' id='1'>\n<stream:features>\n<starttls ${xmppTls}/>\n</stream:features>\n`],
      ['C', `<starttls ${xmppTls}></starttls>`],
      ['S', `<proceed ${xmppTls}></proceed>`],
    ],
  ],
  [
    'LDAP',
    [
      ['C', '#301d02010177188016312e332e362e312e342e312e313436362e3230303337'],
      ['S', '#300c02010178070a010004000400'],
    ],
  ],
  [
    'LDAP after a bind and a long answer',
    [
      ['C', '#300c020101600702010304008000'],
      ['S', '#300c02010161070a010004000400'],
      ['C', `#3025020102 6320 ${'04'.repeat(32)}`],
      ['S', `#3082012c020102 64820125 ${'16'.repeat(293)} 300c02010265070a010004000400`],
      ['C', '#308400000024 020400000003 778400000018 8016312e332e362e312e342e312e313436362e3230303337'],
      ['S', '#3024020103781f0a0100040004008a16312e332e362e312e342e312e313436362e3230303337'],
    ],
  ],
  [
    'PostgreSQL',
    [
      ['C', '#0000000804d2162f'],
      ['S', 'S'],
    ],
  ],
  [
    'PostgreSQL after GSSAPI',
    [
      ['C', '#0000000804d21630'],
      ['S', 'N'],
      ['C', '#0000000804d2162f'],
      ['S', 'S'],
    ],
  ],
  [
    'MySQL',
    [
      ['S', mysqlGreeting],
      ['C', `#2000000185ae7f000000000121${'00'.repeat(23)}`],
    ],
  ],
  [
    'MySQL, the packets of its manual',
    [
      ['S', '#360000000a352e352e322d6d32000b00000064764840492d434a00fff7080200000000000000000000000000002a34647c635a776b345e5d3a00'],
      ['C', `#2000000105ae03000000000108${'00'.repeat(23)}`],
    ],
  ],
  [
    'HTTP CONNECT',
    [
      ['C', 'CONNECT lab.example:443 HTTP/1.1\r\nHost: lab.example:443\r\n\r\n'],
      ['S', 'HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n'],
    ],
  ],
  [
    'HTTP CONNECT with authentication',
    [
      ['C', 'CONNECT lab.example:443 HTTP/1.1\r\n\r\n'],
      ['S', 'HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 13\r\n\r\n<html></html>'],
      ['C', 'CONNECT lab.example:443 HTTP/1.1\r\nProxy-Authorization: Basic YTpi\r\n\r\n'],
      ['S', 'HTTP/1.1 200 OK\r\n\r\n'],
    ],
  ],
  ['PROXY v1, proxy-protocol-v1.pcap', [['C', proxyV1]]],
  ['PROXY v2, proxy-protocol-v2.pcap', [['C', proxyV2]]],
  ['PROXY v2 with TLVs', [['C', `#0d0a0d0a000d0a515549540a 2111 0113 0a0900650a090001a6f12124 040104${'00'.repeat(260)}`]]],
  ['PROXY LOCAL', [['C', '#0d0a0d0a000d0a515549540a20000000']]],
  [
    'PROXY and SMTP',
    [
      ['C', proxyV1],
      ['S', '220 lab.example\r\n'],
      ['C', 'EHLO client.example\r\n'],
      ['S', '250 STARTTLS\r\n'],
      ['C', 'STARTTLS\r\n'],
      ['S', '220 go\r\n'],
    ],
  ],
  [
    'PROXY and LDAP in one payload',
    [
      ['C', `${proxyV2}301d02010177188016312e332e362e312e342e312e313436362e3230303337`],
      ['S', '#300c02010178070a010004000400'],
    ],
  ],
];

const roomy: Partial<PreambleLimits> = { payloads: 10_000 };

describe('TLS begins', () => {
  it.each(conversations)('after %s', (_, turns) => expect(play(payloadsOf(turns))).toEqual(lengths(turns)));

  it.each(conversations)('wherever a payload is cut: %s', (_, turns) => {
    const payloads = payloadsOf(turns);
    for (const [i, [side, payload]] of payloads.entries()) {
      for (let at = 1; at < payload.length; at++) {
        const parts: Payload[] = [
          [side, payload.subarray(0, at)],
          [side, payload.subarray(at)],
        ];
        expect(play(payloads.toSpliced(i, 1, ...parts)), `payload ${i} at ${at}`).toEqual(lengths(turns));
      }
    }
  });

  it.each(conversations)('byte by byte: %s', (_, turns) => {
    const bytes = payloadsOf(turns).flatMap(([side, payload]) => Array.from(payload, (byte): Payload => [side, Uint8Array.of(byte)]));
    expect(play(bytes, new Preambles(roomy))).toEqual(lengths(turns));
  });

  it.each(conversations)('in the payload of the last words: %s', (_, turns) => {
    const payloads = payloadsOf(turns);
    const before = payloads.slice(0, -2);
    for (const side of ['C', 'S'] as const) {
      const last = before.findLastIndex(([speaker]) => speaker === side);
      if (last < 0 || (side === 'S' && last < before.length - 1)) continue;
      const hello = side === 'C' ? clientHello : serverHello;
      // What comes of the other side stays where it was.
      const merged = payloads.filter(([, payload]) => payload !== hello);
      merged[last] = [side, concat(before[last][1], hello)];
      expect(play(merged), side).toEqual(lengths(turns));
    }
  });

  it.each(conversations)('with the ClientHello before the last answer: %s', (_, turns) => {
    const payloads = payloadsOf(turns);
    const hello = payloads.splice(-2, 1)[0];
    const request = payloads.findLastIndex(([side]) => side === 'C');
    expect(play(payloads.toSpliced(request + 1, 0, hello))).toEqual(lengths(turns));
  });

  it.each(conversations)('with the ServerHello before the ClientHello: %s', (_, turns) => {
    const payloads = payloadsOf(turns);
    expect(play([...payloads.slice(0, -2), payloads[payloads.length - 1], payloads[payloads.length - 2]])).toEqual(lengths(turns));
  });

  it.each(conversations)('with an alert for a ServerHello: %s', (_, turns) => {
    expect(play([...payloadsOf(turns).slice(0, -1), ['S', alert]])).toEqual(lengths(turns));
  });

  it.each(conversations.filter(([, turns]) => turns[0][0] === 'C' || /EHLO|LHLO|AUTH|STLS|a001/i.test(turns[1][1])))(
    'where only the client is in the capture: %s',
    (_, turns) => {
      expect(play(payloadsOf(turns).filter(([side]) => side === 'C'))[0]).toBe(lengths(turns)[0]);
    },
  );

  it.each(conversations.filter(([name]) => /SMTP|LMTP|IMAP|POP3|FTP/.test(name)))(
    'where only the server is in the capture: %s',
    (_, turns) => {
      expect(play(payloadsOf(turns).filter(([side]) => side === 'S'))[1]).toBe(lengths(turns)[1]);
    },
  );

  it('where neighbours of two directions change places', () => {
    for (const [name, turns] of conversations) {
      const payloads = payloadsOf(turns);
      for (let at = 0; at + 1 < payloads.length; at++) {
        if (payloads[at][0] === payloads[at + 1][0]) continue;
        const swapped = payloads.with(at, payloads[at + 1]).with(at + 1, payloads[at]);
        const [, first] = swapped[0];
        const isFollowed = new Preambles().mayBegin(first, 0, first.length);
        expect(play(swapped), `${name}, ${at}`).toEqual(isFollowed ? lengths(turns) : ['not followed', 'not followed']);
      }
    }
  });

  it('however both directions are cut', () => {
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.constantFrom(...conversations), cuts, ([, turns], cuts) => {
        const payloads = payloadsOf(turns).flatMap(([side, payload], i): Payload[] => {
          const at = cuts.slice(0, 1 + (i % cuts.length)).map((cut) => Math.floor(cut * payload.length));
          const borders = [...new Set([0, ...at, payload.length])].sort((a, b) => a - b);
          return borders.slice(1).map((border, n) => [side, payload.subarray(borders[n], border)]);
        });
        expect(play(payloads)).toEqual(lengths(turns));
      }),
      { numRuns: 300 },
    );
  });
});

describe('TLS does not begin', () => {
  const smtp: Turn[] = [
    ['S', '220 lab.example\r\n'],
    ['C', 'EHLO client.example\r\n'],
    ['S', '250 STARTTLS\r\n'],
  ];
  const cases: [name: string, turns: Turn[], expected: [client: Beginning, server: Beginning]][] = [
    ['without a request', smtp, ['waiting', 'waiting']],
    ['after a refusal, and plaintext', [...smtp, ['C', 'STARTTLS\r\n'], ['S', '454 no\r\n'], ['C', 'DATA\r\n']], ['other', 'other']],
    ['in a mail', [...smtp, ['C', 'DATA\r\n'], ['S', '354 go\r\n'], ['C', 'STARTTLS\r\n'], ['S', '220 go\r\n']], ['other', 'other']],
    ['in a mail whose answer comes late', [...smtp, ['C', 'DATA\r\nx\r\nSTARTTLS\r\n'], ['S', '354 go\r\n']], ['other', 'other']],
    ['in a chunk of a mail', [...smtp, ['C', 'BDAT 10 LAST\r\nSTARTTLS\r\n'], ['S', '250 ok\r\n']], ['other', 'other']],
    ['for a word within a line', [...smtp, ['C', 'NOOP STARTTLS\r\n'], ['S', '250 ok\r\n']], ['waiting', 'waiting']],
    ['for a line that is not over', [...smtp, ['C', 'STARTTLS']], ['waiting', 'waiting']],
    ['for a word at the end of a long line', [...smtp, ['C', 'x'.repeat(300)], ['C', 'STARTTLS\r\n']], ['waiting', 'waiting']],
    [
      'when the server says STARTTLS',
      [
        ['S', '220 x\r\nSTARTTLS\r\n'],
        ['C', 'NOOP\r\n'],
      ],
      ['waiting', 'waiting'],
    ],
    [
      'for an IMAP literal',
      [
        ['S', '* OK\r\n'],
        ['C', 'a APPEND x {12}\r\n'],
        ['C', 'b STARTTLS\r\n'],
      ],
      ['other', 'other'],
    ],
    [
      'for POP3 in a mail',
      [
        ['S', '+OK\r\n'],
        ['C', 'RETR 1\r\n'],
        ['S', '+OK\r\nSTLS\r\n'],
      ],
      ['other', 'other'],
    ],
    [
      'for text in XMPP',
      [
        ['C', `${stream}>`],
        ['C', '<body>x &lt;starttls/></body>'],
      ],
      ['waiting', 'waiting'],
    ],
    ['for another extended request', [['C', '#301d02010177188016312e332e362e312e342e312e313436362e3230303338']], ['other', 'other']],
    [
      'for PostgreSQL without encryption',
      [
        ['C', '#0000000804d2162f'],
        ['S', 'N'],
        ['C', '#0000005300030000'],
      ],
      ['other', 'other'],
    ],
    [
      'for PostgreSQL with GSSAPI',
      [
        ['C', '#0000000804d21630'],
        ['S', 'G'],
      ],
      ['other', 'other'],
    ],
    [
      'for MySQL without TLS',
      [
        ['S', mysqlGreeting],
        ['C', `#5400000105a6030000000001${'00'.repeat(76)}`],
      ],
      ['other', 'other'],
    ],
    ['behind a header that is wrong', [['C', 'PROXY TCP4 1.2.3.4\r\n']], ['other', 'other']],
    [
      'behind two headers',
      [
        ['C', proxyV1],
        ['C', proxyV1],
      ],
      ['other', 'other'],
    ],
    [
      'for HTTP behind a header',
      [
        ['C', proxyV1],
        ['C', 'GET / HTTP/1.1\r\n\r\n'],
      ],
      ['other', 'other'],
    ],
    ['for HTTP', [['C', 'GET / HTTP/1.1\r\n\r\n']], ['not followed', 'not followed']],
  ];
  it.each(cases)('%s', (_, turns, [client, server]) => {
    const [foundClient, foundServer] = play(payloadsOf(turns));
    expect(foundClient).toBe(client);
    // Where one side is given up, the other one is no more looked at.
    expect(['other', 'waiting']).toContain(foundServer === 'not followed' ? 'other' : foundServer);
    if (client === 'waiting') expect(foundServer).toBe(server);
  });

  it.each(conversations)('with other bytes than a hello: %s', (_, turns) => {
    for (const text of ['#160301009502', '#160201009501', '#170301009501', '#160301000001', '#16030148010101', 'NOOP\r\n']) {
      const payloads: Payload[] = [...payloadsOf(turns).slice(0, -2), ['C', bytesOf(text)], ['S', bytesOf('#160303000101')]];
      for (const beginning of play(payloads)) expect(['waiting', 'other']).toContain(beginning);
    }
  });
});

describe('a gap', () => {
  const gap = new Uint8Array(0);
  const [, turns] = conversations[0];
  const [client, server] = lengths(turns);

  it.each(turns.map(([side], i) => [i, side] as const))('instead of payload %i (of %s) costs nothing but the bytes', (i, side) => {
    const payloads = payloadsOf(turns).with(i, [side, gap]);
    if (i === 0) payloads.splice(0, 2, payloads[1], payloads[0]);
    const missing = bytesOf(turns[i][1]).length;
    const found = play(payloads);
    expect(found).toEqual(side === 'C' ? [client - missing, server] : [client, server - missing]);
  });

  it('is followed by a hello at the beginning of a payload only', () => {
    const payloads = payloadsOf(turns).toSpliced(3, 1, ['C', gap], ['C', concat(bytesOf('STARTTLS\r\n'), clientHello)]);
    expect(play(payloads.slice(0, -2))).toEqual(['waiting', 'waiting']);
    expect(play([...payloads.slice(0, -2), ['C', clientHello.subarray(0, 5)]])).toEqual(['waiting', 'waiting']);
  });

  it('in one direction is searched for records once TLS has begun in the other', () => {
    const payloads = payloadsOf(turns);
    expect(play(payloads.toSpliced(-1, 1, ['S', gap], ['S', bytesOf('#010203')]))).toEqual([client, 'lost']);
    expect(play(payloads.toSpliced(-2, 2, ['C', gap], ['S', serverHello], ['C', bytesOf('#010203')]))).toEqual(['lost', server]);
    expect(play(payloads.toSpliced(-1, 1, ['S', gap], ['S', serverHello]))).toEqual([client, server]);
  });

  it('of a connection that nobody follows is nothing', () => {
    const preambles = new Preambles();
    preambles.gap(NUMBER, 0);
    expect(preambles.read(NUMBER, 0, clientHello, 0, clientHello.length)).toBe(OTHER);
  });
});

describe('what is kept', () => {
  function open(preambles: Preambles, connection: number, text: string, direction: Direction = 0): number {
    const bytes = bytesOf(text);
    preambles.open(connection);
    return preambles.read(connection, direction, bytes, 0, bytes.length);
  }

  it('of a PROXY header is its client, until it is forgotten', () => {
    const preambles = new Preambles();
    open(preambles, 7, proxyV1);
    expect(preambles.read(7, 0, clientHello, 0, clientHello.length)).toBe(0);
    expect(preambles.read(7, 1, serverHello, 0, serverHello.length)).toBe(0);
    expect(preambles.proxied(7)).toEqual({ address: '10.9.0.101', port: 42027 });
    expect(preambles.proxied(8)).toBe(null);
    preambles.forget(7);
    expect(preambles.proxied(7)).toBe(null);
  });

  it('of a header without addresses is nothing', () => {
    const preambles = new Preambles();
    open(preambles, 7, 'PROXY UNKNOWN\r\n');
    expect(preambles.proxied(7)).toBe(null);
  });

  it('of a connection goes with the one that takes its number', () => {
    const preambles = new Preambles();
    open(preambles, 7, proxyV1);
    open(preambles, 7, '220 lab.example\r\n');
    expect(preambles.proxied(7)).toBe(null);
    expect(preambles.read(7, 1, clientHello, 0, clientHello.length)).toBe(WAITING);
  });

  it('ends when it is not TLS', () => {
    const preambles = new Preambles();
    expect(open(preambles, 7, `${proxyV1}474554202f`)).toBe(OTHER);
    expect(preambles.proxied(7)).toBe(null);
    expect(preambles.read(7, 0, clientHello, 0, clientHello.length)).toBe(OTHER);
  });

  it('ends after too many payloads', () => {
    const preambles = new Preambles({ payloads: 5 });
    open(preambles, 7, '220 lab.example\r\n');
    const line = bytesOf('250-x\r\n');
    for (let i = 0; i < 4; i++) expect(preambles.read(7, 0, line, 0, line.length)).toBe(WAITING);
    expect(preambles.read(7, 0, line, 0, line.length)).toBe(OTHER);
  });

  it('ends after too many bytes, each direction by itself', () => {
    const preambles = new Preambles({ bytes: 100 });
    open(preambles, 7, '220 lab.example\r\n');
    const line = bytesOf(`${'x'.repeat(78)}\r\n`);
    expect(preambles.read(7, 1, line, 0, line.length)).toBe(WAITING);
    expect(preambles.read(7, 0, line, 0, line.length)).toBe(WAITING);
    expect(preambles.read(7, 0, line, 0, line.length)).toBe(WAITING);
    expect(preambles.read(7, 0, line, 0, line.length)).toBe(OTHER);
  });

  it('is some connections at a time', () => {
    const preambles = new Preambles({ connections: 3, proxied: 2 });
    for (let connection = 0; connection < 5; connection++) open(preambles, connection, proxyV2);
    const outcomes = [0, 1, 2, 3, 4].map((connection) => preambles.read(connection, 0, clientHello, 0, clientHello.length));
    expect(outcomes).toEqual([OTHER, OTHER, 0, 0, 0]);
    expect([0, 1, 2, 3, 4].map((connection) => preambles.proxied(connection) !== null)).toEqual([false, false, false, true, true]);
    expect(preambles.evicted).toBe(2);
  });

  it('is soon found to be the oldest', () => {
    const preambles = new Preambles();
    const time = processorTime(() => {
      for (let connection = 0; connection < 300_000; connection++) preambles.open(connection);
    });
    expect(time).toBeLessThan(2000);
    expect(preambles.evicted).toBeGreaterThanOrEqual(300_000 - (1 << 16));
  });
});

describe('hostile bytes', () => {
  const words = conversations.flatMap(([, turns]) => turns.map(([, text]) => bytesOf(text)));
  const piece = fc.oneof(
    fc.constantFrom(...words, clientHello, serverHello, alert, bytesOf('\r\n'), bytesOf('#16'), bytesOf('#3084ffffffff0201')),
    fc.uint8Array({ maxLength: 200 }),
  );

  it('are survived', () => {
    const payload = fc.tuple(fc.constantFrom<Side>('C', 'S'), fc.array(piece, { maxLength: 3 }), fc.nat(20));
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 20 }), (payloads) => {
        const preambles = new Preambles();
        preambles.open(NUMBER);
        for (const [side, parts, cut] of payloads) {
          const bytes = concat(...parts).subarray(cut);
          const direction = side === 'C' ? CLIENT : 0;
          if (bytes.length === 0) {
            preambles.gap(NUMBER, direction);
            continue;
          }
          const outcome = preambles.read(NUMBER, direction, bytes, 0, bytes.length);
          if (outcome < 0) expect([WAITING, OTHER, LOST]).toContain(outcome);
          else expect([0x15, 0x16]).toContain(bytes[outcome]);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('take time by their number only', () => {
    const texts = ['\n', '>', '0\0', '220-x', '\0'].map((text) => text.repeat(16_000));
    const time = processorTime(() => {
      for (const [, turns] of conversations) {
        for (const text of texts)
          play([
            [turns[0][0], bytesOf(turns[0][1])],
            ['C', bytesOf(text)],
            ['S', bytesOf(text)],
          ]);
      }
    });
    expect(time).toBeLessThan(4000);
  });
});
