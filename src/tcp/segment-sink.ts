/** Takes each TCP segment: see `TcpTracker.segment`. */
export interface SegmentSink {
  segment(
    isIpv6: number,
    source: number,
    destination: number,
    sourcePort: number,
    destinationPort: number,
    sequence: number,
    acknowledgment: number,
    flags: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    length: number,
  ): void;
}
