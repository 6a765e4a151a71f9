/** What an evidence file says of single frames: the stories of sessions, told where they happen. */
import { MAX_COMMENTS_OF_FRAME, MAX_EVIDENCE_COMMENTS } from '../../limits.js';
import type { Cause, Connection, Finding, Session, SideClose } from '../../model.js';
import { foreign } from '../text.js';
import { CAUSE_WORDS, closeWords, KIND_WORDS } from '../words.js';

/** Digits by which a session is known beside its story; `--session` takes them. */
const SHORT_DIGITS = 8;

/** Comments by the number of their frame in the capture. */
export class FrameComments {
  readonly #comments = new Map<number, string[]>();
  readonly #limit: number;
  #count = 0;
  /** Comments for which there was no room. */
  leftOut = 0;

  constructor(limit = MAX_EVIDENCE_COMMENTS) {
    this.#limit = limit;
  }

  /** Those of a frame, each with its number: frames have others in the file that is written. */
  of(frame: number): readonly string[] {
    return (this.#comments.get(frame) ?? []).map((text) => `frame ${frame} of the capture: ${text}`);
  }

  /** One session that was lost, from its issue to its declines. */
  addFinding(finding: Finding): void {
    const { session, issued, resumed, uncleanCloses, culprit, declines, issuedBeforeCapture } = finding;
    const id = shortId(session.id);
    const name = `session ${id}: ${KIND_WORDS[session.kind]} ${foreign(session.id)}`;
    if (issuedBeforeCapture) this.#add(issued.frame, `resumes ${name}, issued before the capture`);
    else this.#add(issued.frame, `${finding.issuedInferred ? 'most likely issues' : 'issues'} ${name}`);
    for (const { clientHello, frame } of resumed) {
      this.#add(clientHello, `offers session ${id}: resumed`);
      if (frame !== issued.frame) this.#add(frame, `resumes session ${id}`);
    }
    for (const close of uncleanCloses) {
      const how = close.state === 'unclean' ? 'closed uncleanly' : 'closed uncleanly where the RST came first';
      const isCulprit = close.frame === culprit.frame && close.by === culprit.by;
      const words = `${closeWords(close)}: session ${id} ${how}`;
      this.#add(close.frame, isCulprit ? `${words}; ${costWords(finding)} (confidence: ${finding.confidence})` : words);
    }
    for (const { clientHello, serverHello, newSessionId } of declines) {
      this.#add(clientHello, `offers session ${id}: declined, ${newWords(newSessionId)}`);
      this.#add(serverHello, `declines session ${id}: ${newWords(newSessionId)}`);
    }
  }

  /** A session that was asked for, whatever became of it. @param of the connection of a stream, where it is known */
  addSession(session: Session, of: (stream: number) => Connection | undefined): void {
    const id = shortId(session.id);
    const streams = new Set(session.offers.map(({ stream }) => stream));
    if (session.issued) {
      const verb = session.issuedInferred ? 'most likely issues' : 'issues';
      this.#add(session.issued.frame, `${verb} session ${id}: ${KIND_WORDS[session.kind]} ${foreign(session.id)}`);
      streams.add(session.issued.stream);
    }
    for (const { stream, frame, outcome, cause } of session.offers) {
      const answer = of(stream)?.frames.serverHello ?? null;
      const fresh = newWords(of(stream)?.issued.sessionId ?? null);
      const isDeclined = outcome === 'declined';
      this.#add(frame, `offers session ${id}: ${isDeclined ? `declined${causeWords(cause)}, ${fresh}` : outcome}`);
      if (answer === null) continue;
      this.#add(answer, isDeclined ? `declines session ${id}: ${fresh}` : `resumes session ${id}`);
    }
    for (const stream of streams) {
      const connection = of(stream);
      if (!connection) continue;
      for (const side of ['client', 'server'] as const) this.#addClose(id, side, connection.close[side]);
    }
  }

  #addClose(id: string, by: 'client' | 'server', { state, end, frame }: SideClose): void {
    if (frame === null) return;
    const close = end === null || (state !== 'unclean' && state !== 'reset-race') ? null : closeWords({ by, end, state });
    this.#add(
      frame,
      close === null ? `end of the ${by} (${state}): connection of session ${id}` : `${close}: session ${id} closed uncleanly`,
    );
  }

  #add(frame: number, text: string): void {
    const known = this.#comments.get(frame);
    if (known?.includes(text)) return;
    if (this.#count >= this.#limit || (known && known.length >= MAX_COMMENTS_OF_FRAME)) {
      this.leftOut++;
      return;
    }
    this.#count++;
    if (known) known.push(text);
    else this.#comments.set(frame, [text]);
  }
}

function shortId(id: string): string {
  return id.length > SHORT_DIGITS ? `${foreign(id.slice(0, SHORT_DIGITS))}…` : foreign(id);
}

function newWords(newSessionId: string | null): string {
  return newSessionId === null ? 'full handshake' : `new session ${shortId(newSessionId)}`;
}

function causeWords(cause: Cause | null): string {
  return cause === null ? '' : ` (${cause}: ${CAUSE_WORDS[cause]})`;
}

/** Of low confidence is what something speaks against. */
function costWords({ confidence }: Finding): string {
  return confidence === 'low' ? 'this is suspected to have cost the session' : 'most likely this cost the session';
}
