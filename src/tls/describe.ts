// The facts of one connection as a Connection record.
import { toHex } from '../bytes/hex.js';
import type { Alert, Connection, SideClose } from '../model.js';
import { type Direction, Row, sideOf, type TcpConnections } from '../tcp/connections.js';
import { alertDescription, cipherSuiteName } from '../wire/registry/names.js';
import { AlertLevel } from '../wire/tls-alert.js';
import type { TlsConnections } from './connections.js';
import type { ConnectionFacts, IdFacts, SideFacts } from './facts.js';
import { ALERT_TIME, ENCRYPTED_ALERT, RecordFlag, Tls, TlsSide } from './fields.js';

/** @param facts those of `connection`, read just before */
export function describe(tcp: TcpConnections, tls: TlsConnections, connection: number, facts: ConnectionFacts): Connection {
  const { ints } = tcp.rows;
  const extras = tls.extras(connection);
  const isAnswered = facts.serverHello > 0;
  return {
    stream: facts.stream,
    client: { address: facts.clientAddress, port: facts.clientPort },
    server: { address: facts.serverAddress, port: facts.serverPort },
    serverName: facts.serverName,
    alpn: tls.protocol(connection),
    start: facts.start,
    end: facts.end,
    version: facts.version,
    cipherSuite: isAnswered ? cipherSuiteName(ints[connection + Tls.CIPHER_SUITE]) : null,
    offered: {
      sessionId: idText(tls, facts.offeredId),
      ticket: extras?.offeredTicket ?? null,
      psk: extras?.offeredPsk ?? [],
      maybePadding: facts.maybePadding,
      isCut: facts.isHelloCut,
      extendedMasterSecret: facts.clientEms,
    },
    issued: { sessionId: idText(tls, facts.issuedId), tickets: extras?.issuedTickets ?? [], extendedMasterSecret: facts.serverEms },
    handshake: facts.handshake,
    resumption: facts.resumption,
    resumedBy: facts.resumption !== 'resumed' ? null : facts.offersTicket ? 'ticket' : 'session-id',
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

function closeOf(side: SideFacts): SideClose {
  const { state, closeNotify, end } = side;
  return { state, closeNotify, end, frame: side.frame || null, time: side.frame > 0 ? side.time : null };
}

function alertsOf(tls: TlsConnections, connection: number, client: Direction): Alert[] {
  const alerts: Alert[] = [];
  for (const earlier of tls.extras(connection)?.alerts ?? []) {
    alerts.push(alertOf(earlier.direction === client, earlier.frame, earlier.time, earlier.alert));
  }
  for (const direction of [0, 1] as const) {
    const side = sideOf(connection, direction);
    if (!(tls.sideFlags(side) & RecordFlag.HAS_ALERT)) continue;
    const { ints, floats } = tls.rows;
    alerts.push(
      alertOf(direction === client, ints[side + TlsSide.ALERT_FRAME], floats[(side >> 1) + ALERT_TIME], ints[side + TlsSide.ALERT]),
    );
  }
  return alerts.length < 2 ? alerts : alerts.sort((a, b) => a.frame - b.frame);
}

function alertOf(isClient: boolean, frame: number, time: number, alert: number): Alert {
  const from = isClient ? 'client' : 'server';
  if (alert === ENCRYPTED_ALERT) return { frame, time, from, level: null, description: null, encrypted: true };
  const level = alert >>> 8 === AlertLevel.FATAL ? 'fatal' : alert >>> 8 === AlertLevel.WARNING ? 'warning' : null;
  return { frame, time, from, level, description: level === null ? null : alertDescription(alert & 0xff), encrypted: false };
}
