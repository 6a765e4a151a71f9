// From the ClientHello to the client's Finished: RFC 5246 7.3, RFC 8446 2.
import { describe, expect, it } from 'vitest';
import { Capture, type Link, only } from '../support/packets.js';
import {
  alert,
  applicationData,
  certificate,
  changeCipherSpec,
  clientHello,
  clientKeyExchange,
  exchange,
  extension,
  finished,
  flight,
  HELLO_RETRY_RANDOM,
  id,
  serverHello,
  serverHelloDone,
} from './messages.js';

const AES_128_GCM = 0x1301;
const AES_256_GCM = 0x1302;
const AES_128_CCM_8 = 0x1305;

/** Finished of TLS 1.3 with SHA-256 and a tag of 16 bytes. */
const finished13 = applicationData(53);
const endOfEarlyData = applicationData(21);
const earlyData = extension(42, '');
const serverFlight = flight(serverHello({ sessionId: id('51') }), certificate, serverHelloDone);
const serverFlight13 = (cipherSuite = AES_128_GCM) => [
  flight(serverHello({ tls13: true, cipherSuite })),
  changeCipherSpec,
  applicationData(900),
];

/** Seconds of the record, of a connection in which `speak` says what the client's first and last frame of the handshake are. */
function timed(speak: (link: Link) => [first: number, last: number]): { told: number | null; expected: number } {
  const capture = new Capture();
  const [first, last] = speak(capture.connect());
  const { packets } = capture;
  return { told: only(packets).handshakeSeconds, expected: (packets[last - 1].at - packets[first - 1].at) / 1000 };
}

describe('the time of a handshake', () => {
  const cases: [name: string, speak: (link: Link) => [number, number]][] = [
    [
      'that is full ends before the Finished of the server',
      ({ client, server, capture }) => {
        const first = client.send(flight(clientHello()));
        capture.wait(0.25);
        server.send(serverFlight);
        const last = client.send(flight(clientKeyExchange), changeCipherSpec, finished);
        capture.wait(3);
        server.send(changeCipherSpec, finished);
        return [first, last];
      },
    ],
    [
      'that is abbreviated ends after it',
      ({ client, server, capture }) => {
        const first = client.send(flight(clientHello({ sessionId: id('a1') })));
        capture.wait(0.25);
        server.send(flight(serverHello({ sessionId: id('a1') })), changeCipherSpec, finished);
        capture.wait(0.5);
        return [first, client.send(changeCipherSpec, finished)];
      },
    ],
    [
      'does not go on with application data, nor with a renegotiation',
      (link) => {
        const { client, server } = link;
        const first = client.send(flight(clientHello()));
        server.send(serverFlight);
        const last = client.send(flight(clientKeyExchange), changeCipherSpec, finished);
        server.send(changeCipherSpec, finished);
        exchange(link);
        client.send(finished);
        server.send(finished);
        client.send(finished);
        return [first, last];
      },
    ],
    [
      'begins where the ClientHello is whole',
      ({ client, server }) => {
        const hello = flight(clientHello());
        client.send(hello.subarray(0, 20));
        const first = client.send(hello.subarray(20));
        server.send(serverFlight);
        const last = client.send(flight(clientKeyExchange), changeCipherSpec, finished);
        server.send(changeCipherSpec, finished);
        return [first, last];
      },
    ],
    [
      'is not lost with bytes inside a record',
      ({ client, server }) => {
        const first = client.send(flight(clientHello()));
        server.send(serverFlight);
        const exchanged = flight(clientKeyExchange);
        client.send(exchanged.subarray(0, 20));
        client.lose(exchanged.subarray(20, 40));
        client.send(exchanged.subarray(40));
        const last = client.send(changeCipherSpec, finished);
        server.send(changeCipherSpec, finished);
        return [first, last];
      },
    ],
    [
      'of TLS 1.3 ends with the Finished of the client',
      ({ client, server }) => {
        const first = client.send(flight(clientHello({ tls13: true })));
        server.send(...serverFlight13());
        const last = client.send(changeCipherSpec, finished13);
        client.send(applicationData());
        return [first, last];
      },
    ],
    [
      'of TLS 1.3 ends with the certificate of the client',
      ({ client, server }) => {
        const first = client.send(flight(clientHello({ tls13: true })));
        server.send(...serverFlight13());
        const last = client.send(changeCipherSpec, applicationData(1200));
        client.send(applicationData(281));
        client.send(finished13);
        return [first, last];
      },
    ],
    [
      'of TLS 1.3 begins with the second ClientHello',
      ({ client, server, capture }) => {
        client.send(flight(clientHello({ tls13: true })));
        server.send(flight(serverHello({ tls13: true, random: HELLO_RETRY_RANDOM })), changeCipherSpec);
        capture.wait(1);
        const first = client.send(changeCipherSpec, flight(clientHello({ tls13: true })));
        server.send(...serverFlight13().slice(0, 1), applicationData(900));
        return [first, client.send(finished13)];
      },
    ],
    ...(
      [
        ['AES_128_GCM', AES_128_GCM, 53],
        ['AES_256_GCM', AES_256_GCM, 69],
        ['AES_128_CCM_8', AES_128_CCM_8, 45],
      ] as const
    ).map(([name, cipherSuite, length]): [string, (link: Link) => [number, number]] => [
      `of TLS 1.3 goes on behind early data, with ${name}`,
      ({ client, server, capture }) => {
        const first = client.send(flight(clientHello({ tls13: true, psk: ['aa'], extensions: [earlyData] })));
        client.send(changeCipherSpec, applicationData(length));
        client.send(applicationData(1400));
        capture.wait(0.1);
        server.send(...serverFlight13(cipherSuite));
        client.send(applicationData(1400));
        client.send(endOfEarlyData);
        return [first, client.send(applicationData(length))];
      },
    ]),
  ];
  it.each(cases)('%s', (_, speak) => {
    const { told, expected } = timed(speak);
    expect(expected).toBeGreaterThan(0);
    expect(told).toBe(expected);
  });
});

describe('the time of a handshake is not known', () => {
  const cases: [name: string, speak: (link: Link) => void][] = [
    [
      'where the Finished of the client is lost',
      (link) => {
        const { client, server } = link;
        client.send(flight(clientHello()));
        server.send(serverFlight);
        client.lose(flight(clientKeyExchange), changeCipherSpec, finished);
        server.send(changeCipherSpec, finished);
        exchange(link);
      },
    ],
    [
      'where the Finished of the client is lost, in TLS 1.3',
      (link) => {
        const { client, server } = link;
        client.send(flight(clientHello({ tls13: true })));
        server.send(...serverFlight13());
        client.send(changeCipherSpec);
        client.lose(finished13);
        exchange(link);
      },
    ],
    [
      'where it failed',
      ({ client, server }) => {
        client.send(flight(clientHello()));
        server.send(serverFlight);
        client.send(flight(clientKeyExchange), changeCipherSpec, finished);
        server.fin(alert('fatal', 'handshake_failure'));
      },
    ],
    [
      'where the capture ends in it',
      ({ client, server }) => {
        client.send(flight(clientHello()));
        server.send(serverFlight);
        client.send(flight(clientKeyExchange), changeCipherSpec, finished);
      },
    ],
    [
      'where early data was refused and no record has the length of Finished',
      ({ client, server }) => {
        client.send(flight(clientHello({ tls13: true, psk: ['aa'], extensions: [earlyData] })));
        client.send(changeCipherSpec, applicationData(1400));
        server.send(...serverFlight13());
        client.send(applicationData(70));
      },
    ],
    [
      'where it took longer than 35 minutes',
      ({ client, server, capture }) => {
        client.send(flight(clientHello()));
        server.send(serverFlight);
        capture.wait(2200);
        client.send(flight(clientKeyExchange), changeCipherSpec, finished);
        server.send(changeCipherSpec, finished);
      },
    ],
  ];
  it.each(cases)('%s', (_, speak) => {
    const capture = new Capture();
    speak(capture.connect());
    expect(only(capture.packets).handshakeSeconds).toBeNull();
  });

  it('where the clock was set back', () => {
    const capture = new Capture();
    const { client, server } = capture.connect();
    client.send(flight(clientHello()));
    server.send(serverFlight);
    capture.at -= 500;
    client.send(flight(clientKeyExchange), changeCipherSpec, finished);
    server.send(changeCipherSpec, finished);
    expect(only(capture.packets).handshakeSeconds).toBeNull();
  });

  it('where the capture begins behind the ClientHello', () => {
    const capture = new Capture();
    const { client, server } = capture.midstream();
    server.send(serverFlight);
    client.send(flight(clientKeyExchange), changeCipherSpec, finished);
    server.send(changeCipherSpec, finished);
    expect(only(capture.packets).handshakeSeconds).toBeNull();
  });
});
