// The link types that are decoded (tcpdump.org/linktypes), each to where its IP header begins.
import * as ethernet from './ethernet.js';
import * as ieee80211 from './ieee80211.js';
import * as linuxSll from './linux-sll.js';
import * as mpls from './mpls.js';
import * as nullLoopback from './null-loopback.js';
import { TRUNCATED, UNSUPPORTED } from './outcome.js';
import * as ppp from './ppp.js';
import * as pppoe from './pppoe.js';
import * as rawIp from './raw-ip.js';

/**
 * Offset of the IP header of the frame in `bytes[offset … end)`, or an outcome below 0.
 *
 * @param linkType number of the LINKTYPE_ registry; 12 and 14 are what some systems write for raw IP
 * @param end after the last captured byte
 */
export function networkOffset(linkType: number, bytes: Uint8Array, offset: number, end: number): number {
  switch (linkType) {
    case 1:
      return ethernet.networkOffset(bytes, offset, end);
    case 0:
    case 108:
      return nullLoopback.networkOffset(bytes, offset, end);
    case 12:
    case 14:
    case 101:
    case 228:
      return rawIp.networkOffset(bytes, offset, end);
    case 9:
    case 50:
      return ppp.networkOffset(bytes, offset, end);
    case 51:
      return pppoe.networkOffset(bytes, offset, end);
    case 104:
      return ciscoHdlc(bytes, offset, end);
    case 105:
      return ieee80211.networkOffset(bytes, offset, end);
    case 127:
      return ieee80211.radiotapNetworkOffset(bytes, offset, end);
    case 219:
      return mpls.networkOffset(bytes, offset, end);
    case 113:
      return linuxSll.networkOffset(bytes, offset, end);
    case 229:
      return rawIp.ipv6Offset(bytes, offset, end);
    case 276:
      return linuxSll.networkOffset2(bytes, offset, end);
    default:
      return UNSUPPORTED;
  }
}

/** Cisco HDLC: address 0, control 1, EtherType 2 (tcpdump.org/linktypes). */
function ciscoHdlc(bytes: Uint8Array, offset: number, end: number): number {
  if (offset + 4 > end) return TRUNCATED;
  return ethernet.offsetAfterEtherType(bytes, offset + 2, offset + 4, end);
}
