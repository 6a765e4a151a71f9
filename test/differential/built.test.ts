// What no capture in fixtures/ holds.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pcap } from '../capture/build.js';
import { Capture, ethernet, START } from '../support/packets.js';
import {
  applicationData,
  changeCipherSpec,
  clientHello,
  flight,
  fullHandshake,
  HELLO_RETRY_RANDOM,
  id,
  serverHello,
} from '../tls/messages.js';
import { type Comparison, compare, differences } from './compare.js';
import { installedVersion } from './tshark.js';

const TIMEOUT_MILLISECONDS = 120_000;
const TLS13_SUITE = 0x1301;

const folder = mkdtempSync(join(tmpdir(), 'closenotify-built-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function capture(): Capture {
  const capture = new Capture();
  fullHandshake(capture.connect(), id('51'), { alpn: 'h2' }, { alpn: 'h2' });
  const { client, server } = capture.connect();
  const hello = { tls13: true, sessionId: id('a1'), cipherSuite: TLS13_SUITE };
  client.send(flight(clientHello({ ...hello, serverName: 'retried.example', psk: ['aa'.repeat(16)] })));
  server.send(flight(serverHello({ ...hello, random: HELLO_RETRY_RANDOM })), changeCipherSpec);
  client.send(changeCipherSpec, flight(clientHello({ ...hello, serverName: 'retried.example', psk: ['bb'.repeat(16), 'cc'.repeat(32)] })));
  server.send(flight(serverHello(hello)), applicationData(80));
  client.send(applicationData(74));
  return capture;
}

describe.skipIf((await installedVersion()) === null)('built captures and tshark (skipped where tshark is not installed)', () => {
  let comparison: Comparison;

  beforeAll(async () => {
    const path = join(folder, 'built.pcap');
    const packets = capture().packets.map((packet) => ({ seconds: START, nanoseconds: packet.at * 1e6, data: ethernet(packet) }));
    writeFileSync(path, pcap(packets));
    comparison = await compare(path);
  }, TIMEOUT_MILLISECONDS);

  it('do not differ', () => {
    expect(comparison.connections.size).toBe(2);
    expect(differences(comparison)).toEqual([]);
  });

  it('hold ALPN, and two hellos after a HelloRetryRequest', () => {
    expect(comparison.connections.get(0)?.theirs.alpn).toBe('h2');
    expect(comparison.connections.get(1)?.theirs).toMatchObject({ clientHello: '13', serverHello: '14', serverName: 'retried.example' });
    expect(comparison.connections.get(1)?.theirs.offeredPsk).toMatch(/^[0-9a-f]{64} 1, [0-9a-f]{64} 1$/);
  });
});
