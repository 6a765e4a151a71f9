/** Sequence numbers tried behind the expected one, for records that are missing in the capture. */
export const MAX_AHEAD = 8;

/**
 * Records of one side that fail in a row until none is tried any more: the key is wrong or the count is lost, and each further record
 * would cost all attempts.
 */
export const MAX_FAILURES = 64;

/** Records of TLS 1.3 with more bytes after the handshake hold nothing but application data: NewSessionTicket and KeyUpdate are short. */
export const MAX_SERVER_MESSAGE_BYTES = 4096;
export const MAX_CLIENT_MESSAGE_BYTES = 512;
