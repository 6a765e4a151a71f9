import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Analyzer } from '../../src/analyzer.js';
import type { Connection } from '../../src/model.js';
import { TcpFlag } from '../../src/wire/tcp.js';
import { closes, control, story, type Visit } from '../sessions/visits.js';
import { analyze, Capture, ethernet, type Link, only, type Packet, SMALL, START } from '../support/packets.js';
import {
  alert,
  certificate,
  clientHello,
  exchange,
  flight,
  fullHandshake,
  id,
  newSessionTicket,
  serverHello,
  serverHelloDone,
} from './messages.js';

const { ACK, FIN, RST, SYN } = TcpFlag;

/** The facts of a connection without frame numbers and times, which depend on how its bytes were cut into packets. */
function facts(connection: Connection) {
  const { start: _, end: __, frames: ___, times: ____, close, alerts, ...others } = connection;
  const side = ({ state, closeNotify, end }: Connection['close']['client']) => ({ state, closeNotify, end });
  return {
    ...others,
    alerts: alerts.map(({ frame: _, time: __, ...alert }) => alert),
    close: { client: side(close.client), server: side(close.server), first: close.first },
  };
}

function conversation(close: (link: Link) => void, clientIsn: number, serverIsn: number): Packet[] {
  const capture = new Capture();
  const link = capture.connect({ clientIsn, serverIsn });
  fullHandshake(link, id('51'), { serverName: 'a.example', sessionId: id('a1'), extendedMasterSecret: true, alpn: 'h2' });
  exchange(link);
  exchange(link);
  close(link);
  return capture.packets;
}

/** Payloads cut at `cuts`, each a share of the payload's length. */
function segmented(packets: readonly Packet[], cuts: readonly number[]): Packet[] {
  return packets.flatMap((packet, i) => {
    const { payload } = packet;
    const at = [...new Set(cuts.slice(0, 1 + (i % cuts.length)).map((cut) => Math.floor(cut * payload.length)))].sort((a, b) => a - b);
    const borders = [...at.filter((offset) => offset > 0 && offset < payload.length), payload.length];
    return borders.map((end, n): Packet => {
      const start = n === 0 ? 0 : borders[n - 1];
      const flags = n === borders.length - 1 ? packet.flags : packet.flags & ~FIN;
      return { ...packet, flags, sequence: packet.sequence + start, payload: payload.subarray(start, end) };
    });
  });
}

/** Segments of one side that follow each other change places, within a window. */
function reordered(packets: readonly Packet[], shifts: readonly number[]): Packet[] {
  let group = 0;
  const places = packets.map((packet, i) => {
    const isSame = i > 0 && packets[i - 1].from === packet.from && !((packet.flags | packets[i - 1].flags) & (SYN | RST));
    if (!isSame) group++;
    return { packet, group, place: i + shifts[i % shifts.length] };
  });
  return places.sort((a, b) => a.group - b.group || a.place - b.place).map(({ packet }) => packet);
}

const isn = fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0xffffffff - 5000, max: 0xffffffff }));
const share = fc.double({ min: 0, max: 1, noNaN: true });

describe('a connection is the same', () => {
  for (const [name, close] of Object.entries(closes)) {
    it(`however it is cut and reordered (${name})`, () => {
      const plain = facts(only(conversation(close, 1000, 700_000)));
      const cuts = fc.array(share, { minLength: 1, maxLength: 6 });
      const shifts = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 7 });
      fc.assert(
        fc.property(cuts, shifts, isn, isn, (cuts, shifts, clientIsn, serverIsn) => {
          const packets = reordered(segmented(conversation(close, clientIsn, serverIsn), cuts), shifts);
          expect(facts(only(packets))).toEqual(plain);
        }),
        { numRuns: 12 },
      );
    });
  }

  it('when segments are sent again', () => {
    const packets = conversation(closes.clean, 1000, 700_000);
    const plain = facts(only(packets));
    const again = fc.array(fc.record({ which: fc.nat(packets.length - 1), after: fc.nat(6) }), { maxLength: 8 });
    fc.assert(
      fc.property(again, (again) => {
        const places = packets.map((packet, place) => ({ packet, place }));
        for (const { which, after } of again) places.push({ packet: packets[which], place: which + after + 0.5 });
        const given = places.sort((a, b) => a.place - b.place).map(({ packet }) => packet);
        expect(facts(only(given))).toEqual(plain);
      }),
      { numRuns: 40 },
    );
  });
});

/** Connections of every kind, and sessions that died. */
function mixture(): Packet[] {
  const sessions: Visit[] = Object.keys(closes).flatMap((close, i): Visit[] => {
    const session = id((0x20 + i).toString(16));
    return [
      { issues: session, close: close as keyof typeof closes },
      { offers: session, issues: id((0x40 + i).toString(16)) },
    ];
  });
  const failed: Visit = {
    speak: ({ client, server }) => [client.send(flight(clientHello())), server.fin(alert('fatal', 'handshake_failure'))],
  };
  return story([...control(2), ...sessions, failed]).capture.packets;
}

/** What a part of the capture may say of a side that the whole of it calls by the key. */
const ALLOWED: Record<string, RegExp> = {
  clean: /^(clean|open|unknown)$/,
  unclean: /^(unclean|open|unknown)$/,
  'reset-race': /^(reset-race|open|unknown)$/,
  aborted: /^(aborted|open|unknown)$/,
  open: /^open$/,
  unknown: /^(unknown|open)$/,
};

describe('a part of a capture', () => {
  const packets = mixture();
  const whole = new Map(analyze(packets).connections.map((c) => [c.client.port, c]));

  function expectNoContradiction(part: readonly Packet[], what: string): void {
    const report = analyze(part);
    for (const connection of report.connections) {
      const full = whole.get(connection.client.port);
      if (!full) throw new Error(`${what}: a connection that never was`);
      for (const side of ['client', 'server'] as const) {
        expect(connection.close[side].state, `${what}, ${side} ${full.client.port}`).toMatch(ALLOWED[full.close[side].state]);
      }
      if (connection.resumption === 'resumed' || connection.resumption === 'declined')
        expect(connection.resumption, what).toBe(full.resumption);
      if (connection.handshake === 'resumed' || connection.handshake === 'full') expect(connection.handshake, what).toBe(full.handshake);
      if (connection.close.first !== null && full.close.first !== null) expect(connection.close.first, what).toBe(full.close.first);
    }
  }

  it('up to any packet contradicts the whole in nothing', () => {
    for (let count = 0; count <= packets.length; count += 1) expectNoContradiction(packets.slice(0, count), `${count} packets`);
  });

  it('from any packet on calls nothing unclean that was not', () => {
    for (let from = 1; from <= packets.length; from += 3) {
      for (const { client, close } of analyze(packets.slice(from)).connections) {
        // Roles are guessed from the ports here, as they are in the whole.
        const full = whole.get(client.port);
        for (const side of ['client', 'server'] as const) {
          if (close[side].state === 'unclean') expect(full?.close[side].state, `from ${from}, ${side} ${client.port}`).toBe('unclean');
        }
      }
    }
  });

  function withoutSome(check: (part: readonly Packet[], what: string) => void): void {
    const lost = fc.uniqueArray(fc.nat(packets.length - 1), { maxLength: 25 });
    fc.assert(
      fc.property(lost, (lost) => {
        const gone = new Set(lost);
        check(
          packets.filter((_, i) => !gone.has(i)),
          `without ${lost.map((i) => i + 1).sort((a, b) => a - b)}`,
        );
      }),
      { numRuns: 60 },
    );
  }

  it('without some packets turns no close into another', () => {
    withoutSome((part, what) => {
      for (const { client, close } of analyze(part).connections) {
        const full = whole.get(client.port);
        for (const side of ['client', 'server'] as const) {
          const { state } = close[side];
          if (state === 'clean') expect(full?.close[side].state, `${what}, ${side} ${client.port}`).not.toBe('unclean');
          if (state === 'unclean') expect(full?.close[side].state, `${what}, ${side} ${client.port}`).toBe('unclean');
        }
      }
    });
  });

  it('without some packets takes no full handshake for a resumed one, nor the reverse', () => {
    withoutSome((part, what) => {
      for (const { client, handshake, resumption } of analyze(part).connections) {
        const full = whole.get(client.port);
        if (handshake === 'resumed' || handshake === 'full') expect(handshake, `${what}, ${client.port}`).toBe(full?.handshake);
        if (resumption === 'declined') expect(resumption, `${what}, ${client.port}`).toBe(full?.resumption);
      }
    });
  });
});

describe('damage', () => {
  const packets = mixture();
  const special = new Capture();
  const link = special.connect();
  link.client.send(flight(clientHello({ serverName: 'a.example', alpn: 'h2', ticket: '7469636b', tls13: true, psk: ['aabb', 'cc'] })));
  link.server.send(
    flight(serverHello({ alpn: 'h2', extendedMasterSecret: true }), newSessionTicket('aabbcc'), certificate, serverHelloDone),
  );
  const frames = [...special.packets, ...packets.slice(0, 60)].map(ethernet);

  function read(damaged: readonly Uint8Array[]): void {
    const analyzer = new Analyzer({ keep: 'all', limits: SMALL });
    for (const frame of damaged) analyzer.push(frame, START, 0, 1);
    const report = analyzer.finish();
    expect(JSON.parse(JSON.stringify(report)).schema).toBe('closenotify/report/1');
    expect(report.connections.length).toBeLessThanOrEqual(report.totals.tcpConnections);
  }

  it('of any bytes is survived', () => {
    const flip = fc.record({ frame: fc.nat(frames.length - 1), at: share, value: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(flip, { minLength: 1, maxLength: 40 }), (flips) => {
        const damaged = frames.map((frame) => frame.slice());
        for (const { frame, at, value } of flips) damaged[frame][Math.floor(at * (damaged[frame].length - 1))] = value;
        read(damaged);
      }),
      { numRuns: 100 },
    );
  });

  it('of each byte of the hellos is survived', () => {
    const hellos = special.packets.slice(0, 5).map(ethernet);
    for (const [which, frame] of hellos.entries()) {
      for (let at = 54; at < frame.length; at += 5) read(hellos.with(which, frame.with(at, frame[at] ^ 0xff)));
    }
  });

  it('of everything is survived', () => {
    const bytes = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 });
    fc.assert(
      fc.property(bytes, fc.constantFrom(0, 1, 12, 101, 113, 228, 229, 276), (frames, linkType) => {
        const analyzer = new Analyzer({ keep: 'all', limits: SMALL });
        for (const frame of frames) analyzer.push(frame, START, 0, linkType);
        expect(analyzer.finish().connections).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('of TLS that is random after its first record header is survived', () => {
    const payloads = fc.array(fc.tuple(fc.boolean(), fc.uint8Array({ maxLength: 80 })), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(payloads, fc.nat(0x20), (payloads, type) => {
        const capture = new Capture();
        const { client, server } = capture.connect();
        client.send(Uint8Array.of(22, 3, 1, 0x40, 0, type, 0, 0x10, 0));
        for (const [isClient, payload] of payloads) (isClient ? client : server).emit(ACK, payload);
        expect(analyze(capture.packets).totals.tcpConnections).toBe(1);
      }),
      { numRuns: 60 },
    );
  });
});
