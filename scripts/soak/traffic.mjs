// The servers and clients of the soak: compiled or started here, each with a log that is read line by line.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ADDRESS = '127.0.0.1';
const PORTS = 65_536;
const WAIT_MILLISECONDS = 10_000;
const POLL_MILLISECONDS = 50;

/** The first of these ports at which all offsets are free, in steps. */
export async function freePorts(first, offsets, step) {
  for (let port = first; port + step < PORTS; port += step) {
    const isFree = await Promise.all(offsets.map((offset) => canListen(port + offset)));
    if (isFree.every(Boolean)) return port;
  }
  throw new Error(`no free ports from ${first}`);
}

function canListen(port) {
  return new Promise((settle) => {
    const server = createServer();
    server.on('error', () => settle(false));
    server.listen(port, ADDRESS, () => server.close(() => settle(true)));
  });
}

/** Compiles the two C programs into a directory. */
export function compile(directory) {
  for (const [name, libraries] of [
    ['tls-server', ['-lssl', '-lcrypto']],
    ['tls-clients', ['-lssl', '-lcrypto', '-lpthread', '-lm']],
  ]) {
    const source = fileURLToPath(new URL(`${name}.c`, import.meta.url));
    execFileSync('gcc', ['-O2', '-o', join(directory, name), source, ...libraries], { stdio: ['ignore', 'inherit', 'inherit'] });
  }
}

/**
 * Three servers on consecutive ports. `loses` says after which ends of a client the server drops the session; `log` whether it tells
 * itself what became of its sessions.
 */
export async function startServers(directory, { port, lifetime }, onLine) {
  const own = (name, at, loses, ...args) => {
    const program = join(directory, 'tls-server');
    const child = spawn(program, ['--port', `${at}`, '--lifetime', `${lifetime}`, ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return { name, port: at, loses, log: true, child, logged: readLines(child, (line) => onLine(at, line)) };
  };
  const servers = [
    own('OpenSSL, as s_server', port, ['fin']),
    own('OpenSSL, SSL_free alone', port + 1, ['fin', 'rst'], '--after-error', 'free'),
    hasNginx()
      ? {
          name: 'nginx',
          port: port + 2,
          loses: [],
          log: false,
          child: startNginx(directory, port + 2, lifetime),
          logged: Promise.resolve(),
        }
      : own('OpenSSL, IGNORE_UNEXPECTED_EOF', port + 2, [], '--ignore-eof'),
  ];
  await Promise.all(servers.map(untilListening));
  return servers;
}

/** @param extra options of tls-clients */
export function startClients(directory, servers, extra, onLine) {
  const args = servers.flatMap(({ port }) => ['--server', `${ADDRESS}:${port}`]);
  const child = spawn(join(directory, 'tls-clients'), [...args, ...extra], { stdio: ['ignore', 'pipe', 'inherit'] });
  return { child, logged: readLines(child, onLine) };
}

/** Settles when the output has ended and all of its lines were told. */
export function readLines(child, onLine) {
  const lines = createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY });
  lines.on('line', onLine);
  return once(lines, 'close');
}

/** Ends a program by a signal; SIGKILL follows if that takes too long. */
export async function stop(child, signal = 'SIGTERM', patience = WAIT_MILLISECONDS) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), patience);
  await exited;
  clearTimeout(timer);
}

function hasNginx() {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function startNginx(directory, port, lifetime) {
  const request = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/CN=localhost',
    '-days',
    '400',
  ];
  execFileSync('openssl', [...request, '-keyout', 'nginx.key', '-out', 'nginx.pem'], { cwd: directory, stdio: 'ignore' });
  writeFileSync(join(directory, 'nginx.conf'), nginxConfiguration(directory, port, lifetime));
  return spawn('nginx', ['-p', directory, '-c', join(directory, 'nginx.conf'), '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'inherit'] });
}

function nginxConfiguration(directory, port, lifetime) {
  return `daemon off;
master_process off;
pid ${directory}/nginx.pid;
error_log stderr crit;
worker_rlimit_nofile 65536;
events { worker_connections 32768; }
http {
  access_log off;
  keepalive_timeout 120s;
  keepalive_requests 100000;
  client_body_temp_path ${directory}/nginx-body;
  proxy_temp_path ${directory}/nginx-proxy;
  fastcgi_temp_path ${directory}/nginx-fastcgi;
  uwsgi_temp_path ${directory}/nginx-uwsgi;
  scgi_temp_path ${directory}/nginx-scgi;
  server {
    listen ${ADDRESS}:${port} ssl backlog=4096;
    ssl_certificate ${directory}/nginx.pem;
    ssl_certificate_key ${directory}/nginx.key;
    ssl_protocols TLSv1.2;
    ssl_session_cache shared:S:50m;
    ssl_session_timeout ${lifetime}s;
    ssl_session_tickets off;
    location / { return 200 "${'x'.repeat(400)}"; }
  }
}
`;
}

async function untilListening({ name, port, child }) {
  const deadline = Date.now() + WAIT_MILLISECONDS;
  while (!(await answers(port))) {
    if (Date.now() > deadline) throw new Error(`${name}: nothing listens on port ${port}`);
    await pause(POLL_MILLISECONDS);
  }
  // Where another program has the port, it is that one which answers.
  await pause(POLL_MILLISECONDS);
  if (child.exitCode !== null) throw new Error(`${name}: ended at once; is port ${port} in use?`);
}

function answers(port) {
  return new Promise((settle) => {
    const socket = connect(port, ADDRESS);
    socket.on('connect', () => {
      socket.destroy();
      settle(true);
    });
    socket.on('error', () => settle(false));
  });
}
