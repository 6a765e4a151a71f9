// A million flows, a tenth of them open at any moment: each packet belongs to another flow than the one before it.
import { TCP } from './capture-writer.mjs';
import { rewriteHello, SESSION_ID_BYTES } from './hello.mjs';
import { Random } from './random.mjs';
import { flightOf, helloOf } from './templates.mjs';

const START = 1_767_225_600e6; // microseconds: 2026-01-01T00:00:00Z
const NEW_FLOW_EVERY = 50; // microseconds: 20 000 flows a second
const SERVERS = 4;
const SERVER_NETWORK = 0x0a02_0000; // 10.2.0.0
const CLIENT_NETWORK = 0x0a40_0000; // 10.64.0.0
const CLIENTS = 20_000;
const FIRST_PORT = 20_000;
const STEPS = 10;
const STEPS_OPEN = 8; // in the mean: seven up to an RST, nine up to the last acknowledgement
// Sequences of random numbers: what a flow's numbers begin with, its session's bytes, and its hellos' (by step).
const STREAM = { flow: 2, session: 3, hello: 4 };

/**
 * Step k of flow i comes at slot i + k * spread, so that `open` flows are open at any moment.
 * Nothing is kept per flow: all of a flow follows from its number.
 *
 * @param options.group flows that share a session: one issues it, the others resume it
 */
export function writeManyFlows(writer, families, { flows, open, group, seed }) {
  const scripts = makeScripts(families.find((f) => !f.invalidates));
  const spread = Math.max(1, Math.floor(open / STEPS_OPEN));
  // A session is offered when the connection that issued it has ended.
  const lag = Math.ceil((STEPS * spread) / group) * group;
  const sharing = { lag, group };
  const truth = { connections: flows, full: 0, resumed: 0, declined: 0, notOffered: 0, closes: { fin: 0, rst: 0 }, invalidatedSessions: 0 };
  for (let slot = 0; slot < flows + (STEPS - 1) * spread; slot++) {
    for (let k = 0; k < STEPS; k++) {
      const number = slot - k * spread;
      if (number < 0 || number >= flows) continue;
      if (k === 0) count(truth, number, sharing);
      const step = scripts[scriptOf(number, sharing)][k];
      if (step)
        writeStep(
          writer,
          describeFlow(number, sharing, seed),
          step,
          START + slot * NEW_FLOW_EVERY + k,
          new Random(seed ^ number, STREAM.hello + k),
        );
    }
  }
  return truth;
}

/** Even flows end with FIN from both sides, odd ones with RST; none says close_notify. */
function makeScripts(family) {
  return [family.full[0], family.resumed[0]].flatMap((part) => [makeScript(part, false), makeScript(part, true)]);
}

/** The steps of a flow: all that is the same in each flow of its kind; null where this kind has no such step. */
function makeScript(part, reset) {
  const { clientHello, serverHello, clientRest, serverRest } = flights(part);
  const steps = [
    step(true, TCP.syn),
    step(false, TCP.syn | TCP.ack),
    step(true, TCP.ack),
    step(true, TCP.psh | TCP.ack, clientHello, true),
    step(false, TCP.psh | TCP.ack, serverHello, true),
    step(true, TCP.psh | TCP.ack, clientRest),
    serverRest.length > 0 ? step(false, TCP.psh | TCP.ack, serverRest) : null,
    step(true, (reset ? TCP.rst : TCP.fin) | TCP.ack),
    reset ? null : step(false, TCP.fin | TCP.ack),
    reset ? null : step(true, TCP.ack),
  ];
  let clientSent = 0;
  let serverSent = 0;
  for (const s of steps) {
    if (!s) continue;
    Object.assign(s, { clientSent, serverSent });
    const used = s.payload.length + (s.flags & (TCP.syn | TCP.fin) ? 1 : 0);
    if (s.fromClient) clientSent += used;
    else serverSent += used;
  }
  return steps;
}

function step(fromClient, flags, payload = new Uint8Array(0), isHello = false) {
  return { fromClient, flags, payload, isHello };
}

/** Each side's hello segment, and what follows it up to its Finished. */
function flights(part) {
  const clientHello = helloOf(part, 'client');
  const serverHello = helloOf(part, 'server');
  return {
    clientHello,
    serverHello,
    clientRest: flightOf(part, true).subarray(clientHello.length),
    serverRest: flightOf(part, false).subarray(serverHello.length),
  };
}

const isReset = (number) => number % 2 === 1;
const issuerOf = (number, { lag, group }) => (number % group === 0 || number < lag ? number : number - lag - (number % group));
const isFull = (number, sharing) => issuerOf(number, sharing) === number;
const scriptOf = (number, sharing) => (isFull(number, sharing) ? 0 : 2) + (isReset(number) ? 1 : 0);

function count(truth, number, sharing) {
  if (isFull(number, sharing)) {
    truth.full++;
    truth.notOffered++;
  } else truth.resumed++;
  truth.closes[isReset(number) ? 'rst' : 'fin']++;
}

/** The flows of one session have one client and one server, and each its own port. */
function describeFlow(number, sharing, seed) {
  const issuer = issuerOf(number, sharing);
  const session = Math.floor(issuer / sharing.group);
  const slot = (number % sharing.group) + (issuer === number ? 0 : sharing.group);
  const random = new Random(seed ^ number, STREAM.flow);
  return {
    sessionSeed: seed ^ issuer,
    client: CLIENT_NETWORK + (session % CLIENTS),
    clientPort: FIRST_PORT + Math.floor(session / CLIENTS) * 2 * sharing.group + slot,
    server: SERVER_NETWORK + (session % SERVERS) + 1,
    serverPort: 443,
    clientSeq: random.uint32(),
    serverSeq: random.uint32(),
  };
}

function writeStep(writer, flow, { fromClient, flags, payload, isHello, clientSent, serverSent }, time, random) {
  const clientSeq = (flow.clientSeq + clientSent) >>> 0;
  const serverSeq = (flow.serverSeq + serverSent) >>> 0;
  const [seq, peer] = fromClient ? [clientSeq, serverSeq] : [serverSeq, clientSeq];
  const at = writer.segment(time, flow, fromClient, flags, seq, flags & TCP.ack ? peer : 0, payload.length);
  writer.bytes.set(payload, at);
  if (isHello) {
    const sessionId = new Random(flow.sessionSeed, STREAM.session).fill(new Uint8Array(SESSION_ID_BYTES));
    rewriteHello(writer.bytes, at, random, sessionId);
  }
}
