/**
 * The nouns: every type of a {@link Report}. Times are Unix seconds, identifiers are lower-case hex,
 * addresses are written as RFC 5952 says, frames and streams are numbered as Wireshark does
 * (`frame.number` from 1, `tcp.stream` from 0).
 */

import type { Cause, CauseCount, ClientKind, Comparison, EndEffect, LeftOut, NonOfferingClient, Tally, Verdict } from './verdict-model.js';

export type {
  Cause,
  CauseCount,
  ClientKind,
  Comparison,
  EndEffect,
  Interval,
  LeftOut,
  NonOfferingClient,
  Tally,
  Verdict,
} from './verdict-model.js';

/** Everything that was found in one capture. */
export interface Report {
  schema: 'closenotify/report/1';
  capture: CaptureInfo;
  totals: Totals;
  servers: ServerReport[];
  findings: Finding[];
  /** Filled when all sessions were asked for (`keep: 'all'`), else empty. */
  sessions: Session[];
  /** Filled when all connections were asked for (`keep: 'all'`), else empty. */
  connections: Connection[];
}

export interface CaptureInfo {
  sources: CaptureSource[];
  /** Time of the earliest frame; null when there is none. */
  firstTime: number | null;
  lastTime: number | null;
  /** TLS connections of which records were decrypted. */
  decryptedConnections: number;
  /** TLS connections that are over and of which bytes are missing: lost by the capture, or cut off. */
  incompleteConnections: number;
  warnings: Warning[];
}

/** One file, stream or interface that frames were read from. */
export interface CaptureSource {
  name: string;
  /** `live`: captured here on an interface: frames have the time of their arrival, and their length is what of them arrived. */
  format: 'pcap' | 'pcapng' | 'live';
  linkTypes: string[];
  /** Bytes kept of each frame at most; null when the source does not say, or sets no limit. */
  snapLength: number | null;
  frames: number;
  /** Captured bytes of all frames, headers of the file format not counted. */
  bytes: number;
  /** Frames that were captured and lost before they could be read, as far as the source tells; null where it does not. */
  dropped: number | null;
  /** The source ended in the middle of a packet, or was damaged: what follows was not read. */
  truncated: boolean;
}

/** Something that was left out, guessed at or limited: what (`code`), how often, and where first. */
export interface Warning {
  code: string;
  message: string;
  count: number;
  frame: number | null;
}

export interface Totals {
  tcpConnections: number;
  tlsConnections: number;
  handshakes: HandshakeCounts;
  /** Closes of single sides: each TLS connection counts twice. */
  closes: Record<CloseState, number>;
  invalidatedSessions: number;
  /** Findings of low confidence. */
  suspectedSessions: number;
}

/** `declined` and `notOffered` are parts of `full`. */
export interface HandshakeCounts {
  full: number;
  resumed: number;
  declined: number;
  notOffered: number;
  failed: number;
  incomplete: number;
}

export interface Endpoint {
  address: string;
  port: number;
}

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

export interface SideClose {
  state: CloseState;
  closeNotify: CloseNotify;
  /** The first FIN or RST of this side; null where there is none, and where a RST was seen but a FIN before it may be missing. */
  end: 'fin' | 'rst' | null;
  /** The first frame with FIN or RST, and its time. */
  frame: number | null;
  time: number | null;
}

export type Handshake = 'full' | 'resumed' | 'failed' | 'incomplete' | 'unknown';
export type Resumption = 'not-offered' | 'resumed' | 'declined' | 'unanswered' | 'unknown';

export interface Alert {
  frame: number;
  time: number;
  from: Side;
  level: 'warning' | 'fatal' | null;
  description: string | null;
  encrypted: boolean;
}

/** One TCP connection that carried TLS. */
export interface Connection {
  stream: number;
  /** The TCP peer. */
  client: Endpoint;
  server: Endpoint;
  /** The client that a PROXY header before the ClientHello names; sessions belong to the TCP peer all the same. */
  proxiedClient: Endpoint | null;
  serverName: string | null;
  alpn: string | null;
  start: number;
  end: number;
  /** Which client software this may be, by its ClientHello; null where that is not whole. */
  fingerprint: Fingerprint | null;
  /** The negotiated version; what has no name stays visible as hex (`0x7e01`). */
  version: 'SSLv3' | 'TLSv1.0' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3' | (string & {}) | null;
  /** Name in the IANA registry, or hex. */
  cipherSuite: string | null;
  offered: Offered;
  issued: Issued;
  handshake: Handshake;
  resumption: Resumption;
  resumedBy: 'session-id' | 'ticket' | 'psk' | null;
  /** Index in `offered.psk` of the one that the server took. */
  selectedPsk: number | null;
  /** Why the server declined what was offered; null where nothing was declined. */
  cause: Cause | null;
  close: { client: SideClose; server: SideClose; first: Side | null };
  alerts: Alert[];
  frames: { first: number; clientHello: number | null; serverHello: number | null; last: number };
  /** Times of the two hellos, for ages and handshake times. */
  times: { clientHello: number | null; serverHello: number | null };
  /**
   * Of a handshake that both sides completed: from the ClientHello (`times.clientHello`; after a HelloRetryRequest the second one) to the
   * frame in which the client's Finished begins, to the microsecond. In TLS <= 1.2 that is its first handshake record behind
   * ChangeCipherSpec: in a full handshake the server's Finished comes after it, in an abbreviated one before. In TLS 1.3 it is the client's
   * first protected record, with which a client certificate, where there is one, comes before Finished; behind early data it is the
   * first record after the ServerHello that has just the length of Finished. Null where bytes before it are lost.
   */
  handshakeSeconds: number | null;
  quality: Quality;
}

/** JA3 (github.com/salesforce/ja3) and JA4 (github.com/FoxIO-LLC/ja4) of a ClientHello. */
export interface Fingerprint {
  /** MD5, 32 hex digits. */
  ja3: string;
  ja4: string;
}

export interface Offered {
  /** The session_id field of the ClientHello. Beside a ticket it is invented by the client and offers nothing (RFC 5077 3.4). */
  sessionId: string | null;
  /** SHA-256 of the RFC 5077 ticket. */
  ticket: string | null;
  /** SHA-256 of each TLS 1.3 PSK identity. */
  psk: string[];
  /** Of each of these the age in milliseconds, with the server's ticket_age_add on it (RFC 8446 4.2.11.1). */
  pskAges: number[];
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

export interface Issued {
  sessionId: string | null;
  /** SHA-256 of each ticket. Those of TLS 1.3 are seen only where they are decrypted. */
  tickets: string[];
  /** How long each is good for, seconds; 0 in TLS <= 1.2 where the server does not say (RFC 5077 3.3). */
  ticketLifetimes: number[];
  /** The server agreed to extended_master_secret (RFC 7627). */
  extendedMasterSecret: boolean;
}

export interface Quality {
  /** The capture holds no SYN of this connection. */
  startedMidstream: boolean;
  /** How client and server were told apart: by their hellos, by the SYN, or only guessed from the ports. */
  rolesFrom: 'hello' | 'syn' | 'port';
  /** Bytes of the two directions that the capture does not hold. */
  missingBytes: number;
  truncatedFrames: number;
}

/** Something that can be resumed, at one server: its identity, where it was issued, and who offered it. */
export interface Session {
  kind: 'session-id' | 'ticket' | 'psk';
  id: string;
  server: Endpoint;
  issued: Ref | null;
  /** Tickets of TLS 1.3 are encrypted: without keys the issuing connection is the last one of the same client, server and name. */
  issuedInferred: boolean;
  /** Seconds that the server gave the ticket; null where it gave none, or the capture does not show it. */
  lifetime: number | null;
  offers: (Ref & { outcome: 'resumed' | 'declined' | 'unanswered'; cause: Cause | null })[];
}

/** A place in the capture. */
export interface Ref {
  stream: number;
  frame: number;
  time: number;
}

/** A place in the capture, on a connection of this client. */
export interface ClientRef extends Ref {
  client: Endpoint;
}

export interface UncleanClose extends ClientRef {
  by: Side;
  end: 'fin' | 'rst';
  state: 'unclean' | 'reset-race';
}

export interface Decline {
  stream: number;
  clientHello: number;
  serverHello: number;
  /** Time of the ServerHello. */
  time: number;
  newSessionId: string | null;
  client: Endpoint;
}

/** One session that a server dropped after an unclean close: everything that happened to it, in order. */
export interface Finding {
  kind: 'session-invalidated';
  session: { kind: Session['kind']; id: string };
  server: Endpoint;
  client: Endpoint;
  /** Frame of the ServerHello that issued it; where that was before the capture, of the first one that accepted it. */
  issued: Ref;
  issuedBeforeCapture: boolean;
  /** See {@link Session}. */
  issuedInferred: boolean;
  /** Negotiated version of the connection that issued it; see {@link Connection}. */
  version: Connection['version'];
  /** Accepted offers of this session before it was declined, by the frame of the ServerHello. */
  resumed: (ClientRef & { clientHello: number })[];
  uncleanCloses: UncleanClose[];
  /** Of these the one that most likely cost the session. */
  culprit: UncleanClose;
  /** The server sent an alert after one of these closes: most likely a fatal one. */
  answeredByAlert: boolean;
  /** The first 1000. */
  declines: Decline[];
  declineCount: number;
  cause: Cause;
  confidence: 'high' | 'medium' | 'low';
  /** Causes that fit what was seen as well. */
  rivals: Cause[];
  explanation: string;
  /** Shows exactly the frames of this finding. */
  wiresharkFilter: string;
}

export interface ServerReport {
  address: string;
  port: number;
  names: string[];
  connections: number;
  handshakes: HandshakeCounts;
  invalidatedSessions: number;
  /** Findings of low confidence. */
  suspectedSessions: number;
  /** Offers of sessions by the worst close that came before the server's answer. */
  evidence: { afterClean: Tally; afterResetRace: Tally; afterUncleanFin: Tally; afterUncleanRst: Tally; whileOpen: Tally };
  /** Of those in `evidence` after unclean closes the ones after a bare end of the server only, in answer to a client's close_notify. */
  bareAnswers: Tally;
  /** Offers in `evidence` and beside it whose issuing connection was inferred. */
  inferredOffers: number;
  /**
   * How clients of one kind close, those with the most unclean closes first, 100 kinds at most. Where connections are not kept, these are
   * the first 1024 connections of the capture and one in 64 of the later ones.
   */
  clients: ClientKind[];
  /** Clients that do not offer the sessions that they have; 100 at most. */
  nonOffering: NonOfferingClient[];
  verdict: Verdict;
  /** The verdict in plain words, with its figures. */
  verdictText: string;
  /** What each kind of end does to sessions here, as far as the offers after it show. */
  ends: { fin: EndEffect; rst: EndEffect; resetRace: EndEffect };
  /** What capture or experiment would settle an inconclusive verdict; null for the others. */
  toSettle: string | null;
  /** For the kind of session that the verdict is about: unclean closes of both kinds, and each kind of close, against the offers after clean closes and while open. */
  comparisons: { unclean: Comparison | null; fin: Comparison | null; rst: Comparison | null; resetRace: Comparison | null };
  /** That of `comparisons.unclean`. */
  pValue: number | null;
  attributableFraction: number | null;
  /** What declined offers are put down to, the most frequent cause first. */
  causes: CauseCount[];
  /** Declines that `evidence` leaves out. */
  leftOut: LeftOut;
  fullHandshakesPerSecond: { mean: number; peak: number; series: [time: number, full: number, resumed: number][] };
  /** Medians from the ClientHello to the last handshake record of the client; null where none is known. */
  handshakeSeconds: { full: number | null; resumed: number | null };
  /** Full handshakes that an accepted offer would have saved. */
  avoidableFullHandshakes: number;
  /** The same of findings of low confidence, further ones. */
  suspectedFullHandshakes: number;
  /** What `avoidableFullHandshakes` took longer than resumed ones, by the medians, seconds; null where these are not known. */
  secondsLost: number | null;
  /** The processor time of `avoidableFullHandshakes`, by the cost of a full handshake that the user gave; null where none was given. */
  cpuSecondsLost: number | null;
  advice: string[];
}
