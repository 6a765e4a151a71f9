import { FixedRows } from '../bytes/fixed-rows.js';
import type { Direction } from '../tcp/connections.js';
import { TLS_BYTES, TLS_FLOATS, TLS_INTS, Tls, TlsDirection, tlsField } from './fields.js';

/** An alert before the last one of its direction. */
interface EarlierAlert {
  direction: Direction;
  frame: number;
  time: number;
  /** level << 8 | description; below 0 when encrypted. */
  alert: number;
}

/** What only some connections have. */
export interface Extras {
  alerts: EarlierAlert[];
  /** SHA-256 in hex, of tickets and PSK identities. */
  offeredTicket: string | null;
  offeredPsk: string[];
  issuedTickets: string[];
}

/** What TLS tells of each followed connection, in rows of the same numbers as those of TCP. */
export class TlsConnections {
  readonly rows: FixedRows;
  readonly #serverNames: (string | null)[] = [];
  readonly #protocols: (string | null)[] = [];
  readonly #extras = new Map<number, Extras>();

  /** @param limit connections followed at a time */
  constructor(limit: number) {
    this.rows = new FixedRows(limit, TLS_INTS, TLS_FLOATS, TLS_BYTES);
  }

  open(connection: number): void {
    this.rows.clear(connection);
    this.close(connection);
  }

  /** Gives back what is kept beside the row. */
  close(connection: number): void {
    this.#serverNames[connection] = null;
    this.#protocols[connection] = null;
    if (this.#extras.size > 0) this.#extras.delete(connection);
  }

  flags(connection: number): number {
    return this.rows.int(connection, Tls.FLAGS);
  }

  has(connection: number, flag: number): boolean {
    return (this.rows.int(connection, Tls.FLAGS) & flag) !== 0;
  }

  set(connection: number, flag: number): void {
    this.rows.setBits(connection, Tls.FLAGS, flag);
  }

  directionFlags(connection: number, direction: Direction): number {
    return this.rows.int(connection, tlsField(TlsDirection.FLAGS, direction));
  }

  setDirection(connection: number, direction: Direction, flag: number): void {
    this.rows.setBits(connection, tlsField(TlsDirection.FLAGS, direction), flag);
  }

  clearDirection(connection: number, direction: Direction, flag: number): void {
    const at = tlsField(TlsDirection.FLAGS, direction);
    this.rows.setInt(connection, at, this.rows.int(connection, at) & ~flag);
  }

  of(connection: number, direction: Direction, which: number): number {
    return this.rows.int(connection, tlsField(which, direction));
  }

  /** Direction of the client's packets as far as the hellos tell. */
  client(connection: number): Direction | null {
    const client = this.rows.int(connection, Tls.CLIENT);
    return client === 0 ? null : ((client - 1) as Direction);
  }

  serverName(connection: number): string | null {
    return this.#serverNames[connection];
  }

  setServerName(connection: number, name: string): void {
    this.#serverNames[connection] = name;
  }

  protocol(connection: number): string | null {
    return this.#protocols[connection];
  }

  setProtocol(connection: number, name: string): void {
    this.#protocols[connection] = name;
  }

  extras(connection: number): Extras | undefined {
    return this.#extras.size > 0 ? this.#extras.get(connection) : undefined;
  }

  extend(connection: number): Extras {
    let extras = this.#extras.get(connection);
    if (!extras) {
      extras = { alerts: [], offeredTicket: null, offeredPsk: [], issuedTickets: [] };
      this.#extras.set(connection, extras);
    }
    return extras;
  }
}
