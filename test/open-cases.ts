// Captures in fixtures/cases that are still misread: what is right, and in what the report is wrong.
import { anyOf, type Case, closed, declined, side } from './cases.js';

interface OpenCase extends Case {
  wrong: string;
}

const REUSED = 'the new connection is taken for more of the old one';

export const openCases: readonly OpenCase[] = [
  {
    capture: 'last-byte-of-alert-lost.pcap',
    holds: 'all of a close_notify was acknowledged (12) before the RST (13); its last byte is missing from the capture',
    right: { connections: { 0: closed(side(anyOf('clean', 'unknown')), side('open')) } },
    wrong: 'the record that lacks a byte is not counted as an alert',
  },
  {
    capture: 'cipher-not-offered.pcap',
    holds: 'the cipher suite of the session is not in the later ClientHello, which must hold it (RFC 5246 7.4.1.2)',
    right: { connections: { 7: declined('parameters-changed') }, findings: [] },
    wrong: 'the cipher suites of a ClientHello are not compared with that of the session: it is suspected only',
  },
  {
    capture: 'reuse-syn-lost.pcap',
    holds: 'RST (11), then a new connection on the same ports within a second, its SYN missing from the capture',
    right: { connections: { 0: closed(side(anyOf('unclean', 'unknown')), {}) } },
    wrong: REUSED,
  },
  {
    capture: 'reuse-same-isn.pcap',
    holds: 'bare FINs (11, 13), then a new connection on the same ports with the same sequence numbers within a second',
    right: { connections: { 0: closed(side(anyOf('unclean', 'unknown')), side(anyOf('unclean', 'unknown'))) } },
    wrong: REUSED,
  },
  {
    capture: 'icmp-inner.pcap',
    holds: 'an ICMP error with a TCP header inside, then a SYN: a stream each, as Wireshark counts them',
    right: { totals: { tcpConnections: 2, tlsConnections: 0 } },
    wrong: 'packets inside ICMP messages are not looked at',
  },
  {
    capture: 'rst-above-window.pcap',
    holds: 'a RST a million bytes above the window (11), then data, close_notify and FIN on both sides: nothing is missing',
    right: {
      connections: {
        0: { quality: { missingBytes: 0 }, ...closed(side('clean', 'fin', 15), side('clean', 'fin', 18), 'client') },
      },
    },
    wrong: 'the frame of the RST stands for that of the FIN, and the bytes up to it count as missing',
  },
];
