import { Rows } from '../bytes/rows.js';

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

/** Integer fields of a followed connection. */
export const Field = { FLOW: 0, STREAM: 1, FIRST_FRAME: 2, LAST_FRAME: 3, TRUNCATED_FRAMES: 4 } as const;
const COMMON_INTS = 5;

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

export function field(of: number, direction: Direction): number {
  return COMMON_INTS + direction * DIRECTION_INTS + of;
}

/** The followed connections: what TCP alone tells of each. */
export class TcpConnections {
  readonly rows = new Rows(COMMON_INTS + 2 * DIRECTION_INTS, 4);

  state(connection: number, direction: Direction): number {
    return this.rows.int(connection, field(DirectionField.STATE, direction));
  }

  of(connection: number, direction: Direction, which: number): number {
    return this.rows.int(connection, field(which, direction));
  }

  /** Kind of the first FIN or RST of a side. The first one decides: a RST after a FIN is part of the same close. */
  end(connection: number, direction: Direction): 'fin' | 'rst' | null {
    const state = this.state(connection, direction);
    if (state & DirectionState.FIN) return 'fin';
    return state & DirectionState.RST ? 'rst' : null;
  }

  endTime(connection: number, direction: Direction): number {
    return this.rows.float(connection, Time.END + direction);
  }

  hasEnded(connection: number, direction: Direction): boolean {
    return (this.state(connection, direction) & (DirectionState.FIN | DirectionState.RST)) !== 0;
  }
}
