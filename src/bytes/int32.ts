/** Four bytes in network order, as a signed number: the form in which sequence numbers can be subtracted, and tables keep addresses. */
export function int32(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}
