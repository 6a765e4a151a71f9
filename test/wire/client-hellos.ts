// ClientHellos for tables and properties: RFC 8446 4.1.2, RFC 8422 5.1, RFC 7301 3.1.
import { joined } from './rows.js';

/** What a hello offers. Lists go to the extensions that `types` names, whose other members are empty. */
export interface Offer {
  version?: number;
  suites?: readonly number[];
  /** Extensions in their order; null: the hello ends before them. */
  types?: readonly number[] | null;
  name?: string;
  groups?: readonly number[];
  formats?: readonly number[];
  algorithms?: readonly number[];
  protocols?: readonly (Uint8Array | string)[];
  versions?: readonly number[];
  /** Bodies of extensions in place of those made of the lists: bytes or hex. */
  bodies?: Readonly<Record<number, Uint8Array | string>>;
  /** The whole block of extensions in place of one made of `types`: hex. */
  block?: string;
  /** Hex. */
  random?: string;
  sessionId?: string;
}

/** The body of a ClientHello, without its 4-byte header. */
export function clientHello(offer: Offer): Uint8Array {
  const { version = 0x0303, random = '0f'.repeat(32), sessionId = '', suites = [], types = null } = offer;
  const start = joined(u16s([version]), random, list8(joined(sessionId)), list16(u16s(suites)), '01 00', offer.block ?? '');
  if (types === null) return start;
  const bodies: Record<number, Uint8Array | string> = {
    0: list16(joined('00', list16(ascii(offer.name ?? 'a.example')))),
    10: list16(u16s(offer.groups ?? [])),
    11: list8(Uint8Array.from(offer.formats ?? [])),
    13: list16(u16s(offer.algorithms ?? [])),
    16: list16(joined(...(offer.protocols ?? []).map((name) => list8(typeof name === 'string' ? ascii(name) : name)))),
    43: list8(u16s(offer.versions ?? [])),
    ...offer.bodies,
  };
  return joined(start, list16(joined(...types.map((type) => joined(u16s([type]), list16(joined(bodies[type] ?? '')))))));
}

function u16s(values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value >> 8, value & 0xff]));
}

/** The bytes after their number. */
function list8(bytes: Uint8Array): Uint8Array {
  return joined(Uint8Array.of(bytes.length), bytes);
}

function list16(bytes: Uint8Array): Uint8Array {
  return joined(u16s([bytes.length]), bytes);
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
