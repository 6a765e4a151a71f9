// What tshark says of the streams of a capture, put together from its frames.
import { createHash } from 'node:crypto';
import { type Preference, type Row, rowsOf } from './tshark.js';

/** What tshark says of one capture. */
export interface Dissection {
  frames: number;
  /** TCP conversations: the greatest `tcp.stream` and one. */
  streams: number;
  /** By `tcp.stream`. */
  all: Map<number, Stream>;
}

export interface Stream {
  first: number;
  last: number;
  /** `address port` of the sender of the ClientHello, or of the peer of the ServerHello's sender. */
  client: string | null;
  /** Of the second hellos after a HelloRetryRequest, else of the first. */
  clientHello: number | null;
  serverHello: number | null;
  serverName: string | null;
  /** Numbers of the registry, as hex. */
  version: string | null;
  cipherSuite: string | null;
  alpn: string | null;
  offered: string | null;
  issued: string | null;
  /** SHA-256. */
  ticket: string | null;
  /** `SHA-256 age` of each identity. */
  psk: string[];
  selectedPsk: string | null;
  /** `SHA-256 lifetime` of each NewSessionTicket. */
  tickets: string[];
  /** `frame level description`, numbers of the registry; `frame encrypted` of those that cannot be read. */
  alerts: string[];
  /** `frame fin` or `frame rst`: the first of each sender. */
  ends: Map<string, string>;
  hasRetried: boolean;
  /** A Certificate was sent in clear: the handshake is a full one. */
  hasCertificate: boolean;
}

const CLIENT_HELLO = '1';
const SERVER_HELLO = '2';
const NEW_SESSION_TICKET = '4';
const CERTIFICATE = '11';
const ALERT = '21';
const SESSION_TICKET = '35';
const TLS13 = '0x0304';
/** RFC 8446 4.1.3. */
const RETRY_RANDOM = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c';

export async function dissect(path: string, configuration: string, preferences: readonly Preference[] = []): Promise<Dissection> {
  const rows = await rowsOf(path, configuration, preferences);
  const all = new Map<number, Stream>();
  for (const row of rows) {
    if (row['tcp.stream'].length === 0) continue;
    const number = Number(row['tcp.stream'][0]);
    const stream = all.get(number) ?? empty(Number(row['frame.number'][0]));
    all.set(number, stream);
    addRow(stream, row);
  }
  return { frames: rows.length, streams: all.size === 0 ? 0 : Math.max(...all.keys()) + 1, all };
}

function empty(first: number): Stream {
  return {
    first,
    last: first,
    client: null,
    clientHello: null,
    serverHello: null,
    serverName: null,
    version: null,
    cipherSuite: null,
    alpn: null,
    offered: null,
    issued: null,
    ticket: null,
    psk: [],
    selectedPsk: null,
    tickets: [],
    alerts: [],
    ends: new Map(),
    hasRetried: false,
    hasCertificate: false,
  };
}

function addRow(stream: Stream, row: Row): void {
  const frame = Number(row['frame.number'][0]);
  const sender = `${row['ip.src'][0] ?? row['ipv6.src'][0]} ${row['tcp.srcport'][0]}`;
  const receiver = `${row['ip.dst'][0] ?? row['ipv6.dst'][0]} ${row['tcp.dstport'][0]}`;
  stream.last = Math.max(stream.last, frame);
  const isReset = isSet(row['tcp.flags.reset'][0]);
  if ((isReset || isSet(row['tcp.flags.fin'][0])) && !stream.ends.has(sender))
    stream.ends.set(sender, `${frame} ${isReset ? 'rst' : 'fin'}`);
  const messages = row['tls.handshake.type'];
  const isRetry = messages.includes(SERVER_HELLO) && row['tls.handshake.random'].includes(RETRY_RANDOM);
  if (messages.includes(CLIENT_HELLO) && (stream.clientHello === null || (stream.hasRetried && stream.serverHello === null))) {
    stream.clientHello = frame;
    stream.client = sender;
    addClientHello(stream, row);
  }
  if (messages.includes(CERTIFICATE)) stream.hasCertificate = true;
  if (isRetry) stream.hasRetried = true;
  else if (messages.includes(SERVER_HELLO) && stream.serverHello === null) {
    stream.serverHello = frame;
    stream.client ??= receiver;
    addServerHello(stream, row);
  }
  if (messages.includes(NEW_SESSION_TICKET)) addTickets(stream, row);
  addAlerts(stream, row, frame);
}

function addClientHello(stream: Stream, row: Row): void {
  stream.offered = row['tls.handshake.session_id'][0] ?? null;
  stream.serverName = row['tls.handshake.extensions_server_name'][0] ?? null;
  const length = row['tls.handshake.extension.len'][row['tls.handshake.extension.type'].indexOf(SESSION_TICKET)];
  const ticket = row['tls.handshake.extension.data'].find((data) => data.length === 2 * Number(length));
  stream.ticket = ticket ? digest(ticket) : null;
  const ages = row['tls.handshake.extensions.psk.identity.obfuscated_ticket_age'];
  stream.psk = row['tls.handshake.extensions.psk.identity.identity'].map((identity, i) => `${digest(identity)} ${ages[i]}`);
}

function addServerHello(stream: Stream, row: Row): void {
  const sessionId = row['tls.handshake.session_id'][0] ?? null;
  const supported = row['tls.handshake.extensions.supported_version'][0];
  stream.version = supported ?? row['tls.handshake.version'][0];
  stream.cipherSuite = row['tls.handshake.ciphersuite'][0];
  stream.alpn = row['tls.handshake.extensions_alpn_str'][0] ?? null;
  stream.selectedPsk = row['tls.handshake.extensions.psk.identity.selected'][0] ?? null;
  // A TLS 1.3 ServerHello echoes the legacy session ID (RFC 8446 4.1.3); in TLS 1.2 the offered ID comes back when it is resumed, so
  // that without the ClientHello only a certificate tells.
  const isIssued = supported !== TLS13 && (stream.clientHello === null ? stream.hasCertificate : sessionId !== stream.offered);
  stream.issued = isIssued ? sessionId : null;
}

/** An empty one issues nothing (RFC 5077 3.3), not even the session ID of the ServerHello. */
function addTickets(stream: Stream, row: Row): void {
  const tickets = [...row['tls.handshake.session_ticket']];
  for (const [i, length] of row['tls.handshake.session_ticket_length'].entries()) {
    if (length === '0') stream.issued = null;
    else stream.tickets.push(`${digest(tickets.shift() ?? '')} ${row['tls.handshake.session_ticket_lifetime_hint'][i]}`);
  }
}

function addAlerts(stream: Stream, row: Row, frame: number): void {
  const levels = row['tls.alert_message.level'];
  for (const [i, level] of levels.entries()) stream.alerts.push(`${frame} ${level} ${row['tls.alert_message.desc'][i]}`);
  const unreadable = row['tls.record.content_type'].filter((type) => type === ALERT).length - levels.length;
  for (let i = 0; i < unreadable; i++) stream.alerts.push(`${frame} encrypted`);
}

function digest(hex: string): string {
  return createHash('sha256')
    .update(Buffer.from(hex.replaceAll(':', ''), 'hex'))
    .digest('hex');
}

/** tshark 4.0 writes flags as 0 and 1, later ones as False and True. */
function isSet(flag: string): boolean {
  return flag === '1' || flag === 'True';
}
