// Packets to a report, quickly: a million of them are read in one test. The frames are those of `ethernet` in support/packets.ts.
import { Analyzer } from '../../src/analyzer.js';
import type { Report } from '../../src/model.js';
import { ethernet, type Packet, SMALL, START } from '../support/packets.js';

/** Offsets in a frame with IPv4. */
const TOTAL_LENGTH = 16;
const PORTS = 34;
const SEQUENCE = 38;
const ACKNOWLEDGMENT = 42;
const FLAGS = 47;
const PAYLOAD = 54;
/** IP and TCP. */
const HEADERS_LENGTH = 40;
const MAX_FRAME_LENGTH = 4096;
const ETHERNET = 1;

export function read(packets: readonly Packet[]): Report {
  const analyzer = new Analyzer({ keep: 'all', limits: SMALL });
  const buffer = new Uint8Array(MAX_FRAME_LENGTH);
  const view = new DataView(buffer.buffer);
  const headers = new Headers();
  for (const packet of packets) {
    const { from, to, sequence, acknowledgment, flags, payload, at } = packet;
    buffer.set(headers.of(packet));
    view.setUint16(TOTAL_LENGTH, HEADERS_LENGTH + payload.length);
    view.setUint16(PORTS, from.port);
    view.setUint16(PORTS + 2, to.port);
    view.setUint32(SEQUENCE, sequence);
    view.setUint32(ACKNOWLEDGMENT, acknowledgment);
    buffer[FLAGS] = flags;
    buffer.set(payload, PAYLOAD);
    const length = PAYLOAD + payload.length;
    analyzer.frame(buffer, 0, length, length, START + Math.floor(at / 1000), (at % 1000) * 1e6, ETHERNET);
  }
  return analyzer.finish();
}

/** Frames without payload, one for each pair of addresses. */
class Headers {
  readonly #frames = new Map<string, Map<string, Uint8Array>>();

  of(packet: Packet): Uint8Array {
    let frames = this.#frames.get(packet.from.address);
    if (!frames) {
      frames = new Map();
      this.#frames.set(packet.from.address, frames);
    }
    let frame = frames.get(packet.to.address);
    if (!frame) {
      frame = ethernet({ ...packet, payload: new Uint8Array(0) });
      frames.set(packet.to.address, frame);
    }
    return frame;
  }
}
