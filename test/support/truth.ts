/** `fixtures/truth/NAME.truth.json`, as far as tests read it. Endpoints are written `address:port`, IPv6 as `[address]:port`. */
export interface Truth {
  capture: string;
  connections: TrueConnection[];
  expected: {
    invalidatedAfterUncleanClose: string[];
    /** A close_notify was sent; the RST behind it reached the server first, which dropped the session. */
    invalidatedCloseNotifyLostToReset?: string[];
    declinedForOtherReason: { connection: string; sessionId?: string; reason: string }[];
    /** Declines that look on the wire as if an unclean close had caused them. */
    wirePattern?: { sessionId: string; realReason: string }[];
  };
  /** forum-haproxy: the frames that the thread names. */
  frames?: { ServerHello_1: number; ClientHello_2: number; ServerHello_2: number; resets: number[]; ClientHello_3: number };
}

export interface TrueConnection {
  name: string;
  client: string;
  server: string;
  /** Unix seconds; missing in the rebuilt captures. */
  openedAt?: number;
  /** `ticketSha256` names an RFC 5077 ticket, or a TLS 1.3 PSK identity. */
  offered: { kind: string; sessionId?: string; ticketSha256?: string } | null;
  handshake: string;
  tlsVersion?: string | null;
  sessionId?: string | null;
  resumed?: boolean | null;
  clientSentCloseNotify?: boolean;
  clientTcpEnd?: string | null;
  /** Begins with `client` or `server`. */
  firstToClose?: string | null;
  /** The client behind a balancer: its own TCP connection is not the one in the capture. */
  frontClient?: string;
  /** What each side sent at the end, from records opened with the server's keys. */
  decryptedWithServerKeys?: { client: string[]; server: string[] };
}
