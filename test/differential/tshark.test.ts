import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Alert, Connection, Endpoint, Report } from '../../src/model.js';
import { mapConcurrently, reportOf } from '../support/command.js';
import { captures } from '../support/fixtures.js';
import { type Dissection, dissect, isInstalled, type Stream } from './tshark.js';

const TIMEOUT_MILLISECONDS = 120_000;

/** tshark loses handshakes where frames are out of order: in these two it sees 6 and 11 ClientHellos of 12. */
const UNFIT = new Set(['q-unsorted', 'q-reorder-dup']);

/** Facts that tshark does not give, though the capture holds them. */
const SHORTCOMINGS: readonly { capture: string; stream: number; facts: readonly (keyof Facts)[]; reason: string }[] = [
  ...Array.from({ length: 12 }, (_, stream) => ({
    capture: 'q-snaplen96',
    stream,
    facts: ['serverHello'] as const,
    // Frame 6 of the first stream: the record header and the first bytes of the hello are there.
    reason: 'tshark leaves a hello alone that the snap length cut',
  })),
];

/** In CI a missing tshark is a failure, so that the comparison cannot be skipped unnoticed. */
const isRequired = process.env.CI === 'true';
const installed = await isInstalled();
const fixtures = captures().filter(({ name }) => !UNFIT.has(name));
const told = new Map<string, Report>();
const seen = new Map<string, Dissection>();
const configuration = mkdtempSync(join(tmpdir(), 'closenotify-tshark-'));

afterAll(() => rmSync(configuration, { recursive: true, force: true }));

it.runIf(isRequired)('tshark is installed', () => expect(installed).toBe(true));

describe.skipIf(!installed)('the report and tshark (skipped where tshark is not installed)', () => {
  beforeAll(async () => {
    await mapConcurrently(fixtures, async ({ name, path }) => {
      told.set(name, await reportOf(path));
      seen.set(name, await dissect(path, configuration));
    });
  }, TIMEOUT_MILLISECONDS);

  describe.each(fixtures.map(({ name }) => name))('%s', (name) => {
    it('frames and TCP connections', () => {
      const { capture, totals } = reportNamed(name);
      const { frames, streams } = dissectionOf(name);
      expect({ frames: capture.sources[0].frames, streams: totals.tcpConnections }).toEqual({ frames, streams });
    });

    it('every connection of the report', () => {
      const { all } = dissectionOf(name);
      const ours: string[] = [];
      const theirs: string[] = [];
      for (const connection of reportNamed(name).connections) {
        const stream = all.get(connection.stream);
        ours.push(line(name, connection.stream, factsOf(connection)));
        if (stream) theirs.push(line(name, connection.stream, factsOfStream(stream, text(connection.client))));
      }
      expect(ours).toEqual(theirs);
    });

    it('every stream with a hello', () => {
      const connections = new Set(reportNamed(name).connections.map((c) => c.stream));
      const hellos = [...dissectionOf(name).all].filter(([, stream]) => stream.clientHello !== null || stream.serverHello !== null);
      expect(hellos.map(([number]) => number).filter((number) => !connections.has(number))).toEqual([]);
    });
  });

  it.each(SHORTCOMINGS)('$capture stream $stream: $reason', ({ capture, stream, facts }) => {
    const connection = reportNamed(capture).connections.find((c) => c.stream === stream);
    const dissected = dissectionOf(capture).all.get(stream);
    if (!connection || !dissected) throw new Error('no such stream');
    const [ours, theirs] = [factsOf(connection), factsOfStream(dissected, text(connection.client))];
    for (const fact of facts) expect([ours[fact], theirs[fact]]).toEqual([expect.anything(), null]);
  });
});

/** What both sides know of a connection, in one form. */
interface Facts {
  client: string;
  first: number;
  last: number;
  clientHello: number | null;
  serverHello: number | null;
  offered: string | null;
  issued: string | null;
  alerts: string[];
  clientEnd: number | null;
  serverEnd: number | null;
}

function factsOf(c: Connection): Facts {
  return {
    client: text(c.client),
    first: c.frames.first,
    last: c.frames.last,
    clientHello: c.frames.clientHello,
    serverHello: c.frames.serverHello,
    offered: c.offered.sessionId,
    issued: c.issued.sessionId,
    alerts: c.alerts.filter((alert) => !alert.encrypted).map(alertText),
    clientEnd: c.close.client.frame,
    serverEnd: c.close.server.frame,
  };
}

/** @param client of the report, for streams without a ClientHello: tshark names no roles */
function factsOfStream(s: Stream, client: string): Facts {
  const role = s.client ?? client;
  const server = [...s.ends.keys()].find((sender) => sender !== role);
  return {
    client: role,
    first: s.first,
    last: s.last,
    clientHello: s.clientHello,
    serverHello: s.serverHello,
    offered: s.offered,
    issued: s.issued,
    alerts: s.alerts,
    clientEnd: s.ends.get(role) ?? null,
    serverEnd: server === undefined ? null : (s.ends.get(server) ?? null),
  };
}

/** Numbers of the TLS alert registry, as far as the captures hold such alerts in clear. */
const DESCRIPTIONS: Record<string, number> = {
  close_notify: 0,
  unexpected_message: 10,
  handshake_failure: 40,
  unknown_ca: 48,
  decode_error: 50,
  protocol_version: 70,
  internal_error: 80,
};

function alertText({ frame, level, description }: Alert): string {
  return `${frame} ${level === 'fatal' ? 2 : 1} ${DESCRIPTIONS[description ?? ''] ?? description}`;
}

function text({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}

/** One line, without what tshark is known to miss. */
function line(capture: string, stream: number, facts: Facts): string {
  const missed = SHORTCOMINGS.filter((s) => s.capture === capture && s.stream === stream).flatMap((s) => s.facts);
  const told = Object.entries(facts).filter(([fact]) => !missed.includes(fact as keyof Facts));
  return `stream ${stream}: ${told.map(([fact, value]) => `${fact} ${value}`).join(', ')}`;
}

function reportNamed(name: string): Report {
  const report = told.get(name);
  if (!report) throw new Error(`no report of ${name}`);
  return report;
}

function dissectionOf(name: string): Dissection {
  const dissection = seen.get(name);
  if (!dissection) throw new Error(`no dissection of ${name}`);
  return dissection;
}
