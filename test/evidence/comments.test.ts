import { describe, expect, it } from 'vitest';
import { EvidenceChoice } from '../../src/evidence-choice.js';
import { MAX_COMPARED_CONNECTIONS, MAX_EVIDENCE_CONNECTIONS } from '../../src/limits.js';
import type { Finding } from '../../src/model.js';
import { FrameComments } from '../../src/report/evidence-capture/comments.js';
import { type EvidenceContents, summary } from '../../src/report/evidence-capture/summary.js';
import { connection, FORUM, FORUM_FINDING, HOSTILE_TEXTS, hostile, many } from '../report/reports.js';

const CONTENTS: EvidenceContents = {
  findings: [FORUM_FINDING],
  findingsLeftOut: 0,
  otherSessions: 0,
  servers: [{ address: '10.0.0.5', port: 9466, compared: 0, isWhole: true }],
  connections: 3,
  frames: 27,
  isCut: false,
  commentsLeftOut: 0,
  secrets: null,
  alone: { same: 1, otherConfidence: 0, missing: 0 },
};

describe('comments of frames', () => {
  it('tell the story where it happens', () => {
    const comments = new FrameComments();
    comments.addFinding(FORUM_FINDING);
    comments.addFinding(FORUM_FINDING);
    const { issued, culprit, declines, session } = FORUM_FINDING;
    const short = `${session.id.slice(0, 8)}…`;
    expect(comments.of(issued.frame)).toEqual([`frame ${issued.frame} of the capture: issues session ${short}: session ID ${session.id}`]);
    expect(comments.of(culprit.frame)).toEqual([
      `frame ${culprit.frame} of the capture: client RST without close_notify: session ${short} closed uncleanly; most likely this cost the session (confidence: ${FORUM_FINDING.confidence})`,
    ]);
    expect(comments.of(declines[0].clientHello)[0]).toMatch(/: offers session 1ab8368f…: declined, new session [0-9a-f]{8}…$/);
    expect(comments.of(1)).toEqual([]);
  });

  it('are bounded, in all and for a frame', () => {
    const few = new FrameComments(3);
    few.addFinding(FORUM_FINDING);
    expect(few.leftOut).toBeGreaterThan(0);
    const crowded = new FrameComments();
    for (let i = 0; i < 100; i++) crowded.addFinding({ ...FORUM_FINDING, session: { ...FORUM_FINDING.session, id: `${1e7 + i}` } });
    expect(crowded.of(FORUM_FINDING.issued.frame)).toHaveLength(64);
    expect(crowded.leftOut).toBeGreaterThan(0);
  });

  it.each(HOSTILE_TEXTS)('hold no hostile text: %#', (text) => {
    const report = hostile(text);
    const comments = new FrameComments();
    for (const finding of report.findings) comments.addFinding(finding);
    const frames = report.findings.flatMap(({ issued, culprit, declines }) => [issued.frame, culprit.frame, declines[0].clientHello]);
    const told = frames.flatMap((frame) => comments.of(frame));
    told.push(
      ...summary(report, {
        ...CONTENTS,
        findings: report.findings,
        servers: report.servers.map((server) => ({ ...server, compared: 1, isWhole: false })),
      }).split('\n'),
    );
    expect(told.length).toBeGreaterThan(5);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    for (const line of told) expect(line).toMatch(/^[^\x00-\x1f\x7f-\x9f\u202e\u200b]*$/);
  });
});

describe('the comment of the section', () => {
  it('tells what is in the file, the verdict with its figures, and that the file alone tells the same', () => {
    const text = summary(FORUM, CONTENTS);
    expect(text).toContain('closenotify: evidence of 1 session invalidated');
    expect(text).toContain('This file: 27 frames of 3 TCP connections of these sessions\n');
    expect(text).toContain(`Server 10.0.0.5:9466: ${FORUM.servers[0].verdict}. ${FORUM.servers[0].verdictText}`);
    expect(text).toContain('closenotify tells the same of this file alone, with the same confidence.');
    expect(text).not.toContain(' secrets ');
  });

  it('tells what is missing', () => {
    const alone = { same: 3, otherConfidence: 2, missing: 1 };
    const text = summary(
      { ...FORUM, capture: { ...FORUM.capture, decryptedConnections: 2 } },
      {
        ...CONTENTS,
        alone,
        findingsLeftOut: 4,
        isCut: true,
        commentsLeftOut: 5,
        servers: [{ ...CONTENTS.servers[0], compared: 1000, isWhole: false }],
      },
    );
    expect(text).toContain(
      'With the key log closenotify tells of this file alone the same of 3 sessions, with another confidence 2, nothing of 1:',
    );
    expect(text).toContain('2 connections of the capture were decrypted, and the secrets are not here.');
    expect(text).toContain('Left out: 4 findings');
    expect(text).toContain('Cut: more frames');
    expect(text).toContain('Left out: 5 comments');
    expect(text).toContain('Of 10.0.0.5:9466 only 1000 connections to compare with are here.');
  });

  it('fits into an option of pcapng', () => {
    const report = many(100, 1000);
    const servers = report.servers.map((server) => ({ ...server, compared: 1, isWhole: false }));
    const text = summary(report, { ...CONTENTS, findings: new Array(1000).fill(FORUM_FINDING), servers });
    expect(new TextEncoder().encode(text).length).toBeLessThan(65_536);
    expect(text).toContain('more sessions');
  });
});

describe('the choice of connections', () => {
  const endpoint = { address: '10.0.0.7', port: 1 };
  const server = FORUM_FINDING.server;
  const findingOf = (stream: number): Finding => ({
    ...FORUM_FINDING,
    issued: { ...FORUM_FINDING.issued, stream },
    resumed: [],
    uncleanCloses: [],
    declines: [{ ...FORUM_FINDING.declines[0], stream: stream + 1 }],
  });

  it('takes those of the sessions, and all of the same server to compare with', () => {
    const choice = new EvidenceChoice();
    const other = { address: '10.0.0.9', port: 443 };
    for (let stream = 0; stream < 20; stream++) {
      const frames = { first: stream * 10 + 1, clientHello: null, serverHello: null, last: 0 };
      choice.note(connection(stream, endpoint, { stream, server: stream < 15 ? server : other, frames }));
    }
    const chosen = choice.choose({ ...FORUM, findings: [findingOf(3)] }, false);
    expect([...(chosen?.wanted.streams ?? [])].sort((a, b) => a - b)).toEqual(Array.from({ length: 15 }, (_, stream) => stream));
    expect([chosen?.connections, chosen?.servers]).toEqual([2, [{ ...server, compared: 13, isWhole: true }]]);
    expect(chosen?.wanted.firstFrames).toEqual(new Set(Array.from({ length: 15 }, (_, stream) => stream * 10 + 1)));
    expect(choice.choose({ ...FORUM, findings: [] }, false)).toBeNull();
  });

  it('takes some of a large server, from the first connection of the sessions on', () => {
    const choice = new EvidenceChoice();
    for (let stream = 0; stream < 5000; stream++) choice.note(connection(stream, endpoint, { stream, server }));
    const chosen = choice.choose({ ...FORUM, findings: [findingOf(2000)] }, false);
    expect(chosen?.servers).toEqual([{ ...server, compared: MAX_COMPARED_CONNECTIONS, isWhole: false }]);
    const streams = [...(chosen?.wanted.streams ?? [])];
    expect([Math.min(...streams), Math.max(...streams), streams.length]).toEqual([2000, 3001, MAX_COMPARED_CONNECTIONS + 2]);
    const last = choice.choose({ ...FORUM, findings: [findingOf(4998)] }, false);
    expect(last?.wanted.streams.size).toBe(MAX_COMPARED_CONNECTIONS + 2);
  });

  it('is bounded, whatever the number of findings', () => {
    const findings = Array.from({ length: MAX_EVIDENCE_CONNECTIONS }, (_, i) => findingOf(2 * i));
    const chosen = new EvidenceChoice().choose({ ...FORUM, findings }, false);
    expect(chosen?.connections).toBe(MAX_EVIDENCE_CONNECTIONS);
    expect(chosen?.findingsLeftOut).toBe(MAX_EVIDENCE_CONNECTIONS / 2);
  });
});
