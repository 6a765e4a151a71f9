// Packets in packets: where what an IP packet carries, which is not TCP, holds a packet of its own.
import * as geneve from './geneve.js';
import * as gre from './gre.js';
import * as gtpU from './gtp-u.js';
import { Inner, inner } from './inner.js';
import { NOT_TCP, TRUNCATED } from './outcome.js';
import { PROTOCOL as TCP } from './tcp.js';
import * as vxlan from './vxlan.js';

/** Numbers of the registry of IP protocols (iana.org). */
const Protocol = { ipInIp: 4, udp: 17, ipv6: 41, gre: 47, etherIp: 97, mpls: 137 } as const;

// EtherIP (RFC 3378): version 3 in the first four bits, then zeros
const ETHER_IP_HEADER_BYTES = 2;
const ETHER_IP_VERSION = 0x30;

// UDP (RFC 768): source port 0, destination port 2, length 4, checksum 6
const UDP_HEADER_BYTES = 8;

/** Whether a packet with this protocol may have TCP in it, of its own or in another packet. */
export function mayHoldTcp(protocol: number): boolean {
  switch (protocol) {
    case TCP:
    case Protocol.ipInIp:
    case Protocol.udp:
    case Protocol.ipv6:
    case Protocol.gre:
    case Protocol.etherIp:
    case Protocol.mpls:
      return true;
    default:
      return false;
  }
}

/**
 * What the IP packet carries at `offset`: its {@link inner} frame or packet; or an outcome below 0, NOT_TCP where it carries none.
 *
 * @param protocol what its header says
 * @param end after the last captured byte
 */
export function innerOf(protocol: number, bytes: Uint8Array, offset: number, end: number): number {
  switch (protocol) {
    case Protocol.udp:
      return innerOfUdp(bytes, offset, end);
    case Protocol.ipInIp:
    case Protocol.ipv6:
      return inner(Inner.ip, offset);
    case Protocol.gre:
      return gre.innerOf(bytes, offset, end);
    case Protocol.mpls:
      return inner(Inner.mpls, offset);
    case Protocol.etherIp:
      if (offset + ETHER_IP_HEADER_BYTES > end) return TRUNCATED;
      return bytes[offset] === ETHER_IP_VERSION ? inner(Inner.ethernet, offset + ETHER_IP_HEADER_BYTES) : NOT_TCP;
    default:
      return NOT_TCP;
  }
}

/** Nothing but the port tells what is inside; as in Wireshark the lower one counts first. */
function innerOfUdp(bytes: Uint8Array, offset: number, end: number): number {
  if (offset + UDP_HEADER_BYTES > end) return NOT_TCP;
  const source = (bytes[offset] << 8) | bytes[offset + 1];
  const destination = (bytes[offset + 2] << 8) | bytes[offset + 3];
  const found = innerOfPort(Math.min(source, destination), bytes, offset + UDP_HEADER_BYTES, end);
  return found === NOT_TCP ? innerOfPort(Math.max(source, destination), bytes, offset + UDP_HEADER_BYTES, end) : found;
}

function innerOfPort(port: number, bytes: Uint8Array, offset: number, end: number): number {
  switch (port) {
    case vxlan.PORT:
    case vxlan.LINUX_PORT:
      return vxlan.innerOf(bytes, offset, end);
    case vxlan.GPE_PORT:
      return vxlan.innerOfGpe(bytes, offset, end);
    case geneve.PORT:
      return geneve.innerOf(bytes, offset, end);
    case gtpU.PORT:
      return gtpU.innerOf(bytes, offset, end);
    case MPLS_PORT:
      return inner(Inner.mpls, offset);
    default:
      return NOT_TCP;
  }
}

/** MPLS in UDP (RFC 7510). */
const MPLS_PORT = 6635;
