// Lets npm pcap-parser read the file: node pcap-parser.js FILE.pcap
import { analyze, InputError } from 'closenotify';
import { parse } from 'pcap-parser';

const [file] = process.argv.slice(2);
if (!file) {
  console.error('usage: pcap-parser FILE.pcap');
  process.exit(2);
}

try {
  const parser = parse(file);
  // Others may listen as well.
  let bytes = 0;
  parser.on('packet', ({ header }) => {
    bytes += header.originalLength;
  });
  // In the same turn: a parser begins to read in the next one.
  const { totals, servers } = await analyze(parser);
  console.log(`${bytes} bytes on the wire, ${totals.tlsConnections} TLS connections; sessions invalidated: ${totals.invalidatedSessions}`);
  for (const { address, port, verdict } of servers) console.log(`${address} port ${port}: ${verdict}`);
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  console.error(error.message);
  process.exitCode = 3;
}
