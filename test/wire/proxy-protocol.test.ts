import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/bytes/hex.js';
import { type ProxyOutcome, readProxyHeader } from '../../src/wire/proxy-protocol.js';

/** Text as it is, or hex after `#`. */
function bytesOf(text: string): Uint8Array {
  return text.startsWith('#') ? (fromHex(text.slice(1).replace(/\s/g, '')) ?? new Uint8Array(0)) : new TextEncoder().encode(text);
}

/** In the middle of other bytes, which could be parts of a header. */
function read(bytes: Uint8Array): ProxyOutcome {
  const buffer = new Uint8Array(bytes.length + 200).fill(0x0a);
  buffer.set(bytes, 100);
  return readProxyHeader(buffer, 100, 100 + bytes.length);
}

function shown(outcome: ProxyOutcome): string {
  if (typeof outcome === 'string') return outcome;
  const [source, destination] = [outcome.source, outcome.destination].map((end) => (end ? `${end.address} ${end.port}` : '-'));
  return `${outcome.lengthBytes}: ${source} > ${destination}`;
}

const signature = '#0d0a0d0a000d0a515549540a';
const captured = {
  v1: '#50524f585920544350342031302e392e302e3130312031302e392e302e3120343230323720383438320d0a',
  v2: '#0d0a0d0a000d0a515549540a2111000c0a0900650a090001a6f12124',
};
const loopbacks = `${'00'.repeat(15)}01 20010db8${'00'.repeat(11)}02`;

const headers: [name: string, text: string, expected: string][] = [
  ['v1 of proxy-protocol-v1.pcap, frame 4', captured.v1, '43: 10.9.0.101 42027 > 10.9.0.1 8482'],
  ['v2 of proxy-protocol-v2.pcap, frame 4', captured.v2, '28: 10.9.0.101 42737 > 10.9.0.1 8484'],
  [
    'v1 with the longest IPv4',
    'PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n',
    '56: 255.255.255.255 65535 > 255.255.255.255 65535',
  ],
  ['v1 with IPv6', 'PROXY TCP6 2001:DB8::0:1 ::1 1 0\r\n', '34: 2001:db8::1 1 > ::1 0'],
  [
    'v1 with IPv6 in full',
    'PROXY TCP6 2001:0db8:0000:0000:0000:0000:0000:00ff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n',
    '104: 2001:db8::ff 65535 > ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535',
  ],
  ['v1 with an IPv4-mapped address', 'PROXY TCP6 ::ffff:192.0.2.1 fe80:: 5 6\r\n', '40: ::ffff:192.0.2.1 5 > fe80:: 6'],
  ['v1 UNKNOWN', 'PROXY UNKNOWN\r\n', '15: - > -'],
  ['v1 UNKNOWN as long as it can be', `PROXY UNKNOWN ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535\r\n`, '107: - > -'],
  ['v2 TCP over IPv6', `${signature}21 21 0024 ${loopbacks} 0001 01bb`, '52: ::1 1 > 2001:db8::2 443'],
  ['v2 UDP over IPv4', `${signature}21 12 000c 01020304 05060708 0009 000a`, '28: 1.2.3.4 9 > 5.6.7.8 10'],
  ['v2 with TLVs', `${signature}21 11 0013 01020304 05060708 0009 000a 04000401020304`, '35: 1.2.3.4 9 > 5.6.7.8 10'],
  ['v2 with TLVs that are still to come', `${signature}21 11 0fff 01020304 05060708 0009 000a`, '4111: 1.2.3.4 9 > 5.6.7.8 10'],
  ['v2 LOCAL', `${signature}20 00 0000`, '16: - > -'],
  ['v2 LOCAL with addresses', `${signature}20 11 000c 01020304 05060708 0009 000a`, '28: - > -'],
  ['v2 LOCAL of any family', `${signature}20 ff 0001 00`, '17: - > -'],
  ['v2 of no family', `${signature}21 00 0000`, '16: - > -'],
  ['v2 of no transport', `${signature}21 10 000c 01020304 05060708 0009 000a`, '28: - > -'],
  ['v2 UNIX stream', `${signature}21 31 00d8 ${'2f'.repeat(216)}`, '232: - > -'],
];

const others: [name: string, text: string, expected: 'none' | 'incomplete' | 'malformed'][] = [
  ['HTTP', 'GET / HTTP/1.1\r\n', 'none'],
  ['another word', 'PROXYING', 'none'],
  ['lower case', 'proxy TCP4 1.2.3.4 1.2.3.4 1 1\r\n', 'none'],
  ['empty lines', '\r\n\r\n\r\n', 'none'],
  ['a ClientHello', '#160301009501', 'none'],
  ['v1 of another family', 'PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n', 'malformed'],
  ['v1 with another family than its addresses', 'PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n', 'malformed'],
  ['v1 with a leading zero', 'PROXY TCP4 01.2.3.4 5.6.7.8 1 2\r\n', 'malformed'],
  ['v1 with an octet too large', 'PROXY TCP4 1.2.3.256 5.6.7.8 1 2\r\n', 'malformed'],
  ['v1 with a port too large', 'PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n', 'malformed'],
  ['v1 with a port that is none', 'PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n', 'malformed'],
  ['v1 without a port', 'PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n', 'malformed'],
  ['v1 with two blanks', 'PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n', 'malformed'],
  ['v1 with IPv6 of 7 groups', 'PROXY TCP6 1:2:3:4:5:6:7 ::1 1 2\r\n', 'malformed'],
  ['v1 with IPv6 shortened twice', 'PROXY TCP6 1::2::3 ::1 1 2\r\n', 'malformed'],
  ['v1 with IPv6 shortened by nothing', 'PROXY TCP6 1:2:3:4::5:6:7:8 ::1 1 2\r\n', 'malformed'],
  ['v1 with IPv6 of 5 digits', 'PROXY TCP6 12345:: ::1 1 2\r\n', 'malformed'],
  ['v1 with three colons', 'PROXY TCP6 1:::2 ::1 1 2\r\n', 'malformed'],
  ['v1 with a bare LF', 'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n', 'malformed'],
  ['v1 of 108 bytes', `PROXY UNKNOWN ${'x'.repeat(92)}\r\n`, 'malformed'],
  ['v1 without an end', `PROXY UNKNOWN ${'x'.repeat(93)}`, 'malformed'],
  ['v2 of version 1', `${signature}11 11 000c 01020304 05060708 0009 000a`, 'malformed'],
  ['v2 with another command', `${signature}22 11 000c 01020304 05060708 0009 000a`, 'malformed'],
  ['v2 of another family', `${signature}21 41 000c 01020304 05060708 0009 000a`, 'malformed'],
  ['v2 of another transport', `${signature}21 13 000c 01020304 05060708 0009 000a`, 'malformed'],
  ['v2 too short for its addresses', `${signature}21 21 000c 01020304 05060708 0009 000a`, 'malformed'],
  ['v2 that is too long', `${signature}21 11 1001 01020304 05060708 0009 000a`, 'malformed'],
  ['v2 without its addresses', `${signature}21 11 000c`, 'incomplete'],
];

describe('a PROXY header', () => {
  it.each(headers)('is read: %s', (_, text, expected) => expect(shown(read(bytesOf(text)))).toBe(expected));

  it.each(headers)('is the same with TLS behind it: %s', (_, text, expected) => {
    if (expected.startsWith('4111')) return;
    expect(shown(read(bytesOf(`#${toHex(bytesOf(text))}160301009501`)))).toBe(expected);
  });

  it.each(headers)('is incomplete up to its last address: %s', (_, text, expected) => {
    const bytes = bytesOf(text);
    const outcomes = Array.from(bytes, (_, length) => shown(read(bytes.subarray(0, length))));
    const needed = outcomes.includes(expected) ? outcomes.indexOf(expected) : bytes.length;
    expect(needed).toBeLessThanOrEqual(107);
    expect(new Set(outcomes.slice(0, needed))).toEqual(new Set(['incomplete']));
    expect(new Set(outcomes.slice(needed))).toEqual(new Set(needed < bytes.length ? [expected] : []));
  });

  it.each(others)('is not what this is: %s', (_, text, expected) => expect(shown(read(bytesOf(text)))).toBe(expected));

  it('survives damage', () => {
    const header = fc.constantFrom(...headers.map(([, text]) => bytesOf(text)));
    fc.assert(
      fc.property(header, fc.nat(300), fc.nat(255), fc.nat(300), (bytes, at, value, length) => {
        const outcome = read(bytes.with(at % bytes.length, value).subarray(0, length));
        if (typeof outcome !== 'string') expect(outcome.lengthBytes).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });
});
