/** Packets and frames inside of others, as tunnels, mirrors and access networks make them. */
import { concat } from './packets.js';

const u16 = (value: number) => Uint8Array.of(value >> 8, value & 0xff);
const u32 = (value: number) => concat([u16(value >>> 16), u16(value & 0xffff)]);
const bytes = (...values: number[]) => Uint8Array.from(values);
const MACS = bytes(2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1);
const IPV6_ADDRESSES = concat([
  bytes(0x20, 1, 0xd, 0xb8, ...new Array(11).fill(0), 1),
  bytes(0x20, 1, 0xd, 0xb8, ...new Array(11).fill(0), 2),
]);

const ETHERNET_HEADER_BYTES = 14;

/** The IP packet in an Ethernet frame, without padding. */
export function packetOf(frame: Uint8Array): Uint8Array {
  const isIpv6 = frame[12] === 0x86;
  const packet = frame.subarray(ETHERNET_HEADER_BYTES);
  const length = isIpv6 ? 40 + ((packet[4] << 8) | packet[5]) : (packet[2] << 8) | packet[3];
  return packet.subarray(0, length);
}

const etherTypeOf = (packet: Uint8Array) => (packet[0] >> 4 === 6 ? 0x86dd : 0x0800);

export function ethernet(etherType: number, payload: Uint8Array): Uint8Array {
  return concat([MACS, u16(etherType), payload]);
}

export interface Ipv4Options {
  identification?: number;
  /** The field with flags and offset. */
  fragment?: number;
}

export function ipv4(protocol: number, payload: Uint8Array, { identification = 1, fragment = 0 }: Ipv4Options = {}): Uint8Array {
  const header = concat([
    bytes(0x45, 0),
    u16(20 + payload.length),
    u16(identification),
    u16(fragment),
    bytes(64, protocol, 0, 0),
    bytes(192, 0, 2, 1, 192, 0, 2, 2),
  ]);
  const sum = checksum(header);
  header.set(u16(sum), 10);
  return concat([header, payload]);
}

function checksum(header: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < header.length; i += 2) sum += (header[i] << 8) | header[i + 1];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

export function ipv6(next: number, payload: Uint8Array): Uint8Array {
  return concat([bytes(0x60, 0, 0, 0), u16(payload.length), bytes(next, 64), IPV6_ADDRESSES, payload]);
}

export function udp(port: number, payload: Uint8Array): Uint8Array {
  return concat([u16(50_000), u16(port), u16(8 + payload.length), u16(0), payload]);
}

function gre(flags: number, etherType: number, fields: Uint8Array, payload: Uint8Array): Uint8Array {
  return concat([u16(flags), u16(etherType), fields, payload]);
}

const NONE = new Uint8Array(0);
const vxlanHeader = bytes(8, 0, 0, 0, 0, 0, 7, 0);
const erspan2 = bytes(0x10, 0, 0, 1, 0, 0, 0, 0);
const erspan3 = (subheader: boolean) =>
  concat([bytes(0x20, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, subheader ? 1 : 0), new Uint8Array(subheader ? 8 : 0)]);
const ppp = (packet: Uint8Array) => concat([u16(packet[0] >> 4 === 6 ? 0x57 : 0x21), packet]);
const pppoe = (packet: Uint8Array) => concat([bytes(0x11, 0, 0, 1), u16(packet.length + 2), ppp(packet)]);
const gtp = (flags: number, more: Uint8Array, packet: Uint8Array) =>
  concat([bytes(flags, 255), u16(packet.length + more.length), u32(0x1234), more, packet]);
const snap = (packet: Uint8Array) => concat([bytes(0xaa, 0xaa, 3, 0, 0, 0), u16(etherTypeOf(packet)), packet]);
const greIpv4 = (packet: Uint8Array) => ethernet(0x0800, ipv4(47, gre(0, etherTypeOf(packet), NONE, packet)));
const vxlan = (frame: Uint8Array, port = 4789) => ethernet(0x0800, ipv4(17, udp(port, concat([vxlanHeader, frame]))));

export interface Encapsulation {
  name: string;
  linkType: number;
  /** @param frame an Ethernet frame, `packet` the IP packet in it */
  wrap(frame: Uint8Array, packet: Uint8Array): Uint8Array;
  /** Why Wireshark 4.0 shows something else. */
  differs?: string;
}

const on = (name: string, linkType: number, wrap: Encapsulation['wrap'], differs?: string): Encapsulation => ({
  name,
  linkType,
  wrap,
  ...(differs !== undefined && { differs }),
});

export const encapsulations: readonly Encapsulation[] = [
  on('MPLS, one label', 1, (_, p) => ethernet(0x8847, concat([bytes(0, 1, 1, 64), p]))),
  on('MPLS, three labels', 1, (_, p) => ethernet(0x8847, concat([bytes(0, 1, 0, 64, 0, 2, 0, 64, 0, 3, 1, 64), p]))),
  on(
    'MPLS, an Ethernet pseudowire with control word',
    1,
    (f) => ethernet(0x8847, concat([bytes(0, 1, 1, 64, 0, 0, 0, 0), f])),
    'it asks whether it knows the makers of the network cards',
  ),
  on('VLAN and MPLS', 1, (_, p) => ethernet(0x8100, concat([bytes(0, 5, 0x88, 0x47, 0, 1, 1, 64), p]))),
  on('PPPoE', 1, (_, p) => ethernet(0x8864, pppoe(p))),
  on('LLC and SNAP', 1, (_, p) => ethernet(p.length + 8, snap(p))),
  on('PPP', 9, (_, p) => ppp(p)),
  on('PPP with address and control', 9, (_, p) => concat([bytes(0xff, 3), ppp(p)])),
  on('PPP in HDLC', 50, (_, p) => concat([bytes(0xff, 3), ppp(p)])),
  on('PPPoE without Ethernet', 51, (_, p) => pppoe(p)),
  on('Cisco HDLC', 104, (_, p) => concat([bytes(0x0f, 0), u16(etherTypeOf(p)), p])),
  on('MPLS without Ethernet', 219, (_, p) => concat([bytes(0, 1, 1, 64), p]), 'it does not know this link type'),
  on('802.11', 105, (_, p) => concat([bytes(0x08, 0x01), new Uint8Array(22), snap(p)])),
  on('802.11 with QoS and four addresses', 105, (_, p) => concat([bytes(0x88, 0x03), new Uint8Array(28), bytes(0, 0), snap(p)])),
  on('802.11 behind radiotap', 127, (_, p) => concat([bytes(0, 0, 8, 0, 0, 0, 0, 0, 0x08, 0x02), new Uint8Array(22), snap(p)])),
  on('GRE', 1, (_, p) => greIpv4(p)),
  on('GRE with checksum, key and sequence number', 1, (_, p) =>
    ethernet(0x0800, ipv4(47, gre(0xb000, etherTypeOf(p), concat([u32(0), u32(7), u32(1)]), p))),
  ),
  on('GRE, Ethernet inside', 1, (f) => ethernet(0x0800, ipv4(47, gre(0x2000, 0x6558, u32(7), f)))),
  on('GRE, MPLS inside', 1, (_, p) => ethernet(0x0800, ipv4(47, gre(0, 0x8847, NONE, concat([bytes(0, 1, 1, 64), p]))))),
  on('GRE of PPTP', 1, (_, p) =>
    ethernet(0x0800, ipv4(47, gre(0x3081, 0x880b, concat([u16(p.length + 4), u16(7), u32(1), u32(2)]), concat([bytes(0xff, 3), ppp(p)])))),
  ),
  on('GRE over IPv6', 1, (_, p) => ethernet(0x86dd, ipv6(47, gre(0, etherTypeOf(p), NONE, p)))),
  on('ERSPAN I', 1, (f) => ethernet(0x0800, ipv4(47, gre(0, 0x88be, NONE, f)))),
  on('ERSPAN II', 1, (f) => ethernet(0x0800, ipv4(47, gre(0x1000, 0x88be, u32(1), concat([erspan2, f]))))),
  on('ERSPAN III', 1, (f) => ethernet(0x0800, ipv4(47, gre(0x1000, 0x22eb, u32(1), concat([erspan3(false), f]))))),
  on('ERSPAN III with a subheader', 1, (f) => ethernet(0x0800, ipv4(47, gre(0x1000, 0x22eb, u32(1), concat([erspan3(true), f]))))),
  on('IP in IPv4', 1, (_, p) => ethernet(0x0800, ipv4(p[0] >> 4 === 6 ? 41 : 4, p))),
  on('IP in IPv6', 1, (_, p) => ethernet(0x86dd, ipv6(p[0] >> 4 === 6 ? 41 : 4, p))),
  on('EtherIP', 1, (f) => ethernet(0x0800, ipv4(97, concat([bytes(0x30, 0), f])))),
  on('MPLS in IP', 1, (_, p) => ethernet(0x0800, ipv4(137, concat([bytes(0, 1, 1, 64), p])))),
  on('MPLS in UDP', 1, (_, p) => ethernet(0x0800, ipv4(17, udp(6635, concat([bytes(0, 1, 1, 64), p]))))),
  on('VXLAN', 1, (f) => vxlan(f)),
  on('VXLAN over IPv6', 1, (f) => ethernet(0x86dd, ipv6(17, udp(4789, concat([vxlanHeader, f]))))),
  on('VXLAN on the port of Linux', 1, (f) => vxlan(f, 8472), 'it knows the port 4789 only'),
  on('VXLAN-GPE', 1, (_, p) => ethernet(0x0800, ipv4(17, udp(4790, concat([bytes(0x0c, 0, 0, p[0] >> 4 === 6 ? 2 : 1, 0, 0, 7, 0), p]))))),
  on('Geneve, Ethernet inside', 1, (f) => ethernet(0x0800, ipv4(17, udp(6081, concat([bytes(0, 0, 0x65, 0x58, 0, 0, 7, 0), f]))))),
  on('Geneve with options, IP inside', 1, (_, p) =>
    ethernet(0x0800, ipv4(17, udp(6081, concat([bytes(2, 0), u16(etherTypeOf(p)), bytes(0, 0, 7, 0), new Uint8Array(8), p])))),
  ),
  on('GTP-U', 1, (_, p) => ethernet(0x0800, ipv4(17, udp(2152, gtp(0x30, NONE, p))))),
  on('GTP-U with an extension header', 1, (_, p) => ethernet(0x0800, ipv4(17, udp(2152, gtp(0x34, bytes(0, 0, 0, 0x85, 1, 0, 9, 0), p))))),
  on('VXLAN in GRE', 1, (f) => greIpv4(packetOf(vxlan(f)))),
  on('GRE in VXLAN in GRE', 1, (_, p) => greIpv4(packetOf(vxlan(greIpv4(p))))),
];

/** An IPv4 packet in Ethernet frames of fragments that carry `size` bytes each, a multiple of 8. */
export function fragments(packet: Uint8Array, size: number, identification: number): Uint8Array[] {
  const headerBytes = (packet[0] & 0x0f) * 4;
  const payload = packet.subarray(headerBytes);
  const frames: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += size) {
    const part = payload.subarray(at, at + size);
    const header = packet.slice(0, headerBytes);
    header.set(u16(headerBytes + part.length), 2);
    header.set(u16(identification), 4);
    header.set(u16((at + size < payload.length ? 0x2000 : 0) | (at / 8)), 6);
    header.set(u16(0), 10);
    header.set(u16(checksum(header)), 10);
    frames.push(ethernet(0x0800, concat([header, part])));
  }
  return frames;
}

/** The same of an IPv6 packet, by fragment headers (RFC 8200 4.5). */
export function fragments6(packet: Uint8Array, size: number, identification: number): Uint8Array[] {
  const payload = packet.subarray(40);
  const frames: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += size) {
    const part = payload.subarray(at, at + size);
    const header = packet.slice(0, 40);
    header.set(u16(8 + part.length), 4);
    header[6] = 44;
    const field = at | (at + size < payload.length ? 1 : 0);
    frames.push(ethernet(0x86dd, concat([header, bytes(packet[6], 0), u16(field), u32(identification), part])));
  }
  return frames;
}
