// Objects of npm pcap-parser's parse() as a source, and what else emits the same events

import { escapeText } from '../bytes/escape.js';
import { MAX_CAPTURED_BYTES } from '../limits.js';
import type { CaptureSource } from '../model.js';
import type { WarningCode } from '../warning-codes.js';
import { abortable } from './byte-source.js';
import { snapLengthOf } from './decoder.js';
import type { FrameSink } from './frame-sink.js';
import { errorText, InputError, inputErrorFrom } from './input-error.js';
import { linkTypeName } from './link-types.js';
import type { Reader, ReaderOptions } from './reader.js';

/** A Parser of npm pcap-parser: emits `globalHeader`, `packet`, `error` and `end`. */
export interface PcapParserLike {
  /** Of an EventEmitter. */
  on(event: string, listener: (...values: unknown[]) => void): unknown;
  /** The stream that is parsed: paused while its packets wait. */
  stream?: unknown;
  /** What was not parsed yet. */
  buffer?: unknown;
}

interface GlobalHeader {
  snapshotLength: number;
  linkLayerType: number;
}

interface PacketHeader {
  timestampSeconds: number;
  timestampMicroseconds: number;
  capturedLength: number;
  originalLength: number;
}

interface Packet {
  header: PacketHeader;
  data: Uint8Array;
}

/** What is used of the stream, where there is one. */
interface ParsedStream {
  path?: unknown;
  bytesRead?: unknown;
  readableEnded?: unknown;
  on?(event: string, listener: () => void): unknown;
  pause?(): unknown;
  resume?(): unknown;
  destroy?(): unknown;
}

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const LINK_TYPE_MASK = 0xffff;

/** Takes what a parser emits, from the moment it is created: a parser begins on the next tick, whether someone listens or not. */
export class ParserReader implements Reader {
  readonly name: string;
  readonly #parser: PcapParserLike;
  readonly #stream: ParsedStream;
  #waiting: Packet[] = [];
  #header: GlobalHeader | null = null;
  #announced: PacketHeader | null = null;
  #error: unknown = null;
  #options: ReaderOptions | null = null;
  #tooLong = 0;
  #ended = false;
  #paused = false;
  #wake: () => void = () => {};
  #frames = 0;
  #bytes = 0;
  #truncated = false;

  constructor(parser: PcapParserLike) {
    this.#parser = parser;
    this.#stream = (typeof parser.stream === 'object' && parser.stream !== null ? parser.stream : {}) as ParsedStream;
    this.name = typeof this.#stream.path === 'string' ? this.#stream.path : 'pcap-parser';
    if (this.#stream.readableEnded === true) {
      this.#error = new Error('the parser has already read its input; give it before it begins');
      this.#ended = true;
    }
    parser.on('globalHeader', (header) => {
      this.#header = header as GlobalHeader;
    });
    parser.on('packetHeader', (header) => this.#announce(header as PacketHeader));
    parser.on('packet', (packet) => this.#take(packet as Packet));
    parser.on('error', (error) => {
      this.#error ??= error;
      this.#end();
    });
    parser.on('end', () => this.#end());
    this.#stream.on?.('close', () => this.#end());
  }

  get frames(): number {
    return this.#frames;
  }

  get bytesRead(): number {
    return typeof this.#stream.bytesRead === 'number' ? this.#stream.bytesRead : this.#offset();
  }

  begin(options: ReaderOptions): void {
    this.#options = options;
  }

  /** Waits for packets and delivers them; false after the last. */
  async step(): Promise<boolean> {
    const { sink, signal } = this.#options as ReaderOptions;
    while (this.#waiting.length === 0 && !this.#ended) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await abortable(woken, signal);
    }
    const packets = this.#waiting;
    this.#waiting = [];
    for (const packet of packets) this.#deliver(packet, sink);
    if (this.#ended) {
      this.#finish(this.#options as ReaderOptions);
      return false;
    }
    if (this.#paused) this.#stream.resume?.();
    this.#paused = false;
    return true;
  }

  close(): void {
    this.#ended = true;
    this.#stream.destroy?.();
  }

  describe(): CaptureSource {
    return {
      name: this.name,
      format: 'pcap',
      linkTypes: this.#header ? [linkTypeName(this.#header.linkLayerType & LINK_TYPE_MASK)] : [],
      snapLength: this.#header ? snapLengthOf(this.#header.snapshotLength) : null,
      frames: this.#frames,
      bytes: this.#bytes,
      dropped: null,
      truncated: this.#truncated,
    };
  }

  #finish({ warnings, framesBefore }: ReaderOptions): void {
    if (this.#header === null) throw this.#unreadable();
    const problem = this.#problem();
    if (problem === null) return;
    this.#truncated = true;
    const code: WarningCode = this.#tooLong > 0 ? 'capture-damaged' : 'capture-cut';
    const word = this.#tooLong > 0 ? 'damaged' : 'cut';
    const place = `at byte ${this.#offset()}, after frame ${this.#frames}`;
    const message = `${escapeText(this.name)}: ${word} ${place}: ${problem}; all before it was read`;
    warnings.add(code, message, framesBefore + this.#frames || null, this.name);
  }

  /** The parser would collect a packet of any length: one that is not accepted ends its input. */
  #announce(header: PacketHeader): void {
    this.#announced = header;
    if (header.capturedLength <= MAX_CAPTURED_BYTES || this.#ended) return;
    this.#tooLong = header.capturedLength;
    this.#end();
    this.#stream.destroy?.();
  }

  #take(packet: Packet): void {
    this.#announced = null;
    if (this.#ended) return;
    if (!(packet?.data instanceof Uint8Array)) {
      this.#error = new Error('its packets are not those of pcap-parser');
      this.#end();
      return;
    }
    this.#waiting.push(packet);
    if (!this.#paused) this.#stream.pause?.();
    this.#paused = true;
    this.#wake();
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }

  #deliver({ header, data }: Packet, sink: FrameSink): void {
    const linkType = (this.#header?.linkLayerType ?? 0) & LINK_TYPE_MASK;
    const seconds = header.timestampSeconds + Math.floor(header.timestampMicroseconds / 1e6);
    const nanoseconds = (header.timestampMicroseconds % 1e6) * 1000;
    this.#frames++;
    this.#bytes += data.length;
    sink.frame(data, 0, data.length, header.originalLength, seconds, nanoseconds, linkType);
  }

  #problem(): string | null {
    if (this.#tooLong > 0) return `a packet of ${this.#tooLong} bytes, at most ${MAX_CAPTURED_BYTES} expected`;
    if (this.#error !== null) return `reading failed: ${errorText(this.#error)}`;
    if (this.#announced) return `the file ends in a packet of ${this.#announced.capturedLength} bytes, ${this.#leftOver()} of them there`;
    const rest = this.#leftOver();
    return rest === 0 ? null : `the file ends in a packet header of ${RECORD_HEADER_BYTES} bytes, ${rest} of them there`;
  }

  #unreadable(): InputError {
    if (this.#error !== null && /unknown magic number/.test(errorText(this.#error))) {
      const advice = 'pcap-parser reads pcap with microseconds only, give the path instead';
      return new InputError('ERR_NOT_A_CAPTURE', this.name, `${errorText(this.#error)}; ${advice}`);
    }
    if (this.#error !== null) return inputErrorFrom(this.#error, this.name);
    const rest = this.#leftOver();
    if (rest === 0) return new InputError('ERR_EMPTY', this.name, 'is empty; expected a packet capture');
    return new InputError(
      'ERR_NOT_A_CAPTURE',
      this.name,
      `cut in its first header: ${rest} bytes are all there is; capture or copy the file again`,
    );
  }

  /** Bytes that the parser holds and has made no packet of. */
  #leftOver(): number {
    return this.#parser.buffer instanceof Uint8Array ? this.#parser.buffer.length : 0;
  }

  #offset(): number {
    return this.#header === null ? 0 : FILE_HEADER_BYTES + this.#frames * RECORD_HEADER_BYTES + this.#bytes;
  }
}
