const DIGITS = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

/** Characters made at a time: arguments of one call. */
const MAX_CHARACTERS = 4096;

/** The bytes from `start` to `end` (not included) as lower-case hex, two digits each. */
export function toHex(bytes: Uint8Array, start = 0, end = bytes.length): string {
  if (end - start <= MAX_CHARACTERS / 2) return piece(bytes, start, end);
  let text = '';
  for (let at = start; at < end; at += MAX_CHARACTERS / 2) text += piece(bytes, at, Math.min(end, at + MAX_CHARACTERS / 2));
  return text;
}

/** The bytes that hex digits of either case stand for; null for an odd number of digits or any other character. */
export function fromHex(text: string): Uint8Array | null {
  if (text.length % 2 !== 0) return null;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = digitValue(text.charCodeAt(2 * i));
    const low = digitValue(text.charCodeAt(2 * i + 1));
    if (high < 0 || low < 0) return null;
    bytes[i] = (high << 4) | low;
  }
  return bytes;
}

/** One flat string: text added up byte by byte takes ten times the memory for as long as nobody reads it. */
function piece(bytes: Uint8Array, start: number, end: number): string {
  const codes = new Array<number>(Math.max(0, 2 * (end - start)));
  for (let at = start, i = 0; at < end; at++) {
    codes[i++] = DIGITS[bytes[at] >> 4];
    codes[i++] = DIGITS[bytes[at] & 15];
  }
  return String.fromCharCode.apply(null, codes);
}

function digitValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}
