// What a report says of one server: verdict, cost, advice.
import type { Finding, ServerReport } from '../model.js';
import { adviceFor } from './advice.js';
import type { AdviceFacts } from './advice-topics.js';
import { compareCloses } from './comparison.js';
import type { EvidenceByKind } from './evidence.js';
import type { ServerCounts } from './servers.js';
import { judgeServer } from './verdict.js';

/**
 * @param own findings of this server
 * @param nonOffering clients of it that do not offer what they have
 * @param handshakeCost processor time of a full handshake, milliseconds; null where nobody gave it
 */
export function describeServer(
  server: ServerCounts,
  evidence: EvidenceByKind,
  own: readonly Finding[],
  nonOffering: ServerReport['nonOffering'],
  handshakeCost: number | null,
): Omit<ServerReport, 'clients'> {
  const { tallies } = evidence;
  const { tallies: judgedTallies, ...judged } = judgeServer(
    evidence,
    own.some(({ confidence }) => confidence !== 'low'),
  );
  const comparisons = compareCloses(judgedTallies);
  const { sure: avoidableFullHandshakes, suspected: suspectedFullHandshakes } = countAvoidable(own);
  const { full, resumed } = server.handshakeSeconds;
  return {
    address: server.address,
    port: server.port,
    names: [...server.names],
    connections: server.connections,
    handshakes: server.handshakes,
    ...countSessions(own),
    evidence: tallies,
    bareAnswers: evidence.bareAnswers,
    inferredOffers: evidence.inferred,
    ...judged,
    comparisons,
    pValue: comparisons.unclean?.pValue ?? null,
    attributableFraction: comparisons.unclean?.attributableFraction?.value ?? null,
    causes: evidence.causes,
    leftOut: evidence.leftOut,
    nonOffering,
    fullHandshakesPerSecond: server.rate.report(),
    handshakeSeconds: { full, resumed },
    avoidableFullHandshakes,
    suspectedFullHandshakes,
    // Where resumed handshakes take longer, other clients made them.
    secondsLost: full === null || resumed === null || resumed >= full ? null : avoidableFullHandshakes * (full - resumed),
    cpuSecondsLost: handshakeCost === null ? null : (avoidableFullHandshakes * handshakeCost) / 1000,
    advice: adviceFor(adviceFacts(judged, evidence, own, nonOffering)),
  };
}

/** A low confidence says that something else explains the decline as well: that is a suspicion, not a count. */
export function countSessions(findings: readonly Finding[]): Pick<ServerReport, 'invalidatedSessions' | 'suspectedSessions'> {
  const suspectedSessions = findings.filter((finding) => finding.confidence === 'low').length;
  return { invalidatedSessions: findings.length - suspectedSessions, suspectedSessions };
}

/** A connection may offer several sessions in vain. */
function countAvoidable(findings: readonly Finding[]): { sure: number; suspected: number } {
  const count = (isCounted: (finding: Finding) => boolean) => {
    const counted = findings.filter(isCounted);
    const streams = new Set(counted.flatMap(({ declines }) => declines.map(({ stream }) => stream)));
    return counted.reduce((sum, { declines, declineCount }) => sum + declineCount - declines.length, streams.size);
  };
  const sure = count(({ confidence }) => confidence !== 'low');
  return { sure, suspected: count(() => true) - sure };
}

function adviceFacts(
  { verdict, ends }: Pick<ServerReport, 'verdict' | 'ends'>,
  { causes }: EvidenceByKind,
  own: readonly Finding[],
  nonOffering: ServerReport['nonOffering'],
): AdviceFacts {
  const culprits: AdviceFacts['culprits'] = { client: { fin: 0, rst: 0, resetRace: 0 }, server: { fin: 0, rst: 0 } };
  for (const { culprit, confidence } of own) {
    // Of a race only some sessions die, so that each by itself is only suspected.
    if (culprit.by === 'client' && culprit.state === 'reset-race') culprits.client.resetRace++;
    else if (confidence !== 'low') culprits[culprit.by][culprit.end]++;
  }
  const habits = (habit: string) => nonOffering.filter((client) => client.habit === habit).length;
  return {
    verdict,
    ends,
    culprits,
    versions: [...new Set(own.flatMap(({ version }) => version ?? []))],
    kinds: [...new Set(own.map(({ session }) => session.kind))],
    causes: Object.fromEntries(causes.map(({ cause, declines }) => [cause, declines])),
    isSure: own.some(({ confidence }) => confidence !== 'low'),
    alertsAfterEnd: own.filter(({ answeredByAlert }) => answeredByAlert).length,
    neverOffering: habits('never-offers'),
    stopOffering: habits('stops-after-unclean-server-close'),
  };
}
