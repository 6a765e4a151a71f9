// The commonest frames in one step: untagged Ethernet, IPv4 without options or IPv6 without extension headers, TCP. What takes no
// function for each field costs less, and is compiled sooner. Everything else, and what is wrong in such a frame, is left to Packets,
// which makes the same of these.
import { int32 } from '../bytes/int32.js';
import type { AddressTable } from './address-table.js';
import type { SegmentSink } from './tracker.js';

// IPv4: total length 2, fragment 6, protocol 9, source 12, destination 16; IPv6: payload length 4, next header 6, source 8, destination 24;
// TCP: ports 0 and 2, sequence 4, acknowledgment 8, data offset 12, flags 13.

const LINKTYPE_ETHERNET = 1;
/** Behind addresses and EtherType. */
const IP = 14;
const TCP_OVER_IPV4 = IP + 20;
const TCP_OVER_IPV6 = IP + 40;
const TCP_HEADER_BYTES = 20;
const PROTOCOL_TCP = 6;

/** Whether the frame is one of these: then its segment was delivered to `sink`. Parameters are those of `Packets.decode`. */
export function takePlainFrame(
  bytes: Uint8Array,
  offset: number,
  end: number,
  linkType: number,
  addresses: AddressTable,
  sink: SegmentSink,
): boolean {
  if (linkType !== LINKTYPE_ETHERNET || end - offset < TCP_OVER_IPV4 + TCP_HEADER_BYTES) return false;
  const etherType = (bytes[offset + 12] << 8) | bytes[offset + 13];
  let isIpv6 = 0;
  let at = offset + TCP_OVER_IPV4;
  let packetEnd = offset + IP;
  if (etherType === 0x0800) {
    // No options, not a fragment, and a length: there is none with segmentation offload.
    if (bytes[offset + IP] !== 0x45 || bytes[offset + IP + 9] !== PROTOCOL_TCP) return false;
    if ((bytes[offset + IP + 6] & 0x3f) !== 0 || bytes[offset + IP + 7] !== 0) return false;
    packetEnd += (bytes[offset + IP + 2] << 8) | bytes[offset + IP + 3];
  } else if (etherType === 0x86dd) {
    if (bytes[offset + IP] >> 4 !== 6 || bytes[offset + IP + 6] !== PROTOCOL_TCP) return false;
    isIpv6 = 1;
    at = offset + TCP_OVER_IPV6;
    packetEnd = at + ((bytes[offset + IP + 4] << 8) | bytes[offset + IP + 5]);
    if (end - at < TCP_HEADER_BYTES) return false;
  } else return false;
  const headerBytes = (bytes[at + 12] >> 4) * 4;
  const payload = at + headerBytes;
  if (headerBytes < TCP_HEADER_BYTES || payload > packetEnd) return false;
  const source = isIpv6 ? addresses.intern(bytes, offset + IP + 8) : int32(bytes, offset + IP + 12);
  const destination = isIpv6 ? addresses.intern(bytes, offset + IP + 24) : int32(bytes, offset + IP + 16);
  if (isIpv6 && (source < 0 || destination < 0)) return false;
  sink.segment(
    isIpv6,
    source,
    destination,
    (bytes[at] << 8) | bytes[at + 1],
    (bytes[at + 2] << 8) | bytes[at + 3],
    int32(bytes, at + 4),
    int32(bytes, at + 8),
    bytes[at + 13],
    bytes,
    payload,
    Math.max(payload, Math.min(end, packetEnd)),
    packetEnd - payload,
  );
  return true;
}
