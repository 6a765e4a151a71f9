// Prints which TLS sessions a server dropped after an unclean close: node analyze-file.js capture.pcap
import { analyze } from 'closenotify';

const [file = 'fixtures/forum-haproxy.pcap'] = process.argv.slice(2);
const { totals, findings } = await analyze(file);
console.log(`${file}: ${totals.tlsConnections} TLS connections; sessions invalidated: ${totals.invalidatedSessions}`);
for (const { session, issued, uncleanCloses, declines, cause, confidence } of findings) {
  const closes = uncleanCloses.map(({ frame, by, end }) => `${end.toUpperCase()} by the ${by} in frame ${frame}`).join(', ');
  const frames = declines.map(({ serverHello }) => serverHello).join(', ');
  console.log(`${session.id}\n  issued in frame ${issued.frame}, ${closes}, declined in frame ${frames}: ${cause} (${confidence})`);
}
