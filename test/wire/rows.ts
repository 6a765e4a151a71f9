import { fromHex } from '../../src/bytes/hex.js';

/** Bytes from rows of hex digits; blanks are for the eye, and `#` begins a comment. */
export function bytesOf(rows: string): Uint8Array {
  const bytes = fromHex(rows.replace(/#.*/g, '').replace(/\s/g, ''));
  if (bytes === null) throw new Error(`no hex: ${rows}`);
  return bytes;
}

/** All parts one after the other: bytes, or rows for {@link bytesOf}. */
export function joined(...parts: (Uint8Array | string)[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...(typeof part === 'string' ? bytesOf(part) : part)]));
}

/** A copy with other bytes at some offsets: `{ 12: '86dd' }`. */
export function patched(bytes: Uint8Array, changes: Record<number, string>): Uint8Array {
  const copy = bytes.slice();
  for (const [offset, rows] of Object.entries(changes)) copy.set(bytesOf(rows), Number(offset));
  return copy;
}

/** The bytes between others, so that a reader that leaves its range reads something else. */
export function embedded(bytes: Uint8Array, before: number, after: number, filler: number): Uint8Array {
  const whole = new Uint8Array(before + bytes.length + after).fill(filler);
  whole.set(bytes, before);
  return whole;
}
