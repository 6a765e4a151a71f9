// Watches an interface, and prints each lost session as soon as it is known: node live-capture.js INTERFACE [FILTER [SECONDS]]
import { CaptureError, capture } from 'closenotify';

const [device, filter = 'tcp port 443', seconds = '60'] = process.argv.slice(2);
if (!device) {
  console.error('usage: live-capture INTERFACE [FILTER [SECONDS]]');
  process.exit(2);
}

// Ctrl-C ends the capture as its time does: the report still comes.
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
const onOpen = () => console.error(`listening on ${device}, ${filter}`);

try {
  for await (const event of capture({ device, filter, duration: Number(seconds), signal: stop.signal, connections: false, onOpen })) {
    if (event.type === 'report') {
      const { tlsConnections, invalidatedSessions } = event.report.totals;
      console.log(`${tlsConnections} TLS connections; sessions invalidated: ${invalidatedSessions}`);
    }
    if (event.type !== 'finding') continue;
    const { session, server } = event.finding;
    const what = event.change === 'withdrawn' ? 'explained otherwise' : `${event.finding.cause}, confidence ${event.finding.confidence}`;
    console.log(`${event.change}: session ${session.id.slice(0, 16)} of ${server.address} port ${server.port}: ${what}`);
  }
} catch (error) {
  if (!(error instanceof CaptureError)) throw error;
  console.error(error.message);
  for (const hint of error.hints) console.error(`  ${hint}`);
  process.exitCode = 4;
}
