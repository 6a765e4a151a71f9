// Real TLS 1.2 connections that end as they are told to: `openssl s_server` and clients of Node's own.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as dial, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { Program } from '../decryption/openssl.js';

const ADDRESS = '127.0.0.1';
const LINE = 'hello\n';
const DER_INTEGER = 0x02;
const DER_OCTETS = 0x04;
const DER_SEQUENCE = 0x30;

/** `fin` and `rst` are without close_notify. */
export type Ending = 'clean' | 'fin' | 'rst';

export interface Visit {
  /** The server resumed the session that was offered. */
  reused: boolean;
  /** To be offered again. */
  session: Buffer;
  /** Of this connection, lower-case hex. */
  sessionId: string;
  clientPort: number;
}

/**
 * `openssl s_server`, TLS 1.2 with session IDs; each line it gets it sends back reversed. It serves one connection at a time. Version 3 drops
 * a session after FIN without close_notify, and keeps it after RST.
 */
export class LiveServer {
  readonly port: number;
  readonly #directory: string;
  readonly #program: Program;

  private constructor(port: number, directory: string, program: Program) {
    this.port = port;
    this.#directory = directory;
    this.#program = program;
  }

  /** @param args further options of s_server */
  static async start(...args: string[]): Promise<LiveServer> {
    const directory = mkdtempSync(join(tmpdir(), 'closenotify-live-'));
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'key.pem'];
    execFileSync('openssl', ['req', '-x509', ...key, '-subj', '/CN=localhost', '-out', 'cert.pem'], { cwd: directory, stdio: 'ignore' });
    const certificate = ['-cert', 'cert.pem', '-key', 'key.pem'];
    const program = new Program(
      ['s_server', '-accept', `${ADDRESS}:0`, '-tls1_2', '-no_ticket', '-rev', ...certificate, ...args],
      directory,
    );
    try {
      const [, port] = await program.until(/ACCEPT 127\.0\.0\.1:(\d+)/);
      return new LiveServer(Number(port), directory, program);
    } catch (error) {
      program.kill();
      rmSync(directory, { recursive: true });
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#program.kill();
    await this.#program.exit();
    rmSync(this.#directory, { recursive: true });
  }
}

/** One connection: a handshake, a line, its answer, and the end. Settles when both sides are closed, except after `rst`: then the client's is. */
export async function visit(port: number, { session, close }: { session?: Buffer; close: Ending }): Promise<Visit> {
  const raw = dial(port, ADDRESS);
  await once(raw, 'connect');
  const clientPort = raw.localPort ?? 0;
  const socket = tlsConnect({ socket: raw, rejectUnauthorized: false, maxVersion: 'TLSv1.2', ...(session && { session }) });
  try {
    await once(socket, 'secureConnect');
    socket.write(LINE);
    await once(socket, 'data');
    const issued = socket.getSession();
    if (issued === undefined) throw new Error('no session');
    const seen = { reused: socket.isSessionReused(), session: issued, sessionId: sessionIdOf(issued), clientPort };
    await end(raw, socket, close);
    return seen;
  } finally {
    raw.destroy();
  }
}

/** What is done to the TCP socket below does not let TLS say anything. */
async function end(raw: Socket, socket: TLSSocket, close: Ending): Promise<void> {
  // The server may say with an alert what it thinks of such an end.
  socket.on('error', () => {});
  raw.on('error', () => {});
  const closed = new Promise((settle) => raw.once('close', settle));
  if (close === 'clean') socket.end();
  else if (close === 'fin') raw.end();
  else raw.resetAndDestroy();
  await closed;
}

/** SSL_SESSION of OpenSSL begins with two numbers, the cipher suite, and the ID. */
function sessionIdOf(session: Buffer): string {
  let at = skipHeader(session, 0, DER_SEQUENCE).begin;
  for (const tag of [DER_INTEGER, DER_INTEGER, DER_OCTETS]) at = skipHeader(session, at, tag).end;
  const { begin, end } = skipHeader(session, at, DER_OCTETS);
  return session.toString('hex', begin, end);
}

function skipHeader(bytes: Buffer, at: number, tag: number): { begin: number; end: number } {
  if (bytes[at] !== tag) throw new Error(`a session begins in another way: ${bytes.toString('hex', 0, 16)}`);
  const first = bytes[at + 1];
  const lengthBytes = first < 0x80 ? 0 : first - 0x80;
  const begin = at + 2 + lengthBytes;
  return { begin, end: begin + (lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes)) };
}
