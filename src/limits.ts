/** Every bound that keeps memory and time finite whatever a capture holds. Reaching one is counted in the report's warnings. */
export interface Limits {
  /** TCP connections remembered, ended ones included, so that `stream` stays Wireshark's number. About 32 bytes each. Default: 1,048,576; live 262,144. */
  flows: number;
  /** Connections followed at a time, from their first packet to their end. About 390 bytes each, reserved and committed when used. Default: 262,144; live 131,072. */
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
