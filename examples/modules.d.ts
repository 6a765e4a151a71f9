// npm pcap-parser comes without types.
declare module 'pcap-parser' {
  import type { EventEmitter } from 'node:events';
  import type { Readable } from 'node:stream';

  interface Packet {
    header: { timestampSeconds: number; timestampMicroseconds: number; capturedLength: number; originalLength: number };
    data: Buffer;
  }

  interface Parser extends EventEmitter<{ packet: [Packet]; error: [Error]; end: [] }> {
    stream: Readable;
  }

  export function parse(input: string | Readable): Parser;
}
