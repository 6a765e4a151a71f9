// What keeps a capture that goes on for days within its limits
import { describe, expect, it } from 'vitest';
import { Capture, type Packet, pushed, START } from '../support/packets.js';
import { fullHandshake } from '../tls/messages.js';

/** Handshakes of clients with an IPv6 address each, which are closed where `isClosed` says so. */
function ofIpv6Clients(count: number, isClosed: (i: number) => boolean): Packet[] {
  const capture = new Capture();
  for (let i = 0; i < count; i++) {
    const link = capture.connect({ client: `[2001:db8::${(i + 1).toString(16)}]:40000`, server: '[2001:db8:1::1]:443' });
    fullHandshake(link);
    if (isClosed(i)) link.client.reset();
  }
  return capture.packets;
}

describe('connections without a packet for long', () => {
  const open = new Capture();
  const link = open.connect();
  fullHandshake(link);
  const ended = new Capture();
  const half = ended.connect();
  fullHandshake(half);
  half.client.fin();

  it.each<[string, Capture, openFor: number, endedFor: number, told: number]>([
    ['open ones are told when they are old enough', open, 60, 1000, 1],
    ['and not before', open, 1000, 1, 0],
    ['ones with an ended side have their own time', ended, 1000, 60, 1],
    ['and not before, either', ended, 1, 1000, 0],
  ])('%s', (_, { packets }, openFor, endedFor, count) => {
    let told = 0;
    const analyzer = pushed(packets, { onConnection: () => told++ });
    const now = START + 100;
    analyzer.expire(now - openFor, now - endedFor);
    expect(told).toBe(count);
    expect(analyzer.sizes.openConnections).toBe(1 - count);
    expect(analyzer.finish().totals.tlsConnections).toBe(1);
  });

  it('are told of when time goes on without packets', () => {
    const capture = new Capture();
    const { client } = capture.connect();
    fullHandshake({ ...link, capture, client, server: client.peer });
    client.reset();
    let told = 0;
    const analyzer = pushed(capture.packets, { onConnection: () => told++ });
    analyzer.elapse(START + 0.5);
    expect(told).toBe(0);
    analyzer.elapse(START + 5);
    expect(told).toBe(1);
  });
});

describe('IPv6 addresses', () => {
  const CLIENTS = 100;
  const limits = { addresses: 16 };
  const packets = ofIpv6Clients(CLIENTS, (i) => i % 2 === 0);
  const count = { onConnection: () => {} };

  it('are left out beyond the limit where nobody looks through the connections', () => {
    const { totals, capture } = pushed(packets, { limits, ...count }).finish();
    expect(totals.tlsConnections).toBe(15);
    expect(capture.warnings).toMatchObject([{ code: 'address-limit' }]);
  });

  it('are numbered anew before that where somebody does', () => {
    const analyzer = pushed(packets, { limits, ...count }, (running) => running.expire(0, 0));
    expect(analyzer.sizes.openConnections).toBeLessThan(16);
    const { totals, servers, capture } = analyzer.finish();
    // One handshake in so many is cut in two, and then is a connection without its beginning.
    expect(totals.tlsConnections).toBeGreaterThanOrEqual(CLIENTS);
    expect(totals.handshakes.full).toBeGreaterThan(CLIENTS * 0.9);
    expect(servers.map(({ address }) => address)).toEqual(['2001:db8:1::1']);
    expect(capture.warnings).toMatchObject([{ code: 'address-limit', message: expect.stringContaining('told as they were') }]);
  });
});
