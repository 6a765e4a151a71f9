import { run } from '../support/command.js';

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
  'tls.record.content_type',
  'tls.handshake.type',
  'tls.handshake.version',
  'tls.handshake.random',
  'tls.handshake.session_id',
  'tls.handshake.ciphersuite',
  'tls.handshake.extension.type',
  'tls.handshake.extension.len',
  'tls.handshake.extension.data',
  'tls.handshake.extensions_server_name',
  'tls.handshake.extensions_alpn_str',
  'tls.handshake.extensions.supported_version',
  'tls.handshake.extensions.psk.identity.identity',
  'tls.handshake.extensions.psk.identity.obfuscated_ticket_age',
  'tls.handshake.extensions.psk.identity.selected',
  'tls.handshake.session_ticket_length',
  'tls.handshake.session_ticket',
  'tls.handshake.session_ticket_lifetime_hint',
  'tls.alert_message.level',
  'tls.alert_message.desc',
] as const;

/** The values of each field in one frame. */
export type Row = Record<(typeof FIELDS)[number], string[]>;

/** The version of tshark that can be run here, or null. */
export async function installedVersion(): Promise<string | null> {
  const { status, stdout } = await run('tshark', ['--version']);
  return status === 0 ? (/\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? '') : null;
}

/** A preference and its value, as tshark's option `-o` takes them. */
export type Preference = `${string}:${string}`;

/**
 * The frames of a capture, read by tshark: no name is resolved, and neither the user's settings nor plugins count (`configuration` is an
 * empty folder).
 */
export async function rowsOf(path: string, configuration: string, preferences: readonly Preference[] = []): Promise<Row[]> {
  const fields = FIELDS.flatMap((field) => ['-e', field]);
  const options = preferences.flatMap((preference) => ['-o', preference]);
  const args = ['-n', '-r', path, ...options, '-T', 'fields', '-E', 'separator=/t', '-E', 'occurrence=a', ...fields];
  const { stdout, stderr } = await run('tshark', args, { WIRESHARK_CONFIG_DIR: configuration, WIRESHARK_PLUGIN_DIR: configuration });
  const rows = stdout.split('\n').filter((line) => line !== '');
  if (rows.length === 0) throw new Error(`tshark reads nothing from ${path}: ${stderr}`);
  return rows.map(parseRow);
}

function parseRow(line: string): Row {
  const values = line.split('\t');
  return Object.fromEntries(FIELDS.map((field, index) => [field, values[index] ? values[index].split(',') : []])) as unknown as Row;
}
