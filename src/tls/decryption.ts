// What decrypts protected records. The core runs without it; who has keys brings an implementation.

/** What the hellos agreed on, as far as keys depend on it. */
export interface Negotiated {
  /** On the wire: 0x0303 is TLS 1.2, 0x0304 is TLS 1.3. */
  version: number;
  /** On the wire, as in the IANA registry. */
  cipherSuite: number;
  /** 32 bytes. */
  clientRandom: Uint8Array;
  /** 32 bytes. */
  serverRandom: Uint8Array;
  /** encrypt_then_mac was agreed on (RFC 7366); it says something for CBC suites only. */
  encryptThenMac: boolean;
}

/** The plaintext of one record. */
export interface Plain {
  /** Of TLSInnerPlaintext in TLS 1.3 (RFC 8446 5.2). */
  contentType: number;
  /** Valid until the next record is decrypted. */
  bytes: Uint8Array;
}

/** Protected records of one connection, each of which must be told of once, in the order of its side: they are numbered. */
export interface RecordDecryptor {
  /** Whether the verdict may need what is in this record; otherwise {@link skip} is enough. */
  wants(fromClient: boolean, contentType: number, lengthBytes: number): boolean;
  /** A record that is not decrypted. */
  skip(fromClient: boolean): void;
  /**
   * @param version of the record header
   * @param body the record without its header, whole
   * @returns null when it cannot be decrypted: another key, or damage
   */
  decrypt(fromClient: boolean, contentType: number, version: number, body: Uint8Array): Plain | null;
}

/** Whoever has secrets of connections. */
export interface Decryption {
  /** Whether there are secrets for the ClientHello with this random (32 bytes at `offset`). */
  knows(bytes: Uint8Array, offset: number): boolean;
  /** Null when there are none, or not for what was negotiated. */
  open(negotiated: Negotiated): RecordDecryptor | null;
}
