// The parts of a TLS 1.2 ClientHello or ServerHello that starts a TCP segment (RFC 5246 7.4.1) which are replaced.

const RECORD_HEADER_BYTES = 5;
const HANDSHAKE_HEADER_BYTES = 4;
const RANDOM_AT = RECORD_HEADER_BYTES + HANDSHAKE_HEADER_BYTES + 2;
const SESSION_ID_LENGTH_AT = RANDOM_AT + 32;
const SESSION_ID_AT = SESSION_ID_LENGTH_AT + 1;

export const SESSION_ID_BYTES = 32;
export const RECORD = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 };
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;

/** @returns {{ type: 'client' | 'server', sessionId: string, cipherSuite: number | null } | null} */
export function readHello(payload) {
  if (payload.length < SESSION_ID_AT || payload[0] !== RECORD.handshake) return null;
  const type = payload[RECORD_HEADER_BYTES];
  if (type !== CLIENT_HELLO && type !== SERVER_HELLO) return null;
  const end = SESSION_ID_AT + payload[SESSION_ID_LENGTH_AT];
  const sessionId = Buffer.from(payload.subarray(SESSION_ID_AT, end)).toString('hex');
  const cipherSuite = type === SERVER_HELLO ? payload[end] * 256 + payload[end + 1] : null;
  return { type: type === CLIENT_HELLO ? 'client' : 'server', sessionId, cipherSuite };
}

/** Gives the hello at `at` a new random, and a new session ID where it carries one. */
export function rewriteHello(bytes, at, random, sessionId) {
  random.fill(bytes, at + RANDOM_AT, 32);
  if (bytes[at + SESSION_ID_LENGTH_AT] === SESSION_ID_BYTES) bytes.set(sessionId, at + SESSION_ID_AT);
}
