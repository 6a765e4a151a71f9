import { FixedRows } from '../bytes/fixed-rows.js';

/** 0: from the lower endpoint to the higher one; 1: back. */
export type Direction = 0 | 1;

/** The frame that is being read. */
export interface Moment {
  frame: number;
  time: number;
  /** What the sender of the segment had acknowledged of its peer's bytes with it or before; meaningful when `acknowledgesKnown`. */
  acknowledges: number;
  acknowledgesKnown: boolean;
}

/** Integer fields that are kept of every connection ever seen, so that its late packets find their stream number. */
export const Flow = {
  LOW: 0,
  HIGH: 1,
  PORTS: 2,
  FLAGS: 3,
  /** tcp.stream + 1: 0 marks a row that is not in use. */
  STREAM: 4,
  /** Where the two directions begin, as Wireshark takes it for its decision whether a SYN begins a new stream. */
  ISN: 5,
} as const;
export const FLOW_INTS = 7;

/** Bits of {@link Flow}.FLAGS; where two directions have one, that of direction 1 is the next. */
export const FlowFlag = {
  IPV6: 1,
  ISN_SET: 2,
  /** A SYN, or an answer to it, showed where the direction begins. */
  ISN_CERTAIN: 8,
  /** A SYN without ACK came. */
  SYN: 32,
  /** A packet came. */
  HEARD: 128,
  /** The consumer knows the connection. */
  FOLLOWED: 512,
} as const;

/** Integer fields of a connection that is followed, beside those of {@link Flow}. */
export const Field = { FIRST_FRAME: 7, LAST_FRAME: 8, TRUNCATED_FRAMES: 9 } as const;
const COMMON_INTS = 10;

/** Integer fields of one direction: of `field(DirectionField.…, direction)`. */
export const DirectionField = {
  STATE: 0,
  /** Sequence number of the next byte in order. */
  NEXT: 1,
  /** The highest acknowledgment that the peer sent. */
  ACKNOWLEDGED: 2,
  /** Sequence number at the first FIN or RST: that of the byte after the last one sent. */
  END_SEQUENCE: 3,
  END_FRAME: 4,
  /** What this side had acknowledged of its peer's bytes when it ended. */
  END_ACKNOWLEDGES: 5,
  /** What the peer had acknowledged of this side's bytes at this side's first RST. */
  RESET_ACKNOWLEDGED: 6,
  MISSING: 7,
} as const;
const DIRECTION_INTS = 8;

/** Bits of {@link DirectionField}.STATE. FROM_START: the payload is followed from its first byte. */
export const DirectionState = {
  NEXT_KNOWN: 1,
  ACK_KNOWN: 2,
  FIN: 4,
  RST: 8,
  QUEUED: 16,
  FROM_START: 32,
  RESET_ACK_KNOWN: 64,
  END_ACK_KNOWN: 128,
} as const;

export const Time = { START: 0, LAST: 1, END: 2 } as const;
const FLOATS = 4;

export function field(of: number, direction: Direction): number {
  return COMMON_INTS + direction * DIRECTION_INTS + of;
}

/** The connections that are followed: what TCP alone tells of each. */
export class TcpConnections {
  readonly rows: FixedRows;

  /** @param limit connections followed at a time */
  constructor(limit: number) {
    this.rows = new FixedRows(limit, COMMON_INTS + 2 * DIRECTION_INTS, FLOATS);
  }

  state(connection: number, direction: Direction): number {
    return this.rows.int(connection, field(DirectionField.STATE, direction));
  }

  of(connection: number, direction: Direction, which: number): number {
    return this.rows.int(connection, field(which, direction));
  }

  flags(connection: number): number {
    return this.rows.int(connection, Flow.FLAGS);
  }

  stream(connection: number): number {
    return this.rows.int(connection, Flow.STREAM) - 1;
  }

  isOpen(connection: number): boolean {
    return this.rows.int(connection, Flow.STREAM) !== 0;
  }

  /** Address of the sender of `direction`: an IPv4 address as int32, or a number of the address table. */
  address(connection: number, direction: Direction): number {
    return this.rows.int(connection, direction === 0 ? Flow.LOW : Flow.HIGH);
  }

  port(connection: number, direction: Direction): number {
    const ports = this.rows.int(connection, Flow.PORTS);
    return direction === 0 ? ports >>> 16 : ports & 0xffff;
  }

  /** Which direction sent a SYN without ACK; null when the capture holds none. */
  synDirection(connection: number): Direction | null {
    const flags = this.flags(connection);
    if (flags & FlowFlag.SYN) return 0;
    return flags & (FlowFlag.SYN << 1) ? 1 : null;
  }

  /** Whether the capture shows packets of both sides. */
  hasBothDirections(connection: number): boolean {
    const both = FlowFlag.HEARD | (FlowFlag.HEARD << 1);
    return (this.flags(connection) & both) === both;
  }

  hasEnded(connection: number, direction: Direction): boolean {
    return (this.state(connection, direction) & (DirectionState.FIN | DirectionState.RST)) !== 0;
  }
}
