// Writes frames as classic pcap with nanoseconds: the savefile format of libpcap, tcpdump.org/manpages/pcap-savefile.5.html
import { closeSync, openSync, writeSync } from 'node:fs';
import { escapeText } from '../bytes/escape.js';
import { MAX_CAPTURED_BYTES } from '../limits.js';
import type { FrameSink } from './frame-sink.js';
import { errorText } from './input-error.js';

const NANOSECOND_MAGIC = 0xa1b23c4d;
const VERSION = { major: 2, minor: 4 } as const;
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
/** Frames are collected to so many bytes before they are written. */
const BUFFER_BYTES = 256 * 1024 + RECORD_HEADER_BYTES;

/** A file of frames. Its link type is that of the first one; frames of another one have no place in it, and are counted. */
export class FrameWriter implements FrameSink {
  readonly #path: string;
  readonly #fd: number;
  readonly #bytes = new Uint8Array(BUFFER_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  #used = 0;
  #linkType = -1;
  /** Frames of another link type. */
  leftOut = 0;
  /** Why writing ended early; null while all is well. */
  failure: Error | null = null;

  /** @throws {Error} of the system when the file cannot be made */
  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, 'w');
  }

  frame(
    bytes: Uint8Array,
    offset: number,
    capturedLength: number,
    originalLength: number,
    seconds: number,
    nanoseconds: number,
    linkType: number,
  ): void {
    if (this.failure !== null) return;
    if (this.#linkType < 0) this.#begin(linkType);
    if (linkType !== this.#linkType || capturedLength > MAX_CAPTURED_BYTES) {
      this.leftOut++;
      return;
    }
    const length = RECORD_HEADER_BYTES + capturedLength;
    if (this.#used + length > this.#bytes.length) this.flush();
    const at = this.#used;
    const view = this.#view;
    view.setUint32(at, seconds, true);
    view.setUint32(at + 4, nanoseconds, true);
    view.setUint32(at + 8, capturedLength, true);
    view.setUint32(at + 12, Math.max(originalLength, capturedLength), true);
    this.#bytes.set(bytes.subarray(offset, offset + capturedLength), at + RECORD_HEADER_BYTES);
    this.#used = at + length;
  }

  /** Writes what was collected. */
  flush(): void {
    try {
      for (let at = 0; at < this.#used; ) at += writeSync(this.#fd, this.#bytes, at, this.#used - at);
    } catch (error) {
      this.failure = new Error(`${escapeText(this.#path)}: cannot be written any further: ${errorText(error)}`);
    }
    this.#used = 0;
  }

  /** Also a file without frames gets its header, so that other programs read it. */
  close(): void {
    if (this.#linkType < 0) this.#begin(1);
    if (this.failure === null) this.flush();
    closeSync(this.#fd);
  }

  #begin(linkType: number): void {
    this.#linkType = linkType;
    const view = this.#view;
    view.setUint32(0, NANOSECOND_MAGIC, true);
    view.setUint16(4, VERSION.major, true);
    view.setUint16(6, VERSION.minor, true);
    view.setUint32(16, MAX_CAPTURED_BYTES, true);
    view.setUint32(20, linkType, true);
    this.#used = FILE_HEADER_BYTES;
  }
}
