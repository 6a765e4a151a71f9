import ipaddr from 'ipaddr.js';

/** Tells whether an address lies in a range. */
export type AddressRange = (address: string) => boolean;

/**
 * @param text an address, or a range in CIDR notation (`10.0.0.0/8`, `2001:db8::/32`)
 * @returns null when the text is neither
 */
export function parseAddressRange(text: string): AddressRange | null {
  const [address, bits, ...more] = text.split('/');
  const network = parseAddress(address);
  if (network === null || more.length > 0) return null;
  const most = network.kind() === 'ipv4' ? 32 : 128;
  if (bits !== undefined && !/^\d{1,3}$/.test(bits)) return null;
  const prefix = bits === undefined ? most : Number(bits);
  if (prefix > most) return null;
  const known = new Map<string, boolean>();
  return (candidate) => {
    let inside = known.get(candidate);
    if (inside === undefined) {
      const parsed = parseAddress(candidate);
      inside = parsed !== null && parsed.kind() === network.kind() && parsed.match(network, prefix);
      known.set(candidate, inside);
    }
    return inside;
  };
}

/** The address as a report writes it (RFC 5952); null when it is none. */
export function canonicalAddress(text: string): string | null {
  const address = parseAddress(text);
  if (address === null) return null;
  return address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString();
}

function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  // ipaddr.js also takes `10.1` and `0x7f.1`; only the four-part form is written in reports.
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  if (text.includes('%') || !ipaddr.IPv6.isValid(text)) return null;
  return ipaddr.IPv6.parse(text);
}
