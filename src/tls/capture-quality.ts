// How much of the connections a capture holds.
import type { CaptureQuality } from '../model.js';
import { Row, type TcpConnections } from '../tcp/connections.js';
import type { ConnectionFacts } from './facts.js';

/** Counts over the TLS connections that are over. */
export class QualityCounts {
  /** Connections with bytes missing. */
  incomplete = 0;
  #missingBytes = 0;
  #truncatedFrames = 0;
  #unreadOffers = 0;
  #midstream = 0;
  #oneWay = 0;
  #neverEnded = 0;

  add(tcp: TcpConnections, connection: number, facts: ConnectionFacts): void {
    if (facts.missingBytes > 0) this.incomplete++;
    this.#missingBytes += facts.missingBytes;
    this.#truncatedFrames += tcp.rows.ints[connection + Row.TRUNCATED_FRAMES];
    const isMidstream = !facts.isOneWay && tcp.synDirection(connection) === null;
    if (isMidstream) this.#midstream++;
    if (facts.isOneWay) this.#oneWay++;
    if (!facts.isHelloWhole && !isMidstream) this.#unreadOffers++;
    if (facts.client.state === 'open' && facts.server.state === 'open') this.#neverEnded++;
  }

  clone(): QualityCounts {
    const copy = new QualityCounts();
    copy.incomplete = this.incomplete;
    copy.#missingBytes = this.#missingBytes;
    copy.#truncatedFrames = this.#truncatedFrames;
    copy.#unreadOffers = this.#unreadOffers;
    copy.#midstream = this.#midstream;
    copy.#oneWay = this.#oneWay;
    copy.#neverEnded = this.#neverEnded;
    return copy;
  }

  report(): CaptureQuality {
    return {
      missingBytes: this.#missingBytes,
      truncatedFrames: this.#truncatedFrames,
      unreadOffers: this.#unreadOffers,
      midstreamConnections: this.#midstream,
      oneWayConnections: this.#oneWay,
      neverEndedConnections: this.#neverEnded,
    };
  }
}
