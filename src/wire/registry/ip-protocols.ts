// Names of IP protocols that are often captured and hold no TCP that is looked for: iana.org/assignments/protocol-numbers.
const NAMES: Readonly<Record<number, string>> = {
  1: 'ICMP',
  2: 'IGMP',
  17: 'UDP',
  47: 'GRE',
  50: 'ESP',
  51: 'AH',
  58: 'ICMPv6',
  88: 'EIGRP',
  89: 'OSPF',
  103: 'PIM',
  112: 'VRRP',
  115: 'L2TP',
  132: 'SCTP',
};

/** `UDP`, `IP protocol 254` */
export function ipProtocolName(number: number): string {
  return NAMES[number] ?? `IP protocol ${number}`;
}
