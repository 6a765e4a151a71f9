// BSD loopback: LINKTYPE_NULL (address family in the byte order of the capturing machine), LINKTYPE_LOOP (in network order).
import { NOT_IP, TRUNCATED } from './outcome.js';
import * as rawIp from './raw-ip.js';

const HEADER_BYTES = 4;

/** The same everywhere. */
const AF_INET = 2;

/** Offset of the IP header behind an address family in either byte order, or an outcome below 0. */
export function networkOffset(bytes: Uint8Array, offset: number, end: number): number {
  if (offset + HEADER_BYTES > end) return TRUNCATED;
  const family = addressFamily(bytes, offset);
  if (family === AF_INET) return rawIp.networkOffset(bytes, offset + HEADER_BYTES, end);
  return isIpv6(family) ? rawIp.ipv6Offset(bytes, offset + HEADER_BYTES, end) : NOT_IP;
}

/** Families are small numbers: the half that is not zero holds it, in the byte order that makes it small. */
function addressFamily(bytes: Uint8Array, offset: number): number {
  const high = (bytes[offset] << 8) | bytes[offset + 1];
  const low = (bytes[offset + 2] << 8) | bytes[offset + 3];
  if (high === 0) return low;
  return low === 0 ? bytes[offset] | (bytes[offset + 1] << 8) : -1;
}

/** AF_INET6: 10 on Linux, 23 on Windows, 24, 28 and 30 on the BSDs and macOS. */
function isIpv6(family: number): boolean {
  return family === 10 || family === 23 || family === 24 || family === 28 || family === 30;
}
