import * as ipv4 from '../../src/wire/ipv4.js';
import * as ipv6 from '../../src/wire/ipv6.js';
import { networkOffset } from '../../src/wire/link.js';
import { FRAGMENT, MALFORMED, NOT_IP, NOT_TCP, TRUNCATED, UNSUPPORTED } from '../../src/wire/outcome.js';
import * as tcp from '../../src/wire/tcp.js';
import { bytesOf, joined, patched } from './rows.js';

export interface Decoded {
  /** Where the payload begins, from the start of the frame; or the first outcome below 0. */
  payload: number;
  /** Payload bytes on the wire. */
  length: number | null;
  /** Wireshark numbers it: the TCP header could be read, even if it is nonsense. */
  counts: boolean;
}

/** A frame through all layers, as the library does it. */
export function decode(linkType: number, bytes: Uint8Array, offset: number, end: number, wireLength: number): Decoded {
  const none = (outcome: number): Decoded => ({ payload: outcome, length: null, counts: false });
  const network = networkOffset(linkType, bytes, offset, end);
  if (network < 0) return none(network);
  const ip = bytes[network] >> 4 === 6 && network < end ? ipv6 : ipv4;
  const transport = ip === ipv4 ? ipv4.transportOffset(bytes, network, end) : tcpOffset6(bytes, network, end);
  if (transport < 0) return none(transport);
  const wireEnd = ip.payloadEnd(bytes, network, offset + wireLength);
  if (wireEnd < 0) return none(wireEnd);
  const payload = tcp.payloadOffset(bytes, transport, Math.min(end, wireEnd), wireEnd);
  if (payload < 0) return { ...none(payload), counts: payload !== TRUNCATED };
  return { payload: payload - offset, length: wireEnd - payload, counts: true };
}

function tcpOffset6(bytes: Uint8Array, network: number, end: number): number {
  const upper = ipv6.upperLayer(bytes, network, end);
  if (upper < 0) return upper;
  if (ipv6.protocolOf(upper) !== tcp.PROTOCOL) return NOT_TCP;
  return ipv6.offsetOf(upper) > end ? TRUNCATED : ipv6.offsetOf(upper);
}

export interface Frame {
  name: string;
  linkType: number;
  bytes: Uint8Array;
  /** Where it was longer than what was captured. */
  wireLength?: number;
  /** Payload bytes on the wire, or the outcome. */
  expected: number;
  /** Why Wireshark 4.0 shows something else. */
  differs?: string;
}

const macs = bytesOf('020000000002 020000000001');
const ipv4Header = bytesOf(`
  45 00 0032          # version 4, 20 bytes; total length 50
  1234 4000           # identification; don't fragment
  40 06 0000          # hop limit, TCP, checksum
  c0000201 c6336402   # 192.0.2.1, 198.51.100.2`);
const ipv6Header = bytesOf(`
  60000000 001e 06 40                # version 6; payload length 30, TCP, hop limit
  20010db8000000000000000000000001
  20010db8000000000000000000000002`);
const tcpSegment = bytesOf(`
  c001 01bb            # 49153 to 443
  00000001 00000001    # sequence, acknowledgment
  50 10 0400 0000 0000 # 20 bytes; ACK; window, checksum, urgent
  00010203040506070809 # payload`);
const ip4 = joined(ipv4Header, tcpSegment);
const ip6 = joined(ipv6Header, tcpSegment);
const eth4 = joined(macs, '0800', ip4);
const eth6 = joined(macs, '86dd', ip6);

/** Frames that have to come through: other tests cut them at every length. */
export const good: Frame[] = [
  { name: 'Ethernet, IPv4', linkType: 1, bytes: eth4, expected: 10 },
  { name: 'Ethernet, IPv6', linkType: 1, bytes: eth6, expected: 10 },
  { name: 'IPv6 behind the EtherType of IPv4', linkType: 1, bytes: joined(macs, '0800', ip6), expected: 10 },
  ...tagged('8100 0005'),
  ...tagged('88a8 0005 8100 0006'),
  ...tagged('9100 0005 8100 0006'),
  ...tagged('9200 0005', 'no such tag in Wireshark'),
  ...tagged('9300 0005', 'no such tag in Wireshark'),
  ...tagged('8100 0005'.repeat(10)),
  ...[12, 14, 101, 228].map((linkType) => ({ name: `raw ${linkType}, IPv4`, linkType, bytes: ip4, expected: 10 })),
  ...[12, 14, 101, 228, 229].map((linkType) => ({ name: `raw ${linkType}, IPv6`, linkType, bytes: ip6, expected: 10 })),
  ...[0, 108].flatMap((linkType) => loopback(linkType)),
  ...cooked('0800', ip4),
  ...cooked('86dd', ip6),
  ...cooked('8100', joined('0005 0800', ip4)),
  ...cooked('88a8', joined('0005 8100 0006 86dd', ip6)),
  on4('IPv4 options', { 14: '48 00 003e' }, 34, '01'.repeat(12)),
  on4('an IPv4 packet with a reserved flag', { 20: '8000' }),
  on4('padding behind the IP packet', { 16: '0028' }, eth4.length, '', 0),
  on4('TCP options', { 16: '003e', 46: '80' }, 54, '01'.repeat(12)),
  on4('TCP port 0', { 34: '0000 0000' }),
  ...extension('hop-by-hop options', 0, '06 00 0104 00000000'),
  ...extension('a routing header', 43, `06 02 ${'00'.repeat(22)}`),
  ...extension('destination options', 60, '06 00 0104 00000000'),
  ...extension('an authentication header', 51, `06 04 ${'00'.repeat(22)}`),
  ...extension('a shim6 header', 140, '06 00 000000000000'),
  ...extension('an atomic fragment header', 44, '06 00 0000 00000001'),
  ...extension('reserved bits in the fragment header', 44, '06 ff 0006 00000001'),
  ...extension('several extension headers', 0, '3c 00 0104 00000000 2c 00 0104 00000000 06 00 0000 00000001'),
  ...extension('30 extension headers', 60, `${'3c 00 0104 00000000'.repeat(29)} 06 00 0104 00000000`),
];

/** Frames in which something is odd. */
export const odd: Frame[] = [
  on4('total length 0: segmentation offload', { 16: '0000' }),
  on4('total length greater than the frame', { 16: '01f4' }, eth4.length, '', 460, 'it clips to the frame'),
  on4('total length of the header alone', { 16: '0014' }, eth4.length, '', TRUNCATED),
  on4('total length within the header', { 16: '0013' }, eth4.length, '', MALFORMED),
  on4('total length within the TCP header', { 16: '0023' }, eth4.length, '', TRUNCATED),
  on4('total length just before the end of the TCP header', { 16: '0027' }, eth4.length, '', MALFORMED),
  on4('no payload', { 16: '0028' }, eth4.length, '', 0),
  on4('IP version 5', { 14: '55' }, eth4.length, '', MALFORMED),
  on4('a header of 16 bytes', { 14: '44' }, eth4.length, '', MALFORMED),
  on4('a header of 60 bytes in 50', { 14: '4f' }, eth4.length, '', TRUNCATED),
  on4('UDP', { 23: '11' }, eth4.length, '', NOT_TCP),
  on4('a fragment of UDP', { 20: '2000', 23: '11' }, eth4.length, '', NOT_TCP),
  on4('the first fragment', { 20: '2000' }, eth4.length, '', FRAGMENT),
  on4('another fragment', { 20: '2005' }, eth4.length, '', FRAGMENT),
  on4('the last fragment', { 20: '0005' }, eth4.length, '', FRAGMENT),
  on4('ARP', { 12: '0806' }, eth4.length, '', NOT_IP),
  on4('a length for an EtherType', { 12: '0032' }, eth4.length, '', NOT_IP),
  on4('IPv4 behind the EtherType of IPv6', { 12: '86dd' }, eth4.length, '', MALFORMED),
  on4('a TCP header of 16 bytes', { 46: '40' }, eth4.length, '', MALFORMED),
  on4('a TCP header of 0 bytes', { 46: '00' }, eth4.length, '', MALFORMED),
  on4('a TCP header longer than the packet', { 46: 'f0' }, eth4.length, '', MALFORMED),
  on4('a TCP header as long as the packet', { 16: '0034', 46: '80' }, 54, '01'.repeat(12), 0),
  ...[12, 15].map((captured) => cut(captured, TRUNCATED)),
  ...[16, 17, 19, 20].map((captured) => cut(captured, 10)),
  { name: 'nothing but tags', linkType: 1, bytes: joined(macs, '8100 0005'.repeat(50), '0800', ip4), expected: NOT_IP },
  { name: 'IPv6 of no length', linkType: 1, bytes: patched(eth6, { 18: '0000' }), expected: 10, differs: 'no offload for IPv6' },
  { name: 'IPv6 cut in the TCP header', linkType: 1, bytes: patched(eth6, { 18: '000a' }), expected: TRUNCATED },
  {
    name: 'IPv6 longer than its frame',
    linkType: 1,
    bytes: patched(eth6, { 18: '03e8' }),
    expected: 980,
    differs: 'it clips to the frame',
  },
  ...extension('the first fragment', 44, '06 00 0001 00000001', FRAGMENT),
  ...extension('another fragment', 44, '06 00 0009 00000002', FRAGMENT),
  ...extension('the last fragment', 44, '06 00 0008 00000003', FRAGMENT),
  ...extension('a fragment of UDP', 44, '11 00 0001 00000001', FRAGMENT),
  ...extension('ESP', 50, '06 00 000000000000', NOT_TCP),
  ...extension('nothing next', 59, '06 00 000000000000', NOT_TCP),
  ...extension('a mobility header', 135, '06 00 000000000000', NOT_TCP),
  ...extension('a HIP header', 139, '06 00 000000000000', NOT_TCP),
  ...extension('UDP', 17, '06 00 000000000000', NOT_TCP),
  ...extension('an extension header longer than the packet', 60, '06 ff 0104 00000000', TRUNCATED),
  { name: 'raw 101, version 5', linkType: 101, bytes: patched(ip4, { 0: '55' }), expected: NOT_IP },
  { name: 'raw 229, IPv4', linkType: 229, bytes: ip4, expected: MALFORMED },
  { name: 'loopback, no family', linkType: 0, bytes: joined('00000000', ip4), expected: NOT_IP },
  { name: 'loopback, AppleTalk', linkType: 0, bytes: joined('10000000', ip4), expected: NOT_IP },
  { name: 'loopback, IPv4 in the family of IPv6', linkType: 0, bytes: joined('1e000000', ip4), expected: MALFORMED },
  ...cooked('0800', ip4, '0338', NOT_IP), // netlink
  ...cooked('0004', ip4, '0001', NOT_IP), // 802.2
  { name: 'a link type that is not decoded', linkType: 147, bytes: ip4, expected: UNSUPPORTED },
];

function on4(name: string, changes: Record<number, string>, at = eth4.length, inserted = '', expected = 10, differs?: string): Frame {
  const bytes = patched(eth4, changes);
  return { name, linkType: 1, bytes: joined(bytes.subarray(0, at), inserted, bytes.subarray(at)), expected, ...(differs && { differs }) };
}

function cut(captured: number, expected: number): Frame {
  return { name: `${captured} bytes of TCP`, linkType: 1, bytes: eth4.slice(0, 34 + captured), wireLength: eth4.length, expected };
}

function tagged(tags: string, differs?: string): Frame[] {
  const frame = (type: string, ip: Uint8Array) => joined(macs, tags, type, ip);
  return [
    { name: `tags ${tags}, IPv4`, linkType: 1, bytes: frame('0800', ip4), expected: 10, ...(differs && { differs }) },
    { name: `tags ${tags}, IPv6`, linkType: 1, bytes: frame('86dd', ip6), expected: 10, ...(differs && { differs }) },
  ];
}

function loopback(linkType: number): Frame[] {
  return [2, 10, 23, 24, 28, 30].flatMap((family) => {
    const ip = family === 2 ? ip4 : ip6;
    const digits = family.toString(16).padStart(2, '0');
    return [`000000${digits}`, `${digits}000000`].map((header, order) => {
      const unknown = family === 10 || family === 23 ? 'no such family in Wireshark' : '';
      const differs = unknown || (linkType === 108 && order === 1 ? 'network order only' : '');
      return {
        name: `loopback ${linkType}, family ${header}`,
        linkType,
        bytes: joined(header, ip),
        expected: 10,
        ...(differs && { differs }),
      };
    });
  });
}

function cooked(protocol: string, rest: Uint8Array, arphrd = '0001', expected = 10): Frame[] {
  const v1 = joined(`0000 ${arphrd} 0006 0200000000010000 ${protocol}`, rest);
  const v2 = joined(`${protocol} 0000 00000002 ${arphrd} 00 06 0200000000010000`, rest);
  return [
    { name: `cooked v1, ${protocol}, ARPHRD ${arphrd}`, linkType: 113, bytes: v1, expected },
    { name: `cooked v2, ${protocol}, ARPHRD ${arphrd}`, linkType: 276, bytes: v2, expected },
  ];
}

function extension(name: string, next: number, rows: string, expected = 10): Frame[] {
  const headers = bytesOf(rows);
  const length = (headers.length + tcpSegment.length).toString(16).padStart(4, '0');
  const start = patched(eth6.slice(0, 54), { 18: length, 20: next.toString(16).padStart(2, '0') });
  return [{ name: `IPv6: ${name}`, linkType: 1, bytes: joined(start, headers, tcpSegment), expected }];
}
