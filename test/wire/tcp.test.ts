import { describe, expect, it } from 'vitest';
import { MALFORMED, TRUNCATED } from '../../src/wire/outcome.js';
import { acknowledgment, destinationPort, flags, payloadOffset, sequence, sourcePort, TcpFlag } from '../../src/wire/tcp.js';
import { bytesOf, patched } from './rows.js';

const { ACK, FIN, RST, SYN } = TcpFlag;

const header = bytesOf(`
  ffff          # before it
  c001 01bb     # 49153 to 443
  fffffffe      # sequence
  80000000      # acknowledgment
  60 12         # 24 bytes; SYN, ACK
  0400 0000 0000
  020405b4      # maximum segment size`);

describe('the TCP header', () => {
  it('has its fields', () => {
    expect(sourcePort(header, 2)).toBe(49153);
    expect(destinationPort(header, 2)).toBe(443);
    expect(sequence(header, 2)).toBe(-2);
    expect(acknowledgment(header, 2)).toBe(-0x80000000);
    expect(flags(header, 2)).toBe(SYN | ACK);
  });

  it.each([
    [FIN, '01'],
    [SYN, '02'],
    [RST, '04'],
    [ACK, '10'],
  ])('flag %i', (flag, byte) => {
    expect(flags(patched(header, { 15: byte }), 2)).toBe(flag);
  });

  it.each([
    ['whole', header.length, header.length, 26],
    ['options cut off', 22, 26, 26],
    ['cut in the options', 24, 100, 26],
    ['cut behind the window', 18, 26, 26],
    ['cut in the window', 17, 26, TRUNCATED],
    ['cut in the packet itself', 17, 17, TRUNCATED],
    ['longer than the packet', 25, 25, MALFORMED],
  ])('%s', (_, end, wireEnd, expected) => {
    expect(payloadOffset(header, 2, end, wireEnd)).toBe(expected);
  });

  it.each([
    ['00', MALFORMED],
    ['4f', MALFORMED],
    ['50', 22],
    ['f0', 62],
  ])('data offset byte %s', (byte, expected) => {
    expect(payloadOffset(patched(header, { 14: byte }), 2, header.length, 100)).toBe(expected);
  });
});
