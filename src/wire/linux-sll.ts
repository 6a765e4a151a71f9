// Linux "cooked" captures, of the device "any": LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2 (tcpdump.org/linktypes).
import { offsetAfterEtherType } from './ethernet.js';
import { NOT_IP, TRUNCATED } from './outcome.js';

// packet type 0, ARPHRD 2, address length 4, address 6, protocol 14
const V1_ARPHRD = 2;
const V1_PROTOCOL = 14;
const V1_HEADER_BYTES = 16;

// protocol 0, reserved 2, interface 4, ARPHRD 8, packet type 10, address length 11, address 12
const V2_PROTOCOL = 0;
const V2_ARPHRD = 8;
const V2_HEADER_BYTES = 20;

/** Offset of the IP header of a version 1 frame in `bytes[offset … end)`, or an outcome below 0. */
export function networkOffset(bytes: Uint8Array, offset: number, end: number): number {
  return afterHeader(bytes, offset, end, V1_ARPHRD, V1_PROTOCOL, V1_HEADER_BYTES);
}

/** The same for version 2. */
export function networkOffset2(bytes: Uint8Array, offset: number, end: number): number {
  return afterHeader(bytes, offset, end, V2_ARPHRD, V2_PROTOCOL, V2_HEADER_BYTES);
}

function afterHeader(bytes: Uint8Array, offset: number, end: number, arphrd: number, protocol: number, headerBytes: number): number {
  if (offset + headerBytes > end) return TRUNCATED;
  const hardware = (bytes[offset + arphrd] << 8) | bytes[offset + arphrd + 1];
  if (!hasEtherType(hardware)) return NOT_IP;
  return offsetAfterEtherType(bytes, offset + protocol, offset + headerBytes, end);
}

/** With Frame Relay (770), 802.11 radiotap (803) and netlink (824) the protocol field holds no EtherType. */
function hasEtherType(hardware: number): boolean {
  return hardware !== 770 && hardware !== 803 && hardware !== 824;
}
