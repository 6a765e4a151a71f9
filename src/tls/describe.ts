// The facts of one connection as a Connection record.
import { toHex } from '../bytes/hex.js';
import type { Alert, Connection, SideClose } from '../model.js';
import { type Direction, Row, sideOf, type TcpConnections } from '../tcp/connections.js';
import { alertDescription, cipherSuiteName } from '../wire/registry/names.js';
import { AlertLevel } from '../wire/tls-alert.js';
import type { Digest, TlsConnections } from './connections.js';
import type { ConnectionFacts, IdFacts, SideFacts } from './facts.js';
import { ALERT_TIME, ENCRYPTED_ALERT, RecordFlag, Tls, TlsFlag, TlsSide } from './fields.js';

/** @param facts those of `connection`, read just before */
export function describe(tcp: TcpConnections, tls: TlsConnections, connection: number, facts: ConnectionFacts): Connection {
  const { ints } = tcp.rows;
  const isAnswered = facts.serverHello > 0;
  // 0 of a hello that was cut is a suite that was not read.
  const hasSuite = facts.cipherSuite !== 0 || tls.has(connection, TlsFlag.SERVER_HELLO_WHOLE);
  return {
    stream: facts.stream,
    client: { address: facts.clientAddress, port: facts.clientPort },
    server: { address: facts.serverAddress, port: facts.serverPort },
    proxiedClient: tls.extras(connection)?.proxiedClient ?? null,
    serverName: facts.serverName,
    alpn: tls.protocol(connection),
    start: facts.start,
    end: facts.end,
    fingerprint: tls.fingerprints.text(facts.fingerprint),
    version: facts.version,
    cipherSuite: isAnswered && hasSuite ? cipherSuiteName(facts.cipherSuite) : null,
    offered: {
      sessionId: idText(tls, facts.offeredId),
      ticket: facts.offeredTicket && digestText(facts.offeredTicket),
      psk: facts.offeredPsk.map((psk) => digestText(psk.digest)),
      pskAges: facts.offeredPsk.map((psk) => psk.obfuscatedAge),
      pskModes: pskModeNames(ints[connection + Tls.ID_LENGTHS_AND_PSK_MODES] >>> 16),
      earlyData: tls.has(connection, TlsFlag.OFFERS_EARLY_DATA),
      maybePadding: facts.maybePadding,
      isCut: facts.isHelloCut,
      extendedMasterSecret: facts.clientEms,
    },
    issued: {
      sessionId: idText(tls, facts.issuedId),
      tickets: facts.issuedTickets.map((ticket) => digestText(ticket.digest)),
      ticketLifetimes: facts.issuedTickets.map((ticket) => ticket.lifetime),
      extendedMasterSecret: facts.serverEms,
    },
    handshake: facts.handshake,
    resumption: facts.resumption,
    resumedBy: facts.resumedBy,
    selectedPsk: facts.selectedPsk < 0 ? null : facts.selectedPsk,
    cause: null,
    close: { client: closeOf(facts.client), server: closeOf(facts.server), first: facts.first },
    alerts: alertsOf(tls, connection, facts.clientDirection),
    frames: {
      first: ints[connection + Row.FIRST_FRAME],
      clientHello: facts.clientHello || null,
      serverHello: facts.serverHello || null,
      last: ints[connection + Row.LAST_FRAME],
    },
    times: {
      clientHello: facts.clientHello > 0 ? facts.clientHelloTime : null,
      serverHello: isAnswered ? facts.serverHelloTime : null,
    },
    handshakeSeconds: facts.handshakeSeconds < 0 ? null : facts.handshakeSeconds,
    quality: {
      startedMidstream: tcp.synDirection(connection) === null,
      rolesFrom: facts.rolesFrom,
      missingBytes: facts.missingBytes,
      truncatedFrames: ints[connection + Row.TRUNCATED_FRAMES],
    },
  };
}

function idText(tls: TlsConnections, id: IdFacts): string | null {
  return id.length > 0 ? toHex(tls.rows.bytes, id.at * 4, id.at * 4 + id.length) : null;
}

function digestText(digest: Digest): string {
  return toHex(new Uint8Array(digest.buffer, digest.byteOffset, digest.byteLength));
}

/** RFC 8446 4.2.9. */
function pskModeNames(modes: number): string[] {
  return ['psk_ke', 'psk_dhe_ke'].filter((_, mode) => modes & (1 << mode));
}

function closeOf(side: SideFacts): SideClose {
  const { state, closeNotify, end } = side;
  return { state, closeNotify, end, frame: side.frame || null, time: side.frame > 0 ? side.time : null };
}

function alertsOf(tls: TlsConnections, connection: number, client: Direction): Alert[] {
  const alerts: Alert[] = [];
  for (const earlier of tls.extras(connection)?.alerts ?? []) {
    alerts.push(alertOf(earlier.direction === client, earlier.frame, earlier.time, earlier.alert, earlier.isDecrypted));
  }
  for (const direction of [0, 1] as const) {
    const side = sideOf(connection, direction);
    if (!(tls.sideFlags(side) & RecordFlag.HAS_ALERT)) continue;
    const { ints, floats } = tls.rows;
    const isDecrypted = (tls.sideFlags(side) & RecordFlag.ALERT_DECRYPTED) !== 0;
    const time = floats[(side >> 1) + ALERT_TIME];
    alerts.push(alertOf(direction === client, ints[side + TlsSide.ALERT_FRAME], time, ints[side + TlsSide.ALERT], isDecrypted));
  }
  return alerts.length < 2 ? alerts : alerts.sort((a, b) => a.frame - b.frame);
}

function alertOf(isClient: boolean, frame: number, time: number, alert: number, encrypted: boolean): Alert {
  const from = isClient ? 'client' : 'server';
  if (alert === ENCRYPTED_ALERT) return { frame, time, from, level: null, description: null, encrypted: true };
  const level = alert >>> 8 === AlertLevel.FATAL ? 'fatal' : alert >>> 8 === AlertLevel.WARNING ? 'warning' : null;
  return { frame, time, from, level, description: level === null ? null : alertDescription(alert & 0xff), encrypted };
}
