// Frames to TCP segments: link layer, IP, and the header of TCP. What may have been TCP and is left out is counted.
import { linkTypeName } from '../capture/link-types.js';
import type { Warnings } from '../warnings.js';
import * as ipv4 from '../wire/ipv4.js';
import * as ipv6 from '../wire/ipv6.js';
import { networkOffset, plainTcpOffset } from '../wire/link.js';
import { FRAGMENT, MALFORMED, TRUNCATED, UNSUPPORTED } from '../wire/outcome.js';
import * as tcp from '../wire/tcp.js';
import type { AddressTable } from './address-table.js';
import type { Moment } from './connections.js';
import type { TcpTracker } from './tracker.js';

const IPV4_HEADER_BYTES = 20;

export class Packets {
  readonly #tracker: TcpTracker;
  readonly #addresses: AddressTable;
  readonly #limit: number;
  readonly #warnings: Warnings;
  readonly #now: Moment;

  /**
   * @param now the frame that is decoded
   * @param limit of the addresses
   */
  constructor(tracker: TcpTracker, now: Moment, addresses: AddressTable, limit: number, warnings: Warnings) {
    this.#tracker = tracker;
    this.#now = now;
    this.#addresses = addresses;
    this.#limit = limit;
    this.#warnings = warnings;
  }

  /** One frame: `bytes[offset … end)` of it was captured, up to `wireEnd` it went on. */
  decode(bytes: Uint8Array, offset: number, end: number, wireEnd: number, linkType: number): void {
    const plain = plainTcpOffset(linkType, bytes, offset, end);
    if (plain > 0) {
      this.#ipv4Segment(bytes, plain - IPV4_HEADER_BYTES, plain, end, wireEnd);
      return;
    }
    const network = networkOffset(linkType, bytes, offset, end);
    if (network < 0) this.#notDecoded(network, linkType);
    else if (bytes[network] >> 4 === 4) this.#ipv4(bytes, network, end, wireEnd);
    else this.#ipv6(bytes, network, end, wireEnd);
  }

  #ipv4(bytes: Uint8Array, network: number, end: number, wireEnd: number): void {
    const transport = ipv4.transportOffset(bytes, network, end);
    if (transport < 0) this.#notDecoded(transport, 0);
    else this.#ipv4Segment(bytes, network, transport, end, wireEnd);
  }

  #ipv4Segment(bytes: Uint8Array, network: number, transport: number, end: number, wireEnd: number): void {
    const packetEnd = ipv4.payloadEnd(bytes, network, wireEnd);
    if (packetEnd < 0) {
      this.#notDecoded(packetEnd, 0);
      return;
    }
    const source = address(bytes, network + ipv4.SOURCE_ADDRESS);
    this.#segment(bytes, transport, end, packetEnd, 0, source, address(bytes, network + ipv4.DESTINATION_ADDRESS));
  }

  #ipv6(bytes: Uint8Array, network: number, end: number, wireEnd: number): void {
    const transport = ipv6.transportOffset(bytes, network, end);
    const packetEnd = transport < 0 ? transport : ipv6.payloadEnd(bytes, network, wireEnd);
    if (packetEnd < 0) {
      this.#notDecoded(packetEnd, 0);
      return;
    }
    const source = this.#addresses.intern(bytes, network + ipv6.SOURCE_ADDRESS);
    const destination = this.#addresses.intern(bytes, network + ipv6.DESTINATION_ADDRESS);
    if (source < 0 || destination < 0) {
      this.#warnings.add(
        'address-limit',
        `more than ${this.#limit} IPv6 addresses: packets of further ones were left out`,
        this.#now.frame,
      );
      return;
    }
    this.#segment(bytes, transport, end, packetEnd, 1, source, destination);
  }

  #segment(
    bytes: Uint8Array,
    transport: number,
    capturedEnd: number,
    packetEnd: number,
    isIpv6: number,
    source: number,
    destination: number,
  ): void {
    const end = Math.min(capturedEnd, packetEnd);
    const payload = tcp.payloadOffset(bytes, transport, end, packetEnd);
    if (payload === TRUNCATED) {
      this.#notDecoded(payload, 0);
      return;
    }
    const isMalformed = payload < 0;
    if (isMalformed) this.#notDecoded(payload, 0);
    this.#tracker.segment(
      isIpv6,
      source,
      destination,
      tcp.sourcePort(bytes, transport),
      tcp.destinationPort(bytes, transport),
      tcp.sequence(bytes, transport),
      tcp.acknowledgment(bytes, transport),
      // Wireshark counts a segment with an impossible header length to a stream; no more can be made of it.
      isMalformed ? 0 : tcp.flags(bytes, transport),
      bytes,
      payload,
      Math.max(payload, end),
      isMalformed ? 0 : packetEnd - payload,
    );
  }

  /** Counts what was left out although it may have been TCP. */
  #notDecoded(outcome: number, linkType: number): void {
    const frame = this.#now.frame;
    if (outcome === TRUNCATED)
      this.#warnings.add('frame-truncated', 'frames cut within their headers were left out: capture with a larger snap length', frame);
    else if (outcome === MALFORMED)
      this.#warnings.add('frame-malformed', 'frames whose headers contradict themselves were left out', frame);
    else if (outcome === FRAGMENT) this.#warnings.add('ip-fragment', 'IP fragments were left out', frame);
    else if (outcome === UNSUPPORTED) this.#foreignFrame(linkType);
  }

  #foreignFrame(linkType: number): void {
    const name = linkTypeName(linkType);
    const shown = name.startsWith('linktype') ? name : `${name} (link type ${linkType})`;
    const what = `frames of ${shown} are not decoded; capture on an Ethernet, Linux cooked, raw IP or loopback interface`;
    this.#warnings.add('link-type', what, this.#now.frame, name);
  }
}

function address(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] << 24) | (bytes[offset + 1] << 16) | (bytes[offset + 2] << 8) | bytes[offset + 3];
}
