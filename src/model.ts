/**
 * The nouns: every type of a {@link Report}. Times are Unix seconds, identifiers are lower-case hex,
 * addresses are written as RFC 5952 says, frames and streams are numbered as Wireshark does
 * (`frame.number` from 1, `tcp.stream` from 0).
 */

import type { CloseState, Connection } from './model/connection.js';
import type { Count, FrameNumber, Port, Probability, Seconds, Time } from './model/quantities.js';
import type { Finding, Session } from './model/session.js';
import type { CauseCount, ClientKind, Comparison, EndEffect, LeftOut, NonOfferingClient, Tally, Verdict } from './model/verdict.js';

export type {
  Alert,
  CloseNotify,
  CloseState,
  Connection,
  Endpoint,
  Fingerprint,
  Handshake,
  Issued,
  Offered,
  Quality,
  Resumption,
  Side,
  SideClose,
} from './model/connection.js';
export type { Count, FrameNumber, Hex, Port, Probability, Seconds, StreamNumber, Time } from './model/quantities.js';
export type { ClientRef, Decline, Finding, Offer, Ref, Resumed, Session, SessionName, UncleanClose } from './model/session.js';
export type {
  Cause,
  CauseCount,
  ClientKind,
  Comparison,
  EndEffect,
  FirstDecline,
  Interval,
  LeftOut,
  NonOfferingClient,
  Offers,
  Tally,
  Verdict,
} from './model/verdict.js';

/** Everything that was found in one capture. */
export interface Report {
  /** Changes when a key is removed, or means something else. Keys may be added. */
  schema: 'closenotify/report/1';
  /** What was read. */
  capture: CaptureInfo;
  /** All servers together. */
  totals: Totals;
  /** Each server (address and port) of a TLS connection, in order of appearance. */
  servers: ServerReport[];
  /** The sessions whose declines are put down to `unclean-close` or `reset-race`, in order of their first declines. */
  findings: Finding[];
  /** Filled when all sessions were asked for (`keep: 'all'`), else empty. */
  sessions: Session[];
  /** Filled when all connections were asked for (`keep: 'all'`), else empty. */
  connections: Connection[];
}

/** What was read, and how good it was. */
export interface CaptureInfo {
  /** In the order in which they were read. */
  sources: CaptureSource[];
  /** Time of the earliest frame; null when there is none. */
  firstTime: Time | null;
  /** Time of the latest frame; null when there is none. */
  lastTime: Time | null;
  /** TLS connections of which records were decrypted. */
  decryptedConnections: Count;
  /** TLS connections that are over and of which bytes are missing: lost by the capture, or cut off. */
  incompleteConnections: Count;
  /** How much of the TLS connections that are over the capture holds. */
  quality: CaptureQuality;
  /** Frames that hold no TCP, or hide it: nothing in them is looked at. */
  otherFrames: OtherFrames;
  /** What was left out, guessed at, or limited; each once. */
  warnings: Warning[];
}

/** What a capture lacks of the TLS connections in it. What depends on it is `unknown`. */
export interface CaptureQuality {
  /** Bytes of their two directions that the capture does not hold: lost, filtered, or cut off. */
  missingBytes: Count;
  /** Frames of them that a snap length cut. */
  truncatedFrames: Count;
  /** Connections begun within the capture of which the ClientHello is cut or missing: what they offer is not known, or not all of it. */
  unreadOffers: Count;
  /** Connections that had begun before. */
  midstreamConnections: Count;
  /** Connections of which one direction only is there. */
  oneWayConnections: Count;
  /** Connections of which no side ended within the capture. */
  neverEndedConnections: Count;
}

/** What frames hold that are left out. */
export interface OtherFrames {
  /** Frames without IP. */
  notIp: Count;
  /** Protocols inside IP that are not decoded, the most frequent first. */
  protocols: OtherProtocol[];
}

/** Frames of one protocol. */
export interface OtherProtocol {
  /** `UDP`, `ESP`, `IP protocol 254`. */
  name: string;
  /** That hold it. */
  frames: Count;
}

/** One file, stream or interface that frames were read from. */
export interface CaptureSource {
  /** A path as it was given, or what else it is called. */
  name: string;
  /** `live`: captured here on an interface: frames have the time of their arrival, and their length is what of them arrived. */
  format: 'pcap' | 'pcapng' | 'live';
  /** Names of the LINKTYPE_ registry, or numbers, in order of first use. */
  linkTypes: string[];
  /** Bytes kept of each frame at most; null when the source does not say, or sets no limit. */
  snapLength: Count | null;
  /** Frames that were read. */
  frames: Count;
  /** Captured bytes of all frames, headers of the file format not counted. */
  bytes: Count;
  /** Frames that were captured and lost before they could be read, as far as the source tells; null where it does not. */
  dropped: Count | null;
  /** The source ended in the middle of a packet, or was damaged: what follows was not read. */
  truncated: boolean;
}

/** Something that was left out, guessed at or limited: what (`code`), how often, and where first. */
export interface Warning {
  /** One of {@link WarningCode}, stable, for programs: `capture-cut`, `flow-limit`. */
  code: string;
  /** One line for people. */
  message: string;
  /** How often. */
  count: Count;
  /** The first frame that it is about; null where it is about none, or about what comes before the first. */
  frame: FrameNumber | null;
}

/** What all servers come to. */
export interface Totals {
  /** TCP connections, with TLS or without. */
  tcpConnections: Count;
  /** Those of them that carried TLS. */
  tlsConnections: Count;
  /** How their handshakes ended. */
  handshakes: HandshakeCounts;
  /** Closes of single sides: each TLS connection counts twice. */
  closes: Record<CloseState, Count>;
  /** Findings of high and medium confidence. */
  invalidatedSessions: Count;
  /** Findings of low confidence. */
  suspectedSessions: Count;
}

/** How handshakes ended. `declined` and `notOffered` are parts of `full`. */
export interface HandshakeCounts {
  /** Keys were agreed on anew. */
  full: Count;
  /** A session was taken up again. */
  resumed: Count;
  /** Full, although a session was offered. */
  declined: Count;
  /** Full, and none was offered. */
  notOffered: Count;
  /** An alert or an end came before it was complete. */
  failed: Count;
  /** The capture ends before it does, or does not show enough of it. */
  incomplete: Count;
}

/** One server, and what it does with sessions. */
export interface ServerReport {
  /** IPv4, or IPv6 as RFC 5952 writes it. */
  address: string;
  /** The TCP port. */
  port: Port;
  /** Host names that clients asked for, as they were sent, written like `serverName` of a connection; the first 20. */
  names: string[];
  /** TLS connections. */
  connections: Count;
  /** How their handshakes ended. */
  handshakes: HandshakeCounts;
  /** Findings of high and medium confidence. */
  invalidatedSessions: Count;
  /** Findings of low confidence. */
  suspectedSessions: Count;
  /** Offers of sessions by the worst close that came before the server's answer. */
  evidence: { afterClean: Tally; afterResetRace: Tally; afterUncleanFin: Tally; afterUncleanRst: Tally; whileOpen: Tally };
  /** Of those in `evidence` after unclean closes the ones after a bare end of the server only, in answer to a client's close_notify. */
  bareAnswers: Tally;
  /** Offers in `evidence` and beside it whose issuing connection was inferred. */
  inferredOffers: Count;
  /**
   * How clients of one kind close, those with the most unclean closes first, 100 kinds at most. Where connections are not kept, these are
   * the first 1024 connections of the capture and one in 64 of the later ones.
   */
  clients: ClientKind[];
  /** Clients that do not offer the sessions that they have; 100 at most. */
  nonOffering: NonOfferingClient[];
  /** What the evidence shows. */
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
  pValue: Probability | null;
  /** That of `comparisons.unclean`: the share of the declines that the closes account for. */
  attributableFraction: number | null;
  /** What declined offers are put down to, the most frequent cause first. */
  causes: CauseCount[];
  /** Offers that `evidence` leaves out. */
  leftOut: LeftOut;
  /**
   * HAProxy's SslBackendKeyRate, as the wire shows it: the mean from the first handshake to the last, the greatest of the series, and the
   * series: when a step begins, and the full and resumed handshakes a second in it. A step is a second or longer.
   */
  fullHandshakesPerSecond: { mean: number; peak: number; series: [time: Time, full: number, resumed: number][] };
  /** Medians from the ClientHello to the last handshake record of the client; null where none is known. */
  handshakeSeconds: { full: Seconds | null; resumed: Seconds | null };
  /** Full handshakes that an accepted offer would have saved. */
  avoidableFullHandshakes: Count;
  /** Further full handshakes that an accepted offer would have saved, of findings of low confidence. */
  suspectedFullHandshakes: Count;
  /** What `avoidableFullHandshakes` took longer than resumed ones, by the medians, seconds; null where these are not known. */
  secondsLost: Seconds | null;
  /** The processor time of `avoidableFullHandshakes`, by the cost of a full handshake that the user gave; null where none was given. */
  cpuSecondsLost: Seconds | null;
  /** What to change, on which side, and how to see afterwards that it helped: a text each. */
  advice: string[];
}
