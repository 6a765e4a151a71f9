// The nouns of sessions: what is issued, offered, resumed, declined.
import type { Connection, Endpoint, Side } from './connection.js';
import type { Count, FrameNumber, Hex, Seconds, StreamNumber, Time } from './quantities.js';
import type { Cause } from './verdict.js';

/** A place in the capture. */
export interface Ref {
  /** The connection. */
  stream: StreamNumber;
  /** The frame. */
  frame: FrameNumber;
  /** The time of that frame. */
  time: Time;
}

/** A place in the capture, on a connection of this client. */
export interface ClientRef extends Ref {
  /** The TCP peer of the server. */
  client: Endpoint;
}

/** Which session: what kind, and its identity. */
export interface SessionName {
  /** A session ID (RFC 5246 7.4.1.3), a ticket (RFC 5077), or a PSK of TLS 1.3 (RFC 8446 4.2.11). */
  kind: 'session-id' | 'ticket' | 'psk';
  /** The session ID itself, or the SHA-256 of the ticket or PSK identity. */
  id: Hex;
}

/** Something that can be resumed, at one server: its identity, where it was issued, and who offered it. */
export interface Session extends SessionName {
  /** Who issued it, or was offered it. */
  server: Endpoint;
  /** The connection that gave it to the client, by its ServerHello; null where the capture does not show it. */
  issued: Ref | null;
  /** Tickets of TLS 1.3 are encrypted: without keys the issuing connection is the last one of the same client, server and name. */
  issuedInferred: boolean;
  /** Seconds that the server gave the ticket; null where it gave none, or the capture does not show it. */
  lifetime: Seconds | null;
  /** Every offer, in order, by its ClientHello. */
  offers: Offer[];
}

/** A ClientHello that carries a session, and what became of it. */
export interface Offer extends Ref {
  /** What the server did; `unanswered`: it sent no ServerHello. */
  outcome: 'resumed' | 'declined' | 'unanswered';
  /** Why it was declined; null where it was not. */
  cause: Cause | null;
}

/** An accepted offer, by the ServerHello that accepted it. */
export interface Resumed extends ClientRef {
  /** The offer. */
  clientHello: FrameNumber;
}

/** The end of one side of a connection of the session, with no close_notify before it that the peer certainly read. */
export interface UncleanClose extends ClientRef {
  /** Whose end it is. */
  by: Side;
  /** How that side ended. */
  end: 'fin' | 'rst';
  /** Without close_notify, or with one that a RST may have overtaken. */
  state: 'unclean' | 'reset-race';
}

/** An offer in vain. */
export interface Decline {
  /** The connection that made the offer. */
  stream: StreamNumber;
  /** The offer. */
  clientHello: FrameNumber;
  /** The answer: a full handshake. */
  serverHello: FrameNumber;
  /** Time of the ServerHello. */
  time: Time;
  /** What the server issued instead; null where that is not seen. */
  newSessionId: Hex | null;
  /** Who offered it. */
  client: Endpoint;
}

/** One session that a server dropped after an unclean close: everything that happened to it, in order. */
export interface Finding {
  /** The only kind there is. */
  kind: 'session-invalidated';
  /** Which session. */
  session: SessionName;
  /** Who dropped it. */
  server: Endpoint;
  /** To whom it was issued; where that was before the capture, who resumed it first. */
  client: Endpoint;
  /** Frame of the ServerHello that issued it; where that was before the capture, of the first one that accepted it. */
  issued: Ref;
  /** The capture began later. */
  issuedBeforeCapture: boolean;
  /** Tickets of TLS 1.3 are encrypted: without keys the issuing connection is the last one of the same client, server and name. */
  issuedInferred: boolean;
  /** Negotiated version of the connection that issued it. */
  version: Connection['version'];
  /** Accepted offers of this session before it was declined. */
  resumed: Resumed[];
  /** Every unclean close and reset-race of its connections before the server declined it. */
  uncleanCloses: UncleanClose[];
  /** Of `uncleanCloses` the one that most likely cost the session. */
  culprit: UncleanClose;
  /** The server sent an alert after one of these closes: most likely a fatal one. */
  answeredByAlert: boolean;
  /** Its offers in vain, the first 1000. */
  declines: [Decline, ...Decline[]];
  /** How many offers in vain there were in all. */
  declineCount: Count;
  /** `unclean-close` or `reset-race`. */
  cause: 'unclean-close' | 'reset-race';
  /**
   * `high`: the server resumes sessions that were not closed uncleanly, and no other cause fits. `medium`: the causes in `rivals` were not
   * ruled out. `low`: something in the capture speaks against it; such sessions are only suspected.
   */
  confidence: 'high' | 'medium' | 'low';
  /** Causes that fit what was seen as well. */
  rivals: Cause[];
  /** Why it is told, and what speaks for and against it, in plain words. */
  explanation: string;
  /** A display filter of Wireshark that shows exactly the frames of this finding. */
  wiresharkFilter: string;
}
