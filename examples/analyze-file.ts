// Prints which TLS sessions a server dropped after an unclean close: node analyze-file.js [FILE]...
import { analyze, InputError } from 'closenotify';

const files = process.argv.slice(2);
if (files.length === 0) files.push('fixtures/forum-haproxy.pcap');
try {
  const { capture, totals, findings } = await analyze(files);
  for (const { message } of capture.warnings) console.error(message);
  console.log(`${files.join(', ')}: ${totals.tlsConnections} TLS connections; sessions invalidated: ${totals.invalidatedSessions}`);
  for (const { session, issued, uncleanCloses, declines, cause, confidence } of findings) {
    const closes = uncleanCloses.map(({ frame, by, end }) => `${end.toUpperCase()} by the ${by} in frame ${frame}`).join(', ');
    const frames = declines.map(({ serverHello }) => serverHello).join(', ');
    console.log(`${session.id}\n  issued in frame ${issued.frame}, ${closes}, declined in frame ${frames}: ${cause} (${confidence})`);
  }
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  console.error(error.message);
  process.exitCode = 3;
}
