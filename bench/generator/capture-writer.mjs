// Classic pcap, little-endian, microseconds, Ethernet. One buffer, written synchronously when it is full: the memory used
// does not depend on the size of the file, and the disk sets the pace.
import { closeSync, openSync, writeSync } from 'node:fs';

const BUFFER_BYTES = 1 << 20;
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const SNAP_LENGTH = 262144; // bytes, tcpdump's own default
const LINK_TYPE_ETHERNET = 1;

export const ETHERNET_BYTES = 14;
export const IPV4_BYTES = 20;
const TCP_BYTES = 20;
const HEADERS_BYTES = ETHERNET_BYTES + IPV4_BYTES + TCP_BYTES;
const IPV4_DO_NOT_FRAGMENT_TTL_TCP = [0x40, 0, 64, 6];
const TCP_WINDOW = 64240; // bytes

/** RFC 9293 3.1 */
export const TCP = { fin: 0x01, syn: 0x02, rst: 0x04, psh: 0x08, ack: 0x10 };

export class CaptureWriter {
  /** The frame that was reserved last lies in here. */
  bytes = new Uint8Array(BUFFER_BYTES);
  packets = 0;
  /** Captured bytes, record headers not counted. */
  capturedBytes = 0;
  #view = new DataView(this.bytes.buffer);
  #used = 0;
  #flushed = 0;
  #file;

  constructor(path) {
    this.#file = openSync(path, 'w');
    const header = [0xa1b2c3d4, 0x0004_0002, 0, 0, SNAP_LENGTH, LINK_TYPE_ETHERNET];
    header.forEach((word, i) => {
      this.#view.setUint32(4 * i, word, true);
    });
    this.#used = FILE_HEADER_BYTES;
  }

  get fileBytes() {
    return this.#flushed + this.#used;
  }

  /** Reserves a frame. @param {number} time microseconds since 1970 @returns {number} its offset in `bytes`, to be filled at once */
  reserve(time, length) {
    if (this.#used + RECORD_HEADER_BYTES + length > BUFFER_BYTES) this.#flush();
    const at = this.#used;
    this.#view.setUint32(at, Math.floor(time / 1e6), true);
    this.#view.setUint32(at + 4, time % 1e6, true);
    this.#view.setUint32(at + 8, length, true);
    this.#view.setUint32(at + 12, length, true);
    this.#used = at + RECORD_HEADER_BYTES + length;
    this.packets++;
    this.capturedBytes += length;
    return at + RECORD_HEADER_BYTES;
  }

  /**
   * Reserves a TCP segment with headers without options.
   *
   * @param {{ client: number, clientPort: number, server: number, serverPort: number }} flow addresses as 32-bit numbers
   * @returns {number} offset of the payload in `bytes`
   */
  segment(time, flow, fromClient, flags, seq, ack, payloadLength) {
    const at = this.reserve(time, HEADERS_BYTES + payloadLength);
    const { bytes } = this;
    const view = this.#view;
    const ip = at + ETHERNET_BYTES;
    const tcp = ip + IPV4_BYTES;
    bytes.fill(0, at, tcp + TCP_BYTES);
    view.setUint16(at + 12, 0x0800);
    bytes[ip] = 0x45;
    view.setUint16(ip + 2, IPV4_BYTES + TCP_BYTES + payloadLength);
    bytes.set(IPV4_DO_NOT_FRAGMENT_TTL_TCP, ip + 6);
    bytes[tcp + 12] = (TCP_BYTES / 4) << 4;
    bytes[tcp + 13] = flags;
    view.setUint16(tcp + 14, TCP_WINDOW);
    this.address(at, flow, fromClient, seq, ack);
    return tcp + TCP_BYTES;
  }

  /** Sets who talks to whom in an Ethernet/IPv4/TCP frame without IP options, its sequence numbers and the IPv4 checksum. */
  address(at, flow, fromClient, seq, ack) {
    const view = this.#view;
    const ip = at + ETHERNET_BYTES;
    const tcp = ip + IPV4_BYTES;
    this.#stations(at, fromClient);
    view.setUint32(ip + 12, fromClient ? flow.client : flow.server);
    view.setUint32(ip + 16, fromClient ? flow.server : flow.client);
    view.setUint16(tcp, fromClient ? flow.clientPort : flow.serverPort);
    view.setUint16(tcp + 2, fromClient ? flow.serverPort : flow.clientPort);
    view.setUint32(tcp + 4, seq);
    view.setUint32(tcp + 8, ack);
    view.setUint16(tcp + 16, 0);
    view.setUint16(ip + 10, 0);
    let sum = 0;
    for (let i = 0; i < IPV4_BYTES; i += 2) sum += view.getUint16(ip + i);
    sum = (sum & 0xffff) + (sum >>> 16);
    view.setUint16(ip + 10, ~(sum + (sum >>> 16)));
  }

  uint32(at, value) {
    this.#view.setUint32(at, value);
  }

  close() {
    this.#flush();
    closeSync(this.#file);
  }

  /** Locally administered addresses: 02:00:00:00:00:01 is the clients' side, …:02 the servers'. */
  #stations(at, fromClient) {
    this.#view.setUint32(at, 0x0200_0000);
    this.#view.setUint16(at + 4, fromClient ? 2 : 1);
    this.#view.setUint32(at + 6, 0x0200_0000);
    this.#view.setUint16(at + 10, fromClient ? 1 : 2);
  }

  #flush() {
    for (let at = 0; at < this.#used; ) at += writeSync(this.#file, this.bytes, at, this.#used - at);
    this.#flushed += this.#used;
    this.#used = 0;
  }
}
