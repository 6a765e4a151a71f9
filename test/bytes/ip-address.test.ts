import { SocketAddress } from 'node:net';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../src/bytes/hex.js';
import { ipv4Text, ipv6Text } from '../../src/bytes/ip-address.js';

describe('ipv4Text', () => {
  it.each([
    [0, '0.0.0.0'],
    [0x01020304, '1.2.3.4'],
    [0xc0000201, '192.0.2.1'],
    [0xc0000201 | 0, '192.0.2.1'],
    [-1, '255.255.255.255'],
    [0xffffffff, '255.255.255.255'],
  ])('%i', (address, expected) => expect(ipv4Text(address)).toBe(expected));
});

describe('ipv6Text', () => {
  // As glibc's inet_ntop writes them, and Wireshark with it.
  it.each([
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['00010000000000000000000000000000', '1::'],
    ['20010db8000000000000000000000001', '2001:db8::1'],
    ['20010DB8000000000000ABCD00000001', '2001:db8::abcd:0:1'],
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['00010000000000020000000000000003', '1:0:0:2::3'],
    ['00010000000000020000000000030004', '1::2:0:0:3:4'],
    ['00000001000000000000000000000000', '0:1::'],
    ['00010002000300040005000600070008', '1:2:3:4:5:6:7:8'],
    ['00000002000300040005000600070000', '0:2:3:4:5:6:7:0'],
    ['fe80000000000000020000fffe000001', 'fe80::200:ff:fe00:1'],
    ['00000000000000000000ffffc0000201', '::ffff:192.0.2.1'],
    ['00000000000000000000ffff00000000', '::ffff:0.0.0.0'],
    ['0000000000000000ffff0000c0000201', '::ffff:0:c000:201'],
    ['000000000000000000000000c0000201', '::192.0.2.1'],
    ['00000000000000000000000000010000', '::0.1.0.0'],
    ['0000000000000000000000000000ffff', '::ffff'],
    ['00000000000000000000000100000000', '::1:0:0'],
    ['0064ff9b0000000000000000c0000201', '64:ff9b::c000:201'],
  ])('%s', (hex, expected) => {
    const bytes = fromHex(`ffff${hex}ffff`);
    expect(bytes).not.toBeNull();
    if (bytes) expect(ipv6Text(bytes, 2)).toBe(expected);
  });

  it('agrees with Node wherever groups of zeros may stand', () => {
    for (let pattern = 1; pattern < 0x100; pattern++) {
      const bytes = new Uint8Array(16);
      for (let group = 0; group < 8; group++) if (pattern & (1 << group)) bytes[2 * group] = group + 1;
      const text = ipv6Text(bytes);
      if (!text.includes('.')) expect(text).toBe(new SocketAddress({ address: fullText(bytes), family: 'ipv6' }).address);
    }
  });
});

/** All eight groups, as nobody shortens them. */
function fullText(bytes: Uint8Array): string {
  return Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] << 8) | bytes[2 * i + 1]).toString(16)).join(':');
}
