import { BlockList, isIP, SocketAddress } from 'node:net';

/** Addresses of which the answer is kept. */
const MAX_KNOWN = 1 << 16;

/** Tells whether an address lies in a range. */
export type AddressRange = (address: string) => boolean;

/**
 * @param text an address, or a range in CIDR notation (`10.0.0.0/8`, `2001:db8::/32`)
 * @returns null when the text is neither
 */
export function parseAddressRange(text: string): AddressRange | null {
  const [address, bits, ...more] = text.split('/');
  const version = versionOf(address);
  if (version === 0 || more.length > 0) return null;
  const most = version === 4 ? 32 : 128;
  if (bits !== undefined && !/^\d{1,3}$/.test(bits)) return null;
  const prefix = bits === undefined ? most : Number(bits);
  if (prefix > most) return null;
  const range = new BlockList();
  range.addSubnet(address, prefix, familyOf(version));
  const known = new Map<string, boolean>();
  return (candidate) => {
    let inside = known.get(candidate);
    if (inside === undefined) {
      inside = versionOf(candidate) === version && range.check(candidate, familyOf(version));
      if (known.size >= MAX_KNOWN) known.clear();
      known.set(candidate, inside);
    }
    return inside;
  };
}

/** The address as a report writes it (RFC 5952); null when it is none. */
export function canonicalAddress(text: string): string | null {
  const version = versionOf(text);
  return version === 0 ? null : new SocketAddress({ address: text, family: familyOf(version) }).address;
}

/** 4, 6, or 0 for what is no address. Zones are no part of one in a packet. */
function versionOf(text: string): number {
  return text.includes('%') ? 0 : isIP(text);
}

function familyOf(version: number): 'ipv4' | 'ipv6' {
  return version === 4 ? 'ipv4' : 'ipv6';
}
