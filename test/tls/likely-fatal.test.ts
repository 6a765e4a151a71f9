// Protected alerts of servers that are most likely fatal: RFC 5246 7.2.2.
import { describe, expect, it } from 'vitest';
import { TcpFlag } from '../../src/wire/tcp.js';
import { fixtures } from '../support/fixtures.js';
import { Capture, type Link, type ReadOptions } from '../support/packets.js';
import { factsOf, factsOfFile } from './facts.js';
import {
  abbreviatedHandshake,
  applicationData,
  changeCipherSpec,
  clientHello,
  exchange,
  finished,
  flight,
  fullHandshake,
  id,
  protectedAlert,
  serverHello,
} from './messages.js';

type Speak = (link: Link) => void;

function isLikelyFatal(speak: Speak, options?: ReadOptions): boolean {
  const capture = new Capture();
  speak(capture.connect());
  const [facts] = factsOf(capture.packets, options);
  return facts.hasLikelyFatalAlert;
}

/** How a client ends after a fatal alert, and many after close_notify. */
const bareEnds: Speak = ({ client, server }) => {
  server.fin(protectedAlert);
  client.fin();
  server.acknowledge();
};

/** The alert is sent before the client's data arrives. */
const crossingData: Speak = ({ client, server }) => {
  const acknowledgment = client.next;
  client.send(applicationData());
  server.emit(TcpFlag.ACK, protectedAlert, { acknowledgment });
  server.next += protectedAlert.length;
  client.fin();
  server.fin();
};

describe('an alert of the server is likely fatal', () => {
  const cases: [name: string, speak: Speak][] = [
    [
      'that answers application data',
      (link) => {
        fullHandshake(link);
        exchange(link);
        link.client.send(applicationData(40));
        bareEnds(link);
      },
    ],
    [
      'that answers the first application data',
      (link) => {
        fullHandshake(link);
        link.client.send(applicationData());
        bareEnds(link);
      },
    ],
    [
      'that answers application data in the segment of Finished',
      ({ client, server, capture }) => {
        client.send(flight(clientHello({ sessionId: id('a1') })));
        server.send(flight(serverHello({ sessionId: id('a1') })), changeCipherSpec, finished);
        client.send(changeCipherSpec, finished, applicationData());
        bareEnds({ client, server, capture });
      },
    ],
    [
      'that answers application data in several segments',
      (link) => {
        fullHandshake(link);
        exchange(link);
        const record = applicationData(3000);
        link.client.send(record.subarray(0, 1400));
        link.client.send(record.subarray(1400));
        link.server.acknowledge();
        bareEnds(link);
      },
    ],
    [
      'that answers application data, of a server that spoke first',
      (link) => {
        fullHandshake(link);
        link.server.send(applicationData());
        link.client.send(applicationData());
        bareEnds(link);
      },
    ],
    [
      'that answers application data, where a RST follows',
      (link) => {
        fullHandshake(link);
        exchange(link);
        link.client.send(applicationData());
        link.server.send(protectedAlert);
        link.server.reset();
      },
    ],
    [
      'that answers application data after lost bytes were made up for by an exchange',
      (link) => {
        fullHandshake(link);
        link.server.lose(applicationData());
        exchange(link);
        exchange(link);
        link.client.send(applicationData());
        bareEnds(link);
      },
    ],
  ];
  it.each(cases)('%s', (_, speak) => expect(isLikelyFatal(speak)).toBe(true));

  it('with nothing but headers captured', () => {
    const speak: Speak = (link) => {
      fullHandshake(link);
      exchange(link);
      link.client.send(applicationData());
      bareEnds(link);
    };
    expect(isLikelyFatal(speak, { snapLength: 54 + 47 })).toBe(true);
  });
});

describe('an alert of the server is not likely fatal', () => {
  const cases: [name: string, speak: Speak][] = [
    [
      'after its answer',
      (link) => {
        fullHandshake(link);
        exchange(link);
        bareEnds(link);
      },
    ],
    [
      'in the segment of its answer',
      ({ client, server, capture }) => {
        fullHandshake({ client, server, capture });
        client.send(applicationData());
        server.fin(applicationData(), protectedAlert);
        client.fin();
      },
    ],
    [
      'after its answer, the only thing that acknowledged the request',
      (link) => {
        fullHandshake(link);
        for (let i = 0; i < 3; i++) link.client.send(applicationData());
        link.server.send(applicationData());
        bareEnds(link);
      },
    ],
    [
      'after a full handshake and no application data',
      (link) => {
        fullHandshake(link);
        bareEnds(link);
      },
    ],
    [
      'after an abbreviated handshake and no application data',
      (link) => {
        abbreviatedHandshake(link, id('a1'));
        bareEnds(link);
      },
    ],
    [
      'after application data of its own alone',
      (link) => {
        abbreviatedHandshake(link, id('a1'));
        link.server.send(applicationData());
        link.client.acknowledge();
        bareEnds(link);
      },
    ],
    [
      'that crosses the first application data',
      (link) => {
        abbreviatedHandshake(link, id('a1'));
        crossingData(link);
      },
    ],
    [
      'that crosses later application data',
      (link) => {
        fullHandshake(link);
        exchange(link);
        crossingData(link);
      },
    ],
    [
      'that answers a bare FIN',
      ({ client, server, capture }) => {
        fullHandshake({ client, server, capture });
        client.fin(applicationData());
        server.fin(protectedAlert);
      },
    ],
    [
      'that the client answers with an alert',
      ({ client, server, capture }) => {
        fullHandshake({ client, server, capture });
        client.send(applicationData());
        server.fin(protectedAlert);
        client.fin(protectedAlert);
      },
    ],
    [
      'where application data follows it',
      ({ client, server, capture }) => {
        fullHandshake({ client, server, capture });
        client.send(applicationData());
        server.fin(protectedAlert, applicationData());
        client.fin();
      },
    ],
    [
      'where what the server said before it is lost',
      (link) => {
        fullHandshake(link);
        exchange(link);
        link.client.send(applicationData());
        link.server.lose(applicationData());
        bareEnds(link);
      },
    ],
    [
      'where the beginning of its answer is lost, and no record is found before the alert',
      (link) => {
        fullHandshake(link);
        link.client.send(applicationData());
        link.server.lose(applicationData(500).subarray(0, 200));
        link.server.send(applicationData(500).subarray(200));
        link.client.send(applicationData());
        link.server.send(applicationData(5000).subarray(0, 4));
        bareEnds(link);
      },
    ],
    [
      'where the application data before it is lost',
      (link) => {
        fullHandshake(link);
        exchange(link);
        link.client.lose(applicationData());
        bareEnds(link);
      },
    ],
    [
      'of TLS 1.3',
      (link) => {
        link.client.send(flight(clientHello({ tls13: true })));
        link.server.send(flight(serverHello({ tls13: true, cipherSuite: 0x1301 })), changeCipherSpec, applicationData(900));
        link.client.send(changeCipherSpec, applicationData(53));
        link.client.send(applicationData());
        link.server.fin(applicationData(19));
        link.client.fin();
      },
    ],
  ];
  it.each(cases)('%s', (_, speak) => expect(isLikelyFatal(speak)).toBe(false));

  it('where the file has all packets of the server before those of the client', () => {
    const capture = new Capture();
    const link = capture.connect();
    fullHandshake(link);
    exchange(link);
    bareEnds(link);
    const server = capture.packets.filter((packet) => packet.from.port === 443);
    const client = capture.packets.filter((packet) => packet.from.port !== 443);
    expect(factsOf([...server, ...client])[0].hasLikelyFatalAlert).toBe(false);
  });
});

describe('real servers', () => {
  const streamsOf = async (name: string) => {
    const facts = await factsOfFile(`${fixtures}${name}.pcap`);
    const streams = (isChosen: 'hasAmbiguousAlert' | 'hasLikelyFatalAlert') =>
      facts.filter((one) => one[isChosen]).map((one) => one.stream);
    return { ambiguous: streams('hasAmbiguousAlert'), likelyFatal: streams('hasLikelyFatalAlert') };
  };

  it.each([
    ['fatal-alert-on-session-jetty', [1], [1]],
    ['jetty-mixed', [2], []],
    ['jetty-stock-unclean-tls12', [13], []],
    ['nginx-unclean-tls12', [13], []],
  ])('%s', async (name, ambiguous, likelyFatal) => {
    expect(await streamsOf(name)).toEqual({ ambiguous, likelyFatal });
  });

  it('whose alert is decrypted are not guessed at', async () => {
    const name = 'fatal-alert-on-session-jetty';
    const facts = await factsOfFile(`${fixtures}${name}.pcap`, { keyLog: `${fixtures}keys/${name}.keys` });
    expect(facts.some((one) => one.hasLikelyFatalAlert)).toBe(false);
  });
});
