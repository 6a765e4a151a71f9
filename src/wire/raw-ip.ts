// IP packets with nothing before them: LINKTYPE_RAW, LINKTYPE_IPV4, LINKTYPE_IPV6 (tcpdump.org/linktypes).
import { MALFORMED, NOT_IP, TRUNCATED } from './outcome.js';

/** `offset` itself when an IP packet of either version begins there, or an outcome below 0. */
export function networkOffset(bytes: Uint8Array, offset: number, end: number): number {
  if (offset >= end) return TRUNCATED;
  const version = bytes[offset] >> 4;
  return version === 4 || version === 6 ? offset : NOT_IP;
}

/** The same where what came before says that it is IPv6. What announces IPv4 may carry IPv6 as well, to Wireshark too. */
export function ipv6Offset(bytes: Uint8Array, offset: number, end: number): number {
  if (offset >= end) return TRUNCATED;
  return bytes[offset] >> 4 === 6 ? offset : MALFORMED;
}
