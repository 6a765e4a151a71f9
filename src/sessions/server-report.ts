// What a report says of one server: verdict, cost, advice.
import type { CauseCount, ServerReport } from '../model.js';
import { adviceFor } from './advice.js';
import type { AdviceFacts } from './advice-topics.js';
import { compareCloses } from './comparison.js';
import type { EvidenceByKind } from './evidence-by-kind.js';
import type { FindingTally } from './finding-tally.js';
import type { ServerOutcome } from './server-outcome.js';
import type { ServerCounts } from './servers.js';
import { judgeServer } from './verdict.js';

/**
 * @param outcome what judging its sessions came to
 * @param nonOffering clients of it that do not offer what they have
 * @param handshakeCost processor time of a full handshake, milliseconds; null where nobody gave it
 */
export function describeServer(
  server: ServerCounts,
  evidence: EvidenceByKind,
  outcome: ServerOutcome,
  nonOffering: ServerReport['nonOffering'],
  handshakeCost: number | null,
): Omit<ServerReport, 'clients'> {
  const { tallies } = evidence;
  const own = outcome.findings;
  const causes = outcome.causes(evidence);
  const { tallies: judgedTallies, ...judged } = judgeServer(evidence, own.invalidatedSessions > 0);
  const comparisons = compareCloses(judgedTallies);
  const { invalidatedSessions, suspectedSessions, avoidableFullHandshakes, suspectedFullHandshakes } = own;
  const { full, resumed } = server.handshakeSeconds;
  return {
    address: server.address,
    port: server.port,
    names: [...server.names],
    connections: server.connections,
    handshakes: outcome.handshakes(server.handshakes),
    invalidatedSessions,
    suspectedSessions,
    evidence: tallies,
    bareAnswers: evidence.bareAnswers,
    inferredOffers: evidence.inferred,
    ...judged,
    comparisons,
    pValue: comparisons.unclean?.pValue ?? null,
    attributableFraction: comparisons.unclean?.attributableFraction?.value ?? null,
    causes,
    leftOut: evidence.leftOut,
    nonOffering,
    fullHandshakesPerSecond: server.rate.report(),
    handshakeSeconds: { full, resumed },
    avoidableFullHandshakes,
    suspectedFullHandshakes,
    // Where resumed handshakes take longer, other clients made them.
    secondsLost: full === null || resumed === null || resumed >= full ? null : avoidableFullHandshakes * (full - resumed),
    cpuSecondsLost: handshakeCost === null ? null : (avoidableFullHandshakes * handshakeCost) / 1000,
    advice: adviceFor(adviceFacts(judged, causes, own, nonOffering)),
  };
}

function adviceFacts(
  { verdict, ends }: Pick<ServerReport, 'verdict' | 'ends'>,
  causes: readonly CauseCount[],
  { culprits, versions, kinds, invalidatedSessions, alertsAfterEnd }: FindingTally,
  nonOffering: ServerReport['nonOffering'],
): AdviceFacts {
  const habits = (habit: string) => nonOffering.filter((client) => client.habit === habit).length;
  return {
    verdict,
    ends,
    culprits,
    versions: [...versions],
    kinds: [...kinds],
    causes: Object.fromEntries(causes.map(({ cause, declines }) => [cause, declines])),
    isSure: invalidatedSessions > 0,
    alertsAfterEnd,
    neverOffering: habits('never-offers'),
    stopOffering: habits('stops-after-unclean-server-close'),
  };
}
