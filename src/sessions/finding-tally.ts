// What the findings of one server come to, whether they are listed or not.
import type { Session } from '../model.js';
import type { AdviceFacts } from './advice-topics.js';
import type { FindingDraft } from './finding.js';

/** Connections whose declined sessions are told apart: a TLS 1.3 client may offer several in vain at once. */
const MAX_STREAMS = 1 << 16;

/** Full handshakes that the declines of some findings cost. */
class Handshakes {
  #others = 0;
  readonly #streams: Set<number>;

  constructor(original: Handshakes | null = null) {
    this.#others = original ? original.#others : 0;
    this.#streams = new Set(original ? original.#streams : []);
  }

  get count(): number {
    return this.#others + this.#streams.size;
  }

  add({ kind, declines, declineCount }: FindingDraft): void {
    if (kind !== 'psk' || this.#streams.size >= MAX_STREAMS) {
      this.#others += declineCount;
      return;
    }
    for (const { stream } of declines) this.#streams.add(stream);
    this.#others += declineCount - declines.length;
  }
}

export class FindingTally {
  /** A low confidence says that something else explains the decline as well: that is a suspicion, not a count. */
  invalidatedSessions = 0;
  suspectedSessions = 0;
  /** The server sent an alert after the close. */
  alertsAfterEnd = 0;
  readonly culprits: AdviceFacts['culprits'];
  readonly versions: Set<string>;
  readonly kinds: Set<Session['kind']>;
  readonly #sure: Handshakes;
  readonly #all: Handshakes;

  constructor(original: FindingTally | null = null) {
    this.invalidatedSessions = original?.invalidatedSessions ?? 0;
    this.suspectedSessions = original?.suspectedSessions ?? 0;
    this.alertsAfterEnd = original?.alertsAfterEnd ?? 0;
    this.culprits = {
      client: { ...(original?.culprits.client ?? { fin: 0, rst: 0, resetRace: 0 }) },
      server: { ...(original?.culprits.server ?? { fin: 0, rst: 0 }) },
    };
    this.versions = new Set(original?.versions);
    this.kinds = new Set(original?.kinds);
    this.#sure = new Handshakes(original === null ? null : original.#sure);
    this.#all = new Handshakes(original === null ? null : original.#all);
  }

  clone(): FindingTally {
    return new FindingTally(this);
  }

  /** Full handshakes that an accepted offer would have saved. */
  get avoidableFullHandshakes(): number {
    return this.#sure.count;
  }

  /** The same of findings of low confidence, further ones. */
  get suspectedFullHandshakes(): number {
    return this.#all.count - this.#sure.count;
  }

  /** @param version negotiated by the connection that issued the session; null where it is not known */
  add(finding: FindingDraft, version: string | null): void {
    const isSure = finding.confidence !== 'low';
    this.#all.add(finding);
    if (isSure) this.#sure.add(finding);
    if (isSure) this.invalidatedSessions++;
    else this.suspectedSessions++;
    if (finding.answeredByAlert) this.alertsAfterEnd++;
    const { by, state, end } = finding.culprit;
    // Of a race only some sessions die, so that each by itself is only suspected.
    if (by === 'client' && state === 'reset-race') this.culprits.client.resetRace++;
    else if (isSure) this.culprits[by][end]++;
    if (version !== null) this.versions.add(version);
    this.kinds.add(finding.kind);
  }
}
