// Which connections are the evidence of findings, and which are there to compare with.
import { Rows } from './bytes/rows.js';
import type { WantedStreams } from './frame-selection.js';
import { MAX_COMPARED_CONNECTIONS, MAX_EVIDENCE_CONNECTIONS, MAX_NOTED_CONNECTIONS } from './limits.js';
import type { Connection, Endpoint, Finding, Report, Session, SessionName } from './model.js';
import type { ComparedServer } from './report/evidence-capture/summary.js';

export interface Chosen {
  wanted: WantedStreams;
  findings: readonly Finding[];
  findingsLeftOut: number;
  /** Sessions that were asked for and are no findings. */
  sessions: readonly Session[];
  otherSessions: number;
  /** TCP connections of the sessions. */
  connections: number;
  servers: readonly ComparedServer[];
}

// A TLS connection is a row.
const STREAM = 0;
const SERVER = 1;
const FIRST_FRAME = 2;
const ROW_INTS = 4;

/** Takes note of the TLS connections of an analysis, and chooses among them when it is over. */
export class EvidenceChoice {
  readonly #noted = new Rows(ROW_INTS, MAX_NOTED_CONNECTIONS);
  readonly #servers = new Map<string, number>();
  #isNotedInPart = false;

  note({ stream, server, frames }: Connection): void {
    if (this.#noted.size >= MAX_NOTED_CONNECTIONS) {
      this.#isNotedInPart = true;
      return;
    }
    const row = this.#noted.add();
    const { ints } = this.#noted;
    ints[row + STREAM] = stream;
    ints[row + SERVER] = this.#numberOf(server.address, server.port);
    ints[row + FIRST_FRAME] = frames.first;
  }

  /** @param bySession sessions were asked for. @returns null where there is nothing to show */
  choose(report: Report, bySession: boolean): Chosen | null {
    const streams = new Set<number>();
    const findings = report.findings.filter((finding) => take(streams, streamsOfFinding(finding)));
    const found = new Set(report.findings.map(({ session, server }) => keyOf(session, server)));
    const others = bySession ? report.sessions.filter((session) => !found.has(keyOf(session, session.server))) : [];
    const ofFindings = new Set(streams);
    const sessions = others.filter((session) => take(streams, streamsOfSession(session)));
    if (streams.size === 0) return null;
    const connections = streams.size;
    const servers = this.#compared(ofFindings, streams);
    return {
      wanted: { streams, firstFrames: this.#firstFrames(streams) },
      findings,
      findingsLeftOut: report.findings.length - findings.length + others.length - sessions.length,
      sessions,
      otherSessions: sessions.length,
      connections,
      servers,
    };
  }

  /** Adds to the streams those of the servers of findings. */
  #compared(ofFindings: ReadonlySet<number>, streams: Set<number>): ComparedServer[] {
    const byServer = new Map<number, { own: number; others: number[] }>();
    for (const [stream, server] of this.#rows()) {
      if (ofFindings.has(stream)) byServer.set(server, { own: Math.min(byServer.get(server)?.own ?? stream, stream), others: [] });
    }
    for (const [stream, server] of this.#rows()) if (!streams.has(stream)) byServer.get(server)?.others.push(stream);
    return [...this.#servers].flatMap(([name, number]) => {
      const of = byServer.get(number);
      if (!of) return [];
      const near = nearest(of.others, of.own);
      for (const stream of near) streams.add(stream);
      const [address, port] = name.split(' ');
      const isWhole = near.length === of.others.length && !this.#isNotedInPart;
      return [{ address, port: Number(port), compared: near.length, isWhole }];
    });
  }

  #firstFrames(streams: ReadonlySet<number>): Set<number> {
    const frames = new Set<number>();
    for (const [stream, , first] of this.#rows()) if (streams.has(stream)) frames.add(first);
    return frames;
  }

  *#rows(): Generator<readonly [stream: number, server: number, firstFrame: number]> {
    const { ints, end } = this.#noted;
    for (let row = 0; row < end; row += ROW_INTS) yield [ints[row + STREAM], ints[row + SERVER], ints[row + FIRST_FRAME]];
  }

  #numberOf(address: string, port: number): number {
    const name = `${address} ${port}`;
    const known = this.#servers.get(name);
    if (known !== undefined) return known;
    this.#servers.set(name, this.#servers.size);
    return this.#servers.size - 1;
  }
}

/** All of them, or else those from the first connection of the sessions on: whatever became of them, none is picked by its outcome. */
function nearest(streams: number[], first: number): number[] {
  if (streams.length <= MAX_COMPARED_CONNECTIONS) return streams;
  streams.sort((a, b) => a - b);
  const at = streams.findIndex((stream) => stream > first);
  const start = Math.min(at < 0 ? streams.length : at, streams.length - MAX_COMPARED_CONNECTIONS);
  return streams.slice(start, start + MAX_COMPARED_CONNECTIONS);
}

function keyOf({ kind, id }: SessionName, { address, port }: Endpoint): string {
  return `${kind} ${id} ${address} ${port}`;
}

/** Adds streams, all or none. */
function take(streams: Set<number>, more: readonly number[]): boolean {
  const fresh = new Set(more.filter((stream) => !streams.has(stream)));
  if (streams.size + fresh.size > MAX_EVIDENCE_CONNECTIONS) return false;
  for (const stream of fresh) streams.add(stream);
  return true;
}

function streamsOfFinding({ issued, resumed, uncleanCloses, declines }: Finding): number[] {
  return [issued, ...resumed, ...uncleanCloses, ...declines].map(({ stream }) => stream);
}

function streamsOfSession({ issued, offers }: Session): number[] {
  return [...(issued ? [issued] : []), ...offers].map(({ stream }) => stream);
}
