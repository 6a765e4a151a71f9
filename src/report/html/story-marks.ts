/** What happened on the connections of one session: a mark for each hello, close_notify and end. */
import type { Connection, Endpoint, Finding, Side, SideClose } from '../../model.js';
import { closeWords } from '../words.js';

/** One event on a lane. */
export interface Mark {
  stream: number;
  side: Side;
  time: number;
  frame: number;
  kind: 'hello' | 'answer' | 'notify' | 'fin' | 'rst' | 'alert';
  style: 'good' | 'alarm' | null;
  /** In one or two words. */
  word: string;
  detail: string;
  /** It most likely cost the session. */
  isCulprit: boolean;
}

/** A connection of the story. */
export interface Lane {
  stream: number;
  client: Endpoint;
  marks: Mark[];
}

type Part = Pick<Mark, 'kind' | 'style' | 'word' | 'detail'>;

/**
 * The lanes of a finding, by their first marks.
 *
 * @param connectionOf the whole connection; null where the report does not keep it: its lane then has what the finding tells
 */
export function lanesOf(finding: Finding, connectionOf: (stream: number) => Connection | null): Lane[] {
  const lanes = new Map<number, Lane>();
  for (const [stream, client] of clientsOf(finding)) {
    const marks = new Map<string, Mark>();
    const add = (side: Side, frame: number | null, time: number | null, part: Part) => {
      if (frame === null || time === null) return;
      const isCulprit = isEnd(part) && finding.culprit.frame === frame && finding.culprit.by === side;
      marks.set(`${side} ${frame} ${isEnd(part) ? 'end' : part.kind}`, { stream, side, frame, time, ...part, isCulprit });
    };
    const connection = connectionOf(stream);
    if (connection !== null) addConnection(connection, add);
    addFinding(finding, stream, connection, add);
    lanes.set(stream, { stream, client, marks: [...marks.values()].sort((a, b) => a.time - b.time || a.frame - b.frame) });
  }
  return [...lanes.values()].sort((a, b) => (a.marks[0]?.time ?? 0) - (b.marks[0]?.time ?? 0) || a.stream - b.stream);
}

type Add = (side: Side, frame: number | null, time: number | null, part: Part) => void;

function isEnd({ kind }: Part): boolean {
  return kind === 'fin' || kind === 'rst';
}

function clientsOf({ issued, client, resumed, uncleanCloses, declines }: Finding): Map<number, Endpoint> {
  const clients = new Map<number, Endpoint>([[issued.stream, client]]);
  for (const event of [...resumed, ...uncleanCloses, ...declines]) if (!clients.has(event.stream)) clients.set(event.stream, event.client);
  return clients;
}

function addConnection({ frames, times, alerts, close }: Connection, add: Add): void {
  add('client', frames.clientHello, times.clientHello, { kind: 'hello', style: null, word: 'CH', detail: 'ClientHello' });
  add('server', frames.serverHello, times.serverHello, { kind: 'answer', style: null, word: 'SH', detail: 'ServerHello' });
  for (const side of ['client', 'server'] as const) {
    const own = alerts.filter((alert) => alert.from === side);
    const { closeNotify } = close[side];
    // Whether an encrypted alert is the close_notify is inferred for the side, not for an alert: of several it is the last one.
    const inferred = closeNotify === 'inferred' ? own.findLast((alert) => alert.description === null) : undefined;
    for (const alert of own) {
      const isNotify = alert.description === 'close_notify' || alert === inferred;
      const how = alert === inferred ? ' (encrypted: inferred)' : '';
      const name = alert.description ?? 'encrypted';
      const part: Part = isNotify
        ? { kind: 'notify', style: 'good', word: 'close_notify', detail: `${side} close_notify${how}` }
        : { kind: 'alert', style: null, word: 'alert', detail: `${side} alert: ${alert.level === null ? '' : `${alert.level} `}${name}` };
      add(side, alert.frame, alert.time, part);
    }
    addEnd(close[side], side, add);
  }
}

function addEnd({ state, end, frame, time, closeNotify }: SideClose, side: Side, add: Add): void {
  if (end === null) return;
  const isBad = state === 'unclean' || state === 'reset-race';
  const notify = closeNotify === 'seen' ? 'after close_notify' : `close_notify ${closeNotify}`;
  add(side, frame, time, {
    kind: end,
    style: null,
    word: `${state === 'unclean' ? 'bare ' : ''}${end.toUpperCase()}`,
    detail: isBad ? closeWords({ by: side, end, state }) : `${side} ${end.toUpperCase()}, ${notify}: ${state}`,
  });
}

/** What the finding says of a connection stands above what the connection says of itself. */
function addFinding(finding: Finding, stream: number, connection: Connection | null, add: Add): void {
  const { issued, issuedBeforeCapture, issuedInferred, resumed, uncleanCloses, declines } = finding;
  if (issued.stream === stream && !issuedBeforeCapture) {
    const detail = issuedInferred ? 'the session was most likely issued on this connection' : 'issues the session: full handshake';
    add('server', issued.frame, issued.time, { kind: 'answer', style: null, word: issuedInferred ? 'issued?' : 'issued', detail });
  }
  const offer: Part = { kind: 'hello', style: null, word: 'offer', detail: 'ClientHello, offers the session' };
  for (const { stream: own, clientHello, frame, time } of resumed) {
    if (own !== stream) continue;
    add('client', clientHello, connection?.times.clientHello ?? time, offer);
    add('server', frame, time, { kind: 'answer', style: 'good', word: 'resumed', detail: 'ServerHello: the server resumes the session' });
  }
  for (const { stream: own, clientHello, serverHello, time } of declines) {
    if (own !== stream) continue;
    add('client', clientHello, connection?.times.clientHello ?? time, offer);
    const detail = 'ServerHello: the server DECLINES the session, full handshake';
    add('server', serverHello, time, { kind: 'answer', style: 'alarm', word: 'DECLINED', detail });
  }
  for (const close of uncleanCloses) {
    if (close.stream !== stream) continue;
    const word = close.state === 'unclean' ? `bare ${close.end.toUpperCase()}` : close.end.toUpperCase();
    add(close.by, close.frame, close.time, { kind: close.end, style: 'alarm', word, detail: closeWords(close) });
  }
}
