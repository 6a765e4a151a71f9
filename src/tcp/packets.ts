// Frames to TCP segments: link layer, IP, and the header of TCP. What may have been TCP and is left out is counted.
import { toHex } from '../bytes/hex.js';
import { int32 } from '../bytes/int32.js';
import { linkTypeName } from '../capture/link-types.js';
import { type Limits, MAX_TUNNEL_DEPTH } from '../limits.js';
import type { Warnings } from '../warnings.js';
import { innerLinkType, innerOffset } from '../wire/inner.js';
import * as ipv4 from '../wire/ipv4.js';
import * as ipv6 from '../wire/ipv6.js';
import { networkOffset } from '../wire/link.js';
import { FRAGMENT, MALFORMED, NOT_IP, NOT_TCP, TRUNCATED, UNSUPPORTED } from '../wire/outcome.js';
import * as tcp from '../wire/tcp.js';
import { innerOf, mayHoldTcp } from '../wire/tunnel.js';
import type { AddressTable } from './address-table.js';
import type { Moment } from './connections.js';
import { type Datagram, Fragments } from './fragments.js';
import { Others } from './others.js';
import { takePlainFrame } from './plain-frames.js';
import type { SegmentSink } from './tracker.js';

export class Packets {
  readonly others = new Others();
  readonly #tracker: SegmentSink;
  readonly #addresses: AddressTable;
  readonly #limit: number;
  readonly #warnings: Warnings;
  readonly #now: Moment;
  readonly #fragments: Fragments;

  /** @param now the frame that is decoded */
  constructor(
    tracker: SegmentSink,
    now: Moment,
    addresses: AddressTable,
    limits: Limits,
    warnings: Warnings,
    fragments = new Fragments(limits.fragments, now, warnings),
  ) {
    this.#tracker = tracker;
    this.#now = now;
    this.#addresses = addresses;
    this.#limit = limits.addresses;
    this.#warnings = warnings;
    this.#fragments = fragments;
  }

  /** One frame: `bytes[offset … end)` of it was captured, up to `wireEnd` it went on. */
  decode(bytes: Uint8Array, offset: number, end: number, wireEnd: number, linkType: number): void {
    if (takePlainFrame(bytes, offset, end, linkType, this.#addresses, this.#tracker)) return;
    this.#frame(bytes, offset, end, wireEnd, linkType, 0);
  }

  /** No frame follows. */
  finish(): void {
    this.#fragments.finish();
  }

  /** @param depth how many packets it is in */
  #frame(bytes: Uint8Array, offset: number, end: number, wireEnd: number, linkType: number, depth: number): void {
    const network = networkOffset(linkType, bytes, offset, end);
    if (network < 0) this.#notDecoded(network, linkType);
    else if (bytes[network] >> 4 === 4) this.#ipv4(bytes, network, end, wireEnd, depth);
    else this.#ipv6(bytes, network, end, wireEnd, depth);
  }

  #ipv4(bytes: Uint8Array, network: number, end: number, wireEnd: number, depth: number): void {
    const transport = ipv4.transportOffset(bytes, network, end);
    if (transport >= 0) {
      this.#ipv4Segment(bytes, network, transport, end, wireEnd);
      return;
    }
    if (transport !== NOT_TCP && transport !== FRAGMENT) {
      this.#notDecoded(transport, 0);
      return;
    }
    const protocol = ipv4.protocol(bytes, network);
    if (!mayHoldTcp(protocol)) {
      this.others.add(protocol);
      return;
    }
    const packetEnd = ipv4.payloadEnd(bytes, network, wireEnd);
    const start = ipv4.headerEnd(bytes, network);
    if (packetEnd < 0) this.#notDecoded(packetEnd, 0);
    else if (start > end) this.#notDecoded(TRUNCATED, 0);
    else if (ipv4.isFragment(bytes, network)) {
      const source = int32(bytes, network + ipv4.SOURCE_ADDRESS);
      const destination = int32(bytes, network + ipv4.DESTINATION_ADDRESS);
      const key = `${source} ${destination} ${ipv4.identification(bytes, network)} ${protocol}`;
      const isLast = !ipv4.hasMoreFragments(bytes, network);
      const whole = this.#whole(key, protocol, ipv4.fragmentOffset(bytes, network), isLast, bytes, start, end, packetEnd);
      if (whole === null) return;
      if (protocol === tcp.PROTOCOL) this.#segment(whole.bytes, 0, whole.length ?? 0, whole.length ?? 0, 0, source, destination);
      else this.#inside(protocol, whole.bytes, 0, whole.length ?? 0, whole.length ?? 0, depth);
      this.#fragments.release(whole);
    } else this.#inside(protocol, bytes, start, Math.min(end, packetEnd), packetEnd, depth);
  }

  #ipv4Segment(bytes: Uint8Array, network: number, transport: number, end: number, wireEnd: number): void {
    const packetEnd = ipv4.payloadEnd(bytes, network, wireEnd);
    if (packetEnd < 0) {
      this.#notDecoded(packetEnd, 0);
      return;
    }
    const source = int32(bytes, network + ipv4.SOURCE_ADDRESS);
    this.#segment(bytes, transport, end, packetEnd, 0, source, int32(bytes, network + ipv4.DESTINATION_ADDRESS));
  }

  #ipv6(bytes: Uint8Array, network: number, end: number, wireEnd: number, depth: number): void {
    const upper = ipv6.upperLayer(bytes, network, end);
    const packetEnd = upper < 0 && upper !== FRAGMENT ? upper : ipv6.payloadEnd(bytes, network, wireEnd);
    if (packetEnd < 0) this.#notDecoded(packetEnd, 0);
    else if (upper === FRAGMENT) this.#ipv6Fragment(bytes, network, end, packetEnd, depth);
    else this.#ipv6Payload(bytes, network, upper, bytes, end, packetEnd, depth);
  }

  #ipv6Fragment(bytes: Uint8Array, network: number, end: number, packetEnd: number, depth: number): void {
    const header = ipv6.fragmentHeader(bytes, network);
    const next = ipv6.nextHeader(bytes, header);
    if (!mayBeginTcp(next)) {
      this.others.add(next);
      return;
    }
    const key = `6 ${addressesText(bytes, network)} ${ipv6.identification(bytes, header)}`;
    const isLast = !ipv6.hasMoreFragments(bytes, header);
    const start = header + ipv6.FRAGMENT_HEADER_BYTES;
    const whole = this.#whole(key, next, ipv6.fragmentOffset(bytes, header), isLast, bytes, start, end, packetEnd);
    if (whole === null) return;
    const length = whole.length ?? 0;
    const upper = ipv6.upperLayerFrom(whole.protocol ?? 0, whole.bytes, 0, length);
    if (upper < 0) this.#notDecoded(upper === FRAGMENT ? MALFORMED : upper, 0);
    else this.#ipv6Payload(bytes, network, upper, whole.bytes, length, length, depth);
    this.#fragments.release(whole);
  }

  /** @param payload where the packet of the header at `network` carries what `upper` says, up to `end` captured and `packetEnd` in all */
  #ipv6Payload(
    bytes: Uint8Array,
    network: number,
    upper: number,
    payload: Uint8Array,
    end: number,
    packetEnd: number,
    depth: number,
  ): void {
    const protocol = ipv6.protocolOf(upper);
    const at = ipv6.offsetOf(upper);
    if (!mayHoldTcp(protocol)) {
      this.others.add(protocol);
      return;
    }
    if (at > end) {
      this.#notDecoded(TRUNCATED, 0);
      return;
    }
    if (protocol !== tcp.PROTOCOL) {
      this.#inside(protocol, payload, at, Math.min(end, packetEnd), packetEnd, depth);
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
    this.#segment(payload, at, end, packetEnd, 1, source, destination);
  }

  /** What a packet carries that is not TCP: another packet or frame, or nothing of ours. */
  #inside(protocol: number, bytes: Uint8Array, offset: number, end: number, packetEnd: number, depth: number): void {
    const inner = innerOf(protocol, bytes, offset, end);
    if (inner === NOT_TCP) this.others.add(protocol);
    else if (inner < 0) this.#notDecoded(inner, 0);
    else if (depth < MAX_TUNNEL_DEPTH) this.#frame(bytes, innerOffset(inner), end, packetEnd, innerLinkType(inner), depth + 1);
    else this.#warnings.add('tunnel-depth', `packets in more than ${MAX_TUNNEL_DEPTH} others were left out`, this.#now.frame);
  }

  /** Takes a fragment. @returns the whole packet when it is complete */
  #whole(
    key: string,
    protocol: number,
    at: number,
    isLast: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
    packetEnd: number,
  ): Datagram | null {
    if (packetEnd > end) {
      this.#notDecoded(TRUNCATED, 0);
      return null;
    }
    const whole = this.#fragments.add(key, protocol, at, isLast, bytes, start, packetEnd);
    if (whole === undefined) this.#notDecoded(MALFORMED, 0);
    return whole ?? null;
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
    else if (outcome === UNSUPPORTED) this.#foreignFrame(linkType);
    else if (outcome === NOT_IP) this.others.addNotIp();
  }

  #foreignFrame(linkType: number): void {
    const name = linkTypeName(linkType);
    const shown = name.startsWith('linktype') ? name : `${name} (link type ${linkType})`;
    const what = `frames of ${shown} are not decoded; capture on an Ethernet, Linux cooked, raw IP or loopback interface`;
    this.#warnings.add('link-type', what, this.#now.frame, name);
  }
}

/** Extension headers may come behind the fragment header. */
function mayBeginTcp(next: number): boolean {
  return ipv6.isExtension(next) || mayHoldTcp(next);
}

function addressesText(bytes: Uint8Array, network: number): string {
  return toHex(bytes, network + ipv6.SOURCE_ADDRESS, network + ipv6.SOURCE_ADDRESS + 32);
}
