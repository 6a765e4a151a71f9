/** What an evidence file says of itself: the comment of its section. */
import type { Finding, Report, ServerReport } from '../../model.js';
import { counted, endpointText, figure, foreign } from '../text.js';
import { KIND_WORDS } from '../words.js';

/** What is in an evidence file. */
export interface EvidenceContents {
  findings: readonly Finding[];
  /** Findings for which there was no room. */
  findingsLeftOut: number;
  /** Sessions that were asked for and are no findings. */
  otherSessions: number;
  /** Servers whose connections are there to compare with. */
  servers: readonly ComparedServer[];
  /** TCP connections of the sessions. */
  connections: number;
  frames: number;
  /** More frames belong to the connections than there was room for. */
  isCut: boolean;
  commentsLeftOut: number;
  /** Connections of which secrets are in the file; null where none were asked for. */
  secrets: number | null;
  /** What the file alone tells, against the whole capture. */
  alone: Alone;
}

/** A server, and how many of its TLS connections are in the file beside those of the sessions. */
export interface ComparedServer {
  address: string;
  port: number;
  compared: number;
  /** All of its TLS connections are in the file. */
  isWhole: boolean;
}

/** Findings that the file alone tells as well, with the same confidence or with another one, and those that it does not tell. */
export interface Alone {
  same: number;
  otherConfidence: number;
  missing: number;
}

/** Sessions listed, so that all fits into one option of 65,535 bytes. */
const MAX_LISTED = 50;
const MAX_SERVERS = 20;
const MAX_SOURCES = 20;
const MAX_NAME_COLUMNS = 200;

export function summary(report: Report, contents: EvidenceContents): string {
  return [...lines(report, contents)].join('\n');
}

function* lines(report: Report, contents: EvidenceContents): Generator<string> {
  const { findings, otherSessions } = contents;
  const what = [];
  if (findings.length > 0 || otherSessions === 0)
    what.push(`${counted(findings.length, 'session')} invalidated, or suspected to be, after an unclean close`);
  if (otherSessions > 0) what.push(`${counted(otherSessions, 'other session')} asked for`);
  yield `closenotify: evidence of ${what.join(', and of ')}`;
  yield* sourceLines(report);
  yield* contentLines(contents);
  yield 'Frame numbers in comments are those of the capture; in this file frames are numbered anew.';
  yield* aloneLines(report, contents);
  for (const { address, port } of contents.servers.slice(0, MAX_SERVERS)) {
    const server = report.servers.find((one) => one.address === address && one.port === port);
    if (server) yield* serverLines(server);
  }
  for (const finding of findings.slice(0, MAX_LISTED)) yield sessionLine(finding);
  if (findings.length > MAX_LISTED) yield `… and ${counted(findings.length - MAX_LISTED, 'more session')}`;
}

/** Not the folders: where files lie is nobody's concern who is given this one. */
function* sourceLines({ capture }: Report): Generator<string> {
  const { sources } = capture;
  for (const { name, frames, truncated } of sources.slice(0, MAX_SOURCES)) {
    const file = name.split(/[/\\]/).at(-1) ?? name;
    yield `Capture: ${foreign(file, MAX_NAME_COLUMNS)}, ${counted(frames, 'frame')}${truncated ? ', damaged or cut' : ''}`;
  }
  if (sources.length > MAX_SOURCES) yield `Capture: and ${counted(sources.length - MAX_SOURCES, 'more file')}`;
}

function* contentLines(contents: EvidenceContents): Generator<string> {
  const { connections, frames, servers, isCut, findingsLeftOut, commentsLeftOut, secrets } = contents;
  const compared = servers.reduce((sum, server) => sum + server.compared, 0);
  const others = compared === 0 ? '' : ` and of ${counted(compared, 'other TLS connection')} of the same servers, to compare with`;
  yield `This file: ${counted(frames, 'frame')} of ${counted(connections, 'TCP connection')} of these sessions${others}`;
  if (findingsLeftOut > 0) yield `Left out: ${counted(findingsLeftOut, 'finding')}, of more connections than an evidence file holds`;
  if (isCut) yield 'Cut: more frames belong to these connections than an evidence file holds';
  if (commentsLeftOut > 0) yield `Left out: ${counted(commentsLeftOut, 'comment')}`;
  if (secrets !== null) yield `TLS secrets of ${counted(secrets, 'connection')} are in this file: whoever has it can decrypt them`;
}

function* aloneLines(report: Report, { alone, servers, secrets }: EvidenceContents): Generator<string> {
  const { decryptedConnections } = report.capture;
  const needsKeys = decryptedConnections > 0 && secrets === null;
  if (needsKeys) yield `${counted(decryptedConnections, 'connection')} of the capture were decrypted, and the secrets are not here.`;
  const how = needsKeys ? 'With the key log closenotify' : 'closenotify';
  const total = alone.same + alone.otherConfidence + alone.missing;
  if (total > 0 && alone.same === total) yield `${how} tells the same of this file alone, with the same confidence.`;
  else if (total > 0) {
    const parts = [`the same of ${counted(alone.same, 'session')}`, `with another confidence ${figure(alone.otherConfidence)}`];
    if (alone.missing > 0) parts.push(`nothing of ${figure(alone.missing)}`);
    yield `${how} tells of this file alone ${parts.join(', ')}: what is said here rests on the whole capture.`;
  }
  for (const { address, port, isWhole, compared } of servers) {
    if (!isWhole) yield `Of ${endpointText({ address, port })} only ${counted(compared, 'connection')} to compare with are here.`;
  }
}

function* serverLines(server: ServerReport): Generator<string> {
  const { full, resumed, declined } = server.handshakes;
  yield `Server ${endpointText(server)}: ${foreign(server.verdict)}. ${foreign(server.verdictText)}`;
  yield `  ${counted(server.connections, 'TLS connection')}, ${counted(full, 'full handshake')}, ${figure(resumed)} resumed, ${figure(declined)} declined, ${counted(server.invalidatedSessions, 'session')} invalidated, ${figure(server.suspectedSessions)} suspected, ${counted(server.avoidableFullHandshakes, 'avoidable full handshake')}`;
  const { afterClean, whileOpen, afterResetRace, afterUncleanFin, afterUncleanRst } = server.evidence;
  const rows = { 'clean close': afterClean, 'no close': whileOpen, 'close_notify and RST': afterResetRace };
  const tallies = Object.entries({ ...rows, 'FIN without close_notify': afterUncleanFin, 'RST without close_notify': afterUncleanRst })
    .filter(([, tally]) => tally.resumed + tally.declined > 0)
    .map(([after, tally]) => `after ${after} ${figure(tally.resumed)} resumed, ${figure(tally.declined)} declined`);
  if (tallies.length > 0) yield `  Offers: ${tallies.join('; ')}`;
}

function sessionLine({ session, client, confidence, cause, rivals, culprit, declines, issued }: Finding): string {
  const [first] = declines;
  const doubts = rivals.length === 0 ? '' : `, rivals ${rivals.join(', ')}`;
  return `${confidence === 'low' ? 'Suspected' : 'Lost'}: ${KIND_WORDS[session.kind]} ${foreign(session.id)}, client ${foreign(client.address)}: frame ${issued.frame}, closed in ${culprit.frame}, declined in ${first.serverHello}: ${cause}, confidence ${confidence}${doubts}`;
}
