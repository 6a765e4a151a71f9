// pcap-parser-loop.mjs FILE: the npm package pcap-parser with a callback that does nothing.
import pcapParser from 'pcap-parser';

const parser = pcapParser.parse(process.argv[2]);
parser.on('packet', () => {});
parser.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
