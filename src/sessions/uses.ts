import { Rows } from '../bytes/rows.js';
import type { CloseState, Connection, SideClose } from '../model.js';

/** What a connection was to a session. */
export type Role = 'issued' | 'resumed' | 'declined' | 'unanswered';

/** One connection, as far as the sessions need it. */
export interface Use {
  row: number;
  role: Role;
  stream: number;
  clientHello: number;
  /** Frame of the ServerHello; null where the server did not answer. */
  serverHello: number | null;
  helloTime: number;
  /** Time of the ServerHello, or of the ClientHello where there is none. */
  answerTime: number;
  client: { address: string; port: number };
  close: { client: UseClose; server: UseClose; serverFirst: boolean };
  /** The handshake ran to its end. */
  completed: boolean;
  /** A fatal alert in clear. */
  fatalAlert: boolean;
  /** A protected alert of the server that came first: close_notify or fatal. */
  ambiguousAlert: boolean;
  /** Session ID was offered that may be padding. */
  maybePadding: boolean;
  version: string | null;
  serverName: string | null;
  clientEms: boolean;
  serverEms: boolean;
  /** Session that this connection issued, -1 for none. */
  issued: number;
}

export interface UseClose {
  state: CloseState;
  end: 'fin' | 'rst' | null;
  frame: number;
  time: number;
}

const STATES: readonly CloseState[] = ['open', 'unknown', 'clean', 'aborted', 'reset-race', 'unclean'];
const ENDS = [null, 'fin', 'rst'] as const;

const STREAM = 0;
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
/** From the ClientHello to the ServerHello, microseconds. */
const HELLO_LEAD = 3;
const CLIENT_ADDRESS = 4;
const PORT_AND_FLAGS = 5;
const CLOSES = 6;
const END_FRAMES = 7;
const OFFERED = 9;
const ISSUED = 10;
const NEXT_OF_OFFERED = 11;
const NEXT_OF_ISSUED = 12;
const NAMES = 13;
const INTS = 14;
const ANSWER_TIME = 0;
const END_TIMES = 1;
const FLOATS = 3;

const Flag = { RESUMED: 1, ANSWERED: 2, COMPLETED: 4, FATAL: 8, AMBIGUOUS: 16, PADDING: 32, CLIENT_EMS: 64, SERVER_EMS: 128, SERVER_FIRST: 256 } as const;
/** Different texts (client addresses, server names with versions) that are told apart; what comes after shares one entry. */
const MAX_TEXTS = 1 << 20;

/** Connections that issued or offered a session, in rows of about 80 bytes. Each is in the lists of at most two sessions. */
export class Uses {
  readonly #rows = new Rows(INTS, FLOATS);
  readonly #addresses = new Texts();
  readonly #names = new Texts();

  get size(): number {
    return this.#rows.end;
  }

  add(connection: Connection, offered: number, issued: number): number {
    const rows = this.#rows;
    const row = rows.add();
    const { frames, times, close } = connection;
    const answer = times.serverHello ?? times.clientHello ?? connection.start;
    rows.setInt(row, STREAM, connection.stream);
    rows.setInt(row, CLIENT_HELLO, frames.clientHello ?? 0);
    rows.setInt(row, SERVER_HELLO, frames.serverHello ?? 0);
    rows.setInt(row, HELLO_LEAD, Math.round((answer - (times.clientHello ?? answer)) * 1e6));
    rows.setInt(row, CLIENT_ADDRESS, this.#addresses.intern(connection.client.address));
    rows.setInt(row, PORT_AND_FLAGS, (connection.client.port << 16) | flagsOf(connection));
    rows.setInt(row, CLOSES, pack(close.client) | (pack(close.server) << 8));
    rows.setInt(row, END_FRAMES, close.client.frame ?? 0);
    rows.setInt(row, END_FRAMES + 1, close.server.frame ?? 0);
    rows.setInt(row, OFFERED, offered + 1);
    rows.setInt(row, ISSUED, issued + 1);
    rows.setInt(row, NAMES, this.#names.intern(`${connection.version ?? ''} ${connection.serverName ?? ''}`));
    rows.setFloat(row, ANSWER_TIME, answer);
    rows.setFloat(row, END_TIMES, close.client.time ?? 0);
    rows.setFloat(row, END_TIMES + 1, close.server.time ?? 0);
    return row;
  }

  /** Puts `row` behind `last` in the list of `session`. */
  link(last: number, row: number, session: number): void {
    const rows = this.#rows;
    const field = rows.int(last, OFFERED) === session + 1 ? NEXT_OF_OFFERED : NEXT_OF_ISSUED;
    rows.setInt(last, field, row + 1);
  }

  /** The use after `row` in the list of `session`, or -1. */
  next(row: number, session: number): number {
    const field = this.#rows.int(row, OFFERED) === session + 1 ? NEXT_OF_OFFERED : NEXT_OF_ISSUED;
    return this.#rows.int(row, field) - 1;
  }

  /** Whether `row` was a resumption, without reading it whole. */
  isOffer(row: number, session: number): boolean {
    return this.#rows.int(row, OFFERED) === session + 1;
  }

  read(row: number, session: number): Use {
    const rows = this.#rows;
    const portAndFlags = rows.int(row, PORT_AND_FLAGS);
    const closes = rows.int(row, CLOSES);
    const answerTime = rows.float(row, ANSWER_TIME);
    const names = this.#names.text(rows.int(row, NAMES));
    const space = names.indexOf(' ');
    const has = (flag: number) => (portAndFlags & flag) !== 0;
    const close = (packed: number, side: number): UseClose => ({
      state: STATES[packed & 15],
      end: ENDS[(packed >>> 4) & 15],
      frame: rows.int(row, END_FRAMES + side),
      time: rows.float(row, END_TIMES + side),
    });
    return {
      row,
      role: !this.isOffer(row, session) ? 'issued' : has(Flag.RESUMED) ? 'resumed' : has(Flag.ANSWERED) ? 'declined' : 'unanswered',
      stream: rows.int(row, STREAM),
      clientHello: rows.int(row, CLIENT_HELLO),
      serverHello: rows.int(row, SERVER_HELLO) || null,
      helloTime: answerTime - rows.int(row, HELLO_LEAD) / 1e6,
      answerTime,
      client: { address: this.#addresses.text(rows.int(row, CLIENT_ADDRESS)), port: portAndFlags >>> 16 },
      close: { client: close(closes & 0xff, 0), server: close(closes >>> 8, 1), serverFirst: has(Flag.SERVER_FIRST) },
      completed: has(Flag.COMPLETED),
      fatalAlert: has(Flag.FATAL),
      ambiguousAlert: has(Flag.AMBIGUOUS),
      maybePadding: has(Flag.PADDING),
      version: names.slice(0, space) || null,
      serverName: names.slice(space + 1) || null,
      clientEms: has(Flag.CLIENT_EMS),
      serverEms: has(Flag.SERVER_EMS),
      issued: rows.int(row, ISSUED) - 1,
    };
  }
}

function flagsOf(connection: Connection): number {
  const { alerts, close, offered, issued } = connection;
  let flags = 0;
  if (connection.resumption === 'resumed') flags |= Flag.RESUMED;
  if (connection.frames.serverHello !== null) flags |= Flag.ANSWERED;
  if (connection.handshake === 'full' || connection.handshake === 'resumed') flags |= Flag.COMPLETED;
  if (alerts.some((alert) => alert.level === 'fatal')) flags |= Flag.FATAL;
  if (close.server.closeNotify === 'unknown' && close.first === 'server' && alerts.some((a) => a.encrypted && a.from === 'server')) flags |= Flag.AMBIGUOUS;
  if (offered.maybePadding) flags |= Flag.PADDING;
  if (offered.extendedMasterSecret) flags |= Flag.CLIENT_EMS;
  if (issued.extendedMasterSecret) flags |= Flag.SERVER_EMS;
  if (close.first === 'server') flags |= Flag.SERVER_FIRST;
  return flags;
}

function pack(close: SideClose): number {
  return STATES.indexOf(close.state) | (ENDS.indexOf(close.end) << 4);
}

class Texts {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];

  intern(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    if (this.#texts.length >= MAX_TEXTS) return MAX_TEXTS - 1;
    this.#numbers.set(text, this.#texts.length);
    this.#texts.push(text);
    return this.#texts.length - 1;
  }

  text(number: number): string {
    return this.#texts[number];
  }
}
