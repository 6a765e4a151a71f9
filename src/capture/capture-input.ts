import type { ByteStream } from './byte-source.js';
import type { CapSource } from './live/cap-source.js';
import type { PcapParserLike } from './pcap-parser.js';

/**
 * A path or file URL, the bytes of a capture, a stream of them with or without a name, an object of npm pcap-parser's `parse()`, or an open
 * interface of npm cap.
 */
export type CaptureInput = string | URL | Uint8Array | NamedStream | ByteStream | PcapParserLike | CapSource;

/** A stream of bytes that tells where they come from. */
export interface NamedStream {
  /** For messages and the report. */
  name: string;
  /** The bytes of a capture. */
  stream: ByteStream;
}
