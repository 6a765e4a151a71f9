// That the clients end as they say, and what OpenSSL does then.
import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dial, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ContentType, RECORD_HEADER_BYTES } from '../../src/wire/tls-record.js';
import { opensslVersion } from '../decryption/openssl.js';
import { type Ending, LiveServer, visit } from './live-traffic.js';

const isRequired = Boolean(process.env.CI);
const version = opensslVersion();
const skip = version === null || !version.startsWith('OpenSSL 3');
const reason = skip ? ' (skipped: OpenSSL 3 is not installed)' : '';

/** What the client of one connection sent, and how it ended. */
interface Seen {
  bytes: Buffer[];
  end: 'fin' | 'rst' | null;
}

/** Stands between clients and a server. */
class Witness {
  readonly #server: Server;
  readonly #seen: Seen[] = [];

  constructor(port: number) {
    this.#server = createServer({ allowHalfOpen: true }, (client) => {
      const seen: Seen = { bytes: [], end: null };
      this.#seen.push(seen);
      const server = dial({ port, host: '127.0.0.1', allowHalfOpen: true });
      server.on('data', (chunk) => client.write(chunk));
      server.on('end', () => client.end());
      server.on('error', () => client.destroy());
      client.on('data', (chunk) => {
        seen.bytes.push(chunk);
        server.write(chunk);
      });
      client.on('end', () => {
        seen.end ??= 'fin';
        server.end();
      });
      client.on('error', () => {
        seen.end ??= 'rst';
        server.resetAndDestroy();
      });
    });
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
  }

  /** Of the newest connection: the content type of the last record, and the end. */
  async last(): Promise<{ contentType: number; end: Seen['end'] }> {
    const seen = this.#seen[this.#seen.length - 1];
    await expect.poll(() => seen.end).not.toBeNull();
    const bytes = Buffer.concat(seen.bytes);
    let contentType = -1;
    for (let at = 0; at < bytes.length; at += RECORD_HEADER_BYTES + bytes.readUInt16BE(at + 3)) contentType = bytes[at];
    return { contentType, end: seen.end };
  }
}

it.runIf(isRequired)('OpenSSL 3 is installed', () => expect(skip).toBe(false));

describe.skipIf(skip)(`connections with openssl s_server${reason}`, () => {
  let server: LiveServer;
  beforeAll(async () => {
    server = await LiveServer.start();
  });
  afterAll(() => server.stop());

  it.each<{ close: Ending; contentType: number; end: string }>([
    { close: 'clean', contentType: ContentType.ALERT, end: 'fin' },
    { close: 'fin', contentType: ContentType.APPLICATION_DATA, end: 'fin' },
    { close: 'rst', contentType: ContentType.APPLICATION_DATA, end: 'rst' },
  ])('$close: the last record has type $contentType, and the end is $end', async ({ close, contentType, end }) => {
    const witness = new Witness(server.port);
    const port = await witness.listen();
    try {
      await visit(port, { close });
      expect(await witness.last()).toEqual({ contentType, end });
    } finally {
      witness.close();
    }
  });

  it.each<{ close: Ending; reused: boolean }>([
    { close: 'clean', reused: true },
    { close: 'fin', reused: false },
    { close: 'rst', reused: true },
  ])('a session that was closed by $close is resumed: $reused', async ({ close, reused }) => {
    const first = await visit(server.port, { close });
    expect(first).toMatchObject({ reused: false, sessionId: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const second = await visit(server.port, { session: first.session, close: 'clean' });
    expect({ reused: second.reused, same: second.sessionId === first.sessionId }).toEqual({ reused, same: reused });
  });

  it('a session that was resumed is lost all the same', async () => {
    const first = await visit(server.port, { close: 'clean' });
    const second = await visit(server.port, { session: first.session, close: 'fin' });
    const third = await visit(server.port, { session: second.session, close: 'clean' });
    expect([first, second, third].map(({ reused }) => reused)).toEqual([false, true, false]);
    expect(new Set([first, second, third].map(({ sessionId }) => sessionId)).size).toBe(2);
  });
});
