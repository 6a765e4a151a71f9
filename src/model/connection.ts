// The nouns of one connection.
import type { Count, FrameNumber, Hex, Port, Seconds, StreamNumber, Time } from './quantities.js';
import type { Cause } from './verdict.js';

/** One end of TCP connections. */
export interface Endpoint {
  /** IPv4, or IPv6 as RFC 5952 writes it. */
  address: string;
  /** The TCP port. */
  port: Port;
}

/** Who of the two. */
export type Side = 'client' | 'server';

/**
 * How one side of a connection closed (section numbers of RFC 5246).
 * `clean`: close_notify, then the end (7.2.1). `unclean`: an end with no close_notify before it. `reset-race`: close_notify,
 * then RST before the peer had acknowledged the close_notify, which it may never have read. `aborted`: a fatal alert, then the end (7.2.2).
 * `open`: no end in the capture. `unknown`: the capture lacks what is needed to say.
 */
export type CloseState = 'clean' | 'unclean' | 'reset-race' | 'aborted' | 'open' | 'unknown';

/** `seen` in clear or decrypted; `inferred` from an encrypted record; `absent`: certainly none; `unknown`. */
export type CloseNotify = 'seen' | 'inferred' | 'absent' | 'unknown';

/** How one side closed, and where. */
export interface SideClose {
  /** The whole of it in a word. */
  state: CloseState;
  /** Whether this side sent the alert close_notify before its end (RFC 5246 7.2.1, RFC 8446 6.1). */
  closeNotify: CloseNotify;
  /** The first FIN or RST of this side; null where there is none, and where a RST was seen but a FIN before it may be missing. */
  end: 'fin' | 'rst' | null;
  /** The first frame with FIN or RST; null where there is none. */
  frame: FrameNumber | null;
  /** The time of that frame. */
  time: Time | null;
}

/**
 * `full`: keys were agreed on anew. `resumed`: an abbreviated handshake (RFC 5246 7.3), or one with a PSK (RFC 8446 2.2). `failed`: an alert or
 * an end came before it was complete. `incomplete`: the capture ends before it does. `unknown`: the capture lacks what is needed to say.
 */
export type Handshake = 'full' | 'resumed' | 'failed' | 'incomplete' | 'unknown';

/**
 * What became of the session that the client offered: `unanswered` means that no ServerHello came. `not-offered`: it offered none.
 * `unknown`: the capture lacks what is needed to say.
 */
export type Resumption = 'not-offered' | 'resumed' | 'declined' | 'unanswered' | 'unknown';

/** An alert (RFC 5246 7.2, RFC 8446 6). */
export interface Alert {
  /** The frame in which the alert ends. */
  frame: FrameNumber;
  /** The time of that frame. */
  time: Time;
  /** Who sent it. */
  from: Side;
  /** Null where it is encrypted, and where it has no name. */
  level: 'warning' | 'fatal' | null;
  /** The name in the IANA registry (`close_notify`, `internal_error`), or hex; null where it is encrypted. */
  description: string | null;
  /** It came under encryption; level and description are known all the same where it was decrypted. */
  encrypted: boolean;
}

/** One TCP connection that carried TLS. */
export interface Connection {
  /** Its number in the capture. */
  stream: StreamNumber;
  /** The TCP peer. */
  client: Endpoint;
  /** Who answered the ClientHello, or would have. */
  server: Endpoint;
  /** The client that a PROXY header before the ClientHello names; sessions belong to the TCP peer all the same. */
  proxiedClient: Endpoint | null;
  /** The host name of the server_name extension (RFC 6066 3), as it was sent: it may hold anything. Bytes that are no UTF-8 are written as `\xff`; what is longer than 255 characters is cut and ends in `…`. */
  serverName: string | null;
  /** The protocol that ALPN agreed on (RFC 7301), as it was sent, written like `serverName`. Without keys it is not seen in TLS 1.3. */
  alpn: string | null;
  /** Time of the first frame. */
  start: Time;
  /** Time of the last frame. */
  end: Time;
  /** Which client software this may be, by its ClientHello; null where that is not whole. */
  fingerprint: Fingerprint | null;
  /** The negotiated version; what has no name stays visible as hex (`0x7e01`). */
  version: 'SSLv3' | 'TLSv1.0' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3' | (string & {}) | null;
  /** Name in the IANA registry, or hex. */
  cipherSuite: string | null;
  /** What the ClientHello offers to resume. */
  offered: Offered;
  /** What the server gave for later. */
  issued: Issued;
  /** How the first handshake ended. */
  handshake: Handshake;
  /** What became of the offer. */
  resumption: Resumption;
  /** Which kind of session the server took; null where none was. */
  resumedBy: 'session-id' | 'ticket' | 'psk' | null;
  /** Index in `offered.psk` of the one that the server took. */
  selectedPsk: Count | null;
  /** Why the server declined what was offered; null where nothing was declined. */
  cause: Cause | null;
  /** How each side closed, and who gave the first sign of it: close_notify, another alert that ends it, FIN or RST. */
  close: { client: SideClose; server: SideClose; first: Side | null };
  /** In order; of very many the first ones and the last of each side. */
  alerts: Alert[];
  /** Where to look: the first and the last frame, and those in which Wireshark shows the hellos; after a HelloRetryRequest the second ones. */
  frames: { first: FrameNumber; clientHello: FrameNumber | null; serverHello: FrameNumber | null; last: FrameNumber };
  /** Times of the two hellos, for ages and handshake times. */
  times: { clientHello: Time | null; serverHello: Time | null };
  /**
   * Of a handshake that both sides completed: from the ClientHello (`times.clientHello`; after a HelloRetryRequest the second one) to the
   * frame in which the client's Finished begins, to the microsecond. In TLS <= 1.2 that is its first handshake record behind
   * ChangeCipherSpec: in a full handshake the server's Finished comes after it, in an abbreviated one before. In TLS 1.3 it is the client's
   * first protected record, with which a client certificate, where there is one, comes before Finished; behind early data it is the
   * first record after the ServerHello that has just the length of Finished. Null where bytes before it are lost.
   */
  handshakeSeconds: Seconds | null;
  /** How much of it the capture holds. */
  quality: Quality;
}

/** JA3 (github.com/salesforce/ja3) and JA4 (github.com/FoxIO-LLC/ja4) of a ClientHello. */
export interface Fingerprint {
  /** MD5, 32 hex digits. */
  ja3: string;
  /** `t13d1516h2_8daaf6152771_e5627efa2ab1`. */
  ja4: string;
}

/** What a ClientHello offers to resume, and what belongs to it. */
export interface Offered {
  /** The session_id field of the ClientHello. Beside a ticket it is invented by the client and offers nothing (RFC 5077 3.4). */
  sessionId: Hex | null;
  /** SHA-256 of the RFC 5077 ticket. */
  ticket: Hex | null;
  /** SHA-256 of each TLS 1.3 PSK identity. */
  psk: Hex[];
  /** Of each of these the age in milliseconds, with the server's ticket_age_add on it (RFC 8446 4.2.11.1). */
  pskAges: Count[];
  /** psk_key_exchange_modes: `psk_ke`, `psk_dhe_ke` (RFC 8446 4.2.9). */
  pskModes: string[];
  /** The client sends early data with the PSK (RFC 8446 4.2.10). */
  earlyData: boolean;
  /**
   * The client offered TLS 1.3 as well, so that a 32-byte session ID nobody issued may be the random padding of RFC 8446 D.4
   * rather than an offer.
   */
  maybePadding: boolean;
  /** The ClientHello was cut before its end (a snap length, lost bytes): what else it offers is not known. */
  isCut: boolean;
  /** The extended_master_secret extension was there (RFC 7627). */
  extendedMasterSecret: boolean;
}

/** What the server gave for later, and what belongs to it. */
export interface Issued {
  /** The session ID that a ServerHello of TLS <= 1.2 gave in a full handshake; null where it is empty. */
  sessionId: Hex | null;
  /** SHA-256 of each ticket. Those of TLS 1.3 are seen only where they are decrypted. */
  tickets: Hex[];
  /** How long each is good for, seconds; 0 in TLS <= 1.2 where the server does not say (RFC 5077 3.3). */
  ticketLifetimes: Count[];
  /** The server agreed to extended_master_secret (RFC 7627). */
  extendedMasterSecret: boolean;
}

/** How much of a connection the capture holds. */
export interface Quality {
  /** The capture holds no SYN of this connection. */
  startedMidstream: boolean;
  /** How client and server were told apart: by their hellos, by the SYN, or only guessed from the ports. */
  rolesFrom: 'hello' | 'syn' | 'port';
  /** Bytes of the two directions that the capture does not hold. */
  missingBytes: Count;
  /** Frames that a snap length cut. */
  truncatedFrames: Count;
}
