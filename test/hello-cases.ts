// Captures in fixtures/cases that differ from others in what comes before or instead of the hellos.
import { type Case, closed, side } from './cases.js';

const offeredNothing = { handshake: 'full', resumption: 'not-offered', version: 'TLSv1.2' };

export const helloCases: readonly Case[] = [
  {
    capture: 'proxy-header-lost.pcap',
    holds: 'a PROXY header is missing; a ClientHello behind it (5), whose record says TLS 1.0, and a ServerHello of TLS 1.2 (7)',
    right: { connections: { 0: { ...offeredNothing, frames: { clientHello: 5, serverHello: 7 }, serverName: 'lab.example' } } },
  },
  {
    capture: 'starttls-request-lost.pcap',
    holds: 'STARTTLS is missing, the answer to it (9) is there; ClientHello (10), ServerHello (11)',
    right: {
      connections: {
        0: {
          ...offeredNothing,
          frames: { clientHello: 10, serverHello: 11 },
          ...closed(side('clean', 'fin', 19), side('clean', 'fin', 18)),
        },
      },
    },
  },
  {
    capture: 'ticket-hello-lost.pcap',
    holds: 'the ClientHello is missing; a ticket is issued in clear (8)',
    right: { connections: { 0: { handshake: 'full', resumption: 'unknown', issued: { ticketLifetimes: [300] } } } },
  },
  {
    capture: 'alert-without-hello.pcap',
    holds: 'one direction only, a fatal alert in clear (3) its only payload',
    right: {
      connections: {
        0: { alerts: [{ frame: 3, level: 'fatal', description: 'handshake_failure' }], ...closed(side('open'), side('aborted', 'fin', 4)) },
      },
    },
  },
  {
    capture: 'hello-in-two.pcap',
    holds: 'a ClientHello in two segments (4, 5), of which the first has three bytes',
    right: {
      connections: { 0: { ...offeredNothing, frames: { clientHello: 5, serverHello: 7 }, ...closed(side('clean'), side('clean')) } },
    },
  },
  {
    capture: 'reuse-later-syn-lost.pcap',
    holds: 'closed by FINs (17, 18); ten seconds later a connection on the same ports, its SYN missing from the capture',
    right: { connections: { 0: closed(side('clean', 'fin', 18), side('clean', 'fin', 17), 'client') } },
  },
];
