// A simulated capture as a person would tell it, beside what the report says: to see why a finding is wrong.
import type { Connection } from '../../src/model.js';
import { analyze } from '../support/packets.js';
import { className } from './policy.js';
import { type OfferTruth, simulate } from './simulate.js';

/** One line for each connection that the report knows, and one for each finding. */
export function narrate(seed: number): string {
  const { packets, truth } = simulate(seed);
  const report = analyze(packets);
  const { policy, damage } = truth;
  const offers = new Map(truth.offers.map((offer) => [offer.connection, offer]));
  const start = report.capture.firstTime ?? 0;
  return [
    `seed ${seed}: ${className(policy)} ${JSON.stringify({ ...policy, ...damage })}`,
    ...[...report.connections].sort((a, b) => a.start - b.start).map((connection) => line(connection, start, offers)),
    ...report.findings.map(
      ({ session, confidence, cause, rivals }) => `${short(session.id)} ${confidence} ${cause}, or ${rivals.join(', ')}`,
    ),
    JSON.stringify(report.servers.map(({ verdict, evidence }) => ({ verdict, evidence }))),
  ].join('\n');
}

function line(connection: Connection, start: number, offers: ReadonlyMap<string, OfferTruth>): string {
  const { stream, client, offered, issued, resumption, cause, close } = connection;
  const offer = offers.get(`${client.address}:${client.port}`);
  const name = offered.psk[0] ?? offered.ticket ?? offered.sessionId;
  const told = offer === undefined ? '' : ` (really ${offer.reason ?? 'resumed'})`;
  const begun = issued.tickets[0] ?? issued.sessionId;
  return [
    `${seconds(connection.times.serverHello, start)} #${stream} ${client.address}`,
    name === null ? 'offers nothing' : `offers ${short(name)}: ${resumption} ${cause ?? ''}${told}`,
    begun === null ? '' : `gets ${short(begun)}`,
    `ends ${seconds(close.client.time, start)} ${close.client.state} ${close.client.end} | ${seconds(close.server.time, start)} ${close.server.state}`,
  ].join(' ');
}

function short(id: string): string {
  return id.slice(0, 6);
}

function seconds(time: number | null, start: number): string {
  return time === null ? '-' : (time - start).toFixed(3);
}
