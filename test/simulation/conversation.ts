// What the two sides of a connection say, and when it passes the place where the capture is taken.
import type { Session } from '../../src/model.js';
import { Capture, type Link } from '../support/packets.js';
import {
  applicationData,
  certificate,
  changeCipherSpec,
  clientHello,
  clientKeyExchange,
  finished,
  flight,
  id,
  newSessionTicket,
  protectedAlert,
  serverHello,
  serverHelloDone,
} from '../tls/messages.js';
import type { Leaving } from './clients.js';
import type { Policy } from './policy.js';
import type { Ending } from './server.js';

/** Beside a ticket or PSK a client invents an ID, whose echo says nothing but that it was read. */
const INVENTED = id('1e');
const TLS_AES_128_GCM_SHA256 = 0x1301;
/** An alert of TLS 1.3 looks like data: 2 bytes, the hidden type, the tag. */
const hiddenAlert = applicationData(19);
const request = applicationData(120);
const response = applicationData(300);
const keyExchange = flight(clientKeyExchange);
const hiddenCertificate = applicationData(900);
const hiddenFinished = applicationData(53);
const hiddenTickets = applicationData(250);
/** Handshake messages that are encrypted, in TLS 1.2. */
const clientFinish = [changeCipherSpec, finished];

/** Milliseconds from the place of the capture to either side. */
export interface Distances {
  toClient: number;
  toServer: number;
}

/** Its clock is the server's, in milliseconds. */
export class Wire {
  readonly capture = new Capture();
  readonly #toServer: number;
  /** There and back. */
  readonly roundTrip: number;

  constructor({ toClient, toServer }: Distances) {
    this.#toServer = toServer;
    this.roundTrip = 2 * (toClient + toServer);
  }

  /** From here on the client speaks: the server reads it at `now`. */
  clientAt(now: number): void {
    this.capture.at = Math.round(now - this.#toServer);
  }

  /** From here on the server speaks, at `now`. */
  serverAt(now: number): void {
    this.capture.at = Math.round(now + this.#toServer);
  }
}

export function hello(kind: Session['kind'], offer: string | null): Uint8Array {
  switch (kind) {
    case 'session-id':
      return flight(clientHello({ sessionId: offer ?? '' }));
    case 'ticket':
      return flight(clientHello({ ticket: offer ?? '', sessionId: offer === null ? '' : INVENTED }));
    case 'psk':
      return flight(clientHello({ tls13: true, sessionId: INVENTED, ...(offer !== null && { psk: [offer] }) }));
  }
}

/** @param issues the session that a full handshake begins */
export function answer(kind: Session['kind'], resumes: string | null, issues: string): Uint8Array[] {
  if (kind === 'psk') {
    const selected = resumes === null ? [] : [Uint8Array.of(0, 41, 0, 2, 0, 0)];
    const cipherSuite = TLS_AES_128_GCM_SHA256;
    const first = flight(serverHello({ tls13: true, sessionId: INVENTED, cipherSuite, extensions: selected }));
    return [first, changeCipherSpec, hiddenCertificate];
  }
  if (resumes !== null) return [flight(serverHello({ sessionId: kind === 'ticket' ? INVENTED : resumes })), changeCipherSpec, finished];
  const first = serverHello(kind === 'ticket' ? { ticket: '' } : { sessionId: issues });
  return [flight(first, certificate, serverHelloDone)];
}

/** What completes the handshake; `issued` is null where the server resumed. */
export function finish({ client, server }: Link, kind: Session['kind'], issued: string | null, wire: Wire, now: number): void {
  wire.clientAt(now);
  if (kind === 'psk') client.send(changeCipherSpec, hiddenFinished);
  else if (issued === null) client.send(...clientFinish);
  else client.send(keyExchange, ...clientFinish);
  wire.serverAt(now);
  if (kind === 'psk') server.send(hiddenTickets);
  else if (issued !== null) server.send(...(kind === 'ticket' ? [flight(newSessionTicket(issued))] : []), changeCipherSpec, finished);
}

export function exchange({ client, server }: Link, wire: Wire, now: number): void {
  wire.clientAt(now);
  client.send(request);
  wire.serverAt(now);
  server.send(response);
}

/** Yields milliseconds to wait for; `ended` hears how the server read the end. */
export function* leave(
  { client, server }: Link,
  leaving: Leaving,
  isCareless: boolean,
  policy: Policy,
  wire: Wire,
  now: () => number,
  ended: (ending: Ending) => void,
): Generator<number> {
  const alert = policy.kind === 'psk' ? hiddenAlert : protectedAlert;
  const farewell = policy.saysNotify ? [alert] : [];
  if (leaving === 'server') {
    wire.serverAt(now());
    server.fin(...farewell);
    if (!policy.saysNotify) ended('own');
    yield wire.roundTrip;
    wire.clientAt(now());
    client.fin(...(isCareless ? [] : [alert]));
    if (policy.saysNotify) ended(isCareless ? 'bare-answer' : 'clean');
    wire.serverAt(now());
    server.acknowledge();
    return;
  }
  wire.clientAt(now());
  switch (leaving) {
    case 'clean':
      client.send(alert);
      client.fin();
      ended('clean');
      wire.serverAt(now());
      server.fin(...farewell);
      break;
    case 'acknowledged-reset':
      client.send(alert);
      ended('clean');
      wire.serverAt(now());
      server.acknowledge();
      break;
    case 'fin':
      client.fin();
      ended('fin');
      wire.serverAt(now());
      server.fin(...(policy.alertsAtTruncation ? [alert] : []));
      break;
    case 'rst':
      client.reset();
      ended('rst');
      return;
    case 'race':
      client.send(alert);
      client.reset();
      ended('race');
      return;
  }
  yield wire.roundTrip;
  wire.clientAt(now());
  // A socket that is gone answers an alert with RST.
  if (leaving === 'acknowledged-reset' || (leaving === 'fin' && policy.alertsAtTruncation)) client.reset();
  else client.acknowledge();
}
