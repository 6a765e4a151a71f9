import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { analyze } from '../../src/analyze.js';
import { captures, fixtures } from '../support/fixtures.js';
import { dissect } from './dissection.js';
import { differing, type Fact, type Facts, factsOf, factsOfStream, NONE, textOf } from './facts.js';
import type { Preference } from './tshark.js';

export interface Subject {
  /** Below `fixtures/`. */
  capture: string;
  path: string;
  /** The key log beside it. */
  keys: string | null;
}

/** Every capture in `fixtures/` and `fixtures/cases/`. */
export function subjects(): Subject[] {
  const named = captures().map(({ name, file, path }) => ({ capture: file, path, keys: `${fixtures}keys/${name}.keys` }));
  const cases = readdirSync(`${fixtures}cases`).map((file) => ({ capture: `cases/${file}`, path: `${fixtures}cases/${file}` }));
  return [
    ...named.map((one) => ({ ...one, keys: existsSync(one.keys) ? one.keys : null })),
    ...cases.map((one) => ({ ...one, keys: null })),
  ];
}

export interface Comparison {
  frames: [ours: number, theirs: number];
  streams: [ours: number, theirs: number];
  /** By stream, of every connection of the report that tshark has as well. */
  connections: Map<number, { ours: Facts; theirs: Facts }>;
  /** Connections of the report that tshark has not, and streams with a hello that the report has not. */
  onlyOurs: number[];
  onlyTheirs: number[];
}

const configuration = mkdtempSync(join(tmpdir(), 'closenotify-tshark-'));
afterAll(() => rmSync(configuration, { recursive: true, force: true }));

/** @param keys a key log for both */
export async function compare(path: string, keys: string | null = null, preferences: readonly Preference[] = []): Promise<Comparison> {
  const secrets: Preference[] = keys === null ? [] : [`tls.keylog_file:${keys}`];
  const dissecting = dissect(path, configuration, [...preferences, ...secrets]);
  const report = await analyze(path, { keep: 'all', ...(keys !== null && { keyLog: keys }) });
  const { frames, streams, all } = await dissecting;
  const connections: Comparison['connections'] = new Map();
  const onlyOurs: number[] = [];
  for (const connection of report.connections) {
    const stream = all.get(connection.stream);
    if (stream) connections.set(connection.stream, { ours: factsOf(connection), theirs: factsOfStream(stream, textOf(connection.client)) });
    else onlyOurs.push(connection.stream);
  }
  const known = new Set(report.connections.map(({ stream }) => stream));
  const withHello = [...all].filter(([, stream]) => stream.clientHello !== null || stream.serverHello !== null);
  return {
    frames: [report.capture.sources[0].frames, frames],
    streams: [report.totals.tcpConnections, streams],
    connections,
    onlyOurs,
    onlyTheirs: withHello.map(([number]) => number).filter((number) => !known.has(number)),
  };
}

/** `stream 3 alerts: ours … | tshark …` of every fact that is not the same. */
export function differences({ connections }: Comparison): string[] {
  return [...connections].flatMap(([stream, { ours, theirs }]) =>
    differing(ours, theirs).map((fact) => `${placeOf(stream, fact)}: closenotify ${ours[fact]} | tshark ${theirs[fact]}`),
  );
}

export function placeOf(stream: number, fact: Fact): string {
  return `stream ${stream} ${fact}`;
}

/** How often the two say the same, and not only that there is nothing. */
export function agreements(comparisons: Iterable<Comparison>, fact: Fact): number {
  let count = 0;
  for (const { connections } of comparisons) {
    for (const { ours, theirs } of connections.values()) if (ours[fact] !== NONE && ours[fact] === theirs[fact]) count++;
  }
  return count;
}
