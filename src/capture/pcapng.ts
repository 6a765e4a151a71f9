// pcapng files: draft-ietf-opsawg-pcapng, sections 3 and 4
import { MAX_CAPTURED_BYTES } from '../limits.js';
import { type Damage, type Decoder, type DecoderOptions, WINDOW_BYTES } from './decoder.js';
import {
  BLOCK,
  BODY,
  byteOrder,
  interfaceOf,
  LENGTH,
  MIN_BLOCK_BYTES,
  PACKET,
  packetProblem,
  SECRETS,
  SECTION,
  SIMPLE_PACKET,
  STATISTICS,
  secretsProblem,
  sectionProblem,
  TRAILER_BYTES,
} from './pcapng-blocks.js';
import { type CaptureInterface, describeInterface, droppedFrames, parseInterface } from './pcapng-interface.js';

/** A block up to this is looked at only when it is there as a whole; of a larger one only the beginning is. */
const MAX_WHOLE_BLOCK_BYTES = WINDOW_BYTES - 64 * 1024;
/** Interfaces of one section; dumpcap writes one for each it listens on. */
const MAX_INTERFACES = 65_536;
/** Decryption secrets of one block: a key log of about 90 000 TLS 1.2 connections. */
const MAX_SECRETS_BYTES = 16 * 1024 * 1024;

/** Decodes a pcapng file from its first byte on. */
export class PcapngDecoder implements Decoder {
  readonly format = 'pcapng';
  readonly linkTypes = new Set<number>();
  snapLength: number | null = null;
  frames = 0;
  bytes = 0;
  damage: Damage | null = null;
  dropped: number | null = null;
  /** Section Header Blocks read. */
  sections = 0;
  readonly #options: DecoderOptions;
  #littleEndian = true;
  #interfaces: CaptureInterface[] = [];
  #anyInterface = false;
  #lastLinkType = -1;
  #seconds = 0;
  #nanoseconds = 0;
  /** Of a block larger than the window: its length, and how much is still to come before its trailer. */
  #largeLength = 0;
  #largeRest = 0;
  #secrets: { type: number; bytes: Uint8Array; filled: number } | null = null;

  constructor(options: DecoderOptions) {
    this.#options = options;
  }

  decode(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    let at = start;
    while (this.damage === null) {
      if (this.#largeLength > 0) {
        at = this.#passLarge(bytes, view, at, end);
        if (this.#largeLength > 0) return at;
      }
      if (end - at < MIN_BLOCK_BYTES) return at;
      const type = this.#blockType(view, at);
      const length = view.getUint32(at + LENGTH, this.#littleEndian);
      if (type === null) {
        this.#fail(at, 'a section without its byte-order magic 1a 2b 3c 4d');
      } else if (length < MIN_BLOCK_BYTES || length % 4 !== 0) {
        this.#fail(at, `a block of ${length} bytes, a multiple of 4 from ${MIN_BLOCK_BYTES} on expected`);
      } else if (length > MAX_WHOLE_BLOCK_BYTES) {
        const rest = this.#beginLarge(bytes, view, at, end, type, length);
        if (rest === at) return at;
        at = rest;
      } else {
        if (length > end - at) return at;
        const problem = this.#trailerProblem(view, at + length - TRAILER_BYTES, length) ?? this.#block(bytes, view, at, type, length);
        if (problem === null) at += length;
        else this.#fail(at, problem);
      }
    }
    return at;
  }

  missing(view: DataView, start: number, end: number): string | null {
    const there = end - start;
    if (this.#largeLength > 0) return `a block of ${this.#largeLength} bytes, ${this.#largeRest + TRAILER_BYTES - there} of them not there`;
    if (there === 0) return null;
    if (there < MIN_BLOCK_BYTES) return `a block of at least ${MIN_BLOCK_BYTES} bytes, ${there} of them there`;
    return `a block of ${view.getUint32(start + LENGTH, this.#littleEndian)} bytes, ${there} of them there`;
  }

  /** The type of the block at `at`, after taking over the byte order of a new section; null when it has none. */
  #blockType(view: DataView, at: number): number | null {
    const type = view.getUint32(at, this.#littleEndian);
    if (type !== BLOCK.section) return type;
    const littleEndian = byteOrder(view, at);
    if (littleEndian === null) return null;
    this.#littleEndian = littleEndian;
    return type;
  }

  #trailerProblem(view: DataView, at: number, length: number): string | null {
    const trailer = view.getUint32(at, this.#littleEndian);
    return trailer === length ? null : `${length} expected at the end of a block of that length, ${trailer} found`;
  }

  /** Takes what a block says. Like all below, returns what is wrong with it, or null. */
  #block(bytes: Uint8Array, view: DataView, at: number, type: number, length: number): string | null {
    switch (type) {
      case BLOCK.enhancedPacket:
      case BLOCK.packet:
        return packetProblem(view, at, type, length, this.#littleEndian, this.#interfaces.length) ?? this.#packet(bytes, view, at, type);
      case BLOCK.simplePacket:
        return this.#simplePacket(bytes, view, at, length);
      case BLOCK.section:
        return this.#section(view, at, length);
      case BLOCK.interface:
        return this.#interface(view, at, length);
      case BLOCK.secrets:
        return secretsProblem(view, at, length, this.#littleEndian) ?? this.#wholeSecrets(bytes, view, at);
      case BLOCK.statistics:
        this.#statistics(view, at, length);
        return null;
      default:
        return null;
    }
  }

  #packet(bytes: Uint8Array, view: DataView, at: number, type: number): null {
    const { clock, linkType } = this.#interfaces[interfaceOf(view, at, type, this.#littleEndian)];
    clock.set(view.getUint32(at + PACKET.high, this.#littleEndian), view.getUint32(at + PACKET.low, this.#littleEndian));
    this.#seconds = clock.seconds;
    this.#nanoseconds = clock.nanoseconds;
    const capturedLength = view.getUint32(at + PACKET.capturedLength, this.#littleEndian);
    const originalLength = view.getUint32(at + PACKET.originalLength, this.#littleEndian);
    this.#deliver(bytes, at + PACKET.data, capturedLength, originalLength, linkType);
    return null;
  }

  #simplePacket(bytes: Uint8Array, view: DataView, at: number, length: number): string | null {
    const room = length - SIMPLE_PACKET.data - TRAILER_BYTES;
    if (room < 0) return `a simple packet block of ${length} bytes, too short for its own header`;
    if (this.#interfaces.length === 0) return 'a packet of interface 0, the section describes 0';
    const { linkType, snapLength } = this.#interfaces[0];
    const originalLength = view.getUint32(at + SIMPLE_PACKET.originalLength, this.#littleEndian);
    const capturedLength = Math.min(originalLength, snapLength ?? originalLength, room);
    if (capturedLength > MAX_CAPTURED_BYTES) return `a packet of ${capturedLength} bytes, at most ${MAX_CAPTURED_BYTES} expected`;
    this.#options.warn('frame-without-time', 'simple packet blocks carry no time: that of the frame before was used');
    this.#deliver(bytes, at + SIMPLE_PACKET.data, capturedLength, originalLength, linkType);
    return null;
  }

  #deliver(bytes: Uint8Array, offset: number, capturedLength: number, originalLength: number, linkType: number): void {
    this.frames++;
    this.bytes += capturedLength;
    if (linkType !== this.#lastLinkType) this.linkTypes.add(linkType);
    this.#lastLinkType = linkType;
    this.#options.sink.frame(bytes, offset, capturedLength, originalLength, this.#seconds, this.#nanoseconds, linkType);
  }

  #section(view: DataView, at: number, length: number): string | null {
    const problem = sectionProblem(view, at, length, this.#littleEndian);
    if (problem !== null) return problem;
    this.sections++;
    this.#interfaces = [];
    return null;
  }

  #interface(view: DataView, at: number, length: number): string | null {
    if (this.#interfaces.length === MAX_INTERFACES) return `more than ${MAX_INTERFACES} interfaces in one section`;
    const [body, end] = [at + BODY, at + length - TRAILER_BYTES];
    const parsed = parseInterface(view, body, end, this.#littleEndian);
    if (parsed === null) return 'an interface description whose options go beyond its end';
    const { numberOf } = this.#options;
    if (numberOf) parsed.linkType = numberOf(describeInterface(view, body, end, this.#littleEndian));
    this.#interfaces.push(parsed);
    const known = this.snapLength;
    if (!this.#anyInterface) this.snapLength = parsed.snapLength;
    else this.snapLength = known === null || parsed.snapLength === null ? null : Math.max(known, parsed.snapLength);
    this.#anyInterface = true;
    return null;
  }

  /** Counts are not worth an end of the reading: what is wrong with them is left out. */
  #statistics(view: DataView, at: number, length: number): void {
    if (length < STATISTICS.options + TRAILER_BYTES) return;
    const described = this.#interfaces[view.getUint32(at + STATISTICS.interface, this.#littleEndian)];
    if (described === undefined) return;
    const dropped = droppedFrames(view, at + STATISTICS.options, at + length - TRAILER_BYTES, this.#littleEndian);
    if (dropped === null) return;
    this.dropped = (this.dropped ?? 0) + dropped - (described.dropped ?? 0);
    described.dropped = dropped;
  }

  #wholeSecrets(bytes: Uint8Array, view: DataView, at: number): null {
    const data = at + SECRETS.data;
    const size = view.getUint32(at + SECRETS.length, this.#littleEndian);
    this.#options.onSecrets?.(view.getUint32(at + SECRETS.type, this.#littleEndian), bytes.slice(data, data + size));
    return null;
  }

  /**
   * Takes what matters from the beginning of a block that does not fit the window, and lets the rest pass.
   *
   * @returns where the rest begins; `at` when more input is needed first, or the block is damaged
   */
  #beginLarge(bytes: Uint8Array, view: DataView, at: number, end: number, type: number, length: number): number {
    const isPacket = type === BLOCK.enhancedPacket || type === BLOCK.packet;
    let used = LARGE_BLOCK_BYTES[type] ?? BODY;
    if (end - at < used) return at;
    let problem: string | null = null;
    if (isPacket) problem = packetProblem(view, at, type, length, this.#littleEndian, this.#interfaces.length);
    else if (type === BLOCK.section) problem = this.#section(view, at, length);
    else if (type === BLOCK.secrets) problem = secretsProblem(view, at, length, this.#littleEndian) ?? this.#beginSecrets(view, at);
    else if (type === BLOCK.interface || type === BLOCK.simplePacket) problem = `a block of type ${type} of ${length} bytes, too long`;
    if (problem !== null) {
      this.#fail(at, problem);
      return at;
    }
    if (isPacket) {
      used += view.getUint32(at + PACKET.capturedLength, this.#littleEndian);
      if (end - at < used) return at;
      this.#packet(bytes, view, at, type);
    }
    this.#largeLength = length;
    this.#largeRest = length - used - TRAILER_BYTES;
    return at + used;
  }

  #beginSecrets(view: DataView, at: number): null {
    const size = view.getUint32(at + SECRETS.length, this.#littleEndian);
    if (size > MAX_SECRETS_BYTES) {
      this.#options.warn('secrets-too-long', `decryption secrets of ${size} bytes were left out: more than ${MAX_SECRETS_BYTES}`);
    } else if (this.#options.onSecrets) {
      this.#secrets = { type: view.getUint32(at + SECRETS.type, this.#littleEndian), bytes: new Uint8Array(size), filled: 0 };
    }
    return null;
  }

  #passLarge(bytes: Uint8Array, view: DataView, at: number, end: number): number {
    const passed = Math.min(this.#largeRest, end - at);
    this.#keepSecrets(bytes, at, passed);
    this.#largeRest -= passed;
    const trailerAt = at + passed;
    if (this.#largeRest > 0 || end - trailerAt < TRAILER_BYTES) return trailerAt;
    const problem = this.#trailerProblem(view, trailerAt, this.#largeLength);
    if (problem !== null) {
      this.#fail(trailerAt, problem);
      return trailerAt;
    }
    if (this.#secrets) this.#options.onSecrets?.(this.#secrets.type, this.#secrets.bytes);
    this.#secrets = null;
    this.#largeLength = 0;
    return trailerAt + TRAILER_BYTES;
  }

  #keepSecrets(bytes: Uint8Array, at: number, length: number): void {
    const secrets = this.#secrets;
    if (!secrets) return;
    const kept = Math.min(length, secrets.bytes.length - secrets.filled);
    secrets.bytes.set(bytes.subarray(at, at + kept), secrets.filled);
    secrets.filled += kept;
  }

  #fail(at: number, problem: string): void {
    this.damage = { at, problem };
  }
}

/** What must be there of a large block before it can be passed. */
const LARGE_BLOCK_BYTES: Readonly<Record<number, number>> = {
  [BLOCK.section]: SECTION.bytes,
  [BLOCK.packet]: PACKET.data,
  [BLOCK.enhancedPacket]: PACKET.data,
  [BLOCK.secrets]: SECRETS.data,
};
