import { run } from '../support/command.js';

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
  clientHello: number | null;
  serverHello: number | null;
  offered: string | null;
  issued: string | null;
  /** Alerts in clear: `frame level description`, numbers of the registry. */
  alerts: string[];
  /** Frame of the first FIN or RST by sender. */
  ends: Map<string, number>;
}

const FIELDS = [
  'frame.number',
  'tcp.stream',
  'ip.src',
  'ip.dst',
  'ipv6.src',
  'ipv6.dst',
  'tcp.srcport',
  'tcp.dstport',
  'tcp.flags.fin',
  'tcp.flags.reset',
  'tls.handshake.type',
  'tls.handshake.session_id',
  'tls.handshake.session_ticket_length',
  'tls.handshake.extensions.supported_version',
  'tls.record.opaque_type',
  'tls.alert_message.level',
  'tls.alert_message.desc',
] as const;

type Row = Record<(typeof FIELDS)[number], string>;

const CLIENT_HELLO = '1';
const SERVER_HELLO = '2';
const TLS13 = '0x0304';

/** Whether tshark can be run here. */
export async function isInstalled(): Promise<boolean> {
  return (await run('tshark', ['--version'])).status === 0;
}

/** Reads a capture with tshark: no name is resolved, and the user's own settings do not count (`configuration` is an empty folder). */
export async function dissect(path: string, configuration: string): Promise<Dissection> {
  const fields = FIELDS.flatMap((field) => ['-e', field]);
  const args = ['-n', '-r', path, '-T', 'fields', '-E', 'separator=/t', '-E', 'occurrence=a', ...fields];
  const { stdout, stderr } = await run('tshark', args, { WIRESHARK_CONFIG_DIR: configuration });
  const rows = stdout.split('\n').filter((line) => line !== '');
  if (rows.length === 0) throw new Error(`tshark reads nothing from ${path}: ${stderr}`);
  return summarise(rows.map(parseRow));
}

function parseRow(line: string): Row {
  const values = line.split('\t');
  return Object.fromEntries(FIELDS.map((field, index) => [field, values[index] ?? ''])) as Row;
}

function summarise(rows: readonly Row[]): Dissection {
  const all = new Map<number, Stream>();
  for (const row of rows) {
    if (row['tcp.stream'] === '') continue;
    const number = Number(row['tcp.stream']);
    const stream = all.get(number) ?? empty(Number(row['frame.number']));
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
    offered: null,
    issued: null,
    alerts: [],
    ends: new Map(),
  };
}

function addRow(stream: Stream, row: Row): void {
  const frame = Number(row['frame.number']);
  const sender = `${row['ip.src'] || row['ipv6.src']} ${row['tcp.srcport']}`;
  const receiver = `${row['ip.dst'] || row['ipv6.dst']} ${row['tcp.dstport']}`;
  stream.last = Math.max(stream.last, frame);
  if ((isSet(row['tcp.flags.fin']) || isSet(row['tcp.flags.reset'])) && !stream.ends.has(sender)) stream.ends.set(sender, frame);
  const messages = row['tls.handshake.type'].split(',');
  const sessionId = row['tls.handshake.session_id'] || null;
  if (messages.includes(CLIENT_HELLO) && stream.clientHello === null) {
    stream.clientHello = frame;
    stream.client = sender;
    stream.offered = sessionId;
  }
  if (messages.includes(SERVER_HELLO) && stream.serverHello === null) {
    stream.serverHello = frame;
    stream.client ??= receiver;
    // A TLS 1.3 ServerHello echoes the legacy session ID (RFC 8446 4.1.3); in TLS 1.2 the offered ID comes back when it is resumed,
    // so that without the ClientHello nobody can tell.
    const isTls13 = row['tls.handshake.extensions.supported_version'] === TLS13;
    stream.issued = isTls13 || stream.clientHello === null || sessionId === stream.offered ? null : sessionId;
  }
  // An empty NewSessionTicket issues nothing (RFC 5077 3.3), not even the session ID of the ServerHello.
  if (row['tls.handshake.session_ticket_length'] === '0') stream.issued = null;
  // In a TLS 1.3 record with an opaque type the alert was encrypted: the file holds the keys.
  if (row['tls.alert_message.level'] === '' || row['tls.record.opaque_type'] !== '') return;
  const descriptions = row['tls.alert_message.desc'].split(',');
  for (const [index, level] of row['tls.alert_message.level'].split(',').entries())
    stream.alerts.push(`${frame} ${level} ${descriptions[index]}`);
}

/** tshark 4.0 writes flags as 0 and 1, later ones as False and True. */
function isSet(flag: string): boolean {
  return flag === '1' || flag === 'True';
}
