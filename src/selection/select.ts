import { ArgumentError } from '../argument-error.js';
import type { Connection, Finding, Report, Session } from '../model.js';
import { type AddressRange, parseAddressRange } from './address-range.js';
import { identifiers } from './matches.js';

/** Of whom a report tells. Totals, servers and verdicts stay those of the whole capture. */
export interface Selection {
  /** Address or CIDR range of clients: `10.0.0.7`, `10.0.0.0/8`, `2001:db8::/32`. */
  client?: string | undefined;
  /** First digits of a session's identifier: hex, in capitals or not, with colons or without. */
  session?: string | undefined;
}

/** Narrows what is told to some clients or sessions. */
export class Selector {
  readonly #isOfClient: AddressRange | null;
  readonly #digits: string;
  /** Of connections whose client is not the TCP peer. */
  readonly #proxied = new Set<number>();

  /** @throws {@link ArgumentError} when `client` is neither an address nor a range, or `session` has other characters than hex digits */
  constructor({ client, session = '' }: Selection) {
    this.#isOfClient = client === undefined ? null : parseAddressRange(String(client));
    if (client !== undefined && this.#isOfClient === null) {
      throw new ArgumentError(`filter.client: expected an IP address or a range such as 10.0.0.0/8, not ${client}`);
    }
    this.#digits = sessionDigits(session);
    if (!/^[0-9a-f]*$/.test(this.#digits)) {
      throw new ArgumentError(`filter.session: expected hexadecimal digits, not ${session}`);
    }
  }

  get isByClient(): boolean {
    return this.#isOfClient !== null;
  }

  /** Takes note of a connection, where its client is known by it alone: findings name the TCP peer. */
  see({ stream, proxiedClient }: Connection): void {
    if (proxiedClient !== null && this.#isOfClient?.(proxiedClient.address)) this.#proxied.add(stream);
  }

  /** Sessions are matched to clients by the connections in the report. */
  report(report: Report): Report {
    if (this.#isOfClient === null && this.#digits === '') return report;
    const streams = new Set(report.connections.filter((c) => this.#isOf(c)).map((c) => c.stream));
    return {
      ...report,
      findings: report.findings.filter((f) => this.#isSession(f.session.id) && this.#isFindingOf(f)),
      sessions: report.sessions.filter((s) => this.#isSession(s.id) && this.#isSessionOf(s, streams)),
      connections: this.connections(report.connections),
    };
  }

  /** A connection that touched no session is left out only where one is asked for. */
  connections(connections: readonly Connection[]): Connection[] {
    return connections.filter((c) => this.#isOf(c) && ['', ...identifiers(c)].some((id) => this.#isSession(id)));
  }

  #isClient(address: string): boolean {
    return this.#isOfClient === null || this.#isOfClient(address);
  }

  /** The TCP peer, or the client that a PROXY header names. */
  #isOf(c: Connection): boolean {
    return this.#isClient(c.client.address) || (c.proxiedClient !== null && this.#isClient(c.proxiedClient.address));
  }

  #isSession(id: string): boolean {
    return id.startsWith(this.#digits);
  }

  /** The client of a session may change: another connection of it may come from another address. */
  #isFindingOf({ client, issued, resumed, uncleanCloses, declines }: Finding): boolean {
    const all = [{ client, stream: issued.stream }, ...resumed, ...uncleanCloses, ...declines];
    return all.some((of) => this.#isClient(of.client.address) || this.#proxied.has(of.stream));
  }

  #isSessionOf(session: Session, streams: ReadonlySet<number>): boolean {
    if (this.#isOfClient === null) return true;
    return (session.issued !== null && streams.has(session.issued.stream)) || session.offers.some((o) => streams.has(o.stream));
  }
}

/** Identifiers as people copy them (Wireshark writes colons between the bytes), as a report writes them. */
export function sessionDigits(text: string): string {
  return String(text).replaceAll(':', '').toLowerCase();
}
