// A client that offers its session again, and ends its connections as it is told to.
import { once } from 'node:events';
import { connect as dial, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';

const WAIT_MILLISECONDS = 10_000;

/** `fin`: the bug. `close_notify`: the fix; the FIN comes behind it. */
export type Ending = 'fin' | 'close_notify';

/**
 * Makes connections one after the other, each of which offers the session of the one before.
 *
 * @returns how many of them the server resumed
 */
export async function visit(host: string, port: number, connections: number, ending: Ending): Promise<number> {
  let resumed = 0;
  let session: Buffer | undefined;
  for (let made = 0; made < connections; made++) {
    const signal = AbortSignal.timeout(WAIT_MILLISECONDS);
    const tcp = ignoreErrors(dial({ host, port, signal }));
    try {
      await once(tcp, 'connect', { signal });
      // The certificate is nobody's, and the server is our own.
      const options = { socket: tcp, maxVersion: 'TLSv1.2', rejectUnauthorized: false } as const;
      const tls = ignoreErrors(connect({ ...options, ...(session && { session }) }));
      await once(tls, 'secureConnect', { signal });
      tls.write('hello\n');
      await once(tls, 'data', { signal });
      if (tls.isSessionReused()) resumed++;
      session = tls.getSession();
      await end(tcp, tls, ending);
    } finally {
      tcp.destroy();
    }
  }
  return resumed;
}

/** Settles when both sides have ended. */
async function end(tcp: Socket, tls: TLSSocket, ending: Ending): Promise<void> {
  const closed = new Promise((resolve) => tcp.once('close', resolve));
  // What is done to the TCP socket below does not let TLS say anything.
  if (ending === 'fin') tcp.end();
  else tls.end();
  await closed;
}

/** What is waited for fails by itself, and the server may answer an end without close_notify with a fatal alert. */
function ignoreErrors<T extends Socket>(socket: T): T {
  return socket.on('error', () => {});
}
