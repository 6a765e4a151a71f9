import { describe, expect, it } from 'vitest';
import { Addresses } from '../../src/sessions/addresses.js';
import { ConnectionFacts } from '../../src/tls/facts.js';

function ipv4(clientIpv4: number): ConnectionFacts {
  return Object.assign(new ConnectionFacts(), { clientIpv4 });
}

function ipv6(clientIpv6: string): ConnectionFacts {
  return Object.assign(new ConnectionFacts(), { isIpv6: true, clientIpv6 });
}

describe('addresses of clients', () => {
  it('have numbers from 1 in order of their coming, and keep them', () => {
    const addresses = new Addresses(16);
    const all = [ipv4(0x0a000001), ipv6('2001:db8::1'), ipv4(-1), ipv4(0), ipv6('::')];
    for (let round = 0; round < 2; round++) expect(all.map((facts) => addresses.of(facts))).toEqual([1, 2, 3, 4, 5]);
    expect([0, 1, 2, 3, 4, 5].map((number) => addresses.text(number))).toEqual([
      '',
      '10.0.0.1',
      '2001:db8::1',
      '255.255.255.255',
      '0.0.0.0',
      '::',
    ]);
  });

  it('are told apart however many there are', () => {
    const addresses = new Addresses(1 << 20);
    const facts = ipv4(0);
    const of = (address: number) => {
      facts.clientIpv4 = Math.imul(address, 0x9e3779b1);
      return addresses.of(facts);
    };
    expect(addresses.of(ipv6('2001:db8::1'))).toBe(1);
    for (let i = 0; i < 100_000; i++) if (of(i) !== i + 2) expect.unreachable(`address ${i}`);
    for (let i = 0; i < 100_000; i++) if (of(i) !== i + 2) expect.unreachable(`address ${i}, again`);
    expect(addresses.of(ipv6('2001:db8::1'))).toBe(1);
  });

  it('share the number of none beyond the limit', () => {
    const addresses = new Addresses(2);
    expect([ipv4(1), ipv4(2), ipv4(3), ipv6('::1'), ipv4(1), ipv4(3)].map((facts) => addresses.of(facts))).toEqual([1, 2, 0, 0, 1, 0]);
    expect(addresses.text(0)).toBe('');
  });

  it('are copied to other tables', () => {
    const from = new Addresses(16);
    const numbers = [ipv4(1), ipv6('2001:db8::1'), ipv4(2)].map((facts) => from.of(facts));
    const into = new Addresses(16);
    into.of(ipv4(2));
    const copies = numbers.map((number) => into.copy(from, number));
    expect(copies).toEqual([2, 3, 1]);
    expect(copies.map((number) => into.text(number))).toEqual(['0.0.0.1', '2001:db8::1', '0.0.0.2']);
    expect([from.copy(from, 3), into.copy(from, 0)]).toEqual([3, 0]);
  });
});
