// Connections as sessions see them: what was offered, what the server did, how it closed.
import type { Report } from '../../src/model.js';
import { analyze, Capture, type Link, type ReadOptions } from '../support/packets.js';
import { abbreviatedHandshake, exchange, fullHandshake, type Hello, protectedAlert } from '../tls/messages.js';

type Close = (link: Link) => void;

/** How a connection ends. */
export const closes = {
  open: () => {},
  /** The client first, both with close_notify. */
  clean: ({ client, server }) => {
    client.send(protectedAlert);
    server.acknowledge();
    client.fin();
    server.fin(protectedAlert);
    client.acknowledge();
  },
  /** The client without close_notify; the server answers in kind. */
  fin: ({ client, server }) => {
    client.fin();
    server.fin();
    client.acknowledge();
  },
  rst: ({ client }) => {
    client.reset();
  },
  /** close_notify and RST at once. */
  race: ({ client }) => {
    client.send(protectedAlert);
    client.reset();
  },
  /** The server first, without close_notify; the client answers with it. */
  serverFin: ({ client, server }) => {
    server.fin();
    client.fin(protectedAlert);
    server.acknowledge();
  },
  serverRst: ({ server }) => {
    server.reset();
  },
  /** The server's protected alert first, answered by a bare FIN: close_notify or fatal. */
  serverAlert: ({ client, server }) => {
    server.fin(protectedAlert);
    client.fin();
    server.acknowledge();
  },
  /** The client's close_notify is answered by a bare FIN, as nginx does. */
  answeredBare: ({ client, server }) => {
    client.send(protectedAlert);
    server.fin();
    client.fin();
    server.acknowledge();
  },
} satisfies Record<string, Close>;

export interface Visit {
  /** Session ID that the client offers. */
  offers?: string;
  /** The server takes it. */
  resumes?: boolean;
  /** ID that the server issues in a full handshake. */
  issues?: string;
  close?: keyof typeof closes | Close;
  /** Instead of the handshake and what follows. */
  speak?: (link: Link) => void;
  hello?: Hello;
  answer?: Hello;
  client?: string;
  server?: string;
  /** Seconds of quiet before. */
  after?: number;
  /** The connections begun before go on: they end only after this one. */
  holds?: boolean;
}

export interface Story {
  capture: Capture;
  report: Report;
  /** Frames of the hellos of each visit. */
  frames: { clientHello: number; serverHello: number }[];
}

/** One connection after the other. A visit that `holds` closes at the end of the capture. */
export function story(visits: readonly Visit[], options?: ReadOptions): Story {
  const capture = new Capture();
  const frames: Story['frames'] = [];
  const held: (() => void)[] = [];
  for (const visit of visits) {
    capture.wait(visit.after ?? 0);
    const link = capture.connect({ ...(visit.client && { client: visit.client }), ...(visit.server && { server: visit.server }) });
    if (visit.speak) {
      visit.speak(link);
      continue;
    }
    frames.push(shake(link, visit));
    exchange(link);
    const close = typeof visit.close === 'function' ? visit.close : closes[visit.close ?? 'clean'];
    if (visit.holds) held.push(() => close(link));
    else close(link);
  }
  for (const close of held) close();
  return { capture, frames, report: analyze(capture.packets, options) };
}

/** Sessions that are resumed `count` times each after a clean close: what a server does that keeps its sessions. */
export function control(count: number, first = 0xc0): Visit[] {
  return Array.from({ length: count }, (_, i) => (first + i).toString(16).repeat(32)).flatMap((id) => [
    { issues: id },
    { offers: id, resumes: true },
  ]);
}

function shake(link: Link, { offers, resumes, issues = '', hello = {}, answer = {} }: Visit) {
  const offer = offers === undefined ? hello : { sessionId: offers, ...hello };
  return resumes ? abbreviatedHandshake(link, offers ?? '', offer, answer) : fullHandshake(link, issues, offer, answer);
}
