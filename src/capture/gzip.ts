// gzip: RFC 1952, one or several members
import type { ByteSource } from './byte-source.js';

/** Whether input that begins with these two bytes is gzip (RFC 1952, section 2.3.1). */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Makes of a gzip what is inside it. `first`: what was already read of the input. */
export type Gunzip = (inner: ByteSource, first: Uint8Array) => ByteSource;

/** The compressed data end too early, or are no gzip any more. What could be decompressed was delivered before. */
export class GzipError extends Error {
  /** `cut`: the data end before the gzip does. */
  readonly kind: 'cut' | 'damaged';

  constructor(kind: 'cut' | 'damaged', message: string) {
    super(message);
    this.kind = kind;
  }
}
