// What closenotify and tshark both know of a connection, in one form.
import type { Alert, Connection, Endpoint, SideClose } from '../../src/model.js';
import { ALERTS } from '../../src/wire/registry/alerts.js';
import { cipherSuiteName, versionName } from '../../src/wire/registry/names.js';
import type { Stream } from './dissection.js';

export const FACTS = [
  'client',
  'first',
  'last',
  'clientHello',
  'serverHello',
  'serverName',
  'version',
  'cipherSuite',
  'alpn',
  'offeredId',
  'offeredTicket',
  'offeredPsk',
  'selectedPsk',
  'issuedId',
  'issuedTickets',
  'alerts',
  'clientEnd',
  'serverEnd',
] as const;

export type Fact = (typeof FACTS)[number];
/** Every fact as a text; {@link NONE} where there is none. */
export type Facts = Record<Fact, string>;

export const NONE = '-';

const DESCRIPTIONS = new Map([...ALERTS].map(([number, name]) => [name, number]));

export function factsOf(c: Connection): Facts {
  return {
    client: textOf(c.client),
    first: text(c.frames.first),
    last: text(c.frames.last),
    clientHello: text(c.frames.clientHello),
    serverHello: text(c.frames.serverHello),
    serverName: text(c.serverName),
    version: text(c.version),
    cipherSuite: text(c.cipherSuite),
    alpn: text(c.alpn),
    offeredId: text(c.offered.sessionId),
    offeredTicket: text(c.offered.ticket),
    offeredPsk: list(c.offered.psk.map((psk, i) => `${psk} ${c.offered.pskAges[i]}`)),
    selectedPsk: text(c.selectedPsk),
    issuedId: text(c.issued.sessionId),
    issuedTickets: list(c.issued.tickets.map((ticket, i) => `${ticket} ${c.issued.ticketLifetimes[i]}`)),
    alerts: list(c.alerts.map(alertText)),
    clientEnd: endText(c.close.client),
    serverEnd: endText(c.close.server),
  };
}

/** @param client of the report, for streams without a ClientHello: tshark names no roles */
export function factsOfStream(s: Stream, client: string): Facts {
  const role = s.client ?? client;
  const server = [...s.ends.keys()].find((sender) => sender !== role);
  return {
    client: role,
    first: text(s.first),
    last: text(s.last),
    clientHello: text(s.clientHello),
    serverHello: text(s.serverHello),
    serverName: text(s.serverName),
    version: s.version === null ? NONE : versionName(Number(s.version)),
    cipherSuite: s.cipherSuite === null ? NONE : cipherSuiteName(Number(s.cipherSuite)),
    alpn: text(s.alpn),
    offeredId: text(s.offered),
    offeredTicket: text(s.ticket),
    offeredPsk: list(s.psk),
    selectedPsk: text(s.selectedPsk),
    issuedId: text(s.issued),
    issuedTickets: list(s.tickets),
    alerts: list(s.alerts),
    clientEnd: text(s.ends.get(role) ?? null),
    serverEnd: text(server === undefined ? null : (s.ends.get(server) ?? null)),
  };
}

/** The facts in which the two differ. */
export function differing(ours: Facts, theirs: Facts): Fact[] {
  return FACTS.filter((fact) => ours[fact] !== theirs[fact]);
}

export function textOf({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}

function alertText({ frame, level, description }: Alert): string {
  if (level === null) return `${frame} encrypted`;
  return `${frame} ${level === 'fatal' ? 2 : 1} ${DESCRIPTIONS.get(description ?? '') ?? description}`;
}

function endText({ end, frame }: SideClose): string {
  return frame === null ? NONE : `${frame} ${end ?? 'unknown'}`;
}

function text(value: string | number | null): string {
  return value === null ? NONE : String(value);
}

function list(values: readonly string[]): string {
  return values.length === 0 ? NONE : values.join(', ');
}
