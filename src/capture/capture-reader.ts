import { escapeText } from '../bytes/escape.js';
import { MAX_LINK_TYPES } from '../limits.js';
import type { CaptureSource } from '../model.js';
import type { WarningCode } from '../warning-codes.js';
import type { ByteSource } from './byte-source.js';
import type { Decoder, DecoderOptions } from './decoder.js';
import { GzipError } from './gzip.js';
import { errorText, InputError, inputErrorFrom } from './input-error.js';
import { linkTypeName } from './link-types.js';
import { describeOther, MAGIC_BYTES, sniff } from './magic.js';
import { PCAP_HEADER_BYTES, PcapDecoder } from './pcap.js';
import { PcapngDecoder } from './pcapng.js';
import type { Reader, ReaderOptions } from './reader.js';

/** Reads one capture: finds out what it is, and keeps at the front of the window what the last read cut. */
export class CaptureReader implements Reader {
  readonly #name: string;
  readonly #options: ReaderOptions;
  #source: ByteSource;
  #decoder: Decoder | null = null;
  /** Bytes in the window. */
  #end = 0;
  /** Bytes of the file before the window. */
  #before = 0;
  #compressed = false;
  #truncated = false;

  constructor(name: string, source: ByteSource, options: ReaderOptions) {
    this.#name = name;
    this.#source = source;
    this.#options = options;
  }

  get bytesRead(): number {
    return this.#source.bytesRead;
  }

  get frames(): number {
    return this.#decoder?.frames ?? 0;
  }

  async step(limit: number): Promise<boolean> {
    const { bytes } = this.#options.window;
    const length = await this.#read(bytes, Math.min(limit, bytes.length - this.#end));
    if (length <= 0) {
      if (!this.#hasHeader()) throw this.#unreadable();
      if (length === 0) this.#finish();
      return false;
    }
    this.#end += length;
    this.#decoder ??= this.#recognise();
    return this.#decoder === null || this.#decode(this.#decoder);
  }

  close(): void | Promise<void> {
    return this.#source.close();
  }

  /** What was read, for the report. */
  describe(): CaptureSource {
    const decoder = this.#decoder;
    return {
      name: this.#name,
      format: decoder?.format ?? 'pcap',
      linkTypes: [...new Set([...(decoder?.linkTypes ?? [])].slice(0, MAX_LINK_TYPES).map(linkTypeName))],
      snapLength: decoder?.snapLength ?? null,
      frames: this.frames,
      bytes: decoder?.bytes ?? 0,
      dropped: decoder?.dropped ?? null,
      truncated: this.#truncated,
    };
  }

  /** Bytes read; 0 at the end; -1 when reading failed after something was delivered. */
  async #read(bytes: Uint8Array, length: number): Promise<number> {
    try {
      return await this.#source.read(bytes, this.#end, length);
    } catch (reason) {
      const error = reason ?? new Error('reading failed');
      this.#options.signal?.throwIfAborted();
      if (!this.#hasHeader()) throw this.#unreadable(error);
      const code = error instanceof GzipError && error.kind === 'damaged' ? 'capture-damaged' : 'capture-cut';
      this.#spoil(code, this.#before + this.#end, error instanceof GzipError ? error.message : `reading failed: ${errorText(error)}`);
      return -1;
    }
  }

  /** The decoder for what the window begins with; null while that is too little to tell. */
  #recognise(): Decoder | null {
    const { window, sink, warnings, onSecrets, numberOf, gunzip } = this.#options;
    const first = window.bytes.subarray(0, this.#end);
    const format = sniff(first);
    if (typeof format === 'number') return null;
    if (format === 'gzip' && !this.#compressed) {
      if (!gunzip) throw new InputError('ERR_NOT_A_CAPTURE', this.#name, COMPRESSED);
      this.#source = gunzip(this.#source, first.slice());
      this.#compressed = true;
      this.#end = 0;
      return null;
    }
    const warn = (code: WarningCode, message: string) =>
      warnings.add(code, `${escapeText(this.#name)}: ${message}`, this.#lastFrame(), this.#name);
    const options: DecoderOptions = { sink, warn, onSecrets, numberOf };
    if (format === 'pcapng') return new PcapngDecoder(options);
    if (format !== 'pcap') throw this.#unreadable();
    const decoder = new PcapDecoder(window.view, options);
    this.#keepFrom(PCAP_HEADER_BYTES);
    return decoder;
  }

  #decode(decoder: Decoder): boolean {
    const { window } = this.#options;
    const used = decoder.decode(window.bytes, window.view, 0, this.#end);
    if (decoder.damage === null) {
      this.#keepFrom(used);
      return true;
    }
    if (!this.#hasHeader()) throw this.#unreadable();
    this.#spoil('capture-damaged', this.#before + decoder.damage.at, decoder.damage.problem);
    return false;
  }

  #keepFrom(used: number): void {
    if (used === 0) return;
    this.#options.window.bytes.copyWithin(0, used, this.#end);
    this.#end -= used;
    this.#before += used;
  }

  #finish(): void {
    const missing = this.#decoder?.missing(this.#options.window.view, 0, this.#end) ?? null;
    if (missing !== null) this.#spoil('capture-cut', this.#before, `the file ends in ${missing}`);
  }

  #spoil(code: 'capture-cut' | 'capture-damaged', offset: number, problem: string): void {
    this.#truncated = true;
    const place = `at byte ${offset}${this.#compressed ? ' of what is in the gzip' : ''}, after frame ${this.frames}`;
    const message = `${escapeText(this.#name)}: ${code === 'capture-cut' ? 'cut' : 'damaged'} ${place}: ${problem}; all before it was read`;
    this.#options.warnings.add(code, message, this.#lastFrame(), this.#name);
  }

  #lastFrame(): number | null {
    return this.#options.framesBefore + this.frames || null;
  }

  /** Whether what follows is worth a report: the header of the file was read. */
  #hasHeader(): boolean {
    return this.#decoder !== null && (!(this.#decoder instanceof PcapngDecoder) || this.#decoder.sections > 0);
  }

  /** Why nothing can be read, once input ended or `error` came before the header was there. */
  #unreadable(error?: unknown): InputError {
    const first = this.#options.window.bytes.subarray(0, this.#end);
    const inside = this.#compressed ? 'in the gzip: ' : '';
    if (error instanceof GzipError)
      return new InputError('ERR_READ', this.#name, `${error.message}, before any packet; copy the file again`);
    if (error !== undefined) return inputErrorFrom(error, this.#name);
    if (this.#end === 0) return new InputError('ERR_EMPTY', this.#name, `${inside}is empty; expected a packet capture`);
    const damage = this.#decoder?.damage;
    if (damage) return new InputError('ERR_NOT_A_CAPTURE', this.#name, `${inside}damaged in its first header: ${damage.problem}`);
    if (this.#decoder === null && (this.#end < MAGIC_BYTES || sniff(first) === 'other' || sniff(first) === 'gzip')) {
      return new InputError('ERR_NOT_A_CAPTURE', this.#name, inside + describeOther(first));
    }
    const problem = `cut in its first header: ${this.#end} bytes are all there is; capture or copy the file again`;
    return new InputError('ERR_NOT_A_CAPTURE', this.#name, inside + problem);
  }
}

/** Where nothing was given that decompresses. */
const COMPRESSED = 'is gzip; decompress it first: stream.pipeThrough(new DecompressionStream("gzip"))';
