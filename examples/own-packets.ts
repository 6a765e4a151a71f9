// Analyzes packets that were printed as text, as in a bug report: tcpdump -r FILE -n -tt -xx | node own-packets.js [LINKTYPE]
import { createInterface } from 'node:readline';
import { Analyzer } from 'closenotify';

/** LINKTYPE_ETHERNET (tcpdump.org/linktypes.html): tcpdump says on standard error what it is. */
const ETHERNET = '1';

const linkType = Number(process.argv[2] ?? ETHERNET);
if (!Number.isInteger(linkType)) {
  console.error('usage: own-packets [LINKTYPE]');
  process.exit(2);
}

const analyzer = new Analyzer({
  onConnection: ({ stream, handshake, close }) => console.log(`stream ${stream}: ${handshake} handshake, client ${close.client.state}`),
});

/** A line that begins with the time, and lines with the bytes: `\t0x0010:  003c 30e6 4000`. */
let packet: { seconds: number; nanoseconds: number; hex: string } | null = null;
for await (const line of createInterface({ input: process.stdin })) {
  const time = /^(\d+)\.(\d{6,9}) /.exec(line);
  const bytes = /^\s+0x[0-9a-f]+: ((?: [0-9a-f]{2,4}| )+)$/.exec(line);
  if (time) {
    push();
    packet = { seconds: Number(time[1]), nanoseconds: Number(time[2].padEnd(9, '0')), hex: '' };
  } else if (bytes && packet) {
    packet.hex += bytes[1].replaceAll(' ', '');
  }
}
push();

const { totals, findings, capture } = analyzer.finish();
for (const { message } of capture.warnings) console.error(message);
console.log(`${analyzer.frames} frames, ${totals.tlsConnections} TLS connections; sessions invalidated: ${totals.invalidatedSessions}`);
for (const { session, wiresharkFilter } of findings) console.log(`session ${session.id.slice(0, 16)}: ${wiresharkFilter}`);

function push(): void {
  if (packet) analyzer.push(Buffer.from(packet.hex, 'hex'), packet.seconds, packet.nanoseconds, linkType);
}
