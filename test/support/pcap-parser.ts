import { createRequire } from 'node:module';
import type { Readable } from 'node:stream';
import type { PcapParserLike } from '../../src/capture/read.js';

/** npm pcap-parser, which has no types. */
export const { parse } = createRequire(import.meta.url)('pcap-parser') as {
  parse(input: string | Readable): PcapParserLike & { stream: Readable };
};
