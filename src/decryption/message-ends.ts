const HEADER_BYTES = 4;

/** Finds where handshake messages end (RFC 8446 4) in a side's plaintext, which may cut them anywhere. */
export class MessageEnds {
  /** Type and length of the message in progress, as far as they were read. */
  #header = 0;
  #headerBytes = 0;
  /** Bytes of its body that are still to come. */
  #left = 0;

  /** The next bytes begin a message. */
  clear(): void {
    this.#headerBytes = 0;
    this.#left = 0;
  }

  /** The types of the messages that end in these bytes, a bit for each; those behind 31 have none. */
  read(bytes: Uint8Array): number {
    let types = 0;
    for (let at = 0; at < bytes.length; ) {
      if (this.#headerBytes < HEADER_BYTES) {
        this.#header = (this.#header << 8) | bytes[at++];
        if (++this.#headerBytes < HEADER_BYTES) continue;
        this.#left = this.#header & 0xffffff;
      }
      const step = Math.min(this.#left, bytes.length - at);
      at += step;
      this.#left -= step;
      if (this.#left > 0) continue;
      const type = this.#header >>> 24;
      if (type < 32) types |= 1 << type;
      this.#headerBytes = 0;
    }
    return types;
  }
}
