// Conversations between `openssl s_client` and `openssl s_server`, as a relay between them saw them.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyLog } from '../../src/decryption/key-log.js';
import type { Negotiated } from '../../src/tls/decryption.js';
import { ContentType, RECORD_HEADER_BYTES } from '../../src/wire/tls-record.js';

const SERVER_HELLO = 2;
const HELLO_RETRY_RANDOM = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c';
const ENCRYPT_THEN_MAC = 22;
const SUPPORTED_VERSIONS = 43;
const WAIT_MILLISECONDS = 5000;

export interface TlsRecord {
  contentType: number;
  version: number;
  body: Buffer;
}

export interface Conversation {
  client: TlsRecord[];
  server: TlsRecord[];
  keyLog: Buffer;
  negotiated: Negotiated;
  helloRetryRequest: boolean;
}

/** The version of OpenSSL, null where it is not installed. */
export function opensslVersion(): string | null {
  try {
    return execFileSync('openssl', ['version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return null;
  }
}

/** A program with what it printed. */
export class Program {
  readonly #child: ChildProcess;
  #printed = '';
  #exited = false;

  constructor(args: readonly string[], directory: string) {
    this.#child = spawn('openssl', args, { cwd: directory, stdio: 'pipe' });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#printed += chunk.toString('latin1');
      });
    }
    this.#child.on('close', () => {
      this.#exited = true;
    });
    this.#child.stdin?.on('error', () => {});
  }

  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Waits for something to be printed, behind what was waited for before. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = Date.now() + WAIT_MILLISECONDS;
    for (;;) {
      const found = pattern.exec(this.#printed);
      if (found !== null) {
        this.#printed = this.#printed.slice(found.index + found[0].length);
        return found;
      }
      if (this.#exited || Date.now() > deadline) throw new Error(`no ${pattern} in: ${this.#printed}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  async exit(): Promise<void> {
    if (!this.#exited) await once(this.#child, 'close');
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** `openssl s_server` with an RSA and an ECDSA certificate and all cipher suites, in a directory of its own. */
export class OpensslServer {
  readonly directory: string;
  readonly program: Program;
  readonly #port: number;

  private constructor(directory: string, program: Program, port: number) {
    this.directory = directory;
    this.program = program;
    this.#port = port;
  }

  static async start(...args: string[]): Promise<OpensslServer> {
    const directory = mkdtempSync(join(tmpdir(), 'closenotify-openssl-'));
    for (const [name, ...key] of [
      ['rsa', 'rsa:2048'],
      ['ec', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
    ]) {
      const request = [
        'req',
        '-x509',
        '-newkey',
        ...key,
        '-nodes',
        '-subj',
        '/CN=localhost',
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.pem`,
      ];
      execFileSync('openssl', request, { cwd: directory, stdio: 'ignore' });
    }
    const certificates = ['-cert', 'rsa.pem', '-key', 'rsa.key', '-dcert', 'ec.pem', '-dkey', 'ec.key'];
    const suites = ['-cipher', 'ALL:@SECLEVEL=0', '-ciphersuites', TLS13_SUITES.join(':')];
    const program = new Program(['s_server', '-accept', '127.0.0.1:0', ...certificates, ...suites, ...args], directory);
    const [, port] = await program.until(/ACCEPT 127\.0\.0\.1:(\d+)/);
    return new OpensslServer(directory, program, Number(port));
  }

  async stop(): Promise<void> {
    this.program.kill();
    await this.program.exit();
    rmSync(this.directory, { recursive: true });
  }

  /** One connection of `openssl s_client`, which ends when `talk` made the client leave. */
  async talk(args: readonly string[], talk: (client: Program) => Promise<void>): Promise<Conversation> {
    const relay = new Relay(this.#port);
    const port = await relay.listen();
    const keyLog = join(this.directory, `${port}.keys`);
    const client = new Program(['s_client', '-connect', `127.0.0.1:${port}`, '-keylogfile', keyLog, ...args], this.directory);
    try {
      await talk(client);
      await client.exit();
      await relay.ended;
    } finally {
      client.kill();
      relay.close();
    }
    const clientRecords = records(relay.fromClient);
    const serverRecords = records(relay.fromServer);
    return { client: clientRecords, server: serverRecords, keyLog: readFileSync(keyLog), ...readHellos(clientRecords, serverRecords) };
  }
}

export const TLS13_SUITES = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_CCM_SHA256',
  'TLS_AES_128_CCM_8_SHA256',
];

/** Passes on one TCP connection and keeps the bytes of both directions. */
class Relay {
  readonly #server: Server;
  readonly #chunks: { client: Buffer[]; server: Buffer[] } = { client: [], server: [] };
  readonly ended: Promise<void>;

  constructor(port: number) {
    this.#server = createServer({ allowHalfOpen: true });
    this.ended = new Promise((resolve) => {
      this.#server.once('connection', (client) => {
        const server = dial({ port, host: '127.0.0.1', allowHalfOpen: true });
        pass(client, server, this.#chunks.client);
        pass(server, client, this.#chunks.server);
        server.once('close', () => {
          client.destroy();
          resolve();
        });
      });
    });
  }

  get fromClient(): Buffer {
    return Buffer.concat(this.#chunks.client);
  }

  get fromServer(): Buffer {
    return Buffer.concat(this.#chunks.server);
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  close(): void {
    this.#server.close();
  }
}

function pass(from: Socket, to: Socket, chunks: Buffer[]): void {
  from.on('data', (chunk) => {
    chunks.push(chunk);
    to.write(chunk);
  });
  from.on('error', () => to.end());
  from.on('end', () => to.end());
}

function records(bytes: Buffer): TlsRecord[] {
  const found: TlsRecord[] = [];
  for (let at = 0; at + RECORD_HEADER_BYTES <= bytes.length; ) {
    const start = at + RECORD_HEADER_BYTES;
    at = start + bytes.readUInt16BE(start - 2);
    found.push({ contentType: bytes[start - 5], version: bytes.readUInt16BE(start - 4), body: bytes.subarray(start, at) });
  }
  return found;
}

/** The records that are protected: those behind ChangeCipherSpec, in TLS 1.3 those of application data. */
export function protectedRecords(side: readonly TlsRecord[], version: number): TlsRecord[] {
  if (version === 0x0304) return side.filter(({ contentType }) => contentType === ContentType.APPLICATION_DATA);
  return side.slice(side.findIndex(({ contentType }) => contentType === ContentType.CHANGE_CIPHER_SPEC) + 1);
}

function readHellos(client: readonly TlsRecord[], server: readonly TlsRecord[]): { negotiated: Negotiated; helloRetryRequest: boolean } {
  let helloRetryRequest = false;
  for (const { contentType, body } of server) {
    if (contentType !== ContentType.HANDSHAKE || body[0] !== SERVER_HELLO) continue;
    const hello = readServerHello(body);
    if (hello.serverRandom.toString('hex') !== HELLO_RETRY_RANDOM) {
      return { negotiated: { ...hello, clientRandom: client[0].body.subarray(6, 38) }, helloRetryRequest };
    }
    helloRetryRequest = true;
  }
  throw new Error('no ServerHello');
}

/** @param body of the record that begins with the message (RFC 8446 4.1.3) */
function readServerHello(body: Buffer) {
  const end = 4 + body.readUIntBE(1, 3);
  let at = 39 + body[38];
  const hello = {
    version: body.readUInt16BE(4),
    cipherSuite: body.readUInt16BE(at),
    serverRandom: body.subarray(6, 38),
    encryptThenMac: false,
  };
  for (at += 5; at + 4 <= end; at += 4 + body.readUInt16BE(at + 2)) {
    const type = body.readUInt16BE(at);
    if (type === SUPPORTED_VERSIONS) hello.version = body.readUInt16BE(at + 4);
    if (type === ENCRYPT_THEN_MAC) hello.encryptThenMac = true;
  }
  return hello;
}

/** The key log of a conversation, with other secrets if wanted. */
export function keyLogOf({ keyLog }: Conversation, wrong = false): KeyLog {
  const text = keyLog.toString('latin1');
  const log = new KeyLog();
  log.add(Buffer.from(wrong ? text.replaceAll(/[0-9a-f]{2}$/gm, (byte) => (byte === '00' ? '01' : '00')) : text, 'latin1'));
  return log;
}
