import { describe, expect, it } from 'vitest';
import { TcpFlag } from '../../src/wire/tcp.js';
import { Capture, type Link, only } from '../support/packets.js';
import { closeAfter, closeText } from './close-text.js';
import { alert, applicationData, clientHello, exchange, flight, fullHandshake, protectedAlert, serverHello } from './messages.js';

const { ACK, FIN, RST } = TcpFlag;

type Speak = (link: Link) => void;
type Case = [name: string, speak: Speak, expected: string];

/** The server answers with close_notify. */
const serverCloses: Speak = ({ client, server }) => {
  server.send(protectedAlert);
  server.fin();
  client.acknowledge();
};

describe('both sides close', () => {
  const cases: Case[] = [
    [
      'with close_notify, the client first',
      (link) => {
        link.client.send(protectedAlert);
        link.server.acknowledge();
        link.client.fin();
        serverCloses(link);
      },
      'clean fin inferred | clean fin inferred | first client',
    ],
    [
      'with close_notify, the server first',
      (link) => {
        serverCloses(link);
        link.client.fin(protectedAlert);
        link.server.acknowledge();
      },
      'clean fin inferred | clean fin inferred | first server',
    ],
    [
      'with close_notify in the segment of the FIN',
      ({ client, server }) => {
        client.fin(protectedAlert);
        server.fin(protectedAlert);
      },
      'clean fin inferred | clean fin inferred | first client',
    ],
    [
      'after the client read on',
      (link) => {
        link.client.fin(protectedAlert);
        for (let i = 0; i < 3; i++) link.server.send(applicationData(1000));
        serverCloses(link);
      },
      'clean fin inferred | clean fin inferred | first client',
    ],
    [
      'without close_notify',
      ({ client, server }) => [client.fin(), server.fin()],
      'unclean fin absent | unclean fin absent | first client',
    ],
    [
      'without close_notify, the server first',
      ({ client, server }) => [server.fin(), client.fin()],
      'unclean fin absent | unclean fin absent | first server',
    ],
    [
      'the server without close_notify',
      ({ client, server }) => [client.fin(protectedAlert), server.fin()],
      'clean fin inferred | unclean fin absent | first client',
    ],
    [
      'and the server alerts after a bare FIN: most likely fatal',
      (link) => {
        link.client.fin();
        serverCloses(link);
      },
      'unclean fin absent | unknown fin unknown | first client',
    ],
    [
      'and the client answers an alert with a bare FIN: close_notify or fatal',
      (link) => {
        serverCloses(link);
        link.client.fin();
      },
      'unclean fin absent | unknown fin unknown | first server',
    ],
    [
      'and the client answers an alert with a RST',
      (link) => {
        serverCloses(link);
        link.client.reset();
      },
      'unclean rst absent | unknown fin unknown | first server',
    ],
    [
      'at the same time',
      ({ client, server }) => {
        const heard = { client: client.next, server: server.next };
        client.emit(FIN | ACK, protectedAlert);
        server.emit(FIN | ACK, protectedAlert, { acknowledgment: heard.client });
        client.next += protectedAlert.length + 1;
        server.next += protectedAlert.length + 1;
        client.acknowledge();
        server.acknowledge();
      },
      'clean fin inferred | clean fin inferred | first client',
    ],
    ['with RSTs alone', ({ client, server }) => [client.reset(), server.reset()], 'unclean rst absent | unclean rst absent | first client'],
  ];
  it.each(cases)('%s', (_, speak, expected) => {
    expect(closeAfter(speak)).toBe(expected);
  });
});

describe('one side closes', () => {
  const cases: Case[] = [
    ['neither does', () => {}, 'open - unknown | open - unknown | first -'],
    ['the client with a RST', ({ client }) => client.reset(), 'unclean rst absent | open - unknown | first client'],
    ['the server with a RST', ({ server }) => server.reset(), 'open - unknown | unclean rst absent | first server'],
    ['the client with a FIN', ({ client }) => client.fin(), 'unclean fin absent | open - unknown | first client'],
    [
      'the client with close_notify and no end',
      ({ client }) => client.send(protectedAlert),
      'open - inferred | open - unknown | first client',
    ],
    [
      'the client with an alert that was none of the last',
      ({ client }) => [client.send(protectedAlert), client.send(applicationData()), client.fin()],
      'unclean fin absent | open - unknown | first client',
    ],
    [
      'twice with a FIN',
      ({ client }) => [client.fin(), client.emit(FIN | ACK, undefined, { sequence: client.next - 1 })],
      'unclean fin absent | open - unknown | first client',
    ],
    ['with a FIN and then a RST', ({ client }) => [client.fin(), client.reset()], 'unclean fin absent | open - unknown | first client'],
  ];
  it('is not closed by a RST in front of the next byte that changes nothing: it goes on', () => {
    const speak: Speak = ({ client }) => {
      client.emit(RST, undefined, { sequence: client.next - 900 });
      client.send(applicationData());
    };
    expect(closeAfter(speak)).toBe('open - unknown | open - unknown | first -');
  });

  it.each(cases)('%s', (_, speak, expected) => {
    expect(closeAfter(speak)).toBe(expected);
  });

  it('in the frame and at the time of the first end', () => {
    const capture = new Capture();
    const { client, server } = capture.connect();
    fullHandshake({ capture, client, server });
    const first = client.fin();
    client.reset();
    const { close } = only(capture.packets);
    expect(close.client).toMatchObject({ frame: first, time: capture.timeOf(first) });
    expect(close.server).toMatchObject({ frame: null, time: null });
  });
});

describe('a RST behind close_notify', () => {
  const cases: Case[] = [
    ['at once', ({ client }) => [client.send(protectedAlert), client.reset()], 'reset-race rst inferred | open - unknown | first client'],
    [
      'after it was acknowledged',
      ({ client, server }) => [client.send(protectedAlert), server.acknowledge(), client.reset()],
      'clean rst inferred | open - unknown | first client',
    ],
    [
      'before it was acknowledged',
      ({ client, server }) => [client.send(protectedAlert), client.reset(), server.acknowledge()],
      'reset-race rst inferred | open - unknown | first client',
    ],
    [
      'after an acknowledgment of what came before',
      ({ client, server }) => {
        const heard = client.next;
        client.send(protectedAlert);
        server.acknowledge({ acknowledgment: heard });
        client.reset();
      },
      'reset-race rst inferred | open - unknown | first client',
    ],
    [
      'after all of it but a byte was acknowledged',
      ({ client, server }) => {
        client.send(protectedAlert);
        server.acknowledge({ acknowledgment: client.next - 1 });
        client.reset();
      },
      'reset-race rst inferred | open - unknown | first client',
    ],
    [
      'after data acknowledged it',
      ({ client, server }) => [client.send(protectedAlert), server.send(applicationData()), client.reset()],
      'clean rst inferred | open - unknown | first client',
    ],
    [
      'and FIN, unacknowledged',
      ({ client }) => [client.fin(protectedAlert), client.reset()],
      'reset-race fin inferred | open - unknown | first client',
    ],
    [
      'and FIN, acknowledged',
      ({ client, server }) => [client.fin(protectedAlert), server.acknowledge(), client.reset()],
      'clean fin inferred | open - unknown | first client',
    ],
    [
      'of the server',
      ({ client, server }) => [client.send(protectedAlert), server.send(protectedAlert), server.reset()],
      'open - inferred | reset-race rst inferred | first client',
    ],
    [
      'without an ACK flag: its number is what the other side had acknowledged',
      ({ client }) => [client.send(protectedAlert), client.emit(RST)],
      'clean rst inferred | open - unknown | first client',
    ],
    [
      'without an ACK flag, answering what was sent before close_notify was read',
      ({ client }) => [client.send(protectedAlert), client.emit(RST, undefined, { sequence: client.next - protectedAlert.length })],
      'reset-race rst inferred | open - unknown | first client',
    ],
  ];
  it.each(cases)('%s', (_, speak, expected) => {
    expect(closeAfter(speak)).toBe(expected);
  });
});

describe('who closed first', () => {
  it('is told by acknowledgment where the file is out of order', () => {
    const capture = new Capture();
    const link = capture.connect();
    fullHandshake(link);
    const clientEnd = link.client.fin(protectedAlert);
    const serverEnd = link.server.fin(protectedAlert);
    link.client.acknowledge();
    expect(only(capture.packets).close.first).toBe('client');
    const { packets } = capture;
    const swapped = packets.with(clientEnd - 1, packets[serverEnd - 1]).with(serverEnd - 1, packets[clientEnd - 1]);
    expect(only(swapped).close.first).toBe('client');
  });

  it('is told by close_notify, not by the FIN', () => {
    const speak: Speak = ({ client, server }) => {
      client.send(protectedAlert);
      server.fin(protectedAlert);
      client.fin();
    };
    expect(closeAfter(speak)).toBe('clean fin inferred | clean fin inferred | first client');
  });
});

describe('before the handshake is over', () => {
  const hello: Speak = ({ client, server }) => {
    client.send(flight(clientHello()));
    server.send(flight(serverHello()));
  };
  const cases: Case[] = [
    [
      'a close_notify in clear is seen',
      (link) => [hello(link), link.client.fin(alert('warning', 'close_notify')), link.server.fin()],
      'clean fin seen | unclean fin absent | first client',
    ],
    [
      'user_canceled and close_notify are clean',
      (link) => [hello(link), link.client.fin(alert('warning', 'user_canceled'), alert('warning', 'close_notify'))],
      'clean fin seen | open - unknown | first client',
    ],
    [
      'user_canceled alone closes nothing',
      (link) => [hello(link), link.client.fin(alert('warning', 'user_canceled'))],
      'unclean fin absent | open - unknown | first client',
    ],
    [
      'a fatal alert aborts',
      ({ client, server }) => [client.send(flight(clientHello())), server.fin(alert('fatal', 'handshake_failure'))],
      'open - unknown | aborted fin absent | first server',
    ],
    [
      'a fatal alert aborts with a RST as well',
      ({ client, server }) => [client.send(flight(clientHello())), server.send(alert('fatal', 'handshake_failure')), server.reset()],
      'open - unknown | aborted rst absent | first server',
    ],
    [
      'a protected alert may be anything',
      (link) => [hello(link), link.client.fin(protectedAlert)],
      'unknown fin unknown | open - unknown | first client',
    ],
  ];
  it.each(cases)('%s', (_, speak, expected) => {
    const capture = new Capture();
    speak(capture.connect());
    expect(closeText(only(capture.packets))).toBe(expected);
  });

  it('a server that never said a word was not the first', () => {
    const capture = new Capture();
    const { client, server } = capture.connect();
    client.send(flight(clientHello()));
    client.fin(alert('warning', 'close_notify'));
    server.acknowledge();
    expect(closeText(only(capture.packets))).toBe('clean fin seen | open - unknown | first client');
  });
});

describe('alerts', () => {
  it('in clear have level and description, in the order of the file', () => {
    const capture = new Capture();
    const { client, server } = capture.connect();
    client.send(flight(clientHello()));
    const warning = server.send(alert('warning', 'no_renegotiation'));
    const canceled = client.send(alert('warning', 'user_canceled'));
    const fatal = server.fin(alert('fatal', 'unexpected_message'));
    expect(only(capture.packets).alerts).toEqual([
      {
        frame: warning,
        time: capture.timeOf(warning),
        from: 'server',
        level: 'warning',
        description: 'no_renegotiation',
        encrypted: false,
      },
      { frame: canceled, time: capture.timeOf(canceled), from: 'client', level: 'warning', description: 'user_canceled', encrypted: false },
      { frame: fatal, time: capture.timeOf(fatal), from: 'server', level: 'fatal', description: 'unexpected_message', encrypted: false },
    ]);
  });

  it('without a name stay visible', () => {
    const capture = new Capture();
    const { client, server } = capture.connect();
    client.send(flight(clientHello()));
    server.send(Uint8Array.of(21, 3, 3, 0, 2, 2, 0xc8));
    expect(only(capture.packets).alerts).toMatchObject([{ level: 'fatal', description: '0xc8' }]);
  });

  it('of which the body was cut say nothing', () => {
    const capture = new Capture();
    const { client, server } = capture.connect();
    client.send(flight(clientHello()));
    server.send(flight(serverHello()));
    client.send(alert('warning', 'close_notify'));
    client.fin();
    const snapLength = 54 + 6;
    expect(closeText(only(capture.packets, { snapLength }))).toBe('unknown fin unknown | open - unknown | first client');
  });

  it('of no known level say nothing', () => {
    const capture = new Capture();
    const { client, server } = capture.connect();
    client.send(flight(clientHello()));
    server.fin(Uint8Array.of(21, 3, 3, 0, 2, 7, 0));
    const connection = only(capture.packets);
    expect(connection.alerts).toMatchObject([{ level: null, encrypted: false }]);
    expect(connection.close.server.state).not.toBe('clean');
  });

  it('behind ChangeCipherSpec are protected', () => {
    const capture = new Capture();
    const link = capture.connect();
    fullHandshake(link);
    exchange(link);
    link.client.send(protectedAlert);
    expect(only(capture.packets).alerts).toMatchObject([{ from: 'client', level: null, description: null, encrypted: true }]);
  });

  it('are listed up to a limit, and the last one of each side counts', () => {
    const capture = new Capture();
    const link = capture.connect();
    link.client.send(flight(clientHello()));
    for (let i = 0; i < 50; i++) link.client.send(alert('warning', 'no_renegotiation'));
    link.client.fin(alert('warning', 'close_notify'));
    const connection = only(capture.packets, { limits: { alerts: 5 } });
    expect(connection.alerts.length).toBeLessThanOrEqual(7);
    expect(connection.alerts.at(-1)).toMatchObject({ description: 'close_notify' });
    expect(connection.close.client).toMatchObject({ state: 'clean', closeNotify: 'seen' });
  });
});
