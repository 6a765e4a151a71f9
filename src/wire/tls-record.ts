// TLS record header: RFC 5246 6.2.1, RFC 8446 5.1; SSL 3.0: RFC 6101 5.2.1.

export const RECORD_HEADER_BYTES = 1 + 2 + 2;

export const ContentType = {
  CHANGE_CIPHER_SPEC: 20,
  ALERT: 21,
  HANDSHAKE: 22,
  APPLICATION_DATA: 23,
  HEARTBEAT: 24,
} as const;

/** RFC 5246 6.2.3: a TLSCiphertext is at most 2^14 + 2048 bytes long. */
const MAX_RECORD_BYTES = (1 << 14) + 2048;
const CHANGE_CIPHER_SPEC_BYTES = 1;

/**
 * Whether these values can be a record header of SSL 3.0 to TLS 1.3. Only application data may be empty (RFC 5246 6.2.1).
 */
export function isRecordHeader(contentType: number, version: number, lengthBytes: number): boolean {
  if (contentType < ContentType.CHANGE_CIPHER_SPEC || contentType > ContentType.HEARTBEAT) return false;
  if (version < 0x0300 || version > 0x0304 || lengthBytes > MAX_RECORD_BYTES) return false;
  if (contentType === ContentType.CHANGE_CIPHER_SPEC) return lengthBytes === CHANGE_CIPHER_SPEC_BYTES;
  return lengthBytes > 0 || contentType === ContentType.APPLICATION_DATA;
}

/** The ChangeCipherSpec of a renegotiation, which is protected as all else is (RFC 5246 7.1): 1 byte with nonce, padding and MAC. */
export function isProtectedChangeCipherSpec(contentType: number, version: number, lengthBytes: number): boolean {
  return contentType === ContentType.CHANGE_CIPHER_SPEC && version >= 0x0300 && version <= 0x0303 && lengthBytes > 8 && lengthBytes < 512;
}
