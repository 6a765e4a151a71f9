import { PcapDecoder } from '../../src/capture/pcap.js';

const HEADER_BYTES = 24;

/** The frames of a classic pcap. */
export function framesOf(file: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const sink = {
    frame: (bytes: Uint8Array, offset: number, length: number) => {
      frames.push(Uint8Array.from(bytes.subarray(offset, offset + length)));
    },
  };
  new PcapDecoder(view, { sink, warn: () => {} }).decode(file, view, HEADER_BYTES, file.length);
  return frames;
}
