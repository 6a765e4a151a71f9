import type { Rows } from '../bytes/rows.js';

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

// A connection that is followed is a row: its doubles, its integers, and a stretch for each of its two sides, each of which begins
// with what TCP keeps; what the layer above keeps of the connection follows in the same row and in the same stretches. What is looked
// at for each packet lies together, so that it costs few lines of cache.

/** Doubles of a connection, at half its number; Unix seconds. The layer above has two of its own. */
export const Time = { LAST: 0, START: 1, OF_LAYER_ABOVE: 2 } as const;

/** Integers of a connection. */
export const Row = {
  // The first ones are kept of every connection ever seen, so that its late packets begin no new one.
  LOW: 8,
  HIGH: 9,
  PORTS: 10,
  FLAGS: 11,
  /** Where the two directions begin, as Wireshark takes it for its decision whether a SYN begins a new stream. */
  ISN: 12,
  /** tcp.stream + 1: 0 marks a row that is not in use. */
  STREAM: 14,
  LAST_FRAME: 15,
  FIRST_FRAME: 16,
  TRUNCATED_FRAMES: 17,
  OF_LAYER_ABOVE: 18,
} as const;

/** The part of a row that outlives the connection. */
export const KEPT = { FIRST: Row.LOW, INTS: Row.STREAM - Row.LOW } as const;

/** Where the sides' stretches begin, and how long each is; the row of a connection is longer by `ROW_TAIL_BYTES`. */
const SIDES = 28;
const SIDE_INTS = 26;
const ROW_TAIL_INTS = 16;
/** For the layer above, behind the sides. */
export const ROW_TAIL = SIDES + 2 * SIDE_INTS;
export const ROW_INTS = ROW_TAIL + ROW_TAIL_INTS;

/** Bits of {@link Row}.FLAGS; where two directions have one, that of direction 1 is the next. */
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
  /** Of the connection nothing but this part of its row is kept. */
  DONE: 1024,
} as const;

/** Integers of one side. */
export const Side = {
  STATE: 0,
  /** Sequence number of its next byte in order. */
  NEXT: 1,
  /** The highest acknowledgment that it sent. */
  ACKNOWLEDGES: 2,
  /** Sequence number at its first FIN or RST: that of the byte after the last one sent. */
  END_SEQUENCE: 3,
  END_FRAME: 4,
  /** What it had acknowledged of its peer's bytes when it ended. */
  END_ACKNOWLEDGES: 5,
  /** What the peer had acknowledged of its bytes at its first RST. */
  RESET_ACKNOWLEDGED: 6,
  MISSING: 7,
  OF_LAYER_ABOVE: 12,
} as const;

/** Doubles of one side, at half of where it begins; Unix seconds. */
export const SideTime = { END: 4, OF_LAYER_ABOVE: 5 } as const;

/** Bits of {@link Side}.STATE. */
export const SideState = {
  NEXT_KNOWN: 1,
  /** It is known what it acknowledges. */
  ACK_KNOWN: 2,
  FIN_SEEN: 4,
  RST_SEEN: 8,
  QUEUED: 16,
  /** The payload is followed from its first byte. */
  FROM_START: 32,
  RESET_ACK_KNOWN: 64,
  END_ACK_KNOWN: 128,
} as const;

/** Where the fields of the sender of `direction` begin. */
export function sideOf(connection: number, direction: Direction): number {
  return connection + SIDES + direction * SIDE_INTS;
}

/** The other side of the same connection. */
export function peerOf(connection: number, side: number): number {
  return 2 * (connection + SIDES) + SIDE_INTS - side;
}

export function directionOf(connection: number, side: number): Direction {
  return side === connection + SIDES ? 0 : 1;
}

/** What TCP alone tells of the connections that are followed. */
export class TcpConnections {
  readonly rows: Rows;

  /** @param rows of {@link ROW_INTS} integers. Adding one may replace `ints`: nothing that holds them adds one. */
  constructor(rows: Rows) {
    this.rows = rows;
  }

  state(side: number): number {
    return this.rows.ints[side + Side.STATE];
  }

  flags(connection: number): number {
    return this.rows.ints[connection + Row.FLAGS];
  }

  stream(connection: number): number {
    return this.rows.ints[connection + Row.STREAM] - 1;
  }

  isOpen(connection: number): boolean {
    return this.rows.ints[connection + Row.STREAM] !== 0;
  }

  start(connection: number): number {
    return this.rows.floats[(connection >> 1) + Time.START];
  }

  /** Address of the sender of `direction`: an IPv4 address as int32, or a number of the address table. */
  address(connection: number, direction: Direction): number {
    return this.rows.ints[connection + (direction === 0 ? Row.LOW : Row.HIGH)];
  }

  port(connection: number, direction: Direction): number {
    const ports = this.rows.ints[connection + Row.PORTS];
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

  hasEnded(side: number): boolean {
    return (this.state(side) & (SideState.FIN_SEEN | SideState.RST_SEEN)) !== 0;
  }
}
