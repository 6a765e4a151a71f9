import { MAX_CAPTURED_BYTES } from '../limits.js';
import type { WarningCode } from '../warning-codes.js';
import type { FrameSink } from './frame-sink.js';

/** Bytes of the one buffer that input is read into. It holds any record that is accepted, and stays in the processor's cache. */
export const WINDOW_BYTES = 512 * 1024;

/** A place where a capture cannot be, and what is wrong there. */
export interface Damage {
  /** Index in the window. */
  at: number;
  /** What was expected, and what is there. */
  problem: string;
}

/** What a decoder is given: where frames go, where warnings go, and who wants decryption secrets. */
export interface DecoderOptions {
  sink: FrameSink;
  warn(code: WarningCode, message: string): void;
  onSecrets?: ((type: number, secrets: Uint8Array) => void) | undefined;
  /** Numbers the interfaces: the sink is given this number of a frame's interface in the place of its link type. */
  numberOf?: NumberOfInterface | undefined;
}

/** An interface that frames came from, as its capture describes it. */
export interface FrameInterface {
  /** Number of the LINKTYPE_ registry. */
  linkType: number;
  snapLength: number | null;
  /** Options of pcapng that describe it, whatever the byte order; a code and a value each. */
  options: readonly (readonly [code: number, value: Uint8Array])[];
}

export type NumberOfInterface = (described: FrameInterface) => number;

/** Cuts the bytes of one file format into frames and delivers them. */
export interface Decoder {
  readonly format: 'pcap' | 'pcapng';
  /** LINKTYPE_ numbers in order of first use. */
  readonly linkTypes: ReadonlySet<number>;
  readonly snapLength: number | null;
  /** Frames delivered. */
  readonly frames: number;
  /** Captured bytes delivered. */
  readonly bytes: number;
  /** Set when decoding cannot go on. */
  readonly damage: Damage | null;
  /** Frames lost before they could be written, as the newest statistics tell; null where there are none. */
  readonly dropped: number | null;

  /**
   * Delivers every record that is complete in `bytes[start … end)`.
   *
   * @param view over the same memory as `bytes`, from its first byte
   * @returns where the first record begins that is not complete
   */
  decode(bytes: Uint8Array, view: DataView, start: number, end: number): number;

  /** What is missing when the input ends with the bytes `start … end` left over; null when it ends where it may. */
  missing(view: DataView, start: number, end: number): string | null;
}

/** A snap length as libpcap understands it: null when there is no limit that holds. */
export function snapLengthOf(field: number): number | null {
  return field === 0 || field > MAX_CAPTURED_BYTES ? null : field;
}
