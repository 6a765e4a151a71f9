// Interface Description and Statistics Blocks of pcapng: draft-ietf-opsawg-pcapng, sections 4.2 and 4.6
import { type FrameInterface, snapLengthOf } from './decoder.js';
import { Clock } from './timestamp.js';

/** One interface of a section: what its packets need to be understood. */
export interface CaptureInterface {
  /** Number of the LINKTYPE_ registry. */
  linkType: number;
  /** Null when there is no limit. */
  snapLength: number | null;
  clock: Clock;
  /** Frames lost, as its newest statistics tell; null before the first ones. */
  dropped: number | null;
}

const BODY = { linkType: 0, snapLength: 4, options: 8 } as const;
const OPTION = { end: 0, timeResolution: 9, timeOffset: 14 } as const;
/**
 * Options that say the same in either byte order, and are copied where frames are: if_name, if_description, if_filter, if_os, if_fcslen,
 * if_hardware.
 */
const COPIED: ReadonlySet<number> = new Set([2, 3, 11, 12, 13, 15]);
/** isb_ifdrop: by the interface, isb_osdrop: by the operating system; neither counts what the other does. */
const COUNTER = { interfaceDropped: 5, systemDropped: 7 } as const;
const OPTION_HEADER_BYTES = 4;
const COUNTER_BYTES = 8;

/** if_tsresol when the option is absent: microseconds. */
const MICROSECONDS = 6;

/**
 * Reads the body `start … end` of an Interface Description Block; null when it is too short, or an option goes beyond it: then
 * its clock cannot be trusted.
 */
export function parseInterface(view: DataView, start: number, end: number, littleEndian: boolean): CaptureInterface | null {
  if (end - start < BODY.options) return null;
  let resolution = MICROSECONDS;
  let offsetSeconds = 0;
  let at = start + BODY.options;
  while (end - at >= OPTION_HEADER_BYTES) {
    const code = view.getUint16(at, littleEndian);
    const length = view.getUint16(at + 2, littleEndian);
    const value = at + OPTION_HEADER_BYTES;
    if (code === OPTION.end) break;
    if (length > end - value) return null;
    if (code === OPTION.timeResolution && length >= 1) resolution = view.getUint8(value);
    if (code === OPTION.timeOffset && length >= 8) offsetSeconds = signed64(view, value, littleEndian);
    at = value + padded(length);
  }
  return {
    linkType: view.getUint16(start + BODY.linkType, littleEndian),
    snapLength: snapLengthOf(view.getUint32(start + BODY.snapLength, littleEndian)),
    clock: new Clock(resolution, offsetSeconds),
    dropped: null,
  };
}

/** What the body `start … end` of an Interface Description Block says of its interface; one that {@link parseInterface} accepts. */
export function describeInterface(view: DataView, start: number, end: number, littleEndian: boolean): FrameInterface {
  const options: [number, Uint8Array][] = [];
  for (let at = start + BODY.options; end - at >= OPTION_HEADER_BYTES; ) {
    const code = view.getUint16(at, littleEndian);
    const length = view.getUint16(at + 2, littleEndian);
    const value = at + OPTION_HEADER_BYTES;
    if (code === OPTION.end) break;
    if (COPIED.has(code)) options.push([code, new Uint8Array(view.buffer, view.byteOffset + value, length).slice()]);
    at = value + padded(length);
  }
  return {
    linkType: view.getUint16(start + BODY.linkType, littleEndian),
    snapLength: snapLengthOf(view.getUint32(start + BODY.snapLength, littleEndian)),
    options,
  };
}

/**
 * The frames lost that the options `start … end` of an Interface Statistics Block tell of; null when they do not. They only count:
 * one that goes beyond the end is left out.
 */
export function droppedFrames(view: DataView, start: number, end: number, littleEndian: boolean): number | null {
  let dropped: number | null = null;
  let at = start;
  while (end - at >= OPTION_HEADER_BYTES) {
    const code = view.getUint16(at, littleEndian);
    const length = view.getUint16(at + 2, littleEndian);
    const value = at + OPTION_HEADER_BYTES;
    if (code === OPTION.end || length > end - value) break;
    if ((code === COUNTER.interfaceDropped || code === COUNTER.systemDropped) && length === COUNTER_BYTES) {
      const count = unsigned64(view, value, littleEndian);
      // All bits set is a counter that its writer did not have.
      if (count <= Number.MAX_SAFE_INTEGER) dropped = (dropped ?? 0) + count;
    }
    at = value + padded(length);
  }
  return dropped;
}

/** Values are padded to 32 bits. */
function padded(length: number): number {
  return (length + 3) & ~3;
}

function signed64(view: DataView, at: number, littleEndian: boolean): number {
  const high = littleEndian ? 4 : 0;
  return view.getInt32(at + high, littleEndian) * 2 ** 32 + view.getUint32(at + 4 - high, littleEndian);
}

function unsigned64(view: DataView, at: number, littleEndian: boolean): number {
  const high = littleEndian ? 4 : 0;
  return view.getUint32(at + high, littleEndian) * 2 ** 32 + view.getUint32(at + 4 - high, littleEndian);
}
