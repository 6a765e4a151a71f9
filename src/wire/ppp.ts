// PPP (RFC 1661) with or without the address and control fields of HDLC (RFC 1662): LINKTYPE_PPP, LINKTYPE_PPP_HDLC.
import * as mpls from './mpls.js';
import { NOT_IP, TRUNCATED } from './outcome.js';
import * as rawIp from './raw-ip.js';

const ADDRESS = 0xff;
const CONTROL = 0x03;

/** Numbers of the PPP protocol registry (iana.org). */
const Protocol = { ipv4: 0x0021, ipv6: 0x0057, mpls: 0x0281 } as const;

/**
 * Offset of the IP header of the PPP frame at `offset`, or an outcome below 0.
 *
 * @param depth how many Ethernet frames it is in
 */
export function networkOffset(bytes: Uint8Array, offset: number, end: number, depth = 0): number {
  let next = offset;
  if (next + 2 <= end && bytes[next] === ADDRESS && bytes[next + 1] === CONTROL) next += 2;
  if (next + 2 > end) return TRUNCATED;
  // Compressed to one byte the protocol is odd; the first one of two is even (RFC 1661 6.5).
  const isCompressed = (bytes[next] & 1) !== 0;
  const protocol = isCompressed ? bytes[next] : (bytes[next] << 8) | bytes[next + 1];
  next += isCompressed ? 1 : 2;
  if (protocol === Protocol.ipv4) return rawIp.networkOffset(bytes, next, end);
  if (protocol === Protocol.ipv6) return rawIp.ipv6Offset(bytes, next, end);
  return protocol === Protocol.mpls ? mpls.networkOffset(bytes, next, end, depth) : NOT_IP;
}
