/** All findings as data: what can be told from the sessions, and from a finding's own frames, is not written twice. */
import type { Endpoint, Finding, Session, SessionName } from '../../model.js';
import { endpointText } from '../text.js';
import { closeWords } from '../words.js';
import { block, type Column, HEX } from './blocks.js';

export function findingData(findings: readonly Finding[], sessions: readonly Session[]): Generator<string> {
  const places = new Map(sessions.map((session, i) => [nameOf(session, session.server), i]));
  const placeOf = ({ session, server }: Finding) => places.get(nameOf(session, server));
  const isListed = findings.every((finding) => placeOf(finding) !== undefined) && sessions.every(({ id }) => HEX.test(id));
  const identity: Column<Finding> = isListed
    ? { name: 'session', kind: 'step', of: (f) => placeOf(f) ?? 0 }
    : { name: 'id', kind: 'hex', of: (f) => f.session.id };
  return block('findings-data', findings, [identity, ...COLUMNS]);
}

function nameOf({ kind, id }: SessionName, server: Endpoint): string {
  return `${kind} ${id} ${endpointText(server)}`;
}

const COLUMNS: readonly Column<Finding>[] = [
  { name: 'kind', kind: 'text', of: (f) => f.session.kind },
  { name: 'server', kind: 'text', of: (f) => endpointText(f.server) },
  { name: 'client', kind: 'text', of: (f) => f.client.address },
  { name: 'confidence', kind: 'text', of: (f) => f.confidence },
  { name: 'cause', kind: 'text', of: (f) => f.cause },
  { name: 'stream', kind: 'step', of: (f) => f.issued.stream },
  { name: 'issued', kind: 'step', of: (f) => f.issued.frame },
  { name: 'close', kind: 'text', of: (f) => closeWords(f.culprit) },
  { name: 'closed', kind: 'step', of: (f) => f.culprit.frame },
  { name: 'offered', kind: 'step', of: (f) => f.declines[0].clientHello },
  { name: 'declined', kind: 'step', of: (f) => f.declines[0].serverHello },
  { name: 'declines', kind: 'count', of: (f) => f.declineCount },
  { name: 'filter', kind: 'long', of: (f) => (f.wiresharkFilter === plainFilter(f) ? null : f.wiresharkFilter) },
];

/** That of a session that was issued, closed and declined once. */
function plainFilter({ issued, culprit, declines: [{ clientHello, serverHello }] }: Finding): string {
  return `frame.number in {${[issued.frame, culprit.frame, clientHello, serverHello].join(', ')}}`;
}
