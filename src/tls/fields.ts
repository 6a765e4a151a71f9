import { ROW_TAIL, Row, Side, SideTime, Time } from '../tcp/connections.js';

// What TLS keeps of a connection, in the same row as what TCP keeps of it: see tcp/connections.ts.

/** Doubles of a connection, at half its number; Unix seconds. */
export const TlsTime = { CLIENT_HELLO: Time.OF_LAYER_ABOVE, SERVER_HELLO: Time.OF_LAYER_ABOVE + 1 } as const;

/** Integers of a connection. */
export const Tls = {
  TLS_FLAGS: Row.OF_LAYER_ABOVE,
  /** Direction of the client's packets + 1; 0 while no hello was read. */
  CLIENT: Row.OF_LAYER_ABOVE + 1,
  CLIENT_HELLO_FRAME: Row.OF_LAYER_ABOVE + 2,
  /** Of the ServerHello; where none was read, of the client's Finished, which shows what it answered. The same holds for its time. */
  SERVER_HELLO_FRAME: Row.OF_LAYER_ABOVE + 3,
  VERSION: Row.OF_LAYER_ABOVE + 4,
  CIPHER_SUITE: Row.OF_LAYER_ABOVE + 5,
  /**
   * Length + 1 of the session IDs in the hellos, 0 where none was read: offered, and issued << 8. Above them, << 16, the
   * psk_key_exchange_modes of the ClientHello that have a name: see `readPskModes`.
   */
  ID_LENGTHS_AND_PSK_MODES: Row.OF_LAYER_ABOVE + 6,
  /** Payloads in which a direction without known beginning was searched for a record. */
  SEARCHED: Row.OF_LAYER_ABOVE + 7,
  /** Microseconds from the ClientHello to the client's Finished, + 1; 0 while that has not come, below 0 where it cannot be told. */
  FINISHED_AFTER: Row.OF_LAYER_ABOVE + 8,
  /** Number of the client's fingerprint; 0: none. */
  FINGERPRINT: Row.OF_LAYER_ABOVE + 9,
} as const;

export const SESSION_ID_BYTES = 32;
/** Where the bytes of the offered session ID begin, those of the issued one behind it; in integers. */
export const SESSION_IDS = ROW_TAIL;

/** Integers of one side. */
export const TlsSide = {
  RECORD_FLAGS: Side.OF_LAYER_ABOVE,
  /** Bytes of the record's body that are still to come. */
  REMAINING: Side.OF_LAYER_ABOVE + 1,
  CONTENT_TYPE: Side.OF_LAYER_ABOVE + 2,
  /** Bytes of a record header that was cut by a segment: their number, and the first four of them. */
  HEADER_COUNT: Side.OF_LAYER_ABOVE + 3,
  HEADER: Side.OF_LAYER_ABOVE + 4,
  /** The handshake message in progress: bytes still to come, its type, and a header cut by a segment or record. */
  MESSAGE_LEFT: Side.OF_LAYER_ABOVE + 5,
  MESSAGE_TYPE: Side.OF_LAYER_ABOVE + 6,
  MESSAGE_HEADER_COUNT: Side.OF_LAYER_ABOVE + 7,
  MESSAGE_HEADER: Side.OF_LAYER_ABOVE + 8,
  /** The last alert: level << 8 | description of one in clear (-1: encrypted), its place, and what its sender had acknowledged. */
  ALERT: Side.OF_LAYER_ABOVE + 9,
  ALERT_FRAME: Side.OF_LAYER_ABOVE + 10,
  ALERT_SEQUENCE: Side.OF_LAYER_ABOVE + 11,
  ALERT_ACKNOWLEDGES: Side.OF_LAYER_ABOVE + 12,
  /** What it had acknowledged at its last application data; before that, one less than what holds the first one of its peer. */
  DATA_ACKNOWLEDGES: Side.OF_LAYER_ABOVE + 13,
} as const;

/** A double of one side, at half of where it begins. */
export const ALERT_TIME = SideTime.OF_LAYER_ABOVE;

export const ENCRYPTED_ALERT = -1;

/** Bits of {@link Tls}.TLS_FLAGS. */
export const TlsFlag = {
  /** A record was recognised. */
  TLS: 1,
  CLIENT_HELLO: 2,
  /** The ClientHello was read to its end, so that what it does not name is not offered. */
  CLIENT_HELLO_WHOLE: 4,
  SERVER_HELLO: 8,
  TLS13: 16,
  OFFERS_TLS13: 32,
  OFFERS_TICKET: 64,
  OFFERS_PSK: 128,
  CLIENT_EMS: 256,
  SERVER_EMS: 512,
  /** A message was sent that only a full handshake has. */
  FULL: 1024,
  /** An empty NewSessionTicket: nothing was issued (RFC 5077 3.3). */
  EMPTY_TICKET: 2048,
  /** A ServerHello was asked for again by HelloRetryRequest. */
  RETRIED: 4096,
  /** The ServerHello was cut before its extensions: TLS 1.3 says TLS 1.2 there (RFC 8446 4.1.3). */
  MAYBE_TLS13: 8192,
  /** The ServerHello promises a NewSessionTicket (RFC 5077 3.2); one that holds a ticket came. */
  PROMISES_TICKET: 16384,
  TICKET: 32768,
  SERVER_HELLO_WHOLE: 65536,
  /** The server took a PSK. */
  SELECTED_PSK: 131072,
  OFFERS_EARLY_DATA: 262144,
  /** There are secrets for its protected records. */
  DECRYPTS: 524288,
  /** One of them was decrypted. */
  DECRYPTED: 1048576,
  /** The client's Finished shows that this is not TLS 1.3, whatever is known of the ServerHello. */
  CLIENT_FINISHED_TLS12: 2097152,
  /** A ClientHello was cut before its session ID. */
  CLIENT_HELLO_CUT: 4194304,
} as const;

/** Bits of {@link TlsSide}.RECORD_FLAGS. */
export const RecordFlag = {
  /** At least one record header was read. */
  STARTED: 1,
  /** The record boundaries are lost. */
  LOST: 2,
  NOT_TLS: 4,
  CHANGE_CIPHER_SPEC: 8,
  /** Protected records were seen. */
  PROTECTED: 16,
  /** The last record was an alert. */
  ALERT_LAST: 32,
  /** Bytes were missing before this direction's ChangeCipherSpec, in which a handshake message may have begun. */
  GAP_IN_HANDSHAKE: 64,
  /** The rest of the record's body is of no interest. */
  SKIP_BODY: 128,
  COLLECTING: 256,
  HAS_ALERT: 512,
  /** It is known what the sender of the last alert had acknowledged. */
  ALERT_ACKNOWLEDGES: 1024,
  /** A hello was read in the present record. */
  HELLO_IN_RECORD: 2048,
  /** A fatal alert came in clear. */
  FATAL: 4096,
  /** The first protected handshake record, its Finished, came. */
  FINISHED: 8192,
  /** The last record but alerts was a protected handshake message after Finished: a renegotiation is under way. */
  RENEGOTIATES: 16384,
  /** The last alert was protected, and was decrypted. */
  ALERT_DECRYPTED: 32768,
  /** The last alert is one by its size only (TLS 1.3 hides what it is). */
  ALERT_GUESSED: 65536,
  /** The last record is as long as a padded alert, and as much else. */
  MAYBE_ALERT_LAST: 131072,
  /** TLS has not begun: something else comes before it. */
  PREAMBLE: 262144,
  /** A record as long as an alert was followed by other records, and by an alert or another one as long. */
  ALERT_LIKE_BEFORE: 524288,
  /** The length of a protected record of it is no multiple as padding makes it (RFC 8446 5.4), or what it holds is known. */
  UNPADDED: 1048576,
} as const;
