/** Where readers deliver frames: the border between the file format and the network. */
export interface FrameSink {
  /**
   * One frame. `bytes[offset … offset + capturedLength)` is valid only during the call: the buffer is used again.
   *
   * @param originalLength length on the wire in bytes; larger than `capturedLength` when the capture cut the frame
   * @param seconds Unix seconds, whole
   * @param nanoseconds 0 to 999 999 999
   * @param linkType number of the LINKTYPE_ registry (tcpdump.org/linktypes.html)
   */
  frame(
    bytes: Uint8Array,
    offset: number,
    capturedLength: number,
    originalLength: number,
    seconds: number,
    nanoseconds: number,
    linkType: number,
  ): void;
}
