// Timestamps of pcapng: 64 bits of a unit that each interface declares (draft-ietf-opsawg-pcapng, if_tsresol)

/**
 * Turns the two halves of a pcapng timestamp into {@link seconds} and {@link nanoseconds}: two numbers instead of a result, so
 * that a packet costs no object. Finer resolutions than nanoseconds are cut off, not rounded.
 */
export class Clock {
  /** Unix seconds of the last `set`, whole. */
  seconds = 0;
  /** 0 to 999 999 999. */
  nanoseconds = 0;
  readonly #binary: boolean;
  readonly #exponent: number;
  readonly #offsetSeconds: number;
  /** Of the decimal resolution that is divided by: 10^-digits, as 2^-digits and 5^-digits. */
  readonly #digits: number;
  readonly #highUnits: number;
  readonly #powerOf2: number;
  readonly #powerOf5: number;
  readonly #nanosecondsPerUnit: number;

  /**
   * @param resolution the octet of if_tsresol: 10^-n, or 2^-n with the highest bit set
   * @param offsetSeconds if_tsoffset
   */
  constructor(resolution: number, offsetSeconds: number) {
    this.#binary = (resolution & 0x80) !== 0;
    this.#exponent = resolution & 0x7f;
    this.#offsetSeconds = offsetSeconds;
    this.#digits = Math.min(this.#exponent, NANOSECOND_DIGITS);
    this.#highUnits = 2 ** (32 - this.#digits);
    this.#powerOf2 = 2 ** this.#digits;
    this.#powerOf5 = 5 ** this.#digits;
    this.#nanosecondsPerUnit = 10 ** (NANOSECOND_DIGITS - this.#digits);
  }

  /** Takes the two 32-bit halves of a timestamp. */
  set(high: number, low: number): void {
    if (this.#binary) this.#setBinary(high, low);
    else if (this.#exponent <= NANOSECOND_DIGITS) this.#setDecimal(high, low);
    else this.#setFine(high, low);
    this.seconds += this.#offsetSeconds;
  }

  /** Divides by 10^n as 2^n times 5^n: nanoseconds stay below 2^53 until the year 2116, so that one division is exact. */
  #setDecimal(high: number, low: number): void {
    const shifted = high * this.#highUnits + (low >>> this.#digits);
    if (shifted >= 2 ** 53) {
      this.#setLong(high, low);
      return;
    }
    const seconds = Math.floor(shifted / this.#powerOf5);
    const rest = shifted - seconds * this.#powerOf5;
    this.seconds = seconds;
    this.nanoseconds = (rest * this.#powerOf2 + (low & (this.#powerOf2 - 1))) * this.#nanosecondsPerUnit;
  }

  #setLong(high: number, low: number): void {
    const { quotientHigh, quotientLow, remainder } = divide(high, low, this.#powerOf2 * this.#powerOf5);
    this.seconds = quotientHigh * 2 ** 32 + quotientLow;
    this.nanoseconds = remainder * this.#nanosecondsPerUnit;
  }

  #setFine(high: number, low: number): void {
    let [h, l] = [high, low];
    for (let digits = this.#exponent - NANOSECOND_DIGITS; digits > 0; digits -= NANOSECOND_DIGITS) {
      const { quotientHigh, quotientLow } = divide(h, l, 10 ** Math.min(digits, NANOSECOND_DIGITS));
      [h, l] = [quotientHigh, quotientLow];
    }
    this.#setDecimal(h, l);
  }

  #setBinary(high: number, low: number): void {
    const bits = this.#exponent;
    if (bits <= 32) {
      this.seconds = high * 2 ** (32 - bits) + (bits === 32 ? 0 : low >>> bits);
      // At most 2^32 times 5^9, which is below 2^53; powers of two cost no precision.
      const fraction = bits === 32 ? low : low % 2 ** bits;
      this.nanoseconds = Math.floor(fraction * 5 ** NANOSECOND_DIGITS * 2 ** (NANOSECOND_DIGITS - bits));
      return;
    }
    // The fraction as 64 bits behind the point.
    const moved = bits - 32;
    this.seconds = moved < 32 ? high >>> moved : 0;
    const top = moved < 32 ? high % 2 ** moved : high;
    const fractionHigh = Math.floor(top * 2 ** (32 - moved)) + Math.floor(low * 2 ** -moved);
    const fractionLow = (Math.floor(top * 2 ** (64 - moved)) % 2 ** 32) + (Math.floor(low * 2 ** (32 - moved)) % 2 ** 32);
    const carry = Math.floor(fractionLow * 5 ** NANOSECOND_DIGITS * 2 ** -23);
    const lower = Math.floor(((fractionHigh & 0xffff) * 1e9 + carry) / 2 ** 16);
    this.nanoseconds = Math.floor(((fractionHigh >>> 16) * 1e9 + lower) / 2 ** 16);
  }
}

const NANOSECOND_DIGITS = 9;

/** Long division of 64 bits in digits of 16; the divisor is at most 10^9, so that every step stays below 2^53. */
function divide(high: number, low: number, divisor: number): { quotientHigh: number; quotientLow: number; remainder: number } {
  let remainder = 0;
  const digits = [high >>> 16, high & 0xffff, low >>> 16, low & 0xffff].map((digit) => {
    const part = remainder * 0x10000 + digit;
    const quotient = Math.floor(part / divisor);
    remainder = part - quotient * divisor;
    return quotient;
  });
  return { quotientHigh: digits[0] * 0x10000 + digits[1], quotientLow: digits[2] * 0x10000 + digits[3], remainder };
}
