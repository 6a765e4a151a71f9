// Sequence number arithmetic modulo 2^32: RFC 9293 3.4. Numbers are kept as int32, as the tables store them.

/** How far `a` lies after `b`: -2^31 to 2^31 - 1 bytes. */
export function distance(a: number, b: number): number {
  return (a - b) | 0;
}

export function advance(sequence: number, bytes: number): number {
  return (sequence + bytes) | 0;
}
