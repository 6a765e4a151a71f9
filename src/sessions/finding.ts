// One session that was declined after an unclean close: how sure that is, and the story in words.
import type { Cause, ClientRef, Decline, Endpoint, Finding, Ref, Session, UncleanClose } from '../model.js';
import type { ServerEvidence } from './evidence.js';
import { answerFrame, type Culprit, culprits, exposure, lastProof } from './story.js';
import type { Use } from './uses.js';

/**
 * Session timeouts are whole seconds: SSL_CTX_set_timeout (OpenSSL), SSLSessionContext.setSessionTimeout (JSSE), ssl_session_timeout
 * (nginx). A session younger than this cannot have expired.
 */
const SHORTEST_TIMEOUT_SECONDS = 1;
/** Sessions resumed without an unclean close, and none declined, from which on a second node behind the address would have shown. */
const ENOUGH_CONTROL = 3;
/** Entries of one kind listed in a finding; a client may offer a dead session for ever. */
const MAX_LISTED = 1000;

export interface Judged {
  confidence: Finding['confidence'];
  rivals: Cause[];
}

export interface FindingFacts {
  kind: Session['kind'];
  id: string;
  server: Endpoint;
  uses: readonly Use[];
  /** Index of the first decline that an unclean close explains. */
  start: number;
  cause: Cause;
  judged: Judged;
  newSession: (use: Use) => string | null;
}

/**
 * What else explains the decline `uses[index]`. Evidence against the unclean close makes the confidence low: the server
 * took a session after the same kind of close, or declined one that no unclean close explains; so does a server's protected alert
 * that came first and may have been fatal. Without either it is high when the server has a control and no rival is left.
 */
export function judgeDecline(uses: readonly Use[], index: number, evidence: ServerEvidence): Judged {
  const decline = uses[index];
  const proof = lastProof(uses, index) as Use;
  const issue = uses.find((use) => use.role === 'issued') ?? proof;
  const control = evidence.control;
  const rivals: Cause[] = [];
  const age = decline.answerTime - issue.answerTime;
  const sameKind = evidence.tally(exposure(uses, index));
  const isSurvivable = (sameKind?.resumed ?? 0) > 0;
  const isMaybeFatal = uses.slice(0, index).some((use) => use.ambiguousAlert && culprits(uses, index).some((c) => c.use === use));
  if (isMaybeFatal) rivals.push('fatal-alert');
  if (evidence.resumed === 0) rivals.push('never-resumable');
  if (evidence.unexplained > 0 || isSurvivable || control.resumed < ENOUGH_CONTROL) rivals.push('other-node');
  const keptOlder = evidence.keptOlder(decline.answerTime, proof.answerTime);
  if (!keptOlder) rivals.push('restarted');
  if (age >= SHORTEST_TIMEOUT_SECONDS && age > evidence.oldestResumed) rivals.push('expired');
  if (!keptOlder) rivals.push('evicted');
  if (isMaybeFatal || isSurvivable || evidence.unexplained > 0) return { confidence: 'low', rivals };
  return { confidence: control.resumed > 0 && rivals.length === 0 ? 'high' : 'medium', rivals };
}

export function describeFinding(facts: FindingFacts): Finding {
  const { uses, start, server, cause, judged } = facts;
  const issue = uses.find((use) => use.role === 'issued');
  const first = issue ?? uses.find((use) => use.role === 'resumed') ?? uses[0];
  const resumed = uses.slice(0, start).filter((use) => use.role === 'resumed');
  const declined = uses.slice(start).filter((use) => use.role === 'declined');
  const closes = allCulprits(uses, start);
  const issued: Ref = { stream: first.stream, frame: answerFrame(first), time: first.answerTime };
  return {
    kind: 'session-invalidated',
    session: { kind: facts.kind, id: facts.id },
    server,
    client: first.client,
    issued,
    issuedBeforeCapture: issue === undefined,
    resumed: resumed.slice(0, MAX_LISTED).map((use) => ({ ...refOf(use), clientHello: use.clientHello })),
    uncleanCloses: closes.slice(0, MAX_LISTED),
    declines: declined.slice(0, MAX_LISTED).map((use): Decline => ({
      stream: use.stream,
      clientHello: use.clientHello,
      serverHello: answerFrame(use),
      time: use.answerTime,
      newSessionId: facts.newSession(use),
      client: use.client,
    })),
    cause,
    confidence: judged.confidence,
    rivals: judged.rivals,
    explanation: explain(closes, uses[start], cause, judged),
    wiresharkFilter: filterOf(issued.frame, resumed.slice(0, MAX_LISTED), closes.slice(0, MAX_LISTED), declined.slice(0, MAX_LISTED)),
  };
}

/** All closes that may have cost the session, survived ones included, up to the first decline. */
function allCulprits(uses: readonly Use[], start: number): UncleanClose[] {
  const seen = new Map<string, Culprit>();
  for (let i = 1; i <= start; i++) {
    for (const culprit of culprits(uses, i)) {
      if (culprit.time <= uses[start].answerTime) seen.set(`${culprit.use.row} ${culprit.by}`, culprit);
    }
  }
  return [...seen.values()]
    .sort((a, b) => a.time - b.time || a.frame - b.frame)
    .map(({ use, frame, time, by, end, state }) => ({ stream: use.stream, frame, time, client: use.client, by, end, state }));
}

function refOf(use: Use): ClientRef {
  return { stream: use.stream, frame: answerFrame(use), time: use.answerTime, client: use.client };
}

function explain(closes: readonly UncleanClose[], decline: Use, cause: Cause, judged: Judged): string {
  const last = closes.filter((c) => c.by === 'client').at(-1) ?? closes.at(-1);
  if (!last) return '';
  const how =
    cause === 'reset-race'
      ? 'sent close_notify and then RST before the close_notify was acknowledged, so that it may never have been read'
      : `ended its connection with ${last.end.toUpperCase()} and without close_notify`;
  const others = closes.length > 1 ? ` (one of ${closes.length} such closes)` : '';
  const sure = {
    high: 'The server resumed other sessions that were closed cleanly, and no other cause fits.',
    medium: 'Other causes were not ruled out.',
    low: 'Something else explains it as well.',
  }[judged.confidence];
  return `The ${last.by} ${how} in frame ${last.frame}${others}; the server then declined the session in frame ${answerFrame(decline)}. ${sure}`;
}

/** Wireshark display filter of exactly these frames. */
function filterOf(issued: number, resumed: readonly Use[], closes: readonly UncleanClose[], declined: readonly Use[]): string {
  const frames = new Set([issued]);
  for (const use of [...resumed, ...declined]) frames.add(use.clientHello).add(answerFrame(use));
  for (const close of closes) frames.add(close.frame);
  frames.delete(0);
  return `frame.number in {${[...frames].sort((a, b) => a - b).join(', ')}}`;
}
