// Interface Description Block of pcapng: draft-ietf-opsawg-pcapng, section 4.2
import { snapLengthOf } from './decoder.js';
import { Clock } from './timestamp.js';

/** One interface of a section: what its packets need to be understood. */
export interface CaptureInterface {
  /** Number of the LINKTYPE_ registry. */
  linkType: number;
  /** Null when there is no limit. */
  snapLength: number | null;
  clock: Clock;
}

const BODY = { linkType: 0, snapLength: 4, options: 8 } as const;
const OPTION = { end: 0, timeResolution: 9, timeOffset: 14 } as const;
const OPTION_HEADER_BYTES = 4;

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
  };
}

/** Values are padded to 32 bits. */
function padded(length: number): number {
  return (length + 3) & ~3;
}

function signed64(view: DataView, at: number, littleEndian: boolean): number {
  const first = littleEndian ? 4 : 0;
  return view.getInt32(at + first, littleEndian) * 2 ** 32 + view.getUint32(at + 4 - first, littleEndian);
}
