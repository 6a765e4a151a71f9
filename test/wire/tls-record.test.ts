import { describe, expect, it } from 'vitest';
import { ContentType, isRecordHeader, RECORD_HEADER_BYTES } from '../../src/wire/tls-record.js';

describe('the TLS record header', () => {
  it('has 5 bytes', () => expect(RECORD_HEADER_BYTES).toBe(5));

  it.each([
    ['handshake', ContentType.HANDSHAKE, 0x0303, 1, true],
    ['application data', ContentType.APPLICATION_DATA, 0x0303, 1200, true],
    ['empty application data', ContentType.APPLICATION_DATA, 0x0301, 0, true],
    ['empty handshake', ContentType.HANDSHAKE, 0x0303, 0, false],
    ['empty alert', ContentType.ALERT, 0x0303, 0, false],
    ['alert in clear', ContentType.ALERT, 0x0300, 2, true],
    ['heartbeat', ContentType.HEARTBEAT, 0x0303, 19, true],
    ['ChangeCipherSpec', ContentType.CHANGE_CIPHER_SPEC, 0x0303, 1, true],
    ['ChangeCipherSpec of 2 bytes', ContentType.CHANGE_CIPHER_SPEC, 0x0303, 2, false],
    ['empty ChangeCipherSpec', ContentType.CHANGE_CIPHER_SPEC, 0x0303, 0, false],
    ['type before the first', 19, 0x0303, 1, false],
    ['type behind the last', 25, 0x0303, 1, false],
    ['type 0', 0, 0x0303, 1, false],
    ['SSL 3.0', ContentType.HANDSHAKE, 0x0300, 1, true],
    ['TLS 1.3', ContentType.HANDSHAKE, 0x0304, 1, true],
    ['version before SSL 3.0', ContentType.HANDSHAKE, 0x02ff, 1, false],
    ['version behind TLS 1.3', ContentType.HANDSHAKE, 0x0305, 1, false],
    ['longest', ContentType.APPLICATION_DATA, 0x0303, 16_384 + 2048, true],
    ['too long', ContentType.APPLICATION_DATA, 0x0303, 16_384 + 2049, false],
    ['length at its extreme', ContentType.APPLICATION_DATA, 0x0303, 0xffff, false],
  ])('%s', (_, type, version, length, expected) => {
    expect(isRecordHeader(type, version, length)).toBe(expected);
  });
});
