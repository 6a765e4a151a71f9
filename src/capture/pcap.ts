// Classic pcap files: the savefile format of libpcap, tcpdump.org/manpages/pcap-savefile.5.html, draft-ietf-opsawg-pcap
import { MAX_CAPTURED_BYTES } from '../limits.js';
import { type Damage, type Decoder, type DecoderOptions, snapLengthOf } from './decoder.js';

export const PCAP_HEADER_BYTES = 24;

const HEADER = { snapLength: 16, linkType: 20 } as const;
const RECORD = { seconds: 0, fraction: 4, capturedLength: 8, originalLength: 12, bytes: 16 } as const;

/** Of the link type field; the upper bits tell the length of the frame check sequence. */
const LINK_TYPE_MASK = 0xffff;

interface Variant {
  fractionsPerSecond: number;
  recordHeaderBytes: number;
}

const VARIANTS: Readonly<Record<number, Variant>> = {
  2712847316: { fractionsPerSecond: 1e6, recordHeaderBytes: RECORD.bytes },
  2712812621: { fractionsPerSecond: 1e9, recordHeaderBytes: RECORD.bytes },
  // Kuznetzov's patched libpcap: interface, protocol and packet type follow each record header.
  2712849716: { fractionsPerSecond: 1e6, recordHeaderBytes: RECORD.bytes + 8 },
};

/** Whether a file that begins with these four bytes is pcap. */
export function isPcap(view: DataView): boolean {
  return VARIANTS[view.getUint32(0, true)] !== undefined || VARIANTS[view.getUint32(0, false)] !== undefined;
}

/** Decodes what follows the file header. */
export class PcapDecoder implements Decoder {
  readonly format = 'pcap';
  readonly linkTypes: ReadonlySet<number>;
  readonly snapLength: number | null;
  frames = 0;
  bytes = 0;
  damage: Damage | null = null;
  readonly dropped = null;
  readonly #variant: Variant;
  readonly #littleEndian: boolean;
  readonly #linkType: number;
  readonly #options: DecoderOptions;

  /** @param view the file header is at its beginning: `PCAP_HEADER_BYTES` */
  constructor(view: DataView, options: DecoderOptions) {
    this.#littleEndian = VARIANTS[view.getUint32(0, true)] !== undefined;
    this.#variant = VARIANTS[view.getUint32(0, this.#littleEndian)];
    const linkType = view.getUint32(HEADER.linkType, this.#littleEndian) & LINK_TYPE_MASK;
    this.#options = options;
    this.linkTypes = new Set([linkType]);
    this.snapLength = snapLengthOf(view.getUint32(HEADER.snapLength, this.#littleEndian));
    this.#linkType = options.numberOf?.({ linkType, snapLength: this.snapLength, options: [] }) ?? linkType;
  }

  decode(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    const { fractionsPerSecond, recordHeaderBytes } = this.#variant;
    const nanosecondsPerFraction = 1e9 / fractionsPerSecond;
    const littleEndian = this.#littleEndian;
    const linkType = this.#linkType;
    const sink = this.#options.sink;
    let at = start;
    while (end - at >= recordHeaderBytes) {
      const capturedLength = view.getUint32(at + RECORD.capturedLength, littleEndian);
      if (capturedLength > MAX_CAPTURED_BYTES) {
        this.damage = { at, problem: `a packet of ${capturedLength} bytes, at most ${MAX_CAPTURED_BYTES} expected` };
        break;
      }
      // Where a file header is read as that of a packet, its time zone is the length: 0.
      if (capturedLength === 0 && isMagic(view.getUint32(at, littleEndian))) {
        this.damage = { at, problem: 'the header of another capture file, as where files are joined by cat; merge them by mergecap' };
        break;
      }
      const data = at + recordHeaderBytes;
      if (data + capturedLength > end) break;
      let seconds = view.getUint32(at + RECORD.seconds, littleEndian);
      let fraction = view.getUint32(at + RECORD.fraction, littleEndian);
      if (fraction >= fractionsPerSecond) {
        seconds += Math.floor(fraction / fractionsPerSecond);
        fraction %= fractionsPerSecond;
      }
      const originalLength = view.getUint32(at + RECORD.originalLength, littleEndian);
      this.frames++;
      this.bytes += capturedLength;
      sink.frame(bytes, data, capturedLength, originalLength, seconds, fraction * nanosecondsPerFraction, linkType);
      at = data + capturedLength;
    }
    return at;
  }

  missing(view: DataView, start: number, end: number): string | null {
    const { recordHeaderBytes } = this.#variant;
    const there = end - start;
    if (there === 0) return null;
    if (there < recordHeaderBytes) return `a packet header of ${recordHeaderBytes} bytes, ${there} of them there`;
    const capturedLength = view.getUint32(start + RECORD.capturedLength, this.#littleEndian);
    return `a packet of ${capturedLength} bytes, ${there - recordHeaderBytes} of them there`;
  }
}

/** A packet of one of these seconds, in either byte order, would be from 2055 or later. */
function isMagic(seconds: number): boolean {
  return VARIANTS[seconds] !== undefined || VARIANTS[swapped(seconds)] !== undefined;
}

function swapped(value: number): number {
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}
