/** The dotted form of an IPv4 address, given as a 32-bit number, signed or not. */
export function ipv4Text(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}`;
}

/**
 * The 16 bytes at `offset` in the canonical form of RFC 5952. The addresses of RFC 4291 2.5.5, IPv4-mapped and IPv4-compatible,
 * end in dotted form (section 5), as inet_ntop and Wireshark write them.
 */
export function ipv6Text(bytes: Uint8Array, offset = 0): string {
  const groups: number[] = [];
  for (let i = 0; i < GROUPS; i++) groups.push((bytes[offset + 2 * i] << 8) | bytes[offset + 2 * i + 1]);
  const [start, length] = longestZeros(groups);
  if (length < SHORTENED_FROM) return hex(groups);
  if (start === 0 && (length === 6 || (length === 5 && groups[5] === 0xffff))) {
    return `${length === 6 ? '::' : '::ffff:'}${ipv4Text((groups[6] << 16) | groups[7])}`;
  }
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

/** Groups of 16 bits in an address. */
const GROUPS = 8;

/** A single group of zeros is written out (RFC 5952 4.2.2). */
const SHORTENED_FROM = 2;

/** The longest run of zeros, the first of equals (RFC 5952 4.2.3). */
function longestZeros(groups: number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  for (let start = 0; start < GROUPS; start++) {
    let end = start;
    while (end < GROUPS && groups[end] === 0) end++;
    if (end - start > best[1]) best = [start, end - start];
  }
  return best;
}

function hex(groups: number[]): string {
  return groups.map((group) => group.toString(16)).join(':');
}
