// Where tshark 4.0 and the report differ. Each has its row in docs/differences.md, which says why.
import type { Fact } from './facts.js';

/** Facts of one stream; `streams` for the number of TCP connections, which is no stream's. */
interface Place {
  /** Below `fixtures/`. */
  capture: string;
  stream: number;
  facts: readonly Fact[];
}

export interface Difference {
  /** First cell of the row. */
  row: string;
  /** What the row shows. */
  capture: string;
  frame: number;
  stream: number;
  fact: Fact | 'streams';
  theirs: string;
  ours: string;
  /** Everything that differs for this reason. */
  places: readonly Place[];
}

const CLIENT_HELLO = ['clientHello', 'serverName', 'offeredId'] as const;
const SERVER_HELLO = ['serverHello', 'version', 'cipherSuite'] as const;

function places(capture: string, facts: Record<number, readonly Fact[]>): Place[] {
  return Object.entries(facts).map(([stream, ofStream]) => ({ capture, stream: Number(stream), facts: ofStream }));
}

/** The same facts of the streams 0 to 11. */
function ofTwelve(...facts: Fact[]): Record<number, readonly Fact[]> {
  return Object.fromEntries(Array.from({ length: 12 }, (_, stream) => [stream, facts]));
}

function one(capture: string, stream: number, ...facts: Fact[]): Place[] {
  return [{ capture, stream, facts }];
}

const cut: Difference[] = [
  {
    row: 'a ServerHello that the snap length cut',
    capture: 'q-snaplen96.pcap',
    frame: 6,
    stream: 0,
    fact: 'serverHello',
    theirs: '-',
    ours: '6',
    places: places('q-snaplen96.pcap', ofTwelve('serverHello', 'version')),
  },
  {
    row: 'a ServerHello that is not there',
    capture: 'q-client-side-only.pcap',
    frame: 5,
    stream: 0,
    fact: 'version',
    theirs: '-',
    ours: 'TLSv1.2',
    places: [
      ...places('q-client-side-only.pcap', ofTwelve('version')),
      ...one('q-drop5.pcap', 3, 'version'),
      ...one('cases/server-lost-after-syn.pcap', 0, 'version'),
      ...one('cases/server-lost-client-rst.pcap', 0, 'version'),
    ],
  },
  {
    row: 'a ClientHello that the snap length cut',
    capture: 'cases/issuing-hello-cut.pcap',
    frame: 97,
    stream: 6,
    fact: 'clientHello',
    theirs: '-',
    ours: '97',
    places: one('cases/issuing-hello-cut.pcap', 6, 'clientHello'),
  },
];

/** With the preference `tcp.reassemble_out_of_order` of tshark none of these is left, but for the frames of alerts. */
export const outOfOrder: Difference[] = [
  {
    row: 'a ServerHello out of order',
    capture: 'q-reorder-dup.pcap',
    frame: 7,
    stream: 0,
    fact: 'serverHello',
    theirs: '-',
    ours: '7',
    places: places('q-reorder-dup.pcap', { 0: [...SERVER_HELLO, 'issuedId'], 1: SERVER_HELLO, 5: CLIENT_HELLO }),
  },
  {
    row: 'an alert out of order',
    capture: 'q-reorder-dup.pcap',
    frame: 82,
    stream: 3,
    fact: 'alerts',
    theirs: '80 encrypted',
    ours: '80 encrypted, 82 encrypted',
    places: places('q-reorder-dup.pcap', { 3: ['alerts'], 6: ['alerts'], 8: ['alerts'], 10: ['alerts'] }),
  },
  {
    row: 'frames that are not in the order of their times',
    capture: 'q-unsorted.pcap',
    frame: 23,
    stream: 1,
    fact: 'clientHello',
    theirs: '-',
    ours: '23',
    places: places('q-unsorted.pcap', {
      0: [...SERVER_HELLO, 'issuedId'],
      1: [...CLIENT_HELLO, ...SERVER_HELLO],
      2: [...CLIENT_HELLO, 'alerts'],
      3: [...SERVER_HELLO, 'alerts'],
      5: SERVER_HELLO,
      7: [...CLIENT_HELLO, 'alerts'],
      8: ['clientHello', 'serverName', 'alerts'],
      9: CLIENT_HELLO,
      10: [...CLIENT_HELLO, ...SERVER_HELLO, 'issuedId', 'alerts'],
      11: SERVER_HELLO,
    }),
  },
];

const unrecognised: Difference[] = [
  {
    row: 'a first segment of three bytes',
    capture: 'cases/hello-in-two.pcap',
    frame: 5,
    stream: 0,
    fact: 'clientHello',
    theirs: '-',
    ours: '5',
    places: one('cases/hello-in-two.pcap', 0, 'clientHello', 'serverName'),
  },
  {
    row: 'an alert without a hello',
    capture: 'cases/alert-without-hello.pcap',
    frame: 3,
    stream: 0,
    fact: 'alerts',
    theirs: '-',
    ours: '3 2 40',
    places: one('cases/alert-without-hello.pcap', 0, 'alerts'),
  },
  {
    row: 'a NewSessionTicket without a ClientHello',
    capture: 'cases/ticket-hello-lost.pcap',
    frame: 8,
    stream: 0,
    fact: 'issuedTickets',
    theirs: '-',
    ours: 'c9c4b323be3ffb0ef2a0f9547eb86582a2b3001f2e5b9a75e713d085f1405f9c 300',
    places: one('cases/ticket-hello-lost.pcap', 0, 'issuedTickets'),
  },
];

const ends: Difference[] = [
  {
    row: 'a RST that the receiver drops',
    capture: 'cases/rst-seq-0.pcap',
    frame: 11,
    stream: 0,
    fact: 'clientEnd',
    theirs: '11 rst',
    ours: '15 fin',
    places: [
      ...one('cases/rst-seq-0.pcap', 0, 'clientEnd'),
      ...one('cases/injected-rst-ignored.pcap', 6, 'serverEnd'),
      ...one('cases/rst-wrong-seq-then-2s.pcap', 6, 'clientEnd'),
      ...one('cases/rst-wrong-seq-then-clean.pcap', 6, 'clientEnd'),
    ],
  },
  {
    row: 'a RST behind lost bytes',
    capture: 'q-drop5.pcap',
    frame: 35,
    stream: 1,
    fact: 'clientEnd',
    theirs: '35 rst',
    ours: '35 unknown',
    places: [...one('q-drop5.pcap', 1, 'clientEnd'), ...one('cases/last-byte-of-alert-lost.pcap', 0, 'clientEnd')],
  },
  {
    row: 'an alert after a RST above the window',
    capture: 'cases/rst-above-window.pcap',
    frame: 14,
    stream: 0,
    fact: 'alerts',
    theirs: '17 encrypted',
    ours: '14 encrypted, 17 encrypted',
    places: one('cases/rst-above-window.pcap', 0, 'alerts'),
  },
  {
    row: 'a RST above the window',
    capture: 'cases/rst-above-window.pcap',
    frame: 11,
    stream: 0,
    fact: 'clientEnd',
    theirs: '11 rst',
    ours: '11 fin',
    places: one('cases/rst-above-window.pcap', 0, 'clientEnd'),
  },
];

const connections: Difference[] = [
  {
    row: 'ports used again at once, without a SYN',
    capture: 'cases/reuse-syn-lost.pcap',
    frame: 11,
    stream: 0,
    fact: 'clientEnd',
    theirs: '11 rst',
    ours: '20 fin',
    places: one('cases/reuse-syn-lost.pcap', 0, 'clientEnd'),
  },
  {
    row: 'ports used again later, without a SYN',
    capture: 'cases/reuse-later-syn-lost.pcap',
    frame: 35,
    stream: 0,
    fact: 'last',
    theirs: '35',
    ours: '19',
    places: one('cases/reuse-later-syn-lost.pcap', 0, 'last', 'alerts'),
  },
  {
    row: 'a packet inside an ICMP message',
    capture: 'cases/icmp-inner.pcap',
    frame: 1,
    stream: 0,
    fact: 'streams',
    theirs: '2',
    ours: '1',
    places: [],
  },
  {
    row: 'a session ID beside a ticket that is not seen',
    capture: 'cases/empty-ticket-lost.pcap',
    frame: 64,
    stream: 3,
    fact: 'issuedId',
    theirs: 'a4c3ecdb1aaf81563d2cc5e8c3782123c2a0bb339d1a53f666a61f0a1ceb4455',
    ours: '-',
    places: one('cases/empty-ticket-lost.pcap', 3, 'issuedId'),
  },
];

export const known: readonly Difference[] = [...cut, ...outOfOrder, ...unrecognised, ...ends, ...connections];
