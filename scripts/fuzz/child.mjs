// Checks what its parent sends, one after the other, and says how it went.
import { check } from './check.mjs';

process.on('message', async ({ bytes, keyLogs }) => {
  const started = performance.now();
  const outcome = await check(bytes, keyLogs).catch((error) => ({ error: error?.stack ?? String(error) }));
  process.send({ outcome, milliseconds: performance.now() - started, rss: process.memoryUsage.rss() });
});
