/** Every bound that keeps memory and time finite whatever a capture holds. Reaching one is counted in the report's warnings. */
export interface Limits {
  /** TCP connections remembered, ended ones included, so that `stream` stays Wireshark's number. About 32 bytes each. Default: 1,048,576; live 262,144. */
  flows: number;
  /** Connections followed at a time, from their first packet to their end. About 390 bytes each, reserved and committed when used; up to 2 kB where a client offers many PSKs. Default: 262,144; live 131,072. */
  open: number;
  /** IPv6 addresses told apart. About 30 bytes each. Default: 1,048,576. */
  addresses: number;
  /** Connections kept in full of which one side ended and the other did not, rounded up to a power of two. About 390 bytes each. Default: 65,536. */
  halfClosed: number;
  /** Closed connections kept a little longer for their last packets, rounded up to a power of two. About 390 bytes each. Default: 16,384. */
  lingering: number;
  /** Out-of-order payload kept for one direction of one connection, bytes: the usual receive window of a lossy path. Default: 1,048,576. */
  outOfOrderBytes: number;
  /** The same for all connections together, bytes. Default: 67,108,864. */
  totalOutOfOrderBytes: number;
  /** A plaintext handshake message that is put together from pieces, bytes. Hellos with many key shares stay below 10 kB. Default: 65,536. */
  handshakeBytes: number;
  /** The same for all connections together, bytes. Default: 67,108,864. */
  totalHandshakeBytes: number;
  /** IP packets that are put together from fragments at a time. 65 kB each. Default: 256. */
  fragments: number;
  /** Connections at a time that may change to TLS later (STARTTLS), the oldest given up first. About 400 bytes each, twice that within a line. Default: 65,536. */
  preambles: number;
  /** Alerts kept of one connection. Default: 16. */
  alerts: number;
  /** Sessions remembered for their later offers. About 56 bytes each, tickets 64. Default: 1,048,576; live 262,144. */
  sessions: number;
  /** Connections remembered because they issued or offered a session. About 64 bytes each, 80 where they did both. Default: 2,097,152; live 524,288. */
  uses: number;
  /** Connections remembered of one session. Default: 4,096. */
  usesPerSession: number;
  /** Servers (address and port) told apart: 16 million at most. Default: 65,536; live 16,384. */
  servers: number;
  /** Findings kept in full; further ones are counted. Default: 100,000; live 10,000. */
  findings: number;
  /** Points of the series of handshakes per second of one server; longer captures get longer steps. Default: 600. */
  seriesPoints: number;
}

/** Enough for captures of a million connections, in some hundred megabytes at most. */
export const DEFAULT_LIMITS: Limits = {
  flows: 1 << 20,
  open: 1 << 18,
  addresses: 1 << 20,
  halfClosed: 1 << 16,
  lingering: 1 << 14,
  outOfOrderBytes: 1 << 20,
  totalOutOfOrderBytes: 1 << 26,
  handshakeBytes: 1 << 16,
  totalHandshakeBytes: 1 << 26,
  fragments: 256,
  preambles: 1 << 16,
  alerts: 16,
  sessions: 1 << 20,
  uses: 1 << 21,
  usesPerSession: 4096,
  servers: 1 << 16,
  findings: 100_000,
  seriesPoints: 600,
};

/** For captures that go on: what is old is forgotten in time, so that less is enough, and a judgement does not take long. */
export const LIVE_LIMITS: Limits = {
  ...DEFAULT_LIMITS,
  flows: 1 << 18,
  open: 1 << 17,
  servers: 1 << 14,
  sessions: 1 << 18,
  uses: 1 << 19,
  findings: 10_000,
};

// Bounds that nobody has to set: those of the formats, and those beyond which more of the same tells nothing more.

/** Bytes of a captured packet: MAXIMUM_SNAPLEN of libpcap, WTAP_MAX_PACKET_SIZE_STANDARD of Wireshark. A larger one is damage. */
export const MAX_CAPTURED_BYTES = 262_144;
/** Names of link types listed of one source; a pcapng file may claim 65,536 different ones. */
export const MAX_LINK_TYPES = 32;
/** Packets in packets. Two are usual (GTP-U or VXLAN in IPsec or GRE); an attacker makes more. */
export const MAX_TUNNEL_DEPTH = 8;
/** Seconds for which the rest of an IP packet in fragments is waited for: as long as Linux does (net.ipv4.ipfrag_time); RFC 8200 4.5 has 60. */
export const MAX_FRAGMENT_AGE_SECONDS = 30;
/** Bytes that a connection may say before TLS, in each direction, and payloads in both: mail servers say less than 1 kB, a proxy may show pages. */
export const MAX_PREAMBLE_BYTES = 1 << 16;
export const MAX_PREAMBLE_PAYLOADS = 256;
/** Clients remembered that PROXY headers named, the oldest forgotten first. About 150 bytes each. */
export const MAX_PROXIED_CLIENTS = 1 << 18;
/** Payloads of a connection without a beginning that are searched for a record before it is taken for something else than TLS. */
export const MAX_SEARCHED_PAYLOADS = 64;
/** A longer handshake message is a header read at the wrong place, bytes: certificate chains, the longest ones, stay far below. */
export const MAX_PLAUSIBLE_HANDSHAKE_BYTES = 1 << 18;
/** Tickets and PSKs that one connection may offer, and that it may issue: clients offer a few PSKs, servers of TLS 1.3 send a few tickets. */
export const MAX_TICKETS = 32;
/** Different hellos kept as fingerprints, and kinds of clients of one server, about 300 bytes each as clients send them, and 2 kB at most. */
export const MAX_FINGERPRINTS = 4096;
/** Clients (address and software, at one server) that are told apart. About 56 bytes each. */
export const MAX_CLIENTS = 1 << 18;
/** Client randoms kept of key logs. About 400 bytes each. */
export const MAX_CLIENT_RANDOMS = 1 << 20;
/** A key log file that is read, bytes: over a million connections. */
export const MAX_KEY_LOG_BYTES = 1 << 28;
/** TCP connections of the sessions in an evidence file. About 100 bytes each; whoever reads more of them reads a report. */
export const MAX_EVIDENCE_CONNECTIONS = 1 << 17;
/** Connections to one server that are in an evidence file only to compare with: all of most captures, and some 10 MB of large ones. */
export const MAX_COMPARED_CONNECTIONS = 1000;
/** TLS connections of a capture among which those to compare with are looked for. 16 bytes each. */
export const MAX_NOTED_CONNECTIONS = 1 << 22;
/** Frames of an evidence file. 4 bytes each; Wireshark needs some gigabytes of memory for so many. */
export const MAX_EVIDENCE_FRAMES = 1 << 24;
/** Comments of an evidence file, and of one frame of it: a ClientHello may offer 32 PSKs. About 300 bytes each. */
export const MAX_EVIDENCE_COMMENTS = 1 << 18;
export const MAX_COMMENTS_OF_FRAME = 64;
/** Different interfaces of an evidence file; further ones lose their names. A capture may describe 65,536 in each of its sections. */
export const MAX_EVIDENCE_INTERFACES = 4096;
/** Bytes of standard input or of another pipe that are kept in a temporary file for evidence: it takes the place of a capture file. */
export const MAX_SPOOL_BYTES = 2 ** 32;
/** Different warnings kept; a capture with more kinds of trouble than this needs no longer list. */
export const MAX_WARNINGS = 100;
