import { decodeText } from '../bytes/escape.js';

/** Names kept to be shared; the busiest captures have some thousand. */
const MAX_NAMES = 1 << 14;
/** Longer names are cut, and end in `…`: a host name has at most 253 characters (RFC 1035 2.3.4), an ALPN name 255 bytes (RFC 7301 3.1). */
const MAX_NAME_CHARACTERS = 255;

/** Texts of packets, each kept once, so that a million connections to one server share its name. */
export class Names {
  #names = new Map<string, string>();
  #last = '';
  #lastBytes = new Uint8Array(0);

  read(bytes: Uint8Array, start: number, length: number): string {
    if (this.#isLast(bytes, start, length)) return this.#last;
    const name = decodeText(bytes, start, start + length, MAX_NAME_CHARACTERS);
    if (this.#names.size >= MAX_NAMES) this.#names = new Map();
    const known = this.#names.get(name);
    if (known === undefined) this.#names.set(name, name);
    this.#last = known ?? name;
    this.#lastBytes = bytes.slice(start, start + length);
    return this.#last;
  }

  #isLast(bytes: Uint8Array, start: number, length: number): boolean {
    if (this.#lastBytes.length !== length || length === 0) return false;
    for (let i = 0; i < length; i++) if (this.#lastBytes[i] !== bytes[start + i]) return false;
    return true;
  }
}
