// Session IDs that an empty NewSessionTicket voids: RFC 5077 3.3.
import { expect, it } from 'vitest';
import { Capture, type Link } from '../support/packets.js';
import { factsOf } from './facts.js';
import {
  abbreviatedHandshake,
  certificate,
  changeCipherSpec,
  clientHello,
  clientKeyExchange,
  exchange,
  finished,
  flight,
  fullHandshake,
  id,
  newSessionTicket,
  serverHello,
  serverHelloDone,
} from './messages.js';

/** A full handshake in which the server promises a ticket and names a session ID. */
function promise(issues: string, offers: string, ticket: string | null, isCompleted = true) {
  return (link: Link): void => {
    const { client, server } = link;
    client.send(flight(clientHello({ sessionId: offers, ticket: '' })));
    server.send(flight(serverHello({ sessionId: issues, ticket: '' }), certificate, serverHelloDone));
    client.send(flight(clientKeyExchange), changeCipherSpec, finished);
    if (ticket !== null) server.send(flight(newSessionTicket(ticket)));
    if (!isCompleted) {
      server.reset();
      return;
    }
    server.send(changeCipherSpec, finished);
    exchange(link);
  };
}

it.each<[name: string, speak: (link: Link) => void, expected: string | null]>([
  ['is void behind an empty ticket', promise(id('51'), '', ''), id('51')],
  ['is void where another one was declined', promise(id('51'), id('a1'), ''), id('51')],
  ['is not, behind a ticket', promise(id('51'), '', '7469636b'), null],
  ['is not, where the promised ticket was not seen', promise(id('51'), '', null), null],
  ['is not, where it is an echo', promise(id('51'), id('51'), ''), null],
  ['is not, where there is none', promise('', '', ''), null],
  ['is not, where the handshake failed', promise(id('51'), '', '', false), null],
  ['is not, where no ticket was promised', (link) => fullHandshake(link), null],
  ['is not, where it resumes', (link) => abbreviatedHandshake(link, id('51')), null],
])('a session ID %s', (_, speak, expected) => {
  const capture = new Capture();
  speak(capture.connect());
  expect(factsOf(capture.packets).map((facts) => facts.voidId)).toEqual([expected]);
});

it('is not carried over to the next connection', () => {
  const capture = new Capture();
  const first = capture.connect();
  promise(id('51'), '', '')(first);
  first.client.reset();
  fullHandshake(capture.connect(), id('52'));
  expect(factsOf(capture.packets).map((facts) => facts.voidId)).toEqual([id('51'), null]);
});
