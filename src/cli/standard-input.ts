import type { Readable } from 'node:stream';

/** What the program that writes the pipe may still send after the signal: tcpdump flushes its last packets and closes. */
const GRACE_MS = 300;

/**
 * The chunks of a stream, until its end or until `signal` stops it: then they end as if the input had ended, so that what was
 * read can be reported.
 */
export async function* untilStopped(stream: Readable, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let timer: NodeJS.Timeout | undefined;
  const stop = () => {
    timer = setTimeout(() => stream.destroy(), GRACE_MS);
  };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of stream) yield chunk;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
