// What a file is, by its first bytes
import { isGzip } from './gzip.js';
import { isPcap, PCAP_HEADER_BYTES } from './pcap.js';
import { isPcapng, PCAPNG_MAGIC_BYTES } from './pcapng-blocks.js';

export type Format = 'pcap' | 'pcapng' | 'gzip' | 'other';

/** Enough to know every format by. */
export const MAGIC_BYTES = 4;
const PCAPNG_FIRST_BYTES = [0x0a, 0x0d, 0x0d, 0x0a];

/** What input is that begins with `bytes`; the bytes that are needed in all when these are too few to say, or for its header. */
export function sniff(bytes: Uint8Array): Format | number {
  if (isGzip(bytes)) return 'gzip';
  if (bytes.length < MAGIC_BYTES) return MAGIC_BYTES;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (isPcap(view)) return bytes.length < PCAP_HEADER_BYTES ? PCAP_HEADER_BYTES : 'pcap';
  if (!begins(bytes, PCAPNG_FIRST_BYTES)) return 'other';
  if (bytes.length < PCAPNG_MAGIC_BYTES) return PCAPNG_MAGIC_BYTES;
  return isPcapng(view) ? 'pcapng' : 'other';
}

/** Why input is no capture, and what to do, for the bytes it begins with. */
export function describeOther(bytes: Uint8Array): string {
  const known = KNOWN.find(({ magic }) => begins(bytes, magic));
  if (known) return `${known.is}, not pcap or pcapng. ${known.advice}`;
  const shown = [...bytes.subarray(0, SHOWN_BYTES)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return `not a packet capture: it begins with ${shown}; expected pcap, pcapng or gzip of one. Write one with: tcpdump -w FILE`;
}

const SHOWN_BYTES = 4;
const EDITCAP = 'Convert it with: editcap -F pcapng FILE NEW';
const KEY_LOG = { is: 'a TLS key log', advice: 'Give it beside a capture, with --key-log FILE' };

function pipedThrough(command: string): string {
  return `Decompress it first: ${command} FILE | closenotify -`;
}

function ascii(text: string): number[] {
  return [...text].map((character) => character.charCodeAt(0));
}

function begins(bytes: Uint8Array, magic: readonly number[]): boolean {
  return bytes.length >= magic.length && magic.every((byte, index) => bytes[index] === byte);
}

/** Sources: magic numbers in Wireshark's wiretap readers, and the formats' own specifications (zstd: RFC 8878, 3.1.1). */
const KNOWN: readonly { magic: readonly number[]; is: string; advice: string }[] = [
  { magic: ascii('snoop\0\0\0'), is: 'a snoop capture', advice: EDITCAP },
  { magic: ascii('GMBU'), is: 'a Microsoft Network Monitor 2 capture', advice: EDITCAP },
  { magic: ascii('RTSS'), is: 'a Microsoft Network Monitor 1 capture', advice: EDITCAP },
  { magic: ascii('XCP\0'), is: 'a NetXRay or Windows Sniffer capture', advice: EDITCAP },
  { magic: ascii('TRSNIFF data'), is: 'a Sniffer capture', advice: EDITCAP },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], is: 'a zstd file', advice: pipedThrough('zstd -dc') },
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], is: 'an xz file', advice: pipedThrough('xz -dc') },
  { magic: ascii('BZh'), is: 'a bzip2 file', advice: pipedThrough('bzip2 -dc') },
  { magic: [0x04, 0x22, 0x4d, 0x18], is: 'an lz4 file', advice: pipedThrough('lz4 -dc') },
  { magic: [0x1f, 0x9d], is: 'a compress (.Z) file', advice: pipedThrough('uncompress -c') },
  { magic: [0x50, 0x4b, 0x03, 0x04], is: 'a zip archive', advice: pipedThrough('unzip -p') },
  { magic: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], is: 'a 7z archive', advice: pipedThrough('7z x -so') },
  { magic: ascii('CLIENT_'), ...KEY_LOG },
  { magic: ascii('SERVER_'), ...KEY_LOG },
  { magic: ascii('# SSL/TLS secrets log'), ...KEY_LOG },
];
