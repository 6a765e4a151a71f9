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

/** The part of a stream that tshark does not see, though it is in the capture. */
const SHORTCOMINGS: readonly { capture: string; stream: number; facts: readonly (keyof Facts)[]; reason: string }[] = [];

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

    it('every connection with a hello', () => {
      const { tls } = dissectionOf(name);
      const connections = reportNamed(name).connections.filter((c) => hasHello(c) || tls.has(c.stream));
      expect(
        sorted(
          connections.map((c) => [c.stream, factsOf(c)]),
          name,
        ),
      ).toEqual(
        sorted(
          [...tls].map(([number, stream]) => [number, factsOfStream(stream)]),
          name,
        ),
      );
    });
  });

  it.each(SHORTCOMINGS)('$capture stream $stream: $reason', ({ capture, stream, facts }) => {
    const connection = reportNamed(capture).connections.find((c) => c.stream === stream);
    const dissected = dissectionOf(capture).tls.get(stream);
    const [ours, theirs] = [connection && factsOf(connection), dissected && factsOfStream(dissected)];
    for (const fact of facts) expect(ours?.[fact]).not.toEqual(theirs?.[fact]);
  });
});

/** What both sides know of a connection, in one form. */
interface Facts {
  client: string | null;
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

function factsOfStream(s: Stream): Facts {
  const server = [...s.ends.keys()].find((sender) => sender !== s.client);
  return {
    client: s.client,
    first: s.first,
    last: s.last,
    clientHello: s.clientHello,
    serverHello: s.serverHello,
    offered: s.offered,
    issued: s.issued,
    alerts: s.alerts,
    clientEnd: s.ends.get(s.client ?? '') ?? null,
    serverEnd: s.ends.get(server ?? '') ?? null,
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

function hasHello(c: Connection): boolean {
  return c.frames.clientHello !== null || c.frames.serverHello !== null;
}

/** By number of the stream, without what tshark is known to miss. */
function sorted(streams: [number, Facts][], capture: string): [number, Partial<Facts>][] {
  const kept = streams.map(([number, facts]): [number, Partial<Facts>] => {
    const missed = SHORTCOMINGS.filter((s) => s.capture === capture && s.stream === number).flatMap((s) => s.facts);
    return [number, Object.fromEntries(Object.entries(facts).filter(([fact]) => !missed.includes(fact as keyof Facts)))];
  });
  return kept.sort(([a], [b]) => a - b);
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
