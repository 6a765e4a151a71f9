import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { parseListenAddress } from '../../src/cli/listen-address.js';
import { type Health, type MetricsServer, startMetricsServer } from '../../src/cli/metrics-server.js';

const METRICS = { contentType: 'text/plain; version=0.0.4; charset=utf-8', text: async () => '# HELP a b\n# TYPE a gauge\na 1\n' };
const HERE = { host: '127.0.0.1', port: 0 };

const running: MetricsServer[] = [];

async function start(health: () => Health = () => ({ ok: true, text: '' }), metrics: typeof METRICS = METRICS): Promise<MetricsServer> {
  const server = await startMetricsServer(HERE, metrics, health);
  running.push(server);
  return server;
}

afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
});

async function ask(server: MetricsServer, path: string, method = 'GET') {
  const response = await fetch(`http://${server.address}:${server.port}${path}`, { method });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

/** What comes back on one TCP connection until the server ends it. */
function exchange(server: MetricsServer, text: string): Promise<string> {
  return new Promise((done) => {
    let received = '';
    const socket = connect(server.port, server.address, () => socket.write(text));
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => done(received));
  });
}

describe('the metrics server', () => {
  it('gives the metrics', async () => {
    const { status, text, headers } = await ask(await start(), '/metrics');
    expect({ status, text }).toEqual({ status: 200, text: '# HELP a b\n# TYPE a gauge\na 1\n' });
    expect(headers.get('content-type')).toBe(METRICS.contentType);
    expect(headers.get('content-length')).toBe('30');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('takes a query', async () => expect((await ask(await start(), '/metrics?name[]=a')).status).toBe(200));

  it('answers HEAD with the headers', async () => {
    const { status, text, headers } = await ask(await start(), '/metrics', 'HEAD');
    expect({ status, text, length: headers.get('content-length') }).toEqual({ status: 200, text: '', length: '30' });
  });

  it('names its places', async () => {
    const { status, text, headers } = await ask(await start(), '/');
    expect(status).toBe(200);
    expect(text).toMatch(/^[^\n]*\/metrics[^\n]*\/healthz[^\n]*\n$/);
    expect(headers.get('content-type')).toBe('text/plain; charset=utf-8');
  });

  it('tells its health', async () => {
    const state = { ok: true, text: '' };
    const server = await start(() => state);
    expect(await ask(server, '/healthz')).toMatchObject({ status: 200, text: 'ok\n' });
    Object.assign(state, { ok: false, text: 'eth0\x1b[2J went down' });
    expect(await ask(server, '/healthz')).toMatchObject({ status: 503, text: 'eth0\\x1b[2J went down\n' });
  });

  it.each(['/favicon.ico', '/metrics/', '//metrics', '/metrics%00', '/../../etc/passwd'])('has nothing at %s', async (path) => {
    const answer = await exchange(await start(), `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    expect(answer).not.toContain(path);
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('refuses %s', async (method) => {
    const { status, headers } = await ask(await start(), '/metrics', method);
    expect({ status, allow: headers.get('allow') }).toEqual({ status: 405, allow: 'GET, HEAD' });
  });

  it('does not wait for a body', async () => {
    const answer = await exchange(await start(), 'POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc');
    expect(answer).toMatch(/^HTTP\/1\.1 405 /);
  });

  it('says nothing of its inside when something fails', async () => {
    const failing = { ...METRICS, text: () => Promise.reject(new Error('secret')) };
    const { status, text } = await ask(await start(undefined, failing), '/metrics');
    expect({ status, text }).toEqual({ status: 500, text: 'the metrics cannot be read\n' });
    const sick = await start(() => {
      throw new Error('secret');
    });
    expect((await ask(sick, '/healthz')).status).toBe(500);
  });

  it.each([
    ['what is no HTTP', '\x16\x03\x01\0\x05\x01\0\0\x01\0\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['headers without end', `GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(10_000)}`, /^HTTP\/1\.1 431 /],
    ['a tunnel', 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n', /^$/],
  ])('survives %s', async (_, request, answer) => {
    const server = await start();
    expect(await exchange(server, request)).toMatch(answer);
    expect((await ask(server, '/healthz')).status).toBe(200);
  });

  it('hangs up on a request that does not come', async () => {
    const server = await start();
    expect(await exchange(server, 'GET /metrics HTTP/1.1\r\n')).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('reads the metrics at most once a second, however many ask', async () => {
    let reads = 0;
    const server = await start(undefined, {
      ...METRICS,
      text: async () => {
        reads++;
        if (reads === 1) throw new Error('not yet');
        return `${reads}`;
      },
    });
    expect((await ask(server, '/metrics')).status).toBe(500);
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(server, '/metrics')));
    expect(answers.map(({ text }) => text)).toEqual(Array.from({ length: 20 }, () => '2'));
    await new Promise((done) => setTimeout(done, 1050));
    expect((await ask(server, '/metrics')).text).toBe('3');
  });

  it('has room for few connections', async () => {
    const server = await start();
    const idle = Array.from({ length: 40 }, () => connect(server.port, server.address).on('error', () => {}));
    const ended = await Promise.all(idle.slice(32).map((socket) => new Promise((done) => socket.on('close', () => done(true)).resume())));
    expect(ended).toHaveLength(8);
    for (const socket of idle) socket.destroy();
  });

  it('ends with open connections', async () => {
    const server = await startMetricsServer(HERE, METRICS, () => ({ ok: true, text: '' }));
    const open = exchange(server, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await new Promise((done) => setTimeout(done, 50));
    await server.close();
    expect(await open).toMatch(/^HTTP\/1\.1 200 /);
    await expect(ask(server, '/')).rejects.toThrow();
  });
});

describe('where nothing can listen', () => {
  const fail = async (host: string, port: number) => {
    const error: unknown = await startMetricsServer({ host, port }, METRICS, () => ({ ok: true, text: '' })).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(Error);
    return (error as Error).message;
  };

  it('says that the port is taken', async () => {
    const other = createServer();
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const { port } = other.address() as AddressInfo;
    expect(await fail('127.0.0.1', port)).toBe(`metrics cannot be served on 127.0.0.1:${port}: another program listens there (EADDRINUSE)`);
    other.close();
  });

  it('says that the address is elsewhere', async () => {
    expect(await fail('192.0.2.1', 9464)).toBe(
      'metrics cannot be served on 192.0.2.1:9464: no interface of this machine has this address (EADDRNOTAVAIL)',
    );
  });

  it('says that there is no such host', async () => {
    expect(await fail('host.invalid', 9464)).toMatch(/^metrics cannot be served on host\.invalid:9464: .*(ENOTFOUND|EAI_AGAIN).*$/);
  });
});

describe('parseListenAddress', () => {
  it.each([
    ['9464', '127.0.0.1', 9464],
    ['0', '127.0.0.1', 0],
    ['65535', '127.0.0.1', 65_535],
    ['0.0.0.0:9464', '0.0.0.0', 9464],
    ['192.0.2.7:80', '192.0.2.7', 80],
    ['localhost:9464', 'localhost', 9464],
    ['metrics.example.org.:9464', 'metrics.example.org.', 9464],
    ['[::]:9464', '::', 9464],
    ['[::1]:9464', '::1', 9464],
    ['[fe80::1%eth0]:9464', 'fe80::1%eth0', 9464],
  ])('reads %s', (text, host, port) => expect(parseListenAddress(text)).toEqual({ host, port }));

  it.each([
    ['', 'the port is a number'],
    ['metrics', 'the port is a number'],
    ['65536', 'the port is a number'],
    ['123456', 'the port is a number'],
    ['-1', 'the port is a number'],
    ['1.5', 'the port is a number'],
    ['localhost:', 'the port is a number'],
    ['localhost:http', 'the port is a number'],
    ['localhost:9464 ', 'the port is a number'],
    [':9464', 'there is no host before the colon'],
    [':', 'there is no host before the colon'],
    ['::', 'write [host:]port'],
    ['::1', 'write [host:]port'],
    ['2001:db8::1', 'write [host:]port'],
    ['fe80::1:9464', 'write [host:]port'],
    ['http://localhost:9464', 'write [host:]port'],
    ['[::1]', 'write [host:]port'],
    ['[::1', 'write [host:]port'],
    ['[]:9464', 'no IPv6 address'],
    ['[127.0.0.1]:9464', 'no IPv6 address'],
    ['256.0.0.1:9464', 'neither an IPv4 address nor a name'],
    ['1.2.3:9464', 'neither an IPv4 address nor a name'],
    ['a b:9464', 'neither an IPv4 address nor a name'],
    ['-a:9464', 'neither an IPv4 address nor a name'],
    ['a..b:9464', 'neither an IPv4 address nor a name'],
    [`${'a'.repeat(64)}:9464`, 'neither an IPv4 address nor a name'],
    [`${'a.'.repeat(127)}b:9464`, 'neither an IPv4 address nor a name'],
  ])('refuses %s', (text, what) => expect(parseListenAddress(text)).toContain(what));
});
