import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection, Report } from '../../src/model.js';
import { concat, enhanced, interfaceBlock, section } from '../capture/build.js';
import { reportOf } from '../support/command.js';
import { type Encapsulation, encapsulations, fragments, fragments6, packetOf } from '../support/encapsulate.js';
import { fixtures } from '../support/fixtures.js';
import { framesOf } from '../tcp/frames.js';
import { type Dissection, dissect } from './dissection.js';
import { installedVersion } from './tshark.js';

const TIMEOUT_MILLISECONDS = 120_000;
const START_MICROSECONDS = 1_700_000_000_000_000n;

const isRequired = process.env.CI === 'true';
const installed = (await installedVersion()) !== null;
const folder = mkdtempSync(join(tmpdir(), 'closenotify-tunnels-'));
const path = join(folder, 'tunnels.pcapng');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Each way into a packet has ports of its own, so that its connections are told from those of the others. */
const traffic = [readFileSync(`${fixtures}q-full.pcap`), readFileSync(`${fixtures}q-ipv6.pcap`)].map((file) => framesOf(file));
const ways: { name: string; linkType: number; differs?: string; wrap(frame: Uint8Array, number: number): Uint8Array[] }[] = [
  ...encapsulations.map(({ wrap, ...rest }: Encapsulation) => ({ ...rest, wrap: (frame: Uint8Array) => [wrap(frame, packetOf(frame))] })),
  {
    name: 'fragments',
    linkType: 1,
    wrap: (frame, number) => (frame[12] === 0x86 ? fragments6 : fragments)(packetOf(frame), 160, number),
  },
];
const PORTS_OF_ONE = 100;
const firstPortOf = (way: number) => 20_000 + way * PORTS_OF_ONE;

function capture(): Uint8Array {
  const blocks = [section(), ...ways.map(({ linkType }) => interfaceBlock({ linkType }))];
  let frame = 0;
  for (const [number, { wrap }] of ways.entries()) {
    const ports = new Map<number, number>();
    for (const one of traffic.flat()) {
      for (const data of wrap(withPorts(one, ports, firstPortOf(number)), ++frame & 0xffff)) {
        const packet = { seconds: 0, nanoseconds: 0, data };
        blocks.push(enhanced(number, START_MICROSECONDS + BigInt(frame) * 1000n, packet));
      }
    }
  }
  return concat(...blocks);
}

/** The frame with another port in the place of each port above 1024 that is no server's. */
function withPorts(frame: Uint8Array, ports: Map<number, number>, first: number): Uint8Array {
  const copy = frame.slice();
  const tcp = frame[12] === 0x86 ? 54 : 34;
  const at = isServerPort((copy[tcp] << 8) | copy[tcp + 1]) ? tcp + 2 : tcp;
  const port = (copy[at] << 8) | copy[at + 1];
  const other = ports.get(port) ?? first + ports.size;
  ports.set(port, other);
  copy[at] = other >> 8;
  copy[at + 1] = other & 0xff;
  return copy;
}

function isServerPort(port: number): boolean {
  return port >= 8000 && port < 9000;
}

it.runIf(isRequired)('tshark is installed', () => expect(installed).toBe(true));

describe.skipIf(!installed)('packets in others and tshark (skipped where tshark is not installed)', () => {
  let report: Report;
  let seen: Dissection;

  beforeAll(async () => {
    writeFileSync(path, capture());
    report = await reportOf(path);
    seen = await dissect(path, folder);
  }, TIMEOUT_MILLISECONDS);

  const expected = ways.filter(({ differs }) => differs === undefined);

  it('are one way or another all there', () => {
    expect(report.capture.warnings.map(({ code }) => code)).toEqual([]);
    expect(report.totals.tcpConnections).toBe(ways.length * 24);
    expect(seen.streams).toBe(expected.length * 24);
  });

  it.each(expected.map(({ name }) => name))('%s: frames of connections, hellos and ends', (name) => {
    const way = ways.findIndex((one) => one.name === name);
    const first = firstPortOf(way);
    const ours = report.connections.filter(({ client }) => client.port >= first && client.port < first + PORTS_OF_ONE);
    const theirs = [...seen.all.values()].filter(
      ({ client }) => Number(client?.split(' ')[1]) >= first && Number(client?.split(' ')[1]) < first + PORTS_OF_ONE,
    );
    expect(ours).toHaveLength(24);
    expect(ours.map(factsOf)).toEqual(
      theirs.map(({ first, last, clientHello, serverHello, offered, ends }) => [
        first,
        last,
        clientHello,
        serverHello,
        offered,
        [...ends.values()].map((end) => Number.parseInt(end, 10)).sort(),
      ]),
    );
  });

  it.each(ways.filter(({ differs }) => differs !== undefined).map(({ name, differs }) => [name, differs]))('%s: %s', (name) => {
    const first = firstPortOf(ways.findIndex((one) => one.name === name));
    expect([...seen.all.values()].filter(({ client }) => Math.floor((Number(client?.split(' ')[1]) - first) / PORTS_OF_ONE) === 0)).toEqual(
      [],
    );
  });
});

function factsOf({ frames, offered, close }: Connection): unknown[] {
  const ends = [close.client.frame, close.server.frame].filter((frame) => frame !== null);
  return [frames.first, frames.last, frames.clientHello, frames.serverHello, offered.sessionId, ends.sort()];
}
