/** Metrics over HTTP, for a Prometheus that comes to fetch them. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { escapeText } from '../bytes/escape.js';
import type { Metrics } from '../report/metrics.js';
import { endpointText } from '../report/text.js';
import type { ListenAddress } from './listen-address.js';

export interface Health {
  ok: boolean;
  /** What is wrong. */
  text: string;
}

export interface MetricsServer {
  address: string;
  port: number;
  /** Ends open connections as well. */
  close(): Promise<void>;
}

/** Whoever can reach the port may connect: each one gets little time, and there is room for few. */
const MAX_CONNECTIONS = 32;
const REQUEST_MS = 5000;
/** Without a byte in either direction. */
const IDLE_MS = 10_000;
const MAX_HEADER_BYTES = 8192;
/** A text is given to all who ask within this time: to ask often does not keep the analysis from its work. */
const TEXT_MS = 1000;
const PLAIN_TEXT = 'text/plain; charset=utf-8';

/** @throws Error of one line where nothing can listen there */
export async function startMetricsServer(
  where: ListenAddress,
  metrics: Pick<Metrics, 'contentType' | 'text'>,
  health: () => Health,
): Promise<MetricsServer> {
  const options = {
    headersTimeout: REQUEST_MS,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: REQUEST_MS,
    connectionsCheckingInterval: 1000,
    maxHeaderSize: MAX_HEADER_BYTES,
  };
  // One copy for all who ask at the same time, however slowly they take it.
  const body = remembered(async () => Buffer.from(await metrics.text()));
  const server = createServer(options, (request, response) => {
    answer(request, metrics.contentType, body, health).then(
      (reply) => send(response, reply),
      () => send(response, { status: 500, text: 'the metrics cannot be read\n' }),
    );
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = IDLE_MS;
  // Whoever asks again before the answer is taken would have it kept for him.
  server.maxRequestsPerSocket = 1;
  await listen(server, where);
  // What goes wrong with one connection ends that one; none of it may end the capture.
  server.on('error', () => {});
  const { address, port } = server.address() as AddressInfo;
  return {
    address,
    port,
    async close() {
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The text, read again when the last time is over, or has failed. */
function remembered(read: () => Promise<Buffer>): () => Promise<Buffer> {
  let text: Promise<Buffer> | null = null;
  let until = 0;
  return () => {
    const now = performance.now();
    if (text === null || now >= until) {
      text = read();
      until = now + TEXT_MS;
      text.catch(() => {
        until = 0;
      });
    }
    return text;
  };
}

interface Reply {
  status: number;
  text: string | Buffer;
  headers?: Record<string, string>;
}

async function answer(request: IncomingMessage, contentType: string, metrics: () => Promise<Buffer>, health: () => Health): Promise<Reply> {
  const path = (request.url ?? '').replace(/[?#].*$/s, '');
  if (!PATHS.has(path)) return { status: 404, text: `not found; ${PLACES}` };
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    // A body that comes with it is not waited for.
    return { status: 405, text: 'GET or HEAD only\n', headers: { allow: 'GET, HEAD', connection: 'close' } };
  }
  if (path === '/metrics') return { status: 200, text: await metrics(), headers: { 'content-type': contentType } };
  if (path !== '/healthz') return { status: 200, text: `closenotify; ${PLACES}` };
  const { ok, text } = health();
  return ok ? { status: 200, text: 'ok\n' } : { status: 503, text: `${escapeText(text)}\n` };
}

const PATHS: ReadonlySet<string> = new Set(['/', '/metrics', '/healthz']);
const PLACES = 'metrics are at /metrics, health is at /healthz\n';

/** Of an answer to HEAD Node sends the headers only. */
function send(response: ServerResponse, { status, text, headers }: Reply): void {
  const body = typeof text === 'string' ? Buffer.from(text) : text;
  response.writeHead(status, {
    'content-type': PLAIN_TEXT,
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(body);
}

function listen(server: Server, { host, port }: ListenAddress): Promise<void> {
  return new Promise((done, fail) => {
    const onError = (error: NodeJS.ErrnoException) => {
      const reason = REASONS[error.code ?? ''] ?? escapeText(error.message);
      fail(new Error(`metrics cannot be served on ${endpointText({ address: host, port })}: ${reason}`, { cause: error }));
    };
    server.once('error', onError);
    server.listen({ host, port }, () => {
      server.off('error', onError);
      done();
    });
  });
}

const REASONS: Record<string, string> = {
  EADDRINUSE: 'another program listens there (EADDRINUSE)',
  EACCES: 'not permitted; ports below 1024 often need privileges (EACCES)',
  EADDRNOTAVAIL: 'no interface of this machine has this address (EADDRNOTAVAIL)',
  EAFNOSUPPORT: 'this machine does not speak this kind of address (EAFNOSUPPORT)',
  ENOTFOUND: 'there is no host of this name (ENOTFOUND)',
  EAI_AGAIN: 'the name cannot be looked up now (EAI_AGAIN)',
};
