// Servers of TLS 1.2 with session IDs that drop a session when its connection ends without close_notify. They send lines back.
import { fileURLToPath } from 'node:url';
import { Program } from './program.js';

export const SERVERS = ['openssl', 'java'] as const;
export type ServerKind = (typeof SERVERS)[number];

export const ADDRESS = '127.0.0.1';
/** Of a key that lives as long as this run. */
const PASSWORD = 'password';
const SERVER_JAVA = fileURLToPath(new URL('../../reproduce-the-bug/Server.java', import.meta.url));

/**
 * @param directory for its key and certificate
 * @returns its port
 */
export async function startServer(kind: ServerKind, directory: string): Promise<number> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'key.pem'];
  await Program.run('openssl', ['req', '-x509', ...key, '-subj', '/CN=localhost', '-out', 'cert.pem'], { directory });
  const server = await (kind === 'openssl' ? startOpenssl(directory) : startJava(directory));
  const [, port] = await server.until(/127\.0\.0\.1:(\d+)/);
  return Number(port);
}

/** OpenSSL 3 takes a FIN without close_notify for a fatal error. */
async function startOpenssl(directory: string): Promise<Program> {
  const certificate = ['-cert', 'cert.pem', '-key', 'key.pem'];
  return new Program('openssl', ['s_server', '-accept', `${ADDRESS}:0`, '-tls1_2', '-no_ticket', '-rev', ...certificate], { directory });
}

/** Java does so with this property; its SSLEngine always did before JDK-8273553. */
async function startJava(directory: string): Promise<Program> {
  const store = ['-in', 'cert.pem', '-inkey', 'key.pem', '-out', 'server.p12', '-passout', `pass:${PASSWORD}`];
  await Program.run('openssl', ['pkcs12', '-export', ...store], { directory });
  const properties = ['-Dcom.sun.net.ssl.requireCloseNotify=true', '-Djdk.tls.server.enableSessionTicketExtension=false'];
  return new Program('java', [...properties, SERVER_JAVA, 'server.p12', PASSWORD], { directory });
}
